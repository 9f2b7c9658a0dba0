/**
 * What is known of models beside the snapshot: the Schema of what users write, and our own small list.
 *
 * @since 0.1.0
 */
import { Schema } from "effect"
import { Price } from "./Price.ts"

/**
 * A model's price and window where the catalogue lacks or mistakes them; what is left out stays as it is known.
 *
 * `provider` is a vendor's provider or `*`, `model` a name in any case, with `*` at its start or its end for any text.
 */
const Item = Schema.Struct({
  provider: Schema.String,
  model: Schema.String,
  price: Schema.optionalKey(Price),
  /** In tokens, 1 or more. */
  contextWindow: Schema.optionalKey(Schema.Int.check(Schema.isGreaterThan(0)))
}).annotate({ identifier: "CatalogItem" })

/**
 * The first item that fits and tells what is asked counts.
 *
 * @since 0.1.0
 * @category models
 */
export const Overlay = Schema.Array(Item).annotate({ identifier: "CatalogOverlay" })

/**
 * @since 0.1.0
 * @category models
 */
export type Overlay = typeof Overlay.Type

/**
 * The day on which our own list was last compared with the vendors' pages.
 *
 * @since 0.1.0
 * @category constants
 */
export const date = "2026-11-23"

/**
 * The part of the price that a batch costs, the cached tokens' too.
 *
 * From https://developers.openai.com/api/docs/guides/batch and
 * https://platform.claude.com/docs/en/build-with-claude/batch-processing. Google's batches do not lower what cached
 * tokens cost, so there is no one part.
 *
 * @since 0.1.0
 * @category constants
 */
export const batch: { readonly [provider: string]: number } = { openai: 0.5, anthropic: 0.5 }

/** 2026-10-07, when reading Sonnet 5.5's cache became cheaper. */
const october7 = 1_791_331_200_000

/** 01:00 to 04:00 and 06:00 to 10:00 UTC on working days; China's holidays are none and not known here. */
const peaks = [{ from: 3_600, to: 14_400 }, { from: 21_600, to: 36_000 }]
  .map((hours) => ({ ...hours, days: [1, 2, 3, 4, 5] }))

/** From https://api-docs.deepseek.com/quick_start/pricing: at a peak everything costs twice as much. */
const deepseek = (input: number, output: number, cacheRead: number, since?: number): Price => {
  const plain = { input, output, cacheRead, ...(since === undefined ? undefined : { since }) }
  const dear = { ...plain, input: 2 * input, output: 2 * output, cacheRead: 2 * cacheRead }
  return { input, output, cacheRead, changes: [plain, ...peaks.map((hours) => ({ ...dear, hours }))] }
}

/** 2026-08-16 16:00 UTC, when DeepSeek's prices began to have peaks. */
const august16 = 1_786_896_000_000

const pro = deepseek(0.66, 1.98, 0.022, august16)

/** From https://docs.perplexity.ai/getting-started/pricing, each request with the smallest, the default, context. */
const sonar = (input: number, output: number, request: number): Price => ({ input, output, request })

const sonnet = { input: 2, output: 10, cacheRead: 0.2, cacheWrite: 2.5, cacheWrite1h: 4 }

/**
 * What the snapshot lacks or tells otherwise than the vendors' own pages do.
 *
 * @since 0.1.0
 * @category constants
 */
export const own: Overlay = [
  // https://platform.claude.com/docs/en/models/haiku-5-5/overview and …/about-claude/pricing
  {
    provider: "anthropic",
    model: "claude-haiku-5-5*",
    contextWindow: 1_000_000,
    price: {
      input: 0.1,
      output: 0.5,
      cacheRead: 0.01,
      cacheWrite: 0.125,
      cacheWrite1h: 0.2,
      longContext: [
        { above: 100_000, input: 0.5, output: 2.5, cacheRead: 0.05, cacheWrite: 0.625, cacheWrite1h: 1 }
      ]
    }
  },
  // https://platform.claude.com/docs/en/models/sonnet-5-5/overview
  {
    provider: "anthropic",
    model: "claude-sonnet-5-5*",
    contextWindow: 1_000_000,
    price: { ...sonnet, cacheRead: 0.1, changes: [sonnet, { since: october7, ...sonnet, cacheRead: 0.1 }] }
  },
  { provider: "deepseek", model: "deepseek-flash*", contextWindow: 1_000_000, price: deepseek(0.15, 0.6, 0.003) },
  // An old name that the same model answers to, at its price.
  { provider: "deepseek", model: "deepseek-v4-flash*", contextWindow: 1_000_000, price: deepseek(0.15, 0.6, 0.003) },
  {
    provider: "deepseek",
    model: "deepseek-v4-pro*",
    contextWindow: 1_000_000,
    price: { ...pro, changes: [{ input: 0.435, output: 0.87, cacheRead: 0.003625 }, ...pro.changes!] }
  },
  { provider: "perplexity", model: "sonar", price: sonar(1, 1, 0.005) },
  { provider: "perplexity", model: "sonar-pro", price: sonar(3, 15, 0.006) },
  { provider: "perplexity", model: "sonar-reasoning", price: sonar(1, 5, 0.005) },
  { provider: "perplexity", model: "sonar-reasoning-pro", price: sonar(2, 8, 0.006) },
  // https://docs.together.ai/docs/serverless/models
  { provider: "together", model: "openai/gpt-oss-120b", contextWindow: 131_072, price: { input: 0.15, output: 0.6 } }
]
