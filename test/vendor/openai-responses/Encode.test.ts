import { describe, expect, it } from "@effect/vitest"
import { Effect, Result, Schema } from "effect"
import * as fc from "fast-check"
import * as Request from "../../../src/Request.ts"
import * as Profile from "../../../src/vendor/openai/Profile.ts"
import * as Encode from "../../../src/vendor/openai-responses/Encode.ts"
import * as Wire from "../../../src/vendor/openai-responses/Wire.ts"
import type { AttemptError } from "../../../src/VendorError.ts"
import { judge } from "./Contract.ts"

interface Options {
  readonly model?: string
  readonly stream?: boolean
  readonly profile?: Profile.Profile
}

const encode = (input: Record<string, unknown>, options: Options = {}) =>
  Encode.encode(
    {
      model: options.model ?? "gpt-4.1",
      request: Effect.runSync(Request.decode({ ...("prompt" in input ? undefined : { prompt: "Hello" }), ...input }))
    },
    options.profile ?? Profile.openai,
    { stream: options.stream ?? false }
  )

const isClosed = Schema.is(Wire.CreateResponse)

const encoded = (input: Record<string, unknown>, options?: Options) => {
  const result = encode(input, options)
  if (Result.isFailure(result)) throw result.failure
  const { body } = result.success
  expect(judge?.(body) ?? []).toEqual([])
  expect(isClosed(body)).toBe(true)
  return result.success
}

const body = (input: Record<string, unknown>, options?: Options): any => encoded(input, options).body
const input = (prompt: ReadonlyArray<unknown>, options?: Options): any => body({ prompt }, options).input
const losses = (input: Record<string, unknown>, options?: Options) =>
  encoded(input, options).losses.map(({ field }) => field)
const failure = (input: Record<string, unknown>, options?: Options): AttemptError => {
  const result = encode(input, options)
  if (Result.isSuccess(result)) throw new Error("encoded")
  return result.failure
}

const png = "iVBORw0KGgo="
const weather = { name: "weather", description: "The weather.", parameters: { type: "object", properties: {} } }
const now = { name: "now", parameters: { type: "object", properties: {} }, strict: true }
const user = (...content: ReadonlyArray<unknown>) => ({ role: "user", content })
const assistant = (...content: ReadonlyArray<unknown>) => ({ role: "assistant", content })
const hello = { role: "user", content: "Hello" }
const reasoning = (text: string, options: Record<string, unknown>) => ({ type: "reasoning", text, options })
const call = { type: "tool-call", id: "call_1", name: "weather", params: { city: "Bern" }, providerExecuted: false }
const result = (fields: Record<string, unknown>) => ({
  role: "tool",
  content: [{
    type: "tool-result",
    id: "call_1",
    name: "weather",
    isFailure: false,
    result: { degrees: 21 },
    providerExecuted: false,
    ...fields
  }]
})

