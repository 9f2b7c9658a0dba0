import { describe, expect, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { Persistence } from "effect/persistence"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"
import * as Entry from "../../src/cache/Entry.ts"
import * as Store from "../../src/cache/Store.ts"
import { finish } from "../support/vendors.ts"

const options = { timeToLive: 60_000, maxEntries: 3, maxBytes: 1_000, maxEntryBytes: 500, timeout: 100 }

const entry = (bytes: number, recordedAt = 0): Entry.Entry => ({
  version: 1,
  id: "dsp_1",
  recordedAt,
  bytes,
  operation: "send",
  vendor: "a",
  target: "a/m",
  model: "m",
  finishReason: "stop",
  usage: finish.usage,
  losses: [],
  parts: [{ type: "text", text: "Hi" }, finish]
})

const memory = Effect.flatMap(Persistence.BackingPersistence, ({ make }) => make("test")).pipe(
  Effect.provide(Persistence.layerBackingMemory, { local: true })
)
const broken = (effect: Effect.Effect<never, Persistence.PersistenceError>): Persistence.BackingPersistenceStore => ({
  get: () => effect,
  getMany: () => effect,
  set: () => effect,
  setMany: () => effect,
  remove: () => effect,
  clear: effect
})

const present = (store: Store.Store, keys: ReadonlyArray<string>) =>
  Effect.filter(keys, (key) => Effect.map(store.get(key), (entry) => entry !== undefined))

describe("Store", () => {
  it.effect("gives back what it was given until that has lived its time", () =>
    Effect.gen(function*() {
      const store = Store.make(yield* memory, options)
      expect(yield* store.set("a", entry(10))).toBe(true)
      yield* TestClock.adjust(59_999)
      expect(yield* store.get("a")).toEqual(entry(10))
      yield* TestClock.adjust(1)
      expect(yield* store.get("a")).toBe(undefined)
      expect(store.figures()).toEqual({ entries: 0, bytes: 0, evicted: 0, failures: 0 })
    }))

  it.effect("counts the age of what another wrote with a longer life", () =>
    Effect.gen(function*() {
      const backing = yield* memory
      yield* Store.make(backing, { ...options, timeToLive: Infinity }).set("a", entry(10))
      yield* TestClock.adjust(60_000)
      expect(yield* Store.make(backing, options).get("a")).toBe(undefined)
      expect(yield* backing.get("a")).toBe(undefined)
    }))

  it.effect("loses what was used longest ago beyond its number of entries", () =>
    Effect.gen(function*() {
      const backing = yield* memory
      const store = Store.make(backing, options)
      for (const key of ["a", "b", "c"]) yield* store.set(key, entry(10))
      yield* store.get("a")
      yield* store.set("d", entry(10))
      expect(yield* backing.get("b")).toBe(undefined)
      expect(yield* present(store, ["a", "b", "c", "d"])).toEqual(["a", "c", "d"])
      expect(store.figures()).toEqual({ entries: 3, bytes: 30, evicted: 1, failures: 0 })
    }))

  it.effect("loses as many as a large one needs beyond its bytes, and keeps none that is too large", () =>
    Effect.gen(function*() {
      const store = Store.make(yield* memory, options)
      yield* store.set("a", entry(300))
      yield* store.set("b", entry(300))
      yield* store.set("c", entry(500))
      expect(yield* store.set("d", entry(501))).toBe(false)
      expect(yield* present(store, ["a", "b", "c", "d"])).toEqual(["b", "c"])
      expect(store.figures()).toMatchObject({ bytes: 800, evicted: 1 })
    }))

  it.effect("never holds more than its bounds, whatever is done with it", () =>
    Effect.promise(() =>
      fc.assert(fc.asyncProperty(
        fc.array(fc.record({
          key: fc.constantFrom("a", "b", "c", "d", "e"),
          bytes: fc.integer({ min: 1, max: 500 }),
          write: fc.boolean()
        })),
        (steps) =>
          Effect.runPromise(Effect.scoped(Effect.gen(function*() {
            const backing = yield* memory
            const store = Store.make(backing, { ...options, timeToLive: Infinity })
            for (const { bytes, key, write } of steps) {
              yield* write ? store.set(key, entry(bytes)) : store.get(key)
              const kept = yield* Effect.map(
                backing.getMany(["a", "b", "c", "d", "e"]),
                (values) => values.flatMap((value) => Entry.decode(value) ?? [])
              )
              expect(store.figures()).toMatchObject({
                entries: kept.length,
                bytes: kept.reduce((sum, { bytes }) => sum + bytes, 0)
              })
              expect(kept.length).toBeLessThanOrEqual(3)
              expect(store.figures().bytes).toBeLessThanOrEqual(1_000)
            }
          })))
      ))
    ))

  it.effect("is empty where the store fails or dies, and counts that", () =>
    Effect.gen(function*() {
      for (const effect of [Effect.fail(new Persistence.PersistenceError({ message: "away" })), Effect.die("bug")]) {
        const store = Store.make(broken(effect), options)
        expect(yield* store.get("a")).toBe(undefined)
        expect(yield* store.set("a", entry(10))).toBe(false)
        yield* store.clear
        expect(store.figures()).toEqual({ entries: 0, bytes: 0, evicted: 0, failures: 3 })
      }
    }))

  it.effect("waits for a store that hangs once, then leaves it alone for a while", () =>
    Effect.gen(function*() {
      let calls = 0
      const hanging = Effect.suspend(() => {
        calls += 1
        return Effect.never
      })
      const store = Store.make(broken(hanging), options)
      const fiber = yield* Effect.forkChild(store.get("a"))
      yield* TestClock.adjust(100)
      expect(yield* Fiber.join(fiber)).toBe(undefined)
      expect(yield* store.get("a")).toBe(undefined)
      expect(calls).toBe(1)
      yield* TestClock.adjust(5_000)
      yield* Effect.forkChild(store.get("a"))
      yield* TestClock.adjust(100)
      expect(calls).toBe(2)
    }))

  it.effect("finds nothing in what another release wrote", () =>
    Effect.gen(function*() {
      const backing = yield* memory
      yield* backing.set("a", { ...entry(10), version: 0 }, undefined)
      yield* backing.set("b", { ...entry(10), parts: [1] }, undefined)
      const store = Store.make(backing, options)
      expect(yield* present(store, ["a", "b"])).toEqual([])
    }))
})
