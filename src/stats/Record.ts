/**
 * What is told of a dispatch when it is over: one plain record, from which statistics are counted and rows are written.
 *
 * No prompt, no answer and no key is ever in it.
 *
 * @since 0.1.0
 */
import type { Attempt, FinishReason, Usage } from "../Response.ts"

/**
 * Why an attempt was made: it was the first, the same target again, another target, a second one beside a slow one, or
 * to go on with an answer that broke.
 *
 * @since 0.1.0
 * @category models
 */
export type Occasion = "first" | "retry" | "fallback" | "hedge" | "resume"

/**
 * One line of the journal, and what the attempt took; a target that was skipped has no occasion.
 *
 * `cost` is in US dollars, absent where a price or a count is not known.
 *
 * @since 0.1.0
 * @category models
 */
export interface AttemptRecord extends Attempt {
  readonly occasion?: Occasion | undefined
  readonly usage?: Usage | undefined
  readonly cost?: number | undefined
  /** By which prices the cost was counted. */
  readonly costSource?: string | undefined
}

/**
 * One dispatch that is over. Times are in milliseconds, `startedAt` since the epoch; `timeToFirstPart` and `duration`
 * are counted from it.
 *
 * @since 0.1.0
 * @category models
 */
export interface DispatchRecord {
  readonly id: string
  readonly operation: "send" | "stream"
  readonly startedAt: number
  readonly duration: number
  readonly timeToFirstPart?: number | undefined
  /** The name of the route that served it, out of few. */
  readonly route?: string | undefined
  /** What the caller asked for. */
  readonly model?: string | undefined
  readonly caller?: string | undefined
  readonly outcome: "answered" | "failed" | "interrupted"
  /** The tag of the reason for which it failed. */
  readonly reason?: string | undefined
  /** Who answered. */
  readonly vendor?: string | undefined
  readonly target?: string | undefined
  readonly finishReason?: FinishReason | undefined
  /** Whether the answer came from the cache: it then has no attempt and costs nothing. */
  readonly isCached: boolean
  /** Of all its attempts together. */
  readonly usage: Usage
  /** Of all its attempts together, in US dollars; absent where one of them is not known. */
  readonly cost?: number | undefined
  readonly attempts: ReadonlyArray<AttemptRecord>
}

/**
 * Hears of every dispatch; called on the request's path, so it does nothing but note.
 *
 * @since 0.1.0
 * @category models
 */
export interface Recorder {
  /** A dispatch has begun. */
  readonly begin?: ((dispatch: { readonly id: string }) => void) | undefined
  readonly record: (record: DispatchRecord) => void
}
