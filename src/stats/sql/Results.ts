/**
 * What the database answers, made the same whichever it is: one gives numbers, the other bigints and decimal text.
 *
 * @since 0.1.0
 */
import { Schema, SchemaTransformation } from "effect"
import * as Money from "../../catalog/Money.ts"

const NumberFromBigInt = Schema.BigInt.pipe(
  Schema.decodeTo(Schema.Finite, SchemaTransformation.transform({ decode: Number, encode: BigInt }))
)

/**
 * A number, however the database tells it.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Numeric = Schema.Union([Schema.Finite, NumberFromBigInt, Schema.FiniteFromString])

/**
 * A whole number with all its digits.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Whole = Schema.Union([Schema.BigInt, Schema.BigIntFromString])

/**
 * What was counted. Null where it is not known: nobody told the tokens, no price is known, nothing was answered.
 *
 * @since 0.1.0
 * @category models
 */
export interface Figures {
  readonly requests: number
  readonly answered: number
  readonly failures: number
  readonly interrupted: number
  /** Answers that came from the cache. */
  readonly cached: number
  /** Answers whose cost is not known; `cost` is without them. */
  readonly unpriced: number
  readonly inputTokens: number | null
  readonly outputTokens: number | null
  /** In US dollars. */
  readonly cost: number | null
  /** The mean in milliseconds of what was answered. */
  readonly duration: number | null
  /** The mean in milliseconds of what was answered. */
  readonly timeToFirstPart: number | null
}

/**
 * The figures of nothing.
 *
 * @since 0.1.0
 * @category constants
 */
export const none: Figures = {
  requests: 0,
  answered: 0,
  failures: 0,
  interrupted: 0,
  cached: 0,
  unpriced: 0,
  inputTokens: null,
  outputTokens: null,
  cost: null,
  duration: null,
  timeToFirstPart: null
}

/**
 * Figures of all that has one name; `name` is null for what has none.
 *
 * @since 0.1.0
 * @category models
 */
export interface Named extends Figures {
  readonly name: string | null
}

/**
 * Figures of a span of time that begins `at`, in epoch milliseconds.
 *
 * @since 0.1.0
 * @category models
 */
export interface Point extends Named {
  readonly at: number
}

/**
 * How long it took, in milliseconds: so many of a hundred took no longer.
 *
 * @since 0.1.0
 * @category models
 */
export interface Percentiles {
  /** Epoch milliseconds at which the span begins; `since` where time was not cut. */
  readonly at: number
  readonly name: string | null
  readonly count: number
  readonly p50: number
  readonly p90: number
  readonly p95: number
  readonly p99: number
}

const figures = {
  requests: Numeric,
  answered: Numeric,
  failures: Numeric,
  interrupted: Numeric,
  cached: Numeric,
  unpriced: Numeric,
  input_tokens: Schema.NullOr(Numeric),
  output_tokens: Schema.NullOr(Numeric),
  cost_microdollars: Schema.NullOr(Whole),
  cost_rest: Schema.NullOr(Whole),
  duration: Schema.NullOr(Numeric),
  time_to_first_part: Schema.NullOr(Numeric)
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const FiguresRow = Schema.Struct(figures)

/**
 * @since 0.1.0
 * @category schemas
 */
export const NamedRow = Schema.Struct({ ...figures, name: Schema.NullOr(Schema.String) })

/**
 * @since 0.1.0
 * @category schemas
 */
export const PointRow = Schema.Struct({ ...figures, name: Schema.NullOr(Schema.String), bucket: Numeric })

/**
 * @since 0.1.0
 * @category schemas
 */
export const PercentilesRow = Schema.Struct({
  bucket: Numeric,
  name: Schema.NullOr(Schema.String),
  count: Numeric,
  p50: Numeric,
  p90: Numeric,
  p95: Numeric,
  p99: Numeric
})

/**
 * @since 0.1.0
 * @category conversions
 */
export const toFigures = (row: typeof FiguresRow.Type): Figures => ({
  requests: row.requests,
  answered: row.answered,
  failures: row.failures,
  interrupted: row.interrupted,
  cached: row.cached,
  unpriced: row.unpriced,
  inputTokens: row.input_tokens,
  outputTokens: row.output_tokens,
  cost: row.cost_microdollars === null || row.cost_rest === null
    ? null
    : Money.toDollars(row.cost_microdollars * 1_000_000n + row.cost_rest),
  duration: row.duration,
  timeToFirstPart: row.time_to_first_part
})

/**
 * @since 0.1.0
 * @category conversions
 */
export const toNamed = (row: typeof NamedRow.Type): Named => ({ name: row.name, ...toFigures(row) })

/**
 * @since 0.1.0
 * @category conversions
 */
export const toPoint = (row: typeof PointRow.Type): Point => ({ at: row.bucket, ...toNamed(row) })

/**
 * @since 0.1.0
 * @category conversions
 */
export const toPercentiles = ({ bucket, ...row }: typeof PercentilesRow.Type): Percentiles => ({ at: bucket, ...row })
