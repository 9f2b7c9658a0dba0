/**
 * `llmdispatcher stats`: what the database of statistics tells of the last hours.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import type { SqlError } from "effect/sql"
import * as Runtime from "../config/Runtime.ts"
import * as Database from "../sql/Database.ts"
import { explain } from "../sql/Explanation.ts"
import * as Migrations from "../stats/sql/Migrations.ts"
import * as Queries from "../stats/sql/Queries.ts"
import type { Figures, Named, Percentiles } from "../stats/sql/Results.ts"
import { type ExitCode, Failure, usage } from "./ExitCode.ts"
import { dim, say, stdout } from "./Output.ts"
import { failures } from "./Report.ts"
import * as Table from "./Table.ts"
import * as Vendors from "./Vendors.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface Flags {
  readonly since: Duration.Duration
  readonly by: "target" | "vendor" | "route" | "caller" | "model"
  readonly database: Option.Option<string>
  readonly config: Option.Option<string>
  readonly json: boolean
  readonly debug: boolean
}

/** Of a hundred answers so many took no longer, in milliseconds; null where none was timed. */
type Times = Pick<Percentiles, "p50" | "p90" | "p95" | "p99"> | null

/**
 * One line: what has one name, the most asked for first.
 *
 * @since 0.1.0
 * @category models
 */
