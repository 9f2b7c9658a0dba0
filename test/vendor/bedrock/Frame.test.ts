import { describe, expect, it } from "@effect/vitest"
import { EventStreamCodec } from "@smithy/core/event-streams"
import * as fc from "fast-check"
import * as Frame from "../../../src/vendor/bedrock/Frame.ts"
import { error, event, exception, frame } from "./frames.ts"

const named = (type: string, payload = "{}") => frame({ ":message-type": "event", ":event-type": type }, payload)

const read = (type: string, payload = "{}"): Frame.Frame => ({ kind: "event", type, message: undefined, payload })

describe("a frame", () => {
  it("is read with its kind, its type, its message and its payload", () => {
    const parser = new Frame.Parser()
    expect([
      parser.parse(named("contentBlockDelta", "{\"text\":\"Zürich 👩‍👩‍👧\"}")),
      parser.parse(exception("throttlingException", {})),
      parser.parse(error("InternalError", "Broken."))
    ]).toEqual([
      { kind: "event", type: "contentBlockDelta", message: undefined, payload: "{\"text\":\"Zürich 👩‍👩‍👧\"}" },
      { kind: "exception", type: "throttlingException", message: undefined, payload: "{}" },
      { kind: "error", type: "InternalError", message: "Broken.", payload: "" }
    ])
  })

  it("is read as the SDK's own codec wrote it, headers of all types among those that count", () => {
    const codec = new EventStreamCodec((bytes) => String(bytes), (text) => new TextEncoder().encode(text))
    const written = codec.encode({
      headers: {
        ":date": { type: "timestamp", value: new Date(0) },
        ":retried": { type: "boolean", value: false },
        ":attempt": { type: "integer", value: -1 },
        ":message-type": { type: "string", value: "event" },
        ":token": { type: "binary", value: new Uint8Array([0, 255]) },
        ":event-type": { type: "string", value: "messageStop" }
      },
      body: new TextEncoder().encode("{}")
    })
    expect(new Frame.Parser().parse(written)).toEqual(read("messageStop"))
  })

  it("is none where its headers tell no kind, or one that there is not", () => {
    for (const headers of [{}, { ":event-type": "messageStop" }, { ":message-type": "riddle" }]) {
      expect(new Frame.Parser().parse(frame(headers, "{}"))).toBeUndefined()
    }
  })

  it("is none where its headers do not end where it says", () => {
    const headers = { ":message-type": "event", ":event-type": "messageStop" }
    const size = frame(headers, "").length - Frame.smallest
    const parse = (headersSize: number) => new Frame.Parser().parse(frame(headers, "{}", headersSize))
    expect(parse(size)).toEqual(read("messageStop"))
    for (const headersSize of [size - 11, size - 1, size + 1, size + 2, size + 3, size + 1_000, 0xffff_ffff]) {
      expect(parse(headersSize)).toBeUndefined()
    }
  })

  it("is none where its headers take in its checksum, even one that reads as a header", () => {
    const headers = { ":message-type": "event", ":event-type": "messageStop", ":number": "59290" }
    const size = frame(headers, "").length - Frame.smallest
    const bytes = frame(headers, "", size + 4)
    // A name of two bytes, and a boolean.
    expect([bytes.at(-4), bytes.at(-1)]).toEqual([2, 0])
    expect(new Frame.Parser().parse(bytes)).toBeUndefined()
  })
})

describe("the frames of a stream", () => {
  const anyFrame = fc.oneof(
    fc.tuple(fc.constantFrom("contentBlockDelta", "contentBlockStart", "messageStop"), fc.string({ unit: "grapheme" }))
      .map(([type, payload]) => named(type, payload)),
    fc.constantFrom("throttlingException", "validationException").map((type) => exception(type, {})),
    fc.tuple(fc.constantFrom("a", "b"), fc.string({ maxLength: 3 })).map(([code, message]) => error(code, message)),
    fc.constant(frame({ ":message-type": "riddle" }, "{}"))
  )

  it("are each read as if it were the only one", () => {
    fc.assert(fc.property(fc.array(anyFrame, { maxLength: 12 }), (frames) => {
      const parser = new Frame.Parser()
      expect(frames.map((frame) => parser.parse(frame))).toEqual(frames.map((frame) => new Frame.Parser().parse(frame)))
    }))
  })

  it("are told apart by one byte of their headers, wherever it is", () => {
    const type = "contentBlockDelta"
    for (let at = 0; at < type.length; at++) {
      const other = `${type.slice(0, at)}_${type.slice(at + 1)}`
      const parser = new Frame.Parser()
      expect([type, other, other, type].map((type) => parser.parse(named(type))?.type)).toEqual([
        type,
        other,
        other,
        type
      ])
    }
  })

  it("are told apart where the headers of one are the first of the other's", () => {
    const short = { ":message-type": "error", ":error-code": "InternalError" }
    const long = { ...short, ":error-message": "Broken." }
    const parser = new Frame.Parser()
    expect([short, long, short].map((headers) => parser.parse(frame(headers, ""))?.message)).toEqual([
      undefined,
      "Broken.",
      undefined
    ])
  })

  it("may be written to the same bytes one after the other", () => {
    for (const bytes of [new Uint8Array(named("messageStop")), Buffer.from(named("messageStop"))]) {
      const parser = new Frame.Parser()
      expect(parser.parse(bytes)).toEqual(read("messageStop"))
      bytes.set(named("messageHalt"))
      expect(parser.parse(bytes)).toEqual(read("messageHalt"))
    }
  })

  it("are none where any byte is damaged, be the headers those of the frame before", () => {
    const parser = new Frame.Parser()
    const bytes = event("contentBlockDelta", { contentBlockIndex: 0, delta: { text: "Once" } })
    for (let at = 0; at < bytes.length; at++) {
      expect(parser.parse(bytes)).toMatchObject({ type: "contentBlockDelta" })
      expect(parser.parse(bytes.with(at, bytes[at]! ^ 0x10))).toBeUndefined()
    }
  })
})

describe("the beginning of a frame", () => {
  const bytes = named("messageStop")

  it("is intact as it was sent, or where its lengths are not whole yet", () => {
    for (let size = 0; size <= bytes.length; size++) {
      expect(new Frame.Parser().isIntact(bytes.subarray(0, size))).toBe(true)
    }
  })

  it("is not intact with any bit of its lengths or their checksum turned", () => {
    for (let bit = 0; bit < 12 * 8; bit++) {
      const damaged = bytes.with(bit >> 3, bytes[bit >> 3]! ^ (1 << (bit & 7)))
      expect(new Frame.Parser().isIntact(damaged)).toBe(false)
    }
  })
})
