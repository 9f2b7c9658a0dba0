import { describe, expect, it } from "@effect/vitest"
import { ConfigProvider, Effect, type Layer, Redacted } from "effect"
import { FetchHttpClient } from "effect/http"
import * as Compatible from "../../../src/vendor/openai-compatible/OpenAiCompatible.ts"
import * as Groq from "../../../src/vendor/presets/Groq.ts"
import * as FaultServer from "../../wire/FaultServer.ts"
import { call, key, type Name, names, over, presets } from "./presets.ts"

const answer = FaultServer.json(200, { choices: [{ message: { content: "x" }, finish_reason: "stop" }] })

const tool = { name: "look", parameters: { type: "object", properties: {} } }

const schema = { type: "object", properties: { a: { type: "string" } } }

/** Every word that a request has for a body. */
const rich = {
  maxTokens: 50,
  temperature: 1.5,
  topP: 0.9,
  topK: 40,
  frequencyPenalty: 0.5,
  presencePenalty: -0.5,
  seed: 7,
  stop: ["a", "b", "c", "d", "e"],
  reasoningEffort: "high",
  tools: [tool],
  toolChoice: "required",
  parallelToolCalls: false,
  responseFormat: { type: "json-schema", name: "answer", schema },
  user: "u1",
  metadata: { a: "b" }
}

const send = (name: Name, input: Record<string, unknown>, model?: string) =>
  Effect.gen(function*() {
    const { server, vendor } = yield* over(name, answer)
    const { losses } = yield* vendor.send(yield* call(input, model))
    const [request] = server.requests
    return { body: JSON.parse(request!.body), headers: request!.headers, path: request!.path, losses }
  }).pipe(Effect.provide(FetchHttpClient.layer))

const tools = { tools: [{ type: "function", function: tool }] }

const jsonSchema = { response_format: { type: "json_schema", json_schema: { name: "answer", schema, strict: true } } }

const sampling = { temperature: 1.5, top_p: 0.9, frequency_penalty: 0.5, presence_penalty: -0.5 }

