/**
 * What the cache is made of, and what it needs of the dispatcher it stands before.
 *
 * @since 0.1.0
 */
import type { Effect, Scope, Stream } from "effect"
import type { Digest } from "effect/crypto"
import type * as Request from "../Request.ts"
import type * as Response from "../Response.ts"
import type { DispatchError } from "../VendorError.ts"
import type * as Entry from "./Entry.ts"
import type * as Key from "./Key.ts"
import type * as Semantic from "./Semantic.ts"
import type { Store } from "./Store.ts"

/**
 * The two ways to ask a dispatcher.
 *
 * @since 0.1.0
 * @category models
 */
export interface Dispatching {
  readonly send: (request: Request.RequestInput) => Effect.Effect<Response.Response, DispatchError>
  readonly stream: (request: Request.RequestInput) => Stream.Stream<Response.StreamPart, DispatchError>
}

/**
 * An answer that was given without a call of its own; times are in milliseconds, `startedAt` since the epoch.
 *
 * @since 0.1.0
 * @category models
 */
export interface Hit {
  readonly id: string
  readonly request: Request.Request
  readonly operation: "send" | "stream"
  readonly startedAt: number
  readonly now: number
  readonly answered: Pick<Response.Summary, "vendor" | "target" | "finishReason" | "usage">
}

/**
 * What the cache needs to know of the dispatcher it stands before.
 *
 * @since 0.1.0
 * @category models
 */
export interface Surroundings {
  readonly newId: Effect.Effect<string>
  /** All the time a request may take that sets none, in milliseconds. */
  readonly deadline: number
  readonly maxRequestSize?: number | undefined
  /** Is told of every answer that was given without a call. */
  readonly told?: ((hit: Hit) => void) | undefined
  /** Asked before an answer is given that goes past the dispatcher and its own admission; by default all may have it. */
  readonly admit?: ((request: Request.Request) => Effect.Effect<void, DispatchError>) | undefined
}

/**
 * `hits` were kept, `similar` of them for a question that means the same; `joined` waited for another's call; `saved` is
 * what all these cost when they were called for, in US dollars, as far as it is known.
 *
 * @since 0.1.0
 * @category models
 */
export interface Figures {
  readonly hits: number
  readonly similar: number
  readonly joined: number
  readonly misses: number
  readonly refreshed: number
  readonly bypassed: number
  readonly stored: number
  readonly saved: number
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Settings {
  readonly scope: Scope.Scope
  readonly digest: Digest.Digest["Service"]
  readonly store: Store
  readonly figures: { -readonly [K in keyof Figures]: Figures[K] }
  readonly index: Semantic.Index | undefined
  readonly pace: number
  readonly kept: Entry.Kept
  readonly wish: "on" | "off"
  readonly keyScope: (request: Request.Request, principal: string | undefined) => Key.Scope
  /** Changes when all is forgotten. */
  readonly epoch: () => number
}
