/**
 * What is left of one target's rate limits: as its vendor told with the last answer, less what was asked since, plus
 * what has come back since.
 *
 * Vendors refill continuously (OpenAI, Groq and Anthropic say so), and the reset they tell is when all is back: so what
 * comes back between is told by what is missing and how long it takes.
 *
 * @since 0.1.0
 */
import type { RateLimit, RateLimits } from "../Vendor.ts"
import type { Tokens } from "./Estimate.ts"

/** The window of a vendor that tells no reset: limits are by the minute. */
const usualWindow = 60_000

/** One of a target's limits. */
interface Gauge {
  readonly limit: number
  left: number
  /** Epoch milliseconds at which that much was left. */
  at: number
  /** What comes back in a millisecond; 0 where only `resetAt` is known. */
  readonly refill: number
  readonly resetAt: number
}

const kinds = ["requests", "tokens", "inputTokens", "outputTokens"] as const

type Amounts = { [Kind in typeof kinds[number]]: number }

/**
 * The state of one target; times are in epoch milliseconds.
 *
 * @since 0.1.0
 * @category models
 */
export interface LearnedLimits {
  readonly gauges: Map<keyof Amounts, Gauge>
  /** All that was ever asked, so that what was asked after a certain call is known. */
  readonly asked: Amounts
  /** Of the latest call that told something: how many had been asked. */
  heardAt: number
  /** Nothing is asked before. */
  blockedUntil: number
}

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = (): LearnedLimits => ({
  gauges: new Map(),
  asked: { requests: 0, tokens: 0, inputTokens: 0, outputTokens: 0 },
  heardAt: 0,
  blockedUntil: 0
})

/**
 * What a request takes of each limit. Input that a vendor has cached does not count there (Anthropic), and nobody knows
 * beforehand what is cached: of input tokens alone only the vendor's own word counts.
 *
 * @since 0.1.0
 * @category constructors
 */
export const amounts = ({ input, output }: Tokens): Readonly<Amounts> => ({
  requests: 1,
  tokens: input + output,
  inputTokens: 0,
  outputTokens: output
})

const gaugeOf = ({ limit, remaining, resetAt = 0 }: RateLimit, askedSince: number, now: number): Gauge => {
  const window = resetAt > now ? resetAt - now : usualWindow
  const missing = limit === undefined ? 0 : Math.max(0, limit - remaining)
  return {
    limit: limit ?? Infinity,
    left: remaining - askedSince,
    at: now,
    refill: limit === undefined ? 0 : resetAt > now && missing > 0 ? missing / window : limit / usualWindow,
    resetAt: now + window
  }
}

const leftOf = ({ at, left, limit, refill, resetAt }: Gauge, now: number): number =>
  refill === 0 && now >= resetAt ? Infinity : Math.min(limit, left + refill * Math.max(0, now - at))

const waitOf = (gauge: Gauge, amount: number, now: number): number => {
  const short = Math.min(Math.max(amount, 1), gauge.limit) - leftOf(gauge, now)
  return short <= 0 ? 0 : gauge.refill === 0 ? gauge.resetAt - now : Math.ceil(short / gauge.refill)
}

/**
 * Milliseconds until the target has room for so much, 0 where it has now or nothing is known.
 *
 * A request larger than a limit waits until all of it is there.
 *
 * @since 0.1.0
 * @category accessors
 */
export const wait = (learned: LearnedLimits, wanted: Readonly<Amounts>, now: number): number => {
  let longest = Math.max(0, learned.blockedUntil - now)
  for (const [kind, gauge] of learned.gauges) longest = Math.max(longest, waitOf(gauge, wanted[kind], now))
  return longest
}

/**
 * Notes that so much is asked; a negative `sign` takes it back.
 *
 * @since 0.1.0
 * @category combinators
 */
export const ask = (learned: LearnedLimits, wanted: Readonly<Amounts>, now: number, sign: 1 | -1 = 1): void => {
  for (const kind of kinds) learned.asked[kind] += sign * wanted[kind]
  for (const [kind, gauge] of learned.gauges) {
    gauge.left = leftOf(gauge, now) - sign * wanted[kind]
    gauge.at = now
  }
}

/**
 * Takes the vendor's word for what was left when it was asked, `mark` being all that had been asked by then; the word of
 * a call older than the last that told is not heard.
 *
 * @since 0.1.0
 * @category combinators
 */
export const hear = (learned: LearnedLimits, limits: RateLimits, mark: Readonly<Amounts>, now: number): void => {
  if (mark.requests < learned.heardAt) return
  learned.heardAt = mark.requests
  for (const kind of kinds) {
    const told = limits[kind]
    if (told === undefined) continue
    learned.gauges.set(kind, gaugeOf(told, Math.max(0, learned.asked[kind] - mark[kind]), now))
  }
}

/**
 * Whether nothing is known that still holds anybody back.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isIdle = (learned: LearnedLimits, now: number): boolean => {
  if (learned.blockedUntil > now) return false
  for (const gauge of learned.gauges.values()) if (leftOf(gauge, now) < gauge.limit) return false
  return true
}
