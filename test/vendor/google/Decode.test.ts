import { describe, expect, it } from "@effect/vitest"
import { Effect, Exit, Result, Schema, Stream } from "effect"
import { Prompt, Response as AiResponse } from "effect/ai"
import * as Conversation from "../../../src/Conversation.ts"
import * as Request from "../../../src/Request.ts"
import * as Response from "../../../src/Response.ts"
import * as Decode from "../../../src/vendor/google/Decode.ts"
import * as Encode from "../../../src/vendor/google/Encode.ts"
import * as StreamBytes from "../../../src/vendor/google/Stream.ts"

const answer = (parts: ReadonlyArray<object>, more: object = {}, candidate: object = {}) => ({
  candidates: [{ content: { parts, role: "model" }, finishReason: "STOP", index: 0, ...candidate }],
  responseId: "r1",
  modelVersion: "gemini-2.5-flash",
  ...more
})

const chunk = (parts: ReadonlyArray<object>, more: object = {}) => answer(parts, more, { finishReason: undefined })

const whole = (json: unknown, turn = 0) => Decode.whole(turn)(json)
const parts = (json: unknown, turn = 0) => Result.getOrThrow(whole(json, turn))
const content = (json: unknown, turn = 0) =>
  parts(json, turn).filter(({ type }) => type !== "response-metadata" && type !== "finish")
const finish = (json: unknown): any => parts(json).at(-1)
const failure = (json: unknown) => {
  const result = whole(json)
  return Result.isFailure(result) ? result.failure.reason : undefined
}

const event = (value: unknown) => `data: ${typeof value === "string" ? value : JSON.stringify(value)}\r\n\r\n`

const stream = (...entries: ReadonlyArray<unknown>) => {
  const text = entries.map((entry) => typeof entry === "string" ? entry : event(entry)).join("")
  const bytes = Stream.make(new TextEncoder().encode(text))
  const parts: Array<Response.StreamPart> = []
  const exit = Effect.runSyncExit(
    Stream.runForEach(StreamBytes.decode(0)(bytes, (error) => error), (part) => Effect.sync(() => parts.push(part)))
  )
  const error = Exit.isFailure(exit) ? Effect.runSync(Effect.flip(exit)) : undefined
  return { parts, reason: error?.reason }
}

