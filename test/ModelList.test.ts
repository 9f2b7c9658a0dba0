import { describe, expect, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Layer, Scope } from "effect"
import { TestClock } from "effect/testing"
import * as Vendor from "llmdispatcher/Vendor"
import type { AttemptError } from "llmdispatcher/VendorError"
import * as ModelList from "../src/ModelList.ts"
import { overloaded, serverFault } from "./support/vendors.ts"

type Step = Effect.Effect<ReadonlyArray<Vendor.Model>, AttemptError>

const names = (...ids: ReadonlyArray<string>): Step => Effect.succeed(ids.map((id) => ({ id })))

/** A vendor whose nth list is the nth step, the last one again and again; `calls` counts, `gone` those interrupted. */
const listing = Effect.fnUntraced(function*(steps: ReadonlyArray<Step>, options?: ModelList.Options) {
  const seen = { calls: 0, gone: 0 }
  const list = yield* ModelList.make(
    Effect.suspend(() => {
      seen.calls += 1
      return Effect.onInterrupt(steps[Math.min(seen.calls, steps.length) - 1]!, () => Effect.sync(() => seen.gone += 1))
    }),
    options
  )
  const ids = (models: Step) => Effect.map(models, (all) => all.map(({ id }) => id).join(" "))
  return { seen, models: ids(list.models), refresh: ids(list.refresh) }
})

const slow = (step: Step) => Effect.delay(step, "2 seconds")

