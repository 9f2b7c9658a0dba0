import { describe, expect, it } from "@effect/vitest"
import { Effect, Exit, Layer, Logger, Metric, Schedule, Scope } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import fc from "fast-check"
import * as Database from "../../../src/sql/Database.ts"
import * as NodeSqlite from "../../../src/sql/NodeSqlite.ts"
import type { DispatchRecord } from "../../../src/stats/Record.ts"
import * as Writer from "../../../src/stats/sql/Writer.ts"
import { client, databases } from "./databases.ts"
import { attempt, dispatch } from "./records.ts"

const ids = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  const rows = yield* sql<{ readonly id: string }>`SELECT id FROM llmdispatcher_dispatch ORDER BY id`
  return rows.map(({ id }) => id)
})

const rename = (from: string, to: string) =>
  Effect.flatMap(SqlClient.SqlClient, (sql) => sql`ALTER TABLE ${sql(from)} RENAME TO ${sql(to)}`)

const breakDown = rename("llmdispatcher_dispatch", "away")
const repair = rename("away", "llmdispatcher_dispatch")

/** Waits until the figures are so. */
const until = (writer: Writer.Writer["Service"], holds: (figures: Writer.Figures) => boolean) =>
  Effect.repeat(writer.figures, { schedule: Schedule.spaced("5 millis"), until: holds })

/** The log's lines, told apart from the time they were written at. */
const logged = () => {
  const lines: Array<string> = []
  const logger = Logger.make(({ logLevel, message }) => lines.push(`${logLevel}: ${String(message)}`))
  return { lines, layer: Logger.layer([logger]) }
}

/** Makes a writer whose Scope is closed by the test. */
const closable = Effect.fnUntraced(function*(options: Writer.Options) {
  const scope = yield* Scope.make()
  yield* Effect.addFinalizer(() => Scope.close(scope, Exit.void))
  const writer = yield* Scope.provide(Writer.make(options), scope)
  return { writer, close: Scope.close(scope, Exit.void) }
})

