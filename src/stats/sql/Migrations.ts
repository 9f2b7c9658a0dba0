/**
 * The tables of the statistics, the same in SQLite and in PostgreSQL.
 *
 * No prompt, no answer and no words of a vendor are in them.
 *
 * @since 0.1.0
 */
import { Effect } from "effect"
import { Migrator, SqlClient, type SqlError } from "effect/sql"

/** What is written here never changes: a change is a migration of its own. */
const first = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  const integer = sql.onDialectOrElse({ pg: () => sql.literal("BIGINT"), orElse: () => sql.literal("INTEGER") })
  const real = sql.onDialectOrElse({ pg: () => sql.literal("DOUBLE PRECISION"), orElse: () => sql.literal("REAL") })
  const strict = sql.onDialectOrElse({ pg: () => sql.literal(""), orElse: () => sql.literal("STRICT") })
  const spent = sql`input_tokens ${integer},
    input_uncached ${integer},
    input_cache_read ${integer},
    input_cache_write ${integer},
    output_tokens ${integer},
    output_text ${integer},
    output_reasoning ${integer},
    cost_picodollars ${integer}`

  yield* sql`CREATE TABLE llmdispatcher_dispatch (
    id TEXT NOT NULL PRIMARY KEY,
    operation TEXT NOT NULL,
    started_at ${integer} NOT NULL,
    duration ${real} NOT NULL,
    time_to_first_part ${real},
    route TEXT,
    model TEXT,
    caller TEXT,
    outcome TEXT NOT NULL,
    reason TEXT,
    vendor TEXT,
    target TEXT,
    finish_reason TEXT,
    is_cached ${integer} NOT NULL,
    attempts ${integer} NOT NULL,
    ${spent}
  ) ${strict}`
  yield* sql`CREATE INDEX llmdispatcher_dispatch_time ON llmdispatcher_dispatch (started_at, id)`
  yield* sql`CREATE INDEX llmdispatcher_dispatch_caller ON llmdispatcher_dispatch (caller, started_at)`

  yield* sql`CREATE TABLE llmdispatcher_attempt (
    dispatch_id TEXT NOT NULL REFERENCES llmdispatcher_dispatch (id) ON DELETE CASCADE,
    number ${integer} NOT NULL,
    started_at ${integer} NOT NULL,
    duration ${real} NOT NULL,
    time_to_first_part ${real},
    vendor TEXT NOT NULL,
    target TEXT NOT NULL,
    model TEXT NOT NULL,
    occasion TEXT,
    outcome TEXT NOT NULL,
    reason TEXT,
    status ${integer},
    retry_after ${real},
    cost_source TEXT,
    ${spent},
    PRIMARY KEY (dispatch_id, number)
  ) ${strict}`
  yield* sql`CREATE INDEX llmdispatcher_attempt_time ON llmdispatcher_attempt (started_at)`
  yield* sql`CREATE INDEX llmdispatcher_attempt_target ON llmdispatcher_attempt (target, started_at)`
})

/**
 * Brings the tables up to date; nothing where they are. Any number of processes may do so at once.
 *
 * @since 0.1.0
 * @category running
 */
export const run: Effect.Effect<void, Migrator.MigrationError | SqlError.SqlError, SqlClient.SqlClient> = Effect
  .asVoid(
    Migrator.make({})({
      loader: Migrator.fromRecord({ "0001_dispatches": first }),
      table: "llmdispatcher_migration"
    })
  )

/**
 * Whether there are tables of statistics.
 *
 * @since 0.1.0
 * @category accessors
 */
export const isThere: Effect.Effect<boolean, SqlError.SqlError, SqlClient.SqlClient> = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  const found = yield* sql.onDialectOrElse({
    pg: () => sql`SELECT 1 AS found WHERE to_regclass('llmdispatcher_dispatch') IS NOT NULL`,
    orElse: () => sql`SELECT 1 AS found FROM sqlite_master WHERE type = 'table' AND name = 'llmdispatcher_dispatch'`
  })
  return found.length > 0
})
