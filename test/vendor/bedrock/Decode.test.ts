import { describe, expect, it } from "@effect/vitest"
import { EventStreamCodec } from "@smithy/core/event-streams"
import { Effect, Result, Stream } from "effect"
import * as fc from "fast-check"
import * as Response from "../../../src/Response.ts"
import * as Decode from "../../../src/vendor/bedrock/Decode.ts"
import * as Frames from "../../../src/vendor/bedrock/Frames.ts"
import type { AttemptError } from "../../../src/VendorError.ts"
import { ExchangeError } from "../../../src/wire/Exchange.ts"
import { error, event, exception, frame } from "./frames.ts"

interface Read {
  readonly parts: ReadonlyArray<Response.StreamPart>
  readonly error: AttemptError | undefined
}

const readStream = (
  bytes: Stream.Stream<Uint8Array, ExchangeError>,
  options?: Frames.Options
): Read => {
  const parts: Array<Response.StreamPart> = []
  const error = Effect.runSync(
    bytes.pipe(
      Frames.decode(Decode.frameDecoder, options),
      Stream.runForEach((part) => Effect.sync(() => void parts.push(part))),
      Effect.match({ onFailure: (error) => error, onSuccess: () => undefined })
    )
  )
  return { parts, error }
}

const readChunks = (chunks: ReadonlyArray<Uint8Array>, options?: Frames.Options): Read =>
  readStream(Stream.fromIterable(chunks, { chunkSize: 1 }), options)

const read = (...frames: ReadonlyArray<Uint8Array>) => readChunks([new Uint8Array(Buffer.concat(frames))])
const fold = ({ error, parts }: Read) => {
  expect(error).toBeUndefined()
  return Response.fold(parts)
}

const delta = (contentBlockIndex: number, delta: object) => event("contentBlockDelta", { contentBlockIndex, delta })
const end = (contentBlockIndex: number) => event("contentBlockStop", { contentBlockIndex })
const tool = (contentBlockIndex: number, toolUse: object) =>
  event("contentBlockStart", { contentBlockIndex, start: { toolUse } })
const stop = (stopReason = "end_turn", more: object = {}) => event("messageStop", { stopReason, ...more })
const usage = { inputTokens: 9, outputTokens: 4, totalTokens: 13 }
const metadata = (more: object = {}) => event("metadata", { usage, metrics: { latencyMs: 1 }, ...more })
const begin = event("messageStart", { role: "assistant" })

const finish = (reason: string, more: object = {}) => ({
  type: "finish",
  reason,
  usage: { inputTokens: { uncached: 9, total: 9 }, outputTokens: { total: 4 } },
  ...more
})

const conversation = [
  begin,
  delta(0, { reasoningContent: { text: "Six " } }),
  delta(0, { reasoningContent: { text: "sevens." } }),
  delta(0, { reasoningContent: { signature: "c2ln" } }),
  end(0),
  delta(1, { text: "Zwei " }),
  delta(1, { text: "你好 👩‍👩‍👧" }),
  end(1),
  tool(2, { toolUseId: "t1", name: "weather" }),
  delta(2, { toolUse: { input: "{\"city\":" } }),
  delta(2, { toolUse: { input: "\"Zürich\"}" } }),
  end(2),
  tool(3, { toolUseId: "t2", name: "now" }),
  end(3),
  stop("tool_use"),
  metadata()
]

const whole = {
  output: {
    message: {
      role: "assistant",
      content: [
        { reasoningContent: { reasoningText: { text: "Six sevens.", signature: "c2ln" } } },
        { text: "Zwei 你好 👩‍👩‍👧" },
        { toolUse: { toolUseId: "t1", name: "weather", input: { city: "Zürich" } } },
        { toolUse: { toolUseId: "t2", name: "now", input: {} } }
      ]
    }
  },
  stopReason: "tool_use",
  usage,
  metrics: { latencyMs: 1 }
}

const parts = [
  { type: "reasoning", text: "Six sevens.", metadata: { bedrock: { signature: "c2ln" } } },
  { type: "text", text: "Zwei 你好 👩‍👩‍👧" },
  { type: "tool-call", id: "t1", name: "weather", params: { city: "Zürich" } },
  { type: "tool-call", id: "t2", name: "now", params: {} },
  finish("tool-calls")
]