describe("a whole answer", () => {
  it("tells its id and model, its text, and why it ended", () => {
    expect(parts(answer([{ text: "Hel" }, { text: "lo" }]))).toEqual([
      { type: "response-metadata", id: "r1", modelId: "gemini-2.5-flash" },
      { type: "text", text: "Hello" },
      { type: "finish", reason: "stop", usage: { inputTokens: {}, outputTokens: {} } }
    ])
  })

  it("keeps thoughts apart, with the mark or signature by which they go back", () => {
    const google = { thoughtSignature: "U2ln" }
    expect(content(answer([
      { text: "a", thought: true },
      { text: "b" },
      { text: "c", thought: true, ...google },
      { text: "d", thought: true },
      { text: "e", ...google },
      { text: "f" },
      { text: "", ...google },
      google
    ]))).toEqual([
      { type: "reasoning", text: "a", metadata: { google: { thought: true } } },
      { type: "text", text: "b" },
      { type: "reasoning", text: "c", metadata: { google: { thought: true, ...google } } },
      { type: "reasoning", text: "d", metadata: { google: { thought: true } } },
      { type: "text", text: "e", metadata: { google } },
      { type: "text", text: "f", metadata: { google } },
      { type: "text", text: "", metadata: { google } }
    ])
  })

  it("calls tools, with ids of the API's or made up after the answer's id", () => {
    const calls = [
      { functionCall: { name: "a", args: { x: 1 } }, thoughtSignature: "U2ln" },
      { functionCall: { name: "b" } },
      { functionCall: { id: "fc-1", name: "c", args: null } }
    ]
    expect(content(answer(calls))).toEqual([
      {
        type: "tool-call",
        id: "call_r1_0",
        name: "a",
        params: { x: 1 },
        metadata: { google: { thoughtSignature: "U2ln" } }
      },
      { type: "tool-call", id: "call_r1_1", name: "b", params: {} },
      { type: "tool-call", id: "fc-1", name: "c", params: {}, metadata: { google: { functionCallId: "fc-1" } } }
    ])
    expect(finish(answer(calls)).reason).toBe("tool-calls")
  })

  it("makes ids up after the place in the conversation where the answer has no id", () => {
    const json = answer([{ functionCall: { name: "a" } }], { responseId: undefined })
    expect([0, 1, 0].map((turn) => (content(json, turn)[0] as any).id)).toEqual(["call_t0_0", "call_t1_0", "call_t0_0"])
  })

  it("gives files, and code that the API executed", () => {
    const executableCode = { language: "PYTHON", code: "print(1)" }
    const codeExecutionResult = { outcome: "OUTCOME_OK", output: "1\n" }
    const failed = { outcome: "OUTCOME_FAILED", output: "no" }
    expect(content(answer([
      { inlineData: { mimeType: "image/png", data: "AA==" }, thoughtSignature: "s" },
      { inlineData: { mimeType: "image/png", data: "AQ==" }, thought: true },
      { executableCode },
      { codeExecutionResult },
      { executableCode },
      { codeExecutionResult: failed }
    ]))).toEqual([
      { type: "file", mediaType: "image/png", data: "AA==", metadata: { google: { thoughtSignature: "s" } } },
      { type: "file", mediaType: "image/png", data: "AQ==", metadata: { google: { thought: true } } },
      ...([[0, codeExecutionResult], [1, failed]] as const).flatMap(([number, result]) => {
        const part = { id: `call_r1_${number}`, name: "code_execution", providerExecuted: true }
        return [
          { type: "tool-call", ...part, params: executableCode, metadata: { google: { part: "executableCode" } } },
          {
            type: "tool-result",
            ...part,
            result,
            isFailure: number === 1,
            metadata: { google: { part: "codeExecutionResult" } }
          }
        ]
      })
    ])
    expect(finish(answer([{ executableCode }])).reason).toBe("stop")
  })

  it("gives the calls of the API's own tools", () => {
    expect(content(answer([
      { toolCall: { id: "t1", toolType: "GOOGLE_SEARCH_WEB", args: { q: "x" } }, thoughtSignature: "s" },
      { toolResponse: { id: "t1", toolType: "GOOGLE_SEARCH_WEB", response: { y: 1 } } }
    ]))).toEqual([
      {
        type: "tool-call",
        id: "t1",
        name: "GOOGLE_SEARCH_WEB",
        params: { q: "x" },
        providerExecuted: true,
        metadata: { google: { part: "toolCall", functionCallId: "t1", thoughtSignature: "s" } }
      },
      {
        type: "tool-result",
        id: "t1",
        name: "GOOGLE_SEARCH_WEB",
        result: { y: 1 },
        isFailure: false,
        providerExecuted: true,
        metadata: { google: { part: "toolResponse", functionCallId: "t1" } }
      }
    ])
  })

  it("gives each source once, after the text, and keeps the grounding as it came", () => {
    const groundingMetadata = {
      webSearchQueries: ["q"],
      groundingChunks: [
        { web: { uri: "https://a.example", title: "A" } },
        { web: { uri: "https://a.example", title: "again" } },
        { retrievedContext: { uri: "fileSearchStores/s/f", title: "F" } },
        { maps: { uri: "https://maps.example" } },
        null,
        { web: { title: "no address" } }
      ]
    }
    const json = answer([{ text: "x" }], {}, {
      groundingMetadata,
      citationMetadata: { citationSources: [{ uri: "https://c.example" }] }
    })
    expect(content(json)).toEqual([
      { type: "text", text: "x" },
      { type: "source", sourceType: "url", id: "source_0", url: "https://a.example", title: "A" },
      {
        type: "source",
        sourceType: "document",
        id: "source_1",
        mediaType: "application/octet-stream",
        title: "F",
        fileName: "fileSearchStores/s/f"
      },
      { type: "source", sourceType: "url", id: "source_2", url: "https://maps.example", title: "https://maps.example" },
      { type: "source", sourceType: "url", id: "source_3", url: "https://c.example", title: "https://c.example" }
    ])
    expect(finish(json).metadata).toEqual({ google: { groundingMetadata } })
  })

  it("reads only the first candidate", () => {
    const json = answer([{ text: "a" }])
    const candidates = [...json.candidates, { index: 1, content: { parts: [{ text: "b" }] }, finishReason: "SAFETY" }]
    expect(content({ ...json, candidates })).toEqual([{ type: "text", text: "a" }])
  })

  it("is read where fields are null, absent or unknown", () => {
    const json = {
      candidates: [{ content: { parts: [{ text: null }, {}, { x: 1 }, { text: "a" }] }, finishReason: null, new: 1 }],
      usageMetadata: null,
      promptFeedback: null
    }
    expect(parts(json)).toEqual([
      { type: "text", text: "a" },
      { type: "finish", reason: "unknown", usage: { inputTokens: {}, outputTokens: {} } }
    ])
    expect(content({ candidates: [{ finishReason: "MAX_TOKENS" }] })).toEqual([])
  })

  it("joins the chunks of an array, as a stream that is not asked for as events answers", () => {
    const chunks = [chunk([{ text: "Hel" }]), answer([{ text: "lo" }])]
    expect(parts(chunks)).toEqual(parts(answer([{ text: "Hello" }])))
    expect(failure([chunks[0]])?._tag).toBe("StreamInterrupted")
    expect(failure([chunks[0], { error: { code: 503, status: "UNAVAILABLE" } }])?._tag).toBe("Overloaded")
  })

  it.each([
    [null],
    ["text"],
    [[]],
    [[1]],
    [{}],
    [{ candidates: [] }],
    [{ candidates: [{ content: "x" }] }],
    [answer([{ functionCall: { args: {} } }])],
    [answer([{ functionCall: { name: "a", args: "{" } }])],
    [answer([{ functionCall: { name: "a", args: [1] } }])],
    [answer([], {}, { finishReason: "MALFORMED_FUNCTION_CALL" })]
  ])("that breaks the protocol is malformed: %j", (json) => {
    expect(failure(json)?._tag).toBe("MalformedResponse")
  })

  it("to a prompt that is blocked is filtered", () => {
    expect(failure({ promptFeedback: { blockReason: "PROHIBITED_CONTENT" }, usageMetadata: { promptTokenCount: 4 } }))
      .toEqual({ _tag: "ContentFiltered", description: "the prompt was blocked", code: "PROHIBITED_CONTENT" })
  })

  it("names the API's own word where the common one says less", () => {
    expect(finish(answer([], {}, { finishReason: "SPII", finishMessage: "m" }))).toMatchObject({
      reason: "content-filter",
      metadata: { google: { finishReason: "SPII", finishMessage: "m" } }
    })
  })

  it("is made of effect/ai's parts", () => {
    const json = answer(
      [
        { text: "a", thought: true, thoughtSignature: "s" },
        { functionCall: { name: "a" } },
        { executableCode: { code: "1" } },
        { codeExecutionResult: { outcome: "OUTCOME_OK" } },
        { inlineData: { mimeType: "image/png", data: "AAAA" } }
      ],
      { usageMetadata: { promptTokenCount: 1 } },
      { groundingMetadata: { groundingChunks: [{ web: { uri: "https://a.example" } }, { maps: { uri: "x" } }] } }
    )
    const decode = Schema.decodeUnknownResult(Schema.Array(Schema.toEncoded(AiResponse.Part())), {
      onExcessProperty: "error"
    })
    expect(decode(parts(json))).toMatchObject({ _tag: "Success" })
  })
})

