import { describe, expect, it } from "@effect/vitest"
import { Effect, Result, Schema } from "effect"
import * as fc from "fast-check"
import * as Request from "../../../src/Request.ts"
import * as Encode from "../../../src/vendor/bedrock/Encode.ts"
import * as Identifiers from "../../../src/vendor/bedrock/Identifiers.ts"
import * as Wire from "../../../src/vendor/bedrock/Wire.ts"

const claude = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
const claude3 = "anthropic.claude-3-5-sonnet-20241022-v2:0"
const nova = "amazon.nova-lite-v1:0"
const nova2 = "us.amazon.nova-2-lite-v1:0"
const llama = "meta.llama3-1-70b-instruct-v1:0"
const gptOss = "openai.gpt-oss-120b-1:0"

const encode = (input: Record<string, unknown>, model = claude) => {
  const request = Effect.runSync(Request.decode({ prompt: "Hello", ...input }))
  return Encode.encode({ model, request }, ["bedrock", "eu"], { stream: false })
}

const encoded = (input: Record<string, unknown>, model?: string): Encode.Encoded =>
  Result.getOrThrow(encode(input, model))
const body = (input: Record<string, unknown>, model?: string): any => encoded(input, model).body
const losses = (input: Record<string, unknown>, model?: string) =>
  encoded(input, model).losses.map(({ field }) => field)
const reason = (input: Record<string, unknown>, model?: string) => {
  const result = encode(input, model)
  return Result.isFailure(result) ? result.failure.reason : undefined
}

const png = "iVBORw0KGgo="
const weather = { name: "weather", description: "The weather.", parameters: { type: "object", properties: {} } }
const now = { name: "now", parameters: { type: "object", properties: {} }, strict: true }
const user = (...content: ReadonlyArray<unknown>) => ({ prompt: [{ role: "user", content }] })
const call = (id: string, name = "weather", params: unknown = { city: "Bern" }) => ({
  type: "tool-call",
  id,
  name,
  params
})
const result = (id: string, value: unknown, more: object = {}) => ({
  type: "tool-result",
  id,
  name: "weather",
  isFailure: false,
  result: value,
  ...more
})
const toolLoop = (id: string, value: unknown, more: object = {}) => ({
  prompt: [
    { role: "user", content: "Weather?" },
    { role: "assistant", content: [call(id)] },
    { role: "tool", content: [result(id, value, more)] }
  ]
})
const contentOf = (input: Record<string, unknown>, index: number, model?: string) =>
  body(input, model).messages[index].content

describe("the path", () => {
  it.each([
    [nova, "/model/amazon.nova-lite-v1%3A0/converse"],
    [
      "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/ab12",
      "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Aapplication-inference-profile%2Fab12/converse"
    ],
    ["a'(b)*!", "/model/a%27%28b%29%2A%21/converse"]
  ])("writes %s once percent-encoded", (model, path) => {
    expect(encoded({}, model).path).toBe(path)
  })

  it("ends otherwise for a stream", () => {
    const request = Effect.runSync(Request.decode({ prompt: "Hello" }))
    const { body, path } = Result.getOrThrow(Encode.encode({ model: nova, request }, ["bedrock"], { stream: true }))
    expect([path, body]).toEqual([
      "/model/amazon.nova-lite-v1%3A0/converse-stream",
      { messages: [{ role: "user", content: [{ text: "Hello" }] }] }
    ])
  })
})

