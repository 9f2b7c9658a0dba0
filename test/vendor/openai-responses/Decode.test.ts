import { describe, expect, it } from "@effect/vitest"
import { Effect, Result, Stream } from "effect"
import * as fc from "fast-check"
import * as Response from "../../../src/Response.ts"
import * as Decode from "../../../src/vendor/openai-responses/Decode.ts"
import type { AttemptError } from "../../../src/VendorError.ts"
import * as Sse from "../../../src/wire/Sse.ts"

interface Read {
  readonly parts: ReadonlyArray<Response.StreamPart>
  readonly error: AttemptError | undefined
}

const readText = (text: string): Read => {
  const parts: Array<Response.StreamPart> = []
  const error = Effect.runSync(
    Stream.succeed(new TextEncoder().encode(text)).pipe(
      Sse.decode(Decode.streamDecoder("openai")),
      Stream.runForEach((part) => Effect.sync(() => void parts.push(part))),
      Effect.match({ onFailure: (error) => error, onSuccess: () => undefined })
    )
  )
  return { parts, error }
}

const sse = (...events: ReadonlyArray<any>) =>
  events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join("")

const read = (...events: ReadonlyArray<unknown>) => readText(sse(...events))

/** What came out, which must have been whole. */
const parts = (...events: ReadonlyArray<unknown>): ReadonlyArray<Response.StreamPart> => {
  const { error, parts } = read(...events)
  if (error !== undefined) throw error
  return parts
}

const folded = (...events: ReadonlyArray<unknown>) => Response.fold(parts(...events)).slice(0, -1)

const whole = (json: unknown): ReadonlyArray<Response.Part> => {
  const parts = Decode.whole("openai")(json)
  if (Result.isFailure(parts)) throw parts.failure
  return parts.success
}

const failure = (json: unknown): AttemptError => {
  const parts = Decode.whole("openai")(json)
  if (Result.isSuccess(parts)) throw new Error("decoded")
  return parts.failure
}

const usage = {
  input_tokens: 100,
  input_tokens_details: { cached_tokens: 60, cache_write_tokens: 30 },
  output_tokens: 50,
  output_tokens_details: { reasoning_tokens: 20 },
  total_tokens: 150
}
const disjoint = {
  inputTokens: { total: 100, uncached: 10, cacheRead: 60, cacheWrite: 30 },
  outputTokens: { total: 50, text: 30, reasoning: 20 }
}

const response = (output: ReadonlyArray<unknown>, fields: object = {}) => ({
  id: "resp_1",
  object: "response",
  created_at: 1_767_268_800,
  status: "completed",
  model: "gpt-5",
  error: null,
  incomplete_details: null,
  output,
  usage,
  ...fields
})

const metadata = {
  type: "response-metadata",
  id: "resp_1",
  modelId: "gpt-5",
  timestamp: "2026-01-01T12:00:00.000Z"
}

const text = (text: string, annotations: ReadonlyArray<unknown> = []) => ({ type: "output_text", text, annotations })
const message = (...content: ReadonlyArray<unknown>) => ({
  type: "message",
  id: "msg_1",
  status: "completed",
  role: "assistant",
  content
})
const summary = (text: string) => ({ type: "summary_text", text })
const rs = (fields: object) => ({ type: "reasoning", id: "rs_1", summary: [], encrypted_content: "gAAA", ...fields })
const call = (fields: object = {}) => ({
  type: "function_call",
  id: "fc_1",
  call_id: "call_1",
  name: "weather",
  arguments: "{\"city\":\"Bern\"}",
  status: "completed",
  ...fields
})

const created = { type: "response.created", response: response([], { status: "in_progress", usage: null }) }
const completed = (...output: ReadonlyArray<unknown>) => ({ type: "response.completed", response: response(output) })
const added = (output_index: number, item: object) => ({ type: "response.output_item.added", output_index, item })
const done = (output_index: number, item: object) => ({ type: "response.output_item.done", output_index, item })
const delta = (output_index: number, type: string, delta: string, fields: object = {}) => ({
  type: `response.${type}.delta`,
  output_index,
  content_index: 0,
  delta,
  ...fields
})

