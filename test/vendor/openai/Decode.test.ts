import { describe, expect, it } from "@effect/vitest"
import { Effect, Result, Stream } from "effect"
import * as fc from "fast-check"
import { readFileSync } from "node:fs"
import * as Response from "../../../src/Response.ts"
import * as Decode from "../../../src/vendor/openai/Decode.ts"
import type { AttemptError } from "../../../src/VendorError.ts"
import * as Sse from "../../../src/wire/Sse.ts"

const fixture = (name: string) => readFileSync(new URL(`../../fixtures/openai/${name}`, import.meta.url), "utf8")
const names = ["text", "tools", "reasoning", "refusal", "citations"]

interface Read {
  readonly parts: ReadonlyArray<Response.StreamPart>
  readonly error: AttemptError | undefined
}

/** All that comes out of a stream whose bytes arrive in these chunks. */
const readChunks = (chunks: ReadonlyArray<Uint8Array>): Read => {
  const parts: Array<Response.StreamPart> = []
  const error = Effect.runSync(
    Stream.fromIterable(chunks, { chunkSize: 1 }).pipe(
      Sse.decode(Decode.streamDecoder),
      Stream.runForEach((part) => Effect.sync(() => void parts.push(part))),
      Effect.match({ onFailure: (error) => error, onSuccess: () => undefined })
    )
  )
  return { parts, error }
}

const bytes = (text: string) => new TextEncoder().encode(text)
const readText = (text: string) => readChunks([bytes(text)])

/** A stream of these chunks, as a server writes it. */
const sse = (...chunks: ReadonlyArray<unknown>) =>
  chunks.map((chunk) => `data: ${typeof chunk === "string" ? chunk : JSON.stringify(chunk)}\n\n`).join("")

const delta = (delta: unknown, finish_reason: string | null = null) => ({
  choices: [{ index: 0, delta, finish_reason }]
})
const stop = delta({}, "stop")
const usageless = { inputTokens: {}, outputTokens: {} }

const whole = (json: unknown): ReadonlyArray<Response.Part> => {
  const parts = Decode.whole(json)
  if (Result.isFailure(parts)) throw parts.failure
  return parts.success
}

const failure = (json: unknown): AttemptError => {
  const parts = Decode.whole(json)
  if (Result.isSuccess(parts)) throw new Error("decoded")
  return parts.failure
}

const toolCalls = (parts: ReadonlyArray<Response.StreamPart>) =>
  parts.flatMap((part) => part.type === "tool-call" ? [[part.id, part.name, part.params]] : [])