describe("the conversation", () => {
  it("becomes items in its order", () => {
    const prompt = [
      { role: "system", content: "Be brief." },
      user({ type: "text", text: "Weather?" }),
      assistant({ type: "text", text: "I look." }, call),
      result({}),
      { role: "user", content: [{ type: "text", text: "And" }, { type: "text", text: "tomorrow?" }] }
    ]
    expect(input(prompt)).toEqual([
      { type: "message", role: "system", content: "Be brief." },
      { type: "message", role: "user", content: "Weather?" },
      { type: "message", role: "assistant", content: "I look." },
      { type: "function_call", call_id: "call_1", name: "weather", arguments: "{\"city\":\"Bern\"}" },
      { type: "function_call_output", call_id: "call_1", output: "{\"degrees\":21}" },
      {
        type: "message",
        role: "user",
        content: [{ type: "input_text", text: "And" }, { type: "input_text", text: "tomorrow?" }]
      }
    ])
  })

  it("gives system messages to reasoning models as the developer's", () => {
    const prompt = [{ role: "system", content: "Be brief." }, hello]
    expect(input(prompt, { model: "gpt-5" })[0].role).toBe("developer")
  })

  it("sends images by address or as data, with their detail", () => {
    const prompt = [user(
      { type: "file", mediaType: "image/png", data: png },
      {
        type: "file",
        mediaType: "image/*",
        data: new URL("https://x.test/a.png"),
        options: { openai: { detail: "low" } }
      }
    )]
    expect(input(prompt)[0].content).toEqual([
      { type: "input_image", image_url: `data:image/png;base64,${png}`, detail: "auto" },
      { type: "input_image", image_url: "https://x.test/a.png", detail: "low" }
    ])
    const odd = [user({ type: "file", mediaType: "image/png", data: png, options: { openai: { detail: "huge" } } })]
    expect(losses({ prompt: odd })).toEqual(["prompt.0.content.0.options"])
  })

  it("sends documents by address or as data, with a name", () => {
    const prompt = [user(
      { type: "file", mediaType: "application/pdf", fileName: "a.pdf", data: "JVBERg==" },
      { type: "file", mediaType: "application/pdf", data: new URL("https://x.test/a.pdf") },
      { type: "file", mediaType: "text/csv", data: new Uint8Array([97]) }
    )]
    expect(input(prompt)[0].content).toEqual([
      { type: "input_file", filename: "a.pdf", file_data: "data:application/pdf;base64,JVBERg==" },
      { type: "input_file", file_url: "https://x.test/a.pdf" },
      { type: "input_file", filename: "document.csv", file_data: "data:text/csv;base64,YQ==" }
    ])
  })

  it.each(["audio/wav", "video/mp4", "application/zip"])("refuses a file of the type %s", (mediaType) => {
    expect(failure({ prompt: [user({ type: "file", mediaType, data: "AAAA" })] })).toMatchObject({
      _tag: "FatalError",
      reason: { _tag: "UnsupportedFeature", description: expect.stringContaining(mediaType) }
    })
  })

  it("gives what a tool wrote for the model, its images included", () => {
    const modelOutput = [{ type: "text", text: "The map:" }, { type: "file", mediaType: "image/png", data: png }]
    expect(input([hello, assistant(call), result({ modelOutput })])[2].output).toEqual([
      { type: "input_text", text: "The map:" },
      { type: "input_image", image_url: `data:image/png;base64,${png}`, detail: "auto" }
    ])
    expect(input([hello, assistant(call), result({ modelOutput: modelOutput.slice(0, 1) })])[2].output).toBe("The map:")
    expect(input([hello, assistant(call), result({ result: "plain" })])[2].output).toBe("plain")
  })

  it("tells that a tool failed as a loss", () => {
    const prompt = [hello, assistant(call), result({ isFailure: true })]
    expect(losses({ prompt })).toEqual(["prompt.2.content.0.isFailure"])
  })

  it("cuts the ids of other vendors' calls to 64 characters, the same for call and result", () => {
    const id = "x".repeat(80)
    const items = input([hello, assistant({ ...call, id }), result({ id })])
    expect(items[1].call_id).toMatch(/^x{47}_[0-9a-f]{16}$/)
    expect(items[2].call_id).toBe(items[1].call_id)
  })

  it("keeps the phase of a message, and gives a refusal as text", () => {
    const prompt = [
      hello,
      assistant(
        { type: "text", text: "First", options: { openai: { phase: "commentary" } } },
        { type: "text", text: "No.", options: { openai: { refusal: true } } }
      )
    ]
    expect(input(prompt).slice(1)).toEqual([
      { type: "message", role: "assistant", content: "First", phase: "commentary" },
      { type: "message", role: "assistant", content: "No." }
    ])
    expect(losses({ prompt })).toEqual([])
  })

  it("loses what only another vendor, or nobody, can read", () => {
    const prompt = [
      hello,
      assistant(
        { type: "text", text: "x", options: { anthropic: { cacheControl: true } } },
        { ...call, providerExecuted: true },
        { type: "file", mediaType: "image/png", data: png }
      )
    ]
    expect(losses({ prompt })).toEqual([
      "prompt.1.content.0.options.anthropic",
      "prompt.1.content.1",
      "prompt.1.content.2"
    ])
  })
})

