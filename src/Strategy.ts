/**
 * How one of several targets is chosen: a strategy looks at the candidates of a route once, and then picks for each
 * request in a time that does not grow with their number.
 *
 * @since 0.1.0
 */
import type { Candidate, Dispatch } from "./Policy.ts"
import type { Request } from "./Request.ts"
import type { Stats } from "./stats/Stats.ts"

/**
 * What a pick may look at.
 *
 * @since 0.1.0
 * @category models
 */
export interface Draw {
  readonly request: Request
  readonly operation: Dispatch["operation"]
  /** Epoch milliseconds. */
  readonly now: number
  /** From 0 up to 1. */
  readonly random: () => number
}

/**
 * Picks the position of a candidate that is not `taken`; there is at least one.
 *
 * @since 0.1.0
 * @category models
 */
export type Pick = (draw: Draw, taken: ReadonlySet<number>) => number

/**
 * Made once for the candidates of a route.
 *
 * @since 0.1.0
 * @category models
 */
export type Strategy = (candidates: ReadonlyArray<Candidate>, stats: Stats) => Pick

/** Tries before a pick at random among mostly taken candidates becomes a walk through them. */
const tries = 8

/**
 * The first candidate from `start` on, round the end, that is not taken.
 *
 * @since 0.1.0
 * @category picking
 */
export const following = (start: number, size: number, taken: ReadonlySet<number>): number => {
  let position = start % size
  while (taken.has(position)) position = (position + 1) % size
  return position
}

/**
 * Draws until a candidate is not taken, with `draw` giving positions.
 *
 * @since 0.1.0
 * @category picking
 */
export const drawn = (draw: () => number, size: number, taken: ReadonlySet<number>): number => {
  for (let tried = 0; tried < tries; tried++) {
    const position = draw()
    if (!taken.has(position)) return position
  }
  return following(draw(), size, taken)
}

/**
 * The better of two at random, "the power of two choices": nearly as good as the best of all, and it does not send
 * everybody to the same one.
 *
 * @since 0.1.0
 * @category picking
 */
export const betterOfTwo = (
  cost: (position: number) => number,
  size: number,
  random: () => number,
  taken: ReadonlySet<number>
): number => {
  const any = () => Math.floor(random() * size)
  const first = drawn(any, size, taken)
  if (size - taken.size < 2) return first
  let second = any()
  for (let tried = 0; tried < tries && (second === first || taken.has(second)); tried++) second = any()
  if (second === first || taken.has(second)) {
    second = following(first + 1, size, taken.size === 0 ? new Set([first]) : new Set(taken).add(first))
  }
  return cost(second) < cost(first) ? second : first
}
