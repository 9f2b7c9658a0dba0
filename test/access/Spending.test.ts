import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"
import * as Spending from "../../src/access/Spending.ts"
import { keptIn } from "./support.ts"

const claim = (limit: bigint, period: Spending.Period = "total", principal = "a"): Spending.Claim => ({
  principal,
  period,
  limit
})

describe.each(keptIn)("Spending in $name", { timeout: 30_000 }, ({ skip, start }) => {
  const test = it.effect.skipIf(skip)
  const everything = start()

  test("reserves on all accounts or on none", () =>
    Effect.gen(function*() {
      const { reserve, spent } = yield* Spending.Spending
      const { settle } = yield* reserve([claim(10n), claim(5n, "day", "b")], 4n)
      expect((yield* Effect.flip(reserve([claim(10n), claim(5n, "day", "b")], 2n))).message).toBe(
        "$0 of $0.000000000005 a day is spent and $0.000000000004 is reserved by requests under way; it begins anew at " +
          "1970-01-02T00:00:00.000Z"
      )
      expect((yield* spent("a", "total")).reserved).toBe(4n)
      yield* settle(5n, 1)
      expect(yield* spent("a", "total")).toEqual({ spent: 5n, reserved: 0n, unknown: 1, resetsAt: Infinity })
      expect((yield* spent("b", "day")).spent).toBe(5n)
    }).pipe(Effect.provide(everything())))

  test("begins a day and a month anew, and counts to the one in which a request came", () =>
    Effect.gen(function*() {
      const { reserve, spent } = yield* Spending.Spending
      yield* TestClock.setTime(Date.UTC(2026, 0, 31, 23))
      const late = yield* reserve([claim(9n, "day"), claim(9n, "month"), claim(9n)], 9n)
      yield* TestClock.setTime(Date.UTC(2026, 1, 1))
      yield* reserve([claim(9n, "day"), claim(9n, "month")], 1n)
      yield* late.settle(9n, 0)
      expect(yield* spent("a", "day")).toEqual({
        spent: 0n,
        reserved: 1n,
        unknown: 0,
        resetsAt: Date.UTC(2026, 1, 2)
      })
      expect((yield* spent("a", "month")).resetsAt).toBe(Date.UTC(2026, 2, 1))
      expect((yield* spent("a", "total")).spent).toBe(9n)
      expect((yield* Effect.flip(reserve([claim(9n)], 0n)))._tag).toBe("Exhausted")
    }).pipe(Effect.provide(everything())))
})

describe("Spending", () => {
  it("never lets more be spent than a budget has, whatever is reserved and settled in which order", () => {
    const step = fc.record({
      amount: fc.bigInt({ min: 0n, max: 6n }),
      share: fc.integer({ min: 0, max: 100 }),
      end: fc.nat(5),
      child: fc.boolean()
    })
    fc.assert(fc.property(fc.array(step, { maxLength: 40 }), (steps) =>
      Effect.runSync(Effect.gen(function*() {
        const { reserve, spent } = Spending.makeMemory()
        const open: Array<{ readonly held: Spending.Reservation; readonly amount: bigint; readonly share: number }> = []
        const close = (index: number) =>
          Effect.suspend(() => {
            const [one] = open.splice(index % Math.max(1, open.length), 1)
            return one === undefined ? Effect.void : one.held.settle(one.amount * BigInt(one.share) / 100n, 0)
          })
        for (const { amount, child, end, share } of steps) {
          const claims = [...child ? [claim(10n, "total", "child")] : [], claim(20n, "total", "parent")]
          const held = yield* Effect.option(reserve(claims, amount))
          if (held._tag === "Some") open.push({ held: held.value, amount, share })
          if (end < 3) yield* close(end)
          for (const [principal, limit] of [["child", 10n], ["parent", 20n]] as const) {
            const account = yield* spent(principal, "total")
            expect(account.spent + account.reserved <= limit).toBe(true)
          }
        }
        while (open.length > 0) yield* close(0)
        const [below, above] = [yield* spent("child", "total"), yield* spent("parent", "total")]
        expect([below.reserved, above.reserved, below.spent <= above.spent]).toEqual([0n, 0n, true])
      }))))
  })
})