const expectations: {
  readonly [name in Name]: {
    readonly model: string
    readonly without?: ReadonlyArray<string>
    readonly body: Record<string, unknown>
    readonly lost: ReadonlyArray<string>
  }
} = {
  cerebras: {
    model: "gpt-oss-120b",
    body: {
      ...sampling,
      ...tools,
      ...jsonSchema,
      max_completion_tokens: 50,
      seed: 7,
      stop: ["a", "b", "c", "d"],
      reasoning_effort: "high",
      tool_choice: "required",
      parallel_tool_calls: false,
      user: "u1"
    },
    lost: ["metadata", "topK", "stop"]
  },
  cohere: {
    model: "command-a-03-2025",
    body: {
      ...sampling,
      ...tools,
      ...jsonSchema,
      temperature: 1,
      max_tokens: 50,
      seed: 7,
      stop: ["a", "b", "c", "d", "e"],
      reasoning_effort: "high"
    },
    lost: ["toolChoice", "parallelToolCalls", "user", "metadata", "topK", "temperature"]
  },
  deepseek: {
    model: "deepseek-flash",
    body: {
      ...tools,
      max_tokens: 50,
      top_p: 0.9,
      stop: ["a", "b", "c", "d", "e"],
      reasoning_effort: "high",
      tool_choice: "required",
      response_format: { type: "json_object" }
    },
    lost: [
      "seed",
      "user",
      "metadata",
      "parallelToolCalls",
      "topK",
      "temperature",
      "frequencyPenalty",
      "presencePenalty",
      "responseFormat.schema"
    ]
  },
  fireworks: {
    model: "accounts/fireworks/models/gpt-oss-120b",
    body: {
      ...sampling,
      ...tools,
      ...jsonSchema,
      max_tokens: 50,
      seed: 7,
      top_k: 40,
      stop: ["a", "b", "c", "d", "e"],
      reasoning_effort: "high",
      tool_choice: "required",
      parallel_tool_calls: false,
      user: "u1",
      metadata: { a: "b" }
    },
    lost: []
  },
  groq: {
    model: "openai/gpt-oss-20b",
    body: {
      ...tools,
      ...jsonSchema,
      max_completion_tokens: 50,
      temperature: 1.5,
      top_p: 0.9,
      seed: 7,
      stop: ["a", "b", "c", "d"],
      reasoning_effort: "high",
      tool_choice: "required",
      parallel_tool_calls: false,
      user: "u1"
    },
    lost: ["frequencyPenalty", "presencePenalty", "metadata", "topK", "stop"]
  },
  "lm-studio": {
    model: "qwen2.5-7b-instruct",
    body: {
      ...sampling,
      ...tools,
      ...jsonSchema,
      max_tokens: 50,
      seed: 7,
      top_k: 40,
      stop: ["a", "b", "c", "d", "e"],
      tool_choice: "required"
    },
    lost: ["reasoningEffort", "parallelToolCalls", "user", "metadata"]
  },
  mistral: {
    model: "mistral-small-latest",
    body: {
      ...sampling,
      ...tools,
      ...jsonSchema,
      max_tokens: 50,
      random_seed: 7,
      stop: ["a", "b", "c", "d", "e"],
      reasoning_effort: "high",
      tool_choice: "any",
      parallel_tool_calls: false,
      metadata: { a: "b" }
    },
    lost: ["user", "topK"]
  },
  openrouter: {
    model: "anthropic/claude-sonnet-4.5",
    body: {
      ...sampling,
      ...tools,
      ...jsonSchema,
      max_tokens: 50,
      seed: 7,
      top_k: 40,
      stop: ["a", "b", "c", "d", "e"],
      reasoning_effort: "high",
      tool_choice: "required",
      parallel_tool_calls: false,
      user: "u1",
      metadata: { a: "b" }
    },
    lost: []
  },
  perplexity: {
    model: "sonar-pro",
    without: ["tools", "toolChoice"],
    body: {
      ...sampling,
      ...jsonSchema,
      max_tokens: 50,
      top_k: 40,
      stop: ["a", "b", "c", "d", "e"],
      reasoning_effort: "high"
    },
    lost: ["seed", "parallelToolCalls", "user", "metadata"]
  },
  together: {
    model: "openai/gpt-oss-20b",
    body: {
      ...sampling,
      ...tools,
      ...jsonSchema,
      max_tokens: 50,
      seed: 7,
      top_k: 40,
      stop: ["a", "b", "c", "d", "e"],
      reasoning_effort: "high",
      tool_choice: "required"
    },
    lost: ["user", "metadata", "parallelToolCalls"]
  },
  vllm: {
    model: "Qwen/Qwen3-8B",
    body: {
      ...sampling,
      ...tools,
      ...jsonSchema,
      max_tokens: 50,
      seed: 7,
      top_k: 40,
      stop: ["a", "b", "c", "d", "e"],
      reasoning_effort: "high",
      tool_choice: "required",
      parallel_tool_calls: false,
      user: "u1"
    },
    lost: ["metadata"]
  },
  xai: {
    model: "grok-4.3",
    body: {
      ...tools,
      ...jsonSchema,
      max_tokens: 50,
      temperature: 1.5,
      top_p: 0.9,
      seed: 7,
      reasoning_effort: "high",
      tool_choice: "required",
      parallel_tool_calls: false,
      user: "u1"
    },
    lost: ["metadata", "topK", "frequencyPenalty", "presencePenalty", "stop"]
  }
}