describe.each(databases)("$name: Writer", { timeout: 30_000 }, ({ skip, start }) => {
  const fresh = start()

  it.live.skipIf(skip)("writes a dispatch with all its attempts", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const writer = yield* Writer.make()
      writer.record(dispatch("a", { attempts: [attempt(), attempt({ number: 2 })] }))
      writer.record(dispatch("b", { attempts: [] }))
      yield* writer.flush
      expect(yield* ids).toEqual(["a", "b"])
      expect(yield* sql.unsafe("SELECT dispatch_id, number FROM llmdispatcher_attempt ORDER BY number").values).toEqual(
        [["a", 1], ["a", 2]].map(([id, number]) => [
          id,
          sql.onDialectOrElse({ pg: () => BigInt(number!), orElse: () => number })
        ])
      )
      expect(yield* writer.figures).toEqual({ written: 2, dropped: 0, failedBatches: 0, buffered: 0 })
    }).pipe(Effect.scoped, Effect.provide(client(fresh))))

  it.live.skipIf(skip)("writes full batches at once and leaves the rest for later", () =>
    Effect.gen(function*() {
      const writer = yield* Writer.make({ batchSize: 10, interval: "1 hour" })
      for (let number = 0; number < 25; number++) writer.record(dispatch(`${number}`))
      expect(yield* until(writer, ({ written }) => written === 20)).toEqual({
        written: 20,
        dropped: 0,
        failedBatches: 0,
        buffered: 5
      })
    }).pipe(Effect.scoped, Effect.provide(client(fresh))))

  it.live.skipIf(skip)("writes what does not fill a batch after a while", () =>
    Effect.gen(function*() {
      const writer = yield* Writer.make({ interval: "20 millis" })
      writer.record(dispatch("a"))
      yield* until(writer, ({ written }) => written === 1)
      writer.record(dispatch("b"))
      yield* until(writer, ({ written }) => written === 2)
      expect(yield* ids).toEqual(["a", "b"])
    }).pipe(Effect.scoped, Effect.provide(client(fresh))))

  it.live.skipIf(skip)("does not double a dispatch that is recorded again", () =>
    Effect.gen(function*() {
      const writer = yield* Writer.make()
      writer.record(dispatch("a", { caller: "ann" }))
      yield* writer.flush
      writer.record(dispatch("a", { caller: "bob" }))
      writer.record(dispatch("b"))
      yield* writer.flush
      const sql = yield* SqlClient.SqlClient
      expect(yield* sql`SELECT id, caller FROM llmdispatcher_dispatch ORDER BY id`).toEqual([
        { id: "a", caller: "ann" },
        { id: "b", caller: "ann" }
      ])
      expect(yield* sql.unsafe("SELECT dispatch_id FROM llmdispatcher_attempt ORDER BY dispatch_id").values)
        .toEqual([["a"], ["b"]])
    }).pipe(Effect.scoped, Effect.provide(client(fresh))))

  it.live.skipIf(skip)("keeps what a failing database does not take, and tells of each outage once", () => {
    const { layer, lines } = logged()
    return Effect.gen(function*() {
      const writer = yield* Writer.make({ interval: "10 millis" })
      writer.record(dispatch("a"))
      yield* writer.flush
      yield* breakDown
      writer.record(dispatch("b"))
      yield* until(writer, ({ failedBatches }) => failedBatches >= 2)
      expect(lines).toEqual([expect.stringMatching(/^Warn: statistics cannot be written, and are kept for now: \S/)])
      yield* repair
      yield* until(writer, ({ buffered }) => buffered === 0)
      expect(yield* ids).toEqual(["a", "b"])
      yield* breakDown
      writer.record(dispatch("c"))
      yield* until(writer, ({ buffered, failedBatches }) => buffered === 1 && failedBatches >= 3)
      yield* repair
      yield* writer.flush
      expect(yield* ids).toEqual(["a", "b", "c"])
      expect(lines.map((line) => line.replace(/:? [^:]*$/, ""))).toHaveLength(4)
      expect(lines[3]).toBe("Info: statistics are written again; 0 dispatches are missing of the time between")
    }).pipe(Effect.scoped, Effect.provide(Layer.merge(client(fresh), layer)))
  })

  it.live.skipIf(skip)("writes all or nothing of a batch", () =>
    Effect.gen(function*() {
      const writer = yield* Writer.make({ interval: "10 millis" })
      yield* Effect.andThen(Effect.sync(() => writer.record(dispatch("a"))), writer.flush)
      yield* rename("llmdispatcher_attempt", "away")
      writer.record(dispatch("b"))
      yield* until(writer, ({ failedBatches }) => failedBatches >= 1)
      expect(yield* ids).toEqual(["a"])
      yield* rename("away", "llmdispatcher_attempt")
      yield* writer.flush
      expect(yield* ids).toEqual(["a", "b"])
    }).pipe(Effect.scoped, Effect.provide(client(fresh))))

  it.live.each(
    skip ? [] : [
      { drop: "oldest", kept: ["d", "e", "f", "g", "h"] },
      { drop: "newest", kept: ["a", "b", "c", "d", "e"] }
    ] as const
  )("drops the $drop where the buffer is full, and counts it", ({ drop, kept }) =>
    Effect.gen(function*() {
      const writer = yield* Writer.make({ capacity: 5, drop })
      for (const id of "abcdefgh") writer.record(dispatch(id))
      expect(yield* writer.figures).toEqual({ written: 0, dropped: 3, failedBatches: 0, buffered: 5 })
      yield* writer.flush
      expect(yield* ids).toEqual(kept)
    }).pipe(Effect.scoped, Effect.provide(client(fresh))))

  it.live.skipIf(skip)("writes the rest when its Scope closes, and takes no more", () =>
    Effect.gen(function*() {
      const { close, writer } = yield* closable({ interval: "1 hour" })
      for (const id of "abc") writer.record(dispatch(id))
      yield* close
      expect(yield* ids).toEqual(["a", "b", "c"])
      writer.record(dispatch("d"))
      expect(yield* writer.figures).toEqual({ written: 3, dropped: 1, failedBatches: 0, buffered: 0 })
    }).pipe(Effect.scoped, Effect.provide(client(fresh))))

  it.live.skipIf(skip)("gives up after a while when its Scope closes, and says how many are missing", () => {
    const { layer, lines } = logged()
    return Effect.gen(function*() {
      const { close, writer } = yield* closable({ interval: "5 millis", batchSize: 2, closeTimeout: "50 millis" })
      yield* writer.flush
      writer.record(dispatch("a"))
      yield* writer.flush
      yield* breakDown
      for (const id of "bcd") writer.record(dispatch(id))
      yield* until(writer, ({ failedBatches }) => failedBatches >= 1)
      yield* close
      const { buffered, dropped, written } = yield* writer.figures
      expect({ buffered, dropped, written }).toEqual({ buffered: 0, dropped: 3, written: 1 })
      expect(lines.at(-1)).toBe(
        "Warn: 3 dispatches are missing in the statistics: the database did not take them in time"
      )
    }).pipe(Effect.scoped, Effect.provide(Layer.merge(client(fresh), layer)))
  })

  it.live.skipIf(skip)("writes any record, whatever texts and numbers are in it", () =>
    Effect.gen(function*() {
      const text = fc.oneof(
        fc.string({ unit: "binary" }),
        fc.string({ unit: "grapheme", minLength: 300, maxLength: 400 }),
        fc.constantFrom("\0", "\ud800", "x\udc00\0y", "'", "\"\\", "é".repeat(5_000))
      )
      const number = fc.oneof(fc.double(), fc.integer(), fc.maxSafeInteger(), fc.constantFrom(1e300, -1))
      const usage = fc.record({
        inputTokens: fc.record({ total: number, uncached: number, cacheRead: number, cacheWrite: number }, {
          requiredKeys: []
        }),
        outputTokens: fc.record({ total: number, text: number, reasoning: number }, { requiredKeys: [] })
      })
      const attempts = fc.array(
        fc.record({
          vendor: text,
          target: text,
          model: text,
          reason: text,
          status: number,
          duration: number,
          startedAfter: number,
          timeToFirstPart: number,
          cost: number,
          costSource: text,
          usage,
          retryAfter: number
        }),
        { maxLength: 3 }
      )
      const given = fc.record({
        startedAt: number,
        duration: number,
        timeToFirstPart: number,
        route: text,
        model: text,
        caller: text,
        reason: text,
        vendor: text,
        target: text,
        usage,
        cost: number,
        attempts: attempts.map((all) => all.map((given, at) => attempt({ ...given, number: at + 1 })))
      })
      const records = fc.sample(given, { numRuns: 200, seed: 7 }).map((given, at) =>
        dispatch(`${at}`, given as Partial<DispatchRecord>)
      )
      const writer = yield* Writer.make()
      records.forEach(writer.record)
      yield* writer.flush
      expect(yield* writer.figures).toEqual({ written: 200, dropped: 0, failedBatches: 0, buffered: 0 })
      expect((yield* ids).length).toEqual(200)
    }).pipe(Effect.scoped, Effect.provide(client(fresh))))

  it.live.skipIf(skip)(
    "starts on a database in which others make the tables at the same time",
    () =>
      Effect.gen(function*() {
        const database = yield* fresh
        yield* Effect.forEach(Array.from("abcdef"), (id) =>
          Effect.gen(function*() {
            const writer = yield* Writer.make()
            writer.record(dispatch(id))
            yield* writer.flush
            expect(yield* writer.figures).toEqual({ written: 1, dropped: 0, failedBatches: 0, buffered: 0 })
          }).pipe(Effect.scoped, Effect.provide(client(Effect.succeed(database)))), { concurrency: "unbounded" })
        expect(yield* Effect.provide(ids, client(Effect.succeed(database)))).toEqual(Array.from("abcdef"))
      })
  )
})

