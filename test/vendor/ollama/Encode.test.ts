import { describe, expect, it } from "@effect/vitest"
import { Effect, Result, Schema } from "effect"
import * as Request from "../../../src/Request.ts"
import * as Encode from "../../../src/vendor/ollama/Encode.ts"
import * as Wire from "../../../src/vendor/ollama/Wire.ts"

const encode = (input: Record<string, unknown>, stream = false) => {
  const request = Effect.runSync(Request.decode({ prompt: "Hello", ...input }))
  return Encode.encode({ model: "qwen3", request }, ["ollama", "local"], { stream })
}

const encoded = (input: Record<string, unknown>): Encode.Encoded => Result.getOrThrow(encode(input))
const body = (input: Record<string, unknown>): any => encoded(input).body
const losses = (input: Record<string, unknown>) => encoded(input).losses.map(({ field }) => field)
const reason = (input: Record<string, unknown>) => {
  const result = encode(input)
  return Result.isFailure(result) ? result.failure.reason : undefined
}

const png = "iVBORw0KGgo="
const weather = { name: "weather", description: "The weather.", parameters: { type: "object", properties: {} } }
const now = { name: "now", parameters: { type: "object", properties: {} } }
const user = (...content: ReadonlyArray<unknown>) => ({ prompt: [{ role: "user", content }] })

const conversation = {
  prompt: [
    { role: "system", content: "Be short." },
    { role: "user", content: "Weather?" },
    {
      role: "assistant",
      content: [
        { type: "reasoning", text: "I must look.", options: { ollama: { thinking: true } } },
        { type: "text", text: "Let me " },
        { type: "text", text: "look." },
        { type: "tool-call", id: "c1", name: "weather", params: { city: "Bern" } },
        { type: "tool-call", id: "c2", name: "now", params: undefined }
      ]
    },
    {
      role: "tool",
      content: [
        { type: "tool-result", id: "c1", name: "weather", isFailure: false, result: "sunny" },
        { type: "tool-result", id: "c2", name: "now", isFailure: false, result: { hour: 12 } }
      ]
    },
    { role: "user", content: "Thanks" }
  ]
}

describe("messages", () => {
  it("keep their order, roles, thinking, calls and results", () => {
    expect(body(conversation)).toEqual({
      model: "qwen3",
      stream: false,
      truncate: false,
      messages: [
        { role: "system", content: "Be short." },
        { role: "user", content: "Weather?" },
        {
          role: "assistant",
          content: "Let me look.",
          thinking: "I must look.",
          tool_calls: [
            { id: "c1", function: { index: 0, name: "weather", arguments: { city: "Bern" } } },
            { id: "c2", function: { index: 1, name: "now", arguments: {} } }
          ]
        },
        { role: "tool", content: "sunny", tool_name: "weather", tool_call_id: "c1" },
        { role: "tool", content: "{\"hour\":12}", tool_name: "now", tool_call_id: "c2" },
        { role: "user", content: "Thanks" }
      ]
    })
    expect(losses(conversation)).toEqual([])
  })

  it("carry images beside one text", () => {
    const file = { type: "file", mediaType: "image/png", data: `data:image/png;base64,${png}` }
    expect(body(user({ type: "text", text: "What" }, file, { type: "text", text: "is it?" })).messages).toEqual([
      { role: "user", content: "What\nis it?", images: [png] }
    ])
  })

  it("carry images of a tool's result", () => {
    const modelOutput = [{ type: "text", text: "The map:" }, { type: "file", mediaType: "image/png", data: png }]
    const result = { type: "tool-result", id: "c1", name: "map", isFailure: false, result: 1, modelOutput }
    expect(body({ prompt: [{ role: "tool", content: [result] }] }).messages).toEqual([
      { role: "tool", content: "The map:", images: [png], tool_name: "map", tool_call_id: "c1" }
    ])
  })

  it.each([
    ["an image by its address", { mediaType: "image/png", data: "https://example.com/a.png" }],
    ["a document", { mediaType: "application/pdf", data: "JVBERg==" }],
    ["a sound", { mediaType: "audio/wav", data: "UklGRg==" }]
  ])("refuse %s", (_, file) => {
    expect(reason(user({ type: "file", ...file }))?._tag).toBe("UnsupportedFeature")
  })

  it("lose what cannot be carried, and an assistant's message of which nothing is left", () => {
    const input = {
      prompt: [
        { role: "user", content: "Hi", options: { anthropic: { cacheControl: {} } } },
        {
          role: "assistant",
          content: [
            { type: "reasoning", text: "Hm.", options: { anthropic: { signature: "s" } } },
            { type: "file", mediaType: "image/png", data: png },
            { type: "tool-call", id: "s", name: "search", params: {}, providerExecuted: true },
            { type: "tool-result", id: "s", name: "search", isFailure: false, result: 1, providerExecuted: true }
          ]
        },
        { role: "tool", content: [{ type: "tool-result", id: "c", name: "n", isFailure: true, result: "no" }] }
      ]
    }
    expect(body(input).messages.map(({ role }: any) => role)).toEqual(["user", "tool"])
    expect(losses(input)).toEqual([
      "prompt.0.options.anthropic",
      "prompt.1.content.0",
      "prompt.1.content.1",
      "prompt.1.content.2",
      "prompt.1.content.3",
      "prompt.2.content.0.isFailure"
    ])
  })

  it.each([["a text"], [[1]], [Symbol.iterator]])("refuse arguments that are no object (%#)", (params) => {
    const call = { type: "tool-call", id: "c", name: "n", params }
    expect(reason({ prompt: [{ role: "assistant", content: [call] }] })?._tag).toBe("InvalidRequest")
  })
})

