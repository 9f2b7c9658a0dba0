/** Anthropic's own client as the witness: for the same conversation it and we send the same. */
import { default as Client } from "@anthropic-ai/sdk"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { FetchHttpClient } from "effect/http"
import * as Anthropic from "../../../src/vendor/anthropic/Anthropic.ts"
import { call, dot, pdf, requestOf, result, text, weather } from "./support.ts"

interface Sent {
  readonly url: string
  readonly headers: Headers
  readonly body: any
}

const key = "sk-ant-canary-0123456789"
const answer = {
  id: "m",
  type: "message",
  role: "assistant",
  model: "m",
  content: [],
  stop_reason: "end_turn",
  usage: {}
}

const recording = () => {
  const sent: Array<Sent> = []
  const fetch = (url: string | URL | globalThis.Request, init?: RequestInit): Promise<globalThis.Response> => {
    const raw = init?.body
    const body = typeof raw === "string" ? raw : new TextDecoder().decode(raw as Uint8Array<ArrayBuffer>)
    sent.push({ url: String(url), headers: new Headers(init?.headers), body: JSON.parse(body) })
    return Promise.resolve(globalThis.Response.json(answer))
  }
  return { sent, fetch }
}

/** Of the API's version from which on there is no sampling the client knows no such fields, but sends them. */
type Params = Client.MessageCreateParamsNonStreaming & { readonly temperature?: number; readonly top_k?: number }

const theirs = async (params: Params): Promise<Sent> => {
  const { fetch, sent } = recording()
  await new Client({ apiKey: key, baseURL: "https://api.anthropic.com", fetch, maxRetries: 0 }).messages.create(params)
  return sent[0]!
}

const ours = async (model: string, input: Record<string, unknown>): Promise<Sent> => {
  const { fetch, sent } = recording()
  await Effect.runPromise(
    Effect.flatMap(
      Anthropic.make({ apiKey: Redacted.make(key) }),
      (vendor) => vendor.send({ model, request: requestOf(input) })
    ).pipe(
      Effect.provide(FetchHttpClient.layer),
      Effect.provideService(FetchHttpClient.Fetch, fetch as typeof globalThis.fetch)
    )
  )
  return sent[0]!
}

/** A text and a list of one text mean the same, as the API's reference says; all else is compared as it is. */
const normalise = (body: any): any => ({
  ...body,
  ...(body.system === undefined ? undefined : { system: listed(body.system) }),
  messages: body.messages.map((message: any) => ({
    ...message,
    content: listed(message.content).map((block: any) =>
      block.type === "tool_result" && block.content !== undefined ? { ...block, content: listed(block.content) } : block
    )
  }))
})
const listed = (content: any): any => typeof content === "string" ? [{ type: "text", text: content }] : content

const tools: Array<Client.Tool> = [{
  name: "weather",
  description: "The weather of a city.",
  input_schema: weather.parameters as Client.Tool.InputSchema
}]

const pairs: ReadonlyArray<
  readonly [string, Record<string, unknown>, Omit<Params, "model">]