describe("a stream", () => {
  it("gives each block its start, pieces and end", () => {
    const { parts } = read(...conversation)
    expect(parts.map(({ type }) => type)).toEqual([
      "reasoning-start",
      "reasoning-delta",
      "reasoning-delta",
      "reasoning-end",
      "text-start",
      "text-delta",
      "text-delta",
      "text-end",
      "tool-params-start",
      "tool-params-delta",
      "tool-params-delta",
      "tool-params-end",
      "tool-call",
      "tool-params-start",
      "tool-params-end",
      "tool-call",
      "finish"
    ])
  })

  it("says what the whole answer says", () => {
    expect(fold(read(...conversation))).toEqual(parts)
    expect(Result.getOrThrow(Decode.whole(whole))).toEqual(parts)
  })

  it("reads the same however its bytes are cut", () => {
    const bytes = new Uint8Array(Buffer.concat(conversation))
    const expected = read(...conversation)
    fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: bytes.length - 1 }), { maxLength: 40 }), (cuts) => {
      const at = [0, ...cuts.toSorted((a, b) => a - b), bytes.length]
      const chunks = at.slice(1).map((to, index) => bytes.slice(at[index], to))
      expect(readChunks(chunks)).toEqual(expected)
    }))
  })

  it("reads what the SDK's own codec writes", () => {
    const codec = new EventStreamCodec((bytes) => String(bytes), (text) => new TextEncoder().encode(text))
    const written = codec.encode({
      headers: {
        ":message-type": { type: "string", value: "event" },
        ":event-type": { type: "string", value: "messageStop" }
      },
      body: new TextEncoder().encode("{\"stopReason\":\"end_turn\"}")
    })
    expect(read(written).parts).toEqual([
      { type: "finish", reason: "stop", usage: { inputTokens: {}, outputTokens: {} } }
    ])
  })

  it("needs no start for a block, and no end", () => {
    expect(fold(read(begin, delta(0, { text: "a" }), delta(1, { text: "b" }), stop(), metadata()))).toEqual([
      { type: "text", text: "a" },
      { type: "text", text: "b" },
      finish("stop")
    ])
  })

  it("keeps redacted reasoning, joined from its pieces", () => {
    const pieces = ["YWI=", "Yw=="].map((redactedContent) => delta(0, { reasoningContent: { redactedContent } }))
    expect(fold(read(begin, ...pieces, end(0), stop(), metadata()))[0]).toEqual({
      type: "reasoning",
      text: "",
      metadata: { bedrock: { redactedContent: "YWJj" } }
    })
  })

  it("skips events, blocks and fields that it does not know", () => {
    const odd = [
      event("contentBlockPing", { a: 1 }),
      event("contentBlockStart", { contentBlockIndex: 0, start: { toolResult: { toolUseId: "x" } } }),
      delta(0, { toolResult: [{ text: "x" }] }),
      delta(1, { text: "Hi", mood: "good" }),
      event("contentBlockDelta", { contentBlockIndex: 1, delta: null })
    ]
    expect(fold(read(begin, ...odd, stop(), metadata()))).toEqual([{ type: "text", text: "Hi" }, finish("stop")])
  })

  it("takes a tool that the server runs for no call of ours", () => {
    const toolUse = { toolUseId: "s1", name: "nova_grounding", type: "server_tool_use" }
    expect(fold(read(begin, tool(0, toolUse), end(0), stop(), metadata()))).toEqual([
      { type: "tool-call", id: "s1", name: "nova_grounding", params: {}, providerExecuted: true },
      finish("stop")
    ])
  })

  it("cites addresses", () => {
    const citation = { title: "Bern", location: { web: { url: "https://example.com/bern", domain: "example.com" } } }
    const inDocument = { title: "Plan", location: { documentPage: { documentIndex: 0, start: 1, end: 2 } } }
    const source = { type: "source", sourceType: "url", id: "source_0", url: "https://example.com/bern", title: "Bern" }
    const streamed = read(
      begin,
      delta(0, { text: "Capital." }),
      delta(0, { citation }),
      delta(0, { citation: inDocument }),
      stop()
    )
    expect(fold(streamed)).toContainEqual(source)
    const content = [{ citationsContent: { content: [{ text: "Capital." }], citations: [citation, inDocument] } }]
    const answer = Result.getOrThrow(Decode.whole({ output: { message: { content } }, stopReason: "end_turn" }))
    expect(answer.slice(0, 2)).toEqual([{ type: "text", text: "Capital." }, source])
  })

  it("gives images as files", () => {
    const image = { format: "png", source: { bytes: "iVBORw==" } }
    const file = { type: "file", mediaType: "image/png", data: "iVBORw==" }
    const start = event("contentBlockStart", { contentBlockIndex: 0, start: { image: { format: "png" } } })
    expect(fold(read(begin, start, delta(0, { image }), end(0), stop()))[0]).toEqual(file)
    const answer = Decode.whole({ output: { message: { content: [{ image }] } }, stopReason: "end_turn" })
    expect(Result.getOrThrow(answer)[0]).toEqual(file)
  })
})