describe("messages", () => {
  it("puts system messages apart, and tells those that stood inside the conversation", () => {
    const input = {
      prompt: [
        { role: "system", content: "Be short." },
        { role: "user", content: "Hi" },
        { role: "system", content: "Be kind." }
      ]
    }
    expect(body(input)).toEqual({
      system: [{ text: "Be short." }, { text: "Be kind." }],
      messages: [{ role: "user", content: [{ text: "Hi" }] }]
    })
    expect(losses(input)).toEqual(["prompt.2"])
  })

  it("joins messages of one role and puts the results of tools first", () => {
    const input = {
      tools: [weather],
      prompt: [
        { role: "user", content: "Weather?" },
        { role: "user", content: "In Bern." },
        { role: "assistant", content: [{ type: "text", text: "Let me look." }] },
        { role: "assistant", content: [call("c1"), call("c2")] },
        { role: "user", content: "Quick!" },
        {
          role: "tool",
          content: [
            result("c1", "sunny", { options: { bedrock: { cachePoint: true } } }),
            result("c2", { sky: "blue" })
          ]
        }
      ]
    }
    expect(body(input).messages).toEqual([
      { role: "user", content: [{ text: "Weather?" }, { text: "In Bern." }] },
      {
        role: "assistant",
        content: [
          { text: "Let me look." },
          { toolUse: { toolUseId: "c1", name: "weather", input: { city: "Bern" } } },
          { toolUse: { toolUseId: "c2", name: "weather", input: { city: "Bern" } } }
        ]
      },
      {
        role: "user",
        content: [
          { toolResult: { toolUseId: "c1", content: [{ text: "sunny" }] } },
          { cachePoint: { type: "default" } },
          { toolResult: { toolUseId: "c2", content: [{ json: { sky: "blue" } }] } },
          { text: "Quick!" }
        ]
      }
    ])
    expect(losses(input)).toEqual([])
  })

  it("lets a user speak first, and tells it", () => {
    const input = { prompt: [{ role: "assistant", content: "Welcome." }, { role: "user", content: "Hi" }] }
    expect(body(input).messages.map(({ role }: any) => role)).toEqual(["user", "assistant", "user"])
    expect(losses(input)).toEqual(["prompt"])
  })

  it("refuses a prompt without a user", () => {
    expect(reason({ prompt: [{ role: "system", content: "Be." }] })?._tag).toBe("UnsupportedFeature")
  })

  it("leaves blank texts out", () => {
    expect(contentOf(user({ type: "text", text: " \n" }, { type: "text", text: "Hi" }), 0)).toEqual([{ text: "Hi" }])
  })

  it("trims an answer begun for Claude, and tells it", () => {
    const input = { prompt: [{ role: "user", content: "A, B," }, { role: "assistant", content: "C, " }] }
    expect(contentOf(input, 1, claude3)).toEqual([{ text: "C," }])
    expect(losses(input, claude3)).toEqual(["prompt"])
    expect(contentOf(input, 1, nova)).toEqual([{ text: "C, " }])
  })

  it("refuses a text to be continued where the model takes none", () => {
    const input = { prompt: [{ role: "user", content: "A, B," }, { role: "assistant", content: "C," }] }
    expect(reason(input, "us.anthropic.claude-opus-5")?._tag).toBe("UnsupportedFeature")
    expect(losses({ ...input, reasoningEffort: "low" })).toEqual(["reasoningEffort"])
  })

  it("does not end a text to be continued with reasoning", () => {
    const reasoning = { type: "reasoning", text: "Hm.", options: { bedrock: { signature: "c2ln" } } }
    const input = { prompt: [{ role: "user", content: "A, B," }, { role: "assistant", content: [reasoning] }] }
    expect(body(input).messages).toEqual([{ role: "user", content: [{ text: "A, B," }] }])
    expect(losses(input)).toEqual(["prompt"])
  })

  it("sends reasoning back with its proof and loses what has none", () => {
    const input = {
      prompt: [
        { role: "user", content: "6 × 7?" },
        {
          role: "assistant",
          content: [
            { type: "reasoning", text: "Sevens.", options: { bedrock: { signature: "c2ln" } } },
            { type: "reasoning", text: "", options: { bedrock: { redactedContent: "cmVk" } } },
            { type: "reasoning", text: "Other.", options: { anthropic: { signature: "c2ln" } } },
            { type: "reasoning", text: "Bare." },
            { type: "text", text: "42" }
          ]
        },
        { role: "user", content: "Sure?" }
      ]
    }
    expect(contentOf(input, 1)).toEqual([
      { reasoningContent: { reasoningText: { text: "Sevens.", signature: "c2ln" } } },
      { reasoningContent: { redactedContent: "cmVk" } },
      { text: "42" }
    ])
    expect(losses(input)).toEqual(["prompt.1.content.2", "prompt.1.content.3"])
  })

  it("loses what vendors executed themselves, files that models made, and other vendors' options", () => {
    const input = {
      prompt: [
        { role: "user", content: "Search.", options: { anthropic: { cacheControl: { type: "ephemeral" } } } },
        {
          role: "assistant",
          content: [
            { type: "file", mediaType: "image/png", data: png },
            { ...call("s1", "search"), providerExecuted: true },
            { ...result("s1", []), providerExecuted: true },
            { type: "text", text: "Found.", options: { bedrock: { mood: "good" } } }
          ]
        },
        { role: "user", content: "Where?" }
      ]
    }
    expect(contentOf(input, 1)).toEqual([{ text: "Found." }])
    expect(losses(input)).toEqual([
      "prompt.0.options.anthropic",
      "prompt.1.content.0",
      "prompt.1.content.1",
      "prompt.1.content.2",
      "prompt.1.content.3.options.bedrock.mood"
    ])
  })
})

