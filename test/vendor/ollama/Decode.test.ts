import { describe, expect, it } from "@effect/vitest"
import { Effect, Result, Stream } from "effect"
import * as fc from "fast-check"
import * as Conversation from "../../../src/Conversation.ts"
import * as Request from "../../../src/Request.ts"
import * as Response from "../../../src/Response.ts"
import * as Decode from "../../../src/vendor/ollama/Decode.ts"
import * as Encode from "../../../src/vendor/ollama/Encode.ts"
import * as Lines from "../../../src/vendor/ollama/Lines.ts"
import type { AttemptError } from "../../../src/VendorError.ts"
import { ExchangeError } from "../../../src/wire/Exchange.ts"

interface Read {
  readonly parts: ReadonlyArray<Response.StreamPart>
  readonly error: AttemptError | undefined
}

const readStream = (
  bytes: Stream.Stream<Uint8Array, ExchangeError>,
  options?: Lines.Options
): Read => {
  const parts: Array<Response.StreamPart> = []
  const error = Effect.runSync(
    bytes.pipe(
      Lines.decode(Decode.lineDecoder, options),
      Stream.runForEach((part) => Effect.sync(() => void parts.push(part))),
      Effect.match({ onFailure: (error) => error, onSuccess: () => undefined })
    )
  )
  return { parts, error }
}

const bytes = (text: string) => new TextEncoder().encode(text)
const readChunks = (chunks: ReadonlyArray<Uint8Array>, options?: Lines.Options) =>
  readStream(Stream.fromIterable(chunks, { chunkSize: 1 }), options)
const readText = (text: string, options?: Lines.Options) => readChunks([bytes(text)], options)

const head = { model: "qwen3:8b", created_at: "2026-01-01T12:00:00.123456789Z" }
const line = (value: object) => `${JSON.stringify({ ...head, ...value })}\n`
const said = (message: object) => line({ message: { role: "assistant", content: "", ...message }, done: false })
const counts = { prompt_eval_count: 9, eval_count: 4 }
const done = (more: object = { done_reason: "stop", ...counts }) =>
  line({ message: { role: "assistant", content: "" }, done: true, ...more })
const read = (...lines: ReadonlyArray<string>) => readText(lines.join(""))
const fold = ({ error, parts }: Read) => {
  expect(error).toBeUndefined()
  return Response.fold(parts)
}

const described = { type: "response-metadata", modelId: "qwen3:8b", timestamp: "2026-01-01T12:00:00.123Z" }
const finish = (reason: string) => ({
  type: "finish",
  reason,
  usage: { inputTokens: { total: 9 }, outputTokens: { total: 4 } }
})
const call = (name: string, args: unknown, id?: string) => ({ id, function: { index: 0, name, arguments: args } })

const conversation = [
  said({ thinking: "Six " }),
  said({ thinking: "sevens." }),
  said({ content: "Zwei " }),
  said({ content: "你好 👩‍👩‍👧" }),
  said({ tool_calls: [call("weather", { city: "Zürich" }, "c1"), call("now", {}, "c2")] }),
  done()
]

const parts = [
  described,
  { type: "reasoning", text: "Six sevens.", metadata: { ollama: { thinking: true } } },
  { type: "text", text: "Zwei 你好 👩‍👩‍👧" },
  { type: "tool-call", id: "c1", name: "weather", params: { city: "Zürich" } },
  { type: "tool-call", id: "c2", name: "now", params: {} },
  finish("tool-calls")
]

describe("a stream", () => {
  it("gives each block its start, pieces and end", () => {
    expect(read(...conversation).parts.map(({ type }) => type)).toEqual([
      "response-metadata",
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
    const message = {
      role: "assistant",
      thinking: "Six sevens.",
      content: "Zwei 你好 👩‍👩‍👧",
      tool_calls: [call("weather", { city: "Zürich" }, "c1"), call("now", {}, "c2")]
    }
    expect(Result.getOrThrow(Decode.whole({ ...head, message, done: true, done_reason: "stop", ...counts }))).toEqual(
      parts
    )
  })

  it("reads the same however its bytes are cut, with any line ends", () => {
    const text = conversation.join("").replaceAll("\n", "\r\n\n")
    const all = bytes(text)
    const expected = read(...conversation)
    fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: all.length - 1 }), { maxLength: 40 }), (cuts) => {
      const at = [0, ...cuts.toSorted((a, b) => a - b), all.length]
      expect(readChunks(at.slice(1).map((to, index) => all.slice(at[index], to)))).toEqual(expected)
    }))
  })

  it("takes a last line without its end", () => {
    expect(fold(readText(conversation.join("").trimEnd()))).toEqual(parts)
  })

  it("is over with the line that says done", () => {
    expect(read(said({ content: "Hi" }), done(), "<html>\n")).toMatchObject({ error: undefined })
  })

  it("skips what it does not know", () => {
    const odd = line({ new: { a: 1 }, message: null, done: false, logprobs: [] })
    expect(fold(read(odd, said({ content: "Hi", mood: "good", tool_calls: null }), done()))).toEqual([
      described,
      { type: "text", text: "Hi" },
      finish("stop")
    ])
  })
})

