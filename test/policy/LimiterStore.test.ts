import { describe, expect, it } from "@effect/vitest"
import { Duration, Effect, Layer } from "effect"
import { RateLimiter } from "effect/persistence"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"
import * as LimiterStore from "../../src/policy/LimiterStore.ts"

type Step = { readonly pass: number; readonly key: string; readonly tokens: number; readonly overflow: boolean }

/** What a store answers to each step, fixed windows and token buckets in turn. */
const answers = (store: RateLimiter.RateLimiterStore["Service"], steps: ReadonlyArray<Step>) =>
  Effect.forEach(steps, ({ key, overflow, pass, tokens }) =>
    Effect.gen(function*() {
      yield* TestClock.adjust(pass)
      const refillRate = Duration.millis(10)
      const bucket = yield* store.tokenBucket({ key, tokens, limit: 20, refillRate, allowOverflow: overflow })
      const window = yield* store.fixedWindow({ key, tokens, refillRate, limit: overflow ? undefined : 20 })
      return [...bucket, ...window]
    }))

describe("LimiterStore", () => {
  it("answers as effect's own store does, whatever is asked of it", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            pass: fc.nat(400),
            key: fc.constantFrom("a", "b"),
            tokens: fc.integer({ min: 0, max: 30 }),
            overflow: fc.boolean()
          }),
          { maxLength: 30 }
        ),
        async (steps) => {
          const ours = await Effect.runPromise(Effect.provide(answers(LimiterStore.make(), steps), TestClock.layer()))
          const theirs = await Effect.runPromise(
            Effect.flatMap(RateLimiter.RateLimiterStore, (store) => answers(store, steps)).pipe(
              Effect.provide(Layer.merge(RateLimiter.layerStoreMemory, TestClock.layer()))
            )
          )
          expect(ours).toEqual(theirs)
        }
      )
    )
  })

  it.effect("gives who was forgotten its whole limit again", () =>
    Effect.gen(function*() {
      const store = LimiterStore.make({ capacity: 8 })
      const take = (key: string) =>
        store.tokenBucket({ key, tokens: 1, limit: 5, refillRate: Duration.seconds(1), allowOverflow: false })
      yield* take("a")
      expect(yield* take("a")).toEqual([3, 0])
      for (let index = 0; index < 8; index++) yield* take(`k${index}`)
      expect(yield* take("a")).toEqual([4, 0])
    }))
})
