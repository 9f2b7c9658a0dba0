import { describe, expect, it } from "@effect/vitest"
import { Effect, Result, Schema } from "effect"
import { Prompt } from "effect/ai"
import * as Request from "../../../src/Request.ts"
import * as Encode from "../../../src/vendor/google/Encode.ts"
import * as Wire from "../../../src/vendor/google/Wire.ts"
import * as Specification from "./Specification.ts"

const encode = (input: Record<string, unknown>, model = "gemini-2.5-flash") => {
  const request = Effect.runSync(Request.decode({ prompt: "Hello", ...input }))
  return Encode.encode({ model, request }, ["google"])
}

const encoded = (input: Record<string, unknown>, model?: string): Encode.Encoded =>
  Result.getOrThrow(encode(input, model))
const body = (input: Record<string, unknown>, model?: string): any => encoded(input, model).body
const losses = (input: Record<string, unknown>, model?: string) =>
  encoded(input, model).losses.map(({ field }) => field)
const failure = (input: Record<string, unknown>, model?: string) => {
  const result = encode(input, model)
  return Result.isFailure(result) ? result.failure.reason : undefined
}

const png = "iVBORw0KGgo="
const weather = {
  name: "weather",
  description: "The weather.",
  parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] }
}
const now = { name: "now", parameters: { type: "object", properties: {} } }
const user = (...content: ReadonlyArray<unknown>) => ({ prompt: [{ role: "user", content }] })
const assistant = (...content: ReadonlyArray<unknown>) => ({
  prompt: [{ role: "user", content: "Hi" }, { role: "assistant", content }]
})
const call = (id: string, name: string, params: unknown, google?: Record<string, unknown>) => ({
  type: "tool-call",
  id,
  name,
  params,
  ...(google === undefined ? undefined : { options: { google } })
})
const result = (id: string, name: string, value: unknown, more: Record<string, unknown> = {}) => ({
  type: "tool-result",
  id,
  name,
  isFailure: false,
  result: value,
  ...more
})

