import { describe, expect, it } from "@effect/vitest"
import { Effect, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as Dispatcher from "llmdispatcher/Dispatcher"
import * as Vendor from "llmdispatcher/Vendor"
import { type AttemptError, retryable } from "llmdispatcher/VendorError"
import { answer, overloaded, textParts } from "../support/vendors.ts"

/** A vendor that begins after a time, or fails then; `aborted` counts calls that were given up. */
const after = (name: string, time: () => number, error?: AttemptError) => {
  const seen = { calls: 0, aborted: 0 }
  const wait = Effect.suspend(() => {
    seen.calls += 1
    return Effect.onInterrupt(Effect.sleep(time()), () => Effect.sync(() => seen.aborted += 1))
  })
  const vendor = Vendor.make({
    name,
    defaultModel: "m",
    send: () => Effect.andThen(wait, error === undefined ? answer(`from ${name}`) : Effect.fail(error)),
    stream: () =>
      Effect.succeed({
        parts: Stream.unwrap(Effect.as(
          wait,
          error === undefined ? Stream.fromIterable(textParts(`from ${name}`)) : Stream.fail(error)
        )),
        losses: []
      })
  })
  return { seen, vendor }
}

const run = <A, E>(effect: Effect.Effect<A, E>, time: number) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.forkChild(effect, { startImmediately: true })
    yield* TestClock.adjust(time)
    return yield* Fiber.join(fiber)
  })

const ask = { prompt: "Hello" }
const hedge = { after: "1 second", budget: 1 } as const

describe("Hedge", () => {
  it.effect("takes the second that begins sooner, and gives the first up", () =>
    Effect.gen(function*() {
      const slow = after("slow", () => 60_000)
      const quick = after("quick", () => 200)
      const dispatcher = yield* Dispatcher.make({ vendors: [slow.vendor, quick.vendor], hedge })
      const { attempts, text, timings } = yield* run(dispatcher.send(ask), 1_200)
      expect([text, timings.total]).toEqual(["from quick", 1_200])
      expect(attempts.map(({ outcome, vendor }) => [vendor, outcome])).toEqual([
        ["slow", "interrupted"],
        ["quick", "answered"]
      ])
      expect([slow.seen.aborted, quick.seen.aborted]).toEqual([1, 0])
    }))

  it.effect("takes the first where that begins sooner after all, streamed too", () =>
    Effect.gen(function*() {
      const slow = after("slow", () => 1_500)
      const slower = after("slower", () => 60_000)
      const dispatcher = yield* Dispatcher.make({ vendors: [slow.vendor, slower.vendor], hedge })
      const parts = yield* run(Stream.runCollect(dispatcher.stream(ask)), 1_600)
      expect(parts.flatMap((part) => part.type === "text-delta" ? [part.delta] : [])).toEqual(["from slow"])
      expect([slow.seen.aborted, slower.seen.aborted]).toEqual([0, 1])
    }))

  it.effect("asks nobody else where the first is quick", () =>
    Effect.gen(function*() {
      const quick = after("quick", () => 999)
      const other = after("other", () => 1)
      const dispatcher = yield* Dispatcher.make({ vendors: [quick.vendor, other.vendor], hedge })
      yield* run(dispatcher.send(ask), 999)
      expect(other.seen.calls).toBe(0)
    }))

  it.effect("waits for the second where the first fails meanwhile, and tells both where both fail", () =>
    Effect.gen(function*() {
      const failing = after("failing", () => 1_500, retryable({ _tag: "ServerFault" }))
      const second = after("second", () => 1_000)
      const one = yield* Dispatcher.make({ vendors: [failing.vendor, second.vendor], hedge, retry: false })
      expect((yield* run(one.send(ask), 2_000)).text).toBe("from second")
      const also = after("also", () => 1_000, overloaded)
      const two = yield* Dispatcher.make({ vendors: [failing.vendor, also.vendor], hedge, retry: false })
      const error = yield* Effect.flip(run(two.send(ask), 2_000))
      expect(error.attempts?.map(({ reason, vendor }) => [vendor, reason])).toEqual([
        ["failing", "ServerFault"],
        ["also", "Overloaded"]
      ])
    }))

  it.effect("makes no more second calls than its budget has", () =>
    Effect.gen(function*() {
      const slow = after("slow", () => 2_000)
      const other = after("other", () => 60_000)
      const dispatcher = yield* Dispatcher.make({
        vendors: [slow.vendor, other.vendor],
        hedge: { after: "1 second", budget: 0.05 }
      })
      for (let time = 0; time < 100; time++) yield* run(dispatcher.send(ask), 2_000)
      expect(other.seen.calls).toBe(6)
    }))

  it.effect("learns from the last answers how long to wait", () =>
    Effect.gen(function*() {
      let time = 100
      const first = after("first", () => time)
      const other = after("other", () => 10)
      const dispatcher = yield* Dispatcher.make({ vendors: [first.vendor, other.vendor], hedge: { budget: 1 } })
      for (let call = 0; call < 30; call++) yield* run(dispatcher.send(ask), 100)
      time = 60_000
      const { text, timings } = yield* run(dispatcher.send(ask), 110)
      expect([text, timings.total]).toEqual(["from other", 110])
    }))

  it.effect("lets a target in trouble be", () =>
    Effect.gen(function*() {
      const first = after("first", () => 2_000)
      const other = after("other", () => 1)
      const dispatcher = yield* Dispatcher.make({ vendors: [first.vendor, other.vendor], hedge })
      dispatcher.load.penalise("first/m", "send", 0)
      expect((yield* run(dispatcher.send(ask), 2_000)).text).toBe("from first")
    }))
})
