/**
 * The steps of a script: what a scripted vendor does with one call.
 *
 * @since 0.1.0
 */
import { Duration, Pipeable, Schema } from "effect"
import type * as Response from "../Response.ts"
import { type AttemptError, fatal, isVendorError, retryable, RetryableReason } from "../VendorError.ts"
import { atOnce, type Frame, unfold } from "../vendor/sandbox/Frames.ts"
import type { Expectation } from "./Expectation.ts"

/**
 * What happens when the frames are out.
 *
 * @since 0.1.0
 * @category models
 */
export type End =
  | { readonly _tag: "complete" }
  | { readonly _tag: "stall" }
  | { readonly _tag: "fail"; readonly error: AttemptError }

/**
 * What a scripted vendor does with one call, or with the next `times` calls.
 *
 * With `accepts` false the end comes before the vendor accepted the call: `stream` itself fails or waits.
 *
 * @since 0.1.0
 * @category models
 */
export interface Step extends Pipeable.Pipeable {
  readonly expectation: Expectation | undefined
  readonly delay: Duration.Duration
  readonly accepts: boolean
  readonly frames: ReadonlyArray<Frame>
  readonly end: End
  readonly losses: ReadonlyArray<Response.Loss>
  readonly times: number
}

const step = (fields: Partial<Omit<Step, "pipe">>): Step =>
  Object.assign(Object.create(Pipeable.Prototype), {
    expectation: undefined,
    delay: Duration.zero,
    accepts: true,
    frames: [],
    end: { _tag: "complete" },
    losses: [],
    times: 1,
    ...fields
  })

/**
 * The usage of answers that tell none: 10 tokens in, 5 tokens out.
 *
 * @since 0.1.0
 * @category constants
 */
export const usage: Response.Usage = {
  inputTokens: { uncached: 10, total: 10, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 5, text: 5, reasoning: 0 }
}

const whole = (answer: string | ReadonlyArray<Response.Part>): ReadonlyArray<Response.Part> => {
  const parts: ReadonlyArray<Response.Part> = typeof answer === "string" ? [{ type: "text", text: answer }] : answer
  if (parts.some((part) => part.type === "finish")) return parts
  const reason = parts.some((part) => part.type === "tool-call") ? "tool-calls" : "stop"
  return [...parts, { type: "finish", reason, usage }]
}

/**
 * Answers with a text or with the parts of a whole answer; a `finish` part is added where there is none. Streamed, text
 * comes word by word, one part a chunk.
 *
 * @since 0.1.0
 * @category constructors
 */
export const answer = (
  answer: string | ReadonlyArray<Response.Part>,
  options?: { readonly losses?: ReadonlyArray<Response.Loss> }
): Step => step({ frames: atOnce(unfold(whole(answer))), losses: options?.losses ?? [] })

/**
 * Streams exactly these parts, a `Duration` among them being a pause; nothing is added.
 *
 * @since 0.1.0
 * @category constructors
 */
export const stream = (parts: ReadonlyArray<Response.StreamPart | Duration.Duration>): Step => {
  const frames: Array<Frame> = []
  let wait = Duration.zero
  for (const part of parts) {
    if (Duration.isDuration(part)) {
      wait = Duration.sum(wait, part)
      continue
    }
    frames.push({ wait, part })
    wait = Duration.zero
  }
  return step({ frames })
}

type AttemptReason = AttemptError["reason"]

const isRetryable = Schema.is(RetryableReason)

const errorOf = (error: AttemptError | AttemptReason): AttemptError =>
  isVendorError(error) ? error : (isRetryable(error) ? retryable(error) : fatal(error)) as AttemptError

const failure = (error: AttemptError | AttemptReason): End => ({ _tag: "fail", error: errorOf(error) })

/**
 * Refuses the call with an error, or with the reason of one.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fail = (error: AttemptError | AttemptReason): Step => step({ accepts: false, end: failure(error) })

/**
 * Refuses the call with an answer that breaks the protocol.
 *
 * @since 0.1.0
 * @category constructors
 */
export const malformed: Step = fail({ _tag: "MalformedResponse", description: "scripted" })

/**
 * Never accepts the call.
 *
 * @since 0.1.0
 * @category constructors
 */
export const stall: Step = step({ accepts: false, end: { _tag: "stall" } })

const endAfter = (parts: number, end: End) => (self: Step): Step =>
  step({ ...self, frames: self.frames.slice(0, parts), end })

/**
 * Fails after the first `parts` streamed parts, with `StreamInterrupted` unless told.
 *
 * @since 0.1.0
 * @category combinators
 */
export const cut = (
  parts: number,
  error: AttemptError | AttemptReason = { _tag: "StreamInterrupted", description: "scripted" }
): (self: Step) => Step => endAfter(parts, failure(error))

/**
 * Goes silent after the first `parts` streamed parts.
 *
 * @since 0.1.0
 * @category combinators
 */
export const stallAfter = (parts: number): (self: Step) => Step => endAfter(parts, { _tag: "stall" })

/**
 * Just ends after the first `parts` streamed parts, without a `finish`: what a vendor must not do.
 *
 * @since 0.1.0
 * @category combinators
 */
export const truncate = (parts: number): (self: Step) => Step => endAfter(parts, { _tag: "complete" })

/**
 * Waits before the call is accepted or refused.
 *
 * @since 0.1.0
 * @category combinators
 */
export const delay = (duration: Duration.Input) => (self: Step): Step =>
  step({ ...self, delay: Duration.fromInputUnsafe(duration) })

/**
 * Waits before each streamed part.
 *
 * @since 0.1.0
 * @category combinators
 */
export const pace = (duration: Duration.Input) => (self: Step): Step => {
  const wait = Duration.fromInputUnsafe(duration)
  return step({ ...self, frames: self.frames.map(({ part }) => ({ wait, part })) })
}

/**
 * Tells what the call must be; else it dies.
 *
 * @since 0.1.0
 * @category combinators
 */
export const expect = (expectation: Expectation) => (self: Step): Step => step({ ...self, expectation })

/**
 * Does the same for this many calls, one after the other.
 *
 * @since 0.1.0
 * @category combinators
 */
export const times = (times: number) => (self: Step): Step => step({ ...self, times })

/**
 * Does the same for every call from here on.
 *
 * @since 0.1.0
 * @category combinators
 */
export const forever = (self: Step): Step => step({ ...self, times: Number.POSITIVE_INFINITY })
