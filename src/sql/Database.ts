/**
 * Which database: a file of SQLite, or a PostgreSQL.
 *
 * @since 0.1.0
 */
import { Effect, Layer, Redacted, Schema } from "effect"
import type { SqlClient, SqlError } from "effect/sql"

/**
 * The file, or the address with its password, as in `postgres://user:password@host/name`.
 *
 * @since 0.1.0
 * @category models
 */
export type Database = { readonly sqlite: string } | { readonly postgres: Redacted.Redacted }

/**
 * What speaks to the database cannot be loaded; `needs` says what it takes.
 *
 * @since 0.1.0
 * @category errors
 */
export class DriverMissing extends Schema.TaggedError<DriverMissing>("llmdispatcher/DriverMissing")("DriverMissing", {
  needs: Schema.String,
  cause: Schema.Defect()
}) {
  override get message(): string {
    return `this database needs ${this.needs}`
  }
}

const driver = <A>(needs: string, load: () => Promise<A>): Effect.Effect<A, DriverMissing> =>
  Effect.tryPromise({ try: load, catch: (cause) => new DriverMissing({ needs, cause }) })

/**
 * Reads what stands for a database on a command line: an address that begins with `postgres:` or `postgresql:`, else
 * the name of a file.
 *
 * @since 0.1.0
 * @category conversions
 */
export const parse = (text: string): Database =>
  /^postgres(?:ql)?:/i.test(text) ? { postgres: Redacted.make(text) } : { sqlite: text }

/**
 * The database in words without its password.
 *
 * @since 0.1.0
 * @category conversions
 */
export const describe = (database: Database): string => {
  if ("sqlite" in database) return database.sqlite
  const url = URL.parse(Redacted.value(database.postgres))
  if (url === null || !url.pathname.startsWith("/")) return "PostgreSQL"
  return `${url.host === "" ? url.searchParams.get("host") ?? "localhost" : url.host}${url.pathname}`
}

/**
 * The client of that database; only what it needs is loaded. With `isReadOnly` a file that is not there is not made.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  database: Database,
  options: { readonly isReadOnly?: boolean | undefined } = {}
): Layer.Layer<SqlClient.SqlClient, SqlError.SqlError | DriverMissing> =>
  Layer.unwrap(
    "sqlite" in database
      ? Effect.map(
        driver("Node 22.19 or newer", () => import("./NodeSqlite.ts")),
        ({ layer }): Layer.Layer<SqlClient.SqlClient, SqlError.SqlError> =>
          layer({ filename: database.sqlite, isReadOnly: options.isReadOnly })
      )
      : Effect.map(
        driver("one more package: npm install @effect/sql-pg", () => import("@effect/sql-pg/PgClient")),
        ({ layer }): Layer.Layer<SqlClient.SqlClient, SqlError.SqlError> =>
          layer({ url: database.postgres, applicationName: "llmdispatcher" })
      )
  )