describe("calls", () => {
  it("without ids get such as are not met again in another answer", () => {
    const idsOf = (created_at: string) =>
      fold(readText([
        JSON.stringify({ created_at, message: { tool_calls: [call("a", {}), call("b", {})] } }),
        JSON.stringify({ created_at: "later", done: true })
      ].join("\n"))).flatMap((part) => part.type === "tool-call" ? [part.id] : [])
    const ids = [...idsOf("2026-01-01T12:00:00.1Z"), ...idsOf("2026-01-01T12:00:01.1Z")]
    expect(new Set(ids).size).toBe(4)
    expect(ids[0]).toMatch(/^call_[a-z0-9]+_0$/)
  })

  it("may have their arguments in a text, or none", () => {
    const calls = [call("a", "{\"x\":1}", "1"), call("b", "", "2"), call("c", null, "3"), call("d", undefined, "4")]
    const params = fold(read(said({ tool_calls: calls }), done())).flatMap((part) =>
      part.type === "tool-call" ? [part.params] : []
    )
    expect(params).toEqual([{ x: 1 }, {}, {}, {}])
  })

  it("are malformed without a name, or with arguments that are not JSON", () => {
    for (const odd of [{ function: {} }, call("a", "{\"x\":")]) {
      expect(read(said({ tool_calls: [odd] })).error?.reason._tag).toBe("MalformedResponse")
    }
  })
})

describe("the end", () => {
  it.each([
    ["stop", "stop"],
    ["length", "length"],
    ["load", "other"],
    ["unload", "other"],
    ["", "stop"],
    [undefined, "stop"],
    ["new", "other"]
  ])("reads %s as %s", (done_reason, reason) => {
    expect(fold(read(said({ content: "Hi" }), done({ done_reason, ...counts }))).at(-1)).toEqual(finish(reason))
  })

  it("tells no count that was not made", () => {
    expect(fold(read(done({ done_reason: "stop", eval_count: 4 }))).at(-1)).toMatchObject({
      usage: { inputTokens: {}, outputTokens: { total: 4 } }
    })
  })
})

describe("faults", () => {
  it("are interruptions where the bytes end before the last line", () => {
    const text = said({ content: "Once" }) + done()
    for (let size = 0; size < text.length - 1; size++) {
      const { error, parts } = readText(text.slice(0, size))
      expect(error?.reason._tag).toBe("StreamInterrupted")
      expect(parts.some(({ type }) => type === "finish")).toBe(false)
    }
  })

  it("keep the words of a connection that breaks", () => {
    const broken = Stream.concat(
      Stream.make(bytes(said({ content: "Once" }))),
      Stream.fail(
        new ExchangeError({ at: "head", cause: undefined })
      )
    )
    expect(readStream(broken).error?.reason).toEqual({
      _tag: "StreamInterrupted",
      description: "the connection failed"
    })
  })

  it("are malformed answers where a line is too large, not JSON or no object", () => {
    expect(readText(said({ content: "x".repeat(200) }), { maxLineSize: 100 }).error?.reason).toEqual({
      _tag: "MalformedResponse",
      description: "a line of the stream is larger than 100 characters"
    })
    expect(readText("x".repeat(200), { maxLineSize: 100 }).error?.reason._tag).toBe("MalformedResponse")
    for (const odd of ["<html>\n", "[1]\n", "null\n"]) {
      expect(read(said({ content: "Hi" }), odd).error?.reason._tag).toBe("MalformedResponse")
    }
  })

  it("in a line are what they say, after the parts before them", () => {
    const { error, parts } = read(said({ content: "Once" }), "{\"error\":\"unexpected EOF\"}\n")
    expect(parts.at(-1)).toMatchObject({ type: "text-delta" })
    expect(error?.reason).toEqual({ _tag: "ServerFault", description: "unexpected EOF" })
  })

  it.each([[null], [[]], [{}], [{ message: { content: "Hi" } }], [{ message: { content: 1 }, done: true }]])(
    "are malformed answers as %j",
    (json) => {
      expect(Decode.whole(json)).toMatchObject({ failure: { reason: { _tag: "MalformedResponse" } } })
    }
  )

  it("in a whole answer are what they say", () => {
    expect(Decode.whole({ error: "model 'x' not found" })).toMatchObject({
      failure: { reason: { _tag: "ModelNotFound" } }
    })
  })
})

describe("an answer", () => {
  it("goes back with its thinking in the next turn", () => {
    const messages = Conversation.toMessages(Result.getOrThrow(Result.succeed(fold(read(...conversation)))))
    const request = Effect.runSync(Request.decode({ messages: [{ role: "user", content: "?" }, ...messages] }))
    const { body, losses } = Result.getOrThrow(
      Encode.encode({ model: "qwen3", request }, ["ollama"], { stream: false })
    )
    expect(losses).toEqual([])
    expect(body.messages[1]).toMatchObject({
      thinking: "Six sevens.",
      tool_calls: [{ id: "c1", function: { name: "weather" } }, { id: "c2", function: { name: "now" } }]
    })
  })
})
