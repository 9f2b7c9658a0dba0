import { calcPrice, type MatchLogic, type Provider } from "@pydantic/genai-prices"
import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import { readFileSync } from "node:fs"
import * as Catalog from "../../src/catalog/Catalog.ts"
import { cost } from "../../src/catalog/Cost.ts"
import * as Money from "../../src/catalog/Money.ts"
import { ratesOf } from "../../src/catalog/Price.ts"
import { version } from "../../src/catalog/Snapshot.ts"
import { faults, installed, load, providers, render } from "./update.ts"

const path = new URL("../../src/catalog/Snapshot.ts", import.meta.url)
const all = (await load()).filter(({ id }) => providers.includes(id))

/** Names that a rule fits: those it tells, and for a pattern one made of it. */
const examples = (rule: MatchLogic): ReadonlyArray<string> => {
  if ("or" in rule) return rule.or.flatMap(examples)
  if ("and" in rule) return rule.and.flatMap(examples)
  if ("equals" in rule) return [rule.equals]
  if ("starts_with" in rule) return [rule.starts_with, `${rule.starts_with}-x`]
  if ("ends_with" in rule) return [rule.ends_with, `x-${rule.ends_with}`]
  if ("contains" in rule) return [rule.contains, `x-${rule.contains}-x`]
  return [
    rule.regex.replace(/^\^|\$$/g, "").replaceAll("\\d{4}", "2026").replaceAll("\\d{2}", "11")
      .replaceAll("\\d{8}", "20261123").replaceAll("\\.", ".").replaceAll("\\d", "1")
  ]
}

const names = all.flatMap((provider: Provider) =>
  Array.from(new Set(provider.models.flatMap(({ id, match }) => [id, ...examples(match)]))).map((name) =>
    [provider.id, name] as const
  )
)

describe("Snapshot", () => {
  it("is what the installed package makes of it", () => {
    const made = render(all, installed(), version.date).split("\n")
    const committed = readFileSync(path, "utf8").split("\n")
    assert.deepStrictEqual(committed.filter((line, index) => line !== made[index]).slice(0, 5), [])
    assert.strictEqual(committed.length, made.length)
  })

  it("is not made of data that cannot be right", () => {
    const changed = (id: string, change: (provider: Provider) => Provider | undefined) =>
      faults(all.flatMap((provider) => provider.id === id ? change(provider) ?? [] : [provider]))
    const priced = (prices: any) =>
      changed(
        "groq",
        (groq) => ({ ...groq, models: [{ ...groq.models[0]!, id: "m", prices }, ...groq.models.slice(1)] })
      )
    assert.deepStrictEqual(faults(all), [])
    assert.strictEqual(faults([]).length, providers.length)
    assert.deepStrictEqual(changed("openai", () => undefined), ["openai is not among the providers"])
    assert.match(changed("openai", (openai) => ({ ...openai, models: [] }))[0]!, /^openai has 0 models of \d+$/)
    for (const wrong of [-1, NaN, "3", null, 50_000, { base: 1, tiers: [{ start: 9, price: -1 }] }]) {
      assert.deepStrictEqual(
        priced({ input_mtok: wrong }),
        ["groq m has a input_mtok that is no amount"],
        String(wrong)
      )
    }
    assert.deepStrictEqual(priced([{ prices: {} }, { prices: { output_mtok: NaN } }]), [
      "groq m has a output_mtok that is no amount"
    ])
  })

  it("is small", () => assert.isBelow(readFileSync(path).length, 150 * 1_024))

  const count = (max: number) => fc.oneof(fc.constant(0), fc.integer({ min: 0, max }))
  const usages = fc.record({
    uncached: count(400_000),
    cacheRead: count(400_000),
    cacheWrite: count(200_000),
    hourShare: fc.constantFrom(0, 0.5, 1),
    text: count(50_000),
    reasoning: count(50_000)
  })
  const times = fc.integer({ min: Date.UTC(2025, 0), max: Date.UTC(2027, 6) })

  const ours = (provider: string, name: string) => {
    const price = Catalog.standard.price(provider, name)
    return price?.source?.startsWith("genai-prices") ? price : undefined
  }

  it("has a price for nearly all names that the package has, and for no other", () => {
    const priced = names.filter(([provider, name]) => Catalog.standard.price(provider, name) !== undefined)
    const unknown = priced.filter(([provider, name]) =>
      ours(provider, name) !== undefined && calcPrice({ input_tokens: 1 }, name, { providerId: provider }) === null
    )
    assert.deepStrictEqual(unknown, [])
    assert.isAbove(priced.length, 1_500)
    assert.isAbove(priced.length / names.length, 0.9)
  })

  it("costs what the package itself counts, whatever the usage and the time", () => {
    fc.assert(
      fc.property(fc.constantFrom(...names), usages, times, ([provider, name], used, at) => {
        const price = ours(provider, name)
        if (price === undefined) return
        const { cacheRead, cacheWrite, hourShare, reasoning, text, uncached } = used
        const total = uncached + cacheRead + cacheWrite
        const rates = ratesOf(price, total, at)
        const cacheWrite1h = rates.cacheWrite1h === undefined ? 0 : Math.floor(cacheWrite * hourShare)
        const found = cost(
          price,
          { inputTokens: { uncached, cacheRead, cacheWrite, cacheWrite1h }, outputTokens: { text, reasoning } },
          { at }
        )
        if (cacheRead > 0 && rates.cacheRead === undefined || cacheWrite > 0 && rates.cacheWrite === undefined) {
          // The package takes them for input like any other; here what is not told is not known.
          assert.isUndefined(found)
          return
        }
        const theirs = calcPrice(
          {
            input_tokens: total,
            cache_read_tokens: cacheRead,
            cache_write_tokens: cacheWrite,
            cache_write_1h_tokens: cacheWrite1h,
            output_tokens: text + reasoning,
            output_reasoning_tokens: reasoning
          },
          name,
          { providerId: provider, timestamp: new Date(at) }
        )!.total_price
        // The package counts in floating point, and has a few rates of 17 decimals.
        assert.closeTo(Money.toDollars(found!.amount), theirs, 1e-9 + theirs * 1e-5, `${provider} ${name}`)
      }),
      { numRuns: 5_000 }
    )
  })
})
