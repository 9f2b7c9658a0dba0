import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Conversation from "llmdispatcher/Conversation"
import * as Request from "llmdispatcher/Request"
import * as Response from "llmdispatcher/Response"
import type { Content } from "./Content.ts"
import * as Playback from "./Playback.ts"
import type { Subject } from "./Subject.ts"
import { anthropic } from "./subjects/anthropic.ts"
import { google } from "./subjects/google.ts"
import { openaiResponses } from "./subjects/openai-responses.ts"
import { openai } from "./subjects/openai.ts"

/** A call and its result as they stand in the body that goes to the second vendor, joined by their id. */
interface Joined {
  readonly name: string
  readonly params: unknown
  readonly result: string
}

type Read = (body: any) => ReadonlyArray<Joined>

const json = (value: unknown): string => typeof value === "string" ? value : JSON.stringify(value)

const vendors: ReadonlyArray<{ readonly subject: Subject; readonly read: Read }> = [
  {
    subject: openai,
    read: ({ messages }) =>
      messages.flatMap(({ tool_calls = [] }: any) =>
        tool_calls.map((call: any) => ({
          name: call.function.name,
          params: JSON.parse(call.function.arguments),
          result: messages.find((message: any) => message.tool_call_id === call.id)?.content
        }))
      )
  },
  {
    subject: openaiResponses,
    read: ({ input }) =>
      input.filter(({ type }: any) => type === "function_call").map((call: any) => ({
        name: call.name,
        params: JSON.parse(call.arguments),
        result: json(
          input.find((item: any) => item.type === "function_call_output" && item.call_id === call.call_id)?.output
        )
      }))
  },
  {
    subject: anthropic,
    read: ({ messages }) => {
      const blocks = messages.flatMap(({ content }: any) => Array.isArray(content) ? content : [])
      return blocks.filter(({ type }: any) => type === "tool_use").map((call: any) => ({
        name: call.name,
        params: call.input,
        result: json(blocks.find((block: any) => block.tool_use_id === call.id)?.content)
      }))
    }
  },
  {
    subject: google,
    // Gemini joins calls and results by their order where it gave no ids.
    read: ({ contents }) => {
      const parts = contents.flatMap(({ parts }: any) => parts)
      const results = parts.filter((part: any) => part.functionResponse !== undefined)
      return parts.filter((part: any) => part.functionCall !== undefined).map(
        ({ functionCall }: any, index: number) => {
          const { functionResponse } = results[index] ?? {}
          return {
            name: functionCall.name,
            params: functionCall.args ?? {},
            result: functionResponse?.name === functionCall.name ? json(functionResponse.response) : undefined
          }
        }
      )
    }
  }
]

const tools = ["get_weather", "now", "write"].map((name) => ({ name, parameters: { type: "object", properties: {} } }))

const calls = [
  { id: "call_a1", name: "get_weather", params: { city: "Zürich", unit: "celsius" } },
  { id: "call_a2", name: "now", params: {} },
  { id: "call_a3", name: "write", params: { text: "\"quoted\" \\ 你好 👩‍👩‍👧\n", nested: { list: [1, null, true] } } }
]

const results = ["21.5 degrees", "noon, exactly", "permission denied"]

const proof = "UHJvb2ZPZlRoaW5raW5n"

/** What the first vendor says: it thinks, speaks, and calls three tools at once. */
const content = (subject: Subject): Content => ({
  ...(subject.without.reasoning === undefined ? { reasoning: { text: "They want three things.", proof } } : undefined),
  text: "One moment.",
  toolCalls: calls,
  finish: "tool-calls",
  usage: { uncached: 25, cacheRead: 0, text: 12, reasoning: 0 }
})

const playing = (subject: Subject, served: Playback.Served) => {
  const playback = Playback.make(() => served)
  return Effect.map(Effect.provide(subject.make("http://vendor.test"), playback.layer), (vendor) => ({
    playback,
    vendor
  }))
}

/** The conversation as it stands when the first vendor has answered, streamed, and the tools have run. */
const begun = (subject: Subject) =>
  Effect.gen(function*() {
    const request = yield* Request.decode({ prompt: "Weather, time and a file, please.", tools })
    const { vendor } = yield* playing(subject, Playback.json(200, subject.answer(content(subject)).whole))
    const { parts } = yield* vendor.send({ request, model: subject.model })
    const called = parts.filter((part) => part.type === "tool-call")
    expect(called.length).toBe(3)
    return yield* Request.decode({
      tools,
      messages: [
        { role: "user", content: "Weather, time and a file, please." },
        ...Conversation.toMessages(parts),
        {
          role: "tool",
          content: called.map(({ id, name }, index) => ({
            type: "tool-result",
            id,
            name,
            isFailure: index === 2,
            result: results[index],
            providerExecuted: false
          }))
        }
      ]
    })
  })

const pairs = vendors.flatMap((from) => vendors.map((to) => [from.subject.name, to.subject.name, from, to] as const))

describe("a conversation with tools goes on at another vendor", () => {
  it.effect.each(pairs)("from %s to %s", ([, , from, to]) =>
    Effect.scoped(Effect.gen(function*() {
      const request = yield* begun(from.subject)
      const { playback, vendor } = yield* playing(
        to.subject,
        Playback.json(200, to.subject.answer({ ...content(to.subject), toolCalls: [], finish: "stop" }).whole)
      )
      const { losses, parts } = yield* vendor.send({ request, model: to.subject.model })
      const { body } = playback.sent[0]!
      expect(to.subject.contract?.(body, { stream: false }) ?? []).toEqual([])

      const joined = to.read(body)
      expect(joined.map(({ name, params }) => ({ name, params }))).toEqual(
        calls.map(({ name, params }) => ({ name, params }))
      )
      joined.forEach(({ result }, index) => expect(result).toContain(results[index]))
      expect(JSON.stringify(body)).toContain("One moment.")

      // Reasoning arrives with its proof where its own vendor reads it, and is a loss everywhere else.
      const thought = from.subject.without.reasoning === undefined
      const arrives = thought && from.subject.name === to.subject.name
      expect(JSON.stringify(body).includes(proof)).toBe(arrives)
      const lost = losses.filter(({ field }) => field.startsWith("prompt.1.content.0"))
      expect(lost.length > 0).toBe(thought && !arrives)
      expect(Response.fold(Response.unfold(parts)).some(({ type }) => type === "finish")).toBe(true)
    })))
})