describe("usage", () => {
  const usage = (usageMetadata: object) => finish(answer([], { usageMetadata })).usage

  it("is disjoint: cached within the prompt, thoughts beside the answer, the API's tools beside the prompt", () => {
    expect(usage({
      promptTokenCount: 100,
      cachedContentTokenCount: 60,
      toolUsePromptTokenCount: 7,
      candidatesTokenCount: 10,
      thoughtsTokenCount: 30,
      totalTokenCount: 147
    })).toEqual({
      inputTokens: { total: 107, uncached: 47, cacheRead: 60 },
      outputTokens: { total: 40, text: 10, reasoning: 30 }
    })
  })

  it("leaves out what was not told", () => {
    expect(usage({ promptTokenCount: 4, candidatesTokenCount: 2 }))
      .toEqual({ inputTokens: { total: 4 }, outputTokens: { total: 2, text: 2 } })
    expect(usage({ promptTokenCount: 4, thoughtsTokenCount: 2 }))
      .toEqual({ inputTokens: { total: 4 }, outputTokens: { total: 2, reasoning: 2 } })
    expect(usage({ promptTokenCount: 1.5, candidatesTokenCount: -1 })).toEqual({ inputTokens: {}, outputTokens: {} })
  })

  it("sees by the total where thoughts are counted within the answer", () => {
    expect(usage({ promptTokenCount: 4, candidatesTokenCount: 10, thoughtsTokenCount: 8, totalTokenCount: 14 }))
      .toEqual({ inputTokens: { total: 4 }, outputTokens: { total: 10, text: 2, reasoning: 8 } })
  })
})

