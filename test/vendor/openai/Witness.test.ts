/**
 * OpenAI's own client as a witness: asked the same, it sends a body that means the same as ours; given the same bytes, it
 * reads the same as we do.
 */
import { describe, expect, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import Sdk, { AzureOpenAI } from "openai"
import * as Request from "../../../src/Request.ts"
import * as Response from "../../../src/Response.ts"
import * as VendorModule from "../../../src/Vendor.ts"
import * as AzureOpenAi from "../../../src/vendor/azure-openai/AzureOpenAi.ts"
import * as OpenAi from "../../../src/vendor/openai/OpenAi.ts"
import type { Content } from "../../conformance/Content.ts"
import * as Playback from "../../conformance/Playback.ts"
import { openaiResponses } from "../../conformance/subjects/openai-responses.ts"
import { openai } from "../../conformance/subjects/openai.ts"

interface Sent {
  readonly url: string
  readonly body: any
  readonly keys: ReadonlyArray<string | null>
}

/** What the client sends, whatever it then thinks of the answer. */
const witness = async (
  call: (
    options: { readonly apiKey: string; readonly maxRetries: 0; readonly fetch: typeof fetch }
  ) => PromiseLike<unknown>
): Promise<Sent> => {
  const sent: Array<Sent> = []
  await call({
    apiKey: "key",
    maxRetries: 0,
    fetch: async (url, init) => {
      const headers = new Headers(init?.headers as Record<string, string>)
      const keys = [headers.get("authorization"), headers.get("api-key")]
      sent.push({ url: String(url), body: JSON.parse(String(init?.body)), keys })
      return new globalThis.Response("{}", { headers: { "content-type": "application/json" } })
    }
  }).then(() => undefined, () => undefined)
  return sent[0]!
}

const ours = (make: Effect.Effect<VendorModule.Vendor, never, any>, input: Request.RequestInput, model: string) =>
  Effect.gen(function*() {
    const playback = Playback.make(() => Playback.json(200, {}))
    const vendor = yield* Effect.provide(make as Effect.Effect<VendorModule.Vendor>, playback.layer)
    yield* Effect.exit(vendor.send({ request: yield* Request.decode(input), model }))
    const { body, headers, url } = playback.sent[0]!
    return { url, body, keys: [headers["authorization"] ?? null, headers["api-key"] ?? null] } as Sent
  })

const apiKey = Redacted.make("key")
const parameters = { type: "object", properties: { city: { type: "string" } }, required: ["city"] }
const png = "iVBORw0KGgo="

const asked = {
  maxTokens: 200,
  temperature: 0.5,
  topP: 0.9,
  parallelToolCalls: false,
  tools: [{ name: "weather", description: "The weather.", parameters, strict: true }],
  toolChoice: { tool: "weather" },
  responseFormat: { type: "json-schema", name: "answer", schema: parameters },
  messages: [
    { role: "system", content: "Be brief." },
    {
      role: "user",
      content: [{ type: "text", text: "Look." }, { type: "file", mediaType: "image/png", data: png }]
    },
    {
      role: "assistant",
      content: [
        { type: "text", text: "One moment." },
        { type: "tool-call", id: "call_1", name: "weather", params: { city: "Bern" } }
      ]
    },
    {
      role: "tool",
      content: [{ type: "tool-result", id: "call_1", name: "weather", isFailure: false, result: "sunny" }]
    },
    { role: "user", content: "Thanks." }
  ]
} as const satisfies Request.RequestInput

describe("bodies", () => {
  it.effect("of Chat Completions mean the same", () =>
    Effect.gen(function*() {
      const theirs = yield* Effect.promise(() =>
        witness((options) =>
          new Sdk(options).chat.completions.create({
            model: "gpt-4.1",
            max_completion_tokens: 200,
            temperature: 0.5,
            top_p: 0.9,
            parallel_tool_calls: false,
            tools: [{
              type: "function",
              function: { name: "weather", description: "The weather.", parameters, strict: true }
            }],
            tool_choice: { type: "function", function: { name: "weather" } },
            response_format: { type: "json_schema", json_schema: { name: "answer", schema: parameters, strict: true } },
            messages: [
              { role: "system", content: "Be brief." },
              {
                role: "user",
                content: [
                  { type: "text", text: "Look." },
                  { type: "image_url", image_url: { url: `data:image/png;base64,${png}` } }
                ]
              },
              {
                role: "assistant",
                content: "One moment.",
                tool_calls: [{
                  id: "call_1",
                  type: "function",
                  function: { name: "weather", arguments: "{\"city\":\"Bern\"}" }
                }]
              },
              { role: "tool", tool_call_id: "call_1", content: "sunny" },
              { role: "user", content: "Thanks." }
            ]
          })
        )
      )
      expect(yield* ours(OpenAi.make({ apiKey }), asked, "gpt-4.1")).toEqual(theirs)
    }))

  /** A message of text alone may be written with or without its type, and as a list or a text. */
  const normal = (sent: Sent): Sent => ({
    ...sent,
    body: {
      ...sent.body,
      input: sent.body.input.map((item: any) => ({
        type: "message",
        ...item,
        ...(Array.isArray(item.content) && item.content.length === 1 && "text" in item.content[0]
          ? { content: item.content[0].text }
          : undefined)
      }))
    }
  })

  it.effect("of Responses mean the same", () =>
    Effect.gen(function*() {
      const theirs = yield* Effect.promise(() =>
        witness((options) =>
          new Sdk(options).responses.create({
            model: "gpt-4.1",
            store: false,
            max_output_tokens: 200,
            temperature: 0.5,
            top_p: 0.9,
            parallel_tool_calls: false,
            tools: [{ type: "function", name: "weather", description: "The weather.", parameters, strict: true }],
            tool_choice: { type: "function", name: "weather" },
            text: { format: { type: "json_schema", name: "answer", schema: parameters, strict: true } },
            input: [
              { role: "system", content: "Be brief." },
              {
                role: "user",
                content: [
                  { type: "input_text", text: "Look." },
                  { type: "input_image", image_url: `data:image/png;base64,${png}`, detail: "auto" }
                ]
              },
              { role: "assistant", content: "One moment." },
              { type: "function_call", call_id: "call_1", name: "weather", arguments: "{\"city\":\"Bern\"}" },
              { type: "function_call_output", call_id: "call_1", output: "sunny" },
              { role: "user", content: [{ type: "input_text", text: "Thanks." }] }
            ]
          })
        )
      )
      const sent = yield* ours(OpenAi.make({ apiKey, api: "responses" }), asked, "gpt-4.1")
      expect(normal(sent)).toEqual(normal(theirs))
    }))

  it.effect("of Responses with reasoning mean the same", () =>
    Effect.gen(function*() {
      const item = {
        type: "reasoning" as const,
        id: "rs_1",
        summary: [{ type: "summary_text" as const, text: "Hm." }],
        encrypted_content: "gAAA"
      }
      const theirs = yield* Effect.promise(() =>
        witness((options) =>
          new Sdk(options).responses.create({
            model: "gpt-5",
            store: false,
            include: ["reasoning.encrypted_content"],
            reasoning: { effort: "low", summary: "auto" },
            input: [{ role: "user", content: "6 × 7?" }, item, { role: "assistant", content: "42" }, {
              role: "user",
              content: "Sure?"
            }]
          })
        )
      )
      const options = { openai: { itemId: "rs_1", encryptedContent: "gAAA" } }
      const sent = yield* ours(OpenAi.make({ apiKey, api: "responses" }), {
        reasoningEffort: "low",
        options: { openai: { reasoning: { summary: "auto" } } },
        messages: [
          { role: "user", content: "6 × 7?" },
          {
            role: "assistant",
            content: [{ type: "reasoning", text: "Hm.", options }, { type: "text", text: "42" }]
          },
          { role: "user", content: "Sure?" }
        ]
      }, "gpt-5")
      expect(normal(sent)).toEqual(normal(theirs))
    }))

  it.effect("go to Azure's deployments as its client sends them, with the key in the same header", () =>
    Effect.gen(function*() {
      const endpoint = "https://name.openai.azure.com"
      const apiVersion = "2024-10-21"
      const theirs = yield* Effect.promise(() =>
        witness((options) =>
          new AzureOpenAI({ ...options, endpoint, apiVersion }).chat.completions.create({
            model: "my-deployment",
            messages: [{ role: "user", content: "Hello" }]
          })
        )
      )
      const make = AzureOpenAi.make({ apiKey, endpoint, apiVersion })
      expect(yield* ours(make, { prompt: "Hello" }, "my-deployment")).toEqual(theirs)
    }))
})

describe("answers", () => {
  const usage = { uncached: 25, cacheRead: 8, text: 12, reasoning: 4 }
  const content: Content = {
    text: "Grüße, 你好 👩‍👩‍👧",
    toolCalls: [
      { id: "call_1", name: "weather", params: { city: "Zürich" } },
      { id: "call_2", name: "now", params: {} }
    ],
    finish: "tool-calls",
    usage
  }

  const answering = (served: Playback.Served): typeof fetch => async () =>
    new globalThis.Response(Buffer.concat(served.chunks), { status: served.status, headers: { ...served.headers } })

  const streamed = (answer: ReadonlyArray<string | Uint8Array>): Playback.Served => ({
    status: 200,
    headers: { "content-type": "text/event-stream" },
    chunks: [Playback.bytesOf(answer)]
  })

  /** What both say, in words of neither. */
  interface Told {
    readonly text: string
    readonly calls: ReadonlyArray<readonly [string, string, unknown]>
    readonly tokens: ReadonlyArray<number | undefined>
  }

  const read = (make: Effect.Effect<VendorModule.Vendor, never, any>, served: Playback.Served, stream: boolean) =>
    Effect.gen(function*() {
      const playback = Playback.make(() => served)
      const vendor = yield* Effect.provide(make as Effect.Effect<VendorModule.Vendor>, playback.layer)
      const call = { request: yield* Request.decode({ prompt: "Hello" }), model: "gpt-5" }
      const { parts } = yield* stream ? VendorModule.collect(vendor.stream(call)) : vendor.send(call)
      const finish = parts.find(({ type }) => type === "finish") as Extract<Response.Part, { type: "finish" }>
      const told: Told = {
        text: parts.map((part) => part.type === "text" ? part.text : "").join(""),
        calls: parts.flatMap((part) => part.type === "tool-call" ? [[part.id, part.name, part.params] as const] : []),
        tokens: [finish.usage.inputTokens.total, finish.usage.outputTokens.total]
      }
      return told
    })

  const sdk = (served: Playback.Served) => new Sdk({ apiKey: "key", maxRetries: 0, fetch: answering(served) })
  const params = { model: "gpt-5", messages: [{ role: "user" as const, content: "Hello" }] }

  it.effect("of Chat Completions are read the same", () =>
    Effect.gen(function*() {
      const { stream, whole } = openai.answer(content)
      const told = (completion: Sdk.Chat.ChatCompletion): Told => {
        const { message } = completion.choices[0]!
        return {
          text: message.content ?? "",
          calls: (message.tool_calls ?? []).map((call) => {
            const { arguments: params, name } = (call as Sdk.Chat.ChatCompletionMessageFunctionToolCall).function
            return [call.id, name, JSON.parse(params)]
          }),
          tokens: [completion.usage?.prompt_tokens, completion.usage?.completion_tokens]
        }
      }
      const json = Playback.json(200, whole)
      const theirs = yield* Effect.promise(() => sdk(json).chat.completions.create(params))
      expect(yield* read(OpenAi.make({ apiKey }), json, false)).toEqual(told(theirs))
      const events = streamed(stream)
      const theirStream = yield* Effect.promise(() => sdk(events).chat.completions.stream(params).finalChatCompletion())
      expect(yield* read(OpenAi.make({ apiKey }), events, true)).toEqual(told(theirStream))
    }))

  it.effect("of Responses are read the same", () =>
    Effect.gen(function*() {
      const { stream, whole } = openaiResponses.answer({ ...content, reasoning: { text: "Hm.", proof: "gAAA" } })
      const told = (response: Sdk.Responses.Response): Told => ({
        text: response.output_text,
        calls: response.output.flatMap((item) =>
          item.type === "function_call" ? [[item.call_id, item.name, JSON.parse(item.arguments)] as const] : []
        ),
        tokens: [response.usage?.input_tokens, response.usage?.output_tokens]
      })
      const make = OpenAi.make({ apiKey, api: "responses" })
      const json = Playback.json(200, whole)
      const input = { model: "gpt-5", input: "Hello" }
      const theirs = yield* Effect.promise(() => sdk(json).responses.create(input))
      expect(yield* read(make, json, false)).toEqual(told(theirs))
      const events = streamed(stream)
      const theirStream = yield* Effect.promise(() => sdk(events).responses.stream(input).finalResponse())
      expect(yield* read(make, events, true)).toEqual(told(theirStream))
    }))
})
