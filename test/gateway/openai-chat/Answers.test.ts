/** What callers are answered: by OpenAI's schemas, by its SDK, and by our own reading of the API. */
import { describe, expect, it } from "@effect/vitest"
import { Result } from "effect"
import * as fc from "fast-check"
import { readFileSync } from "node:fs"
import Sdk from "openai"
import type { Events } from "../../../src/gateway/Dialect.ts"
import * as Failure from "../../../src/gateway/Failure.ts"
import { dialect } from "../../../src/gateway/openai-chat/OpenAiChat.ts"
import * as Proof from "../../../src/gateway/Proof.ts"
import type { Part, StreamPart } from "../../../src/Response.ts"
import * as Response from "../../../src/Response.ts"
import * as Decode from "../../../src/vendor/openai/Decode.ts"
import * as VendorFailure from "../../../src/vendor/openai/Failure.ts"
import { answers, anyAnswer, finish, head, responseOf, streamed, surroundings } from "../openai/answers.ts"
import { isThere, judge } from "../openai/Contract.ts"
import { asked, outgoing } from "../openai/Outgoing.ts"

const body = { model: "gpt-5-mini", messages: [{ role: "user", content: "Hello" }] }
const legacy = { ...body, functions: [{ name: "now" }] }

const whole = (parts: ReadonlyArray<Part>, asking: object = body): any =>
  asked(dialect, asking).whole(responseOf(parts), surroundings)

const write = (events: Events, parts: Iterable<StreamPart>): string => {
  let text = ""
  for (const part of parts) text += events.part(part)
  return text + events.end()
}

const stream = (parts: ReadonlyArray<Part>, asking: object = body): string =>
  write(asked(dialect, { ...asking, stream: true, stream_options: { include_usage: true } }).events(surroundings), [
    head,
    ...streamed(parts)
  ])

const dataOf = (text: string): ReadonlyArray<string> =>
  text.split("\n\n").filter((event) => event.startsWith("data: ")).map((event) => event.slice("data: ".length))

const chunksOf = (text: string): ReadonlyArray<any> =>
  dataOf(text).filter((data) => data !== "[DONE]").map((data) => JSON.parse(data))

/** The parts that our own vendor reads out of a stream. */
const raw = (text: string): ReadonlyArray<StreamPart> => {
  const state = Decode.streamDecoder.initial()
  const parts: Array<StreamPart> = []
  for (const data of dataOf(text)) {
    parts.push(...Result.getOrThrow(Decode.streamDecoder.step(state, { event: "message", id: undefined, data } as any)))
  }
  parts.push(...Result.getOrThrow(Decode.streamDecoder.halt(state)))
  return parts
}

const read = (text: string): ReadonlyArray<Part> => Response.fold(raw(text))

const client = (answer: () => globalThis.Response) =>
  new Sdk({ apiKey: "key", maxRetries: 0, fetch: async () => answer() })

const json = (value: unknown, status = 200) =>
  new globalThis.Response(JSON.stringify(value), { status, headers: { "content-type": "application/json" } })

const sse = (text: string) => new globalThis.Response(text, { headers: { "content-type": "text/event-stream" } })

describe.skipIf(!isThere)("the specification", () => {
  it.each(Object.entries(answers))("takes a whole answer: %s", (_, parts) => {
    expect(judge("CreateChatCompletionResponse", whole(parts))).toEqual([])
    expect(judge("CreateChatCompletionResponse", whole(parts, legacy))).toEqual([])
  })

  it.each(Object.entries(answers))("takes every chunk of a stream: %s", (_, parts) => {
    for (const asking of [body, legacy]) {
      const chunks = chunksOf(stream(parts, asking))
      expect(chunks.flatMap((chunk) => judge("CreateChatCompletionStreamResponse", chunk))).toEqual([])
    }
  })

  it("refuses what is wrong, so that the check checks", () => {
    expect(judge("CreateChatCompletionResponse", { ...whole(answers["text"]!), choices: [{}] })).not.toEqual([])
    expect(judge("CreateChatCompletionStreamResponse", { id: 1 })).not.toEqual([])
  })
})

