import { describe, expect, it } from "@effect/vitest"
import { Result } from "effect"
import type { Asked } from "../../../src/gateway/Dialect.ts"
import * as Failure from "../../../src/gateway/Failure.ts"
import * as Models from "../../../src/gateway/ollama/Models.ts"
import * as Ollama from "../../../src/gateway/ollama/Ollama.ts"
import * as Response from "../../../src/Response.ts"
import * as Vendor from "../../../src/vendor/ollama/Decode.ts"
import { answers, type Part, responseOf, streamOf } from "../answers.ts"

const surroundings = { id: "a1", now: Date.UTC(2026, 0, 2, 3, 4, 5) }

const asked = (form: "chat" | "generate"): Asked =>
  Result.getOrThrow((form === "chat" ? Ollama.chat : Ollama.generate).decode({
    body: { model: "asked", messages: [{ role: "user", content: "Hello" }], prompt: "Hello" },
    path: {},
    query: {}
  }))

const whole = (parts: ReadonlyArray<Part>, form: "chat" | "generate" = "chat"): any =>
  JSON.parse(JSON.stringify(asked(form).whole(responseOf(parts), surroundings)))

/** A stream whose last part says what the dispatcher knows. */
const summed = (parts: ReadonlyArray<Part>): ReadonlyArray<Response.StreamPart> =>
  streamOf(parts).map((part) => {
    if (part.type !== "finish") return part
    const { parts: _, ...summary } = responseOf(parts)
    return { ...part, metadata: { ...part.metadata, llmdispatcher: summary as any } }
  })

const lines = (parts: Iterable<Response.StreamPart>, form: "chat" | "generate" = "chat"): ReadonlyArray<any> => {
  const events = asked(form).events(surroundings)
  let text = ""
  for (const part of parts) text += events.part(part)
  text += events.end()
  expect(text.endsWith("\n")).toBe(true)
  return text.trimEnd().split("\n").map((line) => JSON.parse(line))
}

/** The answer that a client puts together of the lines. */
const folded = (all: ReadonlyArray<any>): any => {
  const last = all.at(-1)
  let content = ""
  let thinking = ""
  const calls: Array<any> = []
  for (const { message, response, thinking: thought = "" } of all) {
    content += message?.content ?? response
    thinking += message?.thinking ?? thought
    calls.push(...message?.tool_calls ?? [])
  }
  const thoughts = thinking === "" ? {} : { thinking }
  const tools = calls.length === 0 ? {} : { tool_calls: calls }
  return last.message === undefined
    ? { ...last, response: content, ...thoughts }
    : { ...last, message: { ...last.message, content, ...thoughts, ...tools } }
}

const every = Object.entries(answers)

describe("a whole answer", () => {
  it("of chat is a message with counts and nanoseconds", () => {
    expect(whole(answers["tool calls"]!)).toEqual({
      model: "model-9",
      created_at: "2026-01-02T03:04:05.000Z",
      message: {
        role: "assistant",
        content: "",
        tool_calls: [
          { id: "call_1", function: { index: 0, name: "weather", arguments: { city: "Bern" } } },
          { id: "functions.now:1", function: { index: 1, name: "now", arguments: {} } }
        ]
      },
      done: true,
      done_reason: "stop",
      total_duration: 1_200_000_000,
      load_duration: 0,
      prompt_eval_count: 30,
      prompt_eval_duration: 200_000_000,
      eval_count: 12,
      eval_duration: 1_000_000_000
    })
  })

  it("of generate is a text", () => {
    expect(whole(answers["reasoning that nobody signed"]!, "generate")).toMatchObject({
      response: "So.",
      thinking: "Hm.",
      done: true
    })
  })

  it("leaves out counts that are not known, and tools that a vendor ran", () => {
    expect(whole(answers["unknown usage"]!)).not.toHaveProperty("eval_count")
    expect(whole(answers["code of Google's own"]!).message).toEqual({ role: "assistant", content: "2" })
  })

  it.each([["text", "stop"], ["length", "length"], ["refusal", "content_filter"], ["tool call", "stop"]])(
    "tells why it ended: %s",
    (name, reason) => {
      expect(whole(answers[name]!).done_reason).toBe(reason)
    }
  )

  it.each(["text", "length", "tool call", "tool calls", "reasoning that nobody signed"])(
    "is read by the vendor's decoder as it was: %s",
    (name) => {
      const bare = (list: ReadonlyArray<any>) =>
        list.filter(({ type }) => type !== "finish" && type !== "response-metadata")
          .map((part) => ({ ...part, metadata: undefined }))
      const read = Result.getOrThrow(Vendor.whole(whole(answers[name]!)))
      expect(bare(read)).toEqual(bare(answers[name]!))
      expect(read.at(-1)).toMatchObject({
        reason: responseOf(answers[name]!).finishReason,
        usage: { inputTokens: { total: 30 }, outputTokens: { total: 12 } }
      })
    }
  )
})

