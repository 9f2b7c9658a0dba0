import { describe, expect, it } from "@effect/vitest"
import { Duration, Effect, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as Dispatcher from "llmdispatcher/Dispatcher"
import { type AttemptError, fatal, retryable } from "llmdispatcher/VendorError"
import { answer, overloaded, sequence, serverFault, stream, textParts } from "../support/vendors.ts"

const cut = Stream.concat(
  Stream.fromIterable(textParts("Hel").slice(0, 3)),
  Stream.fail<AttemptError>(retryable({ _tag: "StreamInterrupted" }))
)

const ask = { prompt: "Hello" }

/** A dispatcher over one failing vendor, its circuit opened by five failures. */
const opened = Effect.gen(function*() {
  const failing = Array.from({ length: 5 }, () => Effect.fail(overloaded))
  const { calls, vendor } = sequence("a", [...failing, answer("Back")])
  const dispatcher = yield* Dispatcher.make({ vendors: [vendor], retry: false, cooldown: false })
  yield* Effect.repeat(Effect.flip(dispatcher.send(ask)), { times: 4 })
  return { calls, dispatcher }
})

describe("Circuit", () => {
  it.effect("opens after five failures in a row and then skips the target without a call", () =>
    Effect.gen(function*() {
      const { calls, dispatcher } = yield* opened
      const error = yield* Effect.flip(dispatcher.send(ask))
      expect(calls.length).toBe(5)
      expect(error._tag).toBe("RetryableError")
      expect(error.reason._tag).toBe("AllCandidatesFailed")
      expect(error.attempts?.map(({ outcome, reason, target }) => ({ outcome, reason, target }))).toEqual([
        { outcome: "skipped", reason: "CircuitOpen", target: "a/m" }
      ])
    }))

  it.effect("tells when a skipped target may be tried again, 12 to 18 s the first time", () =>
    Effect.gen(function*() {
      const { dispatcher } = yield* opened
      const error = yield* Effect.flip(dispatcher.send(ask))
      const wait = error._tag === "RetryableError" ? Duration.toMillis(error.retryAfter!) : Number.NaN
      expect(wait).toBeGreaterThanOrEqual(12_000)
      expect(wait).toBeLessThanOrEqual(18_000)
    }))

  it.effect("lets one probe through when its time is over, and closes when that is answered", () =>
    Effect.gen(function*() {
      const { calls, dispatcher } = yield* opened
      yield* TestClock.adjust("18 seconds")
      expect((yield* dispatcher.send(ask)).text).toBe("Back")
      expect((yield* dispatcher.send(ask)).text).toBe("Back")
      expect(calls.length).toBe(7)
    }))

  it.effect("has at most one probe at a time", () =>
    Effect.gen(function*() {
      const failing = Array.from({ length: 5 }, () => Effect.fail(overloaded))
      const slow = Effect.delay(answer("Back"), "5 seconds")
      const { calls, vendor } = sequence("a", [...failing, slow])
      const dispatcher = yield* Dispatcher.make({ vendors: [vendor], retry: false, cooldown: false })
      yield* Effect.repeat(Effect.flip(dispatcher.send(ask)), { times: 4 })
      yield* TestClock.adjust("18 seconds")
      const probe = yield* Effect.forkChild(dispatcher.send(ask), { startImmediately: true })
      const others = yield* Effect.all(Array.from({ length: 10 }, () => Effect.flip(dispatcher.send(ask))), {
        concurrency: "unbounded"
      })
      expect(others.map(({ reason }) => reason._tag)).toEqual(Array.from({ length: 10 }, () => "AllCandidatesFailed"))
      expect(calls.length).toBe(6)
      yield* TestClock.adjust("5 seconds")
      expect((yield* Fiber.join(probe)).text).toBe("Back")
    }))

  it.effect("goes straight to the next candidate while it is open", () =>
    Effect.gen(function*() {
      const first = sequence("a", [Effect.fail(overloaded)])
      const second = sequence("b", [answer("Hi")])
      const dispatcher = yield* Dispatcher.make({
        vendors: [first.vendor, second.vendor],
        retry: false,
        cooldown: false
      })
      yield* Effect.repeat(dispatcher.send(ask), { times: 4 })
      const response = yield* dispatcher.send(ask)
      expect(first.calls.length).toBe(5)
      expect(response.attempts.map(({ outcome, vendor }) => [vendor, outcome])).toEqual([
        ["a", "skipped"],
        ["b", "answered"]
      ])
    }))

  it.effect("ignores what the request is to blame for, and rate limits", () =>
    Effect.gen(function*() {
      const errors = [
        fatal({ _tag: "InvalidRequest" }),
        fatal({ _tag: "ContextLengthExceeded" }),
        fatal({ _tag: "ContentFiltered" }),
        retryable({ _tag: "RateLimited" })
      ]
      for (const error of errors) {
        const { calls, vendor } = sequence("a", [Effect.fail(error)])
        const dispatcher = yield* Dispatcher.make({ vendors: [vendor], retry: false, cooldown: false })
        yield* Effect.repeat(Effect.flip(dispatcher.send(ask)), { times: 9 })
        expect(calls.length).toBe(10)
      }
    }))

  it.effect("opens again when a probe is rate limited", () =>
    Effect.gen(function*() {
      const failing = Array.from({ length: 5 }, () => Effect.fail(overloaded))
      const { calls, vendor } = sequence("a", [...failing, Effect.fail(retryable({ _tag: "RateLimited" }))])
      const dispatcher = yield* Dispatcher.make({ vendors: [vendor], retry: false, cooldown: false })
      yield* Effect.repeat(Effect.flip(dispatcher.send(ask)), { times: 4 })
      yield* TestClock.adjust("18 seconds")
      expect((yield* Effect.flip(dispatcher.send(ask))).reason._tag).toBe("RateLimited")
      expect((yield* Effect.flip(dispatcher.send(ask))).reason._tag).toBe("AllCandidatesFailed")
      expect(calls.length).toBe(6)
    }))

  it.effect("counts a stream that is cut after it began", () =>
    Effect.gen(function*() {
      const { calls, vendor } = sequence("a", [stream(cut)])
      const dispatcher = yield* Dispatcher.make({ vendors: [vendor], retry: false, cooldown: false })
      const errors = yield* Effect.forEach(
        Array.from({ length: 6 }),
        () => Effect.flip(Stream.runDrain(dispatcher.stream(ask)))
      )
      expect(errors.map(({ reason }) => reason._tag)).toEqual([
        ...Array.from({ length: 5 }, () => "StreamInterrupted"),
        "AllCandidatesFailed"
      ])
      expect(calls.length).toBe(5)
    }))

  it.effect("does not count callers who go away", () =>
    Effect.gen(function*() {
      const { calls, vendor } = sequence("a", [stream(textParts("Hel", "lo"))])
      const dispatcher = yield* Dispatcher.make({ vendors: [vendor], retry: false, cooldown: false })
      yield* Effect.repeat(Stream.runDrain(Stream.take(dispatcher.stream(ask), 1)), { times: 9 })
      expect(calls.length).toBe(10)
    }))

  it.effect("opens when half of the last twenty calls failed, though never five in a row", () =>
    Effect.gen(function*() {
      let call = 0
      const { calls, vendor } = sequence("a", [
        Effect.suspend(() => call++ % 2 === 0 ? Effect.fail(serverFault) : answer("Hi"))
      ])
      const dispatcher = yield* Dispatcher.make({ vendors: [vendor], retry: false, cooldown: false })
      yield* Effect.repeat(Effect.result(dispatcher.send(ask)), { times: 19 })
      expect(calls.length).toBe(20)
      yield* Effect.repeat(Effect.result(dispatcher.send(ask)), { times: 19 })
      expect(calls.length).toBeLessThan(30)
      expect((yield* Effect.flip(dispatcher.send(ask))).attempts?.[0]?.reason).toBe("CircuitOpen")
    }))

  it.effect("lets one call a second through to the last of several targets when all are open", () =>
    Effect.gen(function*() {
      const a = sequence("a", [Effect.fail(serverFault)])
      const b = sequence("b", [Effect.fail(serverFault)])
      const dispatcher = yield* Dispatcher.make({ vendors: [a.vendor, b.vendor], retry: false, cooldown: false })
      yield* Effect.repeat(Effect.flip(dispatcher.send(ask)), { times: 4 })
      expect([a.calls.length, b.calls.length]).toEqual([5, 5])
      yield* Effect.repeat(Effect.flip(dispatcher.send(ask)), { times: 9 })
      expect([a.calls.length, b.calls.length]).toEqual([5, 6])
      yield* TestClock.adjust("1 second")
      yield* Effect.repeat(Effect.flip(dispatcher.send(ask)), { times: 9 })
      expect([a.calls.length, b.calls.length]).toEqual([5, 7])
    }))
})
