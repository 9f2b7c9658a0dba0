import { describe, expect, it } from "@effect/vitest"
import { Clock, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import * as NodeSqlite from "../../../src/sql/NodeSqlite.ts"
import * as Retention from "../../../src/stats/sql/Retention.ts"
import * as Writer from "../../../src/stats/sql/Writer.ts"
import { client, databases } from "./databases.ts"
import { attempt, dispatch, start as now } from "./records.ts"

const day = 86_400_000

const write = (ages: ReadonlyArray<number>) =>
  Effect.gen(function*() {
    const writer = yield* Writer.make()
    ages.forEach((age, at) =>
      writer.record(dispatch(`${at}`, { startedAt: now - age, attempts: [attempt(), attempt({ number: 2 })] }))
    )
    yield* writer.flush
  }).pipe(Effect.scoped)

const left = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  const rows = yield* sql<{ readonly id: string }>`SELECT id FROM llmdispatcher_dispatch ORDER BY started_at DESC, id`
  const attempts = yield* sql`SELECT 1 FROM llmdispatcher_attempt`
  return { ids: rows.map(({ id }) => id), attempts: attempts.length }
})

describe.each(databases)("$name: Retention", { timeout: 30_000 }, ({ skip, start }) => {
  const fresh = start()

  it.live.skipIf(skip)(
    "deletes in chunks what is older than it is kept, with its attempts",
    () =>
      Effect.gen(function*() {
        yield* write([0, 29 * day, 30 * day - 1, ...Array.from({ length: 23 }, (_, at) => 31 * day + at)])
        const sinceNow = (yield* Clock.currentTimeMillis) - now
        expect(yield* Retention.sweep({ chunk: 10, keep: 30.5 * day + sinceNow })).toBe(23)
        expect(yield* left).toEqual({ ids: ["0", "1", "2"], attempts: 6 })
      }).pipe(Effect.provide(client(fresh)))
  )
})

describe("Retention", () => {
  const memory = NodeSqlite.layer({ filename: ":memory:" })

  it.effect("deletes at once and then every hour", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(now)
      yield* write([0, 7 * day - 3_600_000 + 1, 8 * day])
      yield* Layer.build(Retention.layer({ keep: "7 days" }))
      yield* TestClock.adjust(0)
      expect((yield* left).ids).toEqual(["0", "1"])
      yield* TestClock.adjust("59 minutes")
      expect((yield* left).ids).toEqual(["0", "1"])
      yield* TestClock.adjust("1 minute")
      expect((yield* left).ids).toEqual(["0"])
    }).pipe(Effect.scoped, Effect.provide(memory)))

  it.effect("keeps all for ever where that is asked for", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(now)
      yield* write([10_000 * day])
      expect(yield* Retention.sweep({ keep: Infinity })).toBe(0)
      expect((yield* left).ids).toEqual(["0"])
    }).pipe(Effect.provide(memory)))

  it.effect("goes on after a failure", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      yield* TestClock.setTime(now)
      yield* write([31 * day])
      yield* sql`ALTER TABLE llmdispatcher_dispatch RENAME TO away`
      yield* Layer.build(Retention.layer())
      yield* TestClock.adjust(0)
      yield* sql`ALTER TABLE away RENAME TO llmdispatcher_dispatch`
      yield* TestClock.adjust("1 hour")
      expect((yield* left).ids).toEqual([])
    }).pipe(Effect.scoped, Effect.provide(memory)))
})