describe("a stream", () => {
  it.each(every)("tells the same as the whole answer: %s", (_, parts) => {
    expect(folded(lines(summed(parts)))).toEqual(whole(parts))
    expect(folded(lines(summed(parts), "generate"))).toEqual(whole(parts, "generate"))
  })

  it.each(every)("has a last line and only one: %s", (_, parts) => {
    expect(lines(streamOf(parts)).map(({ done }) => done).indexOf(true)).toBe(lines(streamOf(parts)).length - 1)
  })

  it("names the model that was asked for where the vendor names none", () => {
    expect(lines([{ type: "text-delta", id: "0", delta: "a\nb" }])).toEqual([{
      model: "asked",
      created_at: "2026-01-02T03:04:05.000Z",
      message: { role: "assistant", content: "a\nb" },
      done: false
    }])
  })

  it("ends with an error's line where it breaks", () => {
    const events = asked("chat").events(surroundings)
    expect(events.failed(Failure.make("upstream", "Cut.\n"))).toBe("{\"error\":\"Cut.\\n\"}\n")
    expect(events.contentType).toBe("application/x-ndjson")
  })
})

describe("a refusal", () => {
  it.each(
    [
      ["invalid-request", 400, "No."],
      ["unauthenticated", 401, "unauthorized: No."],
      ["not-found", 404, "No."],
      ["rate-limited", 429, "No."],
      ["overloaded", 503, "server busy, please try again: No."],
      ["context-length", 400, "the input exceeds the available context: No."],
      ["internal", 500, "No."]
    ] as const
  )("of the kind %s is told in Ollama's words", (kind, status, error) => {
    expect(Ollama.chat.refusal(Failure.make(kind, "No."))).toEqual({ status, body: { error } })
  })
})

describe("a body that only loads a model", () => {
  it("is answered at once", () => {
    const at = { model: "m", created_at: "2026-01-02T03:04:05.000Z", done: true }
    expect(Ollama.loaded({ model: "m" }, "generate", surroundings)).toEqual({
      ...at,
      response: "",
      done_reason: "load"
    })
    expect(Ollama.loaded({ model: "m", messages: [], keep_alive: 0 }, "chat", surroundings)).toEqual({
      ...at,
      message: { role: "assistant", content: "" },
      done_reason: "unload"
    })
  })

  it.each<[any, "chat" | "generate"]>([
    [{ model: "m", prompt: "x" }, "generate"],
    [{ model: "m", images: ["x"] }, "generate"],
    [{ model: "m", messages: [{}] }, "chat"],
    [{ messages: [] }, "chat"],
    [null, "chat"]
  ])("is no other body", (body, form) => {
    expect(Ollama.loaded(body, form, surroundings)).toBeUndefined()
  })
})

describe("the models", () => {
  const features = {
    streaming: null,
    parallelTools: null,
    audio: null,
    documents: null,
    jsonSchema: null,
    prefill: null
  }
  const known = { ...features, tools: true, images: false, reasoning: true, systemRole: true }
  const unknown = { ...features, tools: null, images: null, reasoning: null, systemRole: null }

  it("are listed as Ollama's client wants them", () => {
    const [model] = Models.tags([{ id: "openai/gpt-5-mini" }]).models
    expect(model).toMatchObject({ name: "openai/gpt-5-mini", model: "openai/gpt-5-mini", size: 0 })
    expect(model!.digest).toMatch(/^[0-9a-f]{64}$/)
  })

  it("tell their window under the name that tools look for", () => {
    const { capabilities, model_info } = Models.show({ id: "m", contextWindow: 1_000, features: known })
    expect((model_info as any)[`${model_info["general.architecture"]}.context_length`]).toBe(1_000)
    expect(capabilities).toEqual(["completion", "tools", "thinking"])
    expect(Models.show({ id: "m", contextWindow: null, features: unknown })).toMatchObject({
      model_info: { "general.architecture": "llmdispatcher" },
      capabilities: ["completion", "tools", "vision"]
    })
  })

  it("are asked for by either name", () => {
    expect([{ model: "a" }, { name: "b" }, {}, null].map(Models.shown)).toEqual(["a", "b", undefined, undefined])
  })
})