describe("an answer", () => {
  it("has the form of the API", () => {
    expect(whole([
      { type: "reasoning", text: "Hm." },
      { type: "text", text: "I look." },
      { type: "tool-call", id: "call_1", name: "now", params: { a: 1 } },
      { ...finish("tool-calls"), metadata: { openai: { serviceTier: "flex", systemFingerprint: "fp_1" } } }
    ])).toEqual({
      id: "chatcmpl-abc123",
      object: "chat.completion",
      created: 1_767_268_800,
      model: "gpt-5-mini-2025",
      choices: [{
        index: 0,
        message: {
          role: "assistant",
          content: "I look.",
          refusal: null,
          annotations: [],
          reasoning_content: "Hm.",
          tool_calls: [{ id: "call_1", type: "function", function: { name: "now", arguments: `{"a":1}` } }]
        },
        logprobs: null,
        finish_reason: "tool_calls"
      }],
      usage: { prompt_tokens: 9, completion_tokens: 4, total_tokens: 13 },
      service_tier: "flex",
      system_fingerprint: "fp_1"
    })
  })

  it("tells cached and reasoning tokens among the others", () => {
    expect(whole(answers["reasoning"]!).usage).toEqual({
      prompt_tokens: 100,
      completion_tokens: 50,
      total_tokens: 150,
      prompt_tokens_details: { cached_tokens: 20, cache_write_tokens: 10 },
      completion_tokens_details: { reasoning_tokens: 32 }
    })
  })

  it("tells no usage that nobody knows", () => {
    expect(whole(answers["unknown usage"]!)).not.toHaveProperty("usage")
    expect(stream(answers["unknown usage"]!)).not.toContain("prompt_tokens")
  })

  it.each<[string, string]>([
    ["text", "stop"],
    ["a tool call", "tool_calls"],
    ["refusal", "stop"],
    ["a filter's end", "content_filter"],
    ["the limit", "length"]
  ])("of %s ends with %s", (name, reason) => {
    expect(whole(answers[name]!).choices[0].finish_reason).toBe(reason)
    const told = chunksOf(stream(answers[name]!)).flatMap(({ choices }) => choices.map((c: any) => c.finish_reason))
    expect(told.filter((told) => told !== null)).toEqual([reason])
  })

  it("calls a function where functions were told", () => {
    expect(whole(answers["a tool call"]!, legacy).choices[0]).toMatchObject({
      message: { function_call: { name: "weather", arguments: `{"city":"Paris"}` } },
      finish_reason: "function_call"
    })
    const deltas = chunksOf(stream(answers["a tool call"]!, legacy)).flatMap(({ choices }) => choices)
    expect(deltas.map(({ delta }) => delta.function_call?.arguments ?? "").join("")).toBe(`{"city":"Paris"}`)
  })
})

describe("a stream", () => {
  it("is the API's, byte by byte", () => {
    const events = asked(dialect, { ...body, stream: true }).events({ id: "x", now: 5000 })
    expect(write(events, [head, { type: "text-start", id: "0" }, { type: "text-delta", id: "0", delta: "H\n\"" }]))
      .toBe(
        [
          `{"role":"assistant","content":"","refusal":null}`,
          `{"content":"H\\n\\""}`
        ].map((delta) =>
          `data: {"id":"chatcmpl-x","object":"chat.completion.chunk","created":5,"model":"gpt-5-mini-2025",` +
          `"choices":[{"index":0,"delta":${delta},"logprobs":null,"finish_reason":null}]}\n\n`
        ).join("") + "data: [DONE]\n\n"
      )
  })

  it("tells its usage only where that was asked, last and without choices", () => {
    const quiet = write(asked(dialect, { ...body, stream: true }).events(surroundings), [
      head,
      ...streamed(answers["text"]!)
    ])
    expect(quiet).not.toContain("usage")
    const chunks = chunksOf(stream(answers["text"]!))
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { prompt_tokens: 9, total_tokens: 13 } })
    expect(chunks.slice(0, -1).map(({ usage }) => usage)).toEqual(chunks.slice(1).map(() => null))
  })

  it("ends with its error where it fails", () => {
    const events = asked(dialect, { ...body, stream: true }).events(surroundings)
    expect(events.failed(Failure.make("upstream", "It broke off."))).toBe(
      `data: {"error":{"message":"It broke off.","type":"server_error","param":null,"code":"bad_gateway"}}\n\n`
    )
  })

  it("names the model that was asked for until another answers", () => {
    const events = asked(dialect, body).events(surroundings)
    expect(events.part({ type: "text-delta", id: "0", delta: "a" })).toContain(`"model":"gpt-5-mini"`)
  })

  it("is silent about tools that the vendor ran itself", () => {
    const events = asked(dialect, body).events(surroundings)
    const parts: ReadonlyArray<StreamPart> = [
      { type: "tool-params-start", id: "c", name: "web_search", providerExecuted: true },
      { type: "tool-params-delta", id: "c", delta: "{}" },
      { type: "tool-params-end", id: "c" },
      { type: "tool-call", id: "c", name: "web_search", params: {}, providerExecuted: true }
    ]
    expect(parts.map((part) => events.part(part)).join("")).toBe("")
  })
})

