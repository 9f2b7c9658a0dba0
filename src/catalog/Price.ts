/**
 * What a vendor asks for a model: rates, and what changes them (a long prompt, the hour, a date, a batch).
 *
 * @since 0.1.0
 */
import { Schema } from "effect"

/** A vendor pays nobody. */
const Amount = Schema.Finite.check(Schema.makeFilter((n: number) => n >= 0 ? undefined : "must be 0 or more"))

const rates = {
  input: Amount,
  output: Amount,
  cacheRead: Schema.optionalKey(Amount),
  cacheWrite: Schema.optionalKey(Amount),
  /** Of what is written to be kept for an hour. */
  cacheWrite1h: Schema.optionalKey(Amount),
  /** Of tokens the model reasons with; left out they are output like any other. */
  reasoning: Schema.optionalKey(Amount)
}

const longContext = Schema.optionalKey(Schema.Array(Schema.Struct({ above: Schema.Int, ...rates })))

/**
 * US dollars per million tokens; a rate left out is unknown, not 0.
 *
 * @since 0.1.0
 * @category models
 */
export const Rates = Schema.Struct(rates).annotate({ identifier: "Rates" })

/**
 * @since 0.1.0
 * @category models
 */
export type Rates = typeof Rates.Type

/**
 * Rates that take the place of the others from `since` (epoch milliseconds) on, and within `hours` of the day only.
 *
 * Hours are seconds of the day in UTC, `to` left out of it; `days` are those of the week, 0 for Sunday to 6, by default
 * all.
 *
 * @since 0.1.0
 * @category models
 */
export const Change = Schema.Struct({
  since: Schema.optionalKey(Schema.Finite),
  hours: Schema.optionalKey(Schema.Struct({
    from: Schema.Int,
    to: Schema.Int,
    days: Schema.optionalKey(Schema.Array(Schema.Int))
  })),
  ...rates,
  longContext
}).annotate({ identifier: "PriceChange" })

/**
 * @since 0.1.0
 * @category models
 */
export type Change = typeof Change.Type

/**
 * The rates of a model, in US dollars per million tokens.
 *
 * @since 0.1.0
 * @category models
 */
export const Price = Schema.Struct({
  ...rates,
  /** Rates of the whole request where its input, cached tokens too, has more than `above` tokens; ascending. */
  longContext,
  /** US dollars for each request beside its tokens. Default none. */
  request: Schema.optionalKey(Amount),
  /** The part of each rate that is paid in a batch, as `0.5`; left out it is unknown. */
  batch: Schema.optionalKey(Schema.Finite),
  /** The rates over time, of which the last that applies counts; where no time is told, those beside it do. */
  changes: Schema.optionalKey(Schema.Array(Change)),
  /** Where the price is from and as of when. */
  source: Schema.optionalKey(Schema.String)
}).annotate({ identifier: "Price" })

/**
 * @since 0.1.0
 * @category models
 */
export type Price = typeof Price.Type

const day = 86_400

const applies = ({ hours, since }: Change, at: number): boolean => {
  if (since !== undefined && at < since) return false
  if (hours === undefined) return true
  const seconds = at / 1_000
  const time = seconds % day
  const isWithin = hours.from <= hours.to
    ? time >= hours.from && time < hours.to
    : time >= hours.from || time < hours.to
  // The epoch began on a Thursday.
  return isWithin && (hours.days === undefined || hours.days.includes((Math.floor(seconds / day) + 4) % 7))
}

/**
 * The rates of a request with so many tokens of input, cached ones too, at a time in epoch milliseconds.
 *
 * @since 0.1.0
 * @category accessors
 */
export const ratesOf = (price: Price, input: number, at?: number | undefined): Rates => {
  const timed = at === undefined ? undefined : price.changes?.findLast((change) => applies(change, at))
  const rates = timed ?? price
  return rates.longContext?.findLast(({ above }) => input > above) ?? rates
}
