import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import fc from "fast-check"
import * as Dispatcher from "llmdispatcher/Dispatcher"
import type { Response, Usage } from "llmdispatcher/Response"
import * as Catalog from "../../src/catalog/Catalog.ts"
import * as Money from "../../src/catalog/Money.ts"
import * as Snapshot from "../../src/catalog/Snapshot.ts"
import * as Target from "../../src/Target.ts"
import { finish, sequence } from "../support/vendors.ts"

const count = fc.option(fc.integer({ min: 0, max: 400_000 }), { nil: undefined })

const usages: fc.Arbitrary<Usage> = fc.record({
  inputTokens: fc.record({ uncached: count, cacheRead: count, cacheWrite: count, cacheWrite1h: count }),
  outputTokens: fc.record({ text: count, reasoning: count, total: count })
})

const models = fc.constantFrom(
  ["openai", "gpt-5-mini"],
  ["openai", "gpt-6-sol"],
  ["anthropic", "claude-sonnet-5-5"],
  ["anthropic", "claude-sonnet-4-5"],
  ["gcp.gemini", "gemini-2.5-pro"],
  ["deepseek", "deepseek-flash"],
  ["aws.bedrock", "eu.amazon.nova-pro-v1:0"],
  ["openai", "gpt-99"]
)

const times = fc.integer({ min: Date.UTC(2025, 0), max: Date.UTC(2027, 6) })

/** The prices of a later release: GPT-5 mini has become dearer, all else is gone. */
const later = Catalog.make([], {
  version: { package: "9.9.9", date: "2027-11-23" },
  fallbacks: {},
  rows: { openai: "[[\"gpt-5-mini\"],400000,[0.5,4,0.05]]" }
})

const usage: Usage = { inputTokens: { uncached: 1_000, cacheRead: 4_000 }, outputTokens: { total: 500 } }

describe("reprice", () => {
  it("by the snapshot that it was paid by it is what it was, whatever the model, the usage and the time", () => {
    fc.assert(fc.property(models, usages, times, ([provider, model], used, at) => {
      const price = Catalog.standard.price(provider!, model!)
      const target = { ...Target.make("v/m"), ...(price && { price }) }
      const paid = Target.priced(target, used, { at })
      const again = Catalog.reprice(used, provider!, model!, at)
      assert.strictEqual(again && Money.toDollars(again.amount), paid?.amount)
      assert.strictEqual(again?.source, paid?.source)
    }))
  })

  it("by another snapshot it is that one's price, and unknown where that has none", () => {
    const again = Catalog.reprice(usage, "openai", "gpt-5-mini", 0, { catalog: later })
    // 1k at 0.5, 4k cached at 0.05, 0.5k at 4.
    assert.strictEqual(again && Money.format(again.amount), "0.0027")
    assert.strictEqual(again?.source, "genai-prices 9.9.9 of 2027-11-23")
    assert.isUndefined(Catalog.reprice(usage, "openai", "gpt-5-nano", 0, { catalog: later }))
    assert.match(later.version, /^genai-prices 9\.9\.9 of 2027-11-23, llmdispatcher of \d{4}-\d\d-\d\d$/)
  })

  it("by this release's snapshot, given as data, it is what it is without", () => {
    const same = Catalog.make([], Snapshot)
    assert.strictEqual(same.version, Catalog.standard.version)
    assert.deepStrictEqual(
      Catalog.reprice(usage, "openai", "gpt-5-mini", 0, { catalog: same }),
      Catalog.reprice(usage, "openai", "gpt-5-mini", 0)
    )
  })
})

const priced = (response: Pick<Response, "cost" | "costSource">) => [response.cost, response.costSource]

const told = { ...finish, usage: { inputTokens: { uncached: 1_000, total: 1_000 }, outputTokens: { total: 100 } } }
const answers = Effect.succeed({ parts: [{ type: "text", text: "Hi" }, told] as const, losses: [] })

describe("the source of a cost", () => {
  it.effect("stands beside it, and by it the answer is priced again to the same amount", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(Date.UTC(2026, 10, 23, 12))
      const { vendor } = sequence("openai", [answers], { defaultModel: "gpt-5-mini" })
      const dispatcher = yield* Dispatcher.make({ vendors: [vendor] })
      const response = yield* dispatcher.send({ prompt: "Hello" })
      const again = Catalog.reprice(response.usage, vendor.provider, "gpt-5-mini", response.timings.startedAt)
      assert.deepStrictEqual(priced(response), [0.00045, again?.source])
      assert.strictEqual(again && Money.toDollars(again.amount), response.cost)
      assert.include(Catalog.standard.version, response.costSource!)
    }))

  it.effect("is absent where the cost is, and where the price tells none", () =>
    Effect.gen(function*() {
      const { vendor } = sequence("openai", [answers], { defaultModel: "gpt-99" })
      const dispatcher = yield* Dispatcher.make({
        vendors: [vendor],
        routes: { own: [{ vendor: "openai", model: "gpt-99", price: { input: 1, output: 10 } }] }
      })
      const unknown = yield* dispatcher.send({ prompt: "Hello" })
      assert.notProperty(unknown, "cost")
      assert.notProperty(unknown, "costSource")
      const own = yield* dispatcher.send({ prompt: "Hello", model: "own" })
      assert.strictEqual(own.cost, 0.002)
      assert.notProperty(own, "costSource")
    }))
})
