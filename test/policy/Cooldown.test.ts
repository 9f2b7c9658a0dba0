import { describe, expect, it } from "@effect/vitest"
import { Duration, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import * as Dispatcher from "llmdispatcher/Dispatcher"
import { fatal, retryable } from "llmdispatcher/VendorError"
import { answer, sequence, unauthenticated } from "../support/vendors.ts"

const ask = { prompt: "Hello" }
const limited = (seconds?: number) =>
  Effect.fail(
    retryable({ _tag: "RateLimited" }, seconds === undefined ? {} : { retryAfter: Duration.seconds(seconds) })
  )
const only = { retry: false, circuit: false } as const

const lines = (response: { readonly attempts: ReadonlyArray<{ vendor: string; outcome: string; reason?: string }> }) =>
  response.attempts.map(({ outcome, reason, vendor }) => [vendor, outcome, reason].filter(Boolean).join(" "))

describe("Cooldown", () => {
  it.effect("passes over a target for as long as it asked, and then asks it again", () =>
    Effect.gen(function*() {
      const a = sequence("a", [limited(30), answer("from a")])
      const b = sequence("b", [answer("from b")])
      const dispatcher = yield* Dispatcher.make({ vendors: [a.vendor, b.vendor], ...only })
      yield* dispatcher.send(ask)
      yield* TestClock.adjust("29 seconds")
      expect(lines(yield* dispatcher.send(ask))).toEqual(["a skipped CoolingDown", "b answered"])
      yield* TestClock.adjust("1 second")
      expect(lines(yield* dispatcher.send(ask))).toEqual(["a answered"])
      expect(a.calls.length).toBe(2)
    }))

  it.effect("takes five seconds where a rate limit tells no time", () =>
    Effect.gen(function*() {
      const a = sequence("a", [limited(), answer("from a")])
      const dispatcher = yield* Dispatcher.make({ vendors: [a.vendor, sequence("b", [answer("")]).vendor], ...only })
      yield* dispatcher.send(ask)
      yield* TestClock.adjust("4999 millis")
      expect((yield* dispatcher.send(ask)).vendor).toBe("b")
      yield* TestClock.adjust("1 millis")
      expect((yield* dispatcher.send(ask)).vendor).toBe("a")
    }))

  it.effect("waits for the last candidate where that is short", () =>
    Effect.gen(function*() {
      const a = sequence("a", [limited(3), answer("from a")])
      const dispatcher = yield* Dispatcher.make({ vendors: [a.vendor], ...only })
      yield* Effect.flip(dispatcher.send(ask))
      const fiber = yield* Effect.forkChild(dispatcher.send(ask), { startImmediately: true })
      yield* TestClock.adjust("2999 millis")
      expect(a.calls.length).toBe(1)
      yield* TestClock.adjust("1 millis")
      expect((yield* Fiber.join(fiber)).text).toBe("from a")
    }))

  it.effect("tells when to come again where the wait is long", () =>
    Effect.gen(function*() {
      const a = sequence("a", [limited(600), answer("from a")])
      const dispatcher = yield* Dispatcher.make({ vendors: [a.vendor], ...only })
      yield* Effect.flip(dispatcher.send(ask))
      yield* TestClock.adjust("100 seconds")
      const error = yield* Effect.flip(dispatcher.send(ask))
      expect(error.reason._tag).toBe("AllCandidatesFailed")
      expect(error._tag === "RetryableError" && error.retryAfter).toEqual(Duration.seconds(500))
      expect(a.calls.length).toBe(1)
    }))

  it.effect("leaves a vendor's other models alone after a rate limit, but none after a key that is no good", () =>
    Effect.gen(function*() {
      const routes = { first: ["a/one", "b/m"], second: ["a/two", "b/m"] }
      const vendors = (error: Effect.Effect<never, any>) => {
        const a = sequence("a", [error, answer("from a")])
        return { a, vendors: [a.vendor, sequence("b", [answer("from b")]).vendor] }
      }
      const capacity = vendors(limited(60))
      const one = yield* Dispatcher.make({ vendors: capacity.vendors, routes, ...only })
      yield* one.send({ ...ask, model: "first" })
      expect((yield* one.send({ ...ask, model: "second" })).vendor).toBe("a")

      for (const error of [unauthenticated, fatal({ _tag: "QuotaExhausted" })]) {
        const key = vendors(Effect.fail(error))
        const two = yield* Dispatcher.make({ vendors: key.vendors, routes, ...only })
        yield* two.send({ ...ask, model: "first" })
        expect(lines(yield* two.send({ ...ask, model: "second" }))).toEqual(["a skipped CoolingDown", "b answered"])
        yield* TestClock.adjust("5 minutes")
        expect((yield* two.send({ ...ask, model: "second" })).vendor).toBe("a")
      }
    }))
})
