/**
 * Each request to the next target in turn, and after a failure to the one after, at once and without a memory.
 *
 * @since 0.1.0
 */
import { Effect } from "effect"
import { type Contender, isRetried, overCalls } from "./Contender.ts"

/** Calls in all, as in the other ways. */
const maxAttempts = 3

/**
 * @since 0.1.0
 * @category contenders
 */
export const roundRobin: Contender = {
  description: "each request to the next target in turn, after a failure to the one after; 3 calls in all",
  make: ({ candidates }) =>
    Effect.sync(() => {
      let turn = 0
      return overCalls((call) =>
        Effect.retry(Effect.suspend(() => call(candidates[turn++ % candidates.length]!)), {
          times: maxAttempts - 1,
          while: isRetried
        })
      )
    })
}
