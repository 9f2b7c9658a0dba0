import { assert, describe, expect, it } from "@effect/vitest"
import { DateTime, Effect, Layer, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import * as AccessKeys from "../../../src/access/AccessKeys.ts"
import * as Audit from "../../../src/access/Audit.ts"
import * as Principals from "../../../src/access/Principals.ts"
import * as Spending from "../../../src/access/Spending.ts"
import * as Migrations from "../../../src/access/sql/Migrations.ts"
import * as Stores from "../../../src/access/sql/Stores.ts"
import * as StatsMigrations from "../../../src/stats/sql/Migrations.ts"
import { databases } from "../../stats/sql/databases.ts"
import { as, principal } from "../support.ts"
import { client, live, one, process, run, stores } from "./stores.ts"

const fateOf = (token: Redacted.Redacted) =>
  AccessKeys.AccessKeys.use(({ verify }) => verify(token)).pipe(
    Effect.match({
      onFailure: (error) => error._tag === "KeyRejected" ? error.because : error._tag,
      onSuccess: ({ id }) => id
    })
  )

const pepper = Redacted.make("p".repeat(32))

describe.each(databases)("$name: Stores", { timeout: 60_000 }, ({ skip, start }) => {
  const test = it.effect.skipIf(skip)
  const fresh = start()

  test("keep keys over a restart: revoked, expired, rotated and good ones", () =>
    Effect.gen(function*() {
      const database = yield* one(fresh)
      const tokens = yield* Effect.gen(function*() {
        yield* principal("app", {})
        const { issue, revoke, rotate } = yield* AccessKeys.AccessKeys
        const make = (name: string, expiresAt?: number) => issue({ principal: "app", name, expiresAt })
        const good = yield* make("good")
        const gone = yield* make("gone")
        yield* revoke(gone.key.id)
        const short = yield* make("short", 5_000)
        const old = yield* make("old")
        const rotated = yield* rotate(old.key.id, { grace: "8 seconds" })
        return [good, gone, short, old, rotated].map(({ token }) => token)
      }).pipe(as("root"), process(database, { pepper }))
      const fates = Effect.forEach(tokens, fateOf).pipe(process(database, { pepper }))
      expect(yield* fates).toEqual(["app", "revoked", "app", "app", "app"])
      yield* TestClock.setTime(5_000)
      expect(yield* fates).toEqual(["app", "revoked", "expired", "app", "app"])
      yield* TestClock.setTime(8_000)
      expect(yield* fates).toEqual(["app", "revoked", "expired", "expired", "app"])
      const another = { pepper: Redacted.make("q".repeat(32)) }
      expect(yield* Effect.forEach(tokens, fateOf).pipe(process(database, another))).toEqual(
        tokens.map(() => "unknown")
      )
    }))

  test("keep principals over a restart, with all that a grant can say", () =>
    Effect.gen(function*() {
      const database = yield* one(fresh)
      const grant = {
        models: ["gpt-*", "vendor/\"möd'el\""],
        vendors: [],
        features: ["tools"],
        limits: { concurrency: 3 },
        budget: { day: 1n, total: 999_999_999_999_999_999n },
        scopes: ["keys:write"],
        notBefore: DateTime.makeUnsafe(-1),
        expiresAt: DateTime.makeUnsafe(4_102_444_800_123)
      } as const
      const all = Effect.gen(function*() {
        const { get, list } = yield* Principals.Principals
        return [yield* get("root"), ...yield* list(), ...yield* list("acme")]
      }).pipe(as("root"))
      const before = yield* Effect.gen(function*() {
        const { revoke } = yield* Principals.Principals
        yield* principal("acme", grant)
        yield* principal("gone", {})
        yield* principal("app", {}, "acme")
        yield* as("root")(revoke("gone"))
        return yield* all
      }).pipe(process(database))
      expect(before.map(({ id, revokedAt }) => [id, revokedAt])).toEqual([
        ["root", undefined],
        ["acme", undefined],
        ["gone", 0],
        ["app", undefined]
      ])
      expect(before[1]?.grant).toEqual(grant)
      expect(yield* process(database)(all)).toEqual(before)
    }))

  test("take the operator's word on the root at each start, and record what it changed", () =>
    Effect.gen(function*() {
      const database = yield* one(fresh)
      const models = Principals.Principals.use(({ resolve }) => resolve("root")).pipe(
        Effect.map(({ effective }) => effective.models)
      )
      expect(yield* process(database)(models)).toEqual([])
      yield* Effect.gen(function*() {
        expect(yield* models).toEqual([["gpt-*"]])
        const events = yield* Audit.Audit.use(({ recent }) => recent())
        expect(events.map(({ action, subject }) => [action, subject])).toEqual([["principal.update", "principal:root"]])
      }).pipe(process(database, { root: { models: ["gpt-*"] } }))
    }))

  test("share one database with the statistics, whoever comes first and however many at once", () =>
    Effect.gen(function*() {
      for (const order of [[Migrations.run, StatsMigrations.run], [StatsMigrations.run, Migrations.run]]) {
        const database = yield* one(fresh)
        const opened = (effect: (typeof order)[number]) => Effect.provide(effect, client(database), { local: true })
        yield* Effect.forEach([...order, ...order, ...order], opened, { concurrency: "unbounded" }).pipe(
          live
        )
        yield* Effect.forEach(order, opened)
        const { principals, dispatches } = yield* Effect.gen(function*() {
          const sql = yield* SqlClient.SqlClient
          return {
            principals: yield* sql`SELECT id FROM llmdispatcher_principal`,
            dispatches: yield* sql`SELECT id FROM llmdispatcher_dispatch`
          }
        }).pipe(Effect.provide(client(database)))
        expect([principals, dispatches]).toEqual([[], []])
      }
    }))

  test("may be opened by several at the same time, with one root and one audit", () =>
    Effect.gen(function*() {
      const database = yield* one(fresh)
      const root = { scopes: ["keys:read"] } as const
      yield* Effect.forEach(
        ["a", "b", "c", "d"],
        () => process(database, { root })(Effect.void),
        { concurrency: "unbounded" }
      ).pipe(live)
      yield* Effect.gen(function*() {
        expect(yield* run("SELECT id FROM llmdispatcher_principal")).toEqual([{ id: "root" }])
        expect(yield* Audit.Audit.use(({ verify }) => verify)).toEqual({ isIntact: true })
      }).pipe(process(database, { root }))
    }))

  test("make both of a change and its record or neither", () =>
    Effect.gen(function*() {
      const { create, list, resolve } = yield* Principals.Principals
      const keys = yield* AccessKeys.AccessKeys
      const audit = yield* Audit.Audit
      yield* principal("app", {})
      const { key, token } = yield* keys.issue({ name: "a", principal: "app" }).pipe(as("root"))
      const head = yield* audit.head
      yield* run("ALTER TABLE llmdispatcher_audit_lineage RENAME TO away")
      const failures = yield* Effect.forEach([
        create({ name: "b", kind: "team", grant: {} }),
        keys.issue({ name: "b", principal: "app" }),
        keys.rotate(key.id),
        keys.revoke(key.id),
        Principals.Principals.use(({ revoke }) => revoke("app"))
      ], (change: Effect.Effect<unknown, { readonly _tag: string }, Principals.Principals>) =>
        Effect.flip(as("root")(change)))
      expect(failures.map(({ _tag }) =>
        _tag
      )).toEqual(failures.map(() => "StoreUnavailable"))
      yield* run("ALTER TABLE away RENAME TO llmdispatcher_audit_lineage")
      expect((yield* as("root")(list())).map(({ id }) => id)).toEqual(["app"])
      expect(yield* as("root")(keys.list("app"))).toEqual([key])
      expect((yield* resolve("app")).principal.id).toBe("app")
      expect(yield* fateOf(token)).toBe("app")
      expect(yield* audit.head).toBe(head)
      expect((yield* audit.recent()).map(({ action }) => action)).toEqual(["key.issue", "principal.create"])
    }).pipe(Effect.provide(stores(fresh))))

  test("roll back a change that is interrupted, and go on", () =>
    Effect.gen(function*() {
      const { create, list } = yield* Principals.Principals
      const make = (name: string) => create({ name, kind: "team", grant: {} }).pipe(as("root"))
      yield* Effect.forEach(
        Array.from({ length: 40 }, (_, at) => at),
        (at) => Effect.raceFirst(make(`${at}`), Effect.forEach(Array.from({ length: at }), () => Effect.yieldNow))
      )
      const made = (yield* as("root")(list())).length
      const recorded = (yield* Audit.Audit.use(({ recent }) => recent())).length
      expect(recorded).toBe(made)
      yield* make("last")
      expect(yield* Audit.Audit.use(({ verify }) => verify)).toEqual({ isIntact: true })
    }).pipe(Effect.provide(stores(fresh))))

  test("tell that they are away, and come back by themselves", () =>
    Effect.gen(function*() {
      yield* principal("app", { budget: { day: 10n } })
      const { token } = yield* AccessKeys.AccessKeys.use(({ issue }) => issue({ name: "a", principal: "app" })).pipe(
        as("root")
      )
      const { resolve } = yield* Principals.Principals
      const { reserve } = yield* Spending.Spending
      const asked = Effect.gen(function*() {
        return [
          yield* fateOf(token),
          yield* Effect.match(resolve("app"), {
            onFailure: ({ _tag }) => _tag,
            onSuccess: ({ principal }) => principal.id
          }),
          yield* Effect.match(reserve([{ principal: "app", period: "day", limit: 10n }], 1n), {
            onFailure: ({ _tag }) => _tag,
            onSuccess: () => "reserved"
          })
        ]
      })
      const tables = ["llmdispatcher_key", "llmdispatcher_principal"]
      expect(yield* asked).toEqual(["app", "app", "reserved"])
      yield* run(...tables.map((table) => `ALTER TABLE ${table} RENAME TO away_${table}`))
      expect(yield* asked).toEqual(["app", "app", "reserved"])
      yield* TestClock.adjust("5 seconds")
      expect(yield* asked).toEqual(["StoreUnavailable", "StoreUnavailable", "reserved"])
      yield* run(...tables.map((table) => `ALTER TABLE away_${table} RENAME TO ${table}`))
      expect(yield* asked).toEqual(["app", "app", "reserved"])
    }).pipe(Effect.provide(stores(fresh))))

  test("take no text for SQL", () =>
    Effect.gen(function*() {
      const hostile = "'; DROP TABLE llmdispatcher_key; --"
      const { create, find } = { ...yield* Principals.Principals, find: yield* Audit.Audit }
      const { id } = yield* create({ name: hostile, kind: "team", grant: { models: [hostile] } }).pipe(as("root"))
      expect(yield* fateOf(Redacted.make(hostile))).toBe("unknown")
      expect(yield* Effect.flip(Principals.Principals.use(({ resolve }) => resolve(hostile)))).toMatchObject({
        _tag: "NotFound"
      })
      expect(yield* find.recent({ actor: hostile, action: hostile, subject: hostile, within: hostile })).toEqual([])
      expect((yield* Principals.Principals.use(({ resolve }) => resolve(id))).principal.name).toBe(hostile)
    }).pipe(Effect.provide(stores(fresh))))

  test("refuse a time out of range, a weak pepper, and a database that cannot be used", () =>
    Effect.gen(function*() {
      const failed = (options: Stores.Options) =>
        Effect.map(Effect.flip(Layer.build(Stores.layer(options))), ({ message }) => message)
      expect(yield* failed({ freshness: "2 minutes" })).toBe("access.freshness: must be from 0 to 1 minute")
      expect(yield* failed({ interval: "-1 seconds" as "1 second" })).toBe(
        "access.interval: must be from 0 to 1 minute"
      )
      expect(yield* failed({ pepper: Redacted.make("weak") })).toBe("access.pepper: must have at least 32 characters")
      yield* run("ALTER TABLE llmdispatcher_principal RENAME TO away")
      const error = yield* Effect.flip(Layer.build(Stores.layer()))
      assert(error._tag === "StoreUnavailable")
      expect(error.store).toBe("principals")
    }).pipe(Effect.scoped, Effect.provide(client(fresh))))
})