const itemsOf = (...output: ReadonlyArray<unknown>) => whole(response(output)).slice(1, -1)

describe("whole answers", () => {
  it("give text, head, and usage made disjoint", () => {
    expect(whole(response([message(text("Grüezi"))], { service_tier: "flex" }))).toEqual([
      metadata,
      { type: "text", text: "Grüezi" },
      { type: "finish", reason: "stop", usage: disjoint, metadata: { openai: { serviceTier: "flex" } } }
    ])
  })

  it("give each summary of reasoning as a part, the proof with the last", () => {
    expect(itemsOf(rs({ summary: [summary("One."), summary("Two.")] }), message(text("x")))).toEqual([
      { type: "reasoning", text: "One.", metadata: { openai: { itemId: "rs_1" } } },
      { type: "reasoning", text: "Two.", metadata: { openai: { itemId: "rs_1", encryptedContent: "gAAA" } } },
      { type: "text", text: "x" }
    ])
  })

  it("give reasoning that is not told as a part for its proof alone", () => {
    expect(itemsOf(rs({}), call())).toEqual([
      { type: "reasoning", text: "", metadata: { openai: { itemId: "rs_1", encryptedContent: "gAAA" } } },
      { type: "tool-call", id: "call_1", name: "weather", params: { city: "Bern" } }
    ])
    expect(itemsOf(rs({ encrypted_content: null }), message(text("x")))).toEqual([{ type: "text", text: "x" }])
  })

  it("mark the bare text of reasoning", () => {
    const content = [{ type: "reasoning_text", text: "hm" }]
    expect(itemsOf(rs({ content, encrypted_content: null }))).toEqual([
      { type: "reasoning", text: "hm", metadata: { openai: { itemId: "rs_1", raw: true } } }
    ])
  })

  it("give calls in their order, with the finish reason tool-calls", () => {
    const output = [call(), call({ id: "fc_2", call_id: "call_2", name: "now", arguments: "" })]
    expect(whole(response(output)).slice(1)).toEqual([
      { type: "tool-call", id: "call_1", name: "weather", params: { city: "Bern" } },
      { type: "tool-call", id: "call_2", name: "now", params: {} },
      { type: "finish", reason: "tool-calls", usage: disjoint }
    ])
  })

  it("give a refusal as marked text with the finish reason content-filter", () => {
    expect(whole(response([message({ type: "refusal", refusal: "No." })])).slice(1)).toEqual([
      { type: "text", text: "No.", metadata: { openai: { refusal: true } } },
      expect.objectContaining({ type: "finish", reason: "content-filter" })
    ])
  })

  it("give what a text cites as sources", () => {
    const annotations = [
      { type: "url_citation", url: "https://x.test/a", title: "A", start_index: 0, end_index: 1 },
      { type: "file_citation", file_id: "file_1", filename: "b.pdf", index: 3 },
      { type: "container_file_citation", container_id: "c", file_id: "file_2", filename: "c.png" },
      { type: "something_new", x: 1 }
    ]
    const file = { type: "source", sourceType: "document", mediaType: "application/octet-stream" }
    expect(itemsOf(message(text("x", annotations)))).toEqual([
      { type: "text", text: "x" },
      { type: "source", sourceType: "url", id: "source_0", url: "https://x.test/a", title: "A" },
      { ...file, id: "source_1", title: "b.pdf", fileName: "b.pdf", metadata: { openai: { fileId: "file_1" } } },
      { ...file, id: "source_2", title: "c.png", fileName: "c.png", metadata: { openai: { fileId: "file_2" } } }
    ])
  })

  it("keep the phase of a message", () => {
    expect(itemsOf({ ...message(text("x")), phase: "commentary" })).toEqual([
      { type: "text", text: "x", metadata: { openai: { phase: "commentary" } } }
    ])
  })

  it("give made images as files, and pass over what other tools of OpenAI's leave", () => {
    expect(itemsOf(
      { type: "web_search_call", id: "ws_1", status: "completed", action: { type: "search", query: "x" } },
      { type: "tool_search_call", id: "ts_1", arguments: { any: "thing" } },
      { type: "mcp_call", id: "mcp_1", name: "x", arguments: "{", output: "y" },
      { type: "image_generation_call", id: "ig_1", status: "completed", result: "AAAA", output_format: "webp" },
      message(text("x"))
    )).toEqual([
      { type: "file", mediaType: "image/webp", data: "AAAA" },
      { type: "text", text: "x" }
    ])
  })

  it.each([
    ["max_output_tokens", "length"],
    ["content_filter", "content-filter"],
    ["steered", "other"]
  ])("map incomplete for %s to %s", (reason, finish) => {
    const json = response([message(text("x"))], { status: "incomplete", incomplete_details: { reason } })
    expect(whole(json).at(-1)).toMatchObject({ type: "finish", reason: finish })
  })

  it("take null and absence for the same", () => {
    expect(whole({ output: [{ type: "message", content: null }, { type: "reasoning" }], usage: null })).toEqual([
      { type: "finish", reason: "stop", usage: { inputTokens: {}, outputTokens: {} } }
    ])
  })

  it.each([
    ["a text", "not an object", /not a JSON object/],
    ["no output", { id: "x" }, /no output/],
    [
      "a field of the wrong type",
      { output: [{ type: "message", content: [{ type: "output_text", text: 5 }] }] },
      /text/
    ],
    ["arguments that are not JSON", { output: [call({ arguments: "{\"secret" })] }, /"weather" are not JSON$/],
    ["arguments cut at the limit", { output: [call({ arguments: "{", status: "incomplete" })] }, /at its limit/],
    ["a call without a name", { output: [call({ name: null })] }, /no name/],
    ["an answer that is not over", response([], { status: "in_progress" }), /in_progress/]
  ])("refuse %s as MalformedResponse", (_, json, description) => {
    const error = failure(json)
    expect(error.reason._tag).toBe("MalformedResponse")
    expect(error.message).toMatch(description)
    expect(error.message).not.toContain("secret")
  })

  it.each([
    [{ status: "failed", error: { code: "server_error", message: "m" } }, "ServerFault"],
    [{ status: "failed", error: { code: "rate_limit_exceeded", message: "m" } }, "RateLimited"],
    [{ status: "failed", error: { code: "invalid_prompt", message: "m" } }, "InvalidRequest"],
    [
      { status: "failed", error: { code: "invalid_prompt", message: "flagged as potentially violating our policy" } },
      "ContentFiltered"
    ],
    [{ status: "failed", error: { code: "image_content_policy_violation", message: "m" } }, "ContentFiltered"],
    [{ status: "failed", error: { code: "invalid_image_url", message: "m" } }, "InvalidRequest"],
    [{ status: "failed", error: null }, "ServerFault"],
    [{ status: "cancelled" }, "ServerFault"],
    [{ error: { code: "context_length_exceeded" } }, "ContextLengthExceeded"],
    [{ error: { type: "invalid_request_error", message: "m" } }, "InvalidRequest"]
  ])("classify %j as %s", (fields, reason) => {
    expect(failure(response([], fields)).reason._tag).toBe(reason)
  })
})