describe("the end", () => {
  it.each([
    ["end_turn", "stop"],
    ["stop_sequence", "stop"],
    ["tool_use", "tool-calls"],
    ["max_tokens", "length"],
    ["model_context_window_exceeded", "length"],
    ["guardrail_intervened", "content-filter"],
    ["content_filtered", "content-filter"],
    ["malformed_model_output", "error"],
    ["malformed_tool_use", "error"],
    ["new", "other"],
    ["", "unknown"]
  ])("reads %s as %s", (word, reason) => {
    expect(fold(read(begin, stop(word), metadata()))).toEqual([finish(reason)])
  })

  it("is for tools where tools are called, whatever the word", () => {
    const { parts } = read(begin, tool(0, { toolUseId: "t", name: "now" }), end(0), stop("end_turn"), metadata())
    expect(parts.at(-1)).toMatchObject({ reason: "tool-calls" })
  })

  it("counts what the cache gave and took beside the rest", () => {
    const counts = { ...usage, cacheReadInputTokens: 100, cacheWriteInputTokens: 20, totalTokens: 133 }
    expect(fold(read(begin, stop(), metadata({ usage: counts })))[0]).toMatchObject({
      usage: {
        inputTokens: { uncached: 9, cacheRead: 100, cacheWrite: 20, total: 129 },
        outputTokens: { total: 4 }
      }
    })
  })

  it("tells no count that is none", () => {
    const odd = { inputTokens: null, outputTokens: -1, cacheReadInputTokens: 1.5 }
    expect(Decode.usageOf(odd as any)).toEqual({ inputTokens: {}, outputTokens: {} })
  })

  it("keeps the guardrail's trace, the tier and the model's own fields", () => {
    const more = { additionalModelResponseFields: { stop_sequence: "END" } }
    const last = metadata({ serviceTier: { type: "flex" }, trace: { guardrail: {} } })
    expect(fold(read(begin, stop("stop_sequence", more), last))[0]).toEqual(finish("stop", {
      metadata: { bedrock: { ...more, serviceTier: { type: "flex" }, trace: { guardrail: {} } } }
    }))
  })

  it("comes at the end of the bytes where the metadata do not", () => {
    expect(fold(read(begin, delta(0, { text: "Hi" }), stop()))).toEqual([
      { type: "text", text: "Hi" },
      { type: "finish", reason: "stop", usage: { inputTokens: {}, outputTokens: {} } }
    ])
  })

  it("is the last: what follows is not looked at", () => {
    expect(read(begin, stop(), metadata(), exception("throttlingException", {}))).toMatchObject({
      error: undefined,
      parts: [{ type: "finish" }]
    })
  })
})

