/**
 * What was counted under one name in one time; in which order it was counted does not matter.
 *
 * @since 0.1.0
 */
import { type Change, other } from "./Change.ts"
import * as Counts from "./Counts.ts"
import * as Quantiles from "./Quantiles.ts"
import type * as Snapshot from "./Snapshot.ts"

/** How many reasons are counted apart; there are fewer in `Reason`. */
const mostReasons = 64

type Tallies = Map<string, number>

/**
 * @since 0.1.0
 * @category models
 */
export interface Figures {
  readonly counts: Counts.Counts
  failures: Tallies | undefined
  skips: Tallies | undefined
  readonly latency: Quantiles.Quantiles
  readonly timeToFirstPart: Quantiles.Quantiles
}

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = (): Figures => ({
  counts: Counts.make(),
  failures: undefined,
  skips: undefined,
  latency: Quantiles.make(),
  timeToFirstPart: Quantiles.make()
})

/**
 * @since 0.1.0
 * @category combinators
 */
export const clear = (figures: Figures): void => {
  figures.counts.fill(0)
  figures.failures = undefined
  figures.skips = undefined
  Quantiles.clear(figures.latency)
  Quantiles.clear(figures.timeToFirstPart)
}

const tally = (tallies: Tallies = new Map(), reason: string, times: number): Tallies => {
  const name = tallies.has(reason) || tallies.size < mostReasons ? reason : other
  return tallies.set(name, (tallies.get(name) ?? 0) + times)
}

/**
 * @since 0.1.0
 * @category combinators
 */
export const add = (figures: Figures, { counts, failure, latency, skips, timeToFirstPart }: Change): void => {
  Counts.add(figures.counts, counts)
  if (failure !== undefined) figures.failures = tally(figures.failures, failure, 1)
  for (let at = 0; at < skips.length; at++) figures.skips = tally(figures.skips, skips[at]!, 1)
  Quantiles.add(figures.latency, latency)
  Quantiles.add(figures.timeToFirstPart, timeToFirstPart)
}

/**
 * Counts in `into` all that was counted in `from`, which stays as it is.
 *
 * @since 0.1.0
 * @category combinators
 */
export const merge = (into: Figures, { counts, failures, latency, skips, timeToFirstPart }: Figures): void => {
  Counts.add(into.counts, counts)
  failures?.forEach((times, reason) => into.failures = tally(into.failures, reason, times))
  skips?.forEach((times, reason) => into.skips = tally(into.skips, reason, times))
  Quantiles.merge(into.latency, latency)
  Quantiles.merge(into.timeToFirstPart, timeToFirstPart)
}

/**
 * @since 0.1.0
 * @category accessors
 */
export const requests = ({ counts }: Figures): number => Counts.of(counts, "requests")

const sorted = (tallies: Tallies | undefined): Readonly<Record<string, number>> =>
  tallies === undefined
    ? {}
    : Object.fromEntries(Array.from(tallies).toSorted(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)))

/**
 * The figures as a snapshot has them.
 *
 * @since 0.1.0
 * @category conversions
 */
export const toSnapshot = ({ counts, failures, skips, ...times }: Figures): Snapshot.Figures => {
  const latency = Quantiles.summary(times.latency)
  const timeToFirstPart = Quantiles.summary(times.timeToFirstPart)
  return {
    requests: Counts.of(counts, "requests"),
    successes: Counts.of(counts, "successes"),
    failures: sorted(failures),
    interrupted: Counts.of(counts, "interrupted"),
    cached: Counts.of(counts, "cached"),
    calls: Counts.of(counts, "calls"),
    retries: Counts.of(counts, "retry"),
    fallbacks: Counts.of(counts, "fallback"),
    hedges: Counts.of(counts, "hedge"),
    resumes: Counts.of(counts, "resume"),
    skips: sorted(skips),
    tokens: {
      input: Counts.tokensOf(counts, "input"),
      uncached: Counts.tokensOf(counts, "uncached"),
      cacheRead: Counts.tokensOf(counts, "cacheRead"),
      cacheWrite: Counts.tokensOf(counts, "cacheWrite"),
      output: Counts.tokensOf(counts, "output"),
      text: Counts.tokensOf(counts, "text"),
      reasoning: Counts.tokensOf(counts, "reasoning")
    },
    cost: Counts.costOf(counts),
    unpriced: Counts.of(counts, "unpriced"),
    ...(latency === undefined ? undefined : { latency }),
    ...(timeToFirstPart === undefined ? undefined : { timeToFirstPart })
  }
}