describe.each(names)("%s", (name) => {
  const { body: expected, lost, model, without = [] } = expectations[name]

  it.effect("asks its address with its key, and tells what of a rich request is lost", () =>
    Effect.gen(function*() {
      const input = Object.fromEntries(Object.entries(rich).filter(([field]) => !without.includes(field)))
      const { body, headers, losses, path } = yield* send(name, input, model)
      expect(path).toBe("/chat/completions")
      expect(headers["authorization"]).toBe(`Bearer ${key}`)
      expect(body).toEqual({ model, messages: [{ role: "user", content: "Hello" }], ...expected })
      expect(losses.map(({ field }) => field)).toEqual(lost)
    }))

  it.effect("reads its environment", () =>
    Effect.gen(function*() {
      const variables = name.toUpperCase().replace("-", "_")
      const { module, service } = presets[name]
      const env = {
        [`${variables}_API_KEY`]: key,
        [`${variables}_BASE_URL`]: "http://localhost:9/v1",
        [`${variables}_MODEL`]: "mine"
      }
      const layer = module.layerConfig() as Layer.Layer<any, unknown, never>
      const vendor = yield* Effect.provide(service as typeof Groq.Groq, layer).pipe(
        Effect.provide([FetchHttpClient.layer, ConfigProvider.layer(ConfigProvider.fromEnv({ env }))])
      )
      expect(vendor).toMatchObject({ name, defaultModel: "mine", address: { host: "localhost", port: 9 } })
    }))

  it.effect("serves its default model, where it has one", () =>
    Effect.gen(function*() {
      const { vendor } = yield* over(name, answer)
      expect(vendor.defaultModel === undefined || vendor.serves(vendor.defaultModel)).toBe(true)
      expect(vendor.serves("claude-sonnet-4-5")).toBe(name === "vllm" || name === "lm-studio")
    }).pipe(Effect.provide(FetchHttpClient.layer)))
})

