import { describe, expect, it } from "@effect/vitest"
import { Clock, Duration, Effect, Fiber, Random, Schedule } from "effect"
import { TestClock } from "effect/testing"
import * as Dispatcher from "llmdispatcher/Dispatcher"
import { schedule } from "../../src/policy/Retry.ts"
import { retryable } from "llmdispatcher/VendorError"
import { answer, overloaded, sequence, unauthenticated } from "../support/vendors.ts"

const rateLimited = (after: Duration.Input) =>
  retryable({ _tag: "RateLimited" }, { status: 429, retryAfter: Duration.fromInputUnsafe(after) })

describe("Retry", () => {
  it.effect("waits at most 500 ms, 1 s, 2 s, … 8 s, 8 s with full jitter", () =>
    Effect.gen(function*() {
      const bounds = [500, 1000, 2000, 4000, 8000, 8000]
      for (let seed = 0; seed < 50; seed++) {
        const step = yield* Schedule.toStep(schedule())
        const waits: Array<number> = []
        for (let time = 0; time < bounds.length; time++) {
          const [, wait] = yield* step(0, overloaded).pipe(Random.withSeed(`${seed}-${time}`))
          waits.push(Duration.toMillis(wait))
        }
        waits.forEach((wait, index) => {
          expect(wait).toBeGreaterThanOrEqual(0)
          expect(wait).toBeLessThanOrEqual(bounds[index]!)
        })
      }
    }))

  it.effect("never waits less than the vendor asked for", () =>
    Effect.gen(function*() {
      const { calls, vendor } = sequence("a", [Effect.fail(rateLimited("20 seconds")), answer("Hi")])
      const dispatcher = yield* Dispatcher.make({ vendors: [vendor] })
      const fiber = yield* Effect.forkChild(dispatcher.send({ prompt: "Hello" }))
      yield* TestClock.adjust("19999 millis")
      expect(calls.length).toBe(1)
      yield* TestClock.adjust("1 millis")
      const response = yield* Fiber.join(fiber)
      expect(calls.length).toBe(2)
      expect(response.text).toBe("Hi")
      expect(response.attempts.map(({ outcome, reason, retryAfter }) => ({ outcome, reason, retryAfter }))).toEqual([
        { outcome: "failed", reason: "RateLimited", retryAfter: 20_000 },
        { outcome: "answered", reason: undefined, retryAfter: undefined }
      ])
    }))

  it.effect("does not wait for a delay that is longer than what is left of the deadline", () =>
    Effect.gen(function*() {
      const { calls, vendor } = sequence("a", [Effect.fail(rateLimited("20 seconds"))])
      const dispatcher = yield* Dispatcher.make({ vendors: [vendor] })
      const error = yield* Effect.flip(dispatcher.send({ prompt: "Hello", deadline: "10 seconds" }))
      expect(error.reason._tag).toBe("RateLimited")
      expect(error._tag === "RetryableError" && error.retryAfter).toEqual(Duration.seconds(20))
      expect(calls.length).toBe(1)
      expect(yield* Clock.currentTimeMillis).toBe(0)
    }))

  it.effect("goes elsewhere at once when the vendor's delay is beyond the patience and another is untried", () =>
    Effect.gen(function*() {
      const first = sequence("a", [Effect.fail(rateLimited("2 seconds"))])
      const second = sequence("b", [answer("Hi")])
      const dispatcher = yield* Dispatcher.make({ vendors: [first.vendor, second.vendor] })
      const response = yield* dispatcher.send({ prompt: "Hello" })
      expect(response.vendor).toBe("b")
      expect(first.calls.length).toBe(1)
    }))

  it.effect("never retries a fatal failure", () =>
    Effect.gen(function*() {
      const { calls, vendor } = sequence("a", [Effect.fail(unauthenticated)])
      const dispatcher = yield* Dispatcher.make({ vendors: [vendor] })
      const error = yield* Effect.flip(dispatcher.send({ prompt: "Hello" }))
      expect(error.message).toBe("a/m: did not accept the key")
      expect(calls.length).toBe(1)
    }))

  it.effect("tries one target no more often than its reason allows", () =>
    Effect.gen(function*() {
      const once = sequence("a", [Effect.fail(overloaded)])
      const twice = sequence("b", [Effect.fail(rateLimited("1 millis"))])
      for (const [{ calls, vendor }, expected] of [[once, 2], [twice, 3]] as const) {
        const dispatcher = yield* Dispatcher.make({ vendors: [vendor], maxAttempts: 10 })
        const fiber = yield* Effect.forkChild(Effect.flip(dispatcher.send({ prompt: "Hello" })))
        yield* TestClock.adjust("1 minute")
        yield* Fiber.join(fiber)
        expect(calls.length).toBe(expected)
      }
    }))

  it.effect("leaves the last call to a candidate that was not tried yet", () =>
    Effect.gen(function*() {
      const vendors = ["a", "b", "c"].map((name) => sequence(name, [Effect.fail(overloaded)]))
      const dispatcher = yield* Dispatcher.make({ vendors: vendors.map(({ vendor }) => vendor) })
      const fiber = yield* Effect.forkChild(Effect.flip(dispatcher.send({ prompt: "Hello" })))
      yield* TestClock.adjust("1 minute")
      const error = yield* Fiber.join(fiber)
      expect(vendors.map(({ calls }) => calls.length)).toEqual([1, 1, 1])
      expect(error.reason._tag).toBe("AllCandidatesFailed")
    }))

  it.effect("can be switched off", () =>
    Effect.gen(function*() {
      const { calls, vendor } = sequence("a", [Effect.fail(overloaded)])
      const dispatcher = yield* Dispatcher.make({ vendors: [vendor], retry: false })
      yield* Effect.flip(dispatcher.send({ prompt: "Hello" }))
      expect(calls.length).toBe(1)
    }))
})
