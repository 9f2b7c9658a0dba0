/** Anthropic's own client as the witness: it reads what the dialect writes. */
import Client, { APIError, InternalServerError, RateLimitError } from "@anthropic-ai/sdk"
import { describe, expect, it } from "@effect/vitest"
import { Result } from "effect"
import { dialect } from "../../../src/gateway/anthropic/Anthropic.ts"
import * as Failure from "../../../src/gateway/Failure.ts"
import { answers, type Part, responseOf, streamOf } from "../answers.ts"

const surroundings = { id: "a1", now: 1_000 }

/** A client whose calls the dialect answers with these parts, or breaks off with the failure. */
const client = (parts: ReadonlyArray<Part>, failure?: Failure.Failure): Client =>
  new Client({
    apiKey: "k",
    baseURL: "http://gateway.test",
    maxRetries: 0,
    fetch: async (_, init) => {
      const asked = Result.getOrThrow(dialect.decode({ body: JSON.parse(String(init!.body)), path: {}, query: {} }))
      if (failure !== undefined && parts.length === 0) {
        const { body, status } = dialect.refusal(failure)
        return Response.json(body, { status })
      }
      if (!asked.isStream) return Response.json(asked.whole(responseOf(parts), surroundings))
      const events = asked.events(surroundings)
      const list = streamOf(parts)
      const sent = failure === undefined ? list : list.slice(0, -1)
      const text = sent.map((part) => events.part(part)).join("") +
        (failure === undefined ? events.end() : events.failed(failure))
      return new Response(text, { headers: { "content-type": events.contentType } })
    }
  })

const body: Client.MessageCreateParamsNonStreaming = {
  model: "m",
  max_tokens: 10,
  messages: [{ role: "user", content: "Hello" }]
}

const weather = { type: "tool_use", id: "call_1", name: "weather", input: { city: "Zürich" } }

describe("the client", () => {
  it("reads a whole answer", async () => {
    expect(await client(answers["tool call"]!).messages.create(body)).toMatchObject({
      id: "msg_a1",
      model: "model-9",
      role: "assistant",
      content: [{ type: "text", text: "I look." }, weather],
      stop_reason: "tool_use",
      usage: { input_tokens: 20, output_tokens: 12 }
    })
  })

  it.each(Object.entries(answers))("puts the same message together of a stream: %s", async (_, parts) => {
    const [whole, streamed] = await Promise.all([
      client(parts).messages.create(body),
      client(parts).messages.stream(body).finalMessage()
    ])
    const plain = (message: object) => JSON.parse(JSON.stringify(message))
    const { usage: _usage, ...rest } = plain(streamed)
    const { usage, ...expected } = plain(whole)
    expect(rest).toMatchObject(expected)
    expect(_usage).toMatchObject({ input_tokens: usage.input_tokens, output_tokens: usage.output_tokens })
  })

  it.each(
    [
      ["rate-limited", RateLimitError, 429],
      ["overloaded", InternalServerError, 529],
      ["quota-exhausted", APIError, 402]
    ] as const
  )("knows a refusal of the kind %s", async (kind, type, status) => {
    const error = await client([], Failure.make(kind, "No.")).messages.create(body).then(
      () => undefined,
      (error) => error
    )
    expect(error).toBeInstanceOf(type)
    expect(error).toMatchObject({ status })
    expect(error.message).toContain("No.")
  })

  it("knows a stream that breaks", async () => {
    const error = await client(answers["text"]!, Failure.make("upstream", "Cut.")).messages.stream(body).finalMessage()
      .then(() => undefined, (error) => error)
    expect(error).toBeInstanceOf(APIError)
    expect(error.message).toContain("Cut.")
  })
})
