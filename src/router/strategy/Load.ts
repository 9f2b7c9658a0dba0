/**
 * The strategies that look at what the targets are doing.
 *
 * @since 0.1.0
 */
import { betterOfTwo, type Strategy } from "../../Strategy.ts"

/**
 * The one with fewer calls under way, of two at random.
 *
 * @since 0.1.0
 * @category strategies
 */
export const leastBusy: Strategy = (candidates, stats) => {
  const ids = candidates.map(({ target }) => target.id)
  return ({ random }, taken) => betterOfTwo((position) => stats.of(ids[position]!).inFlight, ids.length, random, taken)
}

/**
 * The one that would begin to answer sooner, of two at random: penalised peak-EWMA of the time to the first token, times
 * the calls under way (Finagle, Linkerd).
 *
 * @since 0.1.0
 * @category strategies
 */
export const fastest: Strategy = (candidates, stats) => {
  const ids = candidates.map(({ target }) => target.id)
  return ({ now, operation, random }, taken) =>
    betterOfTwo((position) => stats.cost(ids[position]!, operation, now), ids.length, random, taken)
}
