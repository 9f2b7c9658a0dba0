/** Answers in each vendor's own shape; all are synthetic, written by hand after its document. */
import { describe, expect, it } from "@effect/vitest"
import { Effect, Exit, Stream } from "effect"
import { FetchHttpClient } from "effect/http"
import * as Response from "../../../src/Response.ts"
import * as FaultServer from "../../wire/FaultServer.ts"
import { call, type Name, over } from "./presets.ts"

const event = (value: unknown) => `data: ${JSON.stringify(value)}\n\n`
const done = "data: [DONE]\n\n"

const read = (name: Name, chunks: ReadonlyArray<string>) =>
  Effect.scoped(Effect.gen(function*() {
    const { server, vendor } = yield* over(name, FaultServer.stream(...chunks))
    const parts: Array<Response.StreamPart> = []
    const answer = yield* vendor.stream(yield* call({}))
    const exit = yield* Effect.exit(Stream.runForEach(answer.parts, (part) => Effect.sync(() => parts.push(part))))
    const error = Exit.isFailure(exit) ? yield* Effect.flip(exit) : undefined
    return { body: JSON.parse(server.requests[0]!.body), parts: Response.fold(parts), error }
  })).pipe(Effect.provide(FetchHttpClient.layer))

const chunk = (delta: object, finish_reason: string | null = null, more: object = {}) =>
  event({
    id: "c1",
    object: "chat.completion.chunk",
    model: "m",
    choices: [{ index: 0, delta, finish_reason }],
    ...more
  })

const finish = (usage: unknown, reason = "stop", more = {}) => ({ type: "finish", reason, usage, ...more })

const meta = { type: "response-metadata", id: "c1", modelId: "m" }

const text = { type: "text", text: "Hello" }

const counts = { prompt_tokens: 9, completion_tokens: 5, total_tokens: 14 }

const plainUsage = { inputTokens: { total: 9 }, outputTokens: { total: 5 } }

