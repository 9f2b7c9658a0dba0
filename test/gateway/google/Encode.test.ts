import { describe, expect, it } from "@effect/vitest"
import { Result } from "effect"
import type { Asked } from "../../../src/gateway/Dialect.ts"
import * as Failure from "../../../src/gateway/Failure.ts"
import { dialect } from "../../../src/gateway/google/Google.ts"
import * as Response from "../../../src/Response.ts"
import * as Vendor from "../../../src/vendor/google/Decode.ts"
import { answers, type Part, responseOf, streamOf } from "../answers.ts"
import { judge } from "../Specifications.ts"

const surroundings = { id: "a1", now: 1_000 }

const asked = (query: Record<string, string> = {}): Asked =>
  Result.getOrThrow(dialect.decode({
    body: { contents: [{ parts: [{ text: "Hello" }] }] },
    path: { model: "asked", method: "streamGenerateContent" },
    query
  }))

const whole = (parts: ReadonlyArray<Part>): any => asked().whole(responseOf(parts), surroundings)

const told = (parts: Iterable<Response.StreamPart>, query: Record<string, string> = {}): string => {
  const events = asked(query).events(surroundings)
  let text = ""
  for (const part of parts) text += events.part(part)
  return text + events.end()
}

const parsed = (text: string): ReadonlyArray<any> =>
  text.split("\r\n\r\n").filter((event) => event !== "").map((event) => {
    expect(event.slice(0, 6)).toBe("data: ")
    return JSON.parse(event.slice(6))
  })

const sse = (parts: Iterable<Response.StreamPart>) => parsed(told(parts, { alt: "sse" }))

/** The answer that a client puts together of the chunks. */
const folded = (chunks: ReadonlyArray<any>): any => {
  const parts: Array<any> = []
  for (const { candidates: [{ content }] } of chunks) {
    for (const part of content.parts) {
      const last = parts.at(-1)
      const joins = typeof part.text === "string" && typeof last?.text === "string" && last.thought === part.thought &&
        last.thoughtSignature === undefined
      if (joins) parts[parts.length - 1] = { ...last, ...part, text: last.text + part.text }
      else if (part.text !== "" || part.thoughtSignature !== undefined) parts.push(part)
    }
  }
  const last = chunks.at(-1)
  const [{ content: _, ...candidate }] = last.candidates
  return { ...last, candidates: [{ content: { parts, role: "model" }, ...candidate }] }
}

const judged = judge("gemini.core.json", true)
/** The specification is older than the titles of sources, which every answer of the API has. */
const every = Object.entries(answers)
const specified = every.filter(([name]) => name !== "sources" && name !== "citations")

describe("a whole answer", () => {
  it.skipIf(judged === undefined).each(specified)("is one of the API's: %s", (_, parts) => {
    expect(judged!("GenerateContentResponse", whole(parts))).toEqual([])
  })

  it("has the API's own counts", () => {
    expect(whole(answers["text"]!).usageMetadata).toEqual({
      promptTokenCount: 30,
      cachedContentTokenCount: 8,
      candidatesTokenCount: 9,
      thoughtsTokenCount: 3,
      totalTokenCount: 42
    })
    expect(whole(answers["unknown usage"]!).usageMetadata).toEqual({})
    const usage = { inputTokens: { uncached: 3, cacheWrite: 2 }, outputTokens: { total: 5 } }
    expect(whole([{ type: "finish", reason: "stop", usage }]).usageMetadata).toEqual({
      promptTokenCount: 5,
      candidatesTokenCount: 5,
      totalTokenCount: 10
    })
  })

  it.each([
    ["text", "STOP"],
    ["tool call", "STOP"],
    ["length", "MAX_TOKENS"],
    ["refusal", "SAFETY"],
    ["paused", "OTHER"],
    ["unknown end", "OTHER"]
  ])("tells why it ended: %s", (name, reason) => {
    expect(whole(answers[name]!).candidates[0].finishReason).toBe(reason)
  })

  it("has Google's own words of the end where it told them", () => {
    const groundingMetadata = { webSearchQueries: ["x"] }
    const metadata = { google: { finishReason: "RECITATION", finishMessage: "It is.", groundingMetadata } }
    const usage = Response.unknownUsage
    expect(whole([{ type: "finish", reason: "content-filter", usage, metadata }]).candidates[0]).toMatchObject({
      finishReason: "RECITATION",
      finishMessage: "It is.",
      groundingMetadata
    })
  })

  it("tells other vendors' sources as what it is grounded in", () => {
    const document = { type: "source", sourceType: "document", id: "1", mediaType: "text/plain", title: "D" } as Part
    const [candidate] = whole([...answers["sources"]!, document, ...answers["empty"]!]).candidates
    expect(candidate.groundingMetadata.groundingChunks).toEqual([
      { web: { uri: "https://x.test", title: "X" } },
      { retrievedContext: { title: "D" } }
    ])
  })

  it("has the API's own id of a call, else the dispatcher's", () => {
    const functionCall = { name: "weather", args: { city: "Bern" } }
    expect(whole(answers["tool call that is signed"]!).candidates[0].content.parts).toEqual([
      { functionCall: { id: "f7", ...functionCall }, thoughtSignature: "c2ln" }
    ])
    expect(whole(answers["tool calls"]!).candidates[0].content.parts[0]).toEqual({
      functionCall: { id: "call_1", ...functionCall }
    })
  })

  it("leaves out tools that another vendor ran, which a client would run again", () => {
    expect(whole(answers["search of Anthropic's own"]!).candidates[0].content.parts).toEqual([{ text: "X." }])
  })

  const kept = every.filter(([name]) =>
    !/another|nobody|signed|hidden|Anthropic|paused|unknown|sources|citations|sequence/.test(name)
  )

  it.each(kept)("is read by the vendor's decoder as it was: %s", (_, parts) => {
    const read = Result.getOrThrow(Vendor.whole(0)(JSON.parse(JSON.stringify(whole(parts)))))
    const bare = (list: ReadonlyArray<any>) =>
      list.filter(({ type }) => type !== "finish" && type !== "response-metadata")
        .map((part) => ({ ...part, id: undefined, metadata: undefined }))
    expect(bare(read)).toEqual(bare(parts))
    expect(read.at(-1)).toMatchObject({
      reason: responseOf(parts).finishReason,
      usage: { inputTokens: { total: 30, cacheRead: 8 }, outputTokens: { total: 12, text: 9, reasoning: 3 } }
    })
  })
})

