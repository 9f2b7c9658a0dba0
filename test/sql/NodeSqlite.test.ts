import { describe, expect, it } from "@effect/vitest"
import { Config, ConfigProvider, Effect, Exit, Fiber, Layer, Stream } from "effect"
import { SqlClient } from "effect/sql"
import { mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll } from "vitest"
import * as NodeSqlite from "../../src/sql/NodeSqlite.ts"

const folder = mkdtempSync(join(tmpdir(), "llmdispatcher-sqlite-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let number = 0
const fresh = () => join(folder, `${number++}.db`)

const memory = NodeSqlite.layer({ filename: ":memory:" })
const client = SqlClient.SqlClient

const table = Effect.flatMap(client, (sql) => sql`CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT UNIQUE) STRICT`)
const names = Effect.flatMap(
  client,
  (sql) =>
    Effect.map(sql<{ readonly name: string }>`SELECT name FROM t ORDER BY id`, (rows) => rows.map(({ name }) => name))
)
const insert = (name: string) => Effect.flatMap(client, (sql) => sql`INSERT INTO t (name) VALUES (${name})`)

describe("NodeSqlite", () => {
  it.effect("gives rows, values, what changed, and streams", () =>
    Effect.gen(function*() {
      const sql = yield* client
      yield* table
      expect(yield* sql`INSERT INTO t ${sql.insert([{ id: 1, name: "a" }, { id: 2, name: "b" }])} RETURNING id`)
        .toEqual([{ id: 1 }, { id: 2 }])
      expect(yield* sql`SELECT * FROM t WHERE name = ${"b"}`).toEqual([{ id: 2, name: "b" }])
      expect(yield* sql`SELECT id, name FROM t`.values).toEqual([[1, "a"], [2, "b"]])
      expect(yield* sql`SELECT id, name FROM t`).toEqual([{ id: 1, name: "a" }, { id: 2, name: "b" }])
      expect(yield* sql`UPDATE t SET name = ${undefined} WHERE id = 1`.raw).toEqual({ changes: 1, lastInsertRowid: 2 })
      expect(yield* sql`SELECT name FROM t WHERE id = 1`.raw).toEqual([{ name: null }])
      expect(yield* Stream.runCollect(sql`SELECT id FROM t ORDER BY id`.stream)).toEqual([{ id: 1 }, { id: 2 }])
      expect(yield* sql`SELECT ${true} AS yes, ${false} AS no`).toEqual([{ yes: 1, no: 0 }])
    }).pipe(Effect.provide(memory)))

  it.effect("gives integers beyond a number's digits as bigints where that is asked for", () =>
    Effect.gen(function*() {
      const sql = yield* client
      const largest = sql`SELECT 9223372036854775807 AS n, 1 AS one`
      expect(yield* Effect.provideService(largest, SqlClient.SafeIntegers, true)).toEqual([
        { n: 9223372036854775807n, one: 1n }
      ])
      expect((yield* Effect.flip(largest)).reason._tag).toBe("UnknownError")
      expect(yield* sql`SELECT 1 AS one`).toEqual([{ one: 1 }])
    }).pipe(Effect.provide(memory)))

  it.effect("keeps its durability settings, with foreign keys on", () =>
    Effect.gen(function*() {
      const sql = yield* client
      expect(
        yield* Effect.all([
          sql`PRAGMA journal_mode`,
          sql`PRAGMA synchronous`,
          sql`PRAGMA foreign_keys`,
          sql`PRAGMA busy_timeout`
        ])
      ).toEqual([[{ journal_mode: "wal" }], [{ synchronous: 1 }], [{ foreign_keys: 1 }], [{ timeout: 5 }]])
    }).pipe(Effect.provide(NodeSqlite.layer({ filename: fresh() }))))

  it.effect.each([
    ["INSERT INTO t (name) VALUES ('a')", "UniqueViolation", "SQLite: UNIQUE constraint failed: t.name"],
    [
      "INSERT INTO t (name) VALUES (x'00')",
      "ConstraintError",
      "SQLite: cannot store BLOB value in TEXT column t.name"
    ],
    ["SELECT * FROM nowhere", "UnknownError", "SQLite: no such table: nowhere"]
  ])("tells what is wrong with %s", ([statement, reason, message]) =>
    Effect.gen(function*() {
      const sql = yield* client
      yield* Effect.andThen(table, insert("a"))
      const error = yield* Effect.flip(sql.unsafe(statement!))
      expect([error.reason._tag, error.message]).toEqual([reason, message])
    }).pipe(Effect.provide(memory)))

  it.effect("runs a statement that failed before, once what it needs is there", () =>
    Effect.gen(function*() {
      const sql = yield* client
      const select = sql`SELECT * FROM t`
      yield* Effect.flip(select)
      yield* table
      expect(yield* select).toEqual([])
    }).pipe(Effect.provide(memory)))

  it.effect("takes a transaction back when it fails, a nested one alone", () =>
    Effect.gen(function*() {
      const sql = yield* client
      yield* table
      yield* Effect.exit(sql.withTransaction(Effect.andThen(insert("a"), Effect.fail("no"))))
      expect(yield* names).toEqual([])
      yield* sql.withTransaction(
        Effect.andThen(insert("b"), Effect.exit(sql.withTransaction(Effect.andThen(insert("c"), Effect.fail("no")))))
      )
      expect(yield* names).toEqual(["b"])
    }).pipe(Effect.provide(memory)))

  it.live("takes a transaction back when it is interrupted, and goes on", () =>
    Effect.gen(function*() {
      const sql = yield* client
      yield* table
      const fiber = yield* Effect.forkChild(sql.withTransaction(Effect.andThen(insert("a"), Effect.never)), {
        startImmediately: true
      })
      yield* Fiber.interrupt(fiber)
      yield* insert("b")
      expect(yield* names).toEqual(["b"])
    }).pipe(Effect.provide(memory)))

  it.live("lends its connection to one fiber at a time", () =>
    Effect.gen(function*() {
      const sql = yield* client
      yield* table
      yield* Effect.forEach(Array.from("abcdef"), (name) =>
        sql.withTransaction(Effect.gen(function*() {
          const before = (yield* names).length
          yield* Effect.yieldNow
          yield* insert(name)
          yield* Effect.yieldNow
          expect((yield* names).length).toBe(before + 1)
        })), { concurrency: "unbounded", discard: true })
      expect((yield* names).toSorted()).toEqual(Array.from("abcdef"))
    }).pipe(Effect.provide(memory)))

  it.live("waits for another that writes without blocking, and goes on when it is done", () =>
    Effect.gen(function*() {
      const filename = fresh()
      const other = Layer.fresh(NodeSqlite.layer({ filename }))
      const sql = yield* client.pipe(Effect.provide(yield* Layer.build(NodeSqlite.layer({ filename }))))
      yield* sql`CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT)`
      const holding = yield* Effect.forkChild(
        Effect.flatMap(client, (sql) => sql.withTransaction(Effect.andThen(insert("first"), Effect.sleep("60 millis"))))
          .pipe(Effect.provide(other)),
        { startImmediately: true }
      )
      // Both live in this thread, so a wait that blocked would never end.
      yield* Effect.sleep("20 millis")
      yield* sql`INSERT INTO t (name) VALUES ('second')`
      yield* sql.withTransaction(sql`INSERT INTO t (name) VALUES ('third')`)
      yield* Fiber.join(holding)
      expect(yield* sql`SELECT name FROM t ORDER BY id`).toEqual([{ name: "first" }, { name: "second" }, {
        name: "third"
      }])
    }).pipe(Effect.scoped))

  it.live("gives up on another that writes for too long", () =>
    Effect.gen(function*() {
      const filename = fresh()
      const holder = yield* client.pipe(Effect.provide(yield* Layer.build(NodeSqlite.layer({ filename }))))
      yield* holder`CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT)`
      const sql = yield* client.pipe(
        Effect.provide(yield* Layer.build(NodeSqlite.layer({ filename, busyTimeout: "30 millis" })))
      )
      yield* holder.withTransaction(Effect.gen(function*() {
        const plain = yield* Effect.flip(sql`INSERT INTO t (name) VALUES ('x')`)
        const within = yield* Effect.flip(sql.withTransaction(sql`INSERT INTO t (name) VALUES ('x')`))
        expect([plain.reason._tag, within.reason._tag]).toEqual(["LockTimeoutError", "LockTimeoutError"])
        expect(yield* sql`SELECT * FROM t`).toEqual([])
      }))
    }).pipe(Effect.scoped))

  it.effect("leaves no file but the database when it closes", () =>
    Effect.gen(function*() {
      const filename = fresh()
      yield* Effect.andThen(table, insert("a")).pipe(Effect.provide(NodeSqlite.layer({ filename })))
      expect(readdirSync(folder).filter((name) => join(folder, name).startsWith(filename))).toEqual([
        filename.slice(folder.length + 1)
      ])
    }))

  it.effect("only reads, where that is asked for, and makes no file", () =>
    Effect.gen(function*() {
      const filename = fresh()
      const reading = NodeSqlite.layer({ filename, isReadOnly: true })
      const missing = yield* Effect.exit(Effect.provide(names, reading))
      expect(Exit.isFailure(missing)).toBe(true)
      expect(readdirSync(folder)).not.toContain(filename.slice(folder.length + 1))
      yield* Effect.andThen(table, insert("a")).pipe(Effect.provide(NodeSqlite.layer({ filename })))
      yield* Effect.gen(function*() {
        const sql = yield* client
        expect(yield* sql.withTransaction(names)).toEqual(["a"])
        expect((yield* Effect.flip(insert("b"))).message).toBe("SQLite: attempt to write a readonly database")
      }).pipe(Effect.provide(reading))
    }))

  it.effect("says which file it cannot open", () =>
    Effect.gen(function*() {
      const filename = join(folder, "no/such/folder.db")
      const error = yield* Effect.flip(Effect.provide(names, NodeSqlite.layer({ filename })))
      expect([error.reason._tag, error.message]).toEqual([
        "ConnectionError",
        `SQLite: ${filename}: unable to open database file`
      ])
    }))

  it.effect("takes its file's name from the configuration", () =>
    Effect.gen(function*() {
      const layer = NodeSqlite.layerConfig({ filename: Config.String("DATABASE") })
      yield* Effect.provide(table, layer)
      expect(readdirSync(folder)).toContain("configured.db")
    }).pipe(
      Effect.provideService(
        ConfigProvider.ConfigProvider,
        ConfigProvider.fromUnknown({ DATABASE: join(folder, "configured.db") })
      )
    ))
})