describe("streams", () => {
  const reasoning = [
    added(0, rs({ encrypted_content: "gA" })),
    { type: "response.reasoning_summary_part.added", output_index: 0, summary_index: 0, part: summary("") },
    delta(0, "reasoning_summary_text", "On", { summary_index: 0 }),
    delta(0, "reasoning_summary_text", "e.", { summary_index: 0 }),
    { type: "response.reasoning_summary_part.done", output_index: 0, summary_index: 0, part: summary("One.") },
    { type: "response.reasoning_summary_part.added", output_index: 0, summary_index: 1, part: summary("") },
    delta(0, "reasoning_summary_text", "Two.", { summary_index: 1 }),
    done(0, rs({ summary: [summary("One."), summary("Two.")] }))
  ]

  it("end a summary when the next begins, and the last with the proof of the done item", () => {
    expect(parts(created, ...reasoning, completed()).slice(1, -1)).toEqual([
      { type: "reasoning-start", id: "0", metadata: { openai: { itemId: "rs_1" } } },
      { type: "reasoning-delta", id: "0", delta: "On" },
      { type: "reasoning-delta", id: "0", delta: "e." },
      { type: "reasoning-end", id: "0", metadata: { openai: { itemId: "rs_1" } } },
      { type: "reasoning-start", id: "1", metadata: { openai: { itemId: "rs_1" } } },
      { type: "reasoning-delta", id: "1", delta: "Two." },
      { type: "reasoning-end", id: "1", metadata: { openai: { itemId: "rs_1", encryptedContent: "gAAA" } } }
    ])
  })

  it("give starts, deltas and ends of calls in order", () => {
    expect(parts(
      created,
      added(0, call({ arguments: "" })),
      delta(0, "function_call_arguments", "{\"city\""),
      delta(0, "function_call_arguments", ":\"Bern\"}"),
      { type: "response.function_call_arguments.done", output_index: 0, arguments: "{\"city\":\"Bern\"}" },
      done(0, call()),
      completed(call())
    )).toEqual([
      metadata,
      { type: "tool-params-start", id: "call_1", name: "weather" },
      { type: "tool-params-delta", id: "call_1", delta: "{\"city\"" },
      { type: "tool-params-delta", id: "call_1", delta: ":\"Bern\"}" },
      { type: "tool-params-end", id: "call_1" },
      { type: "tool-call", id: "call_1", name: "weather", params: { city: "Bern" } },
      { type: "finish", reason: "tool-calls", usage: disjoint }
    ])
  })

  it("keep calls apart whose pieces come between each other", () => {
    const other = call({ id: "fc_2", call_id: "call_2", name: "now", arguments: "{}" })
    expect(
      folded(
        created,
        added(0, call({ arguments: "" })),
        added(1, { ...other, arguments: "" }),
        delta(0, "function_call_arguments", "{\"city\":"),
        delta(1, "function_call_arguments", "{"),
        delta(0, "function_call_arguments", "\"Bern\"}"),
        delta(1, "function_call_arguments", "}"),
        done(1, other),
        done(0, call()),
        completed()
      ).slice(1)
    ).toEqual([
      { type: "tool-call", id: "call_2", name: "now", params: {} },
      { type: "tool-call", id: "call_1", name: "weather", params: { city: "Bern" } }
    ])
  })

  it("tell a source once, whether it comes as an event, with its part, or with both", () => {
    const annotation = { type: "url_citation", url: "https://x.test/a", title: "A" }
    const event = { type: "response.output_text.annotation.added", output_index: 0, content_index: 0, annotation }
    const part = {
      type: "response.content_part.done",
      output_index: 0,
      content_index: 0,
      part: text("x", [annotation])
    }
    const item = done(0, message(text("x", [annotation])))
    const begin = [created, added(0, message()), delta(0, "output_text", "x")]
    for (const events of [[event, part, item], [part, item], [event, item], [item], [event]]) {
      const sources = parts(...begin, ...events, completed()).filter(({ type }) => type === "source")
      expect(sources).toEqual([
        { type: "source", sourceType: "url", id: "source_0", url: "https://x.test/a", title: "A" }
      ])
    }
  })

  it("read refusals and bare reasoning", () => {
    expect(
      folded(
        created,
        added(0, rs({})),
        delta(0, "reasoning_text", "hm"),
        done(0, rs({ encrypted_content: null })),
        added(1, message()),
        delta(1, "refusal", "No"),
        delta(1, "refusal", "."),
        done(1, message({ type: "refusal", refusal: "No." })),
        completed()
      ).slice(1)
    ).toEqual([
      { type: "reasoning", text: "hm", metadata: { openai: { itemId: "rs_1", raw: true } } },
      { type: "text", text: "No.", metadata: { openai: { refusal: true } } }
    ])
  })

  it("pass over events and items that are not known", () => {
    expect(folded(
      created,
      { type: "response.web_search_call.searching", output_index: 0, item_id: "ws_1" },
      added(0, { type: "web_search_call", id: "ws_1" }),
      done(0, { type: "web_search_call", id: "ws_1", action: {} }),
      { type: "response.something.new", delta: 5 },
      { type: "keepalive" },
      added(1, message()),
      delta(1, "output_text", "x"),
      done(1, message(text("x"))),
      completed()
    )).toEqual([metadata, { type: "text", text: "x" }])
  })

  it("tell what only the done item, or only the end, has", () => {
    const expected = [metadata, { type: "text", text: "whole" }]
    expect(folded(created, done(0, message(text("whole"))), completed())).toEqual(expected)
    expect(folded(created, delta(0, "output_text", "who"), done(0, message(text("whole"))), completed())).toEqual(
      expected
    )
    expect(folded(created, completed(message(text("whole"))))).toEqual(expected)
    expect(folded(created, delta(0, "output_text", "whole"), completed())).toEqual(expected)
  })

  it("know items by their id where there is no index", () => {
    const bare = ({ output_index: _index, ...event }: any) => ({ ...event, item_id: "msg_1" })
    expect(folded(created, bare(delta(0, "output_text", "x")), bare(delta(0, "output_text", "y")), completed()))
      .toEqual([
        metadata,
        { type: "text", text: "xy" }
      ])
  })

  it("break off with a call whose arguments the limit cut", () => {
    const { error } = read(
      created,
      added(0, call({ arguments: "" })),
      delta(0, "function_call_arguments", "{\"ci"),
      { type: "response.incomplete", response: response([], { incomplete_details: { reason: "max_output_tokens" } }) }
    )
    expect(error?.reason).toMatchObject({
      _tag: "MalformedResponse",
      description: expect.stringContaining("at its limit")
    })
  })

  it("finish once, whatever comes after the end", () => {
    const all = parts(created, completed(message(text("x"))), completed(message(text("y"))), { type: "error" })
    expect(all.filter(({ type }) => type === "finish")).toHaveLength(1)
  })

  it("end by response.incomplete as by response.completed, with its reason", () => {
    const incomplete = response([], { status: undefined, incomplete_details: { reason: "max_output_tokens" } })
    expect(parts(created, delta(0, "output_text", "x"), { type: "response.incomplete", response: incomplete }).at(-1))
      .toMatchObject({ type: "finish", reason: "length" })
  })

  it("are interrupted without an end, even after [DONE]", () => {
    for (const tail of ["", "data: [DONE]\n\n"]) {
      const { error, parts } = readText(sse(created, ...reasoning, done(1, message(text("x")))) + tail)
      expect(error?.reason._tag).toBe("StreamInterrupted")
      expect(parts.some(({ type }) => type === "finish")).toBe(false)
    }
  })

  it.each<[string, unknown, string]>([
    ["response.failed", { response: response([], { error: { code: "server_error", message: "m" } }) }, "ServerFault"],
    ["response.failed", { response: response([], { error: { code: "rate_limit_exceeded" } }) }, "RateLimited"],
    ["response.failed", {}, "ServerFault"],
    ["response.cancelled", {}, "ServerFault"],
    ["error", { code: "insufficient_quota", message: "m", param: null }, "QuotaExhausted"],
    ["error", { code: null, message: "m" }, "ServerFault"],
    ["error", { error: { type: "invalid_request_error", code: null, message: "m" } }, "InvalidRequest"],
    ["error", { error: { code: "server_is_overloaded" } }, "Overloaded"]
  ])("fail by %s %j as %s", (type, fields, reason) => {
    const { error, parts } = read(created, delta(0, "output_text", "x"), { type, ...(fields as object) })
    expect(error?.reason._tag).toBe(reason)
    expect(parts.some(({ type }) => type === "finish")).toBe(false)
  })

  it("fail by an event that is an error by its name or its body alone", () => {
    for (const event of ["event: error\ndata: {\"type\":\"server_error\",\"message\":\"m\"}", "data: {\"error\":{}}"]) {
      expect(readText(`${event}\n\n`).error?.reason._tag).toBe("ServerFault")
    }
  })

  it("fail by a line that is not JSON", () => {
    expect(readText(`${sse(created)}data: <html>\n\n`).error?.reason._tag).toBe("MalformedResponse")
  })
})

