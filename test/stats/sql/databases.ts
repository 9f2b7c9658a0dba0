import { Effect, Exit, Layer, Scope } from "effect"
import { SqlClient } from "effect/sql"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll } from "vitest"
import * as Database from "../../../src/sql/Database.ts"
import * as Postgres from "../../support/Postgres.ts"

/** A new and empty database for each time it is run. */
export type Fresh = Effect.Effect<Database.Database, unknown>

const sqlite = (): Fresh => {
  let folder: string | undefined
  let number = 0
  afterAll(() => folder === undefined ? undefined : rmSync(folder, { recursive: true, force: true }))
  return Effect.sync(() => {
    folder ??= mkdtempSync(join(tmpdir(), "llmdispatcher-sqlite-"))
    return { sqlite: join(folder, `${number++}.db`) }
  })
}

const postgres = (): Fresh => {
  const scope = Scope.makeUnsafe()
  afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)), 60_000)
  let number = 0
  const server = Effect.runSync(Effect.cached(Scope.provide(Postgres.start, scope)))
  return Effect.gen(function*() {
    const url = yield* server
    const name = `test_${number++}`
    yield* Effect.flatMap(SqlClient.SqlClient, (sql) => sql`CREATE DATABASE ${sql(name)}`).pipe(
      Effect.provide(Database.layer(Database.parse(url)))
    )
    return Database.parse(Postgres.withName(url, name))
  })
}

if (Postgres.bin === undefined) {
  console.warn("PostgreSQL is left out: neither PATH, /usr/lib/postgresql nor LLMDISPATCHER_POSTGRES_BIN has postgres")
}

/** What each suite is run over, as for `describe.each`. */
export const databases: ReadonlyArray<{ readonly name: string; readonly start: () => Fresh; readonly skip: boolean }> =
  [
    { name: "SQLite", start: sqlite, skip: false },
    Postgres.bin === undefined
      ? { name: "PostgreSQL, skipped: no postgres on this machine", start: sqlite, skip: true }
      : { name: "PostgreSQL", start: postgres, skip: false }
  ]

/** The client of a new database. */
export const client = (fresh: Fresh) =>
  Layer.unwrap(Effect.map(Effect.orDie(fresh), (it) => Layer.orDie(Database.layer(it))))
