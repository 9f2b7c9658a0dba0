import { describe, expect, it } from "@effect/vitest"
import { Effect, Fiber, Random, References } from "effect"
import * as fc from "fast-check"
import { TestClock } from "effect/testing"
import type { AttemptError } from "llmdispatcher/VendorError"
import { overloaded, unauthenticated } from "../support/vendors.ts"
import { denied, exhausted, inFlight, pool, rateLimited, scripted, secret, sent, steady, streamed } from "./support.ts"

const outcome = fc.constantFrom<"good" | AttemptError | "slow">(
  "good",
  "slow",
  unauthenticated,
  denied,
  exhausted,
  rateLimited(),
  rateLimited("1 minute"),
  rateLimited(0),
  overloaded
)

const bad = fc.constantFrom<AttemptError>(
  unauthenticated,
  denied,
  exhausted,
  rateLimited(),
  rateLimited("1 minute"),
  rateLimited(0)
)

const strategy = fc.constantFrom("least-busy", "round-robin", "weighted")

const keysOf = (count: number) => Array.from({ length: count }, (_, index) => `key-${index}`)

/** Each step: who asks and how, how much time goes by, whether the caller loses patience, and what keys there are then. */
const step = fc.record({
  way: fc.constantFrom("send", "stream"),
  gone: fc.boolean(),
  wait: fc.constantFrom(0, 100, 2000, 5000, 60_000, 300_000),
  keys: fc.option(fc.subarray(keysOf(6), { minLength: 1 }), { nil: undefined })
})

const holds = (property: fc.IAsyncProperty<any>) => Effect.promise(() => fc.assert(property, { numRuns: 60 }))

const run = <A, E>(effect: Effect.Effect<A, E>): Promise<A> =>
  Effect.runPromise(effect.pipe(
    steady,
    Effect.provideService(References.MinimumLogLevel, "None"),
    Effect.provide(TestClock.layer())
  ))

describe("laws of a KeyPool", () => {
  it.live("succeeds with one good key among any number of bad ones, and calls each at most once", () =>
    holds(fc.asyncProperty(fc.array(bad, { maxLength: 7 }), fc.nat(), strategy, async (errors, place, strategy) => {
      const names = errors.map((_, index) => `bad-${index}`)
      const script = scripted(Object.fromEntries(names.map((name, index) => [name, () => errors[index]])))
      const keys = names.toSpliced(place % (names.length + 1), 0, "good")
      for (const ask of [sent, streamed]) {
        script.calls.length = 0
        expect(await run(Effect.scoped(Effect.flatMap(pool(keys, script, { strategy }), (vendor) => ask(vendor)))))
          .toBe("good")
        expect(new Set(script.calls).size).toBe(script.calls.length)
      }
    })))

  it.live("counts no key below 0 and all at 0 in the end, asks no key twice, and none that was replaced", () =>
    holds(fc.asyncProperty(
      fc.array(fc.array(outcome, { minLength: 1, maxLength: 4 }), { minLength: 6, maxLength: 6 }),
      fc.array(step, { minLength: 1, maxLength: 12 }),
      strategy,
      (outcomes, steps, strategy) =>
        run(Effect.scoped(Effect.gen(function*() {
          const allowed = new Set(keysOf(6))
          const forbidden: Array<string> = []
          const script = scripted(Object.fromEntries(
            keysOf(6).map((key, index) => [key, (nth: number) => {
              if (!allowed.has(key)) forbidden.push(key)
              const told = outcomes[index]![nth % outcomes[index]!.length]!
              return told === "good" ? undefined : told === "slow" ? Effect.sleep("3 seconds") : told
            }])
          ))
          const vendor = yield* pool(keysOf(6), script, { strategy })
          const fibers: Array<Fiber.Fiber<unknown>> = []
          for (const [index, { gone, keys, wait, way }] of steps.entries()) {
            const user = `request-${index}`
            const fiber = yield* Effect.forkChild(
              Effect.exit(way === "send" ? sent(vendor, "m", user) : streamed(vendor, "m", user)),
              { startImmediately: true }
            )
            fibers.push(fiber)
            yield* TestClock.adjust(wait)
            if (gone) yield* Fiber.interrupt(fiber)
            if (keys !== undefined) {
              yield* vendor.rotate(keys.map(secret))
              allowed.clear()
              for (const key of keys) allowed.add(key)
            }
            for (const count of yield* inFlight(vendor)) expect(count).toBeGreaterThanOrEqual(0)
          }
          yield* TestClock.adjust("1 hour")
          yield* Effect.forEach(fibers, Fiber.await)
          expect(new Set(yield* inFlight(vendor))).toEqual(new Set([0]))
          expect(new Set(script.asked).size).toBe(script.asked.length)
          expect(forbidden).toEqual([])
          // Whatever was made and is no key any more has ended, and nothing else.
          expect(script.made.length - script.closed.length).toBe(allowed.size)
        })))
    )))

  it.effect("spreads calls evenly over keys that are equally good", () =>
    Effect.gen(function*() {
      const script = scripted(
        Object.fromEntries(
          keysOf(4).map((key) => [
            key,
            () => Effect.flatMap(Random.nextBetween(1, 1000), (wait) => Effect.sleep(wait))
          ])
        )
      )
      const vendor = yield* pool(keysOf(4), script)
      for (let round = 0; round < 100; round++) {
        yield* Effect.forkChild(sent(vendor), { startImmediately: true })
        yield* TestClock.adjust(100)
      }
      yield* TestClock.adjust("1 second")
      for (const { calls } of yield* vendor.states) expect(Math.abs(calls - 25)).toBeLessThanOrEqual(5)
    }).pipe(Random.withSeed("even")))
})