describe("both readings", () => {
  const words = fc.string({ minLength: 1, maxLength: 12, unit: "grapheme" })
  const citation = fc.record({ type: fc.constant("url_citation"), url: fc.webUrl(), title: words })
  const item = fc.oneof(
    fc.array(
      fc.oneof(
        fc.record({ type: fc.constant("output_text"), text: words, annotations: fc.array(citation, { maxLength: 2 }) }),
        fc.record({ type: fc.constant("refusal"), refusal: words })
      ),
      { minLength: 1, maxLength: 2 }
    ).map((content) => message(...content)),
    fc.record({ summary: fc.array(words.map(summary), { maxLength: 2 }), encrypted_content: fc.option(words) }).map(rs),
    fc.dictionary(words, fc.jsonValue(), { maxKeys: 2 }).map((params) => call({ arguments: JSON.stringify(params) }))
  ).map((item): any => item)

  const cut = (value: string, size: number) =>
    Array.from({ length: Math.ceil(value.length / size) }, (_, at) => value.slice(at * size, (at + 1) * size))

  /** The events by which an item is streamed. */
  const eventsOf = (item: any, at: number, size: number): ReadonlyArray<unknown> => {
    const pieces = (type: string, value: string, fields: object) =>
      cut(value, size).map((piece) => delta(at, type, piece, fields))
    const content: ReadonlyArray<any> = item.content ?? []
    return [
      added(at, { ...item, content: [], summary: [], arguments: "" }),
      ...content.flatMap((piece, content_index) => [
        ...(piece.type === "refusal"
          ? pieces("refusal", piece.refusal, { content_index })
          : pieces("output_text", piece.text, { content_index })),
        ...(piece.annotations ?? []).map((annotation: unknown) => ({
          type: "response.output_text.annotation.added",
          output_index: at,
          content_index,
          annotation
        })),
        { type: "response.content_part.done", output_index: at, content_index, part: piece }
      ]),
      ...(item.summary ?? []).flatMap(({ text }: any, summary_index: number) =>
        pieces("reasoning_summary_text", text, { summary_index })
      ),
      ...pieces("function_call_arguments", item.arguments ?? "", {}),
      done(at, item)
    ]
  }

  it("say the same of any answer", () => {
    fc.assert(
      fc.property(fc.array(item, { maxLength: 4 }), fc.integer({ min: 1, max: 9 }), (drawn, size) => {
        const output = drawn.map((item, at) => ({
          ...item,
          id: `${item.id}_${at}`,
          ...(item.type === "function_call" ? { call_id: `call_${at}` } : undefined)
        }))
        const events = output.flatMap((item, at) => eventsOf(item, at, size))
        expect(Response.fold(parts(created, ...events, completed(...output)))).toEqual(whole(response(output)))
      }),
      { numRuns: 300, seed: 1 }
    )
  })
})
