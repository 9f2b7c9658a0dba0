import { describe, expect, it } from "@effect/vitest"
import { DateTime, Effect, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"
import * as Dispatcher from "llmdispatcher/Dispatcher"
import { retryable } from "llmdispatcher/VendorError"
import * as Budget from "../../src/policy/Budget.ts"
import type { Usage } from "../../src/Response.ts"
import * as Target from "../../src/Target.ts"
import { dispatchOf, interleaved, passAll, turns } from "../support/calls.ts"
import { answer, sequence, stream, textParts } from "../support/vendors.ts"

const dollarAnswer: Usage = { inputTokens: { uncached: 0, total: 0 }, outputTokens: { total: 1_000_000 } }
const priced: Target.Target = { ...Target.make("v/m"), price: { input: 1, output: 1 } }
const unpriced = Target.make("v/free")

/** Budgets whose requests are each estimated at so many dollars. */
const make = (budget: number, estimate: number, options: Partial<Budget.Options> = {}) =>
  Budget.make({ budget, estimate: () => estimate, ...options })

const line = {
  number: 1,
  vendor: "v",
  target: "v/m",
  model: "m",
  outcome: "answered",
  startedAfter: 0,
  duration: 1
} as const

/** A dispatch that ends with what its attempts were. */
const spend = (
  budget: Budget.Budget,
  attempts: ReadonlyArray<{ readonly outcome?: "answered" | "failed" | "interrupted"; readonly began?: boolean }>,
  usages: ReadonlyArray<{ readonly target: Target.Target; readonly usage: Usage }>
) =>
  Effect.gen(function*() {
    const { dispatch, end } = dispatchOf()
    yield* budget.admit(dispatch)
    for (const { began, outcome = "answered" } of attempts) {
      dispatch.journal.attempts.push({ ...line, outcome, ...(began && { timeToFirstPart: 5 }) })
    }
    dispatch.journal.usages.push(...usages)
    yield* end
  })

const spent = (budget: Budget.Budget) => Effect.map(budget.spending(""), ({ spent }) => spent)

describe("Budget", () => {
  it.effect("refuses who has spent its budget, telling when it begins anew", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(Date.UTC(2026, 1, 20, 15))
      const budget = yield* make(2, 0.5)
      yield* spend(budget, [{}], [{ target: priced, usage: dollarAnswer }])
      yield* spend(budget, [{}], [{ target: priced, usage: dollarAnswer }])
      const error = yield* Effect.flip(budget.admit(dispatchOf().dispatch))
      expect(error._tag).toBe("FatalError")
      expect(error.reason).toEqual({
        _tag: "BudgetExceeded",
        description:
          "$2.00 of $2.00 a month is spent, this request may cost $0.50; it begins anew at 2026-03-01T00:00:00.000Z"
      })
    }))

  it.effect("counts what requests under way may cost", () =>
    Effect.gen(function*() {
      const budget = yield* make(1, 0.4)
      const first = dispatchOf()
      yield* budget.admit(first.dispatch)
      yield* budget.admit(dispatchOf().dispatch)
      const error = yield* Effect.flip(budget.admit(dispatchOf().dispatch))
      expect(error.message).toContain("$0.00 of $1.00 a month is spent and $0.80 is reserved by requests under way")
      yield* first.end
      yield* budget.admit(dispatchOf().dispatch)
    }))

  it.effect.each<readonly [Budget.Period, string, string, string]>([
    ["hour", "2026-02-20T15:30:00Z", "2026-02-20T15:59:59.999Z", "2026-02-20T16:00:00.000Z"],
    ["day", "2026-02-20T15:30:00Z", "2026-02-20T23:59:59.999Z", "2026-02-21T00:00:00.000Z"],
    ["week", "2026-02-20T15:30:00Z", "2026-02-22T23:59:59.999Z", "2026-02-23T00:00:00.000Z"],
    ["month", "2026-12-31T15:30:00Z", "2026-12-31T23:59:59.999Z", "2027-01-01T00:00:00.000Z"]
  ])("begins anew with each %s of the calendar", ([period, start, last, next]) =>
    Effect.gen(function*() {
      yield* TestClock.setTime(Date.parse(start))
      const budget = yield* make(1, 0.1, { period })
      yield* spend(budget, [{}], [{ target: priced, usage: dollarAnswer }])
      yield* TestClock.setTime(Date.parse(last))
      yield* Effect.flip(budget.admit(dispatchOf().dispatch))
      expect(DateTime.formatIso((yield* budget.spending("")).resetsAt)).toBe(next)
      yield* TestClock.setTime(Date.parse(next))
      yield* budget.admit(dispatchOf().dispatch)
      expect(yield* spent(budget)).toBe(0)
    }))

  it.effect("counts a request to the period in which it came", () =>
    Effect.gen(function*() {
      const budget = yield* make(1, 0.1, { period: "day" })
      const { dispatch, end } = dispatchOf()
      yield* budget.admit(dispatch)
      yield* TestClock.adjust("1 day")
      dispatch.journal.usages.push({ target: priced, usage: dollarAnswer })
      yield* end
      expect((yield* budget.spending("")).spent).toBe(0)
      yield* budget.admit(dispatchOf().dispatch)
    }))

  it.effect.each<
    readonly [string, Parameters<typeof spend>[1], ReadonlyArray<Target.Target>, number]
  >([
    ["all attempts that told", [{}, {}], [priced, priced], 2],
    ["one that failed before it began", [{ outcome: "failed" }], [], 0],
    ["as estimated one that broke off without telling", [{ outcome: "failed", began: true }], [], 0.25],
    ["as estimated one that was interrupted", [{ outcome: "interrupted" }, {}], [priced], 1.25],
    ["nothing where the target has no price", [{}], [unpriced], 0]
  ])("counts %s", ([, attempts, targets, expected]) =>
    Effect.gen(function*() {
      const budget = yield* make(10, 0.25)
      yield* spend(budget, attempts, targets.map((target) => ({ target, usage: dollarAnswer })))
      expect(yield* budget.spending("")).toMatchObject({ spent: expected, reserved: 0 })
    }))

  it.effect("tells how many answers' cost nobody knows", () =>
    Effect.gen(function*() {
      const budget = yield* make(10, 0.25)
      yield* spend(budget, [{}], [{ target: unpriced, usage: dollarAnswer }])
      yield* spend(budget, [{ outcome: "interrupted" }], [])
      expect((yield* budget.spending("")).unknown).toBe(2)
    }))

  it.effect("counts answers without a price as estimated where that is wished", () =>
    Effect.gen(function*() {
      const budget = yield* make(10, 0.25, { unpriced: "estimate" })
      yield* spend(budget, [{}], [{ target: unpriced, usage: dollarAnswer }])
      expect(yield* spent(budget)).toBe(0.25)
    }))

  it.effect("reserves the dearest target's price for what the request may take", () =>
    Effect.gen(function*() {
      const cheap = { ...priced, price: { input: 1, output: 2 } }
      const dear = { ...priced, price: { input: 10, output: 20, cacheWrite: 12.5 } }
      const budget = yield* Budget.make({ budget: 1, targets: () => [cheap, dear, unpriced] })
      yield* budget.admit(dispatchOf({ prompt: "x".repeat(4_000), maxTokens: 10_000 }).dispatch)
      expect((yield* budget.spending("")).reserved).toBeCloseTo((1_000 * 12.5 + 10_000 * 20) / 1_000_000, 12)
    }))

  it.effect("reserves nothing where no price is known, and refuses only who has spent all", () =>
    Effect.gen(function*() {
      const budget = yield* Budget.make({ budget: 1, targets: () => [unpriced] })
      yield* budget.admit(dispatchOf().dispatch)
      yield* spend(budget, [{}], [{ target: priced, usage: dollarAnswer }])
      expect((yield* Effect.flip(budget.admit(dispatchOf().dispatch))).reason._tag).toBe("BudgetExceeded")
    }))

  it.effect("knows callers by user or any key, each with a budget of its own or none", () =>
    Effect.gen(function*() {
      const budgets: Record<string, number> = { ann: 1, bob: 2 }
      const budget = yield* Budget.make({ budget: (caller) => budgets[caller], estimate: () => 0.6 })
      const admitted = (user: string) =>
        Effect.map(
          Effect.forEach(Array.from({ length: 5 }), () => Effect.exit(budget.admit(dispatchOf({ user }).dispatch))),
          (exits) => exits.filter(({ _tag }) => _tag === "Success").length
        )
      expect([yield* admitted("ann"), yield* admitted("bob"), yield* admitted("eve")]).toEqual([1, 3, 5])
    }))

  it.effect("lets callers beyond its capacity share one budget", () =>
    Effect.gen(function*() {
      const budget = yield* make(1, 0.6, { capacity: 2 })
      const ask = (user: string) => Effect.exit(budget.admit(dispatchOf({ user }).dispatch))
      const exits = yield* Effect.forEach(["a", "b", "c", "d", "a"], ask)
      expect(exits.map(({ _tag }) => _tag)).toEqual(["Success", "Success", "Success", "Failure", "Failure"])
    }))

  it.effect("refuses a budget below 0", () =>
    Effect.gen(function*() {
      expect((yield* Effect.flip(make(-1, 1))).message).toBe("budget.budget: must be 0 or more, got -1")
    }))

  it.effect("counts a dispatch when it has ended, and a stream that its reader left as estimated", () =>
    Effect.gen(function*() {
      const budget = yield* make(100, 0.25)
      const parts = stream(Stream.rechunk(Stream.fromIterable(textParts("Hel", "lo")), 1))
      const { vendor } = sequence("a", [answer("Hi"), parts])
      const dispatcher = yield* Dispatcher.make({
        vendors: [vendor],
        routes: { default: [{ vendor: "a", model: "m", price: { input: 1_000_000, output: 1_000_000 } }] },
        admission: [budget.admit]
      })
      const seen: Array<number> = []
      const note = Effect.map(spent(budget), (spent) => seen.push(spent))
      yield* dispatcher.send({ prompt: "Hello" })
      yield* note
      yield* Stream.runDrain(dispatcher.stream({ prompt: "Hello" }))
      yield* note
      yield* Stream.runDrain(Stream.take(dispatcher.stream({ prompt: "Hello" }), 1))
      yield* note
      expect(seen).toEqual([5, 10, 10.25])
    }))

  it.effect("counts nothing for a dispatch whose attempts all failed", () =>
    Effect.gen(function*() {
      const budget = yield* make(100, 0.25)
      const { vendor } = sequence("a", [Effect.fail(retryable({ _tag: "Overloaded" }))])
      const dispatcher = yield* Dispatcher.make({ vendors: [vendor], retry: false, admission: [budget.admit] })
      yield* Effect.flip(dispatcher.send({ prompt: "Hello" }))
      expect(yield* budget.spending("")).toMatchObject({ spent: 0, reserved: 0, unknown: 0 })
    }))
})

