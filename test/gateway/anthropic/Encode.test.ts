import { describe, expect, it } from "@effect/vitest"
import { Result } from "effect"
import * as fc from "fast-check"
import { dialect } from "../../../src/gateway/anthropic/Anthropic.ts"
import type { Asked } from "../../../src/gateway/Dialect.ts"
import * as Failure from "../../../src/gateway/Failure.ts"
import * as Response from "../../../src/Response.ts"
import * as Vendor from "../../../src/vendor/anthropic/Decode.ts"
import { answers, type Part, responseOf, streamOf } from "../answers.ts"
import { judge } from "../Specifications.ts"

const surroundings = { id: "a1", now: 1_000 }

const asked = (): Asked =>
  Result.getOrThrow(dialect.decode({
    body: { model: "asked", max_tokens: 10, messages: [{ role: "user", content: "Hello" }] },
    path: {},
    query: {}
  }))

const whole = (parts: ReadonlyArray<Part>): any => asked().whole(responseOf(parts), surroundings)

const told = (parts: Iterable<Response.StreamPart>): string => {
  const events = asked().events(surroundings)
  let text = ""
  for (const part of parts) text += events.part(part)
  return text + events.end()
}

const parsed = (text: string): ReadonlyArray<any> =>
  text.split("\n\n").filter((event) => event !== "").map((event) => {
    const [name, data] = event.split("\n")
    const json = JSON.parse(data!.slice("data: ".length))
    expect(name).toBe(`event: ${json.type}`)
    return json
  })

/** The message that a client puts together of the events, which it holds to their order. */
const folded = (events: ReadonlyArray<any>): any => {
  let message: any
  let open: number | undefined
  let params = ""
  for (const event of events) {
    switch (event.type) {
      case "message_start":
        expect(message).toBeUndefined()
        message = structuredClone(event.message)
        break
      case "content_block_start":
        expect([open, event.index]).toEqual([undefined, message.content.length])
        open = event.index
        params = ""
        message.content.push(structuredClone(event.content_block))
        break
      case "content_block_delta": {
        expect(event.index).toBe(open)
        const block = message.content[event.index]
        const { citation, partial_json, signature, text, thinking, type } = event.delta
        if (type === "text_delta") block.text += text
        else if (type === "thinking_delta") block.thinking += thinking
        else if (type === "signature_delta") block.signature = signature
        else if (type === "citations_delta") (block.citations ??= []).push(citation)
        else if (type === "input_json_delta") params += partial_json
        else throw new Error(`a delta of the type ${type}`)
        break
      }
      case "content_block_stop":
        expect(event.index).toBe(open)
        if (params !== "") message.content[event.index].input = JSON.parse(params)
        open = undefined
        break
      case "message_delta":
        expect(open).toBeUndefined()
        Object.assign(message, event.delta, { usage: event.usage })
        break
      case "message_stop":
        return message
    }
  }
  throw new Error("the events do not end")
}

const judged = judge("anthropic.core.json")
const every = Object.entries(answers)