describe("whole answers", () => {
  it("gives text, head, and usage made disjoint", () => {
    expect(whole(JSON.parse(fixture("text.json")))).toEqual([
      {
        type: "response-metadata",
        id: "chatcmpl-9x",
        modelId: "gpt-5-mini-2025-08-07",
        timestamp: "2026-01-01T12:00:00.000Z"
      },
      { type: "text", text: "Grüße aus Zürich: 你好 👩‍👩‍👧 – done." },
      {
        type: "finish",
        reason: "stop",
        usage: {
          inputTokens: { total: 21, uncached: 13, cacheRead: 8 },
          outputTokens: { total: 12, text: 12, reasoning: 0 }
        },
        metadata: { openai: { systemFingerprint: "fp_44709d6fcb", serviceTier: "default" } }
      }
    ])
  })

  it("gives tool calls with their arguments parsed", () => {
    expect(whole(JSON.parse(fixture("tools.json"))).slice(1, 3)).toEqual([
      { type: "tool-call", id: "call_a", name: "weather", params: { city: "Zürich" } },
      { type: "tool-call", id: "call_b", name: "now", params: {} }
    ])
  })

  it("gives a refusal as marked text with the finish reason content-filter", () => {
    const parts = whole(JSON.parse(fixture("refusal.json")))
    expect(parts[1]).toEqual({
      type: "text",
      text: "I cannot help with that.",
      metadata: { openai: { refusal: true } }
    })
    expect(parts[2]).toMatchObject({ type: "finish", reason: "content-filter" })
  })

  it("gives cited pages as sources", () => {
    expect(whole(JSON.parse(fixture("citations.json")))[2]).toEqual({
      type: "source",
      sourceType: "url",
      id: "source_0",
      url: "https://example.com/a",
      title: "A"
    })
  })

  it.each([
    ["stop", "stop"],
    ["length", "length"],
    ["tool_calls", "tool-calls"],
    ["function_call", "tool-calls"],
    ["content_filter", "content-filter"],
    [null, "unknown"]
  ])("maps the finish reason %s to %s", (finish_reason, reason) => {
    expect(whole({ choices: [{ message: { content: "x" }, finish_reason }] }).at(-1)).toMatchObject({ reason })
  })

  it.each([
    ["error", "ServerFault"],
    ["insufficient_system_resource", "Overloaded"]
  ])("takes an answer that ended with %s for failed", (finish_reason, reason) => {
    const read = Decode.whole({ choices: [{ message: { content: "x" }, finish_reason }] })
    expect(Result.isFailure(read) && read.failure.reason._tag).toBe(reason)
    const { error } = readText(sse(delta({ content: "x" }), delta({}, finish_reason), "[DONE]"))
    expect(error?.reason._tag).toBe(reason)
  })

  it("reads 'stop' with tool calls as tool-calls", () => {
    const message = { tool_calls: [{ function: { name: "a", arguments: "" } }] }
    expect(whole({ choices: [{ message, finish_reason: "stop" }] })).toEqual([
      { type: "tool-call", id: "call_0", name: "a", params: {} },
      { type: "finish", reason: "tool-calls", usage: usageless }
    ])
  })

  it("leaves counts absent that the server did not tell", () => {
    const message = { content: "x" }
    const parts = whole({ choices: [{ message }], usage: { prompt_tokens: 5, completion_tokens: null } })
    expect(parts.at(-1)).toMatchObject({ usage: { inputTokens: { total: 5 }, outputTokens: {} } })
    expect(parts.at(-1)).not.toHaveProperty("usage.inputTokens.uncached")
  })

  it("takes cache writes and DeepSeek's cache hits apart", () => {
    expect(Decode.usageOf({
      prompt_tokens: 100,
      completion_tokens: 5,
      prompt_tokens_details: { cached_tokens: 60, cache_write_tokens: 30 }
    })).toEqual({
      inputTokens: { total: 100, uncached: 10, cacheRead: 60, cacheWrite: 30 },
      outputTokens: { total: 5 }
    })
    expect(Decode.usageOf({ prompt_tokens: 10, prompt_cache_hit_tokens: 4 }).inputTokens).toEqual({
      total: 10,
      uncached: 6,
      cacheRead: 4
    })
  })

  it("adds reasoning that the total shows to be beside the completion", () => {
    const usage = {
      prompt_tokens: 10,
      completion_tokens: 5,
      total_tokens: 35,
      completion_tokens_details: { reasoning_tokens: 20 }
    }
    expect(Decode.usageOf(usage).outputTokens).toEqual({ total: 25, text: 5, reasoning: 20 })
  })

  it("reads Mistral's typed pieces", () => {
    const content = [{ type: "thinking", thinking: [{ type: "text", text: "hm" }] }, { type: "text", text: "yes" }]
    expect(whole({ choices: [{ message: { content }, finish_reason: "stop" }] }).slice(0, 2)).toEqual([
      { type: "reasoning", text: "hm" },
      { type: "text", text: "yes" }
    ])
  })

  it.each([
    ["a text", "not an object", /not a JSON object/],
    ["no choices", { id: "x" }, /no choices/],
    ["empty choices", { choices: [] }, /no choices/],
    ["a field of the wrong type", { choices: [{ message: { content: 5 } }] }, /"choices\.0\.message\.content"/],
    ["arguments that are not JSON", {
      choices: [{ message: { tool_calls: [{ id: "a", function: { name: "f", arguments: "{\"secret" } }] } }]
    }, /arguments of the call to the tool "f" are not JSON$/]
  ])("refuses %s as MalformedResponse", (_, json, description) => {
    const error = failure(json)
    expect(error.reason._tag).toBe("MalformedResponse")
    expect(error.message).toMatch(description)
    expect(error.message).not.toContain("secret")
  })

  it("tells that arguments were cut by the token limit", () => {
    const message = { tool_calls: [{ id: "a", function: { name: "f", arguments: "{\"x\":" } }] }
    expect(failure({ choices: [{ message, finish_reason: "length" }] }).message).toMatch(/reached its limit of tokens/)
  })

  it("classifies an error object in a 200", () => {
    expect(failure({ error: { code: 429, message: "slow" } }).reason._tag).toBe("RateLimited")
  })
})

