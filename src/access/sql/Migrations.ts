/**
 * The tables of access, the same in SQLite and in PostgreSQL, beside those of the statistics and apart from them.
 *
 * No key is in them, only what a key hashes to.
 *
 * @since 0.1.0
 */
import { Effect } from "effect"
import { Migrator, SqlClient, type SqlError } from "effect/sql"

const types = (sql: SqlClient.SqlClient) => ({
  integer: sql.onDialectOrElse({ pg: () => sql.literal("BIGINT"), orElse: () => sql.literal("INTEGER") }),
  /** Counts the rows in the order in which they came. */
  number: sql.onDialectOrElse({
    pg: () => sql.literal("BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"),
    orElse: () => sql.literal("INTEGER PRIMARY KEY AUTOINCREMENT")
  }),
  strict: sql.onDialectOrElse({ pg: () => sql.literal(""), orElse: () => sql.literal("STRICT") })
})

/** What is written here never changes: a change is a migration of its own. */
const principals = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  const { integer, number, strict } = types(sql)
  yield* sql`CREATE TABLE llmdispatcher_principal (
    number ${number},
    id TEXT NOT NULL UNIQUE,
    parent TEXT REFERENCES llmdispatcher_principal (id),
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    granted TEXT NOT NULL,
    created_at ${integer} NOT NULL,
    revoked_at ${integer}
  ) ${strict}`
  yield* sql`CREATE UNIQUE INDEX llmdispatcher_principal_name ON llmdispatcher_principal (parent, name)
    WHERE revoked_at IS NULL`
  yield* sql`CREATE INDEX llmdispatcher_principal_parent ON llmdispatcher_principal (parent, number)`
})

const keys = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  const { integer, number, strict } = types(sql)
  yield* sql`CREATE TABLE llmdispatcher_key (
    number ${number},
    id TEXT NOT NULL UNIQUE,
    principal TEXT NOT NULL REFERENCES llmdispatcher_principal (id),
    name TEXT NOT NULL,
    hash TEXT NOT NULL,
    created_at ${integer} NOT NULL,
    expires_at ${integer},
    revoked_at ${integer},
    last_used_at ${integer},
    replaced_by TEXT
  ) ${strict}`
  yield* sql`CREATE INDEX llmdispatcher_key_principal ON llmdispatcher_key (principal, number)`
})

const spending = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  const { integer, strict } = types(sql)
  // Dollars and the rest apart: picodollars in one column would end at nine million dollars.
  yield* sql`CREATE TABLE llmdispatcher_spending (
    principal TEXT NOT NULL,
    period TEXT NOT NULL,
    starts_at ${integer} NOT NULL,
    dollars ${integer} NOT NULL,
    picodollars ${integer} NOT NULL CHECK (picodollars BETWEEN 0 AND 999999999999),
    unknown ${integer} NOT NULL,
    PRIMARY KEY (principal, period, starts_at)
  ) ${strict}`
  yield* sql`CREATE INDEX llmdispatcher_spending_start ON llmdispatcher_spending (starts_at, period)`
  yield* sql`CREATE TABLE llmdispatcher_spending_writer (
    id TEXT NOT NULL PRIMARY KEY,
    batch ${integer} NOT NULL,
    written_at ${integer} NOT NULL
  ) ${strict}`
})

/** Nothing that was recorded is changed or taken away by mistake, neither by a program nor by a person. */
const appendOnly = Effect.flatMap(
  SqlClient.SqlClient,
  (sql): Effect.Effect<void, SqlError.SqlError> =>
    sql.onDialectOrElse({
      pg: () =>
        Effect.gen(function*() {
          yield* sql`CREATE FUNCTION llmdispatcher_audit_append_only() RETURNS trigger LANGUAGE plpgsql AS
          'BEGIN RAISE EXCEPTION ''the audit is append-only''; END'`
          yield* sql`CREATE TRIGGER llmdispatcher_audit_append_only
          BEFORE UPDATE OR DELETE OR TRUNCATE ON llmdispatcher_audit
          FOR EACH STATEMENT EXECUTE FUNCTION llmdispatcher_audit_append_only()`
        }),
      orElse: () =>
        Effect.forEach(["UPDATE", "DELETE"], (event) =>
          sql`CREATE TRIGGER ${sql(`llmdispatcher_audit_no_${event.toLowerCase()}`)}
          BEFORE ${sql.literal(event)} ON llmdispatcher_audit
          BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END`, { discard: true })
    })
)

const audit = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  const { integer, strict } = types(sql)
  yield* sql`CREATE TABLE llmdispatcher_audit (
    sequence ${integer} NOT NULL PRIMARY KEY,
    id TEXT NOT NULL,
    at ${integer} NOT NULL,
    actor TEXT,
    actor_key TEXT,
    request_id TEXT,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    outcome TEXT NOT NULL,
    reason TEXT,
    changes TEXT,
    lineage TEXT,
    previous TEXT NOT NULL,
    hash TEXT NOT NULL
  ) ${strict}`
  yield* sql`CREATE INDEX llmdispatcher_audit_time ON llmdispatcher_audit (at)`
  yield* sql`CREATE INDEX llmdispatcher_audit_actor ON llmdispatcher_audit (actor, sequence)`
  yield* sql`CREATE INDEX llmdispatcher_audit_subject ON llmdispatcher_audit (subject, sequence)`
  yield* sql`CREATE TABLE llmdispatcher_audit_lineage (
    principal TEXT NOT NULL,
    sequence ${integer} NOT NULL REFERENCES llmdispatcher_audit (sequence),
    PRIMARY KEY (principal, sequence)
  ) ${strict}`
  yield* appendOnly
})

/**
 * Brings the tables up to date; nothing where they are. Any number of processes may do so at once, before or after the
 * tables of the statistics.
 *
 * @since 0.1.0
 * @category running
 */
export const run: Effect.Effect<void, Migrator.MigrationError | SqlError.SqlError, SqlClient.SqlClient> = Effect
  .asVoid(
    Migrator.make({})({
      loader: Migrator.fromRecord({
        "0001_principals": principals,
        "0002_keys": keys,
        "0003_spending": spending,
        "0004_audit": audit
      }),
      table: "llmdispatcher_access_migration"
    })
  )
