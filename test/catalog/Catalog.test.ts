import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as Catalog from "../../src/catalog/Catalog.ts"

const { find, price } = Catalog.standard

describe("names", () => {
  const same: ReadonlyArray<readonly [provider: string, model: string, as: readonly [string, string]]> = [
    ["gcp.gemini", "models/gemini-2.5-flash", ["google", "gemini-2.5-flash"]],
    ["gcp.vertex_ai", "publishers/google/models/gemini-2.5-flash", ["google", "gemini-2.5-flash"]],
    ["openai", "GPT-5-Mini", ["openai", "gpt-5-mini"]],
    ["openai", "gpt-5-mini-20250807", ["openai", "gpt-5-mini"]],
    ["openai", "gpt-5.4-mini-2027-01-31", ["openai", "gpt-5.4-mini"]],
    ["openai-compatible", "x", ["openai-compatible", "y"]],
    ["anthropic", "claude-haiku-4-5-20251001", ["anthropic", "claude-haiku-4-5"]],
    ["azure-openai", "gpt-35-turbo", ["openai", "gpt-3.5-turbo"]],
    ["x_ai", "grok-4.3-20260501", ["xai", "grok-4.3"]],
    ["mistral_ai", "mistral-large-2512", ["mistral", "mistral-large-2512"]],
    ["aws.bedrock", "us.anthropic.claude-opus-4-5-20251101-v1:0", ["bedrock", "anthropic.claude-opus-4-5-v1:0"]],
    [
      "aws.bedrock",
      "arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.anthropic.claude-sonnet-4-5-20250929-v1:0",
      ["aws", "eu.anthropic.claude-sonnet-4-5-20250929-v1:0"]
    ],
    [
      "aws.bedrock",
      "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-sonnet-4-20250514-v1:0",
      ["aws", "anthropic.claude-sonnet-4-20250514-v1:0"]
    ]
  ]
  for (const [provider, model, [other, as]] of same) {
    it(`${provider} ${model} is ${other} ${as}`, () => {
      const { batch: _, ...expected } = price(other, as) ?? {}
      const { batch: __, ...found } = price(provider, model) ?? {}
      assert.deepStrictEqual(found, expected)
      if (provider !== "openai-compatible") assert.isDefined(price(provider, model))
    })
  }

  it("a dated model has its own price where one is told, however the date is written", () => {
    assert.deepStrictEqual(
      ["gpt-4o", "gpt-4o-2024-05-13", "gpt-4o-20240513"].map((model) => price("openai", model)?.input),
      [2.5, 5, 5]
    )
  })

  it("a model in a region of Bedrock is not its global one", () => {
    assert.deepStrictEqual(
      ["eu.", "global."].map((region) => price("bedrock", `${region}anthropic.claude-opus-4-6-v1:0`)?.input),
      [5.5, 5]
    )
  })

  it("what nobody told has no price, and no window", () => {
    for (
      const [provider, model] of [
        ["openai", "gpt-99"],
        ["openai", "ft:gpt-5-mini:acme::1"],
        ["nobody", "gpt-5-mini"],
        ["constructor", "gpt-5-mini"],
        ["ollama", "qwen3"],
        ["llmdispatcher.sandbox", "sandbox"],
        ["openrouter", "openrouter/auto"],
        ["bedrock", "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3"]
      ] as const
    ) assert.deepStrictEqual(find(provider, model), {}, `${provider} ${model}`)
  })

  it("a model that answers with more than text has no price, since its tokens do not tell it", () => {
    for (
      const [provider, model] of [
        ["openai", "gpt-audio"],
        ["openai", "gpt-image-1.5"],
        ["google", "gemini-2.5-flash-image"],
        ["perplexity", "sonar-deep-research"]
      ] as const
    ) assert.isUndefined(price(provider, model), model)
  })

  it("a free model is free, and an embedding has only input to pay", () => {
    assert.deepInclude(price("openrouter", "deepseek/deepseek-r1:free"), { input: 0, output: 0 })
    assert.deepInclude(price("openai", "text-embedding-3-small"), { input: 0.02, output: 0 })
  })

  it("every vendor's model by default has a price, where that names one", () => {
    const defaults: ReadonlyArray<readonly [string, string]> = [
      ["openai", "gpt-5-mini"],
      ["anthropic", "claude-haiku-5-5"],
      ["gcp.gemini", "gemini-2.5-flash"],
      ["groq", "openai/gpt-oss-120b"],
      ["mistral_ai", "mistral-small-latest"],
      ["deepseek", "deepseek-flash"],
      ["x_ai", "grok-4.3"],
      ["together", "openai/gpt-oss-120b"],
      ["fireworks", "accounts/fireworks/models/gpt-oss-120b"],
      ["cerebras", "gpt-oss-120b"],
      ["perplexity", "sonar"],
      ["cohere", "command-a-03-2025"]
    ]
    assert.deepStrictEqual(defaults.filter(([provider, model]) => price(provider, model) === undefined), [])
  })

  it("tells windows in tokens", () => {
    assert.deepStrictEqual(
      [Catalog.standard.contextWindow("openai", "gpt-5-mini"), Catalog.standard.contextWindow("openai", "gpt-99")],
      [400_000, undefined]
    )
  })
})

describe("overlay", () => {
  const overlay = Schema.decodeUnknownSync(Catalog.Overlay)([
    { provider: "openai", model: "gpt-5-mini", price: { input: 9, output: 9 } },
    { provider: "xai", model: "Grok-Ours*", contextWindow: 1_000 },
    { provider: "ollama", model: "*", price: { input: 0, output: 0 } },
    { provider: "*", model: "*-house", price: { input: 1, output: 1, source: "the contract of May" } },
    { provider: "ollama", model: "qwen3", price: { input: 5, output: 5 } }
  ])
  const catalog = Catalog.make(overlay)

  it("goes before what is known, and leaves what it does not tell", () => {
    assert.deepStrictEqual(catalog.find("openai", "gpt-5-mini"), {
      price: { input: 9, output: 9, source: "configuration" },
      contextWindow: 400_000
    })
  })

  it("adds what is not known, by pattern too, the first that fits counting", () => {
    assert.deepStrictEqual(catalog.find("x_ai", "grok-ours-2"), { contextWindow: 1_000 })
    assert.strictEqual(catalog.price("ollama", "qwen3")?.input, 0)
    assert.strictEqual(catalog.price("groq", "llama-house")?.source, "the contract of May")
  })

  it("leaves the rest as it is", () => {
    assert.deepStrictEqual(catalog.find("anthropic", "claude-haiku-4-5"), find("anthropic", "claude-haiku-4-5"))
  })

  it("is refused where it is no price or no window", () => {
    const refused = [
      { provider: "a", model: "m", contextWindow: 0 },
      { provider: "a", model: "m", price: { input: "2", output: 1 } },
      { provider: "a", model: "m", price: { input: Infinity, output: 1 } },
      { provider: "a" }
    ]
    for (const item of refused) assert.throws(() => Schema.decodeUnknownSync(Catalog.Overlay)([item]))
  })

  it("tells on every price where it is from", () => {
    assert.match(price("openai", "gpt-5-mini")!.source!, /^genai-prices \d+\.\d+\.\d+ of \d{4}-\d\d-\d\d$/)
    assert.match(price("anthropic", "claude-haiku-5-5")!.source!, /^llmdispatcher of \d{4}-\d\d-\d\d$/)
  })
})
