import { assert, describe, it } from "@effect/vitest"
import type { Usage } from "llmdispatcher/Response"
import * as Target from "llmdispatcher/Target"

describe("make", () => {
  it("of its id: the vendor is what stands before the first slash", () => {
    assert.deepStrictEqual(Target.make("openai/gpt-5-mini"), {
      id: "openai/gpt-5-mini",
      vendor: "openai",
      model: "gpt-5-mini"
    })
    assert.deepStrictEqual(Target.make("openrouter/meta-llama/llama-4"), {
      id: "openrouter/meta-llama/llama-4",
      vendor: "openrouter",
      model: "meta-llama/llama-4"
    })
    assert.deepStrictEqual(Target.make("sandbox"), { id: "sandbox", vendor: "sandbox", model: "sandbox" })
  })

  it("of its parts, with an id of its own or that of its parts", () => {
    const price = { input: 1, output: 2 }
    assert.deepStrictEqual(Target.make({ vendor: "a", model: "m", price }), {
      id: "a/m",
      vendor: "a",
      model: "m",
      price
    })
    assert.strictEqual(Target.make({ vendor: "a", model: "m", id: "eu" }).id, "eu")
  })
})

describe("cost", () => {
  const target = (price?: Target.Price) => Target.make({ vendor: "a", model: "m", ...(price && { price }) })
  const usage = (input: Usage["inputTokens"], output: number | undefined = 1_000_000): Usage => ({
    inputTokens: input,
    outputTokens: { total: output }
  })
  const plain = { input: 2, output: 8 }
  const cached = { ...plain, cacheRead: 0.2, cacheWrite: 2.5 }
  const million = 1_000_000

  const table: ReadonlyArray<
    readonly [name: string, price: Target.Price | undefined, usage: Usage, cost: number | undefined]
  > = [
    ["in and out", plain, usage({ uncached: million, total: million }), 10],
    ["only the total told", plain, usage({ total: million }), 10],
    [
      "a total that holds the cache",
      cached,
      usage({ total: million, cacheRead: million / 2, cacheWrite: million / 4 }),
      9.225
    ],
    ["cached at their own prices", cached, usage({ uncached: million, cacheRead: million, cacheWrite: million }), 12.7],
    ["free is 0", { input: 0, output: 0 }, usage({ uncached: 5 }), 0],
    ["no tokens are 0", plain, usage({ uncached: 0 }, 0), 0],
    ["a cache that was not used needs no price", plain, usage({ uncached: million, cacheRead: 0, cacheWrite: 0 }), 10],
    ["no price", undefined, usage({ uncached: million }), undefined],
    ["input not told", plain, usage({}), undefined],
    ["output not told", plain, { inputTokens: { uncached: 1 }, outputTokens: {} }, undefined],
    ["nothing told", plain, { inputTokens: {}, outputTokens: {} }, undefined],
    ["a cache read without its price", plain, usage({ uncached: 1, cacheRead: 1 }), undefined],
    ["a cache write without its price", { ...plain, cacheRead: 1 }, usage({ uncached: 1, cacheWrite: 1 }), undefined]
  ]
  for (const [name, price, used, cost] of table) {
    it(name, () => {
      const found = Target.cost(target(price), used)
      if (cost === undefined) assert.isUndefined(found)
      else assert.closeTo(found!, cost, 1e-12)
    })
  }
})
