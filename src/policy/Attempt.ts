/**
 * One attempt: a Scope of its own that closes when it fails, a line in the journal, and word of it to who listens.
 *
 * @since 0.1.0
 */
import { Clock, Context, Duration, Effect, Exit, Scope } from "effect"
import type { Call, Handler } from "../Policy.ts"
import type { Attempt } from "../Response.ts"
import type { Occasion } from "../stats/Record.ts"
import { type AttemptError, isVendorError, type Skipped, type VendorError, withContext } from "../VendorError.ts"

/**
 * Is told of each attempt as it fails, is skipped, or begins to answer; by default nobody listens.
 *
 * @since 0.1.0
 * @category references
 */
export const CurrentListener = Context.Reference<(attempt: Attempt) => Effect.Effect<void>>(
  "llmdispatcher/policy/Attempt/CurrentListener",
  { defaultValue: () => () => Effect.void }
)

/**
 * Writes a line of the journal for this call.
 *
 * @since 0.1.0
 * @category constructors
 */
export const record = (
  call: Call,
  startedAt: number,
  now: number,
  outcome: Attempt["outcome"],
  error?: VendorError
): Attempt => ({
  number: call.journal.attempts.length + 1,
  vendor: call.candidate.vendor.name,
  target: call.candidate.target.id,
  model: call.candidate.target.model,
  outcome,
  ...(error === undefined ? undefined : reasonOf(error)),
  startedAfter: startedAt - call.journal.startedAt,
  ...(call.observed.timeToFirstPart === undefined ? undefined : { timeToFirstPart: call.observed.timeToFirstPart }),
  duration: now - startedAt,
  ...(call.observed.losses === undefined ? undefined : { losses: call.observed.losses })
})

const reasonOf = (error: VendorError): Partial<Attempt> => ({
  reason: error.reason._tag,
  message: error.message,
  ...(error.status === undefined ? undefined : { status: error.status }),
  ...(error._tag === "RetryableError" && error.retryAfter !== undefined
    ? { retryAfter: Duration.toMillis(error.retryAfter) }
    : undefined)
})

/**
 * Tells who listens of the journal's newest line.
 *
 * @since 0.1.0
 * @category combinators
 */
export const announce = (attempt: Attempt): Effect.Effect<void> =>
  Effect.flatMap(CurrentListener, (listener) => listener(attempt))

/**
 * Passes over the call's target: its line says why, and no call is counted.
 *
 * @since 0.1.0
 * @category combinators
 */
export const skip = (call: Call, error: Skipped): Effect.Effect<never, Skipped> =>
  Effect.flatMap(Clock.currentTimeMillis, (now) => {
    const line = record(call, now, now, "skipped", error)
    call.journal.attempts.push(line)
    return Effect.andThen(announce(line), Effect.fail(error))
  })

const occasionOf = ({ candidate, journal: { attempts }, resumed }: Call): Occasion => {
  let last: string | undefined
  for (const { duration, outcome, target } of attempts) {
    if (outcome === "skipped") continue
    // One that is still under way has taken no time yet.
    if (outcome === "interrupted" && duration === 0) return "hedge"
    last = target
  }
  if (last === undefined) return "first"
  if (resumed !== undefined) return "resume"
  return last === candidate.target.id ? "retry" : "fallback"
}

/**
 * Makes the attempt: counts it, gives it a Scope, and when it ends early closes that and writes why.
 *
 * A stream's line is written when it begins to answer and rewritten when its Scope closes, with what came of it.
 *
 * @since 0.1.0
 * @category policies
 */
export const attempt = <A>(next: Handler<A, AttemptError>): Handler<A, AttemptError> => (outer) =>
  Effect.flatMap(Clock.currentTimeMillis, (startedAt) => {
    const { journal } = outer
    const target = { vendor: outer.candidate.vendor.name, target: outer.candidate.target.id }
    const call: Call = {
      ...outer,
      scope: Scope.forkUnsafe(outer.scope),
      observed: { attempt: journal.attempts.length + 1 }
    }
    const index = journal.attempts.length
    journal.occasions.set(index + 1, occasionOf(outer))
    journal.calls += 1
    // Its place is taken now: another attempt may begin before this one ends.
    journal.attempts.push(record(call, startedAt, startedAt, "interrupted"))
    const write = (outcome: Attempt["outcome"], error?: VendorError) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        const line = { ...record(call, startedAt, now, outcome, error), number: index + 1 }
        journal.attempts[index] = line
        return line
      })
    const end = (exit: Exit.Exit<unknown, unknown>) => {
      // Also what a broken answer took: vendors bill it.
      if (call.observed.usage !== undefined) {
        journal.usages.push({ target: call.candidate.target, usage: call.observed.usage, attempt: index + 1 })
      }
      if (Exit.isSuccess(exit)) return write("answered")
      const error = Exit.findErrorOption(exit)
      return error._tag === "Some" && isVendorError(error.value)
        ? write("failed", error.value)
        : write("interrupted")
    }
    return Effect.onExit(
      Effect.mapError(Effect.suspend(() => next(call)), (error) => withContext(error, target)),
      (exit) => {
        if (Exit.isFailure(exit)) {
          return Effect.andThen(Effect.flatMap(end(exit), announce), Scope.close(call.scope, exit))
        }
        // Policies around the attempt keep within what the vendor told.
        if (call.observed.limits !== undefined) outer.observed.limits = call.observed.limits
        return Effect.andThen(
          Scope.addFinalizerExit(call.scope, end),
          Effect.flatMap(write("answered"), announce)
        )
      }
    )
  })
