/** Google's own client as the witness: it reads what the dialect writes. */
import { describe, expect, it } from "@effect/vitest"
import { ApiError, type GenerateContentResponse, GoogleGenAI } from "@google/genai"
import { Result } from "effect"
import * as Failure from "../../../src/gateway/Failure.ts"
import { dialect } from "../../../src/gateway/google/Google.ts"
import { answers, type Part, responseOf, streamOf } from "../answers.ts"

const surroundings = { id: "a1", now: 1_000 }

/** A client whose calls the dialect answers with these parts, or breaks off with the failure. */
const client = (parts: ReadonlyArray<Part>, failure?: Failure.Failure) => {
  const bodies: Array<any> = []
  const fetch = async (input: any, init?: any): Promise<Response> => {
    const url = new URL(String(input))
    const [, model = "", method = ""] = /models\/([^:]+):(\w+)$/.exec(url.pathname) ?? []
    const body = JSON.parse(String(init!.body))
    bodies.push(body)
    const asked = Result.getOrThrow(
      dialect.decode({ body, path: { model, method }, query: Object.fromEntries(url.searchParams) })
    )
    if (failure !== undefined && parts.length === 0) {
      const { body, status } = dialect.refusal(failure)
      return Response.json(body, { status })
    }
    if (!asked.isStream) return Response.json(asked.whole(responseOf(parts), surroundings))
    const events = asked.events(surroundings)
    const list = streamOf(parts)
    const written = (failure === undefined ? list : list.slice(0, -1)).map((part) => events.part(part))
    written.push(failure === undefined ? events.end() : events.failed(failure))
    const encoder = new TextEncoder()
    const stream = ReadableStream.from(written.filter((text) => text !== "").map((text) => encoder.encode(text)))
    return new Response(stream as any, { headers: { "content-type": events.contentType } })
  }
  return {
    bodies,
    sdk: new GoogleGenAI({ apiKey: "k", httpOptions: { baseUrl: "http://gateway.test", fetch } as any })
  }
}

const request = { model: "gemini-2.5-flash", contents: "Hello" }

const streamed = async (
  parts: ReadonlyArray<Part>,
  failure?: Failure.Failure
): Promise<Array<GenerateContentResponse>> => {
  const chunks: Array<GenerateContentResponse> = []
  for await (const chunk of await client(parts, failure).sdk.models.generateContentStream(request)) chunks.push(chunk)
  return chunks
}

/** The SDK's own `text` warns of all that is none. */
const textOf = ({ candidates }: GenerateContentResponse): string =>
  candidates![0]!.content!.parts!.map(({ text, thought }) => thought === true ? "" : text ?? "").join("")

const failureOf = (run: Promise<unknown>): Promise<any> => run.then(() => undefined, (error) => error)

describe("the client", () => {
  it("reads a whole answer", async () => {
    const answer = await client(answers["tool call"]!).sdk.models.generateContent(request)
    expect(answer.functionCalls).toEqual([{ id: "call_1", name: "weather", args: { city: "Zürich" } }])
    expect(answer.candidates![0]!.finishReason).toBe("STOP")
    expect(answer.usageMetadata).toMatchObject({ promptTokenCount: 30, thoughtsTokenCount: 3, totalTokenCount: 42 })
    expect([answer.modelVersion, answer.responseId]).toEqual(["model-9", "a1"])
  })

  it.each(["text", "tool calls", "signed reasoning", "file", "empty"])("reads a stream: %s", async (name) => {
    const calls = answers[name]!.filter(({ type }) => type === "tool-call")
    const chunks = await streamed(answers[name]!)
    const whole = await client(answers[name]!).sdk.models.generateContent(request)
    expect(chunks.map(textOf).join("")).toBe(textOf(whole))
    expect(chunks.flatMap((chunk) => chunk.functionCalls ?? [])).toHaveLength(calls.length)
    expect(chunks.at(-1)!.usageMetadata).toEqual(whole.usageMetadata)
  })

  it("keeps the answers of a chat in its history", async () => {
    const { bodies, sdk } = client(answers["text"]!)
    const chat = sdk.chats.create({ model: "m" })
    for await (const _ of await chat.sendMessageStream({ message: "One" }));
    await chat.sendMessage({ message: "Two" })
    const { request } = Result.getOrThrow(dialect.decode({ body: bodies[1], path: { model: "m" }, query: {} }))
    expect((request as any).messages.map(({ content }: any) => content)).toEqual([
      [{ type: "text", text: "One" }],
      [{ type: "text", text: (answers["text"]![1] as any).text }],
      [{ type: "text", text: "Two" }]
    ])
    expect(chat.getHistory(true)).toHaveLength(chat.getHistory().length)
  })

  it.each([["rate-limited", 429], ["not-found", 404], ["overloaded", 503]] as const)(
    "knows a refusal of the kind %s",
    async (kind, status) => {
      const error = await failureOf(client([], Failure.make(kind, "No.")).sdk.models.generateContent(request))
      expect(error).toBeInstanceOf(ApiError)
      expect(error.status).toBe(status)
      expect(error.message).toContain("No.")
    }
  )

  it("knows that the prompt is blocked", async () => {
    const failure = Failure.make("content-filtered", "No.")
    const answer = await client([], failure).sdk.models.generateContent(request)
    expect(answer.promptFeedback).toMatchObject({ blockReason: "SAFETY" })
  })

  it("knows a stream that breaks", async () => {
    const error = await failureOf(streamed(answers["text"]!, Failure.make("upstream", "Cut.")))
    expect(error).toBeInstanceOf(ApiError)
    expect(error.message).toContain("Cut.")
  })
})
