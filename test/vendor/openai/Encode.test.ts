import { describe, expect, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import { Prompt } from "effect/ai"
import { Ajv2020 } from "ajv/dist/2020.js"
import { existsSync, readFileSync } from "node:fs"
import * as Request from "../../../src/Request.ts"
import { callId } from "../../../src/vendor/openai/CallId.ts"
import * as Encode from "../../../src/vendor/openai/Encode.ts"
import * as Profile from "../../../src/vendor/openai/Profile.ts"

interface Options {
  readonly model?: string
  readonly profile?: Profile.Profile
  readonly stream?: boolean
}

const encode = (input: Record<string, unknown>, options: Options = {}) => {
  const request = Effect.runSync(Request.decode({ prompt: "Hello", ...input }))
  return Encode.encode({ model: options.model ?? "gpt-4o", request }, options.profile ?? Profile.openai, {
    stream: options.stream ?? false
  })
}

const encoded = (input: Record<string, unknown>, options?: Options): Encode.Encoded =>
  Result.getOrThrow(encode(input, options))
const body = (input: Record<string, unknown>, options?: Options): any => encoded(input, options).body
const losses = (input: Record<string, unknown>, options?: Options) =>
  encoded(input, options).losses.map(({ field }) => field)

const png = "iVBORw0KGgo="
const weather = { name: "weather", description: "The weather.", parameters: { type: "object", properties: {} } }
const now = { name: "now", parameters: { type: "object", properties: {} }, strict: true }
const user = (...content: ReadonlyArray<unknown>) => ({ prompt: [{ role: "user", content }] })

const conversation = {
  prompt: [
    { role: "system", content: "Be short." },
    { role: "user", content: "Weather?" },
    {
      role: "assistant",
      content: [
        { type: "reasoning", text: "hm" },
        { type: "text", text: "Let me " },
        { type: "text", text: "look." },
        { type: "tool-call", id: "c1", name: "weather", params: { city: "Bern" } },
        { type: "tool-call", id: "c2", name: "now", params: undefined },
        { type: "tool-call", id: "c3", name: "search", params: {}, providerExecuted: true },
        { type: "tool-result", id: "c3", name: "search", isFailure: false, result: [], providerExecuted: true }
      ]
    },
    {
      role: "tool",
      content: [
        { type: "tool-result", id: "c1", name: "weather", isFailure: false, result: "sunny" },
        { type: "tool-result", id: "c2", name: "now", isFailure: true, result: { hour: 12 } }
      ]
    },
    { role: "user", content: "Thanks" }
  ]
}

/** Every word of the request at once. */
const everything = {
  ...conversation,
  maxTokens: 100,
  temperature: 0.5,
  topP: 0.9,
  frequencyPenalty: 1,
  presencePenalty: -1,
  seed: 7,
  stop: ["END"],
  tools: [weather, now],
  toolChoice: { oneOf: ["weather"], mode: "required" },
  parallelToolCalls: false,
  responseFormat: { type: "json-schema", name: "answer", description: "d", schema: { type: "object" } },
  user: "u1",
  metadata: { a: "b" },
  options: { openai: { logit_bias: { "50256": -100 }, store: true, verbosity: "low" } }
}

const files = user(
  { type: "text", text: "Look:" },
  { type: "file", mediaType: "image/png", data: new Uint8Array([1, 2, 3]), options: { openai: { detail: "low" } } },
  { type: "file", mediaType: "image/*", data: png },
  { type: "file", mediaType: "image/png", data: new URL("https://example.com/a.png") },
  { type: "file", mediaType: "audio/mpeg", data: "AAAA" },
  { type: "file", mediaType: "application/pdf", fileName: "a.pdf", data: new Uint8Array([4]) }
)

describe("messages", () => {
  it("writes a short prompt as one plain text", () => {
    expect(body({})).toEqual({ model: "gpt-4o", messages: [{ role: "user", content: "Hello" }] })
  })

  it("writes a conversation with tools", () => {
    expect(body(conversation).messages).toEqual([
      { role: "system", content: "Be short." },
      { role: "user", content: "Weather?" },
      {
        role: "assistant",
        content: "Let me look.",
        tool_calls: [
          { id: "c1", type: "function", function: { name: "weather", arguments: "{\"city\":\"Bern\"}" } },
          { id: "c2", type: "function", function: { name: "now", arguments: "{}" } }
        ]
      },
      { role: "tool", tool_call_id: "c1", content: "sunny" },
      { role: "tool", tool_call_id: "c2", content: "{\"hour\":12}" },
      { role: "user", content: "Thanks" }
    ])
  })

  it("tells every part of a conversation that it leaves out", () => {
    expect(losses(conversation)).toEqual([
      "prompt.2.content.0",
      "prompt.2.content.5",
      "prompt.2.content.6",
      "prompt.3.content.1.isFailure"
    ])
  })

  it("writes files as the parts of their kind", () => {
    expect(body(files).messages[0].content).toEqual([
      { type: "text", text: "Look:" },
      { type: "image_url", image_url: { url: "data:image/png;base64,AQID", detail: "low" } },
      { type: "image_url", image_url: { url: `data:image/jpeg;base64,${png}` } },
      { type: "image_url", image_url: { url: "https://example.com/a.png" } },
      { type: "input_audio", input_audio: { data: "AAAA", format: "mp3" } },
      { type: "file", file: { filename: "a.pdf", file_data: "data:application/pdf;base64,BA==" } }
    ])
    expect(losses(files)).toEqual([])
  })

  it("takes addresses and data: URLs that are written as texts", () => {
    const content = ["https://example.com/a.png", `data:image/gif;base64,${png}`].map((data) => ({
      type: "file",
      mediaType: "image/png",
      data
    }))
    expect(body(user(...content)).messages[0].content.map((part: any) => part.image_url.url)).toEqual([
      "https://example.com/a.png",
      `data:image/gif;base64,${png}`
    ])
  })

  it.each([
    ["video/mp4", "AAAA"],
    ["audio/flac", "AAAA"],
    ["audio/wav", new URL("https://example.com/a.wav")],
    ["application/pdf", new URL("https://example.com/a.pdf")]
  ])("refuses a file that cannot be sent: %s %s", (mediaType, data) => {
    const result = encode(user({ type: "file", mediaType, data }))
    expect(Result.isFailure(result) && result.failure.reason._tag).toBe("UnsupportedFeature")
  })

  it("tells options that are another vendor's or not known", () => {
    const prompt = [{
      role: "user",
      options: { anthropic: { cacheControl: { type: "ephemeral" } } },
      content: [{ type: "text", text: "a", options: { openai: { colour: 1 }, google: { x: 1 } } }]
    }]
    expect(losses({ prompt })).toEqual([
      "prompt.0.options.anthropic",
      "prompt.0.content.0.options.openai.colour",
      "prompt.0.content.0.options.google"
    ])
  })

  it("sends a refusal back as a refusal", () => {
    const prompt = [
      { role: "user", content: "a" },
      { role: "assistant", content: [{ type: "text", text: "No.", options: { openai: { refusal: true } } }] },
      { role: "user", content: "b" }
    ]
    expect(body({ prompt }).messages[1]).toEqual({ role: "assistant", content: null, refusal: "No." })
  })

  it("leaves out an assistant's message of which nothing can be carried", () => {
    const prompt = [
      { role: "user", content: "a" },
      { role: "assistant", content: [{ type: "reasoning", text: "hm" }] },
      {
        role: "user",
        content: "b"
      }
    ]
    expect(body({ prompt }).messages.map((message: any) => message.role)).toEqual(["user", "user"])
    expect(losses({ prompt })).toEqual(["prompt.1.content.0"])
  })

  it("prefers what a tool wrote for the model, and tells its files", () => {
    const prompt = [{
      role: "tool",
      content: [{
        type: "tool-result",
        id: "c1",
        name: "t",
        isFailure: false,
        result: { long: true },
        modelOutput: [{ type: "text", text: "short" }, { type: "file", mediaType: "image/png", data: png }]
      }]
    }]
    expect(body({ prompt }).messages[0].content).toBe("short")
    expect(losses({ prompt })).toEqual(["prompt.0.content.0.modelOutput.1"])
  })

  it("refuses arguments and results that have no JSON, naming the field", () => {
    const prompt = Prompt.fromMessages([
      Prompt.makeMessage("assistant", {
        content: [Prompt.makePart("tool-call", { id: "a", name: "t", params: { n: 1n }, providerExecuted: false })]
      })
    ])
    const result = encode({ prompt })
    expect(Result.isFailure(result) && result.failure.message).toContain(
      "prompt.0.content.0.params cannot be written as JSON"
    )
  })
})

describe("parameters", () => {
  it("writes every word of a request", () => {
    expect(body(everything, { stream: true })).toMatchObject({
      model: "gpt-4o",
      max_completion_tokens: 100,
      temperature: 0.5,
      top_p: 0.9,
      frequency_penalty: 1,
      presence_penalty: -1,
      seed: 7,
      stop: ["END"],
      tools: [{ type: "function", function: weather }, { type: "function", function: now }],
      tool_choice: {
        type: "allowed_tools",
        allowed_tools: { mode: "required", tools: [{ type: "function", function: { name: "weather" } }] }
      },
      parallel_tool_calls: false,
      response_format: {
        type: "json_schema",
        json_schema: { name: "answer", description: "d", schema: { type: "object" }, strict: true }
      },
      user: "u1",
      metadata: { a: "b" },
      logit_bias: { "50256": -100 },
      store: true,
      verbosity: "low",
      stream: true,
      stream_options: { include_usage: true }
    })
  })

  it("tells top-k, which has no word", () => {
    expect(losses({ topK: 5 })).toEqual(["topK"])
  })

  it("gives reasoning models the developer role and their effort, and tells the sampling they do not take", () => {
    const input = { ...conversation, temperature: 1, topP: 1, stop: ["x"], reasoningEffort: "low" }
    for (const model of ["o3", "o4-mini", "gpt-5-mini", "ft:o4-mini:x"]) {
      const sent = body(input, { model })
      expect(sent.messages[0].role).toBe("developer")
      expect(sent.reasoning_effort).toBe("low")
      expect(Object.keys(sent).sort()).toEqual(["messages", "model", "reasoning_effort"])
      expect(losses(input, { model })).toEqual(expect.arrayContaining(["temperature", "topP", "stop"]))
    }
  })

  it("keeps sampling for models that do not reason, and tells the effort", () => {
    for (const model of ["gpt-4o", "gpt-5-chat-latest", "gpt-5.1-chat-latest", "chatgpt-4o-latest"]) {
      expect(body({ ...conversation, temperature: 1 }, { model })).toMatchObject({
        temperature: 1,
        messages: [{ role: "system" }, {}, {}, {}, {}, {}]
      })
      expect(losses({ reasoningEffort: "high" }, { model })).toEqual(["reasoningEffort"])
      expect(losses({ reasoningEffort: "none" }, { model })).toEqual([])
    }
  })

  it("keeps sampling for later models told not to reason", () => {
    expect(body({ temperature: 1, reasoningEffort: "none" }, { model: "gpt-5.1" })).toMatchObject({
      temperature: 1,
      reasoning_effort: "none"
    })
    expect(losses({ temperature: 1, reasoningEffort: "none" }, { model: "gpt-5-mini" })).toEqual(["temperature"])
  })

  it("sends four stop texts and tells the rest", () => {
    const stop = ["a", "b", "c", "d", "e"]
    expect(body({ stop }).stop).toEqual(["a", "b", "c", "d"])
    expect(losses({ stop })).toEqual(["stop"])
  })

  it("tells tool words in a request without tools", () => {
    expect(losses({ toolChoice: "required", parallelToolCalls: true })).toEqual(["toolChoice", "parallelToolCalls"])
    expect(body({ toolChoice: "required", parallelToolCalls: true })).not.toHaveProperty("tool_choice")
  })

  it.each([["auto", "auto"], ["none", "none"], ["required", "required"], [{ tool: "weather" }, {
    type: "function",
    function: { name: "weather" }
  }]])("writes the tool choice %j", (toolChoice, expected) => {
    expect(body({ tools: [weather], toolChoice }).tool_choice).toEqual(expected)
  })

  it("refuses a tool name that OpenAI does not take", () => {
    const result = encode({ tools: [{ ...weather, name: "a.b" }] })
    expect(Result.isFailure(result) && result.failure.reason._tag).toBe("UnsupportedFeature")
  })

  it("never lets raw options replace a field or reach the envelope", () => {
    const raw = {
      model: "x",
      messages: [],
      stream: true,
      n: 4,
      url: "u",
      headers: {},
      temperature: 2,
      service_tier: "flex"
    }
    const input = { temperature: 0, options: { openai: raw, anthropic: { top_k: 1 } } }
    expect(body(input)).toEqual({
      model: "gpt-4o",
      messages: [{ role: "user", content: "Hello" }],
      temperature: 0,
      service_tier: "flex"
    })
    expect(losses(input)).toEqual(
      ["model", "messages", "stream", "n", "url", "headers", "temperature"].map((key) => `options.openai.${key}`)
    )
  })

  it("keeps the metadata that fits and tells the rest", () => {
    const metadata = Object.fromEntries(
      Array.from({ length: 18 }, (_, index) => [`k${index}`, index === 0 ? "v".repeat(513) : "v"])
    )
    const options = { openai: { store: true } }
    expect(Object.keys(body({ metadata, options }).metadata)).toHaveLength(16)
    expect(losses({ metadata, options })).toEqual(["metadata.k0", "metadata.k17"])
  })

  it("tells metadata that OpenAI would refuse, as nothing is stored", () => {
    expect(body({ metadata: { a: "b" } })).not.toHaveProperty("metadata")
    expect(losses({ metadata: { a: "b" } })).toEqual(["metadata"])
  })

  it("cuts the ids of other vendors' tool calls to 40 characters, the same for call and result", () => {
    const id = `tooluse_${"x".repeat(50)}`
    const sent = body({
      prompt: [
        { role: "user", content: "?" },
        { role: "assistant", content: [{ type: "tool-call", id, name: "now", params: {} }] },
        { role: "tool", content: [{ type: "tool-result", id, name: "now", isFailure: false, result: 1 }] }
      ]
    })
    const cut = sent.messages[1].tool_calls[0].id
    expect(cut).toMatch(/^tooluse_x{15}_[0-9a-f]{16}$/)
    expect(sent.messages[2].tool_call_id).toBe(cut)
    expect(callId(`${id}y`, 40)).not.toBe(cut)
    expect(callId("call_1", 40)).toBe("call_1")
  })
})

describe("the compatible profile", () => {
  const compatible = { profile: Profile.compatible, model: "gpt-5" }

  it("uses the older words", () => {
    const sent = body({ ...everything, reasoningEffort: "high" }, compatible)
    expect(sent).toMatchObject({
      max_tokens: 100,
      temperature: 0.5,
      reasoning_effort: "high",
      messages: [{ role: "system" }, {}, {}, {}, {}, {}]
    })
    expect(sent).not.toHaveProperty("max_completion_tokens")
  })

  it("leaves out the tools that are not allowed", () => {
    const input = { tools: [weather, now], toolChoice: { oneOf: ["now"], mode: "required" } }
    expect(body(input, compatible)).toMatchObject({ tools: [{ function: { name: "now" } }], tool_choice: "required" })
    expect(body({ tools: [weather], toolChoice: { oneOf: [] } }, compatible)).not.toHaveProperty("tools")
  })
})

const spec = new URL("../../../../shared/specs/openai.core.json", import.meta.url)
// "nullable" is OpenAPI's own word and stands here without a type, which ajv refuses; we never send null.
const readSpec = () => JSON.parse(readFileSync(spec, "utf8"), (key, value) => key === "nullable" ? undefined : value)
if (!existsSync(spec)) console.log(`skipped: OpenAI's specification is not at ${spec.pathname}`)

describe.skipIf(!existsSync(spec))("OpenAI's specification", () => {
  const validate = existsSync(spec)
    ? new Ajv2020({ strict: false, validateFormats: false }).addSchema(readSpec(), "spec")
      .getSchema("spec#/components/schemas/CreateChatCompletionRequest")!
    : undefined

  it.each<[string, Record<string, unknown>, Options]>([
    ["a short prompt", {}, {}],
    ["everything", everything, {}],
    ["everything, streamed", everything, { stream: true }],
    ["everything, for a reasoning model", { ...everything, reasoningEffort: "minimal" }, { model: "gpt-5-mini" }],
    ["everything, compatible", everything, { profile: Profile.compatible }],
    ["files", files, {}],
    ["any JSON", { responseFormat: { type: "json" } }, {}],
    ["one named tool", { tools: [weather], toolChoice: { tool: "weather" } }, {}]
  ])("accepts %s", (_, input, options) => {
    validate!(body(input, options))
    expect(validate!.errors ?? []).toEqual([])
  })

  it("refuses what is wrong, so the check checks", () => {
    expect(validate!({ ...body({}), messages: [{ role: "nobody" }] })).toBe(false)
    expect(validate!({ ...body({}), temperature: 9 })).toBe(false)
  })
})
