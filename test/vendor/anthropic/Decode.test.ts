import { describe, expect, it } from "@effect/vitest"
import { Effect, Result, Stream } from "effect"
import * as fc from "fast-check"
import * as Response from "../../../src/Response.ts"
import * as Decode from "../../../src/vendor/anthropic/Decode.ts"
import type { AttemptError } from "../../../src/VendorError.ts"
import * as Sse from "../../../src/wire/Sse.ts"

type Event = { readonly type: string; readonly [field: string]: unknown }

const sse = (events: ReadonlyArray<Event>) =>
  events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join("")

const read = (events: ReadonlyArray<Event>) => {
  const parts: Array<Response.StreamPart> = []
  const error: AttemptError | undefined = Effect.runSync(
    Stream.make(new TextEncoder().encode(sse(events))).pipe(
      Sse.decode(Decode.streamDecoder),
      Stream.runForEach((part) => Effect.sync(() => void parts.push(part))),
      Effect.match({ onFailure: (error) => error, onSuccess: () => undefined })
    )
  )
  return { parts, error, folded: Response.fold(parts) }
}

const whole = (message: object) => Decode.whole({ id: "m1", type: "message", model: "claude", ...message })
const wholeParts = (message: object) => Result.getOrThrow(whole(message))

const start = (usage: object = { input_tokens: 5, output_tokens: 1 }): Event => ({
  type: "message_start",
  message: { id: "m1", model: "claude", content: [], usage }
})
const begin = (index: number, content_block: object): Event => ({ type: "content_block_start", index, content_block })
const piece = (index: number, delta: object): Event => ({ type: "content_block_delta", index, delta })
const stop = (index: number): Event => ({ type: "content_block_stop", index })
const ends = (stop_reason: string, usage: object = { output_tokens: 7 }, rest: object = {}): ReadonlyArray<Event> => [
  { type: "message_delta", delta: { stop_reason, stop_sequence: null, ...rest }, usage },
  { type: "message_stop" }
]

const metadata = { type: "response-metadata", id: "m1", modelId: "claude" }

