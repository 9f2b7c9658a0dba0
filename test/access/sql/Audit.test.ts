import { describe, expect, it } from "@effect/vitest"
import { Effect, Fiber, Stream } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"
import * as Audit from "../../../src/access/Audit.ts"
import { CurrentPrincipal } from "../../../src/access/CurrentPrincipal.ts"
import { databases } from "../../stats/sql/databases.ts"
import { live, one, process, run, stores } from "./stores.ts"

const entry = (subject: string): Audit.Entry => ({ action: "config.change", subject, outcome: "done" })

const record = (subject: string) => Audit.Audit.use(({ record }) => record(entry(subject)))
const verify = Audit.Audit.use(({ verify }) => verify)
const head = Audit.Audit.use(({ head }) => head)
const recent = (query?: Audit.Query) => Audit.Audit.use(({ recent }) => recent(query))

/** What whoever owns the database can do to be rid of the guard. */
const unguarded = Effect.flatMap(SqlClient.SqlClient, (sql) =>
  sql.onDialectOrElse({
    pg: () => run("DROP TRIGGER llmdispatcher_audit_append_only ON llmdispatcher_audit"),
    orElse: () => run("DROP TRIGGER llmdispatcher_audit_no_update", "DROP TRIGGER llmdispatcher_audit_no_delete")
  }))

