import { assert, describe, it } from "@effect/vitest"
import type { Usage } from "llmdispatcher/Response"
import * as Catalog from "../../src/catalog/Catalog.ts"
import { cost } from "../../src/catalog/Cost.ts"
import * as Money from "../../src/catalog/Money.ts"

/** A Monday in November 2026, outside of every peak. */
const noon = Date.UTC(2026, 10, 23, 12)

interface Tokens {
  readonly fresh: number
  readonly read?: number
  readonly write?: number
  readonly text: number
  readonly reasoning?: number
}

const usageOf = ({ fresh, read, reasoning, text, write }: Tokens): Usage => ({
  inputTokens: { uncached: fresh, cacheRead: read, cacheWrite: write, total: fresh + (read ?? 0) + (write ?? 0) },
  outputTokens: { text, reasoning, total: text + (reasoning ?? 0) }
})

/** Each with the published dollars per million tokens: in, cached, (written,) out; then the sum by hand. */
const table: ReadonlyArray<readonly [provider: string, model: string, Tokens, published: string, dollars: string]> = [
  [
    "openai",
    "gpt-5-mini",
    { fresh: 12_000, read: 88_000, text: 1_800, reasoning: 3_200 },
    "0.25, 0.025, 2: 0.003 + 0.0022 + 0.01",
    "0.0152"
  ],
  [
    "openai",
    "gpt-4.1-2025-04-14",
    { fresh: 50_000, read: 150_000, text: 10_000 },
    "2, 0.5, 8: 0.1 + 0.075 + 0.08",
    "0.255"
  ],
  [
    "openai",
    "gpt-4o-mini",
    { fresh: 100_000, read: 40_000, text: 20_000 },
    "0.15, 0.075, 0.6: 0.015 + 0.003 + 0.012",
    "0.03"
  ],
  [
    "openai",
    "o3",
    { fresh: 30_000, read: 10_000, text: 5_000, reasoning: 20_000 },
    "2, 0.5, 8: 0.06 + 0.005 + 0.2",
    "0.265"
  ],
  [
    "openai",
    "o4-mini-2025-04-16",
    { fresh: 20_000, read: 80_000, text: 1_000, reasoning: 9_000 },
    "1.1, 0.275, 4.4: 0.022 + 0.022 + 0.044",
    "0.088"
  ],
  [
    "openai",
    "gpt-5.4",
    { fresh: 100_000, read: 100_000, text: 10_000 },
    "2.5, 0.25, 15: 0.25 + 0.025 + 0.15",
    "0.425"
  ],
  [
    "openai",
    "gpt-5.4",
    { fresh: 200_000, read: 100_000, text: 10_000 },
    "above 272,000 tokens 5, 0.5, 22.5: 1 + 0.05 + 0.225",
    "1.275"
  ],
  [
    "anthropic",
    "claude-sonnet-4-5-20250929",
    { fresh: 2_000, read: 100_000, write: 10_000, text: 4_000 },
    "3, 0.3, 3.75, 15: 0.006 + 0.03 + 0.0375 + 0.06",
    "0.1335"
  ],
  [
    "anthropic",
    "claude-sonnet-4-5",
    { fresh: 50_000, read: 150_000, write: 20_000, text: 4_000 },
    "above 200,000 tokens 6, 0.6, 7.5, 22.5: 0.3 + 0.09 + 0.15 + 0.09",
    "0.63"
  ],
  [
    "anthropic",
    "claude-opus-4-8",
    { fresh: 1_000, read: 200_000, write: 8_000, text: 2_000, reasoning: 10_000 },
    "5, 0.5, 6.25, 25: 0.005 + 0.1 + 0.05 + 0.3",
    "0.455"
  ],
  [
    "anthropic",
    "claude-haiku-4-5",
    { fresh: 10_000, read: 50_000, write: 20_000, text: 3_000 },
    "1, 0.1, 1.25, 5: 0.01 + 0.005 + 0.025 + 0.015",
    "0.055"
  ],
  [
    "anthropic",
    "claude-haiku-5-5",
    { fresh: 30_000, read: 50_000, write: 10_000, text: 6_000 },
    "0.1, 0.01, 0.125, 0.5: 0.003 + 0.0005 + 0.00125 + 0.003",
    "0.00775"
  ],
  [
    "anthropic",
    "claude-haiku-5-5",
    { fresh: 60_000, read: 50_000, text: 2_000 },
    "above 100,000 tokens 0.5, 0.05, 2.5: 0.03 + 0.0025 + 0.005",
    "0.0375"
  ],
  [
    "anthropic",
    "claude-sonnet-5-5",
    { fresh: 10_000, read: 300_000, write: 40_000, text: 20_000 },
    "2, 0.1, 2.5, 10: 0.02 + 0.03 + 0.1 + 0.2",
    "0.35"
  ],
  [
    "gcp.gemini",
    "models/gemini-2.5-pro",
    { fresh: 80_000, read: 20_000, text: 2_000, reasoning: 6_000 },
    "1.25, 0.125, 10: 0.1 + 0.0025 + 0.08",
    "0.1825"
  ],
  [
    "gcp.gemini",
    "gemini-2.5-pro",
    { fresh: 200_000, read: 100_000, text: 10_000 },
    "above 200,000 tokens 2.5, 0.25, 15: 0.5 + 0.025 + 0.15",
    "0.675"
  ],
  [
    "gcp.gemini",
    "gemini-2.5-flash",
    { fresh: 100_000, read: 200_000, text: 1_000, reasoning: 3_000 },
    "0.3, 0.03, 2.5: 0.03 + 0.006 + 0.01",
    "0.046"
  ],
  [
    "azure.ai.openai",
    "gpt-4o",
    { fresh: 10_000, read: 10_000, text: 2_000 },
    "2.5, 1.25, 10: 0.025 + 0.0125 + 0.02",
    "0.0575"
  ],
  [
    "aws.bedrock",
    "eu.anthropic.claude-sonnet-4-5-20250929-v1:0",
    { fresh: 10_000, read: 100_000, write: 8_000, text: 2_000 },
    "in a region a tenth more, 3.3, 0.33, 4.125, 16.5: 4 × 0.033",
    "0.132"
  ],
  [
    "aws.bedrock",
    "global.anthropic.claude-sonnet-4-5-20250929-v1:0",
    { fresh: 10_000, read: 100_000, write: 8_000, text: 2_000 },
    "3, 0.3, 3.75, 15: 4 × 0.03",
    "0.12"
  ],
  [
    "aws.bedrock",
    "us.amazon.nova-pro-v1:0",
    { fresh: 50_000, read: 10_000, text: 5_000 },
    "0.8, 0.2, 3.2: 0.04 + 0.002 + 0.016",
    "0.058"
  ],
  [
    "groq",
    "openai/gpt-oss-120b",
    { fresh: 40_000, read: 20_000, text: 2_000, reasoning: 8_000 },
    "0.15, 0.075, 0.6: 0.006 + 0.0015 + 0.006",
    "0.0135"
  ],
  ["groq", "llama-3.3-70b-versatile", { fresh: 100_000, text: 10_000 }, "0.59, 0.79: 0.059 + 0.0079", "0.0669"],
  ["mistral_ai", "mistral-large-2512", { fresh: 20_000, text: 4_000 }, "0.5, 1.5: 0.01 + 0.006", "0.016"],
  [
    "deepseek",
    "deepseek-flash",
    { fresh: 100_000, read: 1_000_000, text: 10_000, reasoning: 40_000 },
    "0.15, 0.003, 0.6: 0.015 + 0.003 + 0.03",
    "0.048"
  ],
  [
    "x_ai",
    "grok-4.3",
    { fresh: 40_000, read: 60_000, text: 5_000, reasoning: 15_000 },
    "1.25, 0.2, 2.5: 0.05 + 0.012 + 0.05",
    "0.112"
  ],
  ["cerebras", "gpt-oss-120b", { fresh: 20_000, text: 8_000 }, "0.35, 0.75: 0.007 + 0.006", "0.013"],
  [
    "fireworks",
    "accounts/fireworks/models/deepseek-v3p2",
    { fresh: 10_000, read: 10_000, text: 5_000 },
    "0.56, 0.28, 1.68: 0.0056 + 0.0028 + 0.0084",
    "0.0168"
  ],
  ["cohere", "command-a-03-2025", { fresh: 8_000, text: 1_000 }, "2.5, 10: 0.02 + 0.01", "0.03"],
  ["together", "openai/gpt-oss-120b", { fresh: 100_000, text: 20_000 }, "0.15, 0.6: 0.015 + 0.012", "0.027"],
  [
    "perplexity",
    "sonar",
    { fresh: 2_000, text: 3_000 },
    "1, 1 and 5 for 1,000 requests: 0.002 + 0.003 + 0.005",
    "0.01"
  ],
  [
    "openrouter",
    "perplexity/sonar-deep-research",
    { fresh: 10_000, text: 2_000, reasoning: 20_000 },
    "2, 8, reasoning 3: 0.02 + 0.016 + 0.06",
    "0.096"
  ]
]

