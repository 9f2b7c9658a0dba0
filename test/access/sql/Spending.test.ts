import { describe, expect, it } from "@effect/vitest"
import { Effect, Exit, Layer, Scope } from "effect"
import { SqlClient, SqlError } from "effect/sql"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"
import * as Spending from "../../../src/access/Spending.ts"
import * as Migrations from "../../../src/access/sql/Migrations.ts"
import * as SqlSpending from "../../../src/access/sql/Spending.ts"
import * as Store from "../../../src/access/sql/Store.ts"
import { databases, type Fresh } from "../../stats/sql/databases.ts"
import { client, live, one, process, run, stores } from "./stores.ts"

const claim = (limit: bigint, principal = "a", period: Spending.Period = "total"): Spending.Claim => ({
  principal,
  period,
  limit
})

const much = 10n ** 30n

/** Reserves and settles at once. */
const spend = (amount: bigint, claims: ReadonlyArray<Spending.Claim> = [claim(much)]) =>
  Spending.Spending.use(({ reserve }) => reserve(claims, amount)).pipe(
    Effect.flatMap(({ settle }) => settle(amount, 0))
  )

const spent = (principal = "a", period: Spending.Period = "total") =>
  Effect.map(Spending.Spending.use(({ spent }) => spent(principal, period)), ({ spent }) => spent)

/** What stands in the database of one account, in picodollars. */
const written = Effect.map(
  Effect.flatMap(
    SqlClient.SqlClient,
    (sql) =>
      sql<{ readonly dollars: number | bigint; readonly picodollars: number | bigint }>`
      SELECT dollars, picodollars FROM llmdispatcher_spending WHERE principal = 'a'`
  ),
  ([row]) => row === undefined ? 0n : BigInt(row.dollars) * 10n ** 12n + BigInt(row.picodollars)
)

/** Until so much stands in the database, which answers in its own time. */
const untilWritten = (amount: bigint) => Effect.repeat(written, { until: (found) => found === amount })

/** The accounts of a process that can die: what it had not written is lost. */
const mortal = (database: Fresh) =>
  Effect.gen(function*() {
    const scope = yield* Scope.make()
    const context = yield* Scope.provide(Layer.build(stores(database)), scope)
    return { context, scope }
  })