const conversation = {
  prompt: [
    { role: "system", content: "Be short." },
    { role: "user", content: "Weather?" },
    {
      role: "assistant",
      content: [
        { type: "reasoning", text: "hm", options: { google: { thought: true } } },
        { type: "text", text: "Let me look." },
        call("call_r1_0", "weather", { city: "Bern" }, { thoughtSignature: "U2ln" }),
        call("call_r1_1", "now", undefined)
      ]
    },
    {
      role: "tool",
      content: [result("call_r1_1", "now", { hour: 12 }), result("call_r1_0", "weather", "sunny")]
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
  topK: 40,
  seed: 7,
  stop: ["END"],
  reasoningEffort: "low",
  tools: [weather, now],
  toolChoice: { oneOf: ["weather"], mode: "required" },
  responseFormat: { type: "json-schema", name: "answer", description: "d", schema: weather.parameters },
  options: {
    google: {
      safetySettings: [{ category: "HARM_CATEGORY_HARASSMENT", threshold: "BLOCK_NONE" }],
      cachedContent: "cachedContents/a",
      generationConfig: { mediaResolution: "MEDIA_RESOLUTION_LOW", thinkingConfig: { includeThoughts: false } },
      tools: [{ googleSearch: {} }]
    }
  }
}

const files = user(
  { type: "text", text: "Look:" },
  { type: "file", mediaType: "image/png", data: new Uint8Array([1, 2, 3]) },
  { type: "file", mediaType: "image/*", data: png },
  { type: "file", mediaType: "audio/mpeg", data: "AAAA" },
  { type: "file", mediaType: "application/pdf", data: new URL("https://example.com/a.pdf") },
  { type: "file", mediaType: "video/*", data: new URL("https://www.youtube.com/watch?v=x") },
  {
    type: "file",
    mediaType: "video/mp4",
    data: "https://generativelanguage.googleapis.com/v1beta/files/f",
    options: { google: { videoMetadata: { fps: 1 } } }
  },
  { type: "file", mediaType: "text/csv", data: "gs://bucket/a.csv" }
)

describe("contents", () => {
  it("writes a short prompt as one content of the user", () => {
    expect(body({})).toEqual({ contents: [{ role: "user", parts: [{ text: "Hello" }] }] })
  })

  it("writes a conversation with tools, results in the order of their calls", () => {
    expect(body(conversation)).toEqual({
      systemInstruction: { parts: [{ text: "Be short." }] },
      contents: [
        { role: "user", parts: [{ text: "Weather?" }] },
        {
          role: "model",
          parts: [
            { text: "hm", thought: true },
            { text: "Let me look." },
            { functionCall: { name: "weather", args: { city: "Bern" } }, thoughtSignature: "U2ln" },
            { functionCall: { name: "now", args: {} } }
          ]
        },
        {
          role: "user",
          parts: [
            { functionResponse: { name: "weather", response: { output: "sunny" } } },
            { functionResponse: { name: "now", response: { hour: 12 } } },
            { text: "Thanks" }
          ]
        }
      ]
    })
    expect(losses(conversation)).toEqual([])
  })

  it("joins messages of one role that follow each other", () => {
    const prompt = [
      { role: "user", content: "a" },
      { role: "user", content: "b" },
      { role: "assistant", content: "c" },
      { role: "assistant", content: "d" }
    ]
    expect(body({ prompt }).contents).toEqual([
      { role: "user", parts: [{ text: "a" }, { text: "b" }] },
      { role: "model", parts: [{ text: "c" }, { text: "d" }] }
    ])
  })

  it.each([
    ["the model", [{ role: "assistant", content: "a" }], 2],
    ["nobody", [{ role: "system", content: "a" }], 1]
  ])("lets the user begin where %s speaks first", (_, prompt, length) => {
    const { contents } = body({ prompt })
    expect(contents[0]).toEqual({ role: "user", parts: [{ text: " " }] })
    expect(contents.length).toBe(length)
  })

  it("tells that a system message lost its place", () => {
    const prompt = [{ role: "user", content: "a" }, { role: "system", content: "b" }]
    expect(body({ prompt }).systemInstruction).toEqual({ parts: [{ text: "b" }] })
    expect(losses({ prompt })).toEqual(["prompt.1"])
  })

  it("sends system messages as the user's words to models that take none", () => {
    const prompt = [{ role: "system", content: "a" }, { role: "user", content: "b" }]
    expect(body({ prompt }, "gemma-3-27b-it")).toEqual({
      contents: [{ role: "user", parts: [{ text: "a" }, { text: "b" }] }]
    })
    expect(losses({ prompt }, "gemma-3-27b-it")).toEqual(["prompt"])
  })

  it("writes files by their data or address", () => {
    expect(body(files).contents[0].parts).toEqual([
      { text: "Look:" },
      { inlineData: { mimeType: "image/png", data: "AQID" } },
      { inlineData: { mimeType: "image/jpeg", data: png } },
      { inlineData: { mimeType: "audio/mpeg", data: "AAAA" } },
      { fileData: { mimeType: "application/pdf", fileUri: "https://example.com/a.pdf" } },
      { fileData: { fileUri: "https://www.youtube.com/watch?v=x" } },
      {
        fileData: { mimeType: "video/mp4", fileUri: "https://generativelanguage.googleapis.com/v1beta/files/f" },
        videoMetadata: { fps: 1 }
      },
      { fileData: { mimeType: "text/csv", fileUri: "gs://bucket/a.csv" } }
    ])
    expect(losses(files)).toEqual([])
  })

  it("refuses a file of a type that is not taken", () => {
    expect(failure(user({ type: "text", text: "a" }, { type: "file", mediaType: "application/zip", data: "AA" })))
      .toMatchObject({ _tag: "UnsupportedFeature", description: expect.stringContaining("prompt.0.content.1") })
  })

  it("loses the options of other vendors", () => {
    const part = { type: "text", text: "a", options: { openai: { x: 1 }, google: { y: 1 } } }
    expect(losses(user(part))).toEqual(["prompt.0.content.0.options.openai", "prompt.0.content.0.options.google.y"])
  })
})

describe("what models said", () => {
  it("sends signatures back exactly, on every kind of part", () => {
    const google = { thoughtSignature: "Cs/+0w==" }
    const parts = body(assistant(
      { type: "reasoning", text: "a", options: { google } },
      { type: "text", text: "b", options: { google } },
      { type: "text", text: "", options: { google } },
      { type: "text", text: "" },
      { type: "file", mediaType: "image/png", data: png, options: { google } },
      call("c", "now", {}, google)
    )).contents[1].parts
    expect(parts).toEqual([
      { text: "a", thought: true, ...google },
      { text: "b", ...google },
      { text: "", ...google },
      { inlineData: { mimeType: "image/png", data: png }, ...google },
      { functionCall: { name: "now", args: {} }, ...google }
    ])
  })

  it("loses reasoning of other vendors", () => {
    const part = { type: "reasoning", text: "a", options: { anthropic: { signature: "x" } } }
    expect(losses(assistant(part, { type: "text", text: "b" }))).toEqual(["prompt.1.content.0"])
  })

  it("sends an id back only where the API gave it", () => {
    const prompt = [
      { role: "user", content: "a" },
      { role: "assistant", content: [call("fc-1", "now", {}, { functionCallId: "fc-1" }), call("toolu_1", "now", {})] },
      { role: "tool", content: [result("toolu_1", "now", 1), result("fc-1", "now", 2)] }
    ]
    const [, model, responses] = body({ prompt }).contents
    expect(model.parts).toEqual([
      { functionCall: { id: "fc-1", name: "now", args: {} } },
      { functionCall: { name: "now", args: {} } }
    ])
    expect(responses.parts).toEqual([
      { functionResponse: { id: "fc-1", name: "now", response: { output: 2 } } },
      { functionResponse: { name: "now", response: { output: 1 } } }
    ])
  })

  it("sends responses of several messages in the order of their calls", () => {
    const prompt = [
      { role: "user", content: "a" },
      { role: "assistant", content: [call("1", "now", {}), call("2", "now", {})] },
      { role: "tool", content: [result("2", "now", "b")] },
      { role: "tool", content: [result("1", "now", "a")] },
      { role: "assistant", content: [call("1", "now", {})] },
      { role: "tool", content: [result("1", "now", "c")] }
    ]
    const outputs = (content: any) => content.parts.map((part: any) => part.functionResponse.response.output)
    const { contents } = body({ prompt })
    expect([outputs(contents[2]), outputs(contents[4])]).toEqual([["a", "b"], ["c"]])
  })

  it("names calls without a signature to the models that demand one, the first of a turn only", () => {
    const input = assistant(call("toolu_1", "now", {}), call("toolu_2", "now", {}))
    const signatures = (model: string) => body(input, model).contents[1].parts.map((part: any) => part.thoughtSignature)
    expect(signatures("gemini-3-pro-preview")).toEqual(["skip_thought_signature_validator", undefined])
    expect(signatures("gemini-flash-latest")).toEqual(["skip_thought_signature_validator", undefined])
    expect(signatures("gemini-2.5-pro")).toEqual([undefined, undefined])
    expect(body(assistant(call("c", "now", {}, { thoughtSignature: "own" })), "gemini-3.5-flash").contents[1].parts)
      .toEqual([{ functionCall: { name: "now", args: {} }, thoughtSignature: "own" }])
  })

  it("wraps results and arguments that are no objects, and failures", () => {
    const prompt = [
      { role: "user", content: "a" },
      { role: "assistant", content: ["a", "b", "c", "d", "e"].map((id) => call(id, "now", id === "a" ? [1] : null)) },
      {
        role: "tool",
        content: [
          result("a", "now", [1]),
          result("b", "now", null),
          result("c", "now", { error: null }),
          result("d", "now", { why: "no" }, { isFailure: true }),
          result("e", "now", {}, { modelOutput: [{ type: "text", text: "x" }, { type: "text", text: "y" }] })
        ]
      }
    ]
    const { contents } = body({ prompt })
    expect(contents[1].parts.map((part: any) => part.functionCall.args)).toEqual([{ input: [1] }, {}, {}, {}, {}])
    expect(contents[2].parts.map((part: any) => part.functionResponse.response)).toEqual([
      { output: [1] },
      { output: null },
      { output: { error: null } },
      { error: { why: "no" } },
      { output: "x\ny" }
    ])
  })

  it("puts a result's files inside the response where the model takes them, else beside it", () => {
    const modelOutput = [{ type: "text", text: "map" }, { type: "file", mediaType: "image/png", data: png }]
    const prompt = [
      { role: "user", content: "a" },
      { role: "assistant", content: [call("a", "now", {}), call("b", "now", {})] },
      { role: "tool", content: [result("b", "now", 2), result("a", "now", 1, { modelOutput })] }
    ]
    const inlineData = { mimeType: "image/png", data: png }
    expect(body({ prompt }).contents[2].parts).toEqual([
      { functionResponse: { name: "now", response: { output: "map" } } },
      { inlineData },
      { functionResponse: { name: "now", response: { output: 2 } } }
    ])
    expect(body({ prompt }, "gemini-3.5-flash").contents[2].parts[0]).toEqual({
      functionResponse: { name: "now", response: { output: "map" }, parts: [{ inlineData }] }
    })
  })

  it("sends back what the API executed itself, and loses what another vendor did", () => {
    const executed = (type: string, more: object) => ({
      type,
      id: "c1",
      name: "code_execution",
      providerExecuted: true,
      ...more
    })
    const code = { language: "PYTHON", code: "1" }
    const outcome = { outcome: "OUTCOME_OK", output: "1" }
    const input = assistant(
      executed("tool-call", { params: code, options: { google: { part: "executableCode" } } }),
      executed("tool-result", {
        result: outcome,
        isFailure: false,
        options: { google: { part: "codeExecutionResult", thoughtSignature: "s" } }
      }),
      executed("tool-call", {
        name: "GOOGLE_SEARCH_WEB",
        params: { q: 1 },
        options: { google: { part: "toolCall", functionCallId: "x" } }
      }),
      executed("tool-call", { params: {} }),
      executed("tool-result", { result: {}, isFailure: false })
    )
    expect(body(input).contents[1].parts).toEqual([
      { executableCode: code },
      { codeExecutionResult: outcome, thoughtSignature: "s" },
      { toolCall: { id: "x", toolType: "GOOGLE_SEARCH_WEB", args: { q: 1 } } }
    ])
    expect(losses(input)).toEqual(["prompt.1.content.3", "prompt.1.content.4"])
  })

  it("refuses arguments and results that JSON cannot say", () => {
    const prompt = Prompt.make([
      { role: "user", content: "a" },
      { role: "assistant", content: [{ type: "tool-call", id: "a", name: "now", params: { n: 1n } }] }
    ])
    expect(failure({ prompt })).toMatchObject({ issues: [{ field: "prompt.1.content.0.params" }] })
  })
})

describe("sampling", () => {
  it("writes every word that the API has", () => {
    const input = { maxTokens: 9, temperature: 0.5, topP: 0.9, topK: 4, seed: 7, stop: ["a"] }
    expect(body(input).generationConfig).toEqual({
      maxOutputTokens: 9,
      temperature: 0.5,
      topP: 0.9,
      topK: 4,
      seed: 7,
      stopSequences: ["a"]
    })
  })

  it("loses what the API has no word for", () => {
    const input = { user: "u", metadata: { a: "b" }, seed: 2 ** 40, stop: ["a", "b", "c", "d", "e", "f"] }
    expect(losses(input)).toEqual(["seed", "stop", "user", "metadata"])
    expect(body(input).generationConfig).toEqual({ stopSequences: ["a", "b", "c", "d", "e"] })
  })

  it("sends penalties only to models that take them", () => {
    const input = { frequencyPenalty: 1, presencePenalty: 0 }
    expect(body(input, "gemini-2.0-flash").generationConfig).toEqual(input)
    expect(body(input).generationConfig).toBeUndefined()
    expect(losses(input)).toEqual(["frequencyPenalty"])
  })

  it.each([
    ["gemini-2.5-flash", "none", { thinkingBudget: 0 }, []],
    ["gemini-2.5-flash", "minimal", { thinkingBudget: 1_024, includeThoughts: true }, []],
    ["gemini-2.5-flash", "low", { thinkingBudget: 1_024, includeThoughts: true }, []],
    ["gemini-2.5-flash-lite", "medium", { thinkingBudget: 8_192, includeThoughts: true }, []],
    ["models/gemini-2.5-pro", "high", { thinkingBudget: 24_576, includeThoughts: true }, []],
    ["gemini-2.5-pro", "xhigh", { thinkingBudget: 32_768, includeThoughts: true }, []],
    ["gemini-2.5-pro", "none", { thinkingBudget: 128 }, ["reasoningEffort"]],
    ["gemini-3-pro-preview", "low", { thinkingLevel: "LOW", includeThoughts: true }, []],
    ["gemini-3-pro-preview", "medium", { thinkingLevel: "HIGH", includeThoughts: true }, ["reasoningEffort"]],
    ["gemini-3.1-pro-preview", "medium", { thinkingLevel: "MEDIUM", includeThoughts: true }, []],
    ["gemini-3.1-pro-preview", "minimal", { thinkingLevel: "LOW", includeThoughts: true }, ["reasoningEffort"]],
    ["gemini-3-flash-preview", "minimal", { thinkingLevel: "MINIMAL", includeThoughts: true }, []],
    ["gemini-3-flash-preview", "none", { thinkingLevel: "MINIMAL" }, ["reasoningEffort"]],
    ["gemini-3-flash-preview", "xhigh", { thinkingLevel: "HIGH", includeThoughts: true }, ["reasoningEffort"]],
    ["gemini-2.0-flash", "high", undefined, ["reasoningEffort"]],
    ["gemini-2.0-flash", "none", undefined, []],
    ["gemini-2.5-flash-image", "low", undefined, ["reasoningEffort"]]
  ])("tells %s to think with effort %s", (model, reasoningEffort, config, lost) => {
    expect(body({ reasoningEffort }, model).generationConfig?.thinkingConfig).toEqual(config)
    expect(losses({ reasoningEffort }, model)).toEqual(lost)
  })

  it.each([{ thinkingBudget: 777 }, { thinkingLevel: "HIGH", includeThoughts: false }])(
    "leaves it to raw options that say themselves how much: %o",
    (thinkingConfig) => {
      const input = { reasoningEffort: "low", options: { google: { generationConfig: { thinkingConfig } } } }
      expect(body(input).generationConfig.thinkingConfig).toEqual(thinkingConfig)
      expect(losses(input)).toEqual([])
    }
  )
})

describe("tools", () => {
  it("are told to the API with what raw options say of them", () => {
    const toolFields = [{ name: "now", behavior: "BLOCKING", description: "not this one" }, { name: "gone" }]
    const input = { tools: [now], options: { google: { toolFields } } }
    expect(body(input).tools).toEqual([
      { functionDeclarations: [{ name: "now", description: "", behavior: "BLOCKING" }] }
    ])
    expect(losses(input)).toEqual([])
    expect(body({ options: { google: { toolFields } } })).not.toHaveProperty("toolFields")
  })

  it("declares functions with their JSON Schema, without one where they have no parameters", () => {
    expect(body({ tools: [weather, now] }).tools).toEqual([{
      functionDeclarations: [
        { name: "weather", description: "The weather.", parametersJsonSchema: weather.parameters },
        { name: "now", description: "" }
      ]
    }])
  })

  it("declares functions with the older subset to older models", () => {
    expect(body({ tools: [weather] }, "gemini-2.0-flash").tools[0].functionDeclarations).toEqual([{
      name: "weather",
      description: "The weather.",
      parameters: { type: "OBJECT", properties: { city: { type: "STRING" } }, required: ["city"] }
    }])
  })

  it.each([
    ["auto", { mode: "AUTO" }],
    ["none", { mode: "NONE" }],
    ["required", { mode: "ANY" }],
    [{ tool: "now" }, { mode: "ANY", allowedFunctionNames: ["now"] }],
    [{ oneOf: ["now"], mode: "required" }, { mode: "ANY", allowedFunctionNames: ["now"] }]
  ])("chooses tools: %j", (toolChoice, functionCallingConfig) => {
    const sent = body({ tools: [weather, now], toolChoice })
    expect(sent.toolConfig).toEqual({ functionCallingConfig })
    expect(sent.tools[0].functionDeclarations.length).toBe(2)
  })

  it("leaves out the tools that may not be called where none has to be", () => {
    const sent = body({ tools: [weather, now], toolChoice: { oneOf: ["now"] } })
    expect(sent.tools[0].functionDeclarations.map(({ name }: any) => name)).toEqual(["now"])
    expect(sent.toolConfig).toEqual({ functionCallingConfig: { mode: "AUTO" } })
    expect(body({ tools: [weather], toolChoice: { oneOf: ["x"] } }).tools).toBeUndefined()
  })

  it("loses what of tools cannot be told", () => {
    expect(losses({ tools: [{ ...now, strict: true }], parallelToolCalls: false }))
      .toEqual(["parallelToolCalls", "tools.0.strict"])
    expect(losses({ toolChoice: "required", parallelToolCalls: true })).toEqual(["toolChoice", "parallelToolCalls"])
  })

  it.each(["1st", "a".repeat(65)])("refuses the tool name %s", (name) => {
    expect(failure({ tools: [{ ...now, name }] })).toMatchObject({ _tag: "UnsupportedFeature" })
  })
})

describe("format", () => {
  const format = { type: "json-schema", name: "x", description: "d", schema: weather.parameters }

  it("asks for JSON, with a schema where there is one", () => {
    expect(body({ responseFormat: { type: "text" } }).generationConfig).toBeUndefined()
    expect(body({ responseFormat: { type: "json" } }).generationConfig)
      .toEqual({ responseMimeType: "application/json" })
    expect(body({ responseFormat: format }).generationConfig).toEqual({
      responseMimeType: "application/json",
      responseJsonSchema: { ...weather.parameters, description: "d" }
    })
    expect(body({ responseFormat: format }, "gemini-2.0-flash").generationConfig.responseSchema).toEqual({
      type: "OBJECT",
      description: "d",
      properties: { city: { type: "STRING" } },
      required: ["city"]
    })
  })

  it("loses the format beside tools on models that take one or the other", () => {
    const input = { responseFormat: format, tools: [now] }
    expect(losses(input)).toEqual(["responseFormat"])
    expect(losses({ ...input, toolChoice: "none" })).toEqual([])
    expect(losses(input, "gemini-3.5-flash")).toEqual([])
  })
})

describe("raw options", () => {
  it("stand beside the request's own fields, at any depth", () => {
    const sent = body(everything)
    expect(sent).toMatchObject({ cachedContent: "cachedContents/a", safetySettings: [{ threshold: "BLOCK_NONE" }] })
    expect(sent.tools.map((tool: object) => Object.keys(tool)[0])).toEqual(["functionDeclarations", "googleSearch"])
    expect(sent.generationConfig).toMatchObject({ maxOutputTokens: 100, mediaResolution: "MEDIA_RESOLUTION_LOW" })
  })

  it("replace nothing and do not set what is the dispatcher's", () => {
    const google = {
      contents: [],
      systemInstruction: {},
      model: "x",
      tools: [{ functionDeclarations: [] }],
      generationConfig: { temperature: 1, candidateCount: 2, topP: 0.5 }
    }
    const input = { temperature: 0.5, options: { google } }
    expect(losses(input)).toEqual([
      "options.google.contents",
      "options.google.systemInstruction",
      "options.google.model",
      "options.google.tools.0",
      "options.google.generationConfig.temperature",
      "options.google.generationConfig.candidateCount"
    ])
    expect(body(input).generationConfig).toEqual({ temperature: 0.5, topP: 0.5 })
  })
})

describe("the contract", () => {
  const check = Specification.isThere ? it : it.skip
  const older = ["gemini-2.0-flash", "gemini-2.5-pro", "gemini-3.5-flash"]

  check.each(older)("bodies for %s are valid by Google's own specification", (model) => {
    for (const input of [{}, conversation, everything, files, { ...conversation, tools: [weather, now] }]) {
      const sent = { model: `models/${model}`, ...body(input, model) }
      expect(Specification.faults("GenerateContentRequest", JSON.parse(JSON.stringify(sent)))).toEqual([])
    }
  })

  it("bodies are what the schema of requests allows", () => {
    const { options: _, ...input } = everything
    for (const model of older) {
      const decoded = Schema.decodeUnknownResult(Wire.GenerateContentRequest, { onExcessProperty: "error" })
      expect(Result.isSuccess(decoded(body(input, model)))).toBe(true)
    }
  })
})
