/**
 * A bounded histogram of times from which quantiles are told within 2 %: buckets whose bounds grow by a fixed factor, as
 * in DDSketch (Masson, Rim and Lee, 2019).
 *
 * @since 0.1.0
 */

/** How far a quantile is off at most, as a share of the true one. Of times below 1 ms it is only told that they are. */
const accuracy = 0.02

/**
 * The longest time told apart, in milliseconds: 24 h. A longer one counts as this.
 *
 * @since 0.1.0
 * @category constants
 */
export const longest = 86_400_000

/** With bounds that grow so, a bucket's middle is within the accuracy of all that is in it. */
const growth = (1 + accuracy) / (1 - accuracy)
const perGrowth = 1 / Math.log(growth)

/**
 * The buckets there are: one below 1 ms, one for 1 ms, the others up to the longest time.
 *
 * @since 0.1.0
 * @category constants
 */
export const buckets = 2 + Math.ceil(Math.log(longest) * perGrowth)

/**
 * Times in milliseconds; only the buckets from the least to the greatest are kept.
 *
 * @since 0.1.0
 * @category models
 */
export interface Quantiles {
  count: number
  sum: number
  min: number
  max: number
  /** The number of the first bucket in `counts`. */
  first: number
  readonly counts: Array<number>
}

/**
 * What is told of many times, in milliseconds: all exact but the quantiles.
 *
 * @since 0.1.0
 * @category models
 */
export interface Summary {
  readonly count: number
  readonly mean: number
  readonly max: number
  readonly p50: number
  readonly p90: number
  readonly p95: number
  readonly p99: number
}

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = (): Quantiles => ({ count: 0, sum: 0, min: Infinity, max: 0, first: 0, counts: [] })

/**
 * A time and its bucket, found once for all that count it; the bucket is -1 where there is no time.
 *
 * @since 0.1.0
 * @category models
 */
export interface Sample {
  millis: number
  bucket: number
}

/**
 * @since 0.1.0
 * @category constructors
 */
export const makeSample = (): Sample => ({ millis: 0, bucket: -1 })

/** The value within the accuracy of all that a bucket holds. */
const middleOf = (bucket: number): number => bucket === 0 ? 0 : 2 * growth ** (bucket - 1) / (growth + 1)

/**
 * What is no number or below 0, as where a clock was set back, counts as 0.
 *
 * @since 0.1.0
 * @category combinators
 */
export const setSample = (sample: Sample, time: number | undefined): void => {
  if (time === undefined) {
    sample.bucket = -1
    return
  }
  sample.millis = time > 0 ? Math.min(time, longest) : 0
  sample.bucket = sample.millis < 1 ? 0 : 1 + Math.ceil(Math.log(sample.millis) * perGrowth)
}

/**
 * @since 0.1.0
 * @category combinators
 */
export const clear = (quantiles: Quantiles): void => {
  quantiles.count = 0
  quantiles.sum = 0
  quantiles.min = Infinity
  quantiles.max = 0
  quantiles.counts.length = 0
}

/** Makes room for the buckets from `from` up to and without `to`. */
const cover = (quantiles: Quantiles, from: number, to: number): void => {
  const { counts, first } = quantiles
  if (counts.length === 0) quantiles.first = from
  else if (from < first) {
    counts.unshift(...Array.from({ length: first - from }, () => 0))
    quantiles.first = from
  }
  while (quantiles.first + counts.length < to) counts.push(0)
}

/**
 * @since 0.1.0
 * @category combinators
 */
export const add = (quantiles: Quantiles, { bucket, millis }: Sample): void => {
  if (bucket < 0) return
  if (bucket < quantiles.first || bucket >= quantiles.first + quantiles.counts.length) {
    cover(quantiles, bucket, bucket + 1)
  }
  const at = bucket - quantiles.first
  quantiles.counts[at] = quantiles.counts[at]! + 1
  quantiles.count += 1
  quantiles.sum += millis
  if (millis < quantiles.min) quantiles.min = millis
  if (millis > quantiles.max) quantiles.max = millis
}

/**
 * Counts in `into` all that was counted in `from`, which stays as it is.
 *
 * @since 0.1.0
 * @category combinators
 */
export const merge = (into: Quantiles, from: Quantiles): void => {
  const { count, counts, first, max, min, sum } = from
  if (count === 0) return
  if (first < into.first || first + counts.length > into.first + into.counts.length) {
    cover(into, first, first + counts.length)
  }
  const shift = first - into.first
  for (let at = 0; at < counts.length; at++) into.counts[at + shift] = into.counts[at + shift]! + counts[at]!
  into.count += count
  into.sum += sum
  if (min < into.min) into.min = min
  if (max > into.max) into.max = max
}

/**
 * The time within which a share of all came, by nearest rank; `undefined` where there is none. `share` is above 0 and up
 * to 1.
 *
 * @since 0.1.0
 * @category accessors
 */
export const at = ({ count, counts, first, max, min }: Quantiles, share: number): number | undefined => {
  if (count === 0) return undefined
  const rank = Math.ceil(share * count)
  let seen = 0
  for (let bucket = 0; bucket < counts.length; bucket++) {
    seen += counts[bucket]!
    if (seen >= rank) return Math.min(max, Math.max(min, middleOf(first + bucket)))
  }
  return max
}

/**
 * @since 0.1.0
 * @category accessors
 */
export const summary = (quantiles: Quantiles): Summary | undefined => {
  const { count, max, sum } = quantiles
  if (count === 0) return undefined
  const of = (share: number) => at(quantiles, share)!
  return { count, mean: sum / count, max, p50: of(0.5), p90: of(0.9), p95: of(0.95), p99: of(0.99) }
}
