import { describe, expect, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import * as fc from "fast-check"
import { dialect } from "../../../src/gateway/openai-chat/OpenAiChat.ts"
import * as Request from "../../../src/Request.ts"
import { asked, failed } from "../openai/Outgoing.ts"

const body = { model: "gpt-5-mini", messages: [{ role: "user", content: "Hello" }] }
const request = (more: object): any => asked(dialect, { ...body, ...more }).request
const user = (...content: ReadonlyArray<unknown>) => ({ messages: [{ role: "user", content }] })
const assistant = (message: object) => ({ messages: [...body.messages, { role: "assistant", ...message }] })

describe("a body that is none of this API's", () => {
  it.each<[string, unknown, string]>([
    ["no object", "Hello", ""],
    ["a list", [], ""],
    ["no model", { messages: body.messages }, "model"],
    ["no messages", { model: "m" }, "messages"],
    ["an empty conversation", { model: "m", messages: [] }, "messages"],
    ["a message that is none", { model: "m", messages: ["Hi"] }, "messages.0"],
    ["an unknown role", { model: "m", messages: [{ role: "nobody", content: "Hi" }] }, "messages.0.role"],
    ["no content", { model: "m", messages: [{ role: "user" }] }, "messages.0.content"],
    ["an unknown part", { ...body, ...user({ type: "video_url" }) }, "messages.0.content.0.type"],
    ["a text without text", { ...body, ...user({ type: "text" }) }, "messages.0.content.0.text"],
    [
      "a file of this machine",
      {
        ...body,
        ...user({ type: "text", text: "a" }, { type: "image_url", image_url: { url: "file:///etc/passwd" } })
      },
      "messages.0.content.1.image_url.url"
    ],
    [
      "a relative address",
      { ...body, ...user({ type: "image_url", image_url: "/a.png" }) },
      "messages.0.content.0.image_url"
    ],
    ["audio without its form", {
      ...body,
      ...user({ type: "input_audio", input_audio: { data: "a" } })
    }, "messages.0.content.0.input_audio.format"],
    ["a call without a name", {
      ...body,
      ...assistant({ tool_calls: [{ id: "c", type: "function", function: { arguments: "{}" } }] })
    }, "messages.1.tool_calls.0.function.name"],
    ["arguments that are no JSON", {
      ...body,
      ...assistant({ tool_calls: [{ id: "c", type: "function", function: { name: "f", arguments: "{" } }] })
    }, "messages.1.tool_calls.0.function.arguments"],
    ["a result without its call's id", {
      ...body,
      messages: [...body.messages, { role: "tool", content: "a" }]
    }, "messages.1.tool_call_id"],
    ["a function's result that nobody asked for", {
      ...body,
      messages: [...body.messages, { role: "function", name: "f", content: "a" }]
    }, "messages.1.name"],
    ["a tool without a name", { ...body, tools: [{ type: "function", function: {} }] }, "tools.0.function.name"],
    ["a choice that is none", { ...body, tool_choice: "perhaps" }, "tool_choice"],
    ["functions beside tools", {
      ...body,
      tools: [{ type: "function", function: { name: "f" } }],
      functions: [{ name: "f" }]
    }, "functions"],
    ["a format that is none", { ...body, response_format: { type: "xml" } }, "response_format.type"],
    ["a schema without a name", {
      ...body,
      response_format: { type: "json_schema", json_schema: { schema: {} } }
    }, "response_format.json_schema.name"],
    ["stream that is no truth", { ...body, stream: "yes" }, "stream"],
    ["a wish that is none", { ...body, llmdispatcher: { vendor: "a" } }, "llmdispatcher.vendor"]
  ])("is refused for %s", (_, body, field) => {
    const failure = failed(dialect, body)
    expect(failure).toMatchObject({ kind: "invalid-request", status: 400, field })
    expect(failure.message.startsWith(field)).toBe(true)
  })

  it.each([
    "api_base",
    "base_url",
    "baseURL",
    "base-url",
    "api_key",
    "apiKey",
    "extra_headers",
    "extra_body",
    "headers",
    "url",
    "proxy",
    "authorization"
  ])("is refused for %s", (name) => {
    expect(failed(dialect, { ...body, [name]: "http://evil.example" })).toMatchObject({ status: 400, field: name })
  })

  it.each<[string, object, string]>([
    ["more than one answer", { n: 2 }, "n"],
    ["a spoken answer", { modalities: ["text", "audio"] }, "modalities"],
    ["a kept file", user({ type: "file", file: { file_id: "file-1" } }), "messages.0.content.0.file.file_id"],
    ["a kept answer", assistant({ content: "a", audio: { id: "audio_1" } }), "messages.1.audio"],
    ["a tool that is no function", { tools: [{ type: "custom", custom: { name: "c" } }] }, "tools.0.type"],
    [
      "a call of such a tool",
      assistant({
        tool_calls: [{ id: "c", type: "custom", custom: { name: "c", input: "" } }]
      }),
      "messages.1.tool_calls.0.type"
    ]
  ])("is not served for %s", (_, more, field) => {
    expect(failed(dialect, { ...body, ...more })).toMatchObject({ kind: "unsupported", status: 400, field })
  })
})

describe("a request", () => {
  it("is streamed where that is asked", () => {
    expect([asked(dialect, body), asked(dialect, { ...body, stream: true })].map(({ isStream }) => isStream)).toEqual([
      false,
      true
    ])
  })

  it("takes files as they are told: an address is passed on, a data URL is taken apart", () => {
    const { messages } = request(user(
      { type: "image_url", image_url: { url: "https://example.com/a.png" } },
      { type: "image_url", image_url: { url: "data:image/webp;base64,AAAA" } },
      { type: "file", file: { filename: "notes.txt", file_data: "aGk=" } }
    ))
    expect(messages[0].content).toEqual([
      { type: "file", mediaType: "image/*", data: "https://example.com/a.png" },
      { type: "file", mediaType: "image/webp", data: "AAAA" },
      { type: "file", mediaType: "text/plain", data: "aGk=", fileName: "notes.txt" }
    ])
  })

  it("takes cache marks as Anthropic's, of texts, messages of the system and results", () => {
    const cache_control = { type: "ephemeral" }
    const options = { anthropic: { cacheControl: cache_control } }
    const { messages } = request({
      messages: [
        { role: "system", content: [{ type: "text", text: "A" }, { type: "text", text: "B", cache_control }] },
        { role: "user", content: [{ type: "text", text: "C", cache_control }] },
        { role: "assistant", tool_calls: [{ id: "c", type: "function", function: { name: "f", arguments: "" } }] },
        { role: "tool", tool_call_id: "c", content: "D", cache_control }
      ]
    })
    expect(messages).toEqual([
      { role: "system", content: "A" },
      { role: "system", content: "B", options },
      { role: "user", content: [{ type: "text", text: "C", options }] },
      { role: "assistant", content: [{ type: "tool-call", id: "c", name: "f", params: {} }] },
      { role: "tool", content: [{ type: "tool-result", id: "c", name: "f", isFailure: false, result: "D", options }] }
    ])
  })

  it("has the results of one turn in one message", () => {
    const call = (id: string) => ({ id, type: "function", function: { name: "f", arguments: "{}" } })
    const { messages } = request({
      messages: [
        ...body.messages,
        { role: "assistant", content: "", tool_calls: [call("a"), call("b")] },
        { role: "tool", tool_call_id: "a", content: "1" },
        { role: "tool", tool_call_id: "b", content: [{ type: "text", text: "2" }] }
      ]
    })
    expect(messages[2].content.map(({ id, name, result }: any) => [id, name, result])).toEqual([
      ["a", "f", "1"],
      ["b", "f", "2"]
    ])
  })

  it("takes the caller's wishes", () => {
    const llmdispatcher = {
      route: "best",
      vendors: ["a"],
      priority: 9,
      deadline: 5000,
      cache: "off",
      losses: "reject",
      metadata: { team: "b" }
    }
    const { messages: _, ...told } = request({ metadata: { job: "1" }, llmdispatcher })
    expect(told).toEqual({
      model: "best",
      vendors: ["a"],
      priority: 9,
      deadline: 5000,
      cache: "off",
      losses: "reject",
      metadata: { job: "1", team: "b" }
    })
  })

  it("needs no model where a mode is wished for", () => {
    const { messages: _, ...told } = asked(dialect, { messages: body.messages, llmdispatcher: { mode: "fast" } })
      .request as any
    expect(told).toEqual({ mode: "fast" })
  })

  it("touches no prototype", () => {
    const hostile = JSON.parse(
      `{"model":"m","messages":[{"role":"user","content":"a","__proto__":{"polluted":1}}],"__proto__":{"polluted":1},` +
        `"constructor":{"prototype":{"polluted":1}},"llmdispatcher":{"priority":1}}`
    )
    const { options } = asked(dialect, hostile).request as any
    expect(({} as any).polluted).toBeUndefined()
    expect(Object.keys(options["openai-chat"])).toEqual(["constructor"])
  })

  it.effect("is told wrong by the caller's own names", () =>
    Effect.gen(function*() {
      const call = asked(dialect, {
        ...body,
        messages: [{ role: "system", content: "" }, { role: "user", content: [{ type: "text", text: "a\u0000" }] }],
        max_tokens: 0,
        temperature: 9,
        top_p: "high",
        stop: [""],
        tools: [{ type: "function", function: { name: "no spaces", parameters: {} } }],
        user: "",
        llmdispatcher: { priority: 99, vendors: [""] }
      })
      const error = yield* Effect.flip(Request.decode(call.request))
      expect(error.reason.issues!.map(({ field }) => call.fieldOf!(field)).toSorted()).toEqual([
        "llmdispatcher.priority",
        "llmdispatcher.vendors.0",
        "max_tokens",
        "messages.1.content.0.text",
        "stop.0",
        "temperature",
        "tools.0.function.name",
        "top_p",
        "user"
      ])
    }))
})

describe("any JSON at all", () => {
  it("is a request or a refusal, and never an exception", () => {
    const anything = fc.jsonValue({ maxDepth: 4 })
    const near = fc.record({
      model: fc.oneof(fc.string(), anything),
      messages: fc.oneof(
        fc.array(fc.record({
          role: fc.constantFrom("system", "user", "assistant", "tool", "function"),
          content: fc.oneof(fc.string(), anything),
          tool_calls: fc.oneof(fc.constant(undefined), anything),
          reasoning_details: anything
        })),
        anything
      ),
      tools: anything,
      tool_choice: anything,
      response_format: anything,
      llmdispatcher: fc.oneof(fc.constant(undefined), anything)
    }, { requiredKeys: ["messages"] })
    fc.assert(fc.property(fc.oneof(anything, near), (body) => {
      const decoded = dialect.decode({ body, path: {}, query: {} })
      if (Result.isFailure(decoded)) expect(decoded.failure.status).toBe(400)
      else expect(Array.isArray((decoded.success.request as any).messages)).toBe(true)
    }))
  })
})