describe("a stream", () => {
  it("of text", () => {
    const { error, parts } = read([
      start(),
      begin(0, { type: "text", text: "" }),
      { type: "ping" },
      piece(0, { type: "text_delta", text: "Hel" }),
      piece(0, { type: "text_delta", text: "lo" }),
      stop(0),
      { type: "of_tomorrow", x: 1 },
      ...ends("end_turn")
    ])
    expect(error).toBeUndefined()
    expect(parts).toEqual([
      metadata,
      { type: "text-start", id: "0" },
      { type: "text-delta", id: "0", delta: "Hel" },
      { type: "text-delta", id: "0", delta: "lo" },
      { type: "text-end", id: "0" },
      {
        type: "finish",
        reason: "stop",
        usage: { inputTokens: { uncached: 5, total: 5 }, outputTokens: { total: 7 } },
        metadata: { anthropic: { stopReason: "end_turn" } }
      }
    ])
  })

  it("of thinking, hidden thinking and a call without arguments", () => {
    const { folded, parts } = read([
      start(),
      begin(0, { type: "thinking", thinking: "", signature: "" }),
      piece(0, { type: "thinking_delta", thinking: "hm" }),
      piece(0, { type: "signature_delta", signature: "sig==" }),
      stop(0),
      begin(1, { type: "redacted_thinking", data: "xyz" }),
      stop(1),
      begin(2, { type: "tool_use", id: "t1", name: "now", input: {} }),
      piece(2, { type: "input_json_delta", partial_json: "" }),
      stop(2),
      ...ends("tool_use")
    ])
    expect(folded.slice(1, 4)).toEqual([
      { type: "reasoning", text: "hm", metadata: { anthropic: { signature: "sig==" } } },
      { type: "reasoning", text: "", metadata: { anthropic: { redactedData: "xyz" } } },
      { type: "tool-call", id: "t1", name: "now", params: {} }
    ])
    expect(parts.at(-1)).toMatchObject({ reason: "tool-calls" })
    expect(parts.filter(({ type }) => type.startsWith("tool"))).toEqual([
      { type: "tool-params-start", id: "t1", name: "now" },
      { type: "tool-params-end", id: "t1" },
      { type: "tool-call", id: "t1", name: "now", params: {} }
    ])
  })

  it("of a call whose arguments come in pieces", () => {
    const { folded } = read([
      start(),
      begin(0, { type: "tool_use", id: "t1", name: "f", input: {} }),
      piece(0, { type: "input_json_delta", partial_json: "{\"a\":" }),
      piece(0, { type: "input_json_delta", partial_json: "1}" }),
      stop(0),
      ...ends("tool_use")
    ])
    expect(folded[1]).toEqual({ type: "tool-call", id: "t1", name: "f", params: { a: 1 } })
  })

  it("tells with the beginning of a call who makes it", () => {
    const caller = { type: "code_execution_20250825", tool_id: "srvtoolu_1" }
    const { parts } = read([
      start(),
      begin(0, { type: "tool_use", id: "t1", name: "f", input: {}, caller }),
      stop(0),
      ...ends("tool_use")
    ])
    expect(parts.find(({ type }) => type === "tool-params-start")).toEqual({
      type: "tool-params-start",
      id: "t1",
      name: "f",
      metadata: { anthropic: { caller } }
    })
  })

  it("takes arguments whole in the beginning and blocks left open", () => {
    const { folded } = read([
      start(),
      begin(0, { type: "text", text: "Hi" }),
      begin(1, { type: "tool_use", id: "t1", name: "f", input: { a: 1 } }),
      ...ends("tool_use")
    ])
    expect(folded.slice(1, 3)).toEqual([
      { type: "text", text: "Hi" },
      { type: "tool-call", id: "t1", name: "f", params: { a: 1 } }
    ])
  })

  it("whose arguments are cut is a MalformedResponse that says why", () => {
    const events = [
      start(),
      begin(0, { type: "tool_use", id: "t1", name: "f", input: {} }),
      piece(0, { type: "input_json_delta", partial_json: "{\"a\":" }),
      stop(0)
    ]
    const { error, parts } = read([...events, ...ends("max_tokens")])
    expect(error?.reason).toEqual({
      _tag: "MalformedResponse",
      description: "the arguments of the call to the tool \"f\" are not JSON: the answer reached its limit of tokens"
    })
    expect(parts.some(({ type }) => type === "tool-call" || type === "finish")).toBe(false)
  })

  it.each([
    [
      "without message_stop",
      [start(), begin(0, { type: "text", text: "Hi" }), ends("end_turn")[0]!],
      "StreamInterrupted"
    ],
    ["with a piece of nothing", [start(), piece(0, { type: "text_delta", text: "x" })], "MalformedResponse"],
    ["with a block that is none", [start(), begin(0, null as any)], "MalformedResponse"],
    ["with a call without a name", [start(), begin(0, { type: "tool_use", id: "t" })], "MalformedResponse"],
    ["with an error", [start(), { type: "error", error: { type: "overloaded_error", message: "x" } }], "Overloaded"]
  ])("%s fails", (_, events, tag) => {
    expect(read(events as ReadonlyArray<Event>).error?.reason._tag).toBe(tag)
  })

  it("overrides the usage of its beginning by that of its end", () => {
    const { parts } = read([
      start({ input_tokens: 3, cache_creation_input_tokens: 10, cache_read_input_tokens: 20, output_tokens: 1 }),
      ...ends("end_turn", {
        input_tokens: 4,
        cache_creation_input_tokens: null,
        output_tokens: 9,
        output_tokens_details: { thinking_tokens: 5 }
      })
    ])
    expect(parts.at(-1)).toMatchObject({
      usage: {
        inputTokens: { uncached: 4, cacheRead: 20, cacheWrite: 10, total: 34 },
        outputTokens: { text: 4, reasoning: 5, total: 9 }
      }
    })
  })

  it("that tells no usage has none", () => {
    const { parts } = read([{ type: "message_start", message: {} }, ...ends("end_turn", {})])
    expect(parts).toEqual([{
      type: "finish",
      reason: "stop",
      usage: { inputTokens: {}, outputTokens: {} },
      metadata: { anthropic: { stopReason: "end_turn" } }
    }])
  })
})

