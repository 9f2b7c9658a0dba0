import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Conversation from "llmdispatcher/Conversation"
import * as Request from "llmdispatcher/Request"
import type { Part } from "llmdispatcher/Response"

const signed = { anthropic: { signature: "c2ln" } }
const usage = { inputTokens: {}, outputTokens: {} }

const parts: ReadonlyArray<Part> = [
  { type: "response-metadata", id: "r" },
  { type: "reasoning", text: "Hm.", metadata: signed },
  { type: "text", text: "I look." },
  {
    type: "tool-call",
    id: "c1",
    name: "now",
    params: { zone: "UTC" },
    metadata: { google: { thoughtSignature: "t" } }
  },
  { type: "source", sourceType: "url", id: "s", url: "https://example.com", title: "Example" },
  { type: "tool-result", id: "c1", name: "now", result: "noon", isFailure: false },
  { type: "finish", reason: "tool-calls", usage }
]

describe("Conversation", () => {
  it.effect("goes on with the parts of the answer in their order, each with what its vendor wants back", () =>
    Effect.gen(function*() {
      const messages = Conversation.toMessages(parts)
      expect(messages).toEqual([
        {
          role: "assistant",
          content: [
            { type: "reasoning", text: "Hm.", options: signed },
            { type: "text", text: "I look." },
            {
              type: "tool-call",
              id: "c1",
              name: "now",
              params: { zone: "UTC" },
              providerExecuted: false,
              options: { google: { thoughtSignature: "t" } }
            }
          ]
        },
        {
          role: "tool",
          content: [
            { type: "tool-result", id: "c1", name: "now", result: "noon", isFailure: false, providerExecuted: false }
          ]
        }
      ])
      const request = yield* Request.decode({ messages: [{ role: "user", content: "When?" }, ...messages] })
      expect(request.prompt.content.map(({ role }) => role)).toEqual(["user", "assistant", "tool"])
    }))

  it("an answer without content adds no message", () => {
    expect(Conversation.toMessages([{ type: "finish", reason: "stop", usage }])).toEqual([])
  })
})
