import { describe, expect, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import * as fc from "fast-check"
import { dialect } from "../../../src/gateway/openai-responses/OpenAiResponses.ts"
import * as Request from "../../../src/Request.ts"
import { asked, failed } from "../openai/Outgoing.ts"

const body = { model: "gpt-5-mini", input: "Hello" }
const request = (more: object): any => asked(dialect, { ...body, ...more }).request
const items = (...input: ReadonlyArray<unknown>) => ({ input })
const user = (...content: ReadonlyArray<unknown>) => items({ role: "user", content })

describe("a body that is none of this API's", () => {
  it.each<[string, unknown, string]>([
    ["no object", 1, ""],
    ["no model", { input: "a" }, "model"],
    ["no input", { model: "m" }, "input"],
    ["an empty input", { ...body, input: [] }, "input"],
    ["an item that is none", { ...body, ...items("a") }, "input.0"],
    ["an unknown role", { ...body, ...items({ role: "nobody", content: "a" }) }, "input.0.role"],
    ["an unknown part", { ...body, ...user({ type: "text", text: "a" }) }, "input.0.content.0.type"],
    ["a file of this machine", {
      ...body,
      ...user({ type: "input_image", image_url: "file:///etc/passwd" })
    }, "input.0.content.0.image_url"],
    ["a document without data", { ...body, ...user({ type: "input_file" }) }, "input.0.content.0.file_data"],
    ["a call without an id", {
      ...body,
      ...items({ type: "function_call", name: "f", arguments: "{}" })
    }, "input.0.call_id"],
    ["arguments that are no JSON", {
      ...body,
      ...items({ type: "function_call", call_id: "c", name: "f", arguments: "{" })
    }, "input.0.arguments"],
    [
      "an output without output",
      { ...body, ...items({ type: "function_call_output", call_id: "c" }) },
      "input.0.output"
    ],
    ["a tool without a name", { ...body, tools: [{ type: "function" }] }, "tools.0.name"],
    ["a choice without a type", { ...body, tool_choice: {} }, "tool_choice.type"],
    ["a format that is none", { ...body, text: { format: { type: "xml" } } }, "text.format.type"],
    ["a schema that is none", { ...body, text: { format: { type: "json_schema", name: "a" } } }, "text.format.schema"],
    ["an address", { ...body, base_url: "http://evil.example" }, "base_url"],
    ["a key", { ...body, apiKey: "k" }, "apiKey"],
    ["a wish that is none", { ...body, llmdispatcher: { vendor: "a" } }, "llmdispatcher.vendor"]
  ])("is refused for %s", (_, body, field) => {
    expect(failed(dialect, body)).toMatchObject({ kind: "invalid-request", status: 400, field })
  })

  it.each<[string, object, string]>([
    ["a kept response", { store: true }, "store"],
    ["a response made in the background", { background: true }, "background"],
    ["the response before", { previous_response_id: "resp_1", input: undefined }, "previous_response_id"],
    ["a conversation", { conversation: { id: "conv_1" } }, "conversation"],
    ["a kept prompt", { prompt: { id: "pmpt_1" }, input: undefined }, "prompt"],
    ["a kept item", items({ type: "item_reference", id: "msg_1" }), "input.0"],
    ["a kept image", user({ type: "input_image", file_id: "file-1" }), "input.0.content.0.file_id"],
    ["a kept file", user({ type: "input_file", file_id: "file-1" }), "input.0.content.0.file_id"],
    ["a store of the operator's", { tools: [{ type: "file_search", vector_store_ids: ["vs_1"] }] }, "tools.0.type"],
    ["a container of the operator's", {
      tools: [{ type: "code_interpreter", container: "cntr_1" }]
    }, "tools.0.container"],
    ["files of the operator's", {
      tools: [{ type: "code_interpreter", container: { type: "auto", file_ids: ["file-1"] } }]
    }, "tools.0.container.file_ids"],
    ["a tool that asks for approval", {
      tools: [{ type: "mcp", server_label: "a", server_url: "https://a.example" }]
    }, "tools.0.require_approval"],
    ["a tool whose calls nobody knows", { tools: [{ type: "local_shell" }] }, "tools.0.type"],
    ["the choice of one", { tool_choice: { type: "custom", name: "c" } }, "tool_choice.type"],
    ["an item that nobody knows", items({ type: "web_search_call", id: "ws_1" }), "input.0.type"]
  ])("is not served for %s", (_, more, field) => {
    expect(failed(dialect, { ...body, ...more })).toMatchObject({ kind: "unsupported", status: 400, field })
  })
})

describe("a request", () => {
  it("has the items of one turn in one message", () => {
    const { messages } = request(items(
      { role: "user", content: "Hi" },
      { type: "reasoning", id: "rs_1", summary: [], encrypted_content: "g" },
      { role: "assistant", content: [{ type: "output_text", text: "I look." }, { type: "refusal", refusal: "No." }] },
      { type: "function_call", call_id: "a", name: "f", arguments: "" },
      { type: "function_call_output", call_id: "a", output: "1" },
      { type: "function_call_output", call_id: "b", output: "2" }
    ))
    expect(messages).toEqual([
      { role: "user", content: "Hi" },
      {
        role: "assistant",
        content: [
          { type: "reasoning", text: "", options: { openai: { itemId: "rs_1", encryptedContent: "g" } } },
          { type: "text", text: "I look." },
          { type: "text", text: "No.", options: { "openai-responses": { refusal: true } } },
          { type: "tool-call", id: "a", name: "f", params: {} }
        ]
      },
      {
        role: "tool",
        content: [
          { type: "tool-result", id: "a", name: "f", isFailure: false, result: "1" },
          { type: "tool-result", id: "b", name: "tool", isFailure: false, result: "2" }
        ]
      }
    ])
  })

  it("takes an image that a tool of OpenAI's made", () => {
    const { messages } = request(items(
      { role: "user", content: "Draw" },
      { type: "image_generation_call", id: "ig_1", status: "completed", result: "AAAA", output_format: "webp" }
    ))
    expect(messages[1].content).toEqual([{ type: "file", mediaType: "image/webp", data: "AAAA" }])
  })

  it("touches no prototype", () => {
    const hostile = JSON.parse(
      `{"model":"m","input":"a","__proto__":{"polluted":1},"text":{"__proto__":{"polluted":1},"verbosity":"low"}}`
    )
    const { options } = asked(dialect, hostile).request as any
    expect(({} as any).polluted).toBeUndefined()
    expect(options["openai-responses"].text.polluted).toBeUndefined()
  })

  it.effect("is told wrong by the caller's own names", () =>
    Effect.gen(function*() {
      const call = asked(dialect, {
        ...body,
        ...items(
          { role: "assistant", content: "Hi" },
          { role: "user", content: [{ type: "input_text", text: "a\u0000" }] }
        ),
        max_output_tokens: 0,
        top_p: 9,
        tools: [{ type: "web_search" }, { type: "function", name: "no spaces", parameters: {} }],
        safety_identifier: "",
        text: { format: { type: "json_schema", name: "no spaces", schema: {} } },
        llmdispatcher: { priority: 99 }
      })
      const error = yield* Effect.flip(Request.decode(call.request))
      expect(error.reason.issues!.map(({ field }) => call.fieldOf!(field)).toSorted()).toEqual([
        "input.1.content.0.text",
        "llmdispatcher.priority",
        "max_output_tokens",
        "safety_identifier",
        "text.format.name",
        "tools.1.name",
        "top_p"
      ])
    }))
})

describe("any JSON at all", () => {
  it("is a request or a refusal, and never an exception", () => {
    const anything = fc.jsonValue({ maxDepth: 4 })
    const near = fc.record({
      model: fc.oneof(fc.string(), anything),
      input: fc.oneof(
        fc.array(fc.record({
          type: fc.constantFrom(
            "message",
            "reasoning",
            "function_call",
            "function_call_output",
            "image_generation_call"
          ),
          role: fc.constantFrom("system", "user", "assistant"),
          content: fc.oneof(fc.string(), anything),
          summary: anything,
          output: anything
        }, { requiredKeys: ["type"] })),
        anything
      ),
      tools: anything,
      tool_choice: anything,
      text: anything,
      reasoning: anything
    }, { requiredKeys: ["input"] })
    fc.assert(fc.property(fc.oneof(anything, near), (body) => {
      const decoded = dialect.decode({ body, path: {}, query: {} })
      if (Result.isFailure(decoded)) expect(decoded.failure.status).toBe(400)
      else expect(Array.isArray((decoded.success.request as any).messages)).toBe(true)
    }))
  })
})
