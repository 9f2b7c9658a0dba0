import { describe, expect, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import * as fc from "fast-check"
import { check } from "../../src/access/AccessError.ts"
import * as Grant from "../../src/access/Grant.ts"

const decode = check(Grant.Grant)

const issues = (input: unknown) =>
  Effect.map(Effect.flip(decode(input)), ({ issues }) => issues.map(({ field, message }) => `${field}: ${message}`))

describe("Grant", () => {
  it.effect("reads dollars to the last decimal, as text or number", () =>
    Effect.gen(function*() {
      const { budget } = yield* decode({ budget: { day: "0.000000000001", month: 12.1, total: 1e-7 } })
      expect(budget).toEqual({ day: 1n, month: 12_100_000_000_000n, total: 100_000n })
      const thousand = yield* decode({ budget: { total: 123_456_789.1 } })
      expect(thousand.budget?.total).toBe(123_456_789_100_000_000_000n)
    }))

  it.effect("writes what it has read", () =>
    Effect.gen(function*() {
      const grant = {
        models: ["gpt-*"],
        budget: { day: "0.1", total: "1000" },
        limits: { concurrency: 3 },
        expiresAt: "2027-01-01T00:00:00.000Z"
      }
      expect(yield* Schema.encodeEffect(Grant.Grant)(yield* decode(grant))).toEqual(grant)
    }))

  it("writes every amount so that it is read again", () => {
    const money = fc.bigInt({ min: 0n, max: 10n ** 21n })
    const [encode, read] = [Schema.encodeSync(Grant.Dollars), Schema.decodeUnknownSync(Grant.Dollars)]
    fc.assert(fc.property(money, (money) => {
      expect(read(encode(money))).toBe(money)
    }))
    expect(read(encode(10n ** 21n))).toBe(10n ** 21n)
  })

  it.effect("refuses fields that it does not know, at every level", () =>
    Effect.gen(function*() {
      const told = yield* issues({ modles: ["gpt-5"], limits: { requestPerMinute: 5 } })
      expect(told.map((issue) => issue.split(":")[0]).toSorted()).toEqual(["limits.requestPerMinute", "modles"])
    }))

  it.effect.each([
    [{ models: [""] }, "models.0: must not be empty"],
    [{ models: Array.from({ length: 101 }, String) }, "models: must have at most 100 entries, got 101"],
    [{ models: ["a\u0000"] }, "models.0: holds a control character"],
    [{ vendors: ["open*"] }, "vendors.0: must be a whole name, without a star"],
    [{ limits: { concurrency: 0 } }, "limits.concurrency: must be from 1 to 1000000000, got 0"],
    [{ budget: { day: -1 } }, "budget.day: must be from 0 to 1000000000, got -1"],
    [
      { budget: { total: "1000000000.1" } },
      "budget.total: must be from 0 to 1000000000 dollars, got 1000000000.1"
    ],
    [{ budget: { day: "1e3" } }, "budget.day: must be dollars as in 12.50, with up to 12 decimals"]
  ])("refuses %j", ([input, issue]) =>
    Effect.gen(function*() {
      expect(yield* issues(input)).toContain(issue)
    }))
})