const streams: {
  readonly [name in Name]: {
    readonly chunks: ReadonlyArray<string>
    readonly parts: ReadonlyArray<unknown>
    readonly asksUsage: boolean
  }
} = {
  cerebras: {
    chunks: [
      chunk({ role: "assistant" }, null, { time_info: null }),
      chunk({ reasoning: "Hm." }),
      chunk({ content: "Hello" }),
      chunk({}, "stop", {
        usage: { ...counts, prompt_tokens_details: { cached_tokens: 4 } },
        time_info: { total_time: 1 }
      }),
      done
    ],
    parts: [
      meta,
      { type: "reasoning", text: "Hm." },
      text,
      finish({ inputTokens: { total: 9, uncached: 5, cacheRead: 4 }, outputTokens: { total: 5 } })
    ],
    asksUsage: true
  },
  cohere: {
    chunks: [
      chunk({ role: "assistant", content: "" }),
      chunk({ content: "Hello" }),
      chunk({}, "stop", { usage: counts })
    ],
    parts: [meta, text, finish(plainUsage)],
    asksUsage: false
  },
  deepseek: {
    chunks: [
      ": keep-alive\n\n",
      chunk({ role: "assistant", content: null, reasoning_content: "" }),
      chunk({ content: null, reasoning_content: "Hm." }),
      chunk({ content: "Hello", reasoning_content: null }),
      chunk({ content: "" }, "stop", {
        usage: {
          ...counts,
          prompt_cache_hit_tokens: 4,
          prompt_cache_miss_tokens: 5,
          completion_tokens_details: { reasoning_tokens: 2 }
        }
      }),
      done
    ],
    parts: [
      meta,
      { type: "reasoning", text: "Hm." },
      text,
      finish({
        inputTokens: { total: 9, uncached: 5, cacheRead: 4 },
        outputTokens: { total: 5, text: 3, reasoning: 2 }
      })
    ],
    asksUsage: true
  },
  fireworks: {
    chunks: [
      chunk({ role: "assistant" }, null, { usage: null }),
      chunk({ reasoning_content: "Hm." }),
      chunk({ content: "Hello" }),
      chunk({}, "stop", { usage: { ...counts, prompt_tokens_details: null } }),
      done
    ],
    parts: [meta, { type: "reasoning", text: "Hm." }, text, finish(plainUsage)],
    asksUsage: false
  },
  groq: {
    chunks: [
      chunk({ role: "assistant", content: "" }, null, { x_groq: { id: "req_1" } }),
      chunk({ reasoning: "Hm.", channel: "analysis" }),
      chunk({ content: "Hello" }),
      chunk({}, "stop", { x_groq: { id: "req_1", usage: { queue_time: 0.1, ...counts, total_time: 0.2 } } }),
      done
    ],
    parts: [meta, { type: "reasoning", text: "Hm." }, text, finish(plainUsage)],
    asksUsage: false
  },
  "lm-studio": {
    chunks: [
      chunk({ role: "assistant", content: "Hello" }, null, { system_fingerprint: "qwen2.5" }),
      chunk({}, "stop", { system_fingerprint: "qwen2.5" }),
      event({ id: "c1", object: "chat.completion.chunk", model: "m", choices: [], usage: counts }),
      done
    ],
    parts: [meta, text, finish(plainUsage, "stop", { metadata: { openai: { systemFingerprint: "qwen2.5" } } })],
    asksUsage: true
  },
  mistral: {
    chunks: [
      chunk({ role: "assistant", content: "" }),
      chunk({ content: [{ type: "thinking", thinking: [{ type: "text", text: "Hm." }] }] }),
      chunk({ content: [{ type: "text", text: "Hello" }] }),
      chunk(
        { content: "", tool_calls: [{ id: "D681PevKs", function: { name: "look", arguments: "{}" }, index: 0 }] },
        "tool_calls",
        { usage: counts }
      ),
      done
    ],
    parts: [
      meta,
      { type: "reasoning", text: "Hm." },
      text,
      { type: "tool-call", id: "D681PevKs", name: "look", params: {} },
      finish(plainUsage, "tool-calls")
    ],
    asksUsage: false
  },
  openrouter: {
    chunks: [
      ": OPENROUTER PROCESSING\n\n",
      ": OPENROUTER PROCESSING\n\n",
      chunk(
        {
          role: "assistant",
          content: "",
          reasoning: "Hm",
          reasoning_details: [{ type: "reasoning.text", text: "Hm", index: 0 }]
        },
        null,
        { provider: "Anthropic", native_finish_reason: null }
      ),
      chunk({ content: "", reasoning: ".", reasoning_details: [{ type: "reasoning.text", text: ".", index: 0 }] }),
      chunk({ content: "", reasoning_details: [{ type: "reasoning.text", signature: "c2ln", index: 0 }] }),
      ": OPENROUTER PROCESSING\n\n",
      chunk({ content: "Hello" }),
      chunk({ content: "" }, "stop", { native_finish_reason: "end_turn" }),
      event({
        id: "c1",
        model: "m",
        provider: "Anthropic",
        choices: [],
        usage: {
          ...counts,
          cost: 0.001,
          prompt_tokens_details: { cached_tokens: 2, cache_write_tokens: 3 },
          completion_tokens_details: { reasoning_tokens: 1 }
        }
      }),
      done
    ],
    parts: [
      meta,
      { type: "reasoning", text: "Hm." },
      text,
      {
        type: "reasoning",
        text: "",
        metadata: {
          openrouter: { reasoningDetails: [{ type: "reasoning.text", text: "Hm.", index: 0, signature: "c2ln" }] }
        }
      },
      finish({
        inputTokens: { total: 9, uncached: 4, cacheRead: 2, cacheWrite: 3 },
        outputTokens: { total: 5, text: 4, reasoning: 1 }
      })
    ],
    asksUsage: false
  },
  perplexity: {
    chunks: [
      chunk({ role: "assistant", content: "Hel" }, null, {
        citations: ["https://a.test"],
        search_results: [{ title: "A", url: "https://a.test", date: null }],
        usage: { ...counts, completion_tokens: 1, total_tokens: 10 }
      }),
      chunk({ content: "lo" }, "stop", {
        type: "end_of_stream",
        citations: ["https://a.test", "https://b.test"],
        search_results: [{ title: "A", url: "https://a.test" }, { title: "B", url: "https://b.test" }],
        usage: { ...counts, search_context_size: "low", cost: { total_cost: 0.01 } }
      }),
      done
    ],
    parts: [
      meta,
      text,
      { type: "source", sourceType: "url", id: "source_0", url: "https://a.test", title: "A" },
      { type: "source", sourceType: "url", id: "source_1", url: "https://b.test", title: "B" },
      finish(plainUsage)
    ],
    asksUsage: false
  },
  together: {
    chunks: [
      chunk({ role: "assistant", content: "", reasoning: "Hm.", token_id: 1 }, null, { prompt: [], usage: null }),
      chunk({ content: "Hello" }, null, { usage: null }),
      chunk({ content: "" }, "eos", { usage: counts }),
      done
    ],
    parts: [meta, { type: "reasoning", text: "Hm." }, text, finish(plainUsage)],
    asksUsage: false
  },
  vllm: {
    chunks: [
      chunk({ role: "assistant", content: "" }),
      chunk({ reasoning_content: "Hm.", reasoning: "Hm." }),
      chunk({ content: "Hello" }),
      chunk({ content: "" }, "stop", { stop_reason: null }),
      event({ id: "c1", object: "chat.completion.chunk", model: "m", choices: [], usage: counts }),
      done
    ],
    parts: [meta, { type: "reasoning", text: "Hm." }, text, finish(plainUsage)],
    asksUsage: true
  },
  xai: {
    chunks: [
      chunk({ role: "assistant", reasoning_content: "Hm." }),
      chunk({ content: "Hello", role: "assistant" }),
      chunk({}, "stop"),
      event({
        id: "c1",
        model: "m",
        choices: [],
        usage: {
          prompt_tokens: 9,
          completion_tokens: 5,
          total_tokens: 114,
          completion_tokens_details: { reasoning_tokens: 100 },
          num_sources_used: 0
        }
      }),
      done
    ],
    parts: [
      meta,
      { type: "reasoning", text: "Hm." },
      text,
      finish({ inputTokens: { total: 9 }, outputTokens: { total: 105, text: 5, reasoning: 100 } })
    ],
    asksUsage: true
  }
}

