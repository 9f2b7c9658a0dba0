/**
 * One HTTP call as the gateway sees it, whatever server it came by.
 *
 * @since 0.1.0
 */
import type { Effect } from "effect"
import type { Failure } from "./Failure.ts"

/**
 * Names in lower case; a name that stood twice has its first value.
 *
 * @since 0.1.0
 * @category models
 */
export type Headers = Readonly<Record<string, string | undefined>>

/**
 * A call, and the way to answer it. What is written after the caller went is lost, and the call is interrupted.
 *
 * @since 0.1.0
 * @category models
 */
export interface Call {
  /** Of this call, unique, letters and digits. */
  readonly id: string
  readonly method: string
  /** Without its query. */
  readonly path: string
  readonly query: string
  readonly headers: Headers
  /** The body as JSON; `undefined` where there is none. */
  readonly json: Effect.Effect<unknown, Failure>
  /** Answers with a whole body. */
  readonly answer: (status: number, contentType: string, body: string, headers?: Record<string, string>) => void
  /** Begins an answer that comes in pieces. */
  readonly begin: (contentType: string, headers: Record<string, string>) => void
  /** Whether more may be written at once; else {@link Call.drained} tells when. */
  readonly write: (text: string) => boolean
  readonly drained: Effect.Effect<void>
  readonly end: () => void
}