describe.each(databases)("$name: Spending", { timeout: 60_000 }, ({ skip, start }) => {
  const test = it.effect.skipIf(skip)
  const fresh = start()

  test("writes within a second what was spent, and the rest when it ends", () =>
    Effect.gen(function*() {
      const database = yield* one(fresh)
      yield* Effect.gen(function*() {
        yield* spend(3n)
        yield* TestClock.adjust("999 millis")
        expect(yield* written).toBe(0n)
        yield* TestClock.adjust("1 millis")
        yield* untilWritten(3n)
        yield* spend(4n)
      }).pipe(process(database))
      expect(yield* spent().pipe(process(database))).toBe(7n)
    }))

  test("loses with a process what it had not written and all it had reserved, and no more", () =>
    Effect.gen(function*() {
      const database = yield* one(fresh)
      const { context } = yield* mortal(database)
      yield* Effect.gen(function*() {
        yield* spend(3n)
        yield* TestClock.adjust("1 second")
        yield* untilWritten(3n)
        yield* spend(4n)
        yield* Spending.Spending.use(({ reserve }) => reserve([claim(much)], 5n))
      }).pipe(Effect.provide(context))
      const account = Spending.Spending.use(({ spent }) => spent("a", "total"))
      expect(yield* process(database)(account)).toEqual({ spent: 3n, reserved: 0n, unknown: 0, resetsAt: Infinity })
    }))

  test("holds from its start on what was spent before", () =>
    Effect.gen(function*() {
      const database = yield* one(fresh)
      yield* TestClock.setTime(Date.UTC(2026, 0, 31, 12))
      const claims = [claim(10n, "a", "day"), claim(10n, "a", "month"), claim(10n)]
      yield* spend(9n, claims).pipe(process(database))
      yield* Effect.gen(function*() {
        for (const one of claims) {
          expect((yield* Effect.flip(spend(2n, [one])))._tag).toBe("Exhausted")
        }
        yield* TestClock.setTime(Date.UTC(2026, 1, 1))
        expect([yield* spent("a", "day"), yield* spent("a", "month"), yield* spent()]).toEqual([0n, 0n, 9n])
      }).pipe(process(database))
    }))

  test("knows a second later what another process spent from the same budget", () =>
    Effect.gen(function*() {
      const database = yield* one(fresh)
      yield* Effect.gen(function*() {
        yield* spend(1n)
        yield* TestClock.adjust("1 second")
        yield* untilWritten(1n)
        yield* process(database)(spend(5n))
        // Not asked for in the meantime, so the next request is the one that finds out.
        yield* spend(1n, [claim(7n)])
        yield* TestClock.adjust("1 second")
        yield* untilWritten(7n)
        expect(yield* spent()).toBe(7n)
        expect((yield* Effect.flip(spend(1n, [claim(7n)])))._tag).toBe("Exhausted")
      }).pipe(process(database))
    }))

  test("waits for no database: goes on while it is away, and writes when it is back", () =>
    Effect.gen(function*() {
      yield* run("ALTER TABLE llmdispatcher_spending RENAME TO away")
      yield* spend(3n)
      yield* TestClock.adjust("3 seconds")
      yield* spend(4n)
      expect((yield* Effect.flip(spend(4n, [claim(10n)])))._tag).toBe("Exhausted")
      expect((yield* Effect.flip(spent()))._tag).toBe("StoreUnavailable")
      yield* run("ALTER TABLE away RENAME TO llmdispatcher_spending")
      expect(yield* spent()).toBe(7n)
      expect(yield* written).toBe(7n)
    }).pipe(Effect.provide(stores(fresh))))

  test("counts once what was committed by a connection that was lost before it could say so", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      yield* Migrations.run
      let lost = 2
      const lossy = Object.assign((...args: ReadonlyArray<any>) => (sql as any)(...args), sql, {
        withTransaction: <A, E, R>(effect: Effect.Effect<A, E, R>) =>
          Effect.flatMap(sql.withTransaction(effect), (value) =>
            lost-- > 0
              ? Effect.fail(
                new SqlError.SqlError({ reason: new SqlError.ConnectionError({ message: "lost", cause: undefined }) })
              )
              : Effect.succeed(value))
      }) as SqlClient.SqlClient
      const store = yield* Effect.provideService(Store.make, SqlClient.SqlClient, lossy)
      const spending = yield* SqlSpending.make(store, { interval: "1 second" })
      yield* spend(3n).pipe(Effect.provideService(Spending.Spending, spending))
      const { spent } = spending
      expect((yield* Effect.flip(spent("a", "total")))._tag).toBe("StoreUnavailable")
      yield* spend(4n).pipe(Effect.provideService(Spending.Spending, spending))
      expect((yield* Effect.flip(spent("a", "total")))._tag).toBe("StoreUnavailable")
      expect((yield* spent("a", "total")).spent).toBe(7n)
      expect(yield* written).toBe(7n)
    }).pipe(Effect.scoped, Effect.provide(client(fresh))))

  test("keeps every picodollar of more than nine million dollars, and of many accounts", () =>
    Effect.gen(function*() {
      const database = yield* one(fresh)
      const large = 123_456_789_999_999_999_999n
      for (const _ of [1, 2, 3]) yield* spend(large).pipe(process(database))
      yield* Effect.forEach(Array.from({ length: 250 }, (_, at) => at), (at) =>
        spend(BigInt(at), [claim(much, `p${at}`)])).pipe(process(database))
      yield* Effect.gen(function*() {
        expect(yield* spent()).toBe(3n * large)
        expect([yield* spent("p1"), yield* spent("p249")]).toEqual([1n, 249n])
      }).pipe(process(database))
    }))

  test("has written the sum, whatever processes spend and end in which order", () =>
    Effect.gen(function*() {
      const context = yield* Effect.context<never>()
      const step = fc.record({
        process: fc.nat(2),
        amount: fc.bigInt({ min: 0n, max: 2n * 10n ** 12n }),
        does: fc.nat(5)
      })
      yield* Effect.promise(() =>
        fc.assert(
          fc.asyncProperty(fc.array(step, { maxLength: 12 }), (steps) =>
            Effect.gen(function*() {
              const database = yield* one(fresh)
              const processes = new Map<number, Effect.Success<ReturnType<typeof mortal>>>()
              let sum = 0n
              for (const { amount, does, process } of steps) {
                const running = processes.get(process) ?? (yield* mortal(database))
                processes.set(process, running)
                yield* spend(amount).pipe(Effect.provide(running.context))
                sum += amount
                if (does === 0) {
                  yield* Scope.close(running.scope, Exit.void)
                  processes.delete(process)
                } else if (does === 1) yield* TestClock.adjust("1 second")
              }
              for (const { scope } of processes.values()) yield* Scope.close(scope, Exit.void)
              const total = yield* process(database)(spent())
              const writers = yield* process(database)(run("SELECT id FROM llmdispatcher_spending_writer"))
              expect([total, writers]).toEqual([sum, []])
            }).pipe(Effect.provideContext(context), Effect.runPromise)),
          { numRuns: 8 }
        )
      )
    }))

  test("is exact where several processes write the same accounts at once", () =>
    Effect.gen(function*() {
      const database = yield* one(fresh)
      yield* process(database)(Effect.void)
      const names = ["a", "b", "c"]
      yield* Effect.forEach([names, names.toReversed(), names], (order) =>
        Effect.forEach(Array.from({ length: 15 }), () =>
          Effect.andThen(
            spend(
              7n,
              order.map((name) =>
                claim(much, name)
              )
            ),
            spent()
          )).pipe(process(database)), {
        concurrency: "unbounded"
      }).pipe(live)
      const totals = Effect.forEach(names, (name) =>
        spent(name))
      expect(yield* process(database)(totals)).toEqual([315n, 315n, 315n])
    }))
})
