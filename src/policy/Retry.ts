/**
 * Tries the same target again where its failure is of a kind that passes.
 *
 * @since 0.1.0
 */
import { Clock, Duration, Effect, Random, Schedule } from "effect"
import type { Call, Handler } from "../Policy.ts"
import { type AttemptError, disposition, retryable, type Skipped } from "../VendorError.ts"
import * as Attempt from "./Attempt.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The longest first wait; each later one may be twice as long. Default 500 ms (the official SDKs' number). */
  readonly base?: Duration.Input | undefined
  /** The longest wait of our own choosing. Default 8 s (the official SDKs' number). */
  readonly cap?: Duration.Input | undefined
  /** The longest delay asked for by the vendor that is waited for while another candidate is untried. Default 1 s. */
  readonly patience?: Duration.Input | undefined
  /** Calls in one dispatch, over all targets. Default 3 (see `Fallback`). */
  readonly maxAttempts?: number | undefined
  /** Takes a retry from the target's budget; by default there is no such limit. */
  readonly take?: ((target: string) => boolean) | undefined
}

type Guard = <A>(next: Handler<A, AttemptError | Skipped>) => Handler<A, AttemptError | Skipped>

const serverDelay = (error: AttemptError | Skipped): Duration.Duration =>
  error._tag === "RetryableError" && error.retryAfter !== undefined ? error.retryAfter : Duration.zero

/**
 * The waits between attempts: exponential with full jitter, never less than the vendor asked for.
 *
 * @since 0.1.0
 * @category schedules
 */
export const schedule = (options?: Options): Schedule.Schedule<Duration.Duration, AttemptError | Skipped> => {
  const cap = Duration.fromInputUnsafe(options?.cap ?? "8 seconds")
  return Schedule.exponential(options?.base ?? "500 millis").pipe(
    Schedule.setInputType<AttemptError | Skipped>(),
    Schedule.modifyDelay(({ duration, input }) =>
      Effect.map(
        Random.next,
        (random) => Duration.max(Duration.times(Duration.min(duration, cap), random), serverDelay(input))
      )
    )
  )
}

/**
 * Retries by the table of dispositions: at most as often as the reason allows, never past the dispatch's calls, never a
 * wait longer than what is left of the deadline, and never taking the last call from a candidate not tried yet.
 *
 * `again` stands before each retry alone.
 *
 * @since 0.1.0
 * @category policies
 */
export const retry = (options?: Options) => {
  const patience = Duration.fromInputUnsafe(options?.patience ?? "1 second")
  const maxAttempts = options?.maxAttempts ?? 3
  const waits = schedule(options)
  const isWorthIt = (call: Call, before: number, error: AttemptError | Skipped) => {
    const { action, retries } = disposition(error)
    if (action !== "retry" || error._tag !== "RetryableError" || call.isSingle === true) return false
    if (call.journal.calls - before > retries || call.journal.calls + call.untried >= maxAttempts) return false
    const delay = serverDelay(error)
    if (call.untried > 0 && Duration.isGreaterThan(delay, patience)) return false
    return Effect.map(
      Clock.currentTimeMillis,
      (now) => now + Duration.toMillis(delay) < call.deadline && (options?.take?.(call.candidate.target.id) ?? true)
    )
  }
  return (again: Guard) => <A>(next: Handler<A, AttemptError | Skipped>): Handler<A, AttemptError | Skipped> => {
    const retried = again(next)
    return (call) =>
      Effect.suspend(() => {
        const before = call.journal.calls
        return Effect.catch(next(call), (error) => {
          // The failure there was is the schedule's first, so that who is answered at once pays for none.
          let first: AttemptError | Skipped | undefined = error
          const later = Effect.suspend(() => {
            if (first === undefined) return retried(call)
            const failed = Effect.fail(first)
            first = undefined
            return failed
          })
          return Effect.retry(later, { schedule: waits, while: (error) => isWorthIt(call, before, error) })
        })
      })
  }
}

/**
 * Passes over a retry for which no call is left: two candidates that are asked at once retry apart.
 *
 * @since 0.1.0
 * @category policies
 */
export const withinCalls =
  (maxAttempts: number) =>
  <A>(next: Handler<A, AttemptError | Skipped>): Handler<A, AttemptError | Skipped> =>
  (call) =>
    Effect.suspend(() =>
      call.journal.calls < maxAttempts
        ? next(call)
        : Attempt.skip(call, retryable({ _tag: "Busy", description: "the dispatch has made its calls" }))
    )
