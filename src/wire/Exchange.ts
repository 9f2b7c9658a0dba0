/**
 * One HTTP exchange, told low enough that a client of the platform can serve it without an object too many.
 *
 * @since 0.1.0
 */
import { Data, type Effect, type Result, type Scope, type Stream } from "effect"
import type { Headers, HttpClient } from "effect/http"
import type { Collected } from "./Body.ts"
import * as Watch from "./Watch.ts"

/**
 * A request as it goes out; header names are lower case, and `secretNames` are those that no log may show.
 *
 * @since 0.1.0
 * @category models
 */
export interface Request {
  readonly method: "GET" | "POST"
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** JSON. */
  readonly body: string | undefined
  readonly secretNames: ReadonlyArray<string | RegExp>
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Head {
  readonly status: number
  readonly headers: Headers.Headers
}

/**
 * An answer with its body, or with what broke it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Whole extends Head {
  readonly body: Result.Result<Collected, ExchangeError>
}

/**
 * An answer whose body is still coming; it is read once, by either of the two.
 *
 * @since 0.1.0
 * @category models
 */
export interface Open extends Head {
  readonly bytes: Stream.Stream<Uint8Array, ExchangeError>
  /** Up to `size` bytes of the body. */
  readonly text: (size: number) => Effect.Effect<Collected, ExchangeError>
  /** Aborts the request, and makes whoever reads fail at once. */
  readonly cut?: (() => void) | undefined
}

/**
 * A way to exchange a request for its answer, whatever the status; redirects are not followed.
 *
 * @since 0.1.0
 * @category models
 */
export interface Exchange {
  /**
   * Reads up to as many bytes as `limit` allows an answer of that status, and one that is no success no longer than
   * {@link briefly}; interrupting it aborts the request.
   */
  readonly whole: (request: Request, limit: (status: number) => number) => Effect.Effect<Whole, ExchangeError>
  /** Succeeds with the head; closing the Scope aborts the request unless its answer has come whole. */
  readonly open: (request: Request) => Effect.Effect<Open, ExchangeError, Scope.Scope>
}

/**
 * What broke an exchange, and where it was then; the cause is for its code alone, its words may quote headers.
 *
 * @since 0.1.0
 * @category errors
 */
export class ExchangeError extends Data.TaggedError("ExchangeError")<{
  readonly at: "url" | "encode" | "head" | "body"
  readonly cause: unknown
}> {}

/**
 * @since 0.1.0
 * @category predicates
 */
export const isSuccess = (status: number): boolean => status >= 200 && status < 300

/** Milliseconds. */
const failureTime = 2_000

/**
 * The body of a failure, waited for no longer than 2 s: its status says what matters, and a vendor in trouble may never
 * end what it began to explain.
 *
 * @since 0.1.0
 * @category combinators
 */
export const briefly = <A>(body: Effect.Effect<A, ExchangeError>): Effect.Effect<A, ExchangeError> =>
  Watch.within(body, (since) => ({
    at: since + failureTime,
    error: () => new ExchangeError({ at: "body", cause: undefined })
  }))

const attached = new WeakMap<HttpClient.HttpClient, Exchange>()

/**
 * Tells that the client is also to be had as an exchange. A client made of this one, to log or to change what it sends,
 * is another client and has none.
 *
 * @since 0.1.0
 * @category combinators
 */
export const attach = (client: HttpClient.HttpClient, exchange: Exchange): HttpClient.HttpClient => {
  attached.set(client, exchange)
  return client
}

/**
 * The exchange that is attached to just this client.
 *
 * @since 0.1.0
 * @category getters
 */
export const of = (client: HttpClient.HttpClient): Exchange | undefined => attached.get(client)