describe("reasoning", () => {
  const own = (itemId: string, encryptedContent?: string) => ({
    openai: { itemId, ...(encryptedContent === undefined ? undefined : { encryptedContent }) }
  })

  it("goes back encrypted, the parts of one item together and in its place", () => {
    const prompt = [
      hello,
      assistant(
        reasoning("One.", own("rs_1")),
        reasoning("Two.", own("rs_1", "gAAA")),
        reasoning("", own("rs_2", "gBBB")),
        call
      ),
      result({})
    ]
    const sent = encoded({ prompt }, { model: "gpt-5" })
    expect(sent.losses).toEqual([])
    expect(sent.body).toMatchObject({ store: false, include: ["reasoning.encrypted_content"] })
    expect(sent.body.input.slice(1, 4)).toEqual([
      {
        type: "reasoning",
        id: "rs_1",
        summary: [{ type: "summary_text", text: "One." }, { type: "summary_text", text: "Two." }],
        encrypted_content: "gAAA"
      },
      { type: "reasoning", id: "rs_2", summary: [], encrypted_content: "gBBB" },
      { type: "function_call", call_id: "call_1", name: "weather", arguments: "{\"city\":\"Bern\"}" }
    ])
  })

  it("sends the bare text of reasoning as content", () => {
    const options = { openai: { itemId: "rs_1", encryptedContent: "g", raw: true } }
    expect(input([hello, assistant(reasoning("hm", options))], { model: "gpt-5" })[1]).toEqual({
      type: "reasoning",
      id: "rs_1",
      summary: [],
      content: [{ type: "reasoning_text", text: "hm" }],
      encrypted_content: "g"
    })
  })

  it("is lost without its encrypted content, unless the server stores", () => {
    const prompt = [hello, assistant(reasoning("One.", own("rs_1")), { type: "text", text: "x" })]
    expect(losses({ prompt }, { model: "gpt-5" })).toEqual(["prompt.1.content.0"])
    expect(input(prompt, { model: "gpt-5" })).toHaveLength(2)
    const stored = encoded({ prompt, options: { openai: { store: true } } }, { model: "gpt-5" })
    expect(stored.losses).toEqual([])
    expect(stored.body.input[1]).toEqual({
      type: "reasoning",
      id: "rs_1",
      summary: [{ type: "summary_text", text: "One." }]
    })
  })

  it("is lost when it came from elsewhere, or goes to a model that does not reason", () => {
    for (const options of [{}, { anthropic: { signature: "s" } }]) {
      const prompt = [hello, assistant(reasoning("x", options), { type: "text", text: "y" })]
      expect(losses({ prompt }, { model: "gpt-5" })).toEqual(["prompt.1.content.0"])
    }
    const prompt = [hello, assistant(reasoning("x", own("rs_1", "g")), { type: "text", text: "y" })]
    expect(losses({ prompt }, { model: "gpt-4.1" })).toEqual(["prompt.1.content.0"])
  })

  it("is not taken for Azure's when OpenAI made it, nor the other way", () => {
    const azure = { ...Profile.openai, optionNames: ["azure-openai", "openai"] }
    const prompt = [hello, assistant(reasoning("x", own("rs_1", "g")), { type: "text", text: "y" })]
    expect(losses({ prompt }, { model: "gpt-5", profile: azure })).toEqual(["prompt.1.content.0"])
  })

  it("of any number of parts keeps every text once, in order", () => {
    const part = fc.record({ id: fc.constantFrom("rs_1", "rs_2"), text: fc.string({ minLength: 1 }) })
    fc.assert(fc.property(fc.array(part, { minLength: 1, maxLength: 8 }), (parts) => {
      const prompt = [hello, assistant(...parts.map(({ id, text }) => reasoning(text, own(id, "g"))))]
      const items: ReadonlyArray<any> = input(prompt, { model: "gpt-5" }).slice(1)
      expect(items.flatMap(({ summary }) => summary.map(({ text }: any) => text))).toEqual(
        parts.map(({ text }) => text)
      )
    }))
  })
})

