/**
 * What is known of a model that a vendor lists: its window, its price, what it can do, and who would be asked for it.
 *
 * @since 0.1.0
 */
import type { Catalog } from "./catalog/Catalog.ts"
import { type Price, type Rates, ratesOf } from "./catalog/Price.ts"
import type { Capabilities, Model, Vendor } from "./Vendor.ts"

/**
 * What a model can do or cannot; the order in which it is shown.
 *
 * @since 0.1.0
 * @category constants
 */
export const features = [
  "streaming",
  "tools",
  "parallelTools",
  "images",
  "audio",
  "documents",
  "jsonSchema",
  "reasoning",
  "prefill",
  "systemRole"
] as const satisfies ReadonlyArray<keyof Capabilities>

/**
 * @since 0.1.0
 * @category models
 */
export type Feature = typeof features[number]

/**
 * A model as JSON can tell it: what is not known is `null`, never 0 and never `false`.
 *
 * @since 0.1.0
 * @category models
 */
export interface ModelInfo {
  /** By which it can always be asked, `vendor/model`. */
  readonly id: string
  readonly vendor: string
  readonly model: string
  /** Whether its vendor is asked for it where a request names no model. */
  readonly default: boolean
  readonly description: string | null
  /** In tokens. */
  readonly contextWindow: number | null
  /** In tokens. */
  readonly maxOutputTokens: number | null
  /** Dollars per million tokens that a request with a short prompt is charged now. */
  readonly rates: Rates | null
  /** The whole price: tiers, batches, changes over time, and where it is from. */
  readonly price: Price | null
  readonly features: Readonly<Record<Feature, boolean | null>>
  /** The vendors that a request which names only `model` may go to, in the order in which they were given. */
  readonly servedBy: ReadonlyArray<string>
}

/**
 * What {@link make} looks things up in.
 *
 * @since 0.1.0
 * @category models
 */
export interface Surroundings {
  readonly catalog: Catalog
  /** All vendors that are there. */
  readonly vendors: ReadonlyArray<Vendor>
  /** Epoch milliseconds, for prices that change. */
  readonly now: number
}

/**
 * As the router sees a target that says nothing of itself: what the vendor tells of a window goes before the catalogue.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (vendor: Vendor, model: Model, { catalog, now, vendors }: Surroundings): ModelInfo => {
  const capabilities = vendor.capabilities(model.id)
  const { contextWindow, price } = catalog.find(vendor.provider, model.id)
  return {
    id: `${vendor.name}/${model.id}`,
    vendor: vendor.name,
    model: model.id,
    default: model.id === vendor.defaultModel,
    description: model.description ?? null,
    contextWindow: capabilities.contextWindow ?? contextWindow ?? null,
    maxOutputTokens: capabilities.maxOutputTokens ?? null,
    rates: price === undefined ? null : plain(ratesOf(price, 0, now)),
    price: price ?? null,
    features: Object.fromEntries(features.map((name) => [name, capabilities[name] ?? null])) as ModelInfo["features"],
    servedBy: vendors.filter((vendor) => vendor.serves(model.id)).map((vendor) => vendor.name)
  }
}

/** The rates without the price that they may stand in. */
const plain = ({ cacheRead, cacheWrite, cacheWrite1h, input, output, reasoning }: Rates): Rates => ({
  input,
  output,
  ...(cacheRead === undefined ? undefined : { cacheRead }),
  ...(cacheWrite === undefined ? undefined : { cacheWrite }),
  ...(cacheWrite1h === undefined ? undefined : { cacheWrite1h }),
  ...(reasoning === undefined ? undefined : { reasoning })
})
