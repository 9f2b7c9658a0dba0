import { describe, expect, it } from "@effect/vitest"
import { Effect, Fiber, Stream } from "effect"
import { Digest } from "effect/crypto"
import { TestClock } from "effect/testing"
import * as Audit from "../../src/access/Audit.ts"
import * as Chain from "../../src/access/Chain.ts"
import { CurrentPrincipal } from "../../src/access/CurrentPrincipal.ts"
import { keptIn } from "./support.ts"

const entry = (subject: string, outcome: "done" | "refused" = "done"): Audit.Entry => ({
  action: "config.change",
  subject,
  outcome
})

const subjects = (events: ReadonlyArray<Audit.Event>) => events.map(({ subject }) => subject)

describe.each(keptIn)("Audit in $name", { timeout: 30_000 }, ({ skip, start }) => {
  const test = it.effect.skipIf(skip)
  const everything = start()

  test("finds the newest first, by all that is given", () =>
    Effect.gen(function*() {
      const audit = yield* Audit.Audit
      for (const [index, subject] of ["a", "b", "c", "a"].entries()) {
        yield* TestClock.setTime(index)
        yield* audit.record({
          ...entry(subject, index === 3 ? "refused" : "done"),
          lineage: ["root", subject === "a" ? "acme" : "other"]
        })
      }
      const find = (query: Audit.Query) => Effect.map(audit.recent(query), (events) => events.map(({ at }) => at))
      expect(yield* find({})).toEqual([3, 2, 1, 0])
      expect(yield* find({ limit: 2 })).toEqual([3, 2])
      expect(yield* find({ since: 1, until: 3 })).toEqual([2, 1])
      expect(yield* find({ subject: "a", outcome: "done" })).toEqual([0])
      expect(yield* find({ within: "acme" })).toEqual([3, 0])
      expect(yield* find({ within: "nobody" })).toEqual([])
      expect(yield* find({ actor: "ann" })).toEqual([])
    }).pipe(Effect.provide(everything())))

  test("tells events as they come", () =>
    Effect.gen(function*() {
      const audit = yield* Audit.Audit
      yield* audit.record(entry("before"))
      const fiber = yield* Effect.forkChild(Stream.runCollect(Stream.take(audit.events, 2)))
      yield* Effect.yieldNow
      yield* audit.record(entry("first"))
      yield* audit.record(entry("second"))
      expect(subjects(Array.from(yield* Fiber.join(fiber)))).toEqual(["first", "second"])
    }).pipe(Effect.provide(everything())))

  test("chains events that are recorded at once", () =>
    Effect.gen(function*() {
      const audit = yield* Audit.Audit
      yield* Effect.all(Array.from({ length: 50 }, (_, index) => audit.record(entry(`${index}`))), {
        concurrency: "unbounded"
      })
      const events = (yield* audit.recent()).toReversed()
      expect(events.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 50 }, (_, index) => index))
      expect(events[0]?.previous).toBe("")
      expect(yield* audit.verify).toEqual({ isIntact: true })
      expect(yield* audit.head).toBe(events[49]?.hash)
    }).pipe(Effect.provide(everything())))

  test("cannot be interrupted between the sequence and the event", () =>
    Effect.gen(function*() {
      const audit = yield* Audit.Audit
      const fibers = yield* Effect.forEach(
        Array.from({ length: 20 }, (_, index) => index),
        (index) => Effect.forkChild(audit.record(entry(`${index}`)))
      )
      yield* Effect.yieldNow
      yield* Effect.forEach(fibers, Fiber.interrupt, { discard: true })
      yield* audit.record(entry("last"))
      const { recorded } = yield* audit.figures
      expect((yield* audit.recent()).map(({ sequence }) => sequence)).toEqual(
        Array.from({ length: recorded }, (_, age) => recorded - 1 - age)
      )
      expect(yield* audit.verify).toEqual({ isIntact: true })
    }).pipe(Effect.provide(everything())))
})

describe("Audit", () => {
  it.effect("keeps who did what, when and as part of which request", () =>
    Effect.gen(function*() {
      const audit = yield* Audit.makeMemory({ chained: false })
      yield* TestClock.setTime(5_000)
      const event = yield* audit.record({ ...entry("config"), changes: [{ path: "cache.default", after: "off" }] })
        .pipe(
          Effect.provideService(CurrentPrincipal, { id: "ann", key: "k1", requestId: "req_1" })
        )
      expect(event).toEqual({
        id: event.id,
        sequence: 0,
        at: 5_000,
        actor: "ann",
        key: "k1",
        requestId: "req_1",
        action: "config.change",
        subject: "config",
        outcome: "done",
        changes: [{ path: "cache.default", after: "off" }]
      })
      expect(yield* audit.recent()).toEqual([event])
    }))

  it.effect("keeps so many, counts what it drops, and is still whole", () =>
    Effect.gen(function*() {
      const audit = yield* Audit.makeMemory({ capacity: 3 })
      yield* Effect.forEach(["a", "b", "c", "d", "e"], (subject) => audit.record(entry(subject)))
      expect(subjects(yield* audit.recent())).toEqual(["e", "d", "c"])
      expect(yield* audit.figures).toEqual({ recorded: 5, dropped: 2 })
      expect(yield* audit.verify).toEqual({ isIntact: true })
    }))

  it.effect("sees what was changed, taken out, put in between or cut off", () =>
    Effect.gen(function*() {
      const digest = yield* Digest.Digest
      const audit = yield* Audit.makeMemory()
      yield* Effect.forEach(["a", "b", "c", "d"], (subject) => audit.record(entry(subject)))
      const events = (yield* audit.recent()).toReversed()
      const head = yield* audit.head
      const verify = (forged: ReadonlyArray<Audit.Event>) => Chain.verify(digest, forged, head)
      const [a, b, c, d] = events as [Audit.Event, Audit.Event, Audit.Event, Audit.Event]
      expect(yield* verify(events)).toEqual({ isIntact: true })
      expect(yield* verify([a, { ...b, subject: "x" }, c, d])).toEqual({ isIntact: false, brokenAt: 1 })
      expect(yield* verify([a, c, d])).toEqual({ isIntact: false, brokenAt: 2 })
      expect(yield* verify([a, b, b, c, d])).toEqual({ isIntact: false, brokenAt: 1 })
      expect(yield* verify([a, c, b, d])).toEqual({ isIntact: false, brokenAt: 2 })
      expect(yield* verify([a, b, c])).toEqual({ isIntact: false, brokenAt: 3 })
      const again = yield* Chain.link(digest, a.hash ?? "", { ...b, subject: "x" })
      expect(yield* verify([a, again, c, d])).toEqual({ isIntact: false, brokenAt: 2 })
    }).pipe(Effect.provide(Digest.layerWebCrypto)))

  it.effect("refuses a capacity that is none", () =>
    Effect.gen(function*() {
      expect((yield* Effect.flip(Audit.makeMemory({ capacity: 0 }))).message).toBe(
        "audit.capacity: must be a whole number above 0"
      )
    }))
})