describe("options", () => {
  it("hold what bears on sampling", () => {
    const input = {
      temperature: 0.5,
      topP: 0.9,
      topK: 40,
      frequencyPenalty: 1,
      presencePenalty: -1,
      seed: 7,
      stop: ["END"],
      maxTokens: 100
    }
    expect(body(input).options).toEqual({
      temperature: 0.5,
      top_p: 0.9,
      top_k: 40,
      frequency_penalty: 1,
      presence_penalty: -1,
      seed: 7,
      stop: ["END"],
      num_predict: 100
    })
    expect(losses(input)).toEqual([])
  })

  it.each([
    ["none", false, []],
    ["minimal", "low", ["reasoningEffort"]],
    ["low", "low", []],
    ["medium", "medium", []],
    ["high", "high", []],
    ["xhigh", "max", []]
  ])("say how hard to think: %s is %s", (reasoningEffort, think, lost) => {
    expect(body({ reasoningEffort }).think).toBe(think)
    expect(losses({ reasoningEffort })).toEqual(lost)
  })

  it("only turn thinking on where raw options do", () => {
    const options = { ollama: { think: true } }
    expect(body({ reasoningEffort: "high", options }).think).toBe(true)
    expect(body({ reasoningEffort: "none", options }).think).toBe(false)
  })

  it("leave thinking to the model where nothing is said", () => {
    expect(body({})).not.toHaveProperty("think")
  })

  it("tell what Ollama has no word for", () => {
    const input = { user: "u", metadata: { a: "b" }, parallelToolCalls: false }
    expect(losses(input)).toEqual(["parallelToolCalls", "user", "metadata"])
  })

  it("join the raw ones, which replace nothing", () => {
    const input = {
      temperature: 0.5,
      options: {
        ollama: { keep_alive: "10m", truncate: true, options: { num_ctx: 8192, temperature: 1 }, model: "other" },
        local: { options: { num_gpu: 0 }, logprobs: true },
        other: { a: 1 }
      }
    }
    expect(body(input)).toEqual({
      model: "qwen3",
      stream: false,
      messages: [{ role: "user", content: "Hello" }],
      keep_alive: "10m",
      truncate: true,
      logprobs: true,
      options: { temperature: 0.5, num_ctx: 8192, num_gpu: 0 }
    })
    expect(losses(input)).toEqual(["options.ollama.options.temperature", "options.ollama.model"])
  })
})

describe("tools", () => {
  const tools = [weather, now]
  const names = (input: Record<string, unknown>) => body(input).tools?.map((tool: any) => tool.function.name)

  it("are functions", () => {
    expect(body({ tools }).tools).toEqual([
      { type: "function", function: weather },
      { type: "function", function: now }
    ])
  })

  it.each([
    ["auto", ["weather", "now"], []],
    ["none", undefined, []],
    [{ oneOf: ["now"] }, ["now"], []],
    ["required", ["weather", "now"], ["toolChoice"]],
    [{ tool: "now" }, ["now"], ["toolChoice"]],
    [{ oneOf: ["now"], mode: "required" }, ["now"], ["toolChoice"]]
  ])("are offered as far as %j says", (toolChoice, offered, lost) => {
    expect(names({ tools, toolChoice })).toEqual(offered)
    expect(losses({ tools, toolChoice })).toEqual(lost)
  })

  it("are not held to their schemas, which is told", () => {
    expect(losses({ tools: [weather, { ...now, strict: true }] })).toEqual(["tools.1.strict"])
  })
})

describe("the form of the answer", () => {
  const schema = { type: "object", properties: { a: { type: "integer" } } }

  it.each([
    [{ type: "text" }, undefined],
    [{ type: "json" }, "json"],
    [{ type: "json-schema", name: "n", schema, strict: true }, schema]
  ])("of %j is %j", (responseFormat, format) => {
    expect(body({ responseFormat }).format).toEqual(format)
    expect(losses({ responseFormat })).toEqual([])
  })

  it("has no description", () => {
    const responseFormat = { type: "json-schema", name: "n", description: "d", schema }
    expect(losses({ responseFormat })).toEqual(["responseFormat.description"])
  })
})

describe("the body", () => {
  it("says whether it is to be streamed", () => {
    expect(Result.getOrThrow(encode({}, true)).body.stream).toBe(true)
    expect(body({}).stream).toBe(false)
  })

  it("holds only what Ollama knows", () => {
    const everything = {
      ...conversation,
      tools: [weather],
      temperature: 0.5,
      maxTokens: 5,
      reasoningEffort: "high",
      responseFormat: { type: "json" }
    }
    const strictly = Schema.decodeUnknownResult(Wire.ChatRequest, { onExcessProperty: "error" })
    expect(Result.isSuccess(strictly(body(everything)))).toBe(true)
  })
})