describe("cache marks", () => {
  it("stand behind the part, message or system message that has one", () => {
    const input = {
      prompt: [
        { role: "system", content: "Long.", options: { bedrock: { cachePoint: true } } },
        {
          role: "user",
          options: { bedrock: { cachePoint: { ttl: "5m" } } },
          content: [
            { type: "text", text: "Book.", options: { bedrock: { cachePoint: { ttl: "1h" } } } },
            { type: "text", text: "Who?", options: { bedrock: { cachePoint: false } } }
          ]
        }
      ]
    }
    expect(body(input)).toEqual({
      system: [{ text: "Long." }, { cachePoint: { type: "default" } }],
      messages: [{
        role: "user",
        content: [
          { text: "Book." },
          { cachePoint: { type: "default", ttl: "1h" } },
          { text: "Who?" },
          { cachePoint: { type: "default", ttl: "5m" } }
        ]
      }]
    })
    expect(losses(input)).toEqual([])
  })

  it("tells a time that is not known", () => {
    const input = user({ type: "text", text: "Hi", options: { bedrock: { cachePoint: { ttl: "2h" } } } })
    expect(contentOf(input, 0)).toEqual([{ text: "Hi" }, { cachePoint: { type: "default" } }])
    expect(losses(input)).toEqual(["prompt.0.content.0.options.bedrock.cachePoint.ttl"])
  })
})

describe("files", () => {
  it.each([
    ["image/png", { image: { format: "png", source: { bytes: png } } }],
    ["image/*", { image: { format: "jpeg", source: { bytes: png } } }],
    ["video/mp4", { video: { format: "mp4", source: { bytes: png } } }],
    ["audio/mpeg", { audio: { format: "mp3", source: { bytes: png } } }]
  ])("sends %s by its bytes", (mediaType, block) => {
    expect(contentOf(user({ type: "file", mediaType, data: png }), 0)).toEqual([block])
  })

  it("names documents by what is allowed, each once, and puts a text beside them", () => {
    const document = (fileName?: string) => ({ type: "file", mediaType: "application/pdf", data: "JVBERg==", fileName })
    const input = user(
      document("Q3: Bericht_für (Bern).pdf"),
      document("plan.pdf"),
      document("plan.pdf"),
      document(undefined),
      document("数.pdf")
    )
    const content = contentOf(input, 0)
    expect(content.map((block: any) => block.document?.name)).toEqual([
      undefined,
      "Q3 Bericht f r (Bern)",
      "plan",
      "plan 2",
      "document",
      "document 2"
    ])
    expect(content[0]).toEqual({ text: "Document:" })
    expect(content[1].document).toMatchObject({ format: "pdf", source: { bytes: "JVBERg==" } })
    expect(losses(input)).toEqual(["prompt.0"])
  })

  it("takes files in S3 by their address and no others", () => {
    const file = (data: string) => user({ type: "file", mediaType: "image/png", data })
    expect(contentOf(file("s3://bucket/a.png"), 0)).toEqual([
      { image: { format: "png", source: { s3Location: { uri: "s3://bucket/a.png" } } } }
    ])
    expect(reason(file("https://example.com/a.png"))?._tag).toBe("UnsupportedFeature")
  })

  it("refuses a kind that is not known", () => {
    expect(reason(user({ type: "file", mediaType: "application/zip", data: png }))).toMatchObject({
      _tag: "UnsupportedFeature",
      description: "prompt.0.content.0: Converse takes no file of the type application/zip"
    })
  })
})

