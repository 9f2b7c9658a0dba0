import { describe, expect, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import * as AccessKeys from "../../../src/access/AccessKeys.ts"
import * as Audit from "../../../src/access/Audit.ts"
import * as Principals from "../../../src/access/Principals.ts"
import { databases } from "../../stats/sql/databases.ts"
import { as, principal } from "../support.ts"
import { live, one, process, stores } from "./stores.ts"

const fateOf = (token: Redacted.Redacted) =>
  AccessKeys.AccessKeys.use(({ verify }) => verify(token)).pipe(
    Effect.match({
      onFailure: (error) => error._tag === "KeyRejected" ? error.because : error._tag,
      onSuccess: ({ id }) => id
    })
  )

const stateOf = (id: string) =>
  Principals.Principals.use(({ resolve }) => resolve(id)).pipe(
    Effect.match({ onFailure: ({ _tag }) => _tag, onSuccess: () => "active" })
  )

const issue = AccessKeys.AccessKeys.use(({ issue }) => issue({ principal: "app", name: "a" })).pipe(as("root"))
const revokeKey = (id: string) => AccessKeys.AccessKeys.use(({ revoke }) => revoke(id)).pipe(as("root"))
const revokePrincipal = (id: string) => Principals.Principals.use(({ revoke }) => revoke(id)).pipe(as("root"))

describe.each(databases)("$name: Table", { timeout: 60_000 }, ({ skip, start }) => {
  const test = it.effect.skipIf(skip)
  const fresh = start()

  test("ends what another process revokes within 5 seconds, and not before the database is asked again", () =>
    Effect.gen(function*() {
      const database = yield* one(fresh)
      yield* Effect.gen(function*() {
        yield* principal("app", {})
        const { key, token } = yield* issue
        const fates = Effect.all([fateOf(token), stateOf("app")])
        expect(yield* fates).toEqual(["app", "active"])
        yield* TestClock.setTime(3_000)
        yield* Effect.andThen(revokeKey(key.id), revokePrincipal("app")).pipe(process(database))
        yield* TestClock.setTime(4_999)
        expect(yield* fates).toEqual(["app", "active"])
        yield* TestClock.setTime(5_000)
        expect(yield* fates).toEqual(["revoked", "Revoked"])
      }).pipe(process(database))
    }))

  test("ends at once what the same process revokes, also while it is asked for", () =>
    Effect.gen(function*() {
      yield* principal("app", {})
      const { key, token } = yield* issue
      expect(yield* fateOf(token)).toBe("app")
      const asked = yield* Effect.all([revokeKey(key.id), ...Array.from({ length: 50 }, () => fateOf(token))], {
        concurrency: "unbounded"
      })
      expect(asked.slice(1).every((fate) => fate === "app" || fate === "revoked")).toBe(true)
      expect(yield* fateOf(token)).toBe("revoked")
      expect(yield* stateOf("app")).toBe("active")
      yield* revokePrincipal("app")
      expect(yield* stateOf("app")).toBe("Revoked")
    }).pipe(Effect.provide(stores(fresh))))

  test("finds at once the key and the principal that another process made", () =>
    Effect.gen(function*() {
      const database = yield* one(fresh)
      yield* Effect.gen(function*() {
        expect(yield* stateOf("app")).toBe("NotFound")
        const { token } = yield* Effect.andThen(principal("app", {}), issue).pipe(process(database))
        expect([yield* fateOf(token), yield* stateOf("app")]).toEqual(["app", "active"])
      }).pipe(process(database))
    }))

  test("changes nothing on the word of a row that is old", () =>
    Effect.gen(function*() {
      const database = yield* one(fresh)
      yield* Effect.gen(function*() {
        yield* principal("app", {})
        expect(yield* stateOf("app")).toBe("active")
        yield* process(database)(revokePrincipal("app"))
        expect(yield* stateOf("app")).toBe("active")
        expect((yield* Effect.flip(issue))._tag).toBe("Revoked")
      }).pipe(process(database))
    }))

  test("asks the database each time where nothing may be old", () =>
    Effect.gen(function*() {
      const database = yield* one(fresh)
      yield* Effect.gen(function*() {
        yield* principal("app", {})
        const { key, token } = yield* issue
        expect(yield* fateOf(token)).toBe("app")
        yield* process(database)(revokeKey(key.id))
        expect(yield* fateOf(token)).toBe("revoked")
      }).pipe(process(database, { freshness: 0 }))
    }))

  test("makes one of those that several processes give the same name at once", () =>
    Effect.gen(function*() {
      const database = yield* one(fresh)
      yield* process(database)(Effect.void)
      const create = Principals.Principals.use(({ create }) => create({ name: "same", kind: "team", grant: {} })).pipe(
        as("root"),
        Effect.match({ onFailure: ({ _tag }) => _tag, onSuccess: () => "done" })
      )
      const outcomes = yield* Effect.forEach([1, 2, 3, 4], () => process(database)(create), {
        concurrency: "unbounded"
      }).pipe(live)
      expect(outcomes.toSorted()).toEqual(["Duplicate", "Duplicate", "Duplicate", "done"])
      const chained = Audit.Audit.use(({ recent, verify }) => Effect.all([verify, recent()]))
      const [verified, events] = yield* process(database)(chained)
      expect(verified).toEqual({ isIntact: true })
      expect(events.map(({ outcome }) => outcome).toSorted()).toEqual(["done", "refused", "refused", "refused"])
    }))

  test("notes within a second when a key was used, and makes no request wait for it", () =>
    Effect.gen(function*() {
      const database = yield* one(fresh)
      const usedAt = AccessKeys.AccessKeys.use(({ list }) => list("app")).pipe(
        as("root"),
        Effect.map((keys) => keys.map(({ lastUsedAt }) => lastUsedAt)),
        process(database)
      )
      yield* Effect.gen(function*() {
        yield* principal("app", {})
        const { token } = yield* issue
        yield* fateOf(token)
        expect(yield* usedAt).toEqual([undefined])
        yield* TestClock.adjust("1 second")
        yield* Effect.repeat(usedAt, { until: ([at]) => at !== undefined })
        expect(yield* usedAt).toEqual([0])
        yield* TestClock.setTime(61_000)
        yield* fateOf(token)
      }).pipe(process(database))
      // The last was written when that process ended.
      expect(yield* usedAt).toEqual([61_000])
    }))

  test("keeps no key itself", () =>
    Effect.gen(function*() {
      yield* principal("app", {})
      const { token } = yield* issue
      const sql = yield* SqlClient.SqlClient
      const tables = ["principal", "key", "spending", "audit", "audit_lineage"]
      const rows = yield* Effect.forEach(tables, (table) => sql`SELECT * FROM ${sql(`llmdispatcher_${table}`)}`)
      const text = JSON.stringify(rows, (_, value: unknown) => typeof value === "bigint" ? String(value) : value)
      const [, id, secret] = /^lld_([0-9a-f]+)_(.+)$/.exec(Redacted.value(token))!
      expect([text.includes(id!), text.includes(secret!)]).toEqual([true, false])
    }).pipe(Effect.provide(stores(fresh))))
})
