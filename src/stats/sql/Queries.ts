/**
 * What the rows tell: totals, series over time, who comes first, percentiles, the last dispatches.
 *
 * Every value is a parameter; no text of a user becomes SQL. SQLite counts on the thread that asks, so over many rows a
 * process that serves requests asks for short spans, or leaves it to another process.
 *
 * @since 0.1.0
 */
import { Context, Effect, Layer, Schema } from "effect"
import { SqlClient, type SqlError, SqlSchema, type Statement } from "effect/sql"
import type { DispatchRecord } from "../Record.ts"
import * as Recent from "./Recent.ts"
import * as Results from "./Results.ts"
import * as Selection from "./Selection.ts"

export type {
  /**
   * @since 0.1.0
   * @category models
   */
  Dimension,
  /**
   * @since 0.1.0
   * @category models
   */
  Selection
} from "./Selection.ts"

/**
 * The database cannot be asked, or a question or an answer is not as it should be.
 *
 * @since 0.1.0
 * @category errors
 */
export type QueryError = SqlError.SqlError | Schema.SchemaError

const Positive = Schema.Int.check(Schema.isGreaterThan(0))

/** From 1 to 1,000. */
const Limit = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1_000 }))

/**
 * Figures over time, of all or apart by `by`; `bucket` is in milliseconds, the first one begins at `since`.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Series = Schema.Struct({
  ...Selection.Selection.fields,
  bucket: Positive,
  by: Schema.optional(Selection.Dimension)
})

/**
 * The `limit` (1 to 1,000) names with the most of something, tokens being of input and output together.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Top = Schema.Struct({
  ...Selection.Selection.fields,
  by: Selection.Dimension,
  order: Schema.Literals(["requests", "cost", "tokens", "failures"]),
  limit: Limit
})

/**
 * Percentiles of what was answered, of all or apart by `by` and by spans of `bucket` milliseconds.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Percentiles = Schema.Struct({
  ...Selection.Selection.fields,
  of: Schema.Literals(["duration", "timeToFirstPart"]),
  by: Schema.optional(Selection.Dimension),
  bucket: Schema.optional(Positive)
})

/**
 * The last `limit` (1 to 1,000) dispatches, or the last before another one; of a vendor or a target those that called
 * it.
 *
 * @since 0.1.0
 * @category schemas
 */
export const RecentDispatches = Schema.Struct({
  ...Selection.Selection.fields,
  limit: Limit,
  before: Schema.optional(Schema.Struct({ startedAt: Schema.Int, id: Schema.String }))
})

/**
 * @since 0.1.0
 * @category services
 */
export class Queries extends Context.Service<Queries, {
  readonly totals: (query: Selection.Selection) => Effect.Effect<Results.Figures, QueryError>
  /** By time, then by name; a span in which nothing happened is left out. */
  readonly series: (query: typeof Series.Type) => Effect.Effect<ReadonlyArray<Results.Point>, QueryError>
  readonly top: (query: typeof Top.Type) => Effect.Effect<ReadonlyArray<Results.Named>, QueryError>
  /** Exact, by the nearest rank: each is one of the values there were. */
  readonly percentiles: (
    query: typeof Percentiles.Type
  ) => Effect.Effect<ReadonlyArray<Results.Percentiles>, QueryError>
  /** The newest first, each as it was recorded but for the vendors' words. */
  readonly recent: (query: typeof RecentDispatches.Type) => Effect.Effect<ReadonlyArray<DispatchRecord>, QueryError>
}>()("llmdispatcher/stats/sql/Queries") {}

/** Costs in two halves: a sum of picodollars would be too large for SQLite beyond nine million dollars. */
const figures = (sql: SqlClient.SqlClient): Statement.Fragment =>
  sql`COUNT(*) AS requests,
    COUNT(CASE WHEN outcome = 'answered' THEN 1 END) AS answered,
    COUNT(CASE WHEN outcome = 'failed' THEN 1 END) AS failures,
    COUNT(CASE WHEN outcome = 'interrupted' THEN 1 END) AS interrupted,
    COUNT(CASE WHEN is_cached = 1 THEN 1 END) AS cached,
    COUNT(CASE WHEN outcome = 'answered' AND cost_picodollars IS NULL THEN 1 END) AS unpriced,
    SUM(input_tokens) AS input_tokens,
    SUM(output_tokens) AS output_tokens,
    SUM(cost_picodollars / 1000000) AS cost_microdollars,
    SUM(cost_picodollars % 1000000) AS cost_rest,
    AVG(CASE WHEN outcome = 'answered' THEN duration END) AS duration,
    AVG(CASE WHEN outcome = 'answered' THEN time_to_first_part END) AS time_to_first_part`

