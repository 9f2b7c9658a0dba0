/**
 * What a request can be sent to: a vendor, that vendor's own name of a model, its price and its limits.
 *
 * @since 0.1.0
 */
import { Schema } from "effect"
import type { Usage } from "./Response.ts"

/**
 * US dollars per million tokens; a price left out is unknown.
 *
 * @since 0.1.0
 * @category models
 */
export const Price = Schema.Struct({
  input: Schema.Finite,
  output: Schema.Finite,
  cacheRead: Schema.optionalKey(Schema.Finite),
  cacheWrite: Schema.optionalKey(Schema.Finite)
}).annotate({ identifier: "Price" })

/**
 * @since 0.1.0
 * @category models
 */
export type Price = typeof Price.Type

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
export const cost = (target: Target, usage: Usage): number | undefined => {
  const price = target.price
  const { inputTokens, outputTokens } = usage
  if (price === undefined || outputTokens.total === undefined) return undefined
  const cacheRead = inputTokens.cacheRead ?? 0
  const cacheWrite = inputTokens.cacheWrite ?? 0
  const uncached = inputTokens.uncached ??
    (inputTokens.total === undefined ? undefined : inputTokens.total - cacheRead - cacheWrite)
  if (uncached === undefined) return undefined
  if (cacheRead > 0 && price.cacheRead === undefined || cacheWrite > 0 && price.cacheWrite === undefined) {
    return undefined
  }
  return (uncached * price.input + cacheRead * (price.cacheRead ?? 0) + cacheWrite * (price.cacheWrite ?? 0) +
    outputTokens.total * price.output) / 1_000_000
}
