import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Migrations from "../../../src/access/sql/Migrations.ts"
import * as Store from "../../../src/access/sql/Store.ts"
import * as NodeSqlite from "../../../src/sql/NodeSqlite.ts"
import { run } from "./stores.ts"

describe("SQLite: Store", () => {
  it.effect("waits for the disk where a change is committed, and nowhere else", () =>
    Effect.gen(function*() {
      yield* Migrations.run
      const { atomically } = yield* Store.make
      const level = run("PRAGMA synchronous")
      const levels = Effect.all([level, atomically("keys")(level), level])
      const [normal, full] = [[{ synchronous: 1 }], [{ synchronous: 2 }]]
      expect(yield* levels).toEqual([normal, full, normal])
      expect(yield* levels).toEqual([normal, full, normal])
      yield* Effect.exit(atomically("keys")(Effect.fail("refused")))
      expect(yield* levels).toEqual([normal, full, normal])
      yield* Effect.raceFirst(atomically("keys")(Effect.never), Effect.yieldNow)
      expect(yield* levels).toEqual([normal, full, normal])
    }).pipe(Effect.provide(NodeSqlite.layer({ filename: ":memory:" }))))

  it.effect("fails with what the effect fails with, and with StoreUnavailable for the database's own", () =>
    Effect.gen(function*() {
      yield* Migrations.run
      const { atomically } = yield* Store.make
      expect(yield* Effect.flip(atomically("keys")(Effect.fail("mine")))).toBe("mine")
      const error = yield* Effect.flip(atomically("keys")(run("SELECT * FROM nowhere")))
      expect(error).toMatchObject({ _tag: "StoreUnavailable", store: "keys" })
    }).pipe(Effect.provide(NodeSqlite.layer({ filename: ":memory:" }))))
})