describe.each(databases)("$name: Audit", { timeout: 60_000 }, ({ skip, start }) => {
  const test = it.effect.skipIf(skip)
  const fresh = start()

  test("goes on with its chain over restarts, and begins to count its own anew", () =>
    Effect.gen(function*() {
      const database = yield* one(fresh)
      const before = yield* Effect.andThen(record("a"), record("b")).pipe(Effect.andThen(head), process(database))
      yield* Effect.gen(function*() {
        expect(yield* head).toBe(before)
        const event = yield* record("c")
        expect([event.sequence, event.previous]).toEqual([2, before])
        expect((yield* recent()).map(({ subject }) => subject)).toEqual(["c", "b", "a"])
        expect(yield* Audit.Audit.use(({ figures }) => figures)).toEqual({ recorded: 1, dropped: 0 })
        expect(yield* verify).toEqual({ isIntact: true })
      }).pipe(process(database))
    }))

  test("makes one chain of what several processes record at once", () =>
    Effect.gen(function*() {
      const database = yield* one(fresh)
      yield* process(database)(Effect.void)
      yield* Effect.forEach(["a", "b", "c"], (name) =>
        Effect.forEach(Array.from({ length: 20 }), () => record(name)).pipe(process(database)), {
        concurrency: "unbounded"
      }).pipe(live)
      yield* Effect.gen(function*() {
        const events = yield* recent()
        expect(events.map(({ sequence }) =>
          sequence
        )).toEqual(Array.from({ length: 60 }, (_, age) => 59 - age))
        expect(Object.values(Object.groupBy(events, ({ subject }) => subject)).map((of) => of?.length)).toEqual([
          20,
          20,
          20
        ])
        expect(yield* verify).toEqual({ isIntact: true })
      }).pipe(process(database))
    }))

  test("lets nothing be changed or taken away", () =>
    Effect.gen(function*() {
      yield* record("a")
      const attempts = ["UPDATE llmdispatcher_audit SET subject = 'b'", "DELETE FROM llmdispatcher_audit"]
      for (const attempt of attempts) {
        const error = yield* Effect.flip(run(attempt))
        expect(String((error.reason.cause as Error | undefined)?.message)).toMatch(/append-only/)
      }
      expect((yield* recent()).map(({ subject }) => subject)).toEqual(["a"])
    }).pipe(Effect.provide(stores(fresh))))

  const forgeries = [
    ["changed", "UPDATE llmdispatcher_audit SET subject = 'x' WHERE sequence = 1", 1],
    ["taken from the midst", "DELETE FROM llmdispatcher_audit WHERE sequence = 2", 3],
    ["taken from the beginning", "DELETE FROM llmdispatcher_audit WHERE sequence = 0", 1],
    ["taken from the end", "DELETE FROM llmdispatcher_audit WHERE sequence = 3", 3],
    ["taken altogether", "DELETE FROM llmdispatcher_audit", 0]
  ] as const
  for (const [what, forgery, brokenAt] of forgeries) {
    test(`sees what was ${what}`, () =>
      Effect.gen(function*() {
        for (const subject of ["a", "b", "c", "d"]) yield* record(subject)
        expect(yield* verify).toEqual({ isIntact: true })
        yield* unguarded
        yield* run(forgery)
        expect(yield* verify).toEqual({ isIntact: false, brokenAt })
      }).pipe(Effect.provide(stores(fresh))))
  }

  test("sees what was taken of more events than it looks at at once", () =>
    Effect.gen(function*() {
      yield* Effect.forEach(Array.from({ length: 450 }), () => record("a"), { discard: true })
      expect(yield* verify).toEqual({ isIntact: true })
      yield* unguarded
      yield* run("DELETE FROM llmdispatcher_audit WHERE sequence = 399")
      expect(yield* verify).toEqual({ isIntact: false, brokenAt: 400 })
    }).pipe(Effect.provide(stores(fresh))))

  test("keeps any text as it was hashed", () =>
    Effect.gen(function*() {
      const texts = ["\u0000", "\ud800", "a\udfff", "x".repeat(255) + "😀", "'; --", "%_\\", "\u001f", "𝒂"]
      for (const text of texts) {
        const audit = yield* Audit.Audit
        const event = yield* audit.record({
          action: "config.change",
          subject: text,
          outcome: "refused",
          reason: text,
          changes: [{ path: text, before: text, after: { [text]: [1.5, -0, 1e300, null, text] } }],
          lineage: ["root", "root"]
        }).pipe(Effect.provideService(CurrentPrincipal, { id: text, key: text, requestId: text }))
        expect((yield* recent({ subject: event.subject, actor: event.actor, limit: 1 }))[0]?.hash).toBe(event.hash)
      }
      expect(yield* verify).toEqual({ isIntact: true })
    }).pipe(Effect.provide(stores(fresh))))

  test("tells an event when its change is done, and none whose change failed", () =>
    Effect.gen(function*() {
      const audit = yield* Audit.Audit
      const sql = yield* SqlClient.SqlClient
      const fiber = yield* Effect.forkChild(Stream.runCollect(Stream.take(audit.events, 1)))
      yield* Effect.yieldNow
      yield* Effect.exit(sql.withTransaction(Effect.andThen(record("a"), Effect.fail("no"))))
      yield* sql.withTransaction(record("b"))
      expect((yield* Fiber.join(fiber)).map(({ subject }) => subject)).toEqual(["b"])
      expect((yield* recent()).map(({ subject, sequence }) => [subject, sequence])).toEqual([["b", 0]])
    }).pipe(Effect.provide(stores(fresh))))

  test("finds what an audit in memory finds", () => {
    const few = (...names: ReadonlyArray<string>) => fc.constantFrom(...names)
    const some: { requiredKeys: [] } = { requiredKeys: [] }
    const fields = { actor: few("ann", "bob"), action: few("x", "y"), subject: few("k", "l") }
    const happening = fc.record({
      ...fields,
      outcome: few("done", "refused"),
      lineage: fc.subarray(["root", "acme", "app"])
    })
    const query = fc.record({
      ...fields,
      outcome: few("done", "refused"),
      within: few("root", "acme", "nobody"),
      since: fc.constantFrom(-Infinity, 0, 2.5, 5, Infinity, NaN),
      until: fc.constantFrom(-Infinity, 3, 6.5, Infinity),
      limit: fc.constantFrom(-1, 0, 1.5, 3, 1e9, Infinity, NaN)
    }, some) as fc.Arbitrary<Audit.Query>
    return Effect.gen(function*() {
      const memory = yield* Audit.makeMemory()
      const kept = yield* Audit.Audit
      const happenings = fc.sample(happening, { numRuns: 12, seed: 1 })
      for (const [at, { actor, outcome, ...rest }] of happenings.entries()) {
        yield* TestClock.setTime(at)
        for (const audit of [memory, kept]) {
          yield* audit.record({ ...rest, outcome: outcome as "done" }).pipe(
            Effect.provideService(CurrentPrincipal, { id: actor })
          )
        }
      }
      const sequences = (events: ReadonlyArray<Audit.Event>) => events.map(({ sequence }) => sequence)
      const context = yield* Effect.context<never>()
      yield* Effect.promise(() =>
        fc.assert(fc.asyncProperty(query, (query) =>
          Effect.gen(function*() {
            expect(sequences(yield* kept.recent(query))).toEqual(sequences(yield* memory.recent(query)))
          }).pipe(Effect.provideContext(context), Effect.runPromise)))
      )
    }).pipe(Effect.provide(stores(fresh)))
  })
})