describe("a stream", () => {
  it("gives deltas as they come, the signature at the end, and finishes with the bytes", () => {
    expect(stream(
      chunk([{ text: "th", thought: true }], { usageMetadata: { promptTokenCount: 3, thoughtsTokenCount: 2 } }),
      chunk([{ text: "Hel" }]),
      chunk([{ text: "lo" }]),
      answer([{ text: "", thoughtSignature: "U2ln" }], {
        usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 1 }
      })
    )).toEqual({
      reason: undefined,
      parts: [
        { type: "response-metadata", id: "r1", modelId: "gemini-2.5-flash" },
        { type: "reasoning-start", id: "0", metadata: { google: { thought: true } } },
        { type: "reasoning-delta", id: "0", delta: "th" },
        { type: "reasoning-end", id: "0" },
        { type: "text-start", id: "1" },
        { type: "text-delta", id: "1", delta: "Hel" },
        { type: "text-delta", id: "1", delta: "lo" },
        { type: "text-end", id: "1", metadata: { google: { thoughtSignature: "U2ln" } } },
        {
          type: "finish",
          reason: "stop",
          usage: { inputTokens: { total: 3 }, outputTokens: { total: 3, text: 1, reasoning: 2 } }
        }
      ]
    })
  })

  it("tells a tool call in the parts of one that came in pieces", () => {
    const { parts } = stream(answer([{ functionCall: { name: "a", args: { x: 1 } } }]))
    expect(parts.slice(1, 5)).toEqual([
      { type: "tool-params-start", id: "call_r1_0", name: "a" },
      { type: "tool-params-delta", id: "call_r1_0", delta: "{\"x\":1}" },
      { type: "tool-params-end", id: "call_r1_0" },
      { type: "tool-call", id: "call_r1_0", name: "a", params: { x: 1 } }
    ])
  })

  it("does not end at a finish reason that is in every chunk", () => {
    const { parts } = stream(
      answer([{ text: "a" }]),
      answer([{ text: "b" }]),
      answer([], {}, { finishReason: "MAX_TOKENS" })
    )
    expect(Response.fold(parts).slice(1)).toMatchObject([{ type: "text", text: "ab" }, { reason: "length" }])
  })

  it("ends at [DONE], which some servers send", () => {
    expect(stream(answer([{ text: "a" }]), event("[DONE]"), event("x")).parts.at(-1)?.type).toBe("finish")
  })

  it("reads events that are arrays", () => {
    expect(Response.fold(stream([chunk([{ text: "a" }]), answer([{ text: "b" }])]).parts)[1])
      .toEqual({ type: "text", text: "ab" })
  })

  it.each<readonly [string, ReadonlyArray<unknown>, string]>([
    ["nothing", [], "StreamInterrupted"],
    ["no finish reason", [chunk([{ text: "a" }])], "StreamInterrupted"],
    ["garbage", [chunk([{ text: "a" }]), event("<html>")], "MalformedResponse"],
    ["a text", [event("\"x\"")], "MalformedResponse"],
    ["an error event", ["event: error\n", { error: { code: 503, status: "UNAVAILABLE" } }], "Overloaded"],
    ["an error", [{ error: { code: 429, status: "RESOURCE_EXHAUSTED" } }], "RateLimited"],
    ["an error between events", [chunk([]), "{\n  \"error\": {\n    \"code\": 500\n  }\n}\n"], "ServerFault"],
    ["an error between events of one line end", ["data: {}\n\n", "{\"error\": {\"code\": 503}}"], "Overloaded"],
    ["something else between events", [chunk([]), "{\"x\": 1}"], "StreamInterrupted"],
    ["a block", [chunk([{ text: "a" }]), { promptFeedback: { blockReason: "SAFETY" } }], "ContentFiltered"]
  ])("with %s fails", (_, entries, tag) => {
    const { parts, reason } = stream(...entries)
    expect(reason?._tag).toBe(tag)
    expect(parts.some(({ type }) => type === "finish")).toBe(false)
  })
})