describe.each(databases.filter(({ name }) => name.startsWith("PostgreSQL")))(
  "$name: Writer over a network",
  { timeout: 30_000 },
  ({ skip, start }) => {
    const fresh = start()

    it.live.skipIf(skip)("goes on when its connections are cut", () =>
      Effect.gen(function*() {
        const database = yield* fresh
        const sql = yield* SqlClient.SqlClient.pipe(
          Effect.provide(yield* Layer.build(client(Effect.succeed(database))))
        )
        const writer = yield* Writer.make({ interval: "5 millis", batchSize: 50 }).pipe(
          Effect.provide(yield* Layer.build(client(Effect.succeed(database))))
        )
        const cut = sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE datname = current_database() AND pid <> pg_backend_pid()`
        for (let number = 0; number < 1_000; number++) {
          writer.record(dispatch(`${number}`))
          if (number % 100 === 50) {
            yield* Effect.sleep("3 millis")
            yield* cut
          }
        }
        yield* writer.flush
        expect(yield* sql.unsafe("SELECT COUNT(*) FROM llmdispatcher_attempt").values).toEqual([[1_000n]])
        const { buffered, dropped, written } = yield* writer.figures
        expect({ buffered, dropped, written }).toEqual({ buffered: 0, dropped: 0, written: 1_000 })
      }).pipe(Effect.scoped))

    it.live("starts where nobody answers, and keeps what has room", () =>
      Effect.gen(function*() {
        const writer = yield* Writer.make({ closeTimeout: 0 })
        writer.record(dispatch("a"))
        const { buffered, dropped, written } = yield* until(writer, ({ failedBatches }) => failedBatches >= 2)
        expect({ buffered, dropped, written }).toEqual({ buffered: 1, dropped: 0, written: 0 })
      }).pipe(
        Effect.scoped,
        Effect.provide(client(Effect.succeed(Database.parse("postgres://ann@localhost/stats?host=/nowhere"))))
      ))
  }
)

describe("Writer", () => {
  const memory = NodeSqlite.layer({ filename: ":memory:" })

  it.effect("waits one second for more to write", () =>
    Effect.gen(function*() {
      const writer = yield* Writer.make()
      writer.record(dispatch("a"))
      yield* TestClock.adjust(999)
      expect((yield* writer.figures).written).toBe(0)
      yield* TestClock.adjust(1)
      expect((yield* writer.figures).written).toBe(1)
    }).pipe(Effect.scoped, Effect.provide(memory)))

  it.effect("tries a batch again after 200 milliseconds and ever later, but for 30 seconds at most", () =>
    Effect.gen(function*() {
      const writer = yield* Writer.make({ closeTimeout: 0 })
      writer.record(dispatch("a"))
      yield* writer.flush
      yield* TestClock.adjust("5 seconds")
      yield* breakDown
      writer.record(dispatch("b"))
      yield* TestClock.adjust("1 second")
      expect((yield* writer.figures).failedBatches).toBe(1)
      // Each wait is jittered by a fifth.
      yield* TestClock.adjust(159)
      expect((yield* writer.figures).failedBatches).toBe(1)
      yield* TestClock.adjust(81)
      expect((yield* writer.figures).failedBatches).toBe(2)
      yield* TestClock.adjust("2 minutes")
      const before = (yield* writer.figures).failedBatches
      yield* TestClock.adjust("10 minutes")
      const tries = (yield* writer.figures).failedBatches - before
      expect(tries).toBeGreaterThanOrEqual(16)
      expect(tries).toBeLessThanOrEqual(25)
      yield* repair
      yield* TestClock.adjust("36 seconds")
      expect(yield* ids).toEqual(["a", "b"])
    }).pipe(Effect.scoped, Effect.provide(memory)))

  it.effect("tells its figures as metrics", () =>
    Effect.gen(function*() {
      const writer = yield* Writer.make({ capacity: 2 })
      for (const id of "abc") writer.record(dispatch(id))
      yield* writer.flush
      const metrics = (yield* Metric.snapshot).filter(({ id }) => id.startsWith("llmdispatcher.statistics."))
      expect(
        Object.fromEntries(metrics.map(({ id, state }) => [id, "count" in state ? state.count : (state as any).value]))
      )
        .toEqual({
          "llmdispatcher.statistics.written": 2,
          "llmdispatcher.statistics.dropped": 1,
          "llmdispatcher.statistics.failed_batches": 0,
          "llmdispatcher.statistics.buffered": 0
        })
    }).pipe(Effect.scoped, Effect.provide(memory), Effect.provideService(Metric.MetricRegistry, new Map())))

  it.effect.each([0, -1, 1.5, NaN])("refuses %d dispatches as a size", (size) =>
    Effect.gen(function*() {
      const capacity = yield* Effect.flip(Writer.make({ capacity: size }))
      const batchSize = yield* Effect.flip(Writer.make({ batchSize: size }))
      expect([capacity.message, batchSize.message]).toEqual([
        `capacity: must be a whole number above 0, not ${size}`,
        `batchSize: must be a whole number above 0, not ${size}`
      ])
    }).pipe(Effect.scoped, Effect.provide(memory)))

  it.effect("starts over a database that cannot be reached and drops nothing that has room", () => {
    return Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      yield* sql`CREATE TABLE llmdispatcher_migration (wrong TEXT)`
      const writer = yield* Writer.make({ closeTimeout: 0 })
      writer.record(dispatch("a"))
      yield* TestClock.adjust("159 millis")
      expect(yield* writer.figures).toEqual({ written: 0, dropped: 0, failedBatches: 1, buffered: 1 })
      yield* sql`DROP TABLE llmdispatcher_migration`
      yield* TestClock.adjust("1241 millis")
      expect(yield* writer.figures).toEqual({ written: 1, dropped: 0, failedBatches: 1, buffered: 0 })
    }).pipe(Effect.scoped, Effect.provide(memory))
  })
})
