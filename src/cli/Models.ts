/**
 * `llmdispatcher models`: what can be asked, at what price, and what it can do.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import type * as Path from "effect/Path"
import * as Catalog from "../catalog/Catalog.ts"
import * as ModelInfo from "../ModelInfo.ts"
import type { Vendor } from "../Vendor.ts"
import { describe, retryable, withContext } from "../VendorError.ts"
import { type ExitCode, Failure, ofVendorError, usage } from "./ExitCode.ts"
import type * as Flags from "./Flags.ts"
import { dim, say, stdout } from "./Output.ts"
import { failures } from "./Report.ts"
import { suggestion } from "./Suggest.ts"
import * as Table from "./Table.ts"
import * as Vendors from "./Vendors.ts"

/** How long a vendor may take to list its models. */
const limit = "30 seconds"

const tooSlow = Effect.fail(retryable({ _tag: "TimedOut", phase: "total", after: 30_000 }))

const list = (vendor: Vendor, surroundings: ModelInfo.Surroundings) =>
  vendor.models.pipe(
    Effect.timeoutOrElse({ duration: limit, orElse: () => tooSlow }),
    Effect.map((models) => models.map((model) => ModelInfo.make(vendor, model, surroundings))),
    Effect.mapError((error) => withContext(error, { vendor: vendor.name })),
    Effect.result
  )

type Info = ModelInfo.ModelInfo

/** A letter each, in the order of `ModelInfo.features`. */
const letters = "stpiadjrfm"

const meanings = [
  "streaming",
  "tools",
  "parallel tools",
  "images",
  "audio",
  "documents",
  "JSON schema",
  "reasoning",
  "prefill",
  "system message"
]

const lettersOf = ({ features }: Info): string =>
  ModelInfo.features.map((name, at) => features[name] === null ? "?" : features[name] ? letters[at] : "-").join("")

/** Tokens in thousands or millions; what the catalogue has of a window is no finer than that to a reader. */
const tokens = (count: number | null): string => {
  if (count === null) return "?"
  if (count < 10_000) return String(count)
  return count < 999_500 ? `${Math.round(count / 1_000)}k` : `${Math.round(count / 10_000) / 100}M`
}

const dollars = (rate: number | undefined): string => rate === undefined ? "?" : String(rate)

const also = ({ servedBy, vendor }: Info): string => servedBy.filter((name) => name !== vendor).join(" ")

/** What goes first where the terminal is narrow: the words, then what can be looked up elsewhere. */
const columns: ReadonlyArray<Table.Column<Info>> = [
  { title: "MODEL", text: ({ id }) => id },
  { title: "VENDOR", text: ({ vendor }) => vendor, spare: 7 },
  { title: "DEFAULT", text: ({ default: isDefault }) => isDefault ? "default" : "", spare: 5 },
  { title: "CONTEXT", text: ({ contextWindow }) => tokens(contextWindow), align: "right", spare: 3 },
  { title: "OUTPUT", text: ({ maxOutputTokens }) => tokens(maxOutputTokens), align: "right", spare: 4 },
  { title: "$ IN", text: ({ rates }) => dollars(rates?.input), align: "right", spare: 1 },
  { title: "$ OUT", text: ({ rates }) => dollars(rates?.output), align: "right", spare: 1 },
  { title: "$ CACHED", text: ({ rates }) => dollars(rates?.cacheRead), align: "right", spare: 6 },
  { title: "FEATURES", text: lettersOf, spare: 2 },
  { title: "ALSO BY", text: also, spare: 8 },
  { title: "DESCRIPTION", text: ({ description }) => description ?? "", spare: 9, least: 12 }
]

const told = meanings.map((meaning, at) => `${letters[at]} ${meaning}`)

const legend = [
  "$ US dollars per million tokens, ? not known, - no",
  told.slice(0, 6).join(", "),
  told.slice(6).join(", "),
  `Prices: ${Catalog.standard.version}`
].join("\n")