describe("a whole answer", () => {
  it.skipIf(judged === undefined).each(every)("is one of the API's: %s", (_, parts) => {
    expect(judged!("Message", whole(parts))).toEqual([])
  })

  it("has the API's own counts", () => {
    expect(whole(answers["text"]!).usage).toEqual({
      input_tokens: 20,
      cache_creation_input_tokens: 2,
      cache_read_input_tokens: 8,
      output_tokens: 12,
      output_tokens_details: { thinking_tokens: 3 },
      cache_creation: null,
      server_tool_use: null,
      service_tier: null,
      inference_geo: null
    })
    expect(whole(answers["unknown usage"]!).usage).toMatchObject({
      input_tokens: 0,
      output_tokens: 0,
      cache_read_input_tokens: null
    })
  })

  it("tells what was written to the cache for an hour apart", () => {
    const usage = { inputTokens: { uncached: 1, cacheWrite: 5, cacheWrite1h: 2 }, outputTokens: { total: 1 } }
    expect(whole([{ type: "finish", reason: "stop", usage }]).usage.cache_creation).toEqual({
      ephemeral_5m_input_tokens: 3,
      ephemeral_1h_input_tokens: 2
    })
  })

  it.each([
    ["text", "end_turn"],
    ["length", "max_tokens"],
    ["tool call", "tool_use"],
    ["refusal", "refusal"],
    ["paused", "pause_turn"],
    ["stop sequence", "stop_sequence"],
    ["unknown end", "end_turn"]
  ])("tells why it ended: %s", (name, reason) => {
    expect(whole(answers[name]!).stop_reason).toBe(reason)
  })

  it("has Anthropic's own words of the end where it told them", () => {
    expect(whole(answers["stop sequence"]!)).toMatchObject({ stop_reason: "stop_sequence", stop_sequence: "END" })
    const metadata = { anthropic: { stopReason: "model_context_window_exceeded" } }
    const finish: Part = { type: "finish", reason: "length", usage: Response.unknownUsage, metadata }
    expect(whole([finish]).stop_reason).toBe("model_context_window_exceeded")
  })

  it("has calls with ids that the API takes", () => {
    expect(whole(answers["tool calls"]!).content).toEqual([
      { type: "tool_use", id: "call_1", name: "weather", input: { city: "Bern" }, caller: { type: "direct" } },
      { type: "tool_use", id: "functions_now_1", name: "now", input: {}, caller: { type: "direct" } }
    ])
  })

  it("leaves out tools that another vendor ran, which a client would run again", () => {
    expect(whole(answers["code of Google's own"]!).content).toEqual([{ type: "text", text: "2", citations: [] }])
  })

  it.each(every.filter(([name]) => !/another|nobody|Google|file|sources|empty|unknown|call that is signed/.test(name)))(
    "is read by the vendor's decoder as it was: %s",
    (name, parts) => {
      const answer = whole(parts)
      const read = Result.getOrThrow(Vendor.whole(JSON.parse(JSON.stringify(answer))))
      const content = (list: ReadonlyArray<Part>) =>
        Response.fold(Response.unfold(list)).filter(({ type }) => type !== "finish" && type !== "response-metadata")
      const bare = (list: ReadonlyArray<any>) =>
        content(list).map((part: any) =>
          part.type === "tool-call" ? { ...part, id: part.id.replaceAll(/[:.]/g, "_"), metadata: undefined } : {
            ...part,
            metadata: part.metadata?.anthropic
          }
        )
      expect(bare(read)).toEqual(bare(parts))
      expect(read.at(-1)).toMatchObject({ reason: responseOf(parts).finishReason, usage: responseOf(parts).usage })
      expect(name).not.toBe("")
    }
  )
})

