/**
 * Prices and context windows of the vendors' models, as data: a snapshot of genai-prices, our own small overlay, and
 * what the user says, the later before the earlier.
 *
 * A provider's rows are read when the first of its models is asked for.
 *
 * @since 0.1.0
 */
import { candidates, providerOf } from "./Names.ts"
import * as overlays from "./Overlay.ts"
import type { Price } from "./Price.ts"
import * as Snapshot from "./Snapshot.ts"
import * as Table from "./Table.ts"

/**
 * The sources of prices are named in `Price.source`: this version, the overlay's, or `configuration`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Catalog {
  /** Of the snapshot and our overlay. */
  readonly version: string
  /** What is known of a vendor's model, by the vendor's `provider` (or its usual name) and the model's name there. */
  readonly find: (provider: string, model: string) => Table.Entry
  /** Not told is not known, never free. */
  readonly price: (provider: string, model: string) => Price | undefined
  /** In tokens. */
  readonly contextWindow: (provider: string, model: string) => number | undefined
}

/**
 * The Schema of what users say of models; the first item that fits and tells what is asked counts.
 *
 * @since 0.1.0
 * @category models
 */
export const Overlay = overlays.Overlay

/**
 * @since 0.1.0
 * @category models
 */
export type Overlay = overlays.Overlay

const snapshot = `genai-prices ${Snapshot.version.package} of ${Snapshot.version.date}`
const overlay = `llmdispatcher of ${overlays.date}`

const tables = new Map<string, Table.Table>()

const tableOf = (provider: string): Table.Table | undefined => {
  const lines = Object.hasOwn(Snapshot.rows, provider) ? Snapshot.rows[provider] : undefined
  if (lines === undefined) return undefined
  const table = tables.get(provider) ?? Table.make(lines, snapshot)
  tables.set(provider, table)
  return table
}

/** Told of a name is also that it is known without a price: then nothing else is looked for. */
type Layer = (provider: string, name: string) => Table.Entry | undefined

const merged = (first: Table.Entry | undefined, second: Table.Entry | undefined): Table.Entry | undefined =>
  first === undefined ? second : { ...second, ...first }

const layerOf = (items: Overlay, source: string): Layer => {
  const prepared = items.map(({ contextWindow, model, price, provider }) => ({
    provider: provider === "*" ? undefined : providerOf(provider),
    fits: Table.matches(model.toLowerCase()),
    entry: {
      ...(price && { price: { ...price, source: price.source ?? source } }),
      ...(contextWindow && { contextWindow })
    }
  }))
  return (provider, name) =>
    prepared
      .filter((item) => (item.provider === undefined || item.provider === provider) && item.fits(name))
      .reduceRight<Table.Entry | undefined>((entry, item) => merged(item.entry, entry), undefined)
}

const own = layerOf(overlays.own, overlay)

const bundled: Layer = (provider, name) => {
  const entry = merged(own(provider, name), tableOf(provider)?.(name))
  const batch = overlays.batch[provider]
  return entry?.price === undefined || batch === undefined ? entry : { ...entry, price: { batch, ...entry.price } }
}

/** Under the surest of its names, of the provider itself and then of those whose models it serves. */
const search = (layer: Layer, provider: string, model: string): Table.Entry | undefined => {
  const others = Object.hasOwn(Snapshot.fallbacks, provider) ? Snapshot.fallbacks[provider]! : []
  for (const name of candidates(provider, model)) {
    for (const one of [provider, ...others]) {
      const entry = layer(one, name)
      if (entry !== undefined) return one === provider ? entry : unbatched(entry)
    }
  }
  return undefined
}

/** What a batch costs is each provider's own. */
const unbatched = ({ price, ...rest }: Table.Entry): Table.Entry => {
  if (price === undefined) return rest
  const { batch: _, ...asked } = price
  return { ...rest, price: asked }
}

/**
 * The catalogue with what the user says of models, which goes before all else.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (items: Overlay = []): Catalog => {
  const layer = layerOf(items, "configuration")
  const find = (provider: string, model: string): Table.Entry => {
    const id = providerOf(provider)
    return merged(search(layer, id, model), search(bundled, id, model)) ?? {}
  }
  return {
    version: `${snapshot}, ${overlay}`,
    find,
    price: (provider, model) => find(provider, model).price,
    contextWindow: (provider, model) => find(provider, model).contextWindow
  }
}

/**
 * The catalogue as it comes.
 *
 * @since 0.1.0
 * @category constructors
 */
export const standard: Catalog = make()