describe("streams", () => {
  it.each(names)("%s folds to the parts of the whole answer", (name) => {
    const { error, parts } = readText(fixture(`${name}.sse`))
    expect(error).toBeUndefined()
    expect(Response.fold(parts)).toEqual(whole(JSON.parse(fixture(`${name}.json`))))
  })

  it("gives starts, deltas and ends in order", () => {
    expect(readText(fixture("tools.sse")).parts.slice(1)).toEqual([
      { type: "tool-params-start", id: "call_a", name: "weather" },
      { type: "tool-params-delta", id: "call_a", delta: "{\"ci" },
      { type: "tool-params-delta", id: "call_a", delta: "ty\":\"Zür" },
      { type: "tool-params-delta", id: "call_a", delta: "ich\"}" },
      { type: "tool-params-start", id: "call_b", name: "now" },
      { type: "tool-params-delta", id: "call_b", delta: "{}" },
      { type: "tool-params-end", id: "call_a" },
      { type: "tool-call", id: "call_a", name: "weather", params: { city: "Zürich" } },
      { type: "tool-params-end", id: "call_b" },
      { type: "tool-call", id: "call_b", name: "now", params: {} },
      expect.objectContaining({ type: "finish", reason: "tool-calls" })
    ])
  })

  it("decodes the same whatever way the bytes are split", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...names),
        fc.constantFrom("\n", "\r\n", "\r"),
        fc.array(fc.nat(), { maxLength: 60 }),
        (name, lineEnd, cuts) => {
          const all = bytes(fixture(`${name}.sse`).replaceAll("\n", lineEnd))
          const at = [...new Set(cuts.map((cut) => cut % all.length))].sort((a, b) => a - b)
          const chunks = [...at, all.length].map((end, index) => all.subarray(at[index - 1] ?? 0, end))
          expect(readChunks(chunks)).toEqual(readText(fixture(`${name}.sse`)))
        }
      ),
      { numRuns: 300, seed: 1 }
    )
  })

  it("decodes the same one byte at a time", () => {
    for (const name of names) {
      const all = bytes(fixture(`${name}.sse`))
      expect(readChunks(Array.from(all, (_, index) => all.subarray(index, index + 1)))).toEqual(
        readText(fixture(`${name}.sse`))
      )
    }
  })

  it("is interrupted, never finished, by a cut before the finish reason, and never malformed", () => {
    for (const name of names) {
      const text = fixture(`${name}.sse`)
      const reasonAt = text.search(/"finish_reason": "/)
      fc.assert(
        fc.property(fc.nat({ max: reasonAt }), (cut) => {
          const { error, parts } = readText(text.slice(0, cut))
          expect(error?.reason._tag).toBe("StreamInterrupted")
          expect(parts.filter((part) => part.type === "finish")).toEqual([])
        }),
        { numRuns: 60, seed: 2 }
      )
    }
  })

  it("finishes exactly once, whatever of usage and [DONE] comes", () => {
    const usage = { choices: [], usage: { prompt_tokens: 1, completion_tokens: 2 } }
    for (const tail of [[], ["[DONE]"], [usage], [usage, "[DONE]"], [usage, usage, "[DONE]", stop, "garbage"]]) {
      const { error, parts } = readText(sse(delta({ content: "a" }), stop, ...tail))
      expect(error).toBeUndefined()
      expect(parts.filter((part) => part.type === "finish")).toHaveLength(1)
      expect(parts.at(-1)?.type).toBe("finish")
    }
  })

  it("takes a last event without its empty line", () => {
    const text = sse(delta({ content: "a" }), stop).trimEnd()
    expect(readText(text).parts.at(-1)).toMatchObject({ type: "finish", reason: "stop" })
  })

  it("takes usage from the chunk of the finish reason, or the last of many", () => {
    const { parts } = readText(sse(
      { ...delta({ content: "a" }), usage: { prompt_tokens: 1, completion_tokens: 1 } },
      { ...stop, usage: { prompt_tokens: 1, completion_tokens: 9 } },
      "[DONE]"
    ))
    expect(parts.at(-1)).toMatchObject({ usage: { outputTokens: { total: 9 } } })
  })

  it("waits past Azure's first chunk without id and choices", () => {
    const { parts } = readText(sse(
      { id: "", model: "", choices: [], prompt_filter_results: [] },
      { id: "c1", model: "gpt", ...delta({ role: "assistant", content: "" }) },
      { id: "c1", model: "gpt", ...delta({ role: "assistant", content: "x" }) },
      stop
    ))
    expect(parts.slice(0, 2)).toEqual([
      { type: "response-metadata", id: "c1", modelId: "gpt" },
      { type: "text-start", id: "0" }
    ])
  })

  it("reads numeric ids, unknown fields, null content and other choices' pieces away", () => {
    const { error, parts } = readText(sse(
      {
        id: 77,
        x_groq: { id: "y" },
        choices: [{ index: 0, delta: { role: "assistant", content: null }, logprobs: null }]
      },
      { id: 77, choices: [{ index: 1, delta: { content: "other" } }, { delta: { content: "mine" } }] },
      stop
    ))
    expect(error).toBeUndefined()
    expect(Response.fold(parts)).toEqual([
      { type: "response-metadata", id: "77" },
      { type: "text", text: "mine" },
      { type: "finish", reason: "stop", usage: usageless }
    ])
  })

  it("takes one of two words for the same reasoning", () => {
    const { parts } = readText(sse(delta({ reasoning: "a", reasoning_content: "a" }), delta({ reasoning: "b" }), stop))
    expect(Response.fold(parts)[0]).toEqual({ type: "reasoning", text: "ab" })
  })

  it("keeps what a server sends after the finish reason", () => {
    const { parts } = readText(sse(delta({ content: "a" }), stop, delta({ content: "b" }), "[DONE]"))
    expect(parts.filter((part) => part.type === "text-delta").map((part) => part.delta)).toEqual(["a", "b"])
    expect(parts.at(-2)?.type).toBe("text-end")
  })

  const call = (index: number | undefined, id: string | undefined, name: string | undefined, args: unknown) =>
    delta({ tool_calls: [{ index, id, function: { name, arguments: args } }] })

  it.each<[string, ReadonlyArray<unknown>, ReadonlyArray<unknown>]>([
    ["all numbered 0 with different ids", [
      call(0, "a", "f", "{\"x\":1}"),
      call(0, "b", "g", "{\"y\":"),
      call(0, undefined, undefined, "2}")
    ], [["a", "f", { x: 1 }], ["b", "g", { y: 2 }]]],
    ["without numbers", [
      call(undefined, "a", "f", "{\"x\""),
      call(undefined, undefined, undefined, ":1}"),
      call(undefined, "b", "g", "")
    ], [["a", "f", { x: 1 }], ["b", "g", {}]]],
    ["without numbers and ids", [
      call(undefined, undefined, "f", "{\"x\":1}"),
      call(undefined, undefined, "f", "{\"x\":2}")
    ], [
      ["call_0", "f", { x: 1 }],
      ["call_1", "f", { x: 2 }]
    ]],
    ["with the id and name in every piece", [call(0, "a", "f", "{\"x\":"), call(0, "a", "f", "1}")], [["a", "f", {
      x: 1
    }]]],
    ["with empty ids and names in later pieces", [call(0, "a", "f", "{\"x\":"), call(0, "", "", "1}")], [["a", "f", {
      x: 1
    }]]],
    ["with arguments as an object", [call(0, "a", "f", { x: 1 })], [["a", "f", { x: 1 }]]],
    ["with null arguments", [call(0, "a", "f", null), call(1, "b", "g", "null")], [["a", "f", {}], ["b", "g", {}]]],
    ["interleaved", [
      call(0, "a", "f", "{\"x\":"),
      call(1, "b", "g", "{\"y\":"),
      call(0, undefined, undefined, "1}"),
      call(1, undefined, undefined, "2}")
    ], [["a", "f", { x: 1 }], ["b", "g", { y: 2 }]]],
    ["with a numeric id", [call(0, 5 as any, "f", "{}")], [["5", "f", {}]]],
    ["with the name after the arguments began", [call(0, "a", undefined, "{\"x\":"), call(0, undefined, "f", "1}")], [
      ["a", "f", { x: 1 }]
    ]]
  ])("puts tool calls together: %s", (_, chunks, expected) => {
    const { error, parts } = readText(sse(...chunks, delta({}, "tool_calls"), "[DONE]"))
    expect(error).toBeUndefined()
    expect(toolCalls(parts)).toEqual(expected)
  })

  it("gives the parts decoded before an error in the same chunk first", () => {
    const { error, parts } = readText(
      sse(delta({ content: "a" }), { error: { code: "server_is_overloaded", message: "busy" } })
    )
    expect(parts.map((part) => part.type)).toEqual(["text-start", "text-delta"])
    expect(error?.reason).toMatchObject({ _tag: "Overloaded", description: "busy", code: "server_is_overloaded" })
  })

  it("classifies an error event whose data is the error itself", () => {
    const text = `event: error\ndata: {"type":"insufficient_quota","message":"no credit"}\n\n`
    expect(readText(text).error?.reason._tag).toBe("QuotaExhausted")
  })

  it.each(["not json", "[1]", "null", "{\"a\":"])("refuses the event %j as MalformedResponse", (data) => {
    const { error } = readText(sse(delta({ content: "a" }), data, stop, "[DONE]"))
    expect(error?.reason._tag).toBe("MalformedResponse")
  })

  it("is interrupted by [DONE] without a finish reason", () => {
    expect(readText(sse(delta({ content: "a" }), "[DONE]")).error?.reason._tag).toBe("StreamInterrupted")
  })
})