describe("Budget's law", () => {
  it("never lets spent and reserved exceed the budget by more than the estimates were too low", async () => {
    const step = fc.record({
      estimate: fc.double({ min: 0, max: 3, noNaN: true }),
      tokens: fc.nat(4_000_000),
      takes: fc.nat(50),
      pause: fc.nat(20),
      goes: fc.boolean()
    })
    await fc.assert(
      fc.asyncProperty(
        fc.double({ min: 0, max: 10, noNaN: true }),
        fc.array(step, { maxLength: 40 }),
        turns,
        (limit, steps, operations) =>
          interleaved(
            operations,
            Effect.gen(function*() {
              let next = 0
              const budget = yield* Budget.make({ budget: limit, estimate: () => next })
              let missed = 0
              let really = 0
              const fibers: Array<Fiber.Fiber<unknown>> = []
              const look = Effect.gen(function*() {
                const { reserved, spent } = yield* budget.spending("")
                expect(spent + reserved).toBeLessThanOrEqual(limit + missed + 1e-9)
                expect(reserved).toBeGreaterThanOrEqual(-1e-9)
              })
              for (const { estimate, goes, pause, takes, tokens } of steps) {
                next = estimate
                const { dispatch, end } = dispatchOf()
                const run = Effect.gen(function*() {
                  yield* budget.admit(dispatch)
                  yield* Effect.sleep(takes)
                  dispatch.journal.attempts.push(line)
                  const usage = { inputTokens: { uncached: 0, total: 0 }, outputTokens: { total: tokens } }
                  dispatch.journal.usages.push({ target: priced, usage })
                  const cost = tokens / 1_000_000
                  missed += Math.max(0, cost - estimate)
                  really += cost
                })
                const whole = Effect.ensuring(goes ? Effect.timeoutOption(run, 25) : run, end)
                fibers.push(yield* Effect.forkChild(Effect.exit(whole), { startImmediately: true }))
                yield* look
                yield* TestClock.adjust(pause)
                yield* look
              }
              yield* passAll
              yield* Effect.forEach(fibers, Fiber.join)
              yield* look
              const { reserved, spent } = yield* budget.spending("")
              expect(reserved).toBe(0)
              expect(spent).toBeCloseTo(really, 9)
            })
          )
      ),
      { numRuns: 60 }
    )
  }, 30_000)
})
