/**
 * Which rows a question is about.
 *
 * Where it is about a vendor or a target, calls are counted, each by who was called; else dispatches, each as its caller
 * saw it. A target that was skipped was not called.
 *
 * @since 0.1.0
 */
import { Schema } from "effect"
import type { SqlClient, Statement } from "effect/sql"

/**
 * What can be counted apart: by who was called (`vendor`, `target`), or by what the dispatches have in common.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Dimension = Schema.Literals(["vendor", "target", "route", "caller", "model", "reason"])

/**
 * @since 0.1.0
 * @category models
 */
export type Dimension = typeof Dimension.Type

/**
 * A span of time in epoch milliseconds, `until` excluded, and what the rows in it have to be.
 *
 * `model` is what the caller asked for; `outcome` and `reason` are the call's where calls are counted.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Selection = Schema.Struct({
  since: Schema.Int,
  until: Schema.Int,
  vendor: Schema.optional(Schema.String),
  target: Schema.optional(Schema.String),
  route: Schema.optional(Schema.String),
  caller: Schema.optional(Schema.String),
  model: Schema.optional(Schema.String),
  reason: Schema.optional(Schema.String),
  outcome: Schema.optional(Schema.Literals(["answered", "failed", "interrupted"]))
})

/**
 * @since 0.1.0
 * @category models
 */
export type Selection = typeof Selection.Type

const filters = ["vendor", "target", "route", "caller", "model", "reason", "outcome"] as const

type Column = typeof filters[number]

const figures = [
  "started_at",
  "duration",
  "time_to_first_part",
  "outcome",
  "input_tokens",
  "output_tokens",
  "cost_picodollars"
]

/** Those that only a dispatch has. */
const dispatchOnly: ReadonlySet<Column> = new Set(["route", "caller", "model"])

/**
 * How rows are told apart.
 *
 * @since 0.1.0
 * @category models
 */
export interface Grouping {
  readonly by?: Dimension | undefined
  /** The length in milliseconds of the spans into which the time since `since` is cut. */
  readonly bucket?: number | undefined
}

const isOfCalls = ({ target, vendor }: Selection, by: Dimension | undefined): boolean =>
  by === "vendor" || by === "target" || vendor !== undefined || target !== undefined

/** The conditions of a selection; `of` tells from which table a column comes. */
const conditions = (
  sql: SqlClient.SqlClient,
  selection: Selection,
  of: (column: Column | "started_at") => Statement.Fragment
): ReadonlyArray<Statement.Fragment> => [
  sql`${of("started_at")} >= ${BigInt(selection.since)}`,
  sql`${of("started_at")} < ${BigInt(selection.until)}`,
  ...filters.flatMap((column) => selection[column] === undefined ? [] : [sql`${of(column)} = ${selection[column]}`])
]

/**
 * The rows that are counted, each with `name` (what it is grouped by, or null) and `bucket` (in epoch milliseconds).
 *
 * @since 0.1.0
 * @category constructors
 */
export const rows = (
  sql: SqlClient.SqlClient,
  selection: Selection,
  { bucket, by }: Grouping
): Statement.Fragment => {
  const isOfAttempts = isOfCalls(selection, by)
  const of = (column: string) =>
    sql`${sql(isOfAttempts && !dispatchOnly.has(column as Column) ? "attempt" : "dispatch")}.${sql(column)}`
  const needsDispatch = filters.some((column) =>
    dispatchOnly.has(column) && (selection[column] !== undefined || column === by)
  )
  const since = BigInt(selection.since)
  const width = bucket === undefined ? undefined : BigInt(bucket)
  const at = of("started_at")
  const from = !isOfAttempts
    ? sql`llmdispatcher_dispatch AS dispatch`
    : needsDispatch
    ? sql`llmdispatcher_attempt AS attempt JOIN llmdispatcher_dispatch AS dispatch ON dispatch.id = attempt.dispatch_id`
    : sql`llmdispatcher_attempt AS attempt`
  return sql`SELECT
      ${by === undefined ? sql`CAST(NULL AS TEXT)` : of(by)} AS name,
      ${width === undefined ? since : sql`${at} - (${at} - ${since}) % ${width}`} AS bucket,
      ${isOfAttempts ? sql`0` : of("is_cached")} AS is_cached,
      ${sql.csv(figures.map(of))}
    FROM ${from}
    WHERE ${
    sql.and([
      ...conditions(sql, selection, of),
      ...(isOfAttempts ? [sql`attempt.outcome <> 'skipped'`] : []),
      ...(by === "reason" ? [sql`${of("reason")} IS NOT NULL`] : [])
    ])
  }`
}

/**
 * What a dispatch has to be; of a vendor or a target, that it was called.
 *
 * @since 0.1.0
 * @category constructors
 */
export const ofDispatches = (sql: SqlClient.SqlClient, selection: Selection): Statement.Fragment => {
  const { target, vendor, ...rest } = selection
  const called = [
    ...(vendor === undefined ? [] : [sql`attempt.vendor = ${vendor}`]),
    ...(target === undefined ? [] : [sql`attempt.target = ${target}`])
  ]
  return sql.and([
    ...conditions(sql, rest, (column) => sql`dispatch.${sql(column)}`),
    ...(called.length === 0 ? [] : [sql`EXISTS (
      SELECT 1 FROM llmdispatcher_attempt AS attempt WHERE attempt.dispatch_id = dispatch.id
        AND attempt.outcome <> 'skipped' AND ${sql.and(called)}
    )`])
  ])
}
