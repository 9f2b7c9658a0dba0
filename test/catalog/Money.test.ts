import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import * as Money from "../../src/catalog/Money.ts"

describe("Money", () => {
  it("holds every rate of six decimals exactly", () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 1_000_000_000 }), (millionths) => {
      assert.strictEqual(Money.perToken(millionths / 1e6), BigInt(millionths))
    }))
  })

  it("is told with all its decimals and no more", () => {
    assert.deepStrictEqual(
      [0n, 1n, 123_000_000n, 2_500_000_000_000n, -1_000_000_000_001n, 12n * 10n ** 12n].map(Money.format),
      ["0", "0.000000000001", "0.000123", "2.5", "-1.000000000001", "12"]
    )
  })

  it("becomes the number nearest to its decimals, however many they are", () => {
    fc.assert(fc.property(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), (money) => {
      assert.strictEqual(Money.toDollars(money), Number(Money.format(money)))
    }))
    fc.assert(fc.property(fc.bigInt({ min: -(2n ** 54n), max: 2n ** 54n }), (money) => {
      assert.strictEqual(Money.toDollars(money), Number(Money.format(money)))
    }))
    assert.strictEqual(Money.toDollars(Money.fromDollars(0.1) + Money.fromDollars(0.2)), 0.3)
  })

  it("adds up in any order to the same, and to nothing known where one is not", () => {
    assert.strictEqual(Money.sum([1n, 2n, 3n]), 6n)
    assert.strictEqual(Money.sum([]), 0n)
    assert.isUndefined(Money.sum([1n, undefined]))
  })
})