describe("a stream", () => {
  it.each(every)("tells the same as the whole answer: %s", (_, parts) => {
    expect(folded(parsed(told(streamOf(parts))))).toEqual(whole(parts))
  })

  it.each(every)("puts calls one after the other that all end late: %s", (_, parts) => {
    expect(folded(parsed(told(streamOf(parts, true))))).toEqual(whole(parts))
  })

  it.each(every)("tells calls that come without their pieces: %s", (_, parts) => {
    expect(folded(parsed(told(Response.unfold(parts))))).toEqual(whole(parts))
  })

  it.skipIf(judged === undefined).each(every)("has blocks and counts of the API's own: %s", (_, parts) => {
    const events = parsed(told(streamOf(parts)))
    const [start] = events
    expect(judged!("Message", start.message)).toEqual([])
    for (const { content_block } of events.filter(({ type }) => type === "content_block_start")) {
      expect(judged!("ContentBlock", content_block)).toEqual([])
    }
    const [delta] = events.filter(({ type }) => type === "message_delta")
    expect(judged!("Usage", delta.usage)).toEqual([])
    expect(judged!("Message", { ...start.message, ...delta.delta })).toEqual([])
  })

  it("keeps apart two calls whose arguments come by turns", () => {
    const usage = Response.unknownUsage
    const events = parsed(told([
      { type: "tool-params-start", id: "a", name: "x" },
      { type: "tool-params-delta", id: "a", delta: "{\"n\":" },
      { type: "tool-params-start", id: "b", name: "y" },
      { type: "tool-params-delta", id: "b", delta: "{\"m\":" },
      { type: "tool-params-delta", id: "a", delta: "1}" },
      { type: "tool-params-delta", id: "b", delta: "2}" },
      { type: "tool-params-end", id: "a" },
      { type: "tool-call", id: "a", name: "x", params: { n: 1 } },
      { type: "tool-params-end", id: "b" },
      { type: "tool-call", id: "b", name: "y", params: { m: 2 } },
      { type: "finish", reason: "tool-calls", usage }
    ]))
    expect(folded(events).content).toMatchObject([{ id: "a", input: { n: 1 } }, { id: "b", input: { m: 2 } }])
  })

  it("tells every call whole, however their pieces are mixed", () => {
    const calls = fc.array(
      fc.tuple(fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 }), fc.integer({ min: 1, max: 9 })),
      {
        minLength: 1,
        maxLength: 4
      }
    )
    fc.assert(fc.property(calls, fc.infiniteStream(fc.nat()), (calls, turns) => {
      const queues = calls.map(([params, size], index) => {
        const id = `c${index}`
        const json = JSON.stringify(params)
        const list: Array<Response.StreamPart> = [{ type: "tool-params-start", id, name: "f" }]
        for (let at = 0; at < json.length; at += size) {
          list.push({ type: "tool-params-delta", id, delta: json.slice(at, at + size) })
        }
        return [...list, { type: "tool-params-end", id }, { type: "tool-call", id, name: "f", params }] as typeof list
      })
      const mixed: Array<Response.StreamPart> = []
      for (
        let left = queues.filter((queue) => queue.length > 0);
        left.length > 0;
        left = left.filter((q) => q.length > 0)
      ) {
        mixed.push(left[turns.next().value % left.length]!.shift()!)
      }
      const { content } = folded(parsed(told([
        ...mixed,
        { type: "finish", reason: "tool-calls", usage: Response.unknownUsage }
      ])))
      const inputs = new Map(content.map(({ id, input }: any) => [id, input]))
      expect(content).toHaveLength(calls.length)
      expect(calls.map((_, index) => inputs.get(`c${index}`))).toEqual(
        calls.map(([params]) => JSON.parse(JSON.stringify(params)))
      )
    }))
  })

  it("tells the first call before the second has come", () => {
    const events = asked().events(surroundings)
    events.part({ type: "tool-params-start", id: "a", name: "x" })
    events.part({ type: "tool-params-delta", id: "a", delta: "{}" })
    expect(parsed(events.part({ type: "tool-params-start", id: "b", name: "y" }))).toMatchObject([
      { type: "content_block_stop", index: 0 },
      { type: "content_block_start", index: 1, content_block: { id: "b" } }
    ])
  })

  it("tells who called a tool where the vendor does", () => {
    const metadata = { anthropic: { caller: { type: "code_execution_20250825", tool_id: "srvtoolu_1" } } }
    const [, start] = parsed(told([{ type: "tool-params-start", id: "a", name: "x", metadata }]))
    expect(start.content_block.caller).toEqual(metadata.anthropic.caller)
  })

  it("names the model that was asked for where the vendor names none", () => {
    expect(parsed(told([{ type: "text-delta", id: "0", delta: "x" }]))[0]).toMatchObject({
      type: "message_start",
      message: { id: "msg_a1", model: "asked" }
    })
  })

  it("writes nothing for what is no news", () => {
    const events = asked().events(surroundings)
    events.part({ type: "response-metadata", modelId: "m" })
    expect([
      events.part({ type: "text-start", id: "0" }),
      events.part({ type: "text-delta", id: "0", delta: "" }),
      events.part({ type: "text-end", id: "0" }),
      events.end()
    ]).toEqual(["", "", "", ""])
    expect(events.contentType).toBe("text/event-stream")
  })

  it("ends with an error's event where it breaks", () => {
    const events = asked().events(surroundings)
    expect(parsed(events.failed(Failure.make("overloaded", "Busy.\n\ndata: x")))).toEqual([
      { type: "error", error: { type: "overloaded_error", message: "Busy.\n\ndata: x" }, request_id: null }
    ])
  })
})

describe("a refusal", () => {
  const kinds = {
    "invalid-request": [400, "invalid_request_error"],
    unauthenticated: [401, "authentication_error"],
    "permission-denied": [403, "permission_error"],
    "not-found": [404, "not_found_error"],
    "too-large": [413, "request_too_large"],
    "rate-limited": [429, "rate_limit_error"],
    "quota-exhausted": [402, "billing_error"],
    overloaded: [529, "overloaded_error"],
    "timed-out": [504, "timeout_error"],
    "content-filtered": [400, "invalid_request_error"],
    "context-length": [400, "invalid_request_error"],
    unsupported: [400, "invalid_request_error"],
    upstream: [502, "api_error"],
    internal: [500, "api_error"]
  } as const

  it.each(Object.entries(kinds))("of the kind %s has the API's status and type", (kind, [status, type]) => {
    expect(dialect.refusal(Failure.make(kind as Failure.Kind, "m"))).toMatchObject({
      status,
      body: { error: { type } }
    })
  })

  it.skipIf(judged === undefined).each(Object.keys(kinds).filter((kind) => kind !== "too-large"))(
    "of the kind %s has the API's form",
    (kind) => {
      expect(judged!("ErrorResponse", dialect.refusal(Failure.make(kind as Failure.Kind, "m")).body)).toEqual([])
    }
  )

  it("says in words that clients know that the prompt is too long", () => {
    const body = (message: string) =>
      (dialect.refusal(Failure.make("context-length", message)).body as any).error.message
    expect(body("9 tokens")).toBe("prompt is too long: 9 tokens")
    expect(body("prompt is too long: 9 tokens")).toBe("prompt is too long: 9 tokens")
  })
})
