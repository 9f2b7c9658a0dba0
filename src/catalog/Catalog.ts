/**
 * Prices and context windows of the vendors' models, as data: a snapshot of genai-prices, our own small overlay, and
 * what the user says, the later before the earlier.
 *
 * A provider's rows are read when the first of its models is asked for.
 *
 * @since 0.1.0
 */
import type { Usage } from "../Response.ts"
import * as Cost from "./Cost.ts"
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

/**
 * A snapshot of genai-prices, such as the module `Snapshot.ts` of this release or of another.
 *
 * @since 0.1.0
 * @category models
 */
export interface Data {
  readonly version: { readonly package: string; readonly date: string }
  readonly fallbacks: { readonly [provider: string]: ReadonlyArray<string> }
  /** A JSON array a line. */
  readonly rows: { readonly [provider: string]: string }
}

const overlay = `llmdispatcher of ${overlays.date}`

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

/** What a snapshot and our own overlay know. */
interface Bundle {
  readonly version: string
  readonly layer: Layer
  readonly fallbacks: (provider: string) => ReadonlyArray<string>
}

const bundle = ({ fallbacks, rows, version }: Data): Bundle => {
  const source = `genai-prices ${version.package} of ${version.date}`
  const tables = new Map<string, Table.Table>()
  const tableOf = (provider: string): Table.Table | undefined => {
    const lines = Object.hasOwn(rows, provider) ? rows[provider] : undefined
    if (lines === undefined) return undefined
    const table = tables.get(provider) ?? Table.make(lines, source)
    tables.set(provider, table)
    return table
  }
  return {
    version: `${source}, ${overlay}`,
    layer: (provider, name) => {
      const entry = merged(own(provider, name), tableOf(provider)?.(name))
      const batch = overlays.batch[provider]
      return entry?.price === undefined || batch === undefined
        ? entry
        : { ...entry, price: { batch, ...entry.price } }
    },
    fallbacks: (provider) => Object.hasOwn(fallbacks, provider) ? fallbacks[provider]! : []
  }
}

const bundled = bundle(Snapshot)

/** Under the surest of its names, of the provider itself and then of those whose models it serves. */
const search = (
  layer: Layer,
  others: ReadonlyArray<string>,
  provider: string,
  model: string
): Table.Entry | undefined => {
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
 * The catalogue with what the user says of models, which goes before all else; `data` by default that of this release.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (items: Overlay = [], data?: Data): Catalog => {
  const layer = layerOf(items, "configuration")
  const { fallbacks, layer: known, version } = data === undefined ? bundled : bundle(data)
  const find = (provider: string, model: string): Table.Entry => {
    const id = providerOf(provider)
    const others = fallbacks(id)
    return merged(search(layer, others, id, model), search(known, others, id, model)) ?? {}
  }
  return {
    version,
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

/**
 * What one attempt of the past costs by a catalogue's prices, by default those of today's {@link standard}, as they were
 * at `at`, when it was asked, in epoch milliseconds; `undefined` where a price or a count is not known.
 *
 * By the catalogue that it was paid by (`costSource`), it is what it was. An answer of several attempts is the sum over
 * them: each may have gone to another model, and a long prompt is dearer only where it is one.
 *
 * @since 0.1.0
 * @category accessors
 */
export const reprice = (
  usage: Usage,
  provider: string,
  model: string,
  at: number,
  options: { readonly catalog?: Catalog | undefined; readonly batch?: boolean | undefined } = {}
): Cost.Cost | undefined => {
  const price = (options.catalog ?? standard).price(provider, model)
  return price && Cost.cost(price, usage, { at, batch: options.batch })
}