describe("the rest of the request", () => {
  it("is written in full", () => {
    const all = {
      maxTokens: 100,
      temperature: 0.5,
      topP: 0.9,
      tools: [weather, now],
      toolChoice: { oneOf: ["weather"], mode: "required" },
      parallelToolCalls: false,
      responseFormat: { type: "json-schema", name: "answer", description: "d", schema: { type: "object" } },
      user: "u1",
      metadata: { a: "b" },
      options: { openai: { truncation: "auto", service_tier: "flex", previous_response_id: "resp_1" } }
    }
    expect(body(all, { stream: true })).toEqual({
      model: "gpt-4.1",
      input: [{ type: "message", role: "user", content: "Hello" }],
      store: false,
      stream: true,
      max_output_tokens: 100,
      temperature: 0.5,
      top_p: 0.9,
      tools: [
        { type: "function", ...weather, strict: false },
        { type: "function", ...now }
      ],
      tool_choice: { type: "allowed_tools", mode: "required", tools: [{ type: "function", name: "weather" }] },
      parallel_tool_calls: false,
      text: {
        format: { type: "json_schema", name: "answer", description: "d", schema: { type: "object" }, strict: true }
      },
      safety_identifier: "u1",
      metadata: { a: "b" },
      truncation: "auto",
      service_tier: "flex",
      previous_response_id: "resp_1"
    })
    expect(losses(all)).toEqual([])
  })

  it("is next to nothing for a plain question", () => {
    expect(Object.keys(body({})).sort()).toEqual(["input", "model", "store"])
    expect(Object.keys(body({}, { model: "gpt-5" })).sort()).toEqual(["include", "input", "model", "store"])
  })

  it.each([
    [{ toolChoice: "required" }, "required"],
    [{ toolChoice: { tool: "now" } }, { type: "function", name: "now" }],
    [{ toolChoice: { oneOf: ["now"] } }, {
      type: "allowed_tools",
      mode: "auto",
      tools: [{ type: "function", name: "now" }]
    }]
  ])("chooses tools as %j", (input, choice) => {
    expect(body({ tools: [weather, now], ...input }).tool_choice).toEqual(choice)
  })

  it("leaves out the other tools where several cannot be named", () => {
    const profile = { ...Profile.openai, allowedTools: false }
    const input = { tools: [weather, now], toolChoice: { oneOf: ["now"], mode: "required" } }
    expect(body(input, { profile })).toMatchObject({ tools: [{ name: "now" }], tool_choice: "required" })
  })

  it("tells what Responses has no word for", () => {
    const input = { topK: 5, seed: 1, stop: ["x"], frequencyPenalty: 1, presencePenalty: 1 }
    expect(losses(input).sort()).toEqual(["frequencyPenalty", "presencePenalty", "seed", "stop", "topK"])
  })

  it("gives reasoning models their effort, and tells the sampling they do not take", () => {
    const input = { temperature: 1, topP: 1, reasoningEffort: "low" }
    expect(body(input, { model: "gpt-5" })).toMatchObject({ reasoning: { effort: "low" } })
    expect(losses(input, { model: "gpt-5" })).toEqual(["temperature", "topP"])
    expect(losses({ ...input, reasoningEffort: "none" }, { model: "gpt-5.1" })).toEqual([])
    expect(losses(input, { model: "gpt-4.1" })).toEqual(["reasoningEffort"])
  })

  it("allows no fewer tokens than the API does", () => {
    expect(body({ maxTokens: 5 }).max_output_tokens).toBe(16)
    expect(losses({ maxTokens: 5 })).toEqual(["maxTokens"])
  })

  it("tells a user's name that is too long", () => {
    expect(losses({ user: "u".repeat(65) })).toEqual(["user"])
  })

  it("writes the user in Azure's word", () => {
    expect(body({ user: "u1" }, { profile: { ...Profile.openai, user: "user" } })).toMatchObject({ user: "u1" })
  })

  it("takes any JSON and plain text as formats", () => {
    expect(body({ responseFormat: { type: "json" } }).text).toEqual({ format: { type: "json_object" } })
    expect(body({ responseFormat: { type: "text" } })).not.toHaveProperty("text")
  })

  it("tells tool words without tools", () => {
    expect(losses({ toolChoice: "required", parallelToolCalls: true })).toEqual(["toolChoice", "parallelToolCalls"])
    expect(losses({ toolChoice: "none" })).toEqual([])
  })

  it("refuses a tool's name that the API does not take", () => {
    expect(failure({ tools: [{ ...weather, name: "a.b" }] }).reason._tag).toBe("UnsupportedFeature")
  })
})

describe("raw options", () => {
  const raw = (openai: Record<string, unknown>) => ({ options: { openai } })

  it("join what the request says", () => {
    const input = {
      reasoningEffort: "low",
      responseFormat: { type: "json" },
      tools: [weather],
      ...raw({
        store: true,
        include: ["web_search_call.action.sources", "reasoning.encrypted_content"],
        reasoning: { summary: "auto" },
        text: { verbosity: "low" },
        tools: [{ type: "web_search" }]
      })
    }
    const sent = encode(input, { model: "gpt-5" })
    if (Result.isFailure(sent)) throw sent.failure
    expect(judge?.(sent.success.body) ?? []).toEqual([])
    expect(sent.success.losses).toEqual([])
    expect(sent.success.body).toMatchObject({
      store: true,
      include: ["web_search_call.action.sources", "reasoning.encrypted_content"],
      reasoning: { effort: "low", summary: "auto" },
      text: { verbosity: "low", format: { type: "json_object" } },
      tools: [{ name: "weather" }, { type: "web_search" }]
    })
  })

  it("replace nothing that the request says", () => {
    const input = {
      reasoningEffort: "low",
      responseFormat: { type: "json" },
      temperature: 1,
      ...raw({ reasoning: { effort: "high" }, text: { format: { type: "text" } }, temperature: 2 })
    }
    expect(losses(input, { model: "gpt-5.1" })).toEqual([
      "temperature",
      "options.openai.reasoning.effort",
      "options.openai.text.format"
    ])
  })

  it("cannot set who is asked what, nor how the answer comes", () => {
    const closed = ["model", "input", "stream", "stream_options", "background", "url", "headers"]
    expect(losses(raw(Object.fromEntries(closed.map((key) => [key, true]))))).toEqual(
      closed.map((key) => `options.openai.${key}`)
    )
  })

  it("bring no tools whose calls nobody answers, and nothing of the wrong kind", () => {
    expect(losses(raw({ tools: [{ type: "custom", name: "x" }, { type: "function", name: "y" }, 3] }))).toEqual([
      "options.openai.tools.0",
      "options.openai.tools.1",
      "options.openai.tools.2"
    ])
    expect(losses(raw({ store: "yes", include: "x", tools: {}, text: 1, reasoning: null }))).toEqual(
      ["store", "include", "tools", "text", "reasoning"].map((key) => `options.openai.${key}`)
    )
  })
})
