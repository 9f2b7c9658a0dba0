/**
 * The strategies that look at nothing but the list: its order, its turn, chance.
 *
 * @since 0.1.0
 */
import { drawn, following, type Strategy } from "../../Strategy.ts"

/**
 * The first that is left, in the order of the route.
 *
 * @since 0.1.0
 * @category strategies
 */
export const ordered: Strategy = (candidates) => (_, taken) => following(0, candidates.length, taken)

/**
 * Each in its turn; after a failure the one that follows.
 *
 * @since 0.1.0
 * @category strategies
 */
export const roundRobin: Strategy = (candidates) => {
  let turn = 0
  return (_, taken) => {
    const position = following(turn, candidates.length, taken)
    if (taken.size === 0) turn = (turn + 1) % candidates.length
    return position
  }
}

/**
 * Any, each as likely.
 *
 * @since 0.1.0
 * @category strategies
 */
export const random: Strategy = ({ length }) => ({ random }, taken) =>
  drawn(() => Math.floor(random() * length), length, taken)
