import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import type { Part, StreamPart, Usage } from "llmdispatcher/Response"
import * as Catalog from "../../src/catalog/Catalog.ts"
import * as Money from "../../src/catalog/Money.ts"
import * as Anthropic from "../../src/vendor/anthropic/Decode.ts"
import * as Bedrock from "../../src/vendor/bedrock/Decode.ts"
import * as Google from "../../src/vendor/google/Decode.ts"
import * as Responses from "../../src/vendor/openai-responses/Decode.ts"
import * as OpenAi from "../../src/vendor/openai/Decode.ts"
import type { AttemptError } from "../../src/VendorError.ts"
import * as Sse from "../../src/wire/Sse.ts"

/**
 * From a vendor's own JSON to dollars: its decoder, the usage, the catalogue, the sum. `Published.test.ts` begins at the
 * usage.
 *
 * Where the prices are from. Anthropic's were compared with a copy of its page of 2026-11; of the others only the links
 * are the vendors' own, the numbers are as genai-prices 0.1.8 has them.
 */
const pages = {
  anthropic: "https://platform.claude.com/docs/en/about-claude/pricing, read 2026-11-23",
  openai: "https://platform.openai.com/docs/pricing, per genai-prices",
  google: "https://ai.google.dev/gemini-api/docs/pricing, per genai-prices",
  deepseek: "https://api-docs.deepseek.com/quick_start/pricing, per our overlay of 2026-11-23",
  groq: "https://groq.com/pricing, per genai-prices",
  mistral: "https://mistral.ai/pricing, per genai-prices",
  xai: "https://docs.x.ai/docs/models, per genai-prices",
  bedrock: "https://aws.amazon.com/bedrock/pricing/, per genai-prices",
  azure: "https://azure.microsoft.com/pricing/details/azure-openai/, per genai-prices",
  together: "https://www.together.ai/pricing, per genai-prices",
  cohere: "https://cohere.com/pricing, per genai-prices",
  openrouter: "https://openrouter.ai/models, per genai-prices",
  perplexity: "https://docs.perplexity.ai/getting-started/pricing, per our overlay of 2026-11-23"
}

type Read = Effect.Effect<ReadonlyArray<Part | StreamPart>, AttemptError>

const chat = (usage: object): Read =>
  Effect.fromResult(OpenAi.whole({
    id: "chatcmpl-1",
    object: "chat.completion",
    created: 1,
    model: "m",
    choices: [{ index: 0, message: { role: "assistant", content: "Hi" }, finish_reason: "stop" }],
    usage
  }))

const responses = (usage: object): Read =>
  Effect.fromResult(
    Responses.whole("openai")({
      id: "resp_1",
      object: "response",
      status: "completed",
      model: "m",
      output: [{
        type: "message",
        id: "msg_1",
        role: "assistant",
        status: "completed",
        content: [{ type: "output_text", text: "Hi", annotations: [] }]
      }],
      usage
    })
  )

const messages = (usage: object): Read =>
  Effect.fromResult(Anthropic.whole({
    id: "msg_1",
    type: "message",
    role: "assistant",
    model: "m",
    content: [{ type: "text", text: "Hi" }],
    stop_reason: "end_turn",
    usage
  }))

/** As it comes: the counts of the input with the head, the output's at the end. */
const messageEvents = (head: object, end: object): Read => {
  const events = [
    { type: "message_start", message: { id: "msg_1", type: "message", model: "m", content: [], usage: head } },
    { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
    { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "Hi" } },
    { type: "content_block_stop", index: 0 },
    { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: end },
    { type: "message_stop" }
  ]
  const text = events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join("")
  return Stream.runCollect(Sse.decode(Anthropic.streamDecoder)(Stream.make(new TextEncoder().encode(text))))
}

const gemini = (usageMetadata: object): Read =>
  Effect.fromResult(
    Google.whole(0)({
      candidates: [{ content: { role: "model", parts: [{ text: "Hi" }] }, finishReason: "STOP", index: 0 }],
      usageMetadata
    })
  )

const converse = (usage: object): Read =>
  Effect.fromResult(Bedrock.whole({
    output: { message: { role: "assistant", content: [{ text: "Hi" }] } },
    stopReason: "end_turn",
    usage
  }))