describe("ModelList", () => {
  it.effect("asks once, and gives what it was told for an hour", () =>
    Effect.gen(function*() {
      const { models, seen } = yield* listing([names("a"), names("b")])
      expect(yield* models).toBe("a")
      yield* TestClock.adjust("59 minutes")
      expect(yield* models).toBe("a")
      expect(seen.calls).toBe(1)
    }))

  it.effect("gives an old list at once and asks for a new one behind it, once for all", () =>
    Effect.gen(function*() {
      const { models, seen } = yield* listing([names("a"), slow(names("b"))], { timeToLive: "1 minute" })
      yield* models
      yield* TestClock.adjust("1 minute")
      expect([yield* models, yield* models]).toEqual(["a", "a"])
      yield* TestClock.adjust("2 seconds")
      expect(yield* models).toBe("b")
      expect(seen.calls).toBe(2)
    }))

  it.effect("makes one call of all that wait for the first list", () =>
    Effect.gen(function*() {
      const { models, seen } = yield* listing([slow(names("a"))])
      const fiber = yield* Effect.forkChild(Effect.all([models, models, models], { concurrency: "unbounded" }))
      yield* TestClock.adjust("2 seconds")
      expect(yield* Fiber.join(fiber)).toEqual(["a", "a", "a"])
      expect(seen.calls).toBe(1)
    }))

  it.effect("goes on for who still waits when another goes, and ends the call with the last", () =>
    Effect.gen(function*() {
      const { models, seen } = yield* listing([slow(names("a"))])
      const [one, two] = [yield* Effect.forkChild(models), yield* Effect.forkChild(models)]
      yield* TestClock.adjust("1 second")
      yield* Fiber.interrupt(one)
      expect(seen).toEqual({ calls: 1, gone: 0 })
      yield* Fiber.interrupt(two)
      expect(seen).toEqual({ calls: 1, gone: 1 })
      const again = yield* Effect.forkChild(models)
      yield* TestClock.adjust("2 seconds")
      expect(yield* Fiber.join(again)).toBe("a")
    }))

  it.effect("does not ask again for 30 seconds after a failure, however long it was told to pause", () =>
    Effect.gen(function*() {
      const { models, seen } = yield* listing([Effect.fail(overloaded), names("a")], { pause: "1 hour" })
      expect((yield* Effect.flip(models)).reason._tag).toBe("Overloaded")
      yield* TestClock.adjust("29 seconds")
      expect((yield* Effect.flip(models)).reason._tag).toBe("Overloaded")
      expect(seen.calls).toBe(1)
      yield* TestClock.adjust("1 second")
      expect(yield* models).toBe("a")
    }))

  it.effect("keeps the last good list when a new one cannot be had, and tries again after the pause", () =>
    Effect.gen(function*() {
      const { models, seen } = yield* listing(
        [names("a"), Effect.fail(serverFault), Effect.fail(serverFault), names("b")],
        { timeToLive: "1 minute" }
      )
      yield* models
      yield* TestClock.adjust("1 minute")
      const given: Array<string> = []
      for (const _ of [0, 10, 20, 30, 40, 50, 60, 70]) {
        given.push(yield* models)
        yield* TestClock.adjust("10 seconds")
      }
      expect(given).toEqual(["a", "a", "a", "a", "a", "a", "a", "b"])
      expect(seen.calls).toBe(4)
    }))

  it.effect("asks now when it is told to, and keeps what it knew where that fails", () =>
    Effect.gen(function*() {
      const { models, refresh, seen } = yield* listing([names("a"), names("b"), Effect.fail(serverFault), names("c")])
      expect([yield* models, yield* refresh, yield* models]).toEqual(["a", "b", "b"])
      expect((yield* Effect.flip(refresh)).reason._tag).toBe("ServerFault")
      expect(yield* models).toBe("b")
      expect([yield* refresh, yield* models]).toEqual(["c", "c"])
      expect(seen.calls).toBe(4)
    }))

  it.effect("asks now even while it pauses", () =>
    Effect.gen(function*() {
      const { models, refresh } = yield* listing([Effect.fail(overloaded), names("a")])
      yield* Effect.flip(models)
      expect(yield* refresh).toBe("a")
      expect(yield* models).toBe("a")
    }))

  it.effect("gives up on a vendor that does not answer in time", () =>
    Effect.gen(function*() {
      const { models, seen } = yield* listing([Effect.never], { timeout: "5 seconds" })
      const fiber = yield* Effect.forkChild(Effect.flip(models))
      yield* TestClock.adjust("5 seconds")
      expect((yield* Fiber.join(fiber)).reason).toEqual({ _tag: "TimedOut", phase: "total", after: 5_000 })
      expect(seen).toEqual({ calls: 1, gone: 1 })
    }))

  it.effect("ends what it asks for in the background with its Scope", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const { models, seen } = yield* Scope.provide(
        listing([names("a"), slow(names("b"))], { timeToLive: "1 minute" }),
        scope
      )
      yield* models
      yield* TestClock.adjust("1 minute")
      yield* models
      yield* TestClock.adjust("1 second")
      yield* Scope.close(scope, Exit.void)
      expect(seen).toEqual({ calls: 2, gone: 1 })
    }))
})

class Eu extends Vendor.Service<Eu>()("eu") {}

describe("a vendor with its list kept", () => {
  const vendor = (calls: Array<string>) =>
    Vendor.make({
      name: "x",
      send: () => Effect.never,
      models: Effect.sync(() => {
        calls.push("models")
        return [{ id: `m${calls.length}` }]
      })
    })

  it.effect("is the same but for the list", () =>
    Effect.gen(function*() {
      const calls: Array<string> = []
      const plain = vendor(calls)
      const { models, refreshModels, ...rest } = yield* ModelList.cached(plain)
      const { models: _, ...expected } = plain
      expect(rest).toEqual(expected)
      expect([yield* models, yield* models, yield* refreshModels, yield* models])
        .toEqual([[{ id: "m1" }], [{ id: "m1" }], [{ id: "m2" }], [{ id: "m2" }]])
    }))

  it.effect("is provided under its own service over its own Layer", () =>
    Effect.gen(function*() {
      const calls: Array<string> = []
      const live = ModelList.layer(Eu).pipe(Layer.provide(Eu.layerOf(vendor(calls))))
      const listed = Effect.flatMap(Eu, ({ models, name }) => Effect.map(Effect.all([models, models]), () => name))
      expect(yield* Effect.provide(listed, live)).toBe("eu")
      expect(calls.length).toBe(1)
    }))
})