describe("any answer", () => {
  it("is told alike by a stream and as a whole, each chunk by the specification", () => {
    fc.assert(
      fc.property(anyAnswer, (parts) => {
        const chunks = chunksOf(stream(parts))
        const deltas = chunks.flatMap(({ choices }) => choices.map(({ delta }: any) => delta))
        const { message } = whole(parts).choices[0]
        const join = (name: string) => deltas.map((delta) => delta[name] ?? "").join("")
        expect(join("content")).toBe(message.content ?? "")
        expect(join("refusal")).toBe(message.refusal ?? "")
        expect(join("reasoning_content")).toBe(message.reasoning_content ?? "")
        const pieces = deltas.flatMap((delta) => delta.tool_calls ?? [])
        for (const [index, call] of (message.tool_calls ?? []).entries()) {
          const own = pieces.filter((piece) => piece.index === index)
          expect(own.map((piece) => piece.function?.arguments ?? "").join("")).toBe(call.function.arguments)
        }
        const faults = chunks.flatMap((chunk) => judgeChunk(chunk))
        expect(faults).toEqual([])
      }),
      { numRuns: 60 }
    )
  })

  const judgeChunk = (chunk: unknown) => isThere ? judge("CreateChatCompletionStreamResponse", chunk) : []
})

describe("our own reading", () => {
  const comparable = (parts: ReadonlyArray<Part>) =>
    parts.filter((part) => part.type !== "response-metadata").map((part) => {
      const { id: _, ...rest } = part as any
      return part.type === "source" ? rest : part
    })

  it.each([
    "text",
    "reasoning",
    "a tool call",
    "text and several tool calls",
    "a tool call without arguments",
    "refusal",
    "the limit",
    "a filter's end",
    "unknown usage"
  ])(
    "reads %s as it was",
    (name) => {
      const parts = answers[name]!
      expect(comparable(Result.getOrThrow(Decode.whole(whole(parts))))).toEqual(parts)
      expect(comparable(read(stream(parts)))).toEqual(parts)
    }
  )
})

describe("OpenAI's own answers", () => {
  const fixture = (name: string) => readFileSync(new URL(`../../fixtures/openai/${name}`, import.meta.url), "utf8")
  const known = (parts: ReadonlyArray<Part>) => parts.filter(({ type }) => type !== "response-metadata")

  it.each(["citations", "reasoning", "refusal", "text", "tools"])("pass through the gateway unchanged: %s", (name) => {
    const parts = Result.getOrThrow(Decode.whole(JSON.parse(fixture(`${name}.json`))))
    expect(known(Result.getOrThrow(Decode.whole(whole(parts))))).toEqual(known(parts))
    const events = write(asked(dialect, { ...body, stream_options: { include_usage: true } }).events(surroundings), [
      ...raw(fixture(`${name}.sse`))
    ])
    expect(known(read(events))).toEqual(known(read(fixture(`${name}.sse`))))
  })
})