type Row = readonly [provider: string, model: string, Read, page: keyof typeof pages, sum: string, dollars: string]

/** The sums by hand, in dollars per million tokens. */
const rows: ReadonlyArray<Row> = [
  [
    "openai",
    "gpt-5-2025-08-07",
    chat({
      prompt_tokens: 100_000,
      completion_tokens: 8_000,
      total_tokens: 108_000,
      prompt_tokens_details: { cached_tokens: 60_000, audio_tokens: 0 },
      completion_tokens_details: { reasoning_tokens: 5_000, audio_tokens: 0, accepted_prediction_tokens: 0 }
    }),
    "openai",
    "40k at 1.25, 60k cached at 0.125, 8k with its reasoning at 10: 0.05 + 0.0075 + 0.08",
    "0.1375"
  ],
  [
    "openai",
    "gpt-5-nano",
    chat({ prompt_tokens: 20_000, completion_tokens: 10_000, prompt_tokens_details: { cached_tokens: 0 } }),
    "openai",
    "20k at 0.05, 10k at 0.4: 0.001 + 0.004",
    "0.005"
  ],
  [
    "openai",
    "gpt-4.1-mini",
    chat({ prompt_tokens: 250_000, completion_tokens: 5_000, prompt_tokens_details: { cached_tokens: 50_000 } }),
    "openai",
    "200k at 0.4, 50k cached at 0.1, 5k at 1.6: 0.08 + 0.005 + 0.008",
    "0.093"
  ],
  [
    "openai",
    "o3-mini",
    chat({ prompt_tokens: 10_000, completion_tokens: 4_000, total_tokens: 14_000 }),
    "openai",
    "no details told: 10k at 1.1, 4k at 4.4: 0.011 + 0.0176",
    "0.0286"
  ],
  [
    "openai",
    "gpt-5.1",
    responses({
      input_tokens: 48_000,
      output_tokens: 6_000,
      input_tokens_details: { cached_tokens: 32_000 },
      output_tokens_details: { reasoning_tokens: 4_000 }
    }),
    "openai",
    "16k at 1.25, 32k cached at 0.125, 6k at 10: 0.02 + 0.004 + 0.06",
    "0.084"
  ],
  [
    "openai",
    "gpt-6-sol",
    responses({
      input_tokens: 100_000,
      output_tokens: 3_000,
      input_tokens_details: { cached_tokens: 40_000, cache_write_tokens: 20_000 },
      output_tokens_details: { reasoning_tokens: 1_000 }
    }),
    "openai",
    "40k at 2, 40k cached at 0.2, 20k written at 2.5, 3k at 10: 0.08 + 0.008 + 0.05 + 0.03",
    "0.168"
  ],
  [
    "openai",
    "gpt-5.5",
    responses({ input_tokens: 300_000, output_tokens: 2_000, input_tokens_details: { cached_tokens: 200_000 } }),
    "openai",
    "long: 100k at 10, 200k cached at 1, 2k at 45: 1 + 0.2 + 0.09",
    "1.29"
  ],
  [
    "anthropic",
    "claude-opus-4-5-20251101",
    messages({
      input_tokens: 1_000,
      cache_read_input_tokens: 90_000,
      cache_creation_input_tokens: 10_000,
      cache_creation: { ephemeral_5m_input_tokens: 10_000, ephemeral_1h_input_tokens: 0 },
      output_tokens: 2_000
    }),
    "anthropic",
    "1k at 5, 90k read at 0.5, 10k for 5 minutes at 6.25, 2k at 25: 0.005 + 0.045 + 0.0625 + 0.05",
    "0.1625"
  ],
  [
    "anthropic",
    "claude-haiku-4-5-20251001",
    messages({
      input_tokens: 500,
      cache_read_input_tokens: 0,
      cache_creation_input_tokens: 40_000,
      cache_creation: { ephemeral_5m_input_tokens: 10_000, ephemeral_1h_input_tokens: 30_000 },
      output_tokens: 1_000
    }),
    "anthropic",
    "0.5k at 1, 10k for 5 minutes at 1.25, 30k for an hour at 2, 1k at 5: 0.0005 + 0.0125 + 0.06 + 0.005",
    "0.078"
  ],
  [
    "anthropic",
    "claude-fable-5-1",
    messages({
      input_tokens: 2_000,
      cache_read_input_tokens: 400_000,
      cache_creation_input_tokens: 20_000,
      cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 20_000 },
      output_tokens: 4_000,
      output_tokens_details: { thinking_tokens: 3_000 }
    }),
    "anthropic",
    "2k at 10, 400k read at 0.25, 20k for an hour at 20, 4k with its thinking at 50: 0.02 + 0.1 + 0.4 + 0.2",
    "0.72"
  ],
  [
    "anthropic",
    "claude-haiku-5-5",
    messages({
      input_tokens: 60_000,
      cache_creation_input_tokens: 50_000,
      cache_creation: { ephemeral_1h_input_tokens: 50_000 },
      output_tokens: 2_000
    }),
    "anthropic",
    "above 100k with what is written: 60k at 0.5, 50k for an hour at 1, 2k at 2.5: 0.03 + 0.05 + 0.005",
    "0.085"
  ],
  [
    "anthropic",
    "claude-sonnet-5-5",
    messageEvents({
      input_tokens: 3_000,
      cache_creation_input_tokens: 1_000,
      cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 1_000 },
      cache_read_input_tokens: 20_000,
      output_tokens: 1
    }, { output_tokens: 900 }),
    "anthropic",
    "a stream: 3k at 2, 20k read at 0.1, 1k for an hour at 4, 0.9k at 10: 0.006 + 0.002 + 0.004 + 0.009",
    "0.021"
  ],
  [
    "anthropic",
    "claude-sonnet-4-5",
    messages({
      input_tokens: 150_000,
      cache_creation_input_tokens: 100_000,
      cache_creation: { ephemeral_1h_input_tokens: 100_000 },
      output_tokens: 1_000
    }),
    "anthropic",
    "above 200k: 150k at 6, 100k for an hour at 12, 1k at 22.5: 0.9 + 1.2 + 0.0225",
    "2.1225"
  ],
  [
    "gcp.gemini",
    "gemini-2.5-flash-lite",
    gemini({
      promptTokenCount: 50_000,
      cachedContentTokenCount: 20_000,
      candidatesTokenCount: 3_000,
      thoughtsTokenCount: 2_000,
      totalTokenCount: 55_000
    }),
    "google",
    "30k at 0.1, 20k cached at 0.01, 5k with its thoughts at 0.4: 0.003 + 0.0002 + 0.002",
    "0.0052"
  ],
  [
    "gcp.gemini",
    "gemini-3.1-pro-preview",
    gemini({
      promptTokenCount: 250_000,
      cachedContentTokenCount: 50_000,
      candidatesTokenCount: 1_000,
      thoughtsTokenCount: 4_000,
      totalTokenCount: 255_000
    }),
    "google",
    "above 200k: 200k at 4, 50k cached at 0.4, 5k at 18: 0.8 + 0.02 + 0.09",
    "0.91"
  ],
  [
    "gcp.vertex_ai",
    "gemini-3-flash-preview",
    gemini({
      promptTokenCount: 10_000,
      toolUsePromptTokenCount: 2_000,
      candidatesTokenCount: 1_000,
      totalTokenCount: 13_000
    }),
    "google",
    "12k with what its tools read at 0.5, 1k at 3: 0.006 + 0.003",
    "0.009"
  ],
  [
    "deepseek",
    "deepseek-flash",
    chat({
      prompt_tokens: 100_000,
      completion_tokens: 10_000,
      total_tokens: 110_000,
      prompt_cache_hit_tokens: 60_000,
      prompt_cache_miss_tokens: 40_000,
      completion_tokens_details: { reasoning_tokens: 4_000 }
    }),
    "deepseek",
    "40k at 0.15, 60k hit at 0.003, 10k at 0.6: 0.006 + 0.00018 + 0.006",
    "0.01218"
  ],
  [
    "deepseek",
    "deepseek-v4-pro",
    chat({
      prompt_tokens: 100_000,
      completion_tokens: 5_000,
      total_tokens: 105_000,
      prompt_cache_hit_tokens: 80_000,
      prompt_cache_miss_tokens: 20_000
    }),
    "deepseek",
    "20k at 0.66, 80k hit at 0.022, 5k at 1.98: 0.0132 + 0.00176 + 0.0099",
    "0.02486"
  ],
  [
    "groq",
    "llama-3.1-8b-instant",
    chat({ prompt_tokens: 200_000, completion_tokens: 10_000, total_tokens: 210_000, queue_time: 0.1 }),
    "groq",
    "200k at 0.05, 10k at 0.08: 0.01 + 0.0008",
    "0.0108"
  ],
  [
    "groq",
    "openai/gpt-oss-20b",
    chat({
      prompt_tokens: 40_000,
      completion_tokens: 4_000,
      total_tokens: 44_000,
      prompt_tokens_details: { cached_tokens: 20_000 },
      completion_tokens_details: { reasoning_tokens: 1_000 }
    }),
    "groq",
    "20k at 0.075, 20k cached at 0.0375, 4k at 0.3: 0.0015 + 0.00075 + 0.0012",
    "0.00345"
  ],
  [
    "mistral_ai",
    "mistral-medium-latest",
    chat({ prompt_tokens: 30_000, completion_tokens: 2_000, total_tokens: 32_000 }),
    "mistral",
    "30k at 1.5, 2k at 7.5: 0.045 + 0.015",
    "0.06"
  ],
  [
    "mistral_ai",
    "codestral-latest",
    chat({ prompt_tokens: 100_000, completion_tokens: 10_000, total_tokens: 110_000 }),
    "mistral",
    "100k at 0.3, 10k at 0.9: 0.03 + 0.009",
    "0.039"
  ],
  [
    "x_ai",
    "grok-4",
    chat({
      prompt_tokens: 10_000,
      completion_tokens: 500,
      total_tokens: 12_000,
      prompt_tokens_details: { cached_tokens: 4_000 },
      completion_tokens_details: { reasoning_tokens: 1_500 }
    }),
    "xai",
    "reasoning told beside: 6k at 3, 4k cached at 0.75, 2k at 15: 0.018 + 0.003 + 0.03",
    "0.051"
  ],
  [
    "x_ai",
    "grok-code-fast-1",
    chat({
      prompt_tokens: 50_000,
      completion_tokens: 1_000,
      total_tokens: 51_000,
      prompt_tokens_details: { cached_tokens: 40_000 },
      completion_tokens_details: { reasoning_tokens: 500 }
    }),
    "xai",
    "reasoning told among: 10k at 0.2, 40k cached at 0.02, 1k at 1.5: 0.002 + 0.0008 + 0.0015",
    "0.0043"
  ],
  [
    "aws.bedrock",
    "us.amazon.nova-lite-v1:0",
    converse({
      inputTokens: 20_000,
      cacheReadInputTokens: 100_000,
      cacheWriteInputTokens: 0,
      outputTokens: 2_000,
      totalTokens: 122_000
    }),
    "bedrock",
    "20k at 0.06, 100k read at 0.015, 2k at 0.24: 0.0012 + 0.0015 + 0.00048",
    "0.00318"
  ],
  [
    "aws.bedrock",
    "global.anthropic.claude-haiku-4-5-20251001-v1:0",
    converse({
      inputTokens: 1_000,
      cacheReadInputTokens: 50_000,
      cacheWriteInputTokens: 8_000,
      cacheDetails: [{ ttl: "5m", inputTokens: 8_000 }],
      outputTokens: 500
    }),
    "bedrock",
    "1k at 1, 50k read at 0.1, 8k for 5 minutes at 1.25, 0.5k at 5: 0.001 + 0.005 + 0.01 + 0.0025",
    "0.0185"
  ],
  [
    "aws.bedrock",
    "us.meta.llama3-3-70b-instruct-v1:0",
    converse({ inputTokens: 10_000, outputTokens: 1_000, totalTokens: 11_000 }),
    "bedrock",
    "11k at 0.72",
    "0.00792"
  ],
  [
    "azure.ai.openai",
    "gpt-4.1",
    chat({ prompt_tokens: 20_000, completion_tokens: 1_000, prompt_tokens_details: { cached_tokens: 5_000 } }),
    "azure",
    "15k at 2, 5k cached at 0.5, 1k at 8: 0.03 + 0.0025 + 0.008",
    "0.0405"
  ],
  [
    "together",
    "meta-llama/Llama-3.3-70B-Instruct-Turbo",
    chat({ prompt_tokens: 10_000, completion_tokens: 2_000, total_tokens: 12_000 }),
    "together",
    "12k at 0.88",
    "0.01056"
  ],
  [
    "cohere",
    "command-r-08-2024",
    chat({ prompt_tokens: 100_000, completion_tokens: 10_000, total_tokens: 110_000 }),
    "cohere",
    "100k at 0.15, 10k at 0.6: 0.015 + 0.006",
    "0.021"
  ],
  [
    "openrouter",
    "openai/gpt-5-mini",
    chat({ prompt_tokens: 10_000, completion_tokens: 1_000, prompt_tokens_details: { cached_tokens: 5_000 }, cost: 1 }),
    "openrouter",
    "5k at 0.25, 5k cached at 0.025, 1k at 2: 0.00125 + 0.000125 + 0.002",
    "0.003375"
  ],
  [
    "perplexity",
    "sonar-pro",
    chat({ prompt_tokens: 1_000, completion_tokens: 2_000, total_tokens: 3_000, search_context_size: "low" }),
    "perplexity",
    "1k at 3, 2k at 15, 6 for a thousand requests: 0.003 + 0.03 + 0.006",
    "0.039"
  ]
]

