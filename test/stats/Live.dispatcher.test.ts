import { describe, expect, it } from "@effect/vitest"
import { Effect, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as Dispatcher from "llmdispatcher/Dispatcher"
import * as Live from "../../src/stats/Live.ts"
import { answer, overloaded, sequence, stream, textParts } from "../support/vendors.ts"

describe("the live statistics of a dispatcher", () => {
  it.effect("tell of a retry and a fallback, and who answered in the end", () =>
    Effect.gen(function*() {
      const live = yield* Live.make()
      const failing = sequence("a", [Effect.fail(overloaded)])
      const slow = sequence("b", [Effect.delay(answer("Hi"), "2 seconds")])
      const dispatcher = yield* Dispatcher.make({
        vendors: [failing.vendor, slow.vendor],
        routes: { default: ["a/m", "b/m"] },
        recorders: [live]
      })
      const fiber = yield* Effect.forkChild(dispatcher.send({ prompt: "Hello", user: "ann" }))
      yield* TestClock.adjust("1 second")
      expect((yield* live.snapshot).total.inFlight).toBe(1)
      yield* TestClock.adjust("10 seconds")
      yield* Fiber.join(fiber)
      const { callers, routes, targets, total } = yield* live.snapshot
      expect(total.inFlight).toBe(0)
      expect(total.sinceStart).toMatchObject({ requests: 1, successes: 1, failures: {}, calls: 3, unpriced: 1 })
      expect(Object.keys(callers)).toEqual(["ann"])
      expect(Object.keys(routes)).toEqual(["default"])
      expect(targets["a/m"]!.sinceStart).toMatchObject({
        requests: 2,
        successes: 0,
        failures: { Overloaded: 2 },
        retries: 1,
        unpriced: 0,
        tokens: { input: { known: 0, unknown: 0 } }
      })
      expect(targets["b/m"]!.sinceStart).toMatchObject({
        requests: 1,
        successes: 1,
        fallbacks: 1,
        unpriced: 1,
        tokens: {
          input: { known: 3, unknown: 0 },
          cacheRead: { known: 0, unknown: 1 },
          text: { known: 2, unknown: 0 }
        },
        latency: { count: 1, max: expect.closeTo(2_000, 6) }
      })
    }))

  it.effect("tell what a stream cost, and that a caller left another", () =>
    Effect.gen(function*() {
      const live = yield* Live.make()
      const never = Stream.concat(Stream.fromIterable(textParts("Hi").slice(0, 3)), Stream.never)
      const { vendor } = sequence("a", [stream(textParts("Hi")), stream(never)])
      const dispatcher = yield* Dispatcher.make({
        vendors: [vendor],
        recorders: [live]
      })
      yield* Stream.runDrain(dispatcher.stream({ prompt: "Hello" }))
      const fiber = yield* Effect.forkChild(Stream.runDrain(dispatcher.stream({ prompt: "Hello" })))
      yield* TestClock.adjust("1 second")
      yield* Fiber.interrupt(fiber)
      const { callers, total } = yield* live.snapshot
      expect(Object.keys(callers)).toEqual(["_NONE"])
      expect(total.inFlight).toBe(0)
      expect(total.sinceStart).toMatchObject({
        requests: 2,
        successes: 1,
        interrupted: 1,
        tokens: { output: { known: 2, unknown: 1 } },
        latency: { count: 1 },
        timeToFirstPart: { count: 2 }
      })
    }))
})
