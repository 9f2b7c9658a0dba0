/**
 * The form in which ways of dispatching are compared: made over the same vendors and routes, they answer or fail.
 *
 * @since 0.1.0
 */
import { Effect, type Scope, Stream } from "effect"
import type { ConfigError } from "../../config/ConfigError.ts"
import type { Candidate } from "../../Policy.ts"
import type { Request } from "../../Request.ts"
import type { StreamPart } from "../../Response.ts"
import type { RouteInput } from "../../Route.ts"
import type { Answer, AnswerStream, Vendor } from "../../Vendor.ts"
import { type AttemptError, disposition, type VendorError } from "../../VendorError.ts"

/**
 * What a way of dispatching is made over; `candidates` are the targets of the asked route in their order.
 *
 * @since 0.1.0
 * @category models
 */
export interface Setting {
  readonly vendors: ReadonlyArray<Vendor>
  readonly routes: Readonly<Record<string, RouteInput>>
  readonly candidates: ReadonlyArray<Candidate>
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Dispatching {
  readonly send: (request: Request) => Effect.Effect<unknown, VendorError>
  readonly stream: (request: Request) => Stream.Stream<StreamPart, VendorError>
}

/**
 * One way of dispatching.
 *
 * @since 0.1.0
 * @category models
 */
export interface Contender {
  /** What it is, in a sentence, with where its rule is from. */
  readonly description: string
  /** Whether it ends by the request's deadline itself; for the others the caller gives up. */
  readonly keepsDeadline?: boolean
  readonly make: (setting: Setting) => Effect.Effect<Dispatching, ConfigError, Scope.Scope>
}

/** One call to one candidate, whole or streamed. */
type Try<A, R> = (candidate: Candidate) => Effect.Effect<A, AttemptError, R>

/**
 * Makes a way of dispatching of a rule that is blind to what the calls answer.
 *
 * As in the clients it stands for, the rule ends when a stream has been accepted: what breaks later is the caller's.
 *
 * @since 0.1.0
 * @category constructors
 */
export const overCalls = (
  rule: <A, R>(call: Try<A, R>) => Effect.Effect<A, AttemptError, R>
): Dispatching => ({
  send: (request) => rule<Answer, never>(({ target, vendor }) => vendor.send({ request, model: target.model })),
  stream: (request) =>
    Stream.unwrap(Effect.map(
      rule<AnswerStream, Scope.Scope>(({ target, vendor }) => vendor.stream({ request, model: target.model })),
      ({ parts }) => parts
    ))
})

/**
 * Whether a client that looks at one vendor's status codes would try again (408, 409, 429, 5xx and broken connections).
 *
 * @since 0.1.0
 * @category predicates
 */
export const isRetried = (error: AttemptError): boolean => disposition(error).action === "retry"