describe("the end of an answer", () => {
  it.each([
    ["end_turn", "stop"],
    ["stop_sequence", "stop"],
    ["max_tokens", "length"],
    ["model_context_window_exceeded", "length"],
    ["tool_use", "tool-calls"],
    ["pause_turn", "pause"],
    ["refusal", "content-filter"],
    ["of_tomorrow", "other"]
  ])("%s is %s", (word, reason) => {
    const expected = { type: "finish", reason, metadata: { anthropic: { stopReason: word } } }
    expect(read([start(), ...ends(word)]).parts.at(-1)).toMatchObject(expected)
    expect(wholeParts({ content: [], stop_reason: word }).at(-1)).toMatchObject(expected)
  })

  it("keeps which text stopped it and why it was refused", () => {
    const stop_details = { type: "refusal", category: "bio", explanation: null }
    const { parts } = read([start(), ...ends("refusal", {}, { stop_sequence: "END", stop_details })])
    expect(parts.at(-1)?.metadata).toEqual({
      anthropic: { stopReason: "refusal", stopSequence: "END", stopDetails: stop_details }
    })
  })
})

describe("tools that Anthropic runs", () => {
  const hits = [{ type: "web_search_result", url: "https://x.test", title: "X", encrypted_content: "e" }]
  const citation = {
    type: "web_search_result_location",
    cited_text: "x",
    encrypted_index: "i",
    title: "X",
    url: "https://x.test"
  }
  const use = { type: "server_tool_use", id: "srvtoolu_1", name: "web_search", input: {} }
  const gave = { type: "web_search_tool_result", tool_use_id: "srvtoolu_1", content: hits }
  const { folded, parts } = read([
    start(),
    begin(0, use),
    piece(0, { type: "input_json_delta", partial_json: "{\"query\":\"x\"}" }),
    stop(0),
    begin(1, gave),
    stop(1),
    begin(2, { type: "text", text: "", citations: [] }),
    piece(2, { type: "citations_delta", citation }),
    piece(2, { type: "text_delta", text: "It is X." }),
    piece(2, { type: "citations_delta", citation }),
    stop(2),
    ...ends("end_turn")
  ])

  it("are calls and results that the vendor executed", () => {
    expect(folded.slice(1, 3)).toEqual([
      { type: "tool-call", id: "srvtoolu_1", name: "web_search", params: { query: "x" }, providerExecuted: true },
      {
        type: "tool-result",
        id: "srvtoolu_1",
        name: "web_search",
        result: hits,
        isFailure: false,
        providerExecuted: true,
        metadata: { anthropic: { type: "web_search_tool_result" } }
      }
    ])
    expect(parts.at(-1)).toMatchObject({ reason: "stop" })
  })

  it("are cited with their text, and are sources once", () => {
    expect(folded.slice(3, 5)).toEqual([
      { type: "text", text: "It is X.", metadata: { anthropic: { citations: [citation, citation] } } },
      { type: "source", sourceType: "url", id: "source_0", url: "https://x.test", title: "X" }
    ])
  })

  it("say the same in a whole answer", () => {
    const content = [
      { ...use, input: { query: "x" } },
      gave,
      { type: "text", text: "It is X.", citations: [citation, citation] }
    ]
    const usage = { input_tokens: 5, output_tokens: 7 }
    expect(wholeParts({ content, stop_reason: "end_turn", usage })).toEqual(folded)
  })

  it("fail by the type of their result", () => {
    const content = { type: "web_search_tool_result_error", error_code: "max_uses_exceeded" }
    expect(wholeParts({ content: [use, { ...gave, content }], stop_reason: "end_turn" })[2]).toMatchObject({
      isFailure: true,
      result: content
    })
  })
})