/** A Monday in November 2026, outside of every peak. */
const noon = Date.UTC(2026, 10, 23, 12)

const dollars = (provider: string, model: string, read: Read, batch = false) =>
  Effect.map(read, (parts) => {
    const usage: Usage | undefined = parts.flatMap((part) => part.type === "finish" ? part.usage : [])[0]
    const cost = usage && Catalog.reprice(usage, provider, model, noon, { batch })
    return cost && Money.format(cost.amount)
  })

describe("a transcript costs what its vendor publishes", () => {
  for (const [provider, model, read, page, sum, expected] of rows) {
    it.effect(`${provider} ${model}, ${sum} (${pages[page]})`, () =>
      Effect.map(dollars(provider, model, read), (found) => assert.strictEqual(found, expected)))
  }

  it.effect("in a batch half of it, what is written to the cache for an hour too", () =>
    Effect.gen(function*() {
      const nano = chat({ prompt_tokens: 1_000_000, completion_tokens: 100_000 })
      assert.strictEqual(yield* dollars("openai", "gpt-4.1-nano", nano, true), "0.07")
      const opus = messages({
        input_tokens: 100_000,
        cache_creation_input_tokens: 10_000,
        cache_creation: { ephemeral_1h_input_tokens: 10_000 },
        output_tokens: 10_000
      })
      // 100k at 15, 10k for an hour at 30, 10k at 75: 1.5 + 0.3 + 0.75, halved.
      assert.strictEqual(yield* dollars("anthropic", "claude-opus-4-1", opus, true), "1.275")
    }))

  it.effect("is unknown for a model that is, for usage that was not told, and for a rate that is not known", () =>
    Effect.gen(function*() {
      assert.isUndefined(yield* dollars("openai", "gpt-99", chat({ prompt_tokens: 1, completion_tokens: 1 })))
      assert.isUndefined(yield* dollars("openai", "gpt-5", chat({})))
      assert.isUndefined(yield* dollars("openai", "gpt-5", chat({ prompt_tokens: 1 })))
      const forAnHour = converse({
        inputTokens: 1,
        cacheWriteInputTokens: 10,
        cacheDetails: [{ ttl: "1h", inputTokens: 10 }],
        outputTokens: 1
      })
      const haiku = "global.anthropic.claude-haiku-4-5-20251001-v1:0"
      assert.isUndefined(yield* dollars("aws.bedrock", haiku, forAnHour))
    }))
})
