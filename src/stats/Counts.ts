/**
 * Where each count stands in an array of them: arrays add up many times faster than objects do field by field.
 *
 * @since 0.1.0
 */

/** The place of each count but those of tokens. */
const place = {
  requests: 0,
  successes: 1,
  interrupted: 2,
  cached: 3,
  calls: 4,
  retry: 5,
  fallback: 6,
  hedge: 7,
  resume: 8,
  unpriced: 9,
  dollars: 10,
  picodollars: 11
} as const

/** The place of the tokens that were told of each kind; how many answers did not tell stands after it. */
const tokens = {
  input: 12,
  uncached: 14,
  cacheRead: 16,
  cacheWrite: 18,
  output: 20,
  text: 22,
  reasoning: 24
} as const

const length = 26

const perDollar = 1e12

/**
 * Whole numbers, as floats hold them exactly up to 2^53.
 *
 * @since 0.1.0
 * @category models
 */
export type Counts = Float64Array

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = (): Counts => new Float64Array(length)

/**
 * Adds up to a count; `by` is 1 where it is left out.
 *
 * @since 0.1.0
 * @category combinators
 */
export const increase = (counts: Counts, name: keyof typeof place, by = 1): void => {
  const at = place[name]
  counts[at] = counts[at]! + by
}

/**
 * Counts tokens of a kind, or an answer that did not tell them.
 *
 * @since 0.1.0
 * @category combinators
 */
export const addTokens = (counts: Counts, kind: keyof typeof tokens, count: number | undefined): void => {
  const at = tokens[kind]
  if (count === undefined) counts[at + 1] = counts[at + 1]! + 1
  else counts[at] = counts[at]! + count
}

/** Whole dollars and picodollars stand apart, each a whole number: so sums are exact, without a bigint each time. */
const carry = (counts: Counts): void => {
  const picodollars = counts[place.picodollars]!
  if (picodollars < perDollar) return
  const rest = picodollars % perDollar
  counts[place.picodollars] = rest
  increase(counts, "dollars", (picodollars - rest) / perDollar)
}

/**
 * Adds a cost in dollars, to the picodollar.
 *
 * @since 0.1.0
 * @category combinators
 */
export const addCost = (counts: Counts, dollars: number): void => {
  increase(counts, "picodollars", Math.round(dollars * perDollar))
  carry(counts)
}

/**
 * Adds all counts to those of `into`.
 *
 * @since 0.1.0
 * @category combinators
 */
export const add = (into: Counts, from: Counts): void => {
  for (let at = 0; at < length; at++) into[at] = into[at]! + from[at]!
  carry(into)
}

/**
 * @since 0.1.0
 * @category accessors
 */
export const of = (counts: Counts, name: keyof typeof place): number => counts[place[name]]!

/**
 * @since 0.1.0
 * @category accessors
 */
export const tokensOf = (counts: Counts, kind: keyof typeof tokens): { known: number; unknown: number } => ({
  known: counts[tokens[kind]]!,
  unknown: counts[tokens[kind] + 1]!
})

/**
 * The dollars; the sum is exact up to this one rounding, to the nearest number.
 *
 * @since 0.1.0
 * @category accessors
 */
export const costOf = (counts: Counts): number =>
  Number(`${of(counts, "dollars")}.${String(of(counts, "picodollars")).padStart(12, "0")}`)