describe("a whole answer", () => {
  it("cites documents", () => {
    const citation = { type: "page_location", cited_text: "x", document_index: 0, document_title: "Report" }
    const parts = wholeParts({ content: [{ type: "text", text: "x", citations: [citation] }], stop_reason: "end_turn" })
    expect(parts).toContainEqual({
      type: "source",
      sourceType: "document",
      id: "source_0",
      mediaType: "application/pdf",
      title: "Report"
    })
  })

  it("overlooks blocks of a kind that is not known", () => {
    const parts = wholeParts({ content: [{ type: "of_tomorrow" }, { type: "text", text: "x" }], stop_reason: null })
    expect(parts.map(({ type }) => type)).toEqual(["response-metadata", "text", "finish"])
    expect(parts.at(-1)).toMatchObject({ reason: "unknown" })
  })

  it.each([
    ["null", null, "MalformedResponse"],
    ["a text", "hi", "MalformedResponse"],
    ["without content", { id: "m" }, "MalformedResponse"],
    ["whose content is no list", { content: "hi" }, "MalformedResponse"],
    ["that is an error", { type: "error", error: { type: "api_error", message: "x" } }, "ServerFault"]
  ])("%s fails", (_, json, tag) => {
    const result = Decode.whole(json)
    expect(Result.isFailure(result) && result.failure.reason._tag).toBe(tag)
  })
})

describe("any answer", () => {
  const word = fc.string({ minLength: 1, maxLength: 30, unit: "grapheme" })
  const pieces = (text: string) => text.match(/[^]{1,4}/gu) ?? []
  /** Whole, as it begins, and its pieces. */
  const block = fc.oneof(
    word.map((text) => [
      { type: "text", text },
      { type: "text", text: "" },
      pieces(text).map((text) => ({ type: "text_delta", text }))
    ]),
    fc.tuple(fc.string({ maxLength: 30 }), word).map(([thinking, signature]) => [
      { type: "thinking", thinking, signature },
      { type: "thinking", thinking: "", signature: "" },
      [...pieces(thinking).map((thinking) => ({ type: "thinking_delta", thinking })), {
        type: "signature_delta",
        signature
      }]
    ]),
    word.map((data) => [{ type: "redacted_thinking", data }, { type: "redacted_thinking", data }, []]),
    fc.tuple(fc.uuid(), fc.dictionary(word, fc.jsonValue({ maxDepth: 2 }))).map(([id, input]) => {
      const call = { type: "tool_use", id, name: "f" }
      return [
        { ...call, input },
        { ...call, input: {} },
        pieces(JSON.stringify(input)).map((partial_json) => ({ type: "input_json_delta", partial_json }))
      ]
    })
  ) as fc.Arbitrary<[object, object, ReadonlyArray<object>]>

  it("says the same whole and streamed", () => {
    fc.assert(fc.property(fc.array(block, { maxLength: 6 }), (blocks) => {
      const usage = { input_tokens: 5, output_tokens: 7 }
      const { error, folded } = read([
        start({ input_tokens: 5 }),
        ...blocks.flatMap(([, beginning, deltas], index) => [
          begin(index, beginning),
          ...deltas.map((delta) => piece(index, delta)),
          stop(index)
        ]),
        ...ends("end_turn", usage)
      ])
      expect(error).toBeUndefined()
      expect(folded).toEqual(wholeParts({ content: blocks.map(([whole]) => whole), stop_reason: "end_turn", usage }))
    }))
  })
})