describe("OpenAI's SDK", () => {
  it("reads a whole answer", async () => {
    const answer = await client(() => json(whole(answers["text and several tool calls"]!)))
      .chat.completions.create(body as any) as any
    expect(answer.choices[0].message.tool_calls.map((call: any) => JSON.parse(call.function.arguments))).toEqual([
      { city: "Paris" },
      { city: "Rome", days: [1, 2] }
    ])
  })

  it.each(Object.entries(answers))("puts a stream together to the whole answer: %s", async (_, parts) => {
    const text = stream(parts)
    const told = await client(() => sse(text)).chat.completions.stream(body as any).finalChatCompletion()
    const expected = whole(parts)
    const { content, refusal, tool_calls } = told.choices[0]!.message as any
    const message = expected.choices[0].message
    expect(content || null).toEqual(message.content || null)
    expect(refusal || null).toEqual(message.refusal)
    expect(tool_calls?.map(({ function: named, id }: any) => ({ id, name: named.name, arguments: named.arguments })))
      .toEqual(message.tool_calls?.map(({ function: named, id }: any) => ({ id, ...named })))
    expect(told.choices[0]!.finish_reason).toBe(expected.choices[0].finish_reason)
    expect(told.usage ?? undefined).toEqual(expected.usage)
    expect(told.model).toBe(expected.model)
  })

  it.each<[Failure.Kind, abstract new(...args: any) => Error, number]>([
    ["invalid-request", Sdk.BadRequestError, 400],
    ["unauthenticated", Sdk.AuthenticationError, 401],
    ["permission-denied", Sdk.PermissionDeniedError, 403],
    ["not-found", Sdk.NotFoundError, 404],
    ["too-large", Sdk.APIError, 413],
    ["rate-limited", Sdk.RateLimitError, 429],
    ["quota-exhausted", Sdk.RateLimitError, 429],
    ["overloaded", Sdk.InternalServerError, 503],
    ["timed-out", Sdk.InternalServerError, 504],
    ["content-filtered", Sdk.BadRequestError, 400],
    ["context-length", Sdk.BadRequestError, 400],
    ["unsupported", Sdk.BadRequestError, 400],
    ["upstream", Sdk.InternalServerError, 502],
    ["internal", Sdk.InternalServerError, 500]
  ])("knows %s", async (kind, type, status) => {
    const refusal = dialect.refusal(Failure.make(kind, "Because.", { field: "messages.0" }))
    const error: any = await client(() => json(refusal.body, refusal.status)).chat.completions.create(body as any)
      .then(() => undefined, (error: unknown) => error)
    expect(error).toBeInstanceOf(type)
    expect([error.status, error.param, error.error.message]).toEqual([status, "messages.0", "Because."])
    if (isThere) expect(judge("ErrorResponse", refusal.body)).toEqual([])
  })

  it("throws where a stream ends with an error", async () => {
    const events = asked(dialect, { ...body, stream: true }).events(surroundings)
    const text = events.part(head) + events.part({ type: "text-delta", id: "0", delta: "A" }) +
      events.failed(Failure.make("overloaded", "Too much."))
    const chunks: Array<string> = []
    const error: any = await (async () => {
      const told = await client(() => sse(text)).chat.completions.create({ ...body, stream: true } as any) as any
      for await (const chunk of told) chunks.push(chunk.choices[0].delta.content)
    })().then(() => undefined, (error: unknown) => error)
    expect(chunks).toEqual(["", "A"])
    expect(error).toBeInstanceOf(Sdk.APIError)
    expect(error.code).toBe("server_is_overloaded")
  })
})

describe("a refusal", () => {
  it.each<[Failure.Kind, string]>([
    ["rate-limited", "RateLimited"],
    ["quota-exhausted", "QuotaExhausted"],
    ["overloaded", "Overloaded"],
    ["context-length", "ContextLengthExceeded"],
    ["content-filtered", "ContentFiltered"],
    ["not-found", "ModelNotFound"],
    ["unauthenticated", "Unauthenticated"],
    ["permission-denied", "PermissionDenied"],
    ["invalid-request", "InvalidRequest"],
    ["timed-out", "TimedOut"],
    ["internal", "ServerFault"],
    ["upstream", "ServerFault"]
  ])("of %s is %s to a dispatcher that asks a gateway", (kind, tag) => {
    const { body, status } = dialect.refusal(Failure.make(kind, "Because."))
    expect(VendorFailure.fromResponse({ status, headers: {}, body: JSON.stringify(body) } as any).reason._tag).toBe(tag)
  })
})