describe("the round trip", () => {
  const said = [
    { text: "hm", thought: true },
    { text: "Let me look." },
    { functionCall: { name: "a", args: { x: 1 } }, thoughtSignature: "Cs/+0w==" },
    { functionCall: { name: "a", args: {} } },
    { functionCall: { id: "fc-1", name: "b", args: {} } },
    { executableCode: { language: "PYTHON", code: "1" } },
    { codeExecutionResult: { outcome: "OUTCOME_OK", output: "1" }, thoughtSignature: "x" },
    { inlineData: { mimeType: "image/png", data: "AAAA" }, thoughtSignature: "y" },
    { text: "done", thoughtSignature: "z" }
  ]

  const encodedAgain = (messages: ReadonlyArray<Prompt.MessageEncoded>) => {
    const request = Effect.runSync(Request.decode({ messages: [{ role: "user", content: "?" }, ...messages] }))
    const { body, losses } = Result.getOrThrow(Encode.encode({ model: "gemini-2.5-flash", request }, ["google"]))
    return { model: body.contents[1], losses }
  }

  it("sends an answer back as it came", () => {
    expect(encodedAgain(Conversation.toMessages(parts(answer(said)))))
      .toEqual({ model: { role: "model", parts: said }, losses: [] })
  })

  it("sends an answer that was streamed back as it came", () => {
    const { parts } = stream(...said.map((part) => chunk([part])), answer([]))
    expect(encodedAgain(Conversation.toMessages(Response.fold(parts))))
      .toEqual({ model: { role: "model", parts: said }, losses: [] })
  })

  it("sends an answer back that effect/ai made a prompt of", () => {
    const text = [said[0]!, said[8]!, said[0]!, said[1]!]
    const decoded = parts(answer(text)).filter(({ type }) => type === "text" || type === "reasoning").map((part: any) =>
      AiResponse.makePart(part.type, part)
    )
    const prompt = Prompt.fromResponseParts(decoded as any)
    expect(encodedAgain(prompt.content as any).model).toEqual({ role: "model", parts: text })
  })
})
