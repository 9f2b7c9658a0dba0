import { describe, expect, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import * as fc from "fast-check"
import * as Wire from "../../../src/vendor/anthropic/Wire.ts"
import { contract } from "../../conformance/Contract.ts"
import { body, call, dot, encode, pdf, result, text, user, weather } from "./support.ts"

const published = contract("anthropic.core.json", "CreateMessageParams").contract
const counting = contract("anthropic.core.json", "CountMessageTokensParams").contract

const thought = { type: "reasoning", text: "hm", options: { anthropic: { signature: "sig" } } }
const hidden = { type: "reasoning", text: "", options: { anthropic: { redactedData: "xyz" } } }
const search = {
  type: "tool-call",
  id: "srvtoolu_1",
  name: "web_search",
  params: { query: "x" },
  providerExecuted: true
}
const found = {
  type: "tool-result",
  id: "srvtoolu_1",
  name: "web_search",
  isFailure: false,
  providerExecuted: true,
  result: [{ type: "web_search_result", url: "https://x.test", title: "X", encrypted_content: "e", page_age: null }],
  options: { anthropic: { type: "web_search_tool_result" } }
}
const cited = {
  type: "web_search_result_location",
  cited_text: "x",
  encrypted_index: "i",
  title: "X",
  url: "https://x.test"
}
const schema = { type: "object", properties: { age: { type: "integer", minimum: 0 } }, required: ["age"] }

const conversations: ReadonlyArray<Record<string, unknown>> = [
  {},
  user(
    text("What is it?", { cacheControl: true }),
    { type: "file", mediaType: "image/png", data: dot },
    { type: "file", mediaType: "image/*", data: new URL("https://x.test/a.png") },
    {
      type: "file",
      mediaType: "application/pdf",
      data: pdf,
      fileName: "a.pdf",
      options: { anthropic: { citations: true } }
    },
    { type: "file", mediaType: "application/pdf", data: "https://x.test/a.pdf" },
    { type: "file", mediaType: "text/csv", data: new TextEncoder().encode("a,b") }
  ),
  {
    prompt: [
      {
        role: "system",
        content: "Be short.",
        options: { anthropic: { cacheControl: { type: "ephemeral", ttl: "1h" } } }
      },
      { role: "user", content: "Weather?" },
      { role: "assistant", content: [thought, hidden, text("I look."), call("call:1"), call("2", "now", null)] },
      {
        role: "tool",
        content: [
          result("call:1", {}, {
            modelOutput: [{ type: "text", text: "Map:" }, { type: "file", mediaType: "image/png", data: dot }]
          }),
          result("2", "", { isFailure: true })
        ]
      },
      { role: "assistant", content: "Sunny." },
      { role: "system", content: "In French." },
      { role: "user", content: "So?" }
    ]
  },
  {
    prompt: [
      { role: "assistant", content: [search, found, text("X.", { citations: [cited] })] },
      { role: "tool", content: [result("gone")] }
    ]
  },
  { prompt: [{ role: "user", content: "a" }, { role: "assistant", content: [call("c1")] }] }
]

const settings: ReadonlyArray<Record<string, unknown>> = [
  {},
  { temperature: 2, topP: 0.3, topK: 5, stop: ["a", " "], maxTokens: 10, user: "u", seed: 1 },
  { tools: [weather, { name: "now", parameters: {} }], toolChoice: "required", parallelToolCalls: false },
  { tools: [{ ...weather, strict: true }], toolChoice: { tool: "weather" }, temperature: 0 },
  { tools: [weather], toolChoice: { oneOf: ["weather"] } },
  { tools: [weather], toolChoice: "none" },
  { responseFormat: { type: "json-schema", name: "person", description: "One.", schema } },
  { responseFormat: { type: "json" }, metadata: { a: "b" } },
  { options: { anthropic: { service_tier: "auto", cache_control: { type: "ephemeral" }, toolsCacheControl: true } } },
  ...["none", "minimal", "low", "medium", "high", "xhigh"].map((reasoningEffort) => ({ reasoningEffort }))
]

const models = [
  "claude-opus-5-5",
  "claude-haiku-5-5",
  "claude-opus-5",
  "claude-sonnet-4-6",
  "claude-opus-4-5",
  "claude-haiku-4-5",
  "claude-3-5-haiku-20241022",
  "other"
]

describe.skipIf(published === undefined)("every body that is sent", () => {
  for (const [index, conversation] of conversations.entries()) {
    it(`is valid by the published schema: conversation ${index}`, () => {
      for (const setting of settings) {
        for (const model of models) {
          for (const stream of [false, true]) {
            const encoded = encode({ ...conversation, ...setting }, model, { stream })
            const sent = Result.isSuccess(encoded) ? JSON.parse(JSON.stringify(encoded.success.body)) : undefined
            const faults = sent === undefined ? [] : published!(sent, { stream })
            expect({ model, setting, faults }).toEqual({ model, setting, faults: [] })
          }
        }
      }
    })
  }

  it("is valid whatever ids, names and texts other vendors gave", () => {
    const word = fc.string({ minLength: 1, maxLength: 12, unit: "binary" })
    fc.assert(fc.property(word, fc.json(), word, (id, json, said) => {
      const sent = body({
        prompt: [
          { role: "user", content: "a" },
          { role: "assistant", content: [text(said), call(id, "f", JSON.parse(json))] },
          { role: "tool", content: [result(id, JSON.parse(json))] }
        ]
      })
      expect(published!(JSON.parse(JSON.stringify(sent)), { stream: false })).toEqual([])
    }))
  })

  it("is, but for the fields that count for nothing, valid as a question for its tokens", () => {
    const { max_tokens: _, ...rest } = body(conversations[2]!)
    expect(counting!(rest, { stream: false })).toEqual([])
  })
})

describe("every body without raw options", () => {
  it("is what our own schema says", () => {
    const decode = Schema.decodeUnknownResult(Wire.MessagesRequest, { onExcessProperty: "error" })
    for (const conversation of conversations) {
      for (const setting of settings.filter((setting) => !("options" in setting))) {
        const decoded = decode(body({ ...conversation, ...setting }))
        expect(Result.isSuccess(decoded) ? "valid" : String(decoded.failure)).toBe("valid")
      }
    }
  })
})