export interface Row extends Named {
  readonly durations: Times
  readonly timesToFirstPart: Times
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Report {
  /** Epoch milliseconds. */
  readonly since: number
  /** Epoch milliseconds. */
  readonly until: number
  readonly by: Flags["by"]
  /** Of all dispatches; the rows are of calls where they are by target or vendor. */
  readonly totals: Figures
  readonly rows: ReadonlyArray<Row>
}

/** Which database: the one that is named, else the configuration's. */
const databaseOf = Effect.fnUntraced(function*(flags: Flags) {
  if (Option.isSome(flags.database)) return Database.parse(flags.database.value)
  const path = yield* Path.Path
  const { config: { statistics }, directory } = yield* Effect.mapError(
    Effect.flatMap(Vendors.options(flags.config), Runtime.load),
    Vendors.badConfiguration
  )
  const { database = false } = statistics ?? {}
  if (database === false) {
    return yield* usage(
      "no statistics are written down: set statistics.database in the configuration, or name one by --database"
    )
  }
  return "sqlite" in database ? { sqlite: path.resolve(directory, database.sqlite) } : database
})

const nothingYet = (database: Database.Database) =>
  usage(`there are no statistics in ${Database.describe(database)} yet: no dispatcher has written into it`)

const unreadable = (database: Database.Database) => (error: Queries.QueryError | Database.DriverMissing): Failure =>
  error._tag === "DriverMissing" ? usage(error.message) : new Failure({
    code: error._tag === "SqlError" && (error satisfies SqlError.SqlError).isRetryable ? 3 : 4,
    message: `${Database.describe(database)} cannot be read: ${explain(error)}`,
    cause: error
  })

const timesOf = (all: ReadonlyArray<Percentiles>, name: string | null): Times => {
  const found = all.find((one) => one.name === name)
  return found === undefined ? null : { p50: found.p50, p90: found.p90, p95: found.p95, p99: found.p99 }
}

const ask = Effect.fnUntraced(function*({ by, since: ago }: Flags) {
  const queries = yield* Queries.make
  const now = yield* Clock.currentTimeMillis
  const span = { since: Math.trunc(now - Duration.toMillis(ago)), until: now + 1 }
  const totals = yield* queries.totals(span)
  const top = yield* queries.top({ ...span, by, order: "requests", limit: 1_000 })
  const durations = yield* queries.percentiles({ ...span, by, of: "duration" })
  const begins = yield* queries.percentiles({ ...span, by, of: "timeToFirstPart" })
  const rows = top.map((row): Row => ({
    ...row,
    durations: timesOf(durations, row.name),
    timesToFirstPart: timesOf(begins, row.name)
  }))
  return { ...span, by, totals, rows }
})

/**
 * Reads the figures; the database is left as it is.
 *
 * @since 0.1.0
 * @category accessors
 */
export const read = Effect.fnUntraced(function*(
  flags: Flags
): Effect.fn.Return<Report, Failure, FileSystem.FileSystem | Path.Path> {
  const database = yield* databaseOf(flags)
  if ("sqlite" in database) {
    const files = yield* FileSystem.FileSystem
    const isThere = yield* Effect.catch(files.exists(database.sqlite), () => Effect.succeed(true))
    if (!isThere) return yield* nothingYet(database)
  }
  const report = yield* Migrations.isThere.pipe(
    Effect.flatMap((isThere) => isThere ? Effect.asSome(ask(flags)) : Effect.succeedNone),
    Effect.provide(Database.layer(database, { isReadOnly: true })),
    Effect.mapError(unreadable(database))
  )
  return Option.isSome(report) ? report.value : yield* nothingYet(database)
})

const count = (number: number): string => number.toLocaleString("en")

/** Tokens in thousands or millions, once there are many. */
const tokens = (number: number | null): string => {
  if (number === null) return "?"
  if (number < 10_000) return count(number)
  return number < 9_999_500 ? `${count(Math.round(number / 1_000))}k` : `${count(Math.round(number / 1e6))}M`
}

const dollars = ({ cost, unpriced }: Figures): string => {
  if (cost === null) return unpriced === 0 ? "" : "?"
  const words = cost > 0 && cost < 0.1 ? cost.toPrecision(2) : cost.toFixed(2)
  return `${unpriced === 0 ? "" : "> "}${Number(words) === 0 ? "0" : words}`
}

const time = (millis: number | undefined): string => {
  if (millis === undefined) return ""
  return millis < 999.5 ? `${Math.round(millis)}ms` : `${(millis / 1_000).toFixed(millis < 99_950 ? 1 : 0)}s`
}

const share = ({ answered, requests }: Figures): string =>
  // Rounded down: what is not all must not look like it.
  requests === 0 ? "" : `${Math.floor(answered / requests * 1_000) / 10}%`

const columns = (by: Flags["by"]): ReadonlyArray<Table.Column<Row>> => [
  { title: by.toUpperCase(), text: ({ name }) => name ?? "(none)" },
  {
    title: by === "target" || by === "vendor" ? "CALLS" : "REQUESTS",
    text: ({ requests }) => count(requests),
    align: "right"
  },
  { title: "ANSWERED", text: share, align: "right", spare: 1 },
  { title: "FAILED", text: ({ failures }) => failures === 0 ? "" : count(failures), align: "right", spare: 2 },
  { title: "CACHED", text: ({ cached }) => cached === 0 ? "" : count(cached), align: "right", spare: 9 },
  { title: "TOKENS IN", text: ({ inputTokens }) => tokens(inputTokens), align: "right", spare: 4 },
  { title: "TOKENS OUT", text: ({ outputTokens }) => tokens(outputTokens), align: "right", spare: 5 },
  { title: "$", text: dollars, align: "right", spare: 1 },
  { title: "P50", text: ({ durations }) => time(durations?.p50), align: "right", spare: 6 },
  { title: "P95", text: ({ durations }) => time(durations?.p95), align: "right", spare: 3 },
  { title: "P99", text: ({ durations }) => time(durations?.p99), align: "right", spare: 10 },
  { title: "FIRST P50", text: ({ timesToFirstPart }) => time(timesToFirstPart?.p50), align: "right", spare: 7 },
  { title: "P95", text: ({ timesToFirstPart }) => time(timesToFirstPart?.p95), align: "right", spare: 8 }
]

/**
 * The rows as a table of lines no longer than `width`, by default as long as they are.
 *
 * @since 0.1.0
 * @category conversions
 */
export const table = ({ by, rows }: Report, width?: number): string => Table.render(columns(by), rows, width)

/**
 * All dispatches in one line.
 *
 * @since 0.1.0
 * @category conversions
 */
export const summary = ({ since, totals, until }: Report): string => {
  const span = Duration.format(Duration.millis(until - since - 1))
  if (totals.requests === 0) return `nothing was dispatched in the last ${span}`
  const parts = [
    `${count(totals.answered)} answered`,
    ...(totals.failures === 0 ? [] : [`${count(totals.failures)} failed`]),
    ...(totals.interrupted === 0 ? [] : [`${count(totals.interrupted)} interrupted`]),
    ...(totals.cached === 0 ? [] : [`${count(totals.cached)} from the cache`]),
    ...(totals.cost === null ? [] : [`$${dollars({ ...totals, unpriced: 0 })}`]),
    ...(totals.unpriced === 0 ? [] : [`${count(totals.unpriced)} without a known price`])
  ]
  return `${count(totals.requests)} dispatches in the last ${span}: ${parts.join(", ")}`
}

/** A file or a pipe has no width. */
const width = (): number => stdout.isTerminal ? process.stdout.columns || 80 : Infinity

const program = Effect.fnUntraced(function*(flags: Flags) {
  const report = yield* read(flags)
  if (flags.json) return yield* stdout.write(`${JSON.stringify(report)}\n`)
  yield* stdout.write(table(report, width()))
  yield* say(dim(summary(report)))
})

/**
 * @since 0.1.0
 * @category commands
 */
export const stats = (flags: Flags): Effect.Effect<void, ExitCode, FileSystem.FileSystem | Path.Path> =>
  failures(flags.debug)(program(flags))
