/**
 * The strategies that look at what the targets cost.
 *
 * @since 0.1.0
 */
import type { Candidate } from "../../Policy.ts"
import type { Request } from "../../Request.ts"
import { type Draw, following, type Strategy } from "../../Strategy.ts"
import { inputTokens, outputTokens } from "../Tokens.ts"

interface Line {
  readonly position: number
  readonly input: number
  readonly output: number
}

/**
 * The targets that are cheapest for some mix of input and output, from long questions to long answers: the lower
 * envelope of the lines `input + ratio × output`. Where two cost the same, the earlier of the route.
 */
const envelope = (lines: ReadonlyArray<Line>): ReadonlyArray<Line> => {
  // From the steepest line to the flattest: that is the order in which they are lowest as the ratio grows.
  const sorted = lines.toSorted((a, b) => b.output - a.output || a.input - b.input || a.position - b.position)
  const lowest: Array<Line> = []
  for (const line of sorted) {
    if (lowest.length > 0 && line.output === lowest.at(-1)!.output) continue
    // One that costs no more of either leaves nothing to the steeper one before it.
    while (lowest.length > 0 && line.input <= lowest.at(-1)!.input) lowest.pop()
    while (lowest.length > 1 && meet(lowest.at(-2)!, line) <= meet(lowest.at(-2)!, lowest.at(-1)!)) lowest.pop()
    lowest.push(line)
  }
  return lowest
}

/** The ratio of output to input at which both cost the same; `a` is the steeper. */
const meet = (a: Line, b: Line): number => (b.input - a.input) / (a.output - b.output)

const cheapestOf = (lowest: ReadonlyArray<Line>, ratio: number): number => {
  let low = 0
  let high = lowest.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if (meet(lowest[middle]!, lowest[middle + 1]!) < ratio) low = middle + 1
    else high = middle
  }
  return lowest[low]!.position
}

const costOf = ({ target: { price } }: Candidate, request: Request): number =>
  price === undefined ? Infinity : price.input * inputTokens(request) + price.output * outputTokens(request)

/** The best of those that are left, one after the other: only after a failure. */
const leftBy = (
  candidates: ReadonlyArray<Candidate>,
  taken: ReadonlySet<number>,
  cost: (candidate: Candidate) => number
): number => {
  let best = following(0, candidates.length, taken)
  for (let position = best + 1; position < candidates.length; position++) {
    if (!taken.has(position) && cost(candidates[position]!) < cost(candidates[best]!)) best = position
  }
  return best
}

/**
 * The one that costs least for the tokens that the request is estimated to take; one without a price comes last.
 *
 * @since 0.1.0
 * @category strategies
 */
export const cheapest: Strategy = (candidates) => {
  const lowest = envelope(
    candidates.flatMap(({ target: { price } }, position) =>
      price === undefined ? [] : [{ position, input: price.input, output: price.output }]
    )
  )
  return ({ request }: Draw, taken) =>
    taken.size === 0 && lowest.length > 0
      ? cheapestOf(lowest, outputTokens(request) / Math.max(1, inputTokens(request)))
      : leftBy(candidates, taken, (candidate) => costOf(candidate, request))
}

/**
 * The one whose output its vendor prices highest: what a vendor asks for a model is the one public measure of its
 * ability that all have in common. One without a price comes last.
 *
 * @since 0.1.0
 * @category strategies
 */
export const dearest: Strategy = (candidates) => {
  const order = candidates
    .map(({ target: { price } }, position) => ({ position, price: price?.output ?? -1 }))
    .toSorted((a, b) => b.price - a.price || a.position - b.position)
    .map(({ position }) => position)
  return (_, taken) => order.find((position) => !taken.has(position))!
}