const dollars = (provider: string, model: string, tokens: Tokens, at = noon, batch = false) => {
  const price = Catalog.standard.price(provider, model)
  const found = price && cost(price, usageOf(tokens), { at, batch })
  return found && Money.format(found.amount)
}

describe("the cost of a transcript is the vendor's published one", () => {
  for (const [provider, model, tokens, published, expected] of table) {
    it(`${provider} ${model} at ${published}`, () => {
      assert.strictEqual(dollars(provider, model, tokens), expected)
    })
  }

  it("in OpenAI's and Anthropic's batches half of it", () => {
    const tokens = { fresh: 10_000, read: 100_000, text: 2_000 }
    // 0.25, 0.025 and 2, then 1, 0.1 and 5, halved.
    assert.strictEqual(dollars("openai", "gpt-5-mini", tokens, noon, true), "0.0045")
    assert.strictEqual(dollars("anthropic", "claude-haiku-4-5", tokens, noon, true), "0.015")
  })

  it("in the batches of one that tells no such price unknown, also where it serves OpenAI's models", () => {
    assert.isUndefined(dollars("groq", "openai/gpt-oss-120b", { fresh: 1, text: 1 }, noon, true))
    assert.isUndefined(dollars("azure.ai.openai", "gpt-4o", { fresh: 1, text: 1 }, noon, true))
  })

  it("at DeepSeek's peaks twice as much, on working days only", () => {
    const tokens = { fresh: 100_000, read: 1_000_000, text: 50_000 }
    assert.strictEqual(dollars("deepseek", "deepseek-flash", tokens, Date.UTC(2026, 10, 23, 2)), "0.096")
    assert.strictEqual(dollars("deepseek", "deepseek-flash", tokens, Date.UTC(2026, 10, 22, 2)), "0.048")
  })

  it("what it was on its day", () => {
    const tokens = { fresh: 10_000, read: 300_000, write: 40_000, text: 20_000 }
    // Reading Sonnet 5.5's cache cost 0.2 until October 7, 2026.
    assert.strictEqual(dollars("anthropic", "claude-sonnet-5-5", tokens, Date.UTC(2026, 9, 6)), "0.38")
    // o3 cost 10 and 40 until June 10, 2025.
    const o3 = { fresh: 10_000, text: 10_000 }
    assert.strictEqual(dollars("openai", "o3", o3, Date.UTC(2025, 5, 9)), "0.5")
    assert.strictEqual(dollars("openai", "o3", o3, Date.UTC(2025, 5, 10)), "0.1")
  })
})