describe("results of tools", () => {
  it.each([
    ["sunny", [{ text: "sunny" }]],
    ["", []],
    [{ sky: "blue" }, [{ json: { sky: "blue" } }]],
    [[1, 2], [{ text: "[1,2]" }]],
    [21.5, [{ text: "21.5" }]],
    [null, [{ text: "null" }]]
  ])("writes %j as %j", (value, content) => {
    expect(contentOf({ tools: [weather], ...toolLoop("c1", value) }, 2)[0].toolResult.content).toEqual(content)
  })

  it("sends what the tool wrote for the model, images too", () => {
    const modelOutput = [{ type: "text", text: "The map:" }, { type: "file", mediaType: "image/png", data: png }]
    expect(contentOf({ tools: [weather], ...toolLoop("c1", {}, { modelOutput }) }, 2)[0].toolResult.content).toEqual([
      { text: "The map:" },
      { image: { format: "png", source: { bytes: png } } }
    ])
  })

  it("tells that a tool failed where the model listens", () => {
    const input = { tools: [weather], ...toolLoop("c1", "no", { isFailure: true }) }
    expect(contentOf(input, 2)[0].toolResult.status).toBe("error")
    expect(contentOf(input, 2, llama)[0].toolResult).not.toHaveProperty("status")
    expect(losses(input, llama)).toEqual(["prompt.2.content.0.isFailure"])
  })

  it("refuses what is not JSON", () => {
    expect(reason(toolLoop("c1", 1n))).toMatchObject({ _tag: "InvalidRequest" })
  })

  it("brings other vendors' ids and names into the alphabet, the same in call and result", () => {
    const id = "call|fc_68:äöü/".repeat(8)
    const input = {
      prompt: [
        { role: "user", content: "Weather?" },
        { role: "assistant", content: [call(id, "tools.weather:now")] },
        { role: "tool", content: [result(id, "sunny")] }
      ]
    }
    const { messages, toolConfig } = body(input)
    const [{ toolUse }] = messages[1].content
    expect(toolUse.toolUseId).toMatch(/^[a-zA-Z0-9_.:-]{64}$/)
    expect(toolUse.name).toMatch(/^tools_weather_now_[a-z0-9]+$/)
    expect(messages[2].content[0].toolResult.toolUseId).toBe(toolUse.toolUseId)
    expect(toolConfig.tools).toEqual([{ toolSpec: { name: toolUse.name, inputSchema: { json: { type: "object" } } } }])
    expect(losses(input)).toEqual([])
  })

  it("tells apart the calls of a vendor that counts anew in each turn", () => {
    const turn = [
      { role: "assistant", content: [call("call_0")] },
      { role: "tool", content: [result("call_0", "sunny")] }
    ]
    const { messages } = body({ tools: [weather], prompt: [{ role: "user", content: "Weather?" }, ...turn, ...turn] })
    const ids = messages.slice(1).map(({ content: [block] }: any) => (block.toolUse ?? block.toolResult).toolUseId)
    expect(ids).toEqual(["call_0", "call_0", "call_0_2", "call_0_2"])
  })

  it("keeps ids that fit, and gives no two calls one", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 90 }), fc.string({ minLength: 1, maxLength: 90 }), (a, b) => {
        const ids = Identifiers.makeToolUseIds()
        const [left, right] = [ids.ofCall(a), ids.ofCall(b)]
        expect(left).toMatch(/^[a-zA-Z0-9_.:-]{1,64}$/)
        expect(Identifiers.makeToolUseIds().ofCall(left)).toBe(left)
        expect(left).not.toBe(right)
        expect(ids.ofResult(b)).toBe(right)
        if (a !== b) expect(ids.ofResult(a)).toBe(left)
      })
    )
  })
})