describe("faults", () => {
  const text = delta(0, { text: "Once" })
  const tagOf = ({ error }: Read) => error?.reason._tag

  it("are interruptions where the bytes end before the stop reason, between frames and inside", () => {
    const bytes = new Uint8Array(Buffer.concat([begin, text, stop()]))
    for (let size = 0; size < bytes.length; size++) {
      const read = readChunks([bytes.slice(0, size)])
      expect(tagOf(read)).toBe("StreamInterrupted")
      expect(read.parts.some(({ type }) => type === "finish")).toBe(false)
    }
  })

  it("keep the words of a connection that breaks, unless the answer was whole", () => {
    const broken = (...frames: ReadonlyArray<Uint8Array>) =>
      readStream(Stream.concat(
        Stream.fromIterable(frames),
        Stream.fail(
          new ExchangeError({ at: "head", cause: undefined })
        )
      ))
    expect(broken(begin, text).error?.reason).toEqual({
      _tag: "StreamInterrupted",
      description: "the connection failed"
    })
    expect(broken(begin, text, stop()).error).toBeUndefined()
  })

  it("show in any bit that is turned", () => {
    const bytes = new Uint8Array(Buffer.concat([begin, text, stop(), metadata()]))
    const whole = readChunks([bytes])
    fc.assert(fc.property(fc.integer({ min: 0, max: bytes.length * 8 - 1 }), (bit) => {
      const damaged = bytes.slice()
      damaged[bit >> 3]! ^= 1 << (bit & 7)
      const { error, parts } = readChunks([damaged])
      if (error === undefined) {
        // Only the metadata may be cut away: the answer was whole before them.
        expect(parts.slice(0, -1)).toEqual(whole.parts.slice(0, -1))
        expect(bit >> 3).toBeGreaterThanOrEqual(bytes.length - metadata().length)
      } else expect(["MalformedResponse", "StreamInterrupted"]).toContain(error.reason._tag)
    }))
  })

  it("show in the lengths of a frame before the rest of it is waited for", () => {
    const bytes = new Uint8Array(Buffer.concat([begin, text]))
    for (let at = begin.length; at < begin.length + 12; at++) {
      // A length of more than the largest frame is told as such.
      if (at - begin.length < 2) continue
      const damaged = bytes.with(at, bytes[at]! ^ 0x80).subarray(0, begin.length + 20)
      expect(readStream(Stream.concat(Stream.make(damaged), Stream.die("waited"))).error?.reason).toEqual({
        _tag: "MalformedResponse",
        description: "a frame of the stream is damaged"
      })
    }
  })

  it("are malformed answers where a frame is too large, too small, or no frame", () => {
    const large = readChunks(
      [event("contentBlockDelta", { contentBlockIndex: 0, delta: { text: "x".repeat(2_000) } })],
      {
        maxFrameSize: 1_000
      }
    )
    expect(large.error?.reason).toEqual({
      _tag: "MalformedResponse",
      description: "a frame of the stream is larger than 1000 bytes"
    })
    expect(tagOf(readChunks([new Uint8Array(12)]))).toBe("MalformedResponse")
    expect(tagOf(readChunks([new TextEncoder().encode("<html>")]))).toBe("MalformedResponse")
    expect(tagOf(read(frame({ ":message-type": "riddle" }, "{}")))).toBe("MalformedResponse")
    expect(tagOf(read(frame({ ":message-type": "event", ":event-type": "messageStop" }, "[not json")))).toBe(
      "MalformedResponse"
    )
  })

  it("are malformed answers where a tool's arguments are not JSON, and tell when the limit cut them", () => {
    const cut = [begin, tool(0, { toolUseId: "t", name: "write" }), delta(0, { toolUse: { input: "{\"a\":" } }), end(0)]
    expect(read(...cut, stop("max_tokens"), metadata()).error?.reason).toEqual({
      _tag: "MalformedResponse",
      description:
        "the arguments of the call to the tool \"write\" are not JSON: the answer reached its limit of tokens"
    })
    expect(tagOf(read(...cut, stop("tool_use"), metadata()))).toBe("MalformedResponse")
    expect(tagOf(read(begin, tool(0, { name: "write" })))).toBe("MalformedResponse")
  })

  it.each([
    [exception("throttlingException", { message: "Slow down." }), "RateLimited"],
    [exception("modelStreamErrorException", { originalMessage: "Broken.", originalStatusCode: 500 }), "ServerFault"],
    [exception("internalServerException", {}), "ServerFault"],
    [exception("serviceUnavailableException", {}), "Overloaded"],
    [exception("validationException", { message: "Input is too long for requested model." }), "ContextLengthExceeded"],
    [exception("validationException", { message: "Bad." }), "InvalidRequest"],
    [exception("modelTimeoutException", {}), "TimedOut"],
    [exception("newException", {}), "ServerFault"],
    [error("InternalError", "Broken."), "ServerFault"]
  ])("in frames are what they say (%#)", (frame, tag) => {
    const { error, parts } = read(begin, text, frame)
    expect(error?.reason._tag).toBe(tag)
    expect(parts.map(({ type }) => type)).toEqual(["text-start", "text-delta"])
  })

  it("keep the words and the name", () => {
    expect(read(exception("throttlingException", { message: "Slow down." })).error?.reason).toEqual({
      _tag: "RateLimited",
      description: "Slow down.",
      code: "throttlingException"
    })
    expect(read(error("InternalError", "Broken.")).error?.reason).toEqual({
      _tag: "ServerFault",
      description: "Broken.",
      code: "InternalError"
    })
  })
})

describe("a whole answer", () => {
  it.each([
    [null],
    [[]],
    [{}],
    [{ output: {} }],
    [{ output: { message: { content: "x" } } }],
    [{ output: { message: { content: [{ toolUse: { name: "now" } }] } }, stopReason: "tool_use" }]
  ])("is malformed as %j", (json) => {
    expect(Decode.whole(json)).toMatchObject({ failure: { reason: { _tag: "MalformedResponse" } } })
  })

  it("may leave out nearly everything", () => {
    expect(Result.getOrThrow(Decode.whole({ output: { message: { content: null } }, usage: null, new: 1 }))).toEqual([
      { type: "finish", reason: "unknown", usage: { inputTokens: {}, outputTokens: {} } }
    ])
  })
})
