/**
 * How callers of one API speak to the gateway: their body becomes a request, and answers, streams and errors become what
 * their SDKs expect. A dialect is pure; it knows neither sockets nor the dispatcher.
 *
 * @since 0.1.0
 */
import type { Result } from "effect"
import type { RequestInput } from "../Request.ts"
import type { Response, StreamPart } from "../Response.ts"
import type { Failure } from "./Failure.ts"

/**
 * A call as it came: its JSON body, the parts of its path that name something, and its query.
 *
 * @since 0.1.0
 * @category models
 */
export interface Incoming {
  readonly body: unknown
  /** As in `{ model: "gemini-2.5-flash" }` where the path names the model. */
  readonly path: Readonly<Record<string, string>>
  readonly query: Readonly<Record<string, string>>
}

/**
 * What the gateway adds to every answer.
 *
 * @since 0.1.0
 * @category models
 */
export interface Surroundings {
  /** Of this call, unique, letters and digits. */
  readonly id: string
  /** When it came, in epoch milliseconds. */
  readonly now: number
}

/**
 * A call understood: what the dispatcher is asked, and how its answer is to be told.
 *
 * @since 0.1.0
 * @category models
 */
export interface Asked {
  readonly request: RequestInput
  readonly isStream: boolean
  /** The caller's own name of a field of the request, as in `max_tokens` for `maxTokens`. */
  readonly fieldOf?: ((field: string) => string) | undefined
  /** The whole answer's JSON body. */
  readonly whole: (response: Response, surroundings: Surroundings) => unknown
  /** Tells one stream, as text to be written; made anew for each. */
  readonly events: (surroundings: Surroundings) => Events
}

/**
 * One stream on its way to the caller. What each function gives is written as it is; an empty text is not.
 *
 * @since 0.1.0
 * @category models
 */
export interface Events {
  readonly contentType: string
  readonly part: (part: StreamPart) => string
  /** After the last part. */
  readonly end: () => string
  /** In the place of all that was to come. */
  readonly failed: (failure: Failure) => string
}

/**
 * An answer that is an error.
 *
 * @since 0.1.0
 * @category models
 */
export interface Refusal {
  readonly status: number
  readonly body: unknown
}

/**
 * One API's way to ask for answers.
 *
 * @since 0.1.0
 * @category models
 */
export interface Dialect {
  readonly name: string
  /** Fails where the body is not one of this API's. */
  readonly decode: (incoming: Incoming) => Result.Result<Asked, Failure>
  /** The whole answer to a body that nobody needs to be asked for; `undefined` for any other. */
  readonly immediate?: ((body: unknown, surroundings: Surroundings) => unknown) | undefined
  /** The status and body by which this API's SDKs know the failure. */
  readonly refusal: (failure: Failure) => Refusal
}
