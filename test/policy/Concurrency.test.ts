import { describe, expect, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Scope, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"
import * as Dispatcher from "llmdispatcher/Dispatcher"
import { retryable } from "llmdispatcher/VendorError"
import type { Call } from "../../src/Policy.ts"
import * as Concurrency from "../../src/policy/Concurrency.ts"
import * as Target from "../../src/Target.ts"
import * as Vendor from "../../src/Vendor.ts"
import { callOf, interleaved, passAll, settle, turns } from "../support/calls.ts"
import { answer, sequence, stream, textParts } from "../support/vendors.ts"

const ask = { prompt: "Hello" }
const busy = (underWay: number, allowed: number) => ({
  _tag: "Busy",
  description: `${underWay} calls are under way, ${allowed} are allowed`
})

/** A vendor that notes how many calls it has at once. */
const counting = (latency: (inFlight: number) => number) => {
  const seen = { now: 0, most: 0, total: 0 }
  const next = (_call: Call) =>
    Effect.acquireUseRelease(
      Effect.sync(() => {
        seen.now += 1
        seen.total += 1
        seen.most = Math.max(seen.most, seen.now)
      }),
      () => Effect.sleep(latency(seen.now)),
      () => Effect.sync(() => seen.now -= 1)
    )
  return { seen, next }
}

describe("Concurrency", () => {
  it.effect("passes over a target that has all the calls it may while another is left", () =>
    Effect.gen(function*() {
      const policy = yield* Concurrency.make({ limit: 2 })
      const { next, seen } = counting(() => 1_000)
      const calls = Array.from({ length: 4 }, () => callOf({}, { untried: 1 }).call)
      const fiber = yield* Effect.forkChild(
        Effect.forEach(calls, (call) => Effect.exit(policy(next)(call)), { concurrency: "unbounded" })
      )
      yield* TestClock.adjust("1 second")
      const exits = yield* Fiber.join(fiber)
      expect(exits.map(Exit.isSuccess)).toEqual([true, true, false, false])
      expect(calls[3]!.journal.attempts.map(({ outcome, reason }) => [outcome, reason])).toEqual([["skipped", "Busy"]])
      expect(seen).toEqual({ now: 0, most: 2, total: 2 })
    }))

  it.effect("goes to the next candidate while it is full", () =>
    Effect.gen(function*() {
      const concurrency = yield* Concurrency.make({ targets: { "a/m": 1 } })
      const first = sequence("a", [Effect.delay(answer("slow"), "10 seconds")])
      const second = sequence("b", [answer("other")])
      const dispatcher = yield* Dispatcher.make({ vendors: [first.vendor, second.vendor], target: [concurrency] })
      const slow = yield* Effect.forkChild(dispatcher.send(ask), { startImmediately: true })
      const { attempts, text } = yield* dispatcher.send(ask)
      expect(text).toBe("other")
      expect(attempts.map(({ outcome, reason, target }) => [target, outcome, reason])).toEqual([
        ["a/m", "skipped", "Busy"],
        ["b/m", "answered", undefined]
      ])
      yield* TestClock.adjust("10 seconds")
      expect((yield* Fiber.join(slow)).text).toBe("slow")
    }))

  it.effect("waits in line for the last candidate, and is busy when that takes too long", () =>
    Effect.gen(function*() {
      const policy = yield* Concurrency.make({ limit: 1, maxWait: "3 seconds" })
      const { next } = counting(() => 2_000)
      const started: Array<number> = []
      const run = (index: number) =>
        Effect.forkChild(
          Effect.result(
            policy((call) => Effect.andThen(Effect.sync(() => started.push(index)), next(call)))(callOf().call)
          ),
          { startImmediately: true }
        )
      const fibers = [yield* run(0), yield* run(1), yield* run(2)]
      yield* TestClock.adjust("6 seconds")
      const [, second, third] = yield* Effect.forEach(fibers, Fiber.join)
      expect(started).toEqual([0, 1])
      expect(second?._tag).toBe("Success")
      expect(third?._tag === "Failure" && third.failure.reason).toEqual(busy(1, 1))
    }))

  it.effect("waits for no more than half of the time left, and not behind too many others", () =>
    Effect.gen(function*() {
      const policy = yield* Concurrency.make({ limit: 1, maxWaiting: 1 })
      const run = (options: Partial<Call> = {}) =>
        Effect.forkChild(Effect.flip(policy(() => Effect.never)(callOf({}, options).call)), { startImmediately: true })
      yield* run()
      const short = yield* run({ deadline: 4_000 })
      const behind = yield* run()
      expect((yield* Fiber.join(behind)).reason).toEqual(busy(1, 1))
      yield* TestClock.adjust("2 seconds")
      expect((yield* Fiber.join(short)).reason).toEqual(busy(1, 1))
    }))

  it.effect("gives the slot back when the call fails or is interrupted, and an interrupted waiter takes none", () =>
    Effect.gen(function*() {
      const policy = yield* Concurrency.make({ limit: 1 })
      yield* Effect.flip(policy(() => Effect.fail(retryable({ _tag: "ServerFault" })))(callOf({}, { untried: 1 }).call))
      const running = yield* Effect.forkChild(policy(() => Effect.never)(callOf().call), { startImmediately: true })
      const waiting = yield* Effect.forkChild(policy(() => Effect.never)(callOf().call), { startImmediately: true })
      yield* Fiber.interrupt(waiting)
      yield* Fiber.interrupt(running)
      yield* policy(() => Effect.void)(callOf({}, { untried: 1 }).call)
    }))

  it.effect("holds a stream's slot until its Scope closes", () =>
    Effect.gen(function*() {
      const policy = yield* Concurrency.make({ limit: 1 })
      const first = callOf({}, { operation: "stream", untried: 1 })
      const second = callOf({}, { operation: "stream", untried: 1 })
      yield* policy(() => Effect.void)(first.call)
      expect((yield* Effect.flip(policy(() => Effect.void)(second.call))).reason).toEqual(busy(1, 1))
      yield* first.end
      yield* policy(() => Effect.void)(second.call)
    }))

  it.effect("lets nobody go before those who wait, not even in the moment a slot is free", () =>
    Effect.gen(function*() {
      const policy = yield* Concurrency.make({ limit: 1 })
      const first = callOf({}, { operation: "stream" })
      yield* policy(() => Effect.void)(first.call)
      const waiting = yield* Effect.forkChild(policy(() => Effect.void)(callOf().call), { startImmediately: true })
      const late = policy(() => Effect.void)(callOf({}, { untried: 1 }).call)
      expect((yield* Effect.flip(Effect.andThen(first.end, late))).reason._tag).toBe("Busy")
      yield* Fiber.join(waiting)
    }))

  it.effect("lets go of a dispatched stream's slot when its reader goes", () =>
    Effect.gen(function*() {
      const concurrency = yield* Concurrency.make({ limit: 1, maxWait: 0 })
      const { calls, vendor } = sequence("a", [stream(textParts("Hel", "lo"))])
      const dispatcher = yield* Dispatcher.make({ vendors: [vendor], target: [concurrency] })
      const inside = yield* dispatcher.stream(ask).pipe(
        Stream.take(1),
        Stream.mapEffect(() => Effect.flip(dispatcher.send(ask))),
        Stream.runCollect
      )
      expect(inside.map(({ attempts }) => attempts?.map(({ reason }) => reason))).toEqual([["Busy"]])
      yield* Stream.runDrain(dispatcher.stream(ask))
      expect(calls.length).toBe(2)
    }))

  it.effect("limits single targets otherwise, and others not at all where there is no limit", () =>
    Effect.gen(function*() {
      const policy = yield* Concurrency.make({ targets: { "v/m": 1 } })
      const run = (id: string) => {
        const vendor = Vendor.make({ name: "v", send: () => Effect.never })
        const { call } = callOf({}, { untried: 1, candidate: { target: Target.make(id), vendor } })
        return Effect.forkChild(Effect.exit(policy(() => Effect.never)(call)), { startImmediately: true })
      }
      const ids = ["v/m", "v/m", "v/other", "v/other"]
      const fibers = yield* Effect.forEach(ids, run)
      expect(fibers.map((fiber) => fiber.pollUnsafe() === undefined)).toEqual([true, false, true, true])
    }))

  it.effect.each<readonly [Concurrency.Options, string]>([
    [{ limit: 0 }, "concurrency.limit: must be a whole number above 0"],
    [{ targets: { "a/m": 1.5 } }, "concurrency.targets.a/m: must be a whole number above 0"],
    [{ limit: { min: 0 } }, "concurrency.limit.min: must be a whole number above 0"],
    [{ limit: { min: 5, max: 4 } }, "concurrency.limit.max: must not be below the min"],
    [{ limit: { backoff: 1 } }, "concurrency.limit.backoff: must be above 0 and below 1"],
    [{ limit: { tolerance: 2 } }, "concurrency.limit.tolerance: must be 1 or more and below 2"]
  ])("refuses the options %j", ([options, message]) =>
    Effect.gen(function*() {
      expect((yield* Effect.flip(Concurrency.make(options))).message).toBe(message)
    }))

  it.effect("finds out what a target bears: between its slots and twice as many", () =>
    Effect.gen(function*() {
      const slots = 10
      const policy = yield* Concurrency.make({ limit: { initial: 40 }, maxWaiting: 1_000, maxWait: "1 hour" })
      const { next, seen } = counting((inFlight) => 1_000 * Math.max(1, inFlight / slots))
      const worker = Effect.forever(
        Effect.suspend(() => {
          const { call, end } = callOf({}, { operation: "stream" })
          return Effect.andThen(policy(next)(call), end)
        })
      )
      yield* Effect.forkChild(Effect.forEach(Array.from({ length: 50 }), () => worker, { concurrency: "unbounded" }))
      yield* TestClock.adjust("2 minutes")
      const before = seen.total
      let waiting = 0
      for (let index = 0; index < 200; index++) {
        yield* TestClock.adjust("1 second")
        waiting += Math.max(0, seen.now - slots)
      }
      // Most of what the target can do, with fewer than one call standing in line for each slot.
      expect(seen.total - before).toBeGreaterThan(200 * slots * 0.85)
      expect(waiting / 200).toBeLessThan(slots)
    }), 30_000)
})

describe("Concurrency's law", () => {
  it("never has more calls under way than allowed, and in the end no slot is taken", async () => {
    const step = fc.record({
      operation: fc.constantFrom("send" as const, "stream" as const),
      takes: fc.nat(30),
      fails: fc.boolean(),
      goesAfter: fc.option(fc.nat(30)),
      untried: fc.nat(1),
      pause: fc.nat(8)
    })
    const waiting = (takes: number, goesAfter: number | null) => ({
      operation: "send" as const,
      takes,
      fails: false,
      goesAfter,
      untried: 0,
      pause: 0
    })
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 4 }),
        fc.array(step, { maxLength: 40 }),
        turns,
        (limit, steps, operations) =>
          interleaved(
            operations,
            Effect.gen(function*() {
              const policy = yield* Concurrency.make({ limit, maxWait: 20, maxWaiting: 3 })
              let underWay = 0
              let most = 0
              const all: Array<Fiber.Fiber<unknown>> = []
              for (const { fails, goesAfter, operation, pause, takes, untried } of steps) {
                const { call } = callOf({}, { operation, untried })
                const next = Effect.fnUntraced(function*(call: Call) {
                  most = Math.max(most, ++underWay)
                  // A stream is under way until its Scope closes, a whole answer until it is there.
                  const scope = operation === "stream" ? call.scope : Scope.forkUnsafe(call.scope)
                  yield* Scope.addFinalizer(scope, Effect.sync(() => underWay -= 1))
                  return yield* Effect.andThen(
                    Effect.sleep(takes),
                    fails ? Effect.fail(retryable({ _tag: "ServerFault" })) : Effect.void
                  ).pipe(Effect.onExit((exit) => operation === "send" ? Scope.close(scope, exit) : Effect.void))
                })
                const whole = policy(next)(call).pipe(
                  Effect.andThen(Effect.sleep(5)),
                  Effect.onExit((exit) => Scope.close(call.scope, exit)),
                  (effect) => goesAfter === null ? effect : Effect.timeoutOption(effect, goesAfter)
                )
                all.push(yield* Effect.forkChild(Effect.exit(whole), { startImmediately: true }))
                yield* TestClock.adjust(pause)
              }
              yield* passAll
              yield* Effect.forEach(all, Fiber.join)
              expect(most).toBeLessThanOrEqual(limit)
              expect(underWay).toBe(0)
              const gate = yield* Deferred.make<void>()
              const last = yield* Effect.forEach(Array.from({ length: limit + 1 }), () =>
                Effect.forkChild(
                  Effect.exit(policy(() => Deferred.await(gate))(callOf({}, { untried: 1 }).call)),
                  {
                    startImmediately: true
                  }
                ))
              yield* settle
              expect(
                last.filter((fiber) => fiber.pollUnsafe() === undefined).length
              ).toBe(limit)
            })
          )
      ),
      {
        numRuns: 60,
        // One that waits goes between two of its steps.
        examples: [[1, [waiting(1, null), waiting(0, null), waiting(0, 0)], 12]]
      }
    )
  }, 30_000)
})
