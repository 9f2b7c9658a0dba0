/**
 * Notes how busy and how fast a target is, for those who choose the next one.
 *
 * @since 0.1.0
 */
import type { Exit } from "effect"
import type { AttemptObserver } from "../Policy.ts"
import type { Stats } from "../stats/Stats.ts"
import { disposition, ofExit } from "../VendorError.ts"

/** A fault of the request, and an interruption, tell nothing of the target. */
const isItsFault = (exit: Exit.Exit<unknown, unknown>): boolean => {
  const error = ofExit(exit)
  return error !== undefined && disposition(error).health !== "ignored"
}

/**
 * A stream is under way until it ends, and as fast as it began; a whole answer as fast as it came.
 *
 * @since 0.1.0
 * @category observers
 */
export const observer = (stats: Stats): AttemptObserver => ({
  begun: ({ call }) => {
    stats.of(call.candidate.target.id).inFlight += 1
  },
  answered: ({ call, startedAt }, now) => stats.sample(call.candidate.target.id, call.operation, now - startedAt, now),
  ended: ({ call, isAnswered }, exit, now) => {
    const { id } = call.candidate.target
    stats.of(id).inFlight -= 1
    if (!isAnswered && isItsFault(exit)) stats.penalise(id, call.operation, now)
  }
})