/** Of numbers, what is not known last. */
const by = (number: (row: Info) => number | null | undefined) => (a: Info, b: Info): number =>
  (number(a) ?? Infinity) - (number(b) ?? Infinity) || 0

const orders: Readonly<Record<Flags.Models["sort"], ((a: Info, b: Info) => number) | undefined>> = {
  vendor: undefined,
  name: (a, b) => a.model < b.model ? -1 : a.model > b.model ? 1 : 0,
  // Of a common request, most of what is paid for is read.
  price: by(({ rates }) => rates && 3 * rates.input + rates.output),
  context: by(({ contextWindow }) => contextWindow && -contextWindow)
}

/**
 * The rows in the order asked for; those that it leaves equal, and all by default, by vendor, its default first.
 *
 * @since 0.1.0
 * @category combinators
 */
export const sorted = (rows: ReadonlyArray<Info>, sort: Flags.Models["sort"]): ReadonlyArray<Info> => {
  const first = rows.filter((row) => row.default)
  const vendors = Array.from(new Set(rows.map(({ vendor }) => vendor)))
  const grouped = vendors.flatMap((name) => [
    ...first.filter(({ vendor }) => vendor === name),
    ...rows.filter((row) => row.vendor === name && !row.default)
  ])
  const order = orders[sort]
  return order === undefined ? grouped : grouped.toSorted(order)
}

/**
 * The rows as a table of lines no longer than `width`, by default as long as they are.
 *
 * @since 0.1.0
 * @category conversions
 */
export const table = (rows: ReadonlyArray<Info>, width?: number): string => Table.render(columns, rows, width)

const named = (rows: ReadonlyArray<Info>, words: ReadonlyArray<string>): ReadonlyArray<Info> =>
  rows.filter(({ id }) => words.every((word) => id.toLowerCase().includes(word.toLowerCase())))

/** A terminal shows what does not fit on lines of its own; a file or a pipe has no width. */
const width = (): number => stdout.isTerminal ? process.stdout.columns || 80 : Infinity

const program = Effect.fnUntraced(function*(flags: Flags.Models) {
  const vendors = yield* Vendors.fromEnvironment({ vendors: flags.vendors, config: flags.config })
  const surroundings = { catalog: Catalog.standard, vendors, now: yield* Clock.currentTimeMillis }
  const asked = vendors.filter((vendor) => flags.vendors.length === 0 || flags.vendors.includes(vendor.name))
  const lists = yield* Effect.forEach(asked, (vendor) => list(vendor, surroundings), { concurrency: "unbounded" })
  const all = lists.flatMap((list) => list._tag === "Success" ? list.success : [])
  const words = Option.match(flags.filter, { onNone: () => [], onSome: (text) => text.split(/\s+/) })
  const rows = sorted(named(all, words), flags.sort)
  if (flags.json) {
    yield* stdout.write(`${JSON.stringify(rows)}\n`)
  } else {
    yield* stdout.write(table(rows, width()))
    if (rows.length > 0) yield* say(dim(legend))
  }
  // What could be listed is printed all the same; the exit code tells that it is not all.
  const errors = lists.flatMap((list) => list._tag === "Failure" ? [list.failure] : [])
  if (errors.length > 0) {
    return yield* new Failure({
      code: Math.max(...errors.map(ofVendorError)),
      message: errors.map(describe).join("\nllmdispatcher: "),
      cause: errors[0]
    })
  }
  if (rows.length === 0 && words.length > 0) {
    const text = words.join(" ")
    return yield* usage(`no model is named ${text}${suggestion(text, all.map(({ id }) => id))}`)
  }
}, Effect.scoped)

/**
 * @since 0.1.0
 * @category commands
 */
export const models = (
  flags: Flags.Models
): Effect.Effect<void, ExitCode, FileSystem.FileSystem | Path.Path> => failures(flags.debug)(program(flags))
