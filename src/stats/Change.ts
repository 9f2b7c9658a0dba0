/**
 * What one dispatch, or one attempt, adds to the figures of all it is counted under.
 *
 * @since 0.1.0
 */
import * as Counts from "./Counts.ts"
import * as Quantiles from "./Quantiles.ts"
import type { AttemptRecord, DispatchRecord } from "./Record.ts"

/**
 * The name under which things are counted together that are too many to be counted apart, or have none.
 *
 * @since 0.1.0
 * @category constants
 */
export const other = "_OTHER"

/**
 * Made once and set again for each dispatch and attempt, since they are many.
 *
 * @since 0.1.0
 * @category models
 */
export interface Change {
  readonly counts: Counts.Counts
  /** The reason of the failure, where it was one. */
  failure: string | undefined
  /** The reason of each target that was passed over. */
  readonly skips: Array<string>
  /** How long the answer took, where there was one. */
  readonly latency: Quantiles.Sample
  /** When the first part came, where one did. */
  readonly timeToFirstPart: Quantiles.Sample
}

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = (): Change => ({
  counts: Counts.make(),
  failure: undefined,
  skips: [],
  latency: Quantiles.makeSample(),
  timeToFirstPart: Quantiles.makeSample()
})

const clear = (change: Change): void => {
  change.counts.fill(0)
  change.failure = undefined
  if (change.skips.length > 0) change.skips.length = 0
  Quantiles.setSample(change.latency, undefined)
  Quantiles.setSample(change.timeToFirstPart, undefined)
}

type Ended = Pick<DispatchRecord, "duration" | "reason" | "timeToFirstPart"> & {
  readonly outcome: AttemptRecord["outcome"]
}

/** How a dispatch or an attempt ended; only what was answered tells how long answers take. */
const end = (change: Change, { duration, outcome, reason, timeToFirstPart }: Ended): void => {
  Counts.increase(change.counts, "requests")
  Quantiles.setSample(change.timeToFirstPart, timeToFirstPart)
  if (outcome === "answered") {
    Counts.increase(change.counts, "successes")
    Quantiles.setSample(change.latency, duration)
  } else if (outcome === "interrupted") Counts.increase(change.counts, "interrupted")
  else change.failure = reason ?? other
}

/** What an attempt was for and what it took, or why there was none. */
const take = ({ counts, skips }: Change, attempt: AttemptRecord): void => {
  const { cost, occasion, outcome, timeToFirstPart, usage } = attempt
  if (outcome === "skipped") {
    skips.push(attempt.reason ?? other)
    return
  }
  Counts.increase(counts, "calls")
  if (occasion !== undefined && occasion !== "first") Counts.increase(counts, occasion)
  // One that ended before its first part took nothing; any other did, whether somebody told of it or not.
  if (outcome !== "answered" && usage === undefined && timeToFirstPart === undefined) return
  const input = usage?.inputTokens
  const output = usage?.outputTokens
  Counts.addTokens(counts, "input", input?.total)
  Counts.addTokens(counts, "uncached", input?.uncached)
  Counts.addTokens(counts, "cacheRead", input?.cacheRead)
  Counts.addTokens(counts, "cacheWrite", input?.cacheWrite)
  Counts.addTokens(counts, "output", output?.total)
  Counts.addTokens(counts, "text", output?.text)
  Counts.addTokens(counts, "reasoning", output?.reasoning)
  if (cost === undefined) Counts.increase(counts, "unpriced")
  else Counts.addCost(counts, cost)
}

/**
 * Sets it to a dispatch as one request, with all that its attempts took.
 *
 * @since 0.1.0
 * @category combinators
 */
export const setDispatch = (change: Change, record: DispatchRecord): void => {
  clear(change)
  end(change, record)
  if (record.isCached) Counts.increase(change.counts, "cached")
  for (const attempt of record.attempts) take(change, attempt)
}

/**
 * Sets it to an attempt as one request to its target; a target that was skipped got none.
 *
 * @since 0.1.0
 * @category combinators
 */
export const setAttempt = (change: Change, attempt: AttemptRecord): void => {
  clear(change)
  if (attempt.outcome !== "skipped") end(change, attempt)
  take(change, attempt)
}

/**
 * Sets it to an answer that came out of the cache, and so was no request to its target.
 *
 * @since 0.1.0
 * @category combinators
 */
export const setCached = (change: Change): void => {
  clear(change)
  Counts.increase(change.counts, "cached")
}
