import { describe, expect, it } from "@effect/vitest"
import { Prompt } from "effect/ai"
import * as Tokens from "../../src/context/Tokens.ts"
import { Request } from "../../src/Request.ts"
import { assistant, call, characters, request, result, system, user } from "./conversations.ts"

const count = (request: Request, options: Tokens.Options = {}) =>
  Tokens.inputTokens(request, { counter: characters, ...options })

const weather = {
  name: "weather",
  description: "Of a city",
  parameters: { type: "object", properties: { city: { type: "string" } } }
}

describe("Tokens", () => {
  it("estimates a text by its scripts, and no text is none", () => {
    const texts = ["", "four", "five5", "2026", "привет", "你好", "😀"]
    expect(texts.map((text) => Tokens.estimate.text(text, undefined))).toEqual([0, 1, 2, 2, 2, 2, 2])
  })

  it("counts every message with its frame, the system's too", () => {
    expect(Tokens.measure(request([system("12"), user("123"), assistant("1")]), { counter: characters })).toEqual({
      messages: [6, 7, 5],
      fixed: 3,
      total: 21
    })
  })

  it("counts reasoning, the names and parameters of calls, and results as the model will read them", () => {
    const answered = Prompt.toolMessage({
      content: [Prompt.toolResultPart({
        id: "a",
        name: "f",
        isFailure: false,
        providerExecuted: false,
        result: { a: 1 }
      })]
    })
    const shown = Prompt.toolMessage({
      content: [Prompt.toolResultPart({
        id: "a",
        name: "f",
        isFailure: false,
        providerExecuted: false,
        result: "a very long result",
        modelOutput: [Prompt.textPart({ text: "short" })]
      })]
    })
    const chat = request([user("1"), call("a"), result("text", "a"), answered, shown])
    expect(Tokens.measure(chat, { counter: characters }).messages).toEqual([
      5,
      4 + "hm".length + 8 + "f{}".length,
      4 + 8 + "text".length,
      4 + 8 + "{\"a\":1}".length,
      4 + 8 + "short".length
    ])
  })

  it("counts a result that has no JSON as empty", () => {
    const circle: Record<string, unknown> = {}
    circle["self"] = circle
    const odd = Prompt.toolMessage({
      content: [circle, 1n, undefined].map((result) =>
        Prompt.toolResultPart({ id: "a", name: "f", isFailure: false, providerExecuted: false, result })
      )
    })
    expect(Tokens.measure(request([user("1"), odd]), { counter: characters }).messages[1]).toBe(4 + 3 * 8)
  })

  it("counts the tools, and what Anthropic adds to a request that has some", () => {
    const chat = (model: string) => request([user("1")], { model, tools: [weather] })
    const tool = 16 + JSON.stringify(weather).length
    expect(count(chat("gpt-5"))).toBe(8 + tool)
    expect(count(chat("claude-sonnet-4-5"))).toBe(8 + tool + 530)
    expect(count(request([user("1")], { model: "claude-sonnet-4-5" }))).toBe(8)
  })

  it("counts the schema of the answer", () => {
    const schema = { type: "object" }
    const chat = new Request({
      prompt: Prompt.fromMessages([user("1")]),
      responseFormat: { type: "json-schema", name: "a", schema }
    })
    expect(count(chat)).toBe(8 + JSON.stringify(schema).length)
  })

  it("tells the counter the request's model, or the one that is meant by a route", () => {
    const told: Array<string | undefined> = []
    const counter = { text: (_: string, model: string | undefined) => (told.push(model), 1) }
    const chat = request([user("1")], { model: "chat" })
    Tokens.inputTokens(chat, { counter })
    Tokens.inputTokens(chat, { counter, model: "gpt-5" })
    Tokens.inputTokens(chat, { counter, model: ({ model }) => `${model}-1` })
    Tokens.inputTokens(chat, { counter, model: () => undefined })
    expect(told).toEqual(["chat", "gpt-5", "chat-1", "chat"])
  })
})
