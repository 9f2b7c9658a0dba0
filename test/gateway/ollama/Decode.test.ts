import { describe, expect, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import type { Failure } from "../../../src/gateway/Failure.ts"
import * as Decode from "../../../src/gateway/ollama/Decode.ts"
import * as Embeddings from "../../../src/gateway/ollama/Embeddings.ts"
import * as Request from "../../../src/Request.ts"
import * as Encode from "../../../src/vendor/ollama/Encode.ts"

/** The red dot of the PNG specification's examples, 1 × 1. */
const dot = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="

const decoded = (body: unknown): Decode.Decoded => Result.getOrThrow(Decode.chat(body))

const refused = (body: unknown, decode = Decode.chat): Failure => {
  const result = decode(body)
  if (Result.isSuccess(result)) throw new Error("the body was taken")
  return result.failure
}

const sentBy = ({ isStream, model, request }: Decode.Decoded) =>
  Result.getOrThrow(
    Encode.encode({ model, request: Effect.runSync(Request.decode(request)) }, ["ollama"], { stream: isStream })
  )

const hello = [{ role: "user", content: "Hello" }]
const base = { model: "llama3.2", messages: hello, stream: false, truncate: true }
const weather = {
  type: "function",
  function: {
    name: "weather",
    description: "The weather of a city.",
    parameters: { type: "object", properties: { city: { type: "string" } } }
  }
}

const bodies: { readonly [name: string]: Record<string, unknown> } = {
  "a question": base,
  "a stream": { ...base, stream: true },
  "many turns": {
    ...base,
    messages: [
      { role: "system", content: "Be short." },
      { role: "user", content: "What is it?", images: [dot, "/9j/AAAA", "AAAA"] },
      { role: "assistant", content: "A dot." },
      { role: "user", content: "Sure?" }
    ]
  },
  "calls and results": {
    ...base,
    tools: [weather],
    messages: [
      ...hello,
      {
        role: "assistant",
        content: "I look.",
        thinking: "Hm.",
        tool_calls: [
          { id: "a", function: { index: 0, name: "weather", arguments: { city: "Bern" } } },
          { id: "b", function: { index: 1, name: "now", arguments: {} } }
        ]
      },
      { role: "tool", content: "{\"degrees\": 1}", tool_name: "weather", tool_call_id: "a" },
      { role: "tool", content: "noon", images: [dot], tool_name: "now", tool_call_id: "b" }
    ]
  },
  options: {
    ...base,
    options: {
      temperature: 0.5,
      top_p: 0.9,
      top_k: 40,
      frequency_penalty: 0.5,
      presence_penalty: -0.5,
      seed: 7,
      stop: ["END"],
      num_predict: 100
    }
  },
  "options of Ollama's own": {
    ...base,
    options: { num_ctx: 8_192, min_p: 0.1, mirostat: 1, temperature: 3, num_predict: -1, top_k: 0, seed: 1.5 }
  },
  json: { ...base, format: "json" },
  "a schema": { ...base, format: { type: "object", properties: { a: { type: "integer" } } } },
  "thinking somehow": { ...base, think: true },
  "no thinking": { ...base, think: false },
  "thinking hard": { ...base, think: "high" },
  "thinking as hard as it can": { ...base, think: "max" },
  "what the request has no word for": {
    ...base,
    truncate: false,
    keep_alive: "10m",
    shift: false,
    logprobs: true,
    top_logprobs: 3,
    something_new: { a: [1, null] }
  }
}

describe("a body that goes to Ollama", () => {
  it.each(Object.entries(bodies))("arrives as it came: %s", (_, body) => {
    const { body: arrived, losses } = sentBy(decoded(JSON.parse(JSON.stringify(body))))
    expect(arrived).toEqual(body)
    expect(losses).toEqual([])
  })

  it("streams and may be cut where it does not say otherwise, as Ollama's own default is", () => {
    expect(sentBy(decoded({ model: "m", messages: hello, options: {}, format: "", images: null })).body).toEqual({
      model: "m",
      messages: hello,
      stream: true,
      truncate: true
    })
  })

  it("has its calls and results joined by function and order where they have no ids", () => {
    const call = (name: string) => ({ function: { name, arguments: {} } })
    const { request } = decoded({
      ...base,
      messages: [
        ...hello,
        { role: "assistant", content: "", tool_calls: [call("a"), call("b"), call("a")] },
        { role: "tool", content: "1", tool_name: "b" },
        { role: "tool", content: "2" },
        { role: "tool", content: "3", name: "a" }
      ]
    })
    const [, assistant, ...results] = (request as any).messages
    const [first, second, third] = assistant.content.map(({ id }: any) => id)
    expect(results.map(({ content: [{ id, name, result }] }: any) => [id, name, result])).toEqual([
      [second, "b", "1"],
      [first, "a", "2"],
      [third, "a", "3"]
    ])
  })

  it("of generate says the same as one of chat", () => {
    const generate = {
      model: "m",
      prompt: "What is it?",
      system: "Be short.",
      images: [dot],
      keep_alive: 0,
      stream: false
    }
    expect(sentBy(Result.getOrThrow(Decode.generate({ ...generate, context: [], raw: false, suffix: "" }))).body)
      .toEqual({
        model: "m",
        messages: [
          { role: "system", content: "Be short." },
          { role: "user", content: "What is it?", images: [dot] }
        ],
        stream: false,
        truncate: true,
        keep_alive: 0
      })
  })
})

describe("the request", () => {
  it("has all that a common word covers, for whatever vendor it goes to", () => {
    const { messages: _, ...request } = decoded({
      ...base,
      think: "low",
      tools: [{ function: { name: "now" } }],
      format: { title: "person", type: "object" },
      options: { num_predict: 5, stop: ["END"] }
    }).request as any
    expect(request).toEqual({
      model: "llama3.2",
      reasoningEffort: "low",
      tools: [{ name: "now", parameters: { type: "object", properties: {} } }],
      responseFormat: { type: "json-schema", name: "person", schema: { title: "person", type: "object" } },
      maxTokens: 5,
      stop: ["END"],
      options: { ollama: { truncate: true } }
    })
  })

  it("thinks as hard as most do where nothing says how hard", () => {
    expect(decoded({ ...base, think: true }).request).toMatchObject({ reasoningEffort: "medium" })
  })

  it("knows the types of pictures by how they begin", () => {
    const messages = [{ role: "user", content: "x", images: [dot, "/9j/A", "R0lGODA", "UklGRA", "AAAA"] }]
    const [{ content }] = (decoded({ ...base, messages }).request as any).messages
    expect(content.slice(1).map(({ mediaType }: any) => mediaType)).toEqual([
      "image/png",
      "image/jpeg",
      "image/gif",
      "image/webp",
      "image/*"
    ])
  })

  it("has the caller's wishes", () => {
    expect(decoded({ ...base, llmdispatcher: { route: "r", cache: "off" } }).request).toMatchObject({
      model: "r",
      cache: "off"
    })
  })
})

describe("a body that is not one of the API's", () => {
  it.each<[string, any, string]>([
    ["no model", { ...base, model: undefined }, "model"],
    ["no messages", { ...base, messages: undefined }, "messages"],
    ["a role that is none", { ...base, messages: [{ role: "robot", content: "x" }] }, "messages.0.role"],
    ["a content that is a list", { ...base, messages: [{ role: "user", content: [] }] }, "messages.0.content"],
    [
      "an image by its address",
      { ...base, messages: [{ role: "user", content: "x", images: ["http://169.254.169.254/"] }] },
      "messages.0.images.0"
    ],
    [
      "arguments that are a text",
      { ...base, messages: [{ role: "assistant", tool_calls: [{ function: { name: "x", arguments: "{}" } }] }] },
      "messages.0.tool_calls.0.function.arguments"
    ],
    ["a tool that is none", { ...base, tools: [{ type: "magic" }] }, "tools.0.type"],
    ["an option that is a text", { ...base, options: { seed: "7" } }, "options.seed"],
    ["a format that is none", { ...base, format: "xml" }, "format"],
    ["thinking that is none", { ...base, think: "a lot" }, "think"],
    ["a stream that is a text", { ...base, stream: "yes" }, "stream"],
    ["a wish that is none", { ...base, llmdispatcher: { budget: 1 } }, "llmdispatcher.budget"],
    ["an address to call", { ...base, base_url: "https://evil.test" }, "base_url"],
    ["a key to call with", { ...base, apiKey: "k" }, "apiKey"],
    ["no object", null, ""]
  ])("is told by its field: %s", (_, body, field) => {
    expect(refused(body)).toMatchObject({ kind: "invalid-request", status: 400, field })
  })

  it.each([["suffix", "x"], ["template", "x"], ["raw", true], ["context", [1]]])(
    "is refused by generate where it writes the model's input by hand: %s",
    (name, value) => {
      expect(refused({ model: "m", prompt: "x", [name]: value }, Decode.generate)).toMatchObject({
        kind: "unsupported",
        field: name
      })
    }
  )

  it("touches no prototype", () => {
    const body = JSON.parse(`{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"model":"m",
      "messages":[{"role":"user","content":"x","__proto__":{"polluted":1}}],
      "options":{"__proto__":{"polluted":1},"num_ctx":1},"think":"__proto__"}`)
    expect(refused(body).field).toBe("think")
    delete body.think
    const { ollama } = decoded(body).request.options as any
    expect([Object.keys(ollama), Object.keys(ollama.options)]).toEqual([
      ["constructor", "truncate", "options"],
      ["num_ctx"]
    ])
    expect([ollama, ollama.options].map(Object.getPrototypeOf)).toEqual([Object.prototype, Object.prototype])
    expect(({} as any).polluted).toBeUndefined()
  })
})

describe("a field that the request refuses", () => {
  it.each<[any, string]>([
    [{ ...base, options: { stop: [""] } }, "options.stop.0"],
    [{ ...base, messages: [{ role: "user", content: " " }] }, "messages.0.content"],
    [{ ...base, messages: [{ role: "user", content: "half \ud800" }] }, "messages.0.content"],
    [{ ...base, tools: [{ function: { name: "a b" } }] }, "tools.0.function.name"],
    [{ ...base, llmdispatcher: { deadline: -1 } }, "llmdispatcher.deadline"]
  ])("is told by its name in the body", (body, field) => {
    const { fieldOf, request } = decoded(body)
    const error = Effect.runSync(Effect.flip(Request.decode(request)))
    expect(fieldOf((error.reason as any).issues[0].field)).toBe(field)
  })
})

describe("a body of embed", () => {
  const embeddings = { vectors: [[1, 2], [3, 4]], usage: { inputTokens: { total: 5 }, outputTokens: {} } }

  it("has one text or several", () => {
    const asked = Result.getOrThrow(Embeddings.decode({ model: "m", input: ["a", "b"], truncate: true }, false))
    expect(asked).toMatchObject({ model: "m", inputs: ["a", "b"], lost: ["truncate"] })
    expect(asked.whole(embeddings)).toEqual({ model: "m", embeddings: embeddings.vectors, prompt_eval_count: 5 })
    expect(Result.getOrThrow(Embeddings.decode({ model: "m", input: "a" }, false)).inputs).toEqual(["a"])
  })

  it("has a prompt in its older form", () => {
    const asked = Result.getOrThrow(Embeddings.decode({ model: "m", prompt: "a" }, true))
    expect(asked.inputs).toEqual(["a"])
    expect(asked.whole(embeddings)).toEqual({ embedding: [1, 2] })
  })

  it.each<[any, string]>([
    [{ input: "a" }, "model"],
    [{ model: "m" }, "input"],
    [{ model: "m", input: [1] }, "input.0"],
    [{ model: "m", input: "a", dimensions: 2 }, "dimensions"],
    ["x", ""]
  ])("is refused by its field", (body, field) => {
    const result = Embeddings.decode(body, false)
    expect(Result.isFailure(result) ? result.failure.field : "taken").toBe(field)
  })
})