describe("tools", () => {
  const tools = [weather, now]

  it("writes specifications, and holds to a schema where the model does", () => {
    const first = {
      toolSpec: { name: "weather", description: "The weather.", inputSchema: { json: weather.parameters } }
    }
    expect(body({ tools }).toolConfig.tools).toEqual([
      first,
      {
        toolSpec: {
          name: "now",
          inputSchema: { json: { type: "object", properties: {}, additionalProperties: false } },
          strict: true
        }
      }
    ])
    expect(body({ tools }, nova).toolConfig.tools).toEqual([
      first,
      { toolSpec: { name: "now", inputSchema: { json: now.parameters } } }
    ])
    expect(losses({ tools }, nova)).toEqual(["tools.1.strict"])
  })

  it.each([
    ["auto", { auto: {} }],
    ["required", { any: {} }],
    [{ tool: "now" }, { tool: { name: "now" } }],
    [{ oneOf: ["now"] }, { auto: {} }],
    [{ oneOf: ["now"], mode: "required" }, { any: {} }]
  ])("writes the choice %j as %j", (toolChoice, choice) => {
    expect(body({ tools, toolChoice }).toolConfig.toolChoice).toEqual(choice)
    expect(losses({ tools, toolChoice })).toEqual([])
  })

  it("leaves out the tools that may not be called", () => {
    expect(body({ tools, toolChoice: { oneOf: ["now"] } }).toolConfig.tools).toHaveLength(1)
    expect(body({ tools, toolChoice: "none" })).not.toHaveProperty("toolConfig")
    expect(losses({ tools, toolChoice: "none" })).toEqual([])
  })

  it("still offers tools that may not be called where some were, and tells it", () => {
    const input = { tools, toolChoice: "none", ...toolLoop("c1", "sunny") }
    expect(body(input).toolConfig.tools).toHaveLength(2)
    expect(losses(input)).toEqual(["toolChoice"])
  })

  it("loses a choice that the model cannot be held to", () => {
    expect(body({ tools, toolChoice: "required" }, llama).toolConfig).not.toHaveProperty("toolChoice")
    const plain = [weather]
    expect(losses({ tools: plain, toolChoice: "required" }, llama)).toEqual(["toolChoice"])
    expect(losses({ tools: plain, toolChoice: "required" }, "us.anthropic.claude-opus-5-5")).toEqual(["toolChoice"])
    expect(losses({ toolChoice: "required" })).toEqual(["toolChoice"])
    expect(losses({ tools, parallelToolCalls: false })).toEqual(["parallelToolCalls"])
  })

  it("refuses a name that is not allowed", () => {
    expect(reason({ tools: [{ ...weather, name: "a.b" }] })?._tag).toBe("UnsupportedFeature")
  })
})

describe("inference", () => {
  it("writes what Converse has words for", () => {
    const input = { maxTokens: 100, temperature: 0.5, topP: 0.9, topK: 50, stop: ["END"], metadata: { team: "a b" } }
    expect(body(input, nova)).toMatchObject({
      inferenceConfig: { maxTokens: 100, temperature: 0.5, topP: 0.9, stopSequences: ["END"] },
      additionalModelRequestFields: { inferenceConfig: { topK: 50 } },
      requestMetadata: { team: "a b" }
    })
    expect(losses(input, nova)).toEqual([])
    expect(body({ topK: 50 }, claude3).additionalModelRequestFields).toEqual({ top_k: 50 })
  })

  it("tells what it has none for", () => {
    const input = { seed: 7, frequencyPenalty: 1, presencePenalty: 1, temperature: 1.5, topK: 5, user: "u" }
    expect(losses(input, llama)).toEqual(["seed", "frequencyPenalty", "presencePenalty", "temperature", "topK", "user"])
    expect(body(input, llama).inferenceConfig).toEqual({ temperature: 1 })
  })

  it("keeps the metadata that fit", () => {
    const metadata = { ok: "yes", "ä": "no", bad: "é", long: "x".repeat(257) }
    expect(body({ metadata }).requestMetadata).toEqual({ ok: "yes" })
    expect(losses({ metadata })).toEqual(["metadata.ä", "metadata.bad", "metadata.long"])
  })

  it.each([
    [claude, "low", { thinking: { type: "enabled", budget_tokens: 4096 } }],
    [nova2, "medium", { reasoningConfig: { type: "enabled", maxReasoningEffort: "medium" } }],
    [gptOss, "high", { reasoning_effort: "high" }],
    ["us.openai.gpt-5.6-luna", "xhigh", { reasoning: { effort: "xhigh" } }]
  ])("makes %s think %s", (model, reasoningEffort, fields) => {
    expect(body({ reasoningEffort }, model).additionalModelRequestFields).toMatchObject(fields)
    expect(losses({ reasoningEffort }, model)).toEqual([])
  })

  it("tells an adaptive Claude its effort in Converse's own word", () => {
    const { additionalModelRequestFields, outputConfig } = body(
      { reasoningEffort: "medium" },
      "us.anthropic.claude-opus-4-6-v1"
    )
    expect(additionalModelRequestFields).toMatchObject({ thinking: { type: "adaptive" } })
    expect(outputConfig).toEqual({ effort: "medium" })
  })

  it.each([
    [nova, "low"],
    [llama, "high"],
    [claude3, "medium"],
    [gptOss, "none"],
    [nova2, "minimal"]
  ])("tells that %s does not think %s", (model, reasoningEffort) => {
    expect(losses({ reasoningEffort }, model)).toEqual(["reasoningEffort"])
  })

  it("takes no samples and no limit beside Nova's highest effort", () => {
    const input = { reasoningEffort: "high", maxTokens: 100, temperature: 0.5, topP: 0.5 }
    expect(body(input, nova2)).not.toHaveProperty("inferenceConfig")
    expect(losses(input, nova2)).toEqual(["maxTokens", "temperature", "topP"])
  })

  it("does not make Claude think where a tool is forced or the thoughts before a tool's result are missing", () => {
    const forced = { tools: [weather], toolChoice: "required", reasoningEffort: "low" }
    expect(body(forced)).not.toHaveProperty("additionalModelRequestFields")
    expect(losses(forced)).toEqual(["reasoningEffort"])
    const going = { tools: [weather], reasoningEffort: "low", ...toolLoop("c1", "sunny") }
    expect(losses(going)).toEqual(["reasoningEffort"])
    const thoughtful = {
      ...going,
      prompt: going.prompt.with(1, {
        role: "assistant",
        content: [{ type: "reasoning", text: "Hm.", options: { bedrock: { signature: "c2ln" } } }, call("c1")] as any
      })
    }
    expect(losses(thoughtful)).toEqual([])
  })
})

