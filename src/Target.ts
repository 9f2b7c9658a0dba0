/**
 * What a request can be sent to: a vendor, that vendor's own name of a model, its price and its limits.
 *
 * @since 0.1.0
 */
import { Schema } from "effect"
import * as Cost from "./catalog/Cost.ts"
import * as Money from "./catalog/Money.ts"
import { Price } from "./catalog/Price.ts"
import type { Usage } from "./Response.ts"

export {
  /**
   * US dollars per million tokens; a price left out is unknown.
   *
   * @since 0.1.0
   * @category models
   */
  Price
} from "./catalog/Price.ts"

/**
 * One thing a request can be sent to, known by its `id`, `vendor/model`.
 *
 * `contextWindow` is in tokens; left out it is unknown.
 *
 * @since 0.1.0
 * @category models
 */
export const Target = Schema.Struct({
  id: Schema.String,
  vendor: Schema.String,
  model: Schema.String,
  contextWindow: Schema.optionalKey(Schema.Int),
  price: Schema.optionalKey(Price),
  /** How often it is chosen against the others of its route, where that is by weight. Default 1. */
  weight: Schema.optionalKey(Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0))),
  /** Targets with a larger number are tried only after all with a smaller one. Default 0. */
  priority: Schema.optionalKey(Schema.Int)
}).annotate({ identifier: "Target" })

/**
 * @since 0.1.0
 * @category models
 */
export type Target = typeof Target.Type

/**
 * What callers may write for a target: its id, `vendor/model`, or the parts.
 *
 * @since 0.1.0
 * @category models
 */
export type TargetInput = string | Omit<Target, "id"> & { readonly id?: string }

/**
 * Makes a target of its id or its parts; a text without a slash names a vendor's model by the same word.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (input: TargetInput): Target => {
  if (typeof input !== "string") return { ...input, id: input.id ?? `${input.vendor}/${input.model}` }
  const slash = input.indexOf("/")
  return slash < 0
    ? { id: input, vendor: input, model: input }
    : { id: input, vendor: input.slice(0, slash), model: input.slice(slash + 1) }
}

/**
 * What an answer cost in US dollars, `undefined` when a price or a count is not known.
 *
 * @since 0.1.0
 * @category accessors
 */
export const cost = (target: Target, usage: Usage, options?: Cost.Options): number | undefined =>
  priced(target, usage, options)?.amount

interface Priced {
  readonly amount: number
  readonly source: string | undefined
}

/** What was counted last of a usage: whoever tells of an answer asks for the same cost again. */
const counted = new WeakMap<Usage, {
  readonly price: Target["price"]
  readonly at: number | undefined
  readonly batch: boolean | undefined
  readonly priced: Priced | undefined
}>()

/**
 * The same with the source of the price, so that it can be told later by which prices it was counted.
 *
 * @since 0.1.0
 * @category accessors
 */
export const priced = ({ price }: Target, usage: Usage, { at, batch }: Cost.Options = {}): Priced | undefined => {
  if (price === undefined) return undefined
  const known = counted.get(usage)
  if (known !== undefined && known.price === price && known.at === at && known.batch === batch) return known.priced
  const found = Cost.cost(price, usage, { at, batch })
  const priced = found && { amount: Money.toDollars(found.amount), source: found.source }
  counted.set(usage, { price, at, batch, priced })
  return priced
}
