import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import type { Usage } from "llmdispatcher/Response"
import { cost, type Options } from "../../src/catalog/Cost.ts"
import * as Money from "../../src/catalog/Money.ts"
import type { Price } from "../../src/catalog/Price.ts"

const million = 1_000_000
const plain: Price = { input: 2, output: 8 }
const cached: Price = { ...plain, cacheRead: 0.2, cacheWrite: 2.5 }
const thinking: Price = { ...plain, reasoning: 3 }

const usage = (inputTokens: Usage["inputTokens"], outputTokens: Usage["outputTokens"] = { total: 0 }): Usage => ({
  inputTokens,
  outputTokens
})

const dollars = (price: Price, used: Usage, options?: Options) => {
  const found = cost(price, used, options)
  return found && Money.format(found.amount)
}

describe("cost", () => {
  const table: ReadonlyArray<readonly [name: string, Price, Usage, string | undefined]> = [
    ["each part at its own rate", cached, usage({ uncached: million, cacheRead: million, cacheWrite: million }), "4.7"],
    [
      "what is written for an hour at its own rate, out of what is written",
      { ...cached, cacheWrite1h: 4 },
      usage({ uncached: 0, cacheWrite: million, cacheWrite1h: 250_000 }),
      "2.875"
    ],
    [
      "a cache write for an hour without a rate",
      cached,
      usage({ uncached: 0, cacheWrite: 2, cacheWrite1h: 1 }),
      undefined
    ],
    [
      "more for an hour than is written",
      { ...cached, cacheWrite1h: 4 },
      usage({ uncached: 0, cacheWrite1h: 1 }),
      undefined
    ],
    ["a total holds the cached tokens", cached, usage({ total: million, cacheRead: 500_000 }), "1.1"],
    ["reasoning is output", plain, usage({ uncached: 0 }, { text: 500_000, reasoning: 500_000 }), "8"],
    ["reasoning at its own rate", thinking, usage({ uncached: 0 }, { text: 1, reasoning: million }), "3.000008"],
    ["reasoning out of the total", thinking, usage({ uncached: 0 }, { total: million, reasoning: million }), "3"],
    ["text out of the total", thinking, usage({ uncached: 0 }, { total: million, text: 0 }), "3"],
    ["reasoning at its own rate, not told", thinking, usage({ uncached: 0 }, { total: million }), undefined],
    ["no cache read, no rate wanted", plain, usage({ uncached: million, cacheRead: 0 }), "2"],
    ["a cache read without a rate", plain, usage({ uncached: 1, cacheRead: 1 }), undefined],
    ["a cache write without a rate", plain, usage({ uncached: 1, cacheWrite: 1 }), undefined],
    ["input not told", plain, usage({}), undefined],
    ["output not told", plain, usage({ uncached: 1 }, {}), undefined],
    ["output not told where it costs nothing", { input: 2, output: 0 }, usage({ uncached: million }, {}), "2"],
    ["free", { input: 0, output: 0 }, usage({}, {}), "0"],
    ["counts that contradict each other", cached, usage({ total: 1, cacheRead: 2 }), undefined],
    ["a fee for the request", { ...plain, request: 0.005 }, usage({ uncached: million }), "2.005"]
  ]
  for (const [name, price, used, expected] of table) {
    it(name, () => assert.strictEqual(dollars(price, used), expected))
  }

  it("is exact for any count, however large the sum", () => {
    const counts = fc.oneof(fc.nat(1_000_000), fc.maxSafeNat())
    const rates = fc.nat(100_000_000).map((millionths) => millionths / 1e6)
    fc.assert(fc.property(counts, counts, rates, rates, (uncached, text, input, output) => {
      const paid = cost({ input, output }, usage({ uncached }, { text, reasoning: 0 }))?.amount
      const exact = BigInt(uncached) * Money.perToken(input) + BigInt(text) * Money.perToken(output)
      assert.strictEqual(paid, input === 0 && output === 0 ? 0n : exact)
    }))
  })

  it("counts cached tokens to the length that a tier begins at", () => {
    const price: Price = {
      ...cached,
      longContext: [{ above: 200_000, input: 4, output: 16, cacheRead: 0.4, cacheWrite: 5 }]
    }
    assert.strictEqual(dollars(price, usage({ uncached: 100_000, cacheRead: 100_000 })), "0.22")
    assert.strictEqual(dollars(price, usage({ uncached: 100_000, cacheRead: 100_001 })), "0.4400004")
  })

  it("takes a batch's part of every rate, and knows nothing of one without it", () => {
    const used = usage({ uncached: million, cacheRead: million }, { total: million })
    assert.strictEqual(dollars({ ...cached, batch: 0.5 }, used, { batch: true }), "5.1")
    assert.isUndefined(dollars(cached, used, { batch: true }))
  })

  it("tells by which price it was counted", () => {
    assert.strictEqual(cost({ ...plain, source: "a list of May" }, usage({ uncached: 1 }))?.source, "a list of May")
  })

  const rate = fc.integer({ min: 0, max: 200_000_000 }).map((millionths) => millionths / 1e6)
  const count = fc.integer({ min: 0, max: 2_000_000 })
  const usages = fc.record({
    inputTokens: fc.record({ uncached: count, cacheRead: count, cacheWrite: count }),
    outputTokens: fc.record({ text: count, reasoning: count })
  })
  const prices = fc.record({
    input: rate,
    output: rate,
    cacheRead: rate,
    cacheWrite: rate,
    reasoning: rate,
    batch: fc.constantFrom(0.25, 0.5, 0.75)
  })

  it("of a sum of usages is the sum of the costs, to the last decimal", () => {
    const nothing = usage({ uncached: 0, cacheRead: 0, cacheWrite: 0 }, { text: 0, reasoning: 0 })
    const add = (left: Usage, right: Usage): Usage => ({
      inputTokens: {
        uncached: left.inputTokens.uncached! + right.inputTokens.uncached!,
        cacheRead: left.inputTokens.cacheRead! + right.inputTokens.cacheRead!,
        cacheWrite: left.inputTokens.cacheWrite! + right.inputTokens.cacheWrite!
      },
      outputTokens: {
        text: left.outputTokens.text! + right.outputTokens.text!,
        reasoning: left.outputTokens.reasoning! + right.outputTokens.reasoning!
      }
    })
    fc.assert(
      fc.property(prices, fc.array(usages, { minLength: 1, maxLength: 20 }), fc.boolean(), (price, all, batch) => {
        assert.strictEqual(
          cost(price, all.reduce<Usage>(add, nothing), { batch })!.amount,
          Money.sum(all.map((used) => cost(price, used, { batch })?.amount))
        )
      })
    )
  })
})
