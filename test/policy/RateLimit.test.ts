import { describe, expect, it } from "@effect/vitest"
import { Duration, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"
import * as Dispatcher from "llmdispatcher/Dispatcher"
import { type AttemptError, retryable } from "llmdispatcher/VendorError"
import type { Call } from "../../src/Policy.ts"
import * as RateLimit from "../../src/policy/RateLimit.ts"
import type { RateLimits } from "../../src/Vendor.ts"
import { callOf, interleaved, settle, turns } from "../support/calls.ts"
import { answer, sequence } from "../support/vendors.ts"

/** A vendor's answer that tells its limits, as the way's end notes them. */
const telling = (limits: RateLimits) => (call: Call) =>
  Effect.sync(() => {
    Object.assign(call.observed, { limits })
  })

const answered = () => Effect.void
const refused = (retryAfter?: Duration.Duration) => (_call: Call) =>
  Effect.fail<AttemptError>(retryable({ _tag: "RateLimited" }, { retryAfter }))

/** Passes over where another candidate is left; tells why and for how long. */
const passedOver = (policy: Effect.Success<ReturnType<typeof RateLimit.make>>, ask: { maxTokens?: number } = {}) =>
  Effect.map(
    Effect.result(policy(answered)(callOf(ask, { untried: 1 }).call)),
    (result) =>
      result._tag === "Success" || result.failure._tag !== "RetryableError"
        ? undefined
        : [result.failure.reason._tag, Duration.toMillis(result.failure.retryAfter ?? 0)]
  )

describe("RateLimit", () => {
  it.effect("passes over a target whose configured requests are used up, until one comes back", () =>
    Effect.gen(function*() {
      const policy = yield* RateLimit.make({ targets: { "v/m": { requestsPerMinute: 2 } } })
      const all = yield* Effect.all([passedOver(policy), passedOver(policy), passedOver(policy)])
      expect(all).toEqual([undefined, undefined, ["Busy", 30_000]])
      yield* TestClock.adjust("30 seconds")
      expect(yield* passedOver(policy)).toBeUndefined()
    }))

  it.effect("writes what it passes over into the journal, with the limit", () =>
    Effect.gen(function*() {
      const policy = yield* RateLimit.make({ vendors: { v: { requestsPerMinute: 1 } } })
      yield* policy(answered)(callOf().call)
      const { call } = callOf({}, { untried: 1 })
      yield* Effect.flip(policy(answered)(call))
      expect(call.journal.attempts.map(({ message, outcome }) => [outcome, message])).toEqual([
        ["skipped", "has as many calls under way as it is allowed: at most 1 requests in 1m, try again in 1m"]
      ])
    }))

  it.effect("counts a vendor's targets together, and takes nothing where one of two limits refuses", () =>
    Effect.gen(function*() {
      const policy = yield* RateLimit.make({
        targets: { "v/m": { requestsPerMinute: 3 } },
        vendors: { v: { tokensPerMinute: 1_000 } }
      })
      expect(yield* passedOver(policy, { maxTokens: 898 })).toBeUndefined()
      for (let times = 0; times < 5; times++) {
        expect(yield* passedOver(policy, { maxTokens: 898 })).toEqual(["Busy", 48_000])
      }
      expect(yield* passedOver(policy, { maxTokens: 48 })).toBeUndefined()
    }))

  it.effect("waits for the last candidate where that is short, the first come first", () =>
    Effect.gen(function*() {
      const policy = yield* RateLimit.make({ targets: { "v/m": { requestsPerMinute: 30 } } })
      for (let times = 0; times < 30; times++) yield* policy(answered)(callOf().call)
      const times: Array<readonly [number, number]> = []
      const run = (index: number) =>
        Effect.forkChild(
          Effect.result(
            policy(() =>
              Effect.clockWith((clock) => Effect.sync(() => times.push([index, clock.currentTimeMillisUnsafe()])))
            )(
              callOf().call
            )
          ),
          { startImmediately: true }
        )
      const fibers = [yield* run(0), yield* run(1), yield* run(2)]
      yield* TestClock.adjust("1 minute")
      yield* Effect.forEach(fibers, Fiber.join)
      expect(times).toEqual([[0, 2_000], [1, 4_000], [2, 6_000]])
    }))

  it.effect("waits no longer than its patience and half of the time left", () =>
    Effect.gen(function*() {
      const policy = yield* RateLimit.make({ targets: { "v/m": { requestsPerMinute: 4 } } })
      for (let times = 0; times < 4; times++) yield* policy(answered)(callOf().call)
      const error = yield* Effect.flip(policy(answered)(callOf().call))
      expect(error.reason._tag).toBe("Busy")
      yield* TestClock.adjust("10 seconds")
      expect((yield* Effect.flip(policy(answered)(callOf({}, { deadline: 15_000 }).call))).reason._tag).toBe("Busy")
      const fiber = yield* Effect.forkChild(policy(answered)(callOf({}, { deadline: 20_000 }).call))
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.join(fiber)
    }))

  it.effect("gives back what an interrupted waiter had taken", () =>
    Effect.gen(function*() {
      const policy = yield* RateLimit.make({ targets: { "v/m": { requestsPerMinute: 10 } } })
      for (let times = 0; times < 10; times++) yield* policy(answered)(callOf().call)
      const waiting = yield* Effect.forkChild(policy(answered)(callOf().call), { startImmediately: true })
      yield* Fiber.interrupt(waiting)
      expect(yield* passedOver(policy)).toEqual(["Busy", 6_000])
    }))

  it.effect("corrects the tokens of a configured limit by what the answer took", () =>
    Effect.gen(function*() {
      const policy = yield* RateLimit.make({ targets: { "v/m": { tokensPerMinute: 1_000 } } })
      const { call, end } = callOf({ maxTokens: 998 })
      yield* policy(answered)(call)
      const usage = { inputTokens: { total: 20 }, outputTokens: { total: 80 } }
      call.journal.usages.push({ target: call.candidate.target, usage })
      yield* end
      expect(yield* passedOver(policy, { maxTokens: 898 })).toBeUndefined()
      expect(yield* passedOver(policy, { maxTokens: 98 })).toEqual(["Busy", 6_000])
    }))

  it.effect("hears the limits that a vendor tells, and keeps within them", () =>
    Effect.gen(function*() {
      const policy = yield* RateLimit.make()
      yield* policy(telling({ requests: { limit: 60, remaining: 1, resetAt: 59_000 } }))(callOf().call)
      expect(yield* passedOver(policy)).toBeUndefined()
      expect(yield* passedOver(policy)).toEqual(["CoolingDown", 1_000])
      yield* TestClock.adjust("1 second")
      expect(yield* passedOver(policy)).toBeUndefined()
    }))

  it.effect("waits for the last candidate's own limit", () =>
    Effect.gen(function*() {
      const policy = yield* RateLimit.make()
      yield* policy(telling({ tokens: { remaining: 0, resetAt: 3_000 } }))(callOf().call)
      const fiber = yield* Effect.forkChild(policy(answered)(callOf().call), { startImmediately: true })
      yield* TestClock.adjust(2_999)
      expect(fiber.pollUnsafe()).toBeUndefined()
      yield* TestClock.adjust(1)
      yield* Fiber.join(fiber)
    }))

  it.effect("hears nothing where it is not to learn", () =>
    Effect.gen(function*() {
      const policy = yield* RateLimit.make({ learn: false })
      yield* policy(telling({ requests: { remaining: 0 } }))(callOf().call)
      yield* Effect.flip(policy(refused(Duration.minutes(1)))(callOf().call))
      expect(yield* passedOver(policy)).toBeUndefined()
    }))

  it.effect("asks nothing before the time that a refusal names, not even for who waits already", () =>
    Effect.gen(function*() {
      const policy = yield* RateLimit.make()
      const late = (call: Call) => Effect.delay(refused(Duration.minutes(1))(call), "3 seconds")
      const slow = yield* Effect.forkChild(Effect.flip(policy(late)(callOf().call)), { startImmediately: true })
      yield* policy(telling({ requests: { remaining: 0, resetAt: 5_000 } }))(callOf().call)
      const waiting = yield* Effect.forkChild(Effect.flip(policy(answered)(callOf().call)), { startImmediately: true })
      yield* TestClock.adjust("5 seconds")
      expect((yield* Fiber.join(slow)).reason._tag).toBe("RateLimited")
      expect(yield* Fiber.join(waiting)).toMatchObject({
        reason: { _tag: "CoolingDown" },
        retryAfter: Duration.seconds(58)
      })
    }))

  it.effect("does not hold a target back for a refusal that names no time", () =>
    Effect.gen(function*() {
      const policy = yield* RateLimit.make()
      yield* Effect.flip(policy(refused())(callOf().call))
      expect(yield* passedOver(policy)).toBeUndefined()
    }))

  it.effect("sends the dispatch elsewhere", () =>
    Effect.gen(function*() {
      const limit = yield* RateLimit.make({ vendors: { a: { requestsPerMinute: 1 } } })
      const first = sequence("a", [answer("first")])
      const second = sequence("b", [answer("second")])
      const dispatcher = yield* Dispatcher.make({ vendors: [first.vendor, second.vendor], target: [limit] })
      const texts = yield* Effect.forEach([1, 2, 3], () => dispatcher.send({ prompt: "Hello" }))
      expect(texts.map(({ text }) => text)).toEqual(["first", "second", "second"])
    }))

  it.effect("hears from a dispatch what the answer took", () =>
    Effect.gen(function*() {
      const limit = yield* RateLimit.make({ targets: { "a/m": { tokensPerMinute: 1_010 } } })
      const { vendor } = sequence("a", [answer("Hi")])
      const dispatcher = yield* Dispatcher.make({ vendors: [vendor], target: [limit] })
      // Each is estimated at 1,002 tokens and takes 5.
      yield* dispatcher.send({ prompt: "Hello" })
      expect((yield* dispatcher.send({ prompt: "Hello" })).attempts.length).toBe(1)
      expect(yield* passedOver(limit)).toBeUndefined()
    }))

  it.effect.each<readonly [RateLimit.Options, string]>([
    [
      { targets: { "a/m": { requestsPerMinute: 0 } } },
      "rateLimit.targets.a/m.requestsPerMinute.limit: must be 1 or more, got 0"
    ],
    [
      { vendors: { a: { tokensPerMinute: -5 } } },
      "rateLimit.vendors.a.tokensPerMinute.limit: must be 1 or more, got -5"
    ]
  ])("refuses the options %j", ([options, message]) =>
    Effect.gen(function*() {
      expect((yield* Effect.flip(RateLimit.make(options))).message).toBe(message)
    }))
})

describe("RateLimit's laws", () => {
  it("never asks a vendor for more than it has told or been configured with, however calls come", async () => {
    const step = fc.record({ pause: fc.nat(3_000), untried: fc.nat(1), latency: fc.nat(500) })
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 20 }),
        fc.boolean(),
        fc.array(step, { maxLength: 60 }),
        turns,
        (limit, learns, steps, operations) =>
          interleaved(
            operations,
            Effect.gen(function*() {
              const policy = yield* RateLimit.make(
                learns ? {} : { targets: { "v/m": { requestsPerMinute: limit } }, learn: false }
              )
              // The vendor's own bucket, full at first.
              let left = limit
              let at = 0
              let least = limit
              const vendor = (latency: number, known: boolean) => (call: Call) =>
                Effect.gen(function*() {
                  const now = yield* Effect.clockWith((clock) => clock.currentTimeMillis)
                  left = Math.min(limit, left + (now - at) * limit / 60_000) - 1
                  at = now
                  least = Math.min(least, left)
                  const remaining = Math.floor(Math.max(0, left))
                  const resetAt = now + Math.ceil((limit - remaining) * 60_000 / limit)
                  yield* Effect.sleep(latency)
                  if (known) yield* telling({ requests: { limit, remaining, resetAt } })(call)
                })
              // The vendor tells before anybody asks at once.
              if (learns) yield* policy(vendor(0, true))(callOf().call)
              for (const { latency, pause, untried } of steps) {
                yield* Effect.forkChild(Effect.result(policy(vendor(latency, learns))(callOf({}, { untried }).call)), {
                  startImmediately: true
                })
                yield* settle
                yield* TestClock.adjust(pause)
              }
              yield* TestClock.adjust("10 minutes")
              // A thousandth for what rounding to whole milliseconds takes.
              expect(least).toBeGreaterThanOrEqual(-0.01)
            })
          )
      ),
      { numRuns: 60 }
    )
  }, 30_000)
})
