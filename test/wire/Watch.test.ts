import { describe, expect, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { Watch, within } from "../../src/wire/Watch.ts"

const after = (millis: number) => (since: number) => ({ at: since + millis, error: () => `after ${millis}` })

/** Waits under the watch, in a fiber that has begun. */
const waiting = <A, E>(watch: Watch<string>, effect: Effect.Effect<A, E>) =>
  Effect.forkChild(Effect.exit(Effect.withFiber((fiber) => watch.over(fiber, effect))), { startImmediately: true })

describe("Watch", () => {
  it.effect("gives what the effect gives, at once where it does not wait", () =>
    Effect.gen(function*() {
      const watch = new Watch(after(10))
      const over = <A, E>(effect: Effect.Effect<A, E>) => Effect.withFiber((fiber) => watch.over(fiber, effect))
      expect(yield* over(Effect.succeed(1))).toBe(1)
      expect(yield* Effect.flip(over(Effect.fail("no")))).toBe("no")
      expect(watch.waited).toBe(0)
    }))

  it.effect("interrupts what takes too long, and fails only when that is over", () =>
    Effect.gen(function*() {
      const told: Array<string> = []
      const slow = Effect.onInterrupt(Effect.never, () =>
        Effect.delay(Effect.sync(() => told.push("let go")), "5 millis"))
      const fiber = yield* waiting(new Watch(after(10)), slow)
      yield* TestClock.adjust("10 millis")
      expect(fiber.pollUnsafe()).toBe(undefined)
      yield* TestClock.adjust("5 millis")
      expect(yield* Fiber.join(fiber)).toEqual(Exit.fail("after 10"))
      expect(told).toEqual(["let go"])
    }))

  it.effect("counts each wait from its own beginning, with one timer for all", () =>
    Effect.gen(function*() {
      const watch = new Watch(after(10))
      for (let time = 0; time < 5; time++) {
        const fiber = yield* waiting(watch, Effect.sleep("9 millis"))
        yield* TestClock.adjust("9 millis")
        expect(yield* Fiber.join(fiber)).toEqual(Exit.void)
        expect(watch.last).toBe(9)
      }
      expect(watch.waited).toBe(45)
      const late = yield* waiting(watch, Effect.never)
      yield* TestClock.adjust("9 millis")
      expect(late.pollUnsafe()).toBe(undefined)
      yield* TestClock.adjust("1 millis")
      expect(yield* Fiber.join(late)).toEqual(Exit.fail("after 10"))
      expect(watch.expired).toBe("after 10")
    }))

  it.effect("keeps to another limit once it is renewed, be that sooner or later", () =>
    Effect.gen(function*() {
      const watch = new Watch(after(100))
      const sooner = yield* Effect.forkChild(
        Effect.exit(Effect.withFiber((fiber) =>
          watch.over(
            fiber,
            Effect.andThen(
              Effect.sleep("10 millis"),
              Effect.suspend(() => {
                watch.limit = (since) => ({ at: since + 30, error: () => "sooner" })
                watch.renew()
                return Effect.never
              })
            )
          )
        )),
        { startImmediately: true }
      )
      yield* TestClock.adjust("30 millis")
      expect(yield* Fiber.join(sooner)).toEqual(Exit.fail("sooner"))
    }))

  it.effect("leaves nothing running when who waits is interrupted", () =>
    Effect.gen(function*() {
      const gone = yield* Deferred.make<void>()
      const fiber = yield* waiting(
        new Watch(after(10)),
        Effect.onInterrupt(Effect.never, () => Deferred.succeed(gone, undefined))
      )
      yield* Fiber.interrupt(fiber)
      expect(yield* Deferred.isDone(gone)).toBe(true)
    }))

  it.effect("cuts, where it can, instead of waiting in another fiber", () =>
    Effect.gen(function*() {
      const watch = new Watch(after(10))
      const pull = yield* Deferred.make<number, string>()
      const fiber = yield* Effect.forkChild(
        Effect.exit(Effect.withFiber((fiber) =>
          watch.cutting(fiber, Deferred.await(pull), () => Deferred.doneUnsafe(pull, Effect.fail("cut")))
        )),
        { startImmediately: true }
      )
      yield* TestClock.adjust("10 millis")
      expect(yield* Fiber.join(fiber)).toEqual(Exit.fail("cut"))
      expect(watch.expired).toBe("after 10")
    }))

  it.effect("fails at once where the time is over before the wait begins", () =>
    Effect.gen(function*() {
      const fiber = yield* waiting(new Watch(after(0)), Effect.never)
      expect(yield* Fiber.join(fiber)).toEqual(Exit.fail("after 0"))
    }))

  it.effect("stands alone around one effect", () =>
    Effect.gen(function*() {
      const fiber = yield* Effect.forkChild(Effect.exit(within(Effect.never, after(10))), { startImmediately: true })
      yield* TestClock.adjust("10 millis")
      expect(yield* Fiber.join(fiber)).toEqual(Exit.fail("after 10"))
      expect(yield* within(Effect.succeed(1), after(10))).toBe(1)
    }))
})