describe.each(Object.entries(streams) as ReadonlyArray<[Name, (typeof streams)[Name]]>)("%s", (name, expected) => {
  it.effect("streams in its own shape", () =>
    Effect.gen(function*() {
      const { body, error, parts } = yield* read(name, expected.chunks)
      expect(error).toBeUndefined()
      expect(parts).toEqual(expected.parts)
      expect("stream_options" in body).toBe(expected.asksUsage)
    }))
})

describe("failures within a stream", () => {
  it.effect.each(
    [
      [
        "openrouter",
        chunk({ content: "" }, "error", { error: { code: 502, message: "Provider disconnected" } }),
        "ServerFault"
      ],
      ["openrouter", chunk({ content: "" }, "error", { error: { code: 429, message: "Slow" } }), "RateLimited"],
      ["groq", chunk({}, null, { x_groq: { id: "r", error: "over capacity" } }), "ServerFault"],
      ["cerebras", event({ error: { message: "Too many", code: "x" }, status_code: 429 }), "RateLimited"],
      ["vllm", event({ object: "error", message: "died", type: "InternalServerError", code: 500 }), "ServerFault"],
      ["vllm", event({ error: { message: "died", type: "InternalServerError", code: 500 } }), "ServerFault"],
      ["mistral", event({ object: "error", message: "died", type: "internal_error", code: "3000" }), "ServerFault"]
    ] as const
  )("are what %s says they are", ([name, entry, reason]) =>
    Effect.gen(function*() {
      const { error } = yield* read(name, [chunk({ content: "Once" }), entry])
      expect(error?.reason._tag).toBe(reason)
    }))
})

describe("whole answers", () => {
  const whole = (name: Name, message: object, more: object = {}) =>
    Effect.gen(function*() {
      const body = { id: "c1", model: "m", choices: [{ index: 0, message, finish_reason: "stop" }], ...more }
      const { vendor } = yield* over(name, FaultServer.json(200, body))
      return (yield* vendor.send(yield* call({}))).parts
    }).pipe(Effect.provide(FetchHttpClient.layer))

  it.effect("cites by bare addresses where Perplexity tells no more", () =>
    Effect.gen(function*() {
      const parts = yield* whole("perplexity", { content: "Hello" }, { citations: ["https://a.test"], usage: counts })
      expect(parts).toEqual([
        meta,
        text,
        { type: "source", sourceType: "url", id: "source_0", url: "https://a.test", title: "https://a.test" },
        finish(plainUsage)
      ])
    }))

  it.effect("keeps OpenRouter's encrypted reasoning, and tells plain reasoning once", () =>
    Effect.gen(function*() {
      const encrypted = { type: "reasoning.encrypted", data: "eJx", index: 0 }
      expect(yield* whole("openrouter", { content: "Hello", reasoning: null, reasoning_details: [encrypted] })).toEqual(
        [
          meta,
          text,
          { type: "reasoning", text: "", metadata: { openrouter: { reasoningDetails: [encrypted] } } },
          finish({ inputTokens: {}, outputTokens: {} })
        ]
      )
      const plain = { type: "reasoning.text", text: "Hm." }
      const parts = yield* whole("openrouter", { content: "Hello", reasoning: "Hm.", reasoning_details: [plain] })
      expect(parts.map(({ type }) => type)).toEqual(["response-metadata", "reasoning", "text", "finish"])
    }))
})
