import { assert, describe, it } from "@effect/vitest"
import { type Price, ratesOf } from "../../src/catalog/Price.ts"

const plain = { input: 1, output: 2 }

describe("ratesOf", () => {
  it("takes the last tier that the input has passed, not one it has just reached", () => {
    const price: Price = {
      ...plain,
      longContext: [{ above: 100, input: 3, output: 4 }, { above: 200, input: 5, output: 6 }]
    }
    assert.deepStrictEqual([0, 100, 101, 200, 201].map((input) => ratesOf(price, input).input), [1, 1, 3, 3, 5])
  })

  it("takes the last change that has begun, and without a time the rates beside the changes", () => {
    const price: Price = {
      ...plain,
      changes: [{ input: 9, output: 9 }, { since: 1_000, input: 3, output: 3 }, { since: 2_000, ...plain }]
    }
    assert.deepStrictEqual([0, 999, 1_000, 2_000].map((at) => ratesOf(price, 0, at).input), [9, 9, 3, 1])
    assert.strictEqual(ratesOf(price, 0).input, 1)
  })

  it("takes the hours of the day in UTC, past midnight too", () => {
    const hours = (from: number, to: number): Price => ({
      ...plain,
      changes: [plain, { hours: { from: from * 3_600, to: to * 3_600 }, input: 7, output: 7 }]
    })
    const at = (hour: number) => Date.UTC(2026, 10, 23, hour)
    assert.deepStrictEqual([0, 1, 3, 4].map((hour) => ratesOf(hours(1, 4), 0, at(hour)).input), [1, 7, 7, 1])
    assert.deepStrictEqual([21, 22, 0, 5, 6].map((hour) => ratesOf(hours(22, 6), 0, at(hour)).input), [1, 7, 7, 7, 1])
  })

  it("takes the days of the week", () => {
    const price: Price = {
      ...plain,
      changes: [plain, { hours: { from: 0, to: 86_400, days: [1, 2, 3, 4, 5] }, input: 7, output: 7 }]
    }
    // From Sunday the 22nd to Saturday the 28th of November 2026.
    const week = [22, 23, 24, 25, 26, 27, 28].map((day) => ratesOf(price, 0, Date.UTC(2026, 10, day, 12)).input)
    assert.deepStrictEqual(week, [1, 7, 7, 7, 7, 7, 1])
  })
})