describe("what only some presets know", () => {
  const effort = (name: Name, model: string, reasoningEffort: string) => send(name, { reasoningEffort }, model)

  it.effect("sends each effort in the vendor's own words", () =>
    Effect.gen(function*() {
      expect((yield* effort("deepseek", "deepseek-flash", "none")).body).toMatchObject({
        thinking: { type: "disabled" }
      })
      expect((yield* effort("together", "m", "none")).body).toMatchObject({ reasoning: { enabled: false } })
      expect((yield* effort("groq", "qwen/qwen3-32b", "low")).body).toMatchObject({ reasoning_effort: "default" })
      expect((yield* effort("groq", "qwen/qwen3-32b", "none")).body).toMatchObject({ reasoning_effort: "none" })
    }))

  it.effect.each(
    [
      ["xai", "grok-4", "high"],
      ["xai", "grok-3-mini", "medium"],
      ["groq", "llama-3.3-70b-versatile", "low"],
      ["cohere", "command-a-03-2025", "medium"],
      ["perplexity", "sonar", "none"],
      ["fireworks", "accounts/x", "xhigh"]
    ] as const
  )("loses the effort that %s %s does not know: %s", ([name, model, level]) =>
    Effect.gen(function*() {
      const { body, losses } = yield* effort(name, model, level)
      expect(body).not.toHaveProperty("reasoning_effort")
      expect(losses).toEqual([{ field: "reasoningEffort", message: `${model} knows no effort "${level}"` }])
    }))

  it.effect("tells DeepSeek a temperature once it does not think", () =>
    Effect.gen(function*() {
      const { body, losses } = yield* send("deepseek", { temperature: 1, reasoningEffort: "none" }, "deepseek-flash")
      expect(body).toMatchObject({ temperature: 1 })
      expect(losses).toEqual([])
    }))

  it.effect("asks Groq to part Qwen's reasoning from the text, unless a raw option says otherwise", () =>
    Effect.gen(function*() {
      expect((yield* send("groq", {}, "qwen/qwen3-32b")).body).toMatchObject({ reasoning_format: "parsed" })
      const raw = { options: { groq: { reasoning_format: "hidden" } } }
      expect((yield* send("groq", raw, "qwen/qwen3-32b")).body).toMatchObject({ reasoning_format: "hidden" })
      expect((yield* send("groq", {}, "llama-3.1-8b-instant")).body).not.toHaveProperty("reasoning_format")
    }))

  const asked = [
    { role: "user", content: "Weather?" },
    {
      role: "assistant",
      content: [
        { type: "reasoning", text: "I must look." },
        { type: "tool-call", id: "toolu_01ABC", name: "look", params: {}, providerExecuted: false }
      ]
    },
    {
      role: "tool",
      content: [{ type: "tool-result", id: "toolu_01ABC", name: "look", isFailure: false, result: "sun" }]
    }
  ]

  it.effect("gives Mistral another vendor's tool call under nine letters and digits, the same in its result", () =>
    Effect.gen(function*() {
      const { body } = yield* send("mistral", { prompt: undefined, messages: asked, tools: [tool] })
      const [, called, result] = body.messages
      expect(called.tool_calls[0].id).toMatch(/^[a-zA-Z0-9]{9}$/)
      expect(result.tool_call_id).toBe(called.tool_calls[0].id)
    }))

  it.effect("leaves Mistral's own ids as they are", () =>
    Effect.gen(function*() {
      const messages = JSON.parse(JSON.stringify(asked).replaceAll("toolu_01ABC", "D681PevKs"))
      const { body } = yield* send("mistral", { prompt: undefined, messages, tools: [tool] })
      expect(body.messages[1].tool_calls[0].id).toBe("D681PevKs")
    }))

  it.effect("gives DeepSeek its reasoning back with its tool call, and none where another vendor called", () =>
    Effect.gen(function*() {
      const own = yield* send("deepseek", { prompt: undefined, messages: asked, tools: [tool] })
      expect(own.body.messages[1]).toMatchObject({ content: null, reasoning_content: "I must look." })
      expect(own.losses).toEqual([])
      const [first, called, result] = asked
      const signed = { type: "reasoning", text: "I must look.", options: { anthropic: { signature: "s" } } }
      const content = [signed, (called!.content as Array<unknown>)[1]]
      const messages = [first, { role: "assistant", content }, result]
      const other = yield* send("deepseek", { prompt: undefined, messages, tools: [tool] })
      expect(other.body.messages[1]).toMatchObject({ reasoning_content: "" })
      expect(other.losses.map(({ field }) => field)).toEqual(["prompt.1.content.0"])
    }))

  it.effect("gives OpenRouter its reasoning details back unchanged", () =>
    Effect.gen(function*() {
      const reasoningDetails = [{ type: "reasoning.encrypted", data: "eJx", index: 0, format: "openai-responses-v1" }]
      const messages = [
        { role: "user", content: "Hi" },
        {
          role: "assistant",
          content: [
            { type: "reasoning", text: "Short." },
            { type: "text", text: "Hello" },
            { type: "reasoning", text: "", options: { openrouter: { reasoningDetails } } }
          ]
        },
        { role: "user", content: "And?" }
      ]
      const { body, losses } = yield* send("openrouter", { prompt: undefined, messages })
      expect(body.messages[1]).toEqual({ role: "assistant", content: "Hello", reasoning_details: reasoningDetails })
      expect(losses).toEqual([])
    }))

  it.effect("gives OpenRouter bare reasoning as text", () =>
    Effect.gen(function*() {
      const { body } = yield* send("openrouter", { prompt: undefined, messages: asked, tools: [tool] })
      expect(body.messages[1]).toMatchObject({ reasoning: "I must look." })
    }))

  it.effect("names LM Studio no tool but leaves the others out", () =>
    Effect.gen(function*() {
      const input = { tools: [tool, { ...tool, name: "listen" }], toolChoice: { tool: "listen" } }
      const { body } = yield* send("lm-studio", input)
      expect(body).toMatchObject({ tool_choice: "required", tools: [{ function: { name: "listen" } }] })
    }))

  it.effect("asks for any JSON by a schema where only schemas are known", () =>
    Effect.gen(function*() {
      const { body, losses } = yield* send("lm-studio", { responseFormat: { type: "json" } })
      const expected = { type: "json_schema", json_schema: { name: "answer", schema: { type: "object" } } }
      expect(body.response_format).toEqual(expected)
      expect(losses).toEqual([])
    }))

  it.effect("refuses Perplexity's tools before anything is sent, but for those that none may be called of", () =>
    Effect.gen(function*() {
      const { server, vendor } = yield* over("perplexity", answer)
      const error = yield* Effect.flip(vendor.send(yield* call({ tools: [tool] })))
      expect(error.reason).toEqual({ _tag: "UnsupportedFeature", description: "this API takes no tools" })
      expect(server.requests).toEqual([])
      const { losses } = yield* vendor.send(yield* call({ tools: [tool], toolChoice: "none" }))
      expect(losses).toEqual([])
      expect(JSON.parse(server.requests[0]!.body)).not.toHaveProperty("tools")
    }).pipe(Effect.provide(FetchHttpClient.layer)))

  const withPdf = {
    prompt: undefined,
    messages: [{
      role: "user",
      content: [{ type: "text", text: "Read" }, { type: "file", mediaType: "application/pdf", data: "JVBERg==" }]
    }]
  }

  it.effect("writes a PDF as Mistral's document_url", () =>
    Effect.gen(function*() {
      const { body } = yield* send("mistral", withPdf)
      const document = { type: "document_url", document_url: "data:application/pdf;base64,JVBERg==" }
      expect(body.messages[0].content[1]).toEqual(document)
    }))

  it.effect("refuses a file that the vendor does not take", () =>
    Effect.gen(function*() {
      const { vendor } = yield* over("groq", answer)
      const error = yield* Effect.flip(vendor.send(yield* call(withPdf)))
      expect(error.reason).toEqual({
        _tag: "UnsupportedFeature",
        description:
          "prompt.0.content.1: Chat Completions takes no file of the type application/pdf here, only text and image"
      })
    }).pipe(Effect.provide(FetchHttpClient.layer)))

  it.effect("reads raw options under the instance's name and the vendor's, and those of OpenAI not", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(answer)
      const apiKey = Redacted.make(key)
      const vendor = yield* Groq.make({ name: "fast", apiKey, baseUrl: server.url })
      const options = { fast: { a: 1 }, groq: { service_tier: "flex" }, openai: { store: true } }
      yield* vendor.send(yield* call({ options }, "llama-3.1-8b-instant"))
      expect(JSON.parse(server.requests[0]!.body)).toMatchObject({ a: 1, service_tier: "flex" })
      expect(JSON.parse(server.requests[0]!.body)).not.toHaveProperty("store")
      expect(vendor).toMatchObject({ name: "fast", provider: "groq" })
    }).pipe(Effect.provide(FetchHttpClient.layer)))

  it.effect("needs a key of a hosted vendor and none of a local server", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Effect.provide(Groq.Groq, Groq.layerConfig()))
      expect(error.message).toContain("GROQ_API_KEY")
      const { module, service } = presets["lm-studio"]
      const vendor = yield* Effect.provide(service, module.layerConfig())
      expect(vendor.address).toEqual({ host: "localhost", port: 1234 })
    }).pipe(Effect.provide([FetchHttpClient.layer, ConfigProvider.layer(ConfigProvider.fromEnv({ env: {} }))])))

  it.effect("lists models as a bare list, as data, and makes no embeddings where there are none", () =>
    Effect.gen(function*() {
      const together = yield* over("together", FaultServer.json(200, [{ id: "a/b", type: "chat" }]))
      expect(yield* together.vendor.models).toEqual([{ id: "a/b" }])
      const perplexity = yield* over("perplexity", FaultServer.silence)
      expect((yield* perplexity.vendor.models).map(({ id }) => id)).toContain("sonar")
      expect(yield* perplexity.vendor.isAvailable).toBe(true)
      const error = yield* Effect.flip(perplexity.vendor.embed({ model: "m", inputs: ["a"] }))
      expect(error.reason._tag).toBe("UnsupportedFeature")
    }).pipe(Effect.provide(FetchHttpClient.layer)))

  it.effect("tells what the well-known models can do", () =>
    Effect.gen(function*() {
      const capabilities = (name: Name, model: string) =>
        Effect.map(over(name, answer), ({ vendor }) => vendor.capabilities(model))
      expect(yield* capabilities("perplexity", "sonar-pro")).toMatchObject({ tools: false, contextWindow: 200_000 })
      expect(yield* capabilities("deepseek", "deepseek-flash")).toMatchObject({ jsonSchema: false, reasoning: true })
      expect(yield* capabilities("groq", "never-heard-of")).toEqual({})
    }).pipe(Effect.provide(FetchHttpClient.layer)))

  it.effect("leaves a plain compatible server as it was", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(answer)
      const vendor = yield* Compatible.make({ name: "local", baseUrl: server.url })
      yield* vendor.send(yield* call({ ...rich, topK: undefined }))
      expect(JSON.parse(server.requests[0]!.body)).toMatchObject({ max_tokens: 50, seed: 7, tool_choice: "required" })
    }).pipe(Effect.provide(FetchHttpClient.layer)))
})