describe("what a vendor wants back", () => {
  const again = (message: unknown) => ({
    model: "gpt-5-mini",
    messages: [{ role: "user", content: "Hello" }, message, { role: "user", content: "Go on" }]
  })
  const partsOf = (message: unknown): ReadonlyArray<any> =>
    (asked(dialect, again(message)).request as any).messages[1].content

  it("comes back from the message of a whole answer", () => {
    const signed = answers["signed reasoning of Anthropic's"]!
    expect(partsOf(whole(signed).choices[0].message)).toEqual([
      { type: "reasoning", text: "Hm.", options: { anthropic: { signature: "sig==" } } },
      { type: "reasoning", text: "", options: { anthropic: { redactedData: "red==" } } },
      { type: "text", text: "42." }
    ])
  })

  it("comes back from the pieces of a stream", () => {
    const chunks = chunksOf(stream(answers["signed reasoning of Anthropic's"]!)).flatMap(({ choices }) => choices)
    const details = chunks.flatMap(({ delta }) => delta.reasoning_details ?? [])
    expect(partsOf({ role: "assistant", content: "42.", reasoning_details: details })[0]).toEqual({
      type: "reasoning",
      text: "Hm.",
      options: { anthropic: { signature: "sig==" } }
    })
  })

  it("comes back with a tool call", () => {
    const { message } = whole(answers["a signed tool call of Google's"]!).choices[0]
    expect(message.tool_calls[0].extra_content).toEqual({ google: { thought_signature: "th==" } })
    expect(partsOf(message)).toEqual([
      { type: "tool-call", id: "call_1", name: "now", params: {}, options: { google: { thoughtSignature: "th==" } } }
    ])
    const deltas = chunksOf(stream(answers["a signed tool call of Google's"]!)).flatMap(({ choices }) => choices)
    expect(deltas.flatMap(({ delta }) => delta.tool_calls ?? []).map((call: any) => call.extra_content)).toContainEqual(
      {
        google: { thought_signature: "th==" }
      }
    )
  })

  it("is on a piece of a call that has a function, as strict SDKs want of every piece", () => {
    const deltas = chunksOf(stream(answers["a signed tool call of Google's"]!)).flatMap(({ choices }) => choices)
    const calls = deltas.flatMap(({ delta }) => delta.tool_calls ?? [])
    expect(calls.map((call: any) => call.function)).toEqual([
      { name: "now", arguments: "" },
      { arguments: "{}" },
      { arguments: "" }
    ])
  })

  it("is OpenRouter's own where that answered", () => {
    const details = [{ type: "reasoning.encrypted", data: "xyz", format: "openai-responses-v1", index: 0 }]
    const message = whole([
      { type: "reasoning", text: "Hm." },
      { type: "reasoning", text: "", metadata: { openrouter: { reasoningDetails: details } } },
      { type: "text", text: "42." },
      finish()
    ]).choices[0].message
    expect(message.reasoning_details).toEqual(details)
    expect(partsOf(message)).toEqual([
      { type: "reasoning", text: "Hm." },
      { type: "reasoning", text: "", options: { openrouter: { reasoningDetails: details } } },
      { type: "text", text: "42." }
    ])
  })

  it("of a foreign hand touches no prototype", () => {
    const hostile = Proof.pack(JSON.parse(`{"__proto__":{"polluted":true},"a":1,"b":{"c":2}}`))
    expect(Proof.unpack(hostile)).toEqual({ b: { c: 2 } })
    expect(Proof.unpack("llmd1.%%%")).toBeUndefined()
    expect(({} as any).polluted).toBeUndefined()
  })

  it("keeps a bare text before a signed one", () => {
    const metadata = { anthropic: { signature: "sig==" } }
    const { message } = whole([
      { type: "reasoning", text: "Bare. " },
      { type: "reasoning", text: "Signed.", metadata },
      finish()
    ]).choices[0]
    expect(partsOf(message)).toEqual([
      { type: "reasoning", text: "Bare. " },
      { type: "reasoning", text: "Signed.", options: metadata }
    ])
  })

  it("is left out where a server takes no reasoning back", async () => {
    const { body } = await outgoing(
      dialect,
      again({ role: "assistant", content: "42.", reasoning_content: "Hm." }),
      "chat"
    )
    expect(body.messages[1]).toEqual({ role: "assistant", content: "42." })
  })
})