const orders: Readonly<Record<(typeof Top.Type)["order"], string>> = {
  requests: "COUNT(*)",
  cost: "SUM(cost_picodollars * 1.0)",
  tokens: "COALESCE(SUM(input_tokens), 0) + COALESCE(SUM(output_tokens), 0)",
  failures: "COUNT(CASE WHEN outcome = 'failed' THEN 1 END)"
}

const measures: Readonly<Record<(typeof Percentiles.Type)["of"], string>> = {
  duration: "duration",
  timeToFirstPart: "time_to_first_part"
}

/**
 * @since 0.1.0
 * @category constructors
 */
export const make: Effect.Effect<Queries["Service"], never, SqlClient.SqlClient> = Effect.map(
  SqlClient.SqlClient,
  (sql) => {
    // Sums may be beyond what a number holds exactly.
    const exact = Effect.provideService(SqlClient.SafeIntegers, true)

    const totals = SqlSchema.findAll({
      Request: Selection.Selection,
      Result: Results.FiguresRow,
      execute: (query) => exact(sql`SELECT ${figures(sql)} FROM (${Selection.rows(sql, query, {})}) AS counted`)
    })

    const series = SqlSchema.findAll({
      Request: Series,
      Result: Results.PointRow,
      execute: (query) =>
        exact(sql`SELECT bucket, name, ${figures(sql)} FROM (${Selection.rows(sql, query, query)}) AS counted
          GROUP BY bucket, name ORDER BY bucket, name`)
    })

    const top = SqlSchema.findAll({
      Request: Top,
      Result: Results.NamedRow,
      execute: (query) =>
        exact(sql`SELECT name, ${figures(sql)} FROM (${Selection.rows(sql, query, { by: query.by })}) AS counted
          GROUP BY name ORDER BY ${sql.literal(orders[query.order])} DESC NULLS LAST, COUNT(*) DESC, name
          LIMIT ${BigInt(query.limit)}`)
    })

    const percentiles = SqlSchema.findAll({
      Request: Percentiles,
      Result: Results.PercentilesRow,
      execute: (query) => {
        const least = (percent: number) =>
          sql.literal(`MIN(CASE WHEN place * 100 >= size * ${percent} THEN value END) AS p${percent}`)
        return exact(sql`SELECT bucket, name, MAX(size) AS count, ${sql.csv([50, 90, 95, 99].map(least))}
          FROM (
            SELECT bucket, name, value,
              ROW_NUMBER() OVER (PARTITION BY bucket, name ORDER BY value) AS place,
              COUNT(*) OVER (PARTITION BY bucket, name) AS size
            FROM (
              SELECT bucket, name, ${sql(measures[query.of])} AS value
              FROM (${Selection.rows(sql, query, query)}) AS counted
              WHERE outcome = 'answered'
            ) AS answered
            WHERE value IS NOT NULL
          ) AS placed
          GROUP BY bucket, name ORDER BY bucket, name`)
      }
    })

    const recent = SqlSchema.findAll({
      Request: RecentDispatches,
      Result: Recent.DispatchRow,
      execute: (query) => {
        const before = query.before === undefined
          ? []
          : [sql`(started_at, id) < (${BigInt(query.before.startedAt)}, ${query.before.id})`]
        return exact(sql`SELECT * FROM llmdispatcher_dispatch AS dispatch
          WHERE ${sql.and([Selection.ofDispatches(sql, query), ...before])}
          ORDER BY started_at DESC, id DESC LIMIT ${BigInt(query.limit)}`)
      }
    })

    return Queries.of({
      // Figures without groups are one row, whatever there is.
      totals: (query) =>
        Effect.map(totals(query), (rows) => rows[0] === undefined ? Results.none : Results.toFigures(rows[0])),
      series: (query) => Effect.map(series(query), (rows) => rows.map(Results.toPoint)),
      top: (query) => Effect.map(top(query), (rows) => rows.map(Results.toNamed)),
      percentiles: (query) => Effect.map(percentiles(query), (rows) => rows.map(Results.toPercentiles)),
      recent: (query) => Effect.flatMap(recent(query), (found) => exact(Recent.withAttempts(sql, found)))
    })
  }
)

/**
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<Queries, never, SqlClient.SqlClient> = Layer.effect(Queries, make)