describe("reasoning", () => {
  const reasoningOf = (body: unknown): any =>
    (Result.getOrThrow(dialect.decode({ body, path: { model: "m" }, query: {} })).request as any).messages.at(-1)
      .content[0]

  it.each<[string, any]>([
    ["of Google's own that is signed", { google: { thoughtSignature: "c2ln", thought: true } }],
    ["of Google's own that is not", { google: { thought: true } }],
    ["of another vendor", { openai: { itemId: "rs_1", encryptedContent: "abc" } }]
  ])("%s comes back to who did it", (_, metadata) => {
    const { content } = whole([{ type: "reasoning", text: "Hm.", metadata }, ...answers["empty"]!]).candidates[0]
    expect(reasoningOf({ contents: [content] })).toEqual({ type: "reasoning", text: "Hm.", options: metadata })
  })

  it("of another vendor comes back whole from a stream, whose chunks clients keep as contents", () => {
    const metadata = { anthropic: { signature: "c2ln" } }
    const parts: ReadonlyArray<Part> = [{ type: "reasoning", text: "Hm, so.", metadata }, ...answers["text"]!]
    const contents = sse(streamOf(parts)).map(({ candidates: [{ content }] }) => content)
    const { request } = Result.getOrThrow(dialect.decode({ body: { contents }, path: { model: "m" }, query: {} }))
    expect((request as any).messages).toEqual([{
      role: "assistant",
      content: [{ type: "reasoning", text: "Hm, so.", options: metadata }, {
        type: "text",
        text: (answers["text"]![1] as any).text
      }]
    }])
  })

  it("is signed in a stream with its last piece, for clients that take no signature without a text", () => {
    const metadata = { anthropic: { signature: "c2ln" } }
    const events = sse([
      { type: "reasoning-start", id: "0" },
      { type: "reasoning-delta", id: "0", delta: "Hm, " },
      { type: "reasoning-delta", id: "0", delta: "so." },
      { type: "reasoning-end", id: "0", metadata },
      { type: "text-start", id: "1" },
      { type: "text-delta", id: "1", delta: "Yes." }
    ])
    const thoughtSignature = expect.any(String)
    expect(events.map(({ candidates: [{ content }] }) => content.parts)).toEqual([
      [{ text: "Hm, ", thought: true }],
      [{ text: "so.", thought: true, thoughtSignature }],
      [{ text: "Yes." }]
    ])
  })

  it("that nobody ended is told before what follows, an error among it", () => {
    const thought = { type: "reasoning-delta", id: "0", delta: "Hm." } as const
    const following: ReadonlyArray<Response.StreamPart> = [
      { type: "text-start", id: "1" },
      { type: "tool-call", id: "c", name: "f", params: {}, providerExecuted: false } as never,
      { type: "reasoning-end", id: "0" }
    ]
    for (const part of following) {
      const [first] = sse([thought, part])
      expect(first.candidates[0].content.parts).toEqual([{ text: "Hm.", thought: true }])
    }
    const events = asked({ alt: "sse" }).events(surroundings)
    events.part(thought)
    expect(events.failed(Failure.make("upstream", "it broke"))).toMatch(/"text":"Hm\.".*\r\n\r\ndata: \{"error"/s)
  })

  it("of another vendor is signed with base64, as clients want it", () => {
    const { content } = whole(answers["reasoning of another vendor"]!).candidates[0]
    expect(Buffer.from(content.parts[0].thoughtSignature, "base64").toString("base64")).toBe(
      content.parts[0].thoughtSignature
    )
  })
})

describe("a stream of events", () => {
  it.each(every)("tells the same as the whole answer: %s", (_, parts) => {
    expect(folded(sse(streamOf(parts)))).toEqual(whole(parts))
  })

  it.each(every)("tells calls that end late or come whole: %s", (_, parts) => {
    expect(folded(sse(streamOf(parts, true)))).toEqual(folded(sse(Response.unfold(parts))))
  })

  it.skipIf(judged === undefined).each(specified)("has only chunks of the API's own: %s", (_, parts) => {
    for (const chunk of sse(streamOf(parts))) expect(judged!("GenerateContentResponse", chunk)).toEqual([])
  })

  it("names the model that was asked for where the vendor names none", () => {
    expect(sse([{ type: "text-delta", id: "0", delta: "x" }])).toEqual([{
      candidates: [{ content: { parts: [{ text: "x" }], role: "model" }, index: 0 }],
      modelVersion: "asked",
      responseId: "a1"
    }])
  })

  it("ends with an error as an event where it breaks", () => {
    const events = asked({ alt: "sse" }).events(surroundings)
    events.part({ type: "text-delta", id: "0", delta: "x" })
    expect(events.failed(Failure.make("overloaded", "Busy."))).toBe(
      "data: {\"error\":{\"code\":503,\"message\":\"Busy.\",\"status\":\"UNAVAILABLE\"}}\r\n\r\n"
    )
    expect(events.contentType).toBe("text/event-stream")
  })

  it("tells that the prompt is blocked as an answer, and of an answer that has begun as an error", () => {
    const failure = Failure.make("content-filtered", "Blocked.")
    const events = asked({ alt: "sse" }).events(surroundings)
    const blocked = { promptFeedback: { blockReason: "SAFETY", blockReasonMessage: "Blocked." } }
    expect(parsed(events.failed(failure))).toEqual([blocked])
    events.part({ type: "text-delta", id: "0", delta: "x" })
    expect(parsed(events.failed(failure))).toMatchObject([{ error: { status: "INVALID_ARGUMENT" } }])
    expect(JSON.parse(asked().events(surroundings).failed(failure))).toEqual([blocked])
  })
})

describe("a stream as an array", () => {
  it.each(every)("tells the same as the events: %s", (_, parts) => {
    expect(JSON.parse(told(streamOf(parts)))).toEqual(sse(streamOf(parts)))
  })

  it("is an array at any end", () => {
    const events = asked().events(surroundings)
    expect(JSON.parse(told([]))).toEqual([])
    expect(events.contentType).toBe("application/json")
    const text = events.part({ type: "text-delta", id: "0", delta: "x" }) +
      events.failed(Failure.make("upstream", "Cut."))
    expect(JSON.parse(text)).toMatchObject([{ candidates: [{}] }, { error: { code: 502, message: "Cut." } }])
  })
})

describe("a refusal", () => {
  it.each(
    [
      ["invalid-request", 400, "INVALID_ARGUMENT"],
      ["unauthenticated", 401, "UNAUTHENTICATED"],
      ["permission-denied", 403, "PERMISSION_DENIED"],
      ["not-found", 404, "NOT_FOUND"],
      ["too-large", 413, "INVALID_ARGUMENT"],
      ["rate-limited", 429, "RESOURCE_EXHAUSTED"],
      ["quota-exhausted", 429, "RESOURCE_EXHAUSTED"],
      ["overloaded", 503, "UNAVAILABLE"],
      ["timed-out", 504, "DEADLINE_EXCEEDED"],
      ["unsupported", 400, "INVALID_ARGUMENT"],
      ["upstream", 502, "INTERNAL"],
      ["internal", 500, "INTERNAL"]
    ] as const
  )("of the kind %s has the API's status and code", (kind, code, status) => {
    expect(dialect.refusal(Failure.make(kind, "m"))).toEqual({
      status: code,
      body: { error: { code, message: "m", status } }
    })
  })

  it("tells the field and the wait", () => {
    expect(dialect.refusal(Failure.make("rate-limited", "m", { field: "contents", retryAfter: 1_500 })).body).toEqual({
      error: {
        code: 429,
        message: "m",
        status: "RESOURCE_EXHAUSTED",
        details: [
          {
            "@type": "type.googleapis.com/google.rpc.BadRequest",
            fieldViolations: [{ field: "contents", description: "m" }]
          },
          { "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "1.5s" }
        ]
      }
    })
  })

  it("of a blocked prompt is an answer", () => {
    expect(dialect.refusal(Failure.make("content-filtered", "m"))).toEqual({
      status: 200,
      body: { promptFeedback: { blockReason: "SAFETY", blockReasonMessage: "m" } }
    })
  })

  it("says in words that clients know that the prompt is too long", () => {
    expect((dialect.refusal(Failure.make("context-length", "9 of 8")).body as any).error.message).toBe(
      "The input exceeds the maximum number of tokens: 9 of 8"
    )
  })
})
