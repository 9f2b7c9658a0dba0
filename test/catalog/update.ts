/**
 * Makes `src/catalog/Snapshot.ts` of the installed `@pydantic/genai-prices`: `npm run catalog:update`.
 *
 * Kept is what the dispatcher can bill by: prices of text, their tiers and dates, context windows, and the rules by
 * which names are found. A model whose answers have parts that the usage does not tell (audio, images, pages,
 * citations) is kept without a price.
 *
 * Nothing is downloaded: the data are in the package, so a newer snapshot is `npm install -D
 * @pydantic/genai-prices@latest`, this script, a look at the difference, and `date` in `src/catalog/Overlay.ts` once our
 * own list has been compared with the vendors' pages. Data that cannot be right (a provider gone, a fifth of its models
 * gone, a rate that is no amount) are refused with 1 and the committed file stays as it is.
 */
import {
  type ConditionalPrice,
  type MatchLogic,
  type ModelInfo,
  type ModelPrice,
  type Provider,
  waitForUpdate
} from "@pydantic/genai-prices"
import { readFileSync, renameSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import * as Snapshot from "../../src/catalog/Snapshot.ts"
import type { PriceRow, Row } from "../../src/catalog/Table.ts"

/** Those that a vendor here may be, and others that speak OpenAI's protocol. */
export const providers = [
  "openai",
  "anthropic",
  "google",
  "azure",
  "aws",
  "groq",
  "mistral",
  "deepseek",
  "x-ai",
  "together",
  "fireworks",
  "openrouter",
  "cerebras",
  "perplexity",
  "cohere",
  "moonshotai",
  "minimax",
  "zai",
  "zhipuai",
  "novita",
  "baseten",
  "cloudflare",
  "ovhcloud",
  "voyageai"
]

/** What an answer is billed by that no count of text tokens tells. */
const beyondText =
  /^(?:output_(?:audio|image|video|citation)|audio_|input_(?:audio_hours|document|annotated|text_mess))/

const trimmed = (rates: Array<number | null>) => {
  while (rates.at(-1) === null) rates.pop()
  return rates
}

const rounded = (rate: number) => Math.round(rate * 1e6) / 1e6

const keys = [
  "input_mtok",
  "output_mtok",
  "cache_read_mtok",
  "cache_write_mtok",
  "output_reasoning_mtok",
  "cache_write_1h_mtok"
]

/** The rates where the input has more than so many tokens. */
const ratesAbove = (price: ModelPrice, above: number) =>
  trimmed(keys.map((key) => {
    const rate = price[key]
    if (rate === undefined) return null
    return rounded(
      typeof rate === "number" ? rate : rate.tiers.findLast(({ start }) => start <= above)?.price ?? rate.base
    )
  }))

const seconds = (time: string) => {
  const [, hours, minutes, rest] = /^(\d\d):(\d\d):(\d\d)Z$/.exec(time)!
  return Number(hours) * 3_600 + Number(minutes) * 60 + Number(rest)
}

const changeOf = ({ constraint, prices }: ConditionalPrice) => {
  const starts = Object.values(prices).flatMap((rate) =>
    typeof rate === "object" ? rate.tiers.map(({ start }) => start) : []
  )
  const above = Array.from(new Set(starts)).toSorted((a, b) => a - b)
  return {
    rates: ratesAbove(prices, -1),
    ...(above.length > 0 && { longContext: above.map((start) => [start, ratesAbove(prices, start)] as const) }),
    ...(constraint?.type === "start_date" && { since: constraint.start_date }),
    ...(constraint?.type === "time_of_date" &&
      { hours: [seconds(constraint.start_time), seconds(constraint.end_time)] as const })
  }
}

const priceOf = (model: ModelInfo, date: string): PriceRow => {
  const all: ReadonlyArray<ConditionalPrice> = Array.isArray(model.prices) ? model.prices : [{ prices: model.prices }]
  const now = all.findLast(({ constraint }) =>
    constraint === undefined || constraint.type === "start_date" && constraint.start_date <= date
  )!
  if (Object.keys(now.prices).some((key) => beyondText.test(key))) return null
  if (Object.keys(now.prices).length === 0) return model.id.endsWith(":free") ? [0, 0] : null
  if (now.prices["input_mtok"] === undefined) return null
  if (now.prices["output_mtok"] === undefined) {
    // Vectors are no tokens: of what only has them, the input is all there is to pay.
    return /embed|rerank|bge|voyage/.test(model.id) ? [...ratesAbove(now.prices, -1).slice(0, 1), 0] : null
  }
  const request = now.prices["requests_kcount"]
  const current = changeOf({ prices: now.prices })
  if (all.length === 1 && request === undefined && current.longContext === undefined) return current.rates
  return {
    ...current,
    ...(typeof request === "number" && { request: request / 1_000 }),
    ...(all.length > 1 && { changes: all.map(changeOf) })
  }
}

/** As the package's own: without regard to capitals, the regular expression on the name in small letters. */
const matches = (rule: MatchLogic, name: string): boolean => {
  if ("or" in rule) return rule.or.some((rule) => matches(rule, name))
  if ("and" in rule) return rule.and.every((rule) => matches(rule, name))
  if ("equals" in rule) return name === rule.equals.toLowerCase()
  if ("starts_with" in rule) return name.startsWith(rule.starts_with.toLowerCase())
  if ("ends_with" in rule) return name.endsWith(rule.ends_with.toLowerCase())
  if ("contains" in rule) return name.includes(rule.contains.toLowerCase())
  return new RegExp(rule.regex).test(name)
}

const names = (rule: MatchLogic): ReadonlyArray<string> =>
  "or" in rule ? rule.or.flatMap(names) : "equals" in rule ? [rule.equals.toLowerCase()] : []

const patterns = (rule: MatchLogic): ReadonlyArray<string> => {
  if ("or" in rule) return rule.or.flatMap(patterns)
  if ("equals" in rule) return []
  if ("starts_with" in rule) return [`${rule.starts_with.toLowerCase()}*`]
  if ("ends_with" in rule) return [`*${rule.ends_with.toLowerCase()}`]
  if ("contains" in rule) return [`*${rule.contains.toLowerCase()}*`]
  if ("regex" in rule) return [`/${rule.regex}/`]
  return [`/${rule.and.map((rule) => `(?=${expression(rule)})`).join("")}/`]
}

const expression = (rule: MatchLogic): string => {
  if ("starts_with" in rule) return `^${rule.starts_with.toLowerCase().replace(/[.\\+*?^$|()[\]{}]/g, "\\$&")}`
  if ("regex" in rule && rule.regex.startsWith("^")) return rule.regex
  throw new Error(`no pattern is known for ${JSON.stringify(rule)}`)
}

const rowsOf = (provider: Provider, date: string): ReadonlyArray<Row> => {
  // A name belongs to the first model that fits it, told by it or not.
  const told = new Map<ModelInfo, Array<string>>(provider.models.map((model) => [model, []]))
  for (const name of new Set(provider.models.flatMap(({ match }) => names(match)))) {
    told.get(provider.models.find(({ match }) => matches(match, name))!)!.push(name)
  }
  return provider.models.map((model) => [
    [...told.get(model)!, ...patterns(model.match)],
    model.context_window ?? 0,
    priceOf(model, date)
  ])
}

const key = (id: string) => /^\w+$/.test(id) ? id : JSON.stringify(id)

/** What the package has. */
export const load = async (): Promise<ReadonlyArray<Provider>> => await waitForUpdate() ?? []

/** The dearest model costs 600 dollars per million tokens; what is above this has its decimal point elsewhere. */
const mostDollars = 5_000

const isRate = (rate: unknown): boolean => typeof rate === "number" && rate >= 0 && rate <= mostDollars

/** The rates that are no amounts, whatever they are for. */
const wrongRates = (price: ModelPrice): ReadonlyArray<string> =>
  Object.entries(price).flatMap(([key, rate]) => {
    const amounts = typeof rate === "object" && rate !== null && Array.isArray(rate.tiers)
      ? [rate.base, ...rate.tiers.map(({ price }) => price)]
      : [rate]
    return rate === undefined || amounts.every(isRate) ? [] : [key]
  })

const committed = (id: string): number =>
  Object.hasOwn(Snapshot.rows, id) ? Snapshot.rows[id]!.trim().split("\n").length : 0

/** Why the data cannot be right, beside what is committed; empty where they can. */
export const faults = (all: ReadonlyArray<Provider>): ReadonlyArray<string> =>
  providers.flatMap((id) => {
    const provider = all.find((provider) => provider.id === id)
    if (provider === undefined) return [`${id} is not among the providers`]
    const { models } = provider
    const lost = models.length < 0.8 * committed(id) ? [`${id} has ${models.length} models of ${committed(id)}`] : []
    return [
      ...lost,
      ...models.flatMap(({ id: model, prices }) =>
        (Array.isArray(prices) ? prices.map(({ prices }) => prices) : [prices]).flatMap(wrongRates).map((key) =>
          `${id} ${model} has a ${key} that is no amount`
        )
      )
    ]
  })

/** The module, of the package's data and version and the day as of which its prices are read. */
export const render = (all: ReadonlyArray<Provider>, version: string, date: string): string => {
  const chosen = providers.map((id) => all.find((provider) => provider.id === id)!)
  const fallbacks = Object.fromEntries(
    chosen.flatMap(({ fallback_model_providers, id }) =>
      fallback_model_providers === undefined ? [] : [[id, fallback_model_providers]]
    )
  )
  const lines = chosen.map((provider) => {
    const rows = rowsOf(provider, date).filter(([names]) => names.length > 0).map((row) => JSON.stringify(row))
    return `  ${key(provider.id)}: String.raw\`\n${rows.join("\n")}\n\``
  })
  const text = lines.join(",\n")
  if (text.split("`").length !== 2 * lines.length + 1 || text.includes("${")) {
    throw new Error("a name has a quote in it")
  }
  return `/**
 * Prices and context windows of models, from https://github.com/pydantic/genai-prices (MIT). Made by
 * \`npm run catalog:update\`, not by hand; \`Table.ts\` says what a row is.
 *
 * @since 0.1.0
 */

/**
 * The package's version, and the day as of which the prices are.
 *
 * @since 0.1.0
 * @category constants
 */
export const version = { package: ${JSON.stringify(version)}, date: ${JSON.stringify(date)} }

/**
 * Whose models a provider serves beside its own.
 *
 * @since 0.1.0
 * @category constants
 */
export const fallbacks: { readonly [provider: string]: ReadonlyArray<string> } = {
${
    Object.entries(fallbacks).map(([id, others]) =>
      `  ${key(id)}: [${others.map((other) => JSON.stringify(other)).join(", ")}]`
    ).join(",\n")
  }
}

/**
 * The rows of each provider, a line each.
 *
 * @since 0.1.0
 * @category constants
 */
export const rows: { readonly [provider: string]: string } = {
${text}
}
`
}

/** The version of the package that is installed. */
export const installed = (): string =>
  JSON.parse(readFileSync(
    fileURLToPath(
      new URL("../../node_modules/@pydantic/genai-prices/package.json", import.meta.url)
    ),
    "utf8"
  )).version

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const path = fileURLToPath(new URL("../../src/catalog/Snapshot.ts", import.meta.url))
  const all = await load()
  const wrong = faults(all)
  if (wrong.length > 0) {
    process.stderr.write(`nothing is written:\n${wrong.slice(0, 20).join("\n")}\n`)
    process.exit(1)
  }
  const text = render(all, installed(), new Date().toISOString().slice(0, 10))
  // Put in place in one step, so that a full disk leaves the committed file whole.
  writeFileSync(`${path}.new`, text)
  renameSync(`${path}.new`, path)
  process.stdout.write(`${path}: ${Math.round(text.length / 1_024)} KiB, ${text.split("\n").length} lines\n`)
}