describe("the form of the answer", () => {
  const schema = {
    type: "object",
    properties: { name: { type: "string" } },
    required: ["name"],
    additionalProperties: false
  }
  const responseFormat = { type: "json-schema", name: "person", description: "One.", schema }

  it("sends a schema as a text", () => {
    expect(body({ responseFormat }).outputConfig).toEqual({
      textFormat: {
        type: "json_schema",
        structure: { jsonSchema: { schema: JSON.stringify(schema), name: "person", description: "One." } }
      }
    })
    expect(losses({ responseFormat })).toEqual([])
  })

  it("loses what a model or Converse has no word for", () => {
    expect(losses({ responseFormat }, nova)).toEqual(["responseFormat"])
    expect(losses({ responseFormat: { type: "json" } })).toEqual(["responseFormat"])
    expect(losses({ responseFormat: { type: "text" } })).toEqual([])
  })
})

describe("raw options", () => {
  it("are added, joined with the request's own, and replace nothing", () => {
    const input = {
      topK: 5,
      temperature: 0.5,
      options: {
        bedrock: {
          guardrailConfig: { guardrailIdentifier: "g", guardrailVersion: "1" },
          additionalModelRequestFields: { top_k: 1, anthropic_beta: ["x"] },
          inferenceConfig: { temperature: 1, maxTokens: 9 },
          messages: [],
          modelId: "x"
        },
        eu: { performanceConfig: { latency: "optimized" } },
        other: { a: 1 }
      }
    }
    expect(body(input, claude3)).toEqual({
      messages: [{ role: "user", content: [{ text: "Hello" }] }],
      inferenceConfig: { temperature: 0.5, maxTokens: 9 },
      additionalModelRequestFields: { top_k: 5, anthropic_beta: ["x"] },
      guardrailConfig: { guardrailIdentifier: "g", guardrailVersion: "1" },
      performanceConfig: { latency: "optimized" }
    })
    expect(losses(input, claude3)).toEqual([
      "options.bedrock.additionalModelRequestFields.top_k",
      "options.bedrock.inferenceConfig.temperature",
      "options.bedrock.messages",
      "options.bedrock.modelId"
    ])
  })
})

describe("the whole body", () => {
  const everything = {
    ...toolLoop("c|1", { a: 1 }, { isFailure: true }),
    tools: [weather, now],
    toolChoice: "required",
    maxTokens: 9_000,
    temperature: 0.5,
    topP: 0.9,
    topK: 5,
    stop: ["END"],
    reasoningEffort: "medium",
    responseFormat: { type: "json-schema", name: "n", schema: { type: "object" } },
    metadata: { a: "b" }
  }
  const strictly = Schema.decodeUnknownResult(Wire.ConverseRequest, { onExcessProperty: "error" })

  it.each([claude, claude3, nova, nova2, llama, gptOss, "us.openai.gpt-5.6-luna", "imported"])(
    "for %s holds only what Converse knows",
    (model) => {
      expect(Result.isSuccess(strictly(body(everything, model)))).toBe(true)
    }
  )
})
