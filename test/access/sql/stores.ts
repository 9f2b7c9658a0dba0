import { Clock, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import * as Access from "../../../src/access/Access.ts"
import * as Stores from "../../../src/access/sql/Stores.ts"
import * as Database from "../../../src/sql/Database.ts"
import type { Fresh } from "../../stats/sql/databases.ts"

/** By the real time, also where the test's own stands still. */
export const live = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Clock.clockWith((clock) => "withLive" in clock ? TestClock.withLive(effect) : effect)

/** The client of a database, which lives by the real time: a pool that sees a month pass has no connection left. */
export const client = (fresh: Fresh) =>
  Layer.effectContext(
    live(Effect.flatMap(Effect.orDie(fresh), (it) => Layer.build(Layer.orDie(Database.layer(it)))))
  )

/** Everything of access over this database. */
export const stores = (fresh: Fresh, options?: Stores.Options, access?: Access.Options) =>
  Access.layer(access).pipe(
    Layer.provideMerge(Layer.orDie(Stores.layer(options))),
    Layer.provideMerge(client(fresh))
  )

/** The same database each time, as a file of SQLite is for those who open it. */
export const one = (fresh: Fresh): Effect.Effect<Fresh> => Effect.map(live(Effect.orDie(fresh)), Effect.succeed)

/** As a process of its own does it that opens the database and closes it again. */
export const process = (database: Fresh, options?: Stores.Options) => <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.provide(effect, stores(database, options), { local: true })

/** Statements as somebody runs them who goes past the stores; gives the rows of the last. */
export const run = (...statements: ReadonlyArray<string>) =>
  Effect.flatMap(SqlClient.SqlClient, (sql) =>
    Effect.map(
      Effect.forEach(statements, (statement) => sql.unsafe<Record<string, unknown>>(statement).unprepared),
      (results) => results.at(-1) ?? []
    ))
