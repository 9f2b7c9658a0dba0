import { describe, expect, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"
import * as Dispatcher from "llmdispatcher/Dispatcher"
import * as RetryBudget from "../../src/policy/RetryBudget.ts"
import { answer, sequence, serverFault } from "../support/vendors.ts"

describe("RetryBudget", () => {
  it("stays from 0 to its most, whatever happens", () => {
    fc.assert(fc.property(
      fc.integer({ min: 1, max: 20 }),
      fc.double({ min: 0, max: 3, noNaN: true }),
      fc.array(fc.boolean(), { maxLength: 200 }),
      (most, ratio, events) => {
        const budget = RetryBudget.make({ most, ratio })
        const credit = () => budget.observer.answered?.({ call: { candidate: { target: { id: "t" } } } } as any, 0)
        for (const isRetry of events) {
          const before = budget.left("t")
          if (isRetry) expect(budget.take("t")).toBe(before >= 1)
          else credit()
          expect(budget.left("t")).toBeGreaterThanOrEqual(0)
          expect(budget.left("t")).toBeLessThanOrEqual(most)
        }
      }
    ))
  })

  it.effect("ends the retries of a target that only fails, and answers give them back", () =>
    Effect.gen(function*() {
      let healthy = false
      const failing = sequence("a", [Effect.suspend(() => healthy ? answer("Hi") : Effect.fail(serverFault))])
      const dispatcher = yield* Dispatcher.make({
        vendors: [failing.vendor],
        circuit: false,
        retryBudget: { most: 3, ratio: 0.5 }
      })
      const ask = Effect.gen(function*() {
        const before = failing.calls.length
        const fiber = yield* Effect.forkChild(Effect.result(dispatcher.send({ prompt: "Hello" })), {
          startImmediately: true
        })
        yield* TestClock.adjust("1 minute")
        yield* Fiber.join(fiber)
        return failing.calls.length - before
      })
      expect([yield* ask, yield* ask, yield* ask, yield* ask, yield* ask]).toEqual([2, 2, 2, 1, 1])
      healthy = true
      expect([yield* ask, yield* ask]).toEqual([1, 1])
      healthy = false
      expect([yield* ask, yield* ask]).toEqual([2, 1])
    }))
})
