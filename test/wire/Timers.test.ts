import { describe, expect, it } from "@effect/vitest"
import { Clock, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"
import * as Timers from "../../src/wire/Timers.ts"

/** Sets timers at times after now; gives what ended, at which time, in its order. */
const setting = (times: ReadonlyArray<number>) =>
  Effect.withFiber((fiber) => {
    const ended: Array<readonly [number, number]> = []
    const clock = fiber.getRef(Clock.Clock)
    const now = clock.currentTimeMillisUnsafe()
    const timers = times.map((time) =>
      Timers.of(fiber).add(now + time, () => ended.push([time, clock.currentTimeMillisUnsafe() - now]))
    )
    return Effect.succeed({ ended, timers })
  })

describe("Timers", () => {
  it.effect("end each at its time, in whatever order they were set", () =>
    Effect.gen(function*() {
      const { ended } = yield* setting([5_000, 10, 70_000, 10, 999, 1_000])
      yield* TestClock.adjust("9 millis")
      expect(ended).toEqual([])
      yield* TestClock.adjust("70 seconds")
      expect(ended).toEqual([[10, 10], [10, 10], [999, 999], [1_000, 1_000], [5_000, 5_000], [70_000, 70_000]])
    }))

  it.effect("do not end once they are cancelled, before or after another that ends first", () =>
    Effect.gen(function*() {
      const { ended, timers } = yield* setting([10, 20, 30])
      timers[0]!.cancel()
      yield* TestClock.adjust("25 millis")
      timers[2]!.cancel()
      timers[2]!.cancel()
      yield* TestClock.adjust("1 minute")
      expect(ended).toEqual([[20, 20]])
    }))

  it.effect("may be set and cancelled by one that ends", () =>
    Effect.withFiber((fiber) =>
      Effect.gen(function*() {
        const ended: Array<string> = []
        const other = Timers.of(fiber).add(20, () => ended.push("cancelled"))
        Timers.of(fiber).add(10, () => {
          ended.push("first")
          other.cancel()
          Timers.of(fiber).add(15, () => ended.push("second"))
        })
        yield* TestClock.adjust("1 second")
        expect(ended).toEqual(["first", "second"])
      })
    ))

  it.effect("end at once where their time is over already", () =>
    Effect.gen(function*() {
      yield* TestClock.adjust("1 second")
      const { ended } = yield* setting([-500])
      yield* Effect.yieldNow
      yield* TestClock.adjust("1 millis")
      expect(ended.map(([time]) => time)).toEqual([-500])
    }))

  it.effect("are each one's clock's own", () =>
    Effect.gen(function*() {
      const { ended } = yield* setting([10])
      const elsewhere = yield* setting([10]).pipe(Effect.provide(TestClock.layer()))
      yield* TestClock.adjust("10 millis")
      expect(ended).toEqual([[10, 10]])
      expect(elsewhere.ended).toEqual([])
    }))

  it("end exactly those that are not cancelled, none before its time", () =>
    fc.assert(fc.asyncProperty(
      fc.array(
        fc.record({
          at: fc.integer({ min: 1, max: 5_000 }),
          cancelledAt: fc.option(fc.integer({ min: 0, max: 5_000 }))
        })
      ),
      (wishes) =>
        Effect.runPromise(
          Effect.gen(function*() {
            const { ended, timers } = yield* setting(wishes.map(({ at }) => at))
            yield* Effect.forEach(wishes, ({ cancelledAt }, index) =>
              cancelledAt === null
                ? Effect.void
                : Effect.forkDetach(Effect.delay(Effect.sync(() => timers[index]!.cancel()), cancelledAt), {
                  startImmediately: true
                }), { discard: true })
            yield* TestClock.adjust("10 seconds")
            const sure = wishes.filter(({ at, cancelledAt }) => cancelledAt === null || cancelledAt > at)
            const perhaps = wishes.filter(({ at, cancelledAt }) => cancelledAt === at)
            expect(ended.every(([wanted, was]) => wanted === was)).toBe(true)
            expect(ended.length).toBeGreaterThanOrEqual(sure.length)
            expect(ended.length).toBeLessThanOrEqual(sure.length + perhaps.length)
          }).pipe(Effect.provide(TestClock.layer()))
        )
    )))

  it.live("let a process end that has nothing else to do", () =>
    Effect.gen(function*() {
      const before = process.getActiveResourcesInfo().filter((name) => name === "Timeout").length
      const { timers } = yield* setting([600_000, 700_000])
      expect(process.getActiveResourcesInfo().filter((name) => name === "Timeout").length).toBe(before + 1)
      for (const timer of timers) timer.cancel()
      yield* Fiber.await(yield* Effect.forkChild(Effect.void))
      expect(process.getActiveResourcesInfo().filter((name) => name === "Timeout").length).toBe(before)
    }))
})
