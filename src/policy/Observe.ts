/**
 * Notes how busy and how fast a target is, for those who choose the next one.
 *
 * @since 0.1.0
 */
import { Clock, Effect, Exit, Scope } from "effect"
import type { Handler } from "../Policy.ts"
import type { Stats } from "../stats/Stats.ts"
import { type AttemptError, disposition, isVendorError } from "../VendorError.ts"

/**
 * A stream is under way until it ends, and as fast as it began; a whole answer as fast as it came. Faults of the request
 * tell nothing of the target.
 *
 * @since 0.1.0
 * @category policies
 */
export const observe = (stats: Stats) => <A>(next: Handler<A, AttemptError>): Handler<A, AttemptError> => (call) =>
  Effect.flatMap(Clock.currentTimeMillis, (startedAt) => {
    const { id } = call.candidate.target
    const target = stats.of(id)
    const judge = (exit: Exit.Exit<unknown, unknown>, now: number) => {
      if (Exit.isSuccess(exit)) return stats.sample(id, call.operation, now - startedAt, now)
      const error = Exit.findErrorOption(exit)
      if (error._tag === "None" || !isVendorError(error.value) || disposition(error.value).health === "ignored") return
      stats.penalise(id, call.operation, now)
    }
    // An interruption may come between any two steps of a fiber, and must not leave the count where it is.
    return Effect.uninterruptibleMask((restore) => {
      target.inFlight += 1
      return Effect.onExit(restore(next(call)), (exit) =>
        Effect.flatMap(Clock.currentTimeMillis, (now) => {
          judge(exit, now)
          if (Exit.isSuccess(exit) && call.operation === "stream") {
            return Scope.addFinalizer(call.scope, Effect.sync(() => target.inFlight -= 1))
          }
          target.inFlight -= 1
          return Effect.void
        }))
    })
  })
