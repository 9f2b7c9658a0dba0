/**
 * One batch of dispatches with all their attempts as one transaction.
 *
 * @since 0.1.0
 */
import { Array, Effect } from "effect"
import { type Migrator, SqlClient, SqlError } from "effect/sql"
import type { DispatchRecord } from "../Record.ts"
import * as Migrations from "./Migrations.ts"
import * as Rows from "./Rows.ts"

/**
 * @since 0.1.0
 * @category errors
 */
export type InsertError = SqlError.SqlError | Migrator.MigrationError

/** A database that does not answer is tried again, on another connection. */
const limit = "30 seconds"

/**
 * Rows of one statement, so that the requests' turn comes every half to whole millisecond: SQLite runs on their thread,
 * for PostgreSQL the rows are made there.
 */
const chunk = { sqlite: 50, pg: 100 }

const failed = (message: string, cause?: unknown) =>
  new SqlError.SqlError({ reason: new SqlError.UnknownError({ cause, message, operation: "insert" }) })

/** A bigint as text, which keeps all digits; the column says what it is. */
const json = (rows: ReadonlyArray<Rows.Row>): string =>
  JSON.stringify(rows, (_, value: unknown) => typeof value === "bigint" ? String(value) : value)

const statement = (sql: SqlClient.SqlClient, table: string, rows: Array.NonEmptyReadonlyArray<Rows.Row>) =>
  sql.onDialectOrElse({
    // One parameter whatever the rows, so one prepared statement.
    pg: () => {
      const columns = sql.csv(Object.keys(rows[0]).map((column) => sql`${sql(column)}`))
      return sql`INSERT INTO ${sql(table)} (${columns})
        SELECT ${columns} FROM json_populate_recordset(NULL::${sql(table)}, ${json(rows)}::json)
        ON CONFLICT DO NOTHING`
    },
    orElse: () => sql`INSERT INTO ${sql(table)} ${sql.insert(rows)} ON CONFLICT DO NOTHING`
  })

/**
 * Makes what writes a batch; a dispatch that is there already stays as it is, so a batch may be written again.
 *
 * The tables are made by the first batch, which may be empty, and looked for again after a failure.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: Effect.Effect<
  (records: ReadonlyArray<DispatchRecord>) => Effect.Effect<void, InsertError>,
  never,
  SqlClient.SqlClient
> = Effect.map(SqlClient.SqlClient, (sql) => {
  let isMigrated = false
  const migrate = Effect.suspend(() => isMigrated ? Effect.void : Migrations.run).pipe(
    Effect.andThen(Effect.sync(() => {
      isMigrated = true
    })),
    Effect.provideService(SqlClient.SqlClient, sql)
  )

  const most = sql.onDialectOrElse({ pg: () => chunk.pg, orElse: () => chunk.sqlite })

  /** A chunk at a time, and between two of them somebody else. */
  const insert = (
    table: string,
    records: ReadonlyArray<DispatchRecord>,
    rowsOf: (record: DispatchRecord) => ReadonlyArray<Rows.Row>
  ) =>
    Effect.forEach(
      Array.chunksOf(records, most),
      (records) =>
        Effect.forEach(Array.chunksOf(records.flatMap(rowsOf), most), (rows) =>
          Effect.andThen(statement(sql, table, rows), Effect.yieldNow), { discard: true }),
      { discard: true }
    )

  const insertAll = (records: ReadonlyArray<DispatchRecord>) =>
    records.length === 0 ? Effect.void : sql.withTransaction(Effect.andThen(
      insert("llmdispatcher_dispatch", records, (record) => [Rows.ofDispatch(record)]),
      insert("llmdispatcher_attempt", records, Rows.ofAttempts)
    ))

  return (records) =>
    Effect.andThen(migrate, Effect.suspend(() => insertAll(records))).pipe(
      Effect.timeoutOrElse({
        duration: limit,
        orElse: () => Effect.fail(failed(`the database did not answer within ${limit}`))
      }),
      // A connection that is lost within a transaction fails its ROLLBACK too, which effect takes for a defect.
      Effect.catchDefect((defect) => Effect.fail(failed(String(defect), defect))),
      Effect.tapError(() =>
        Effect.sync(() => {
          isMigrated = false
        })
      )
    )
})