> = [
  [
    "a plain question with a system message and sampling",
    {
      prompt: [{ role: "system", content: "Be short." }, { role: "user", content: "Hello" }],
      maxTokens: 100,
      temperature: 0.5,
      topK: 5,
      stop: ["END"],
      user: "u1"
    },
    {
      system: "Be short.",
      messages: [{ role: "user", content: "Hello" }],
      max_tokens: 100,
      temperature: 0.5,
      top_k: 5,
      stop_sequences: ["END"],
      metadata: { user_id: "u1" }
    }
  ],
  [
    "tools with their results, one of them failed",
    {
      maxTokens: 100,
      tools: [weather],
      toolChoice: "required",
      parallelToolCalls: false,
      prompt: [
        { role: "user", content: "Weather?" },
        { role: "assistant", content: [text("I look."), call("t1"), call("t2")] },
        { role: "tool", content: [result("t1", { degrees: 21 }), result("t2", "no such city", { isFailure: true })] },
        { role: "user", content: "Well?" }
      ]
    },
    {
      max_tokens: 100,
      tools,
      tool_choice: { type: "any", disable_parallel_tool_use: true },
      messages: [
        { role: "user", content: "Weather?" },
        {
          role: "assistant",
          content: [
            { type: "text", text: "I look." },
            { type: "tool_use", id: "t1", name: "weather", input: { city: "Bern" } },
            { type: "tool_use", id: "t2", name: "weather", input: { city: "Bern" } }
          ]
        },
        {
          role: "user",
          content: [
            { type: "tool_result", tool_use_id: "t1", content: "{\"degrees\":21}" },
            { type: "tool_result", tool_use_id: "t2", content: "no such city", is_error: true },
            { type: "text", text: "Well?" }
          ]
        }
      ]
    }
  ],
  [
    "images and documents, also in a result",
    {
      maxTokens: 100,
      tools: [weather],
      prompt: [
        {
          role: "user",
          content: [
            text("Compare."),
            { type: "file", mediaType: "image/png", data: dot },
            { type: "file", mediaType: "image/jpeg", data: new URL("https://x.test/a.jpg") },
            {
              type: "file",
              mediaType: "application/pdf",
              data: pdf,
              fileName: "r.pdf",
              options: { anthropic: { citations: true } }
            }
          ]
        },
        { role: "assistant", content: [call("t1")] },
        {
          role: "tool",
          content: [result("t1", {}, {
            modelOutput: [{ type: "text", text: "Map:" }, { type: "file", mediaType: "image/png", data: dot }]
          })]
        }
      ]
    },
    {
      max_tokens: 100,
      tools,
      messages: [
        {
          role: "user",
          content: [
            { type: "text", text: "Compare." },
            { type: "image", source: { type: "base64", media_type: "image/png", data: dot } },
            { type: "image", source: { type: "url", url: "https://x.test/a.jpg" } },
            {
              type: "document",
              source: { type: "base64", media_type: "application/pdf", data: pdf },
              title: "r.pdf",
              citations: { enabled: true }
            }
          ]
        },
        {
          role: "assistant",
          content: [{ type: "tool_use", id: "t1", name: "weather", input: { city: "Bern" } }]
        },
        {
          role: "user",
          content: [{
            type: "tool_result",
            tool_use_id: "t1",
            content: [
              { type: "text", text: "Map:" },
              { type: "image", source: { type: "base64", media_type: "image/png", data: dot } }
            ]
          }]
        }
      ]
    }
  ],
  [
    "thinking that goes back",
    {
      maxTokens: 8_000,
      reasoningEffort: "low",
      tools: [weather],
      prompt: [
        { role: "user", content: "Weather?" },
        {
          role: "assistant",
          content: [
            { type: "reasoning", text: "I need it.", options: { anthropic: { signature: "sig" } } },
            { type: "reasoning", text: "", options: { anthropic: { redactedData: "xyz" } } },
            call("t1")
          ]
        },
        { role: "tool", content: [result("t1")] }
      ]
    },
    {
      max_tokens: 8_000,
      thinking: { type: "enabled", budget_tokens: 4_000 },
      tools,
      messages: [
        { role: "user", content: "Weather?" },
        {
          role: "assistant",
          content: [
            { type: "thinking", thinking: "I need it.", signature: "sig" },
            { type: "redacted_thinking", data: "xyz" },
            { type: "tool_use", id: "t1", name: "weather", input: { city: "Bern" } }
          ]
        },
        { role: "user", content: [{ type: "tool_result", tool_use_id: "t1", content: "sunny" }] }
      ]
    }
  ],
  [
    "cache marks on tools, system and messages",
    {
      maxTokens: 100,
      tools: [weather],
      options: { anthropic: { toolsCacheControl: true } },
      prompt: [
        {
          role: "system",
          content: "Long.",
          options: { anthropic: { cacheControl: { type: "ephemeral", ttl: "1h" } } }
        },
        { role: "user", content: [text("a", { cacheControl: true }), text("b")] }
      ]
    },
    {
      max_tokens: 100,
      tools: [{ ...tools[0]!, cache_control: { type: "ephemeral" } }],
      system: [{ type: "text", text: "Long.", cache_control: { type: "ephemeral", ttl: "1h" } }],
      messages: [{
        role: "user",
        content: [{ type: "text", text: "a", cache_control: { type: "ephemeral" } }, { type: "text", text: "b" }]
      }]
    }
  ],
  [
    "structured output",
    { maxTokens: 100, responseFormat: { type: "json-schema", name: "weather", schema: weather.parameters } },
    {
      max_tokens: 100,
      messages: [{ role: "user", content: "Hello" }],
      output_config: { format: { type: "json_schema", schema: { title: "weather", ...weather.parameters } } }
    }
  ]
]

describe("Anthropic's own client and we", () => {
  const model = "claude-haiku-4-5"

  it.each(pairs)("send the same body for %s", async (_, input, params) => {
    const [mine, other] = [await ours(model, input), await theirs({ model, ...params })]
    expect(normalise(mine.body)).toEqual(normalise(other.body))
  })

  it("send to the same address with the same key", async () => {
    const [, input, params] = pairs[0]!
    const [mine, other] = [await ours(model, input), await theirs({ model, ...params })]
    const seen = ({ headers, url }: Sent) => ({
      url,
      key: headers.get("x-api-key") ?? headers.get("authorization")?.replace("Bearer ", ""),
      type: headers.get("content-type")
    })
    expect(seen(mine)).toEqual(seen(other))
  })

  it("ask for adaptive thinking and effort alike", async () => {
    const mine = await ours("claude-opus-5", { maxTokens: 100, reasoningEffort: "high" })
    const other = await theirs({
      model: "claude-opus-5",
      max_tokens: 100,
      messages: [{ role: "user", content: "Hello" }],
      thinking: { type: "adaptive", display: "summarized" },
      output_config: { effort: "high" }
    })
    expect(normalise(mine.body)).toEqual(normalise(other.body))
  })
})
