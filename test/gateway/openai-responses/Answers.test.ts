/** What callers are answered: by OpenAI's schemas, by its SDK, and by our own reading of the API. */
import { describe, expect, it } from "@effect/vitest"
import { Result } from "effect"
import * as fc from "fast-check"
import Sdk from "openai"
import * as Failure from "../../../src/gateway/Failure.ts"
import { dialect } from "../../../src/gateway/openai-responses/OpenAiResponses.ts"
import type { Part, StreamPart } from "../../../src/Response.ts"
import * as Response from "../../../src/Response.ts"
import * as Decode from "../../../src/vendor/openai-responses/Decode.ts"
import { answers, anyAnswer, finish, head, responseOf, streamed, surroundings } from "../openai/answers.ts"
import { isThere, judge, judgeEvent } from "../openai/Contract.ts"
import { asked } from "../openai/Outgoing.ts"

const plain = { model: "gpt-5-mini", input: "Hello" }
const full = {
  ...plain,
  instructions: "Be kind.",
  temperature: 0.5,
  top_p: 0.9,
  max_output_tokens: 100,
  tools: [{ type: "function", name: "weather" }, { type: "web_search" }],
  tool_choice: "auto",
  parallel_tool_calls: false,
  metadata: { a: "b" },
  reasoning: { effort: "low" },
  text: { format: { type: "json_object" } },
  truncation: "auto"
}

const whole = (parts: ReadonlyArray<Part>, asking: object = plain): any =>
  asked(dialect, asking).whole(responseOf(parts), surroundings)

const write = (parts: Iterable<StreamPart>, asking: object = plain): string => {
  const events = asked(dialect, { ...asking, stream: true }).events(surroundings)
  let text = ""
  for (const part of parts) text += events.part(part)
  return text + events.end()
}

const stream = (parts: ReadonlyArray<Part>, asking: object = plain): string => write([head, ...streamed(parts)], asking)

const eventsOf = (text: string): ReadonlyArray<any> =>
  text.split("\n\n").slice(0, -1).map((event) => {
    const [name, data] = event.split("\n")
    const json = JSON.parse(data!.replace(/^data: /, ""))
    expect(name).toBe(`event: ${json.type}`)
    return json
  })

const read = (text: string): ReadonlyArray<Part> => {
  const decoder = Decode.streamDecoder("openai")
  const state = decoder.initial()
  const parts: Array<StreamPart> = []
  for (const event of eventsOf(text)) {
    parts.push(...Result.getOrThrow(decoder.step(state, { event: event.type, data: JSON.stringify(event) } as any)))
  }
  parts.push(...Result.getOrThrow(decoder.halt(state)))
  return Response.fold(parts)
}

const client = (answer: () => globalThis.Response) =>
  new Sdk({ apiKey: "key", maxRetries: 0, fetch: async () => answer() })

const json = (value: unknown, status = 200) =>
  new globalThis.Response(JSON.stringify(value), { status, headers: { "content-type": "application/json" } })

const sse = (text: string) => new globalThis.Response(text, { headers: { "content-type": "text/event-stream" } })

describe.skipIf(!isThere)("the specification", () => {
  it.each(Object.entries(answers))("takes a whole answer: %s", (_, parts) => {
    expect(judge("Response", whole(parts))).toEqual([])
    expect(judge("Response", whole(parts, full))).toEqual([])
    expect(whole(parts).output.flatMap((item: unknown) => judge("OutputItem", item))).toEqual([])
  })

  it.each(Object.entries(answers))("takes every event of a stream: %s", (_, parts) => {
    expect(eventsOf(stream(parts)).flatMap(judgeEvent)).toEqual([])
    expect(eventsOf(stream(parts, full)).flatMap(judgeEvent)).toEqual([])
  })

  it("takes the event of a failure", () => {
    const failure = asked(dialect, plain).events(surroundings).failed(Failure.make("internal", "Oh."))
    expect(eventsOf(failure).flatMap(judgeEvent)).toEqual([])
  })

  it("refuses what is wrong, so that the check checks", () => {
    expect(judge("Response", { ...whole(answers["text"]!), output: [{ type: "message" }] })).not.toEqual([])
    expect(judgeEvent({ type: "response.output_text.delta" })).not.toEqual([])
    expect(judgeEvent({ type: "response.unheard_of" })).not.toEqual([])
  })
})

describe("an answer", () => {
  it("has the form of the API", () => {
    const metadata = { openai: { phase: "commentary" } }
    expect(whole([
      { type: "text", text: "I look.", metadata },
      { type: "tool-call", id: "call_1", name: "now", params: { a: 1 } },
      { ...finish("tool-calls"), metadata: { openai: { serviceTier: "flex" } } }
    ], full)).toEqual({
      id: "resp_abc123",
      object: "response",
      created_at: 1_767_268_800,
      completed_at: 1_767_268_801,
      status: "completed",
      background: false,
      error: null,
      incomplete_details: null,
      instructions: "Be kind.",
      max_output_tokens: 100,
      model: "gpt-5-mini-2025",
      output: [
        {
          id: "msg_abc123_0",
          type: "message",
          role: "assistant",
          status: "completed",
          phase: "commentary",
          content: [{ type: "output_text", text: "I look.", annotations: [], logprobs: [] }]
        },
        {
          id: "fc_abc123_1",
          type: "function_call",
          status: "completed",
          call_id: "call_1",
          name: "now",
          arguments: `{"a":1}`
        }
      ],
      parallel_tool_calls: false,
      previous_response_id: null,
      reasoning: { effort: "low" },
      service_tier: "flex",
      store: false,
      temperature: 0.5,
      text: { format: { type: "json_object" } },
      tool_choice: "auto",
      tools: [
        { type: "function", name: "weather", description: null, parameters: null, strict: null },
        { type: "web_search" }
      ],
      top_p: 0.9,
      truncation: "auto",
      usage: {
        input_tokens: 9,
        input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
        output_tokens: 4,
        output_tokens_details: { reasoning_tokens: 0 },
        total_tokens: 13
      },
      metadata: { a: "b" }
    })
  })

  it.each<[string, string, string | undefined]>([
    ["text", "completed", undefined],
    ["refusal", "completed", undefined],
    ["the limit", "incomplete", "max_output_tokens"],
    ["a filter's end", "incomplete", "content_filter"]
  ])("of %s is %s", (name, status, reason) => {
    expect(whole(answers[name]!)).toMatchObject({
      status,
      incomplete_details: reason === undefined ? null : { reason }
    })
    expect(eventsOf(stream(answers[name]!)).at(-1).type).toBe(`response.${status}`)
  })

  it("tells no usage that nobody knows", () => {
    expect(whole(answers["unknown usage"]!)).not.toHaveProperty("usage")
  })

  it("keeps reasoning of one item together", () => {
    expect(whole(answers["reasoning of OpenAI's"]!).output[0]).toEqual({
      id: "rs_1",
      type: "reasoning",
      status: "completed",
      summary: [{ type: "summary_text", text: "First." }, { type: "summary_text", text: "Second." }],
      encrypted_content: "gAAA"
    })
  })

  it("cites what it has read", () => {
    expect(whole(answers["sources"]!).output[0].content[0].annotations).toEqual([
      { type: "url_citation", url: "https://example.com/a", title: "A", start_index: 13, end_index: 13 },
      { type: "file_citation", file_id: "s2", index: 13, filename: "b.pdf" }
    ])
    const early = [answers["sources"]![1]!, answers["text"]![0]!, finish()]
    expect(whole(early).output[0].content[0].annotations).toHaveLength(1)
  })
})

describe("a stream", () => {
  it.each(Object.entries(answers))("numbers its events, and ends with the whole answer: %s", (_, parts) => {
    const events = eventsOf(stream(parts))
    expect(events.map(({ sequence_number }) => sequence_number)).toEqual(events.map((_, index) => index))
    const { completed_at: _at, ...expected } = whole(parts)
    expect(events.at(-1).response).toEqual(expected)
  })

  it("tells its events in the order of the API", () => {
    expect(eventsOf(stream(answers["text and several tool calls"]!)).map(({ type }) => type)).toEqual([
      "response.created",
      "response.in_progress",
      "response.output_item.added",
      "response.content_part.added",
      "response.output_text.delta",
      "response.output_text.delta",
      "response.output_text.done",
      "response.content_part.done",
      "response.output_item.done",
      ...["{\"city\":\"Paris\"}", "{\"city\":\"Rome\",\"days\":[1,2]}"].flatMap((text) => [
        "response.output_item.added",
        ...Array.from({ length: Math.ceil(text.length / 4) }, () => "response.function_call_arguments.delta"),
        "response.function_call_arguments.done",
        "response.output_item.done"
      ]),
      "response.completed"
    ])
  })

  it("tells calls that come at once in their places", () => {
    const call = (id: string): ReadonlyArray<StreamPart> => [
      { type: "tool-params-end", id },
      { type: "tool-call", id, name: "now", params: {} }
    ]
    const events = eventsOf(write([
      { type: "tool-params-start", id: "a", name: "now" },
      { type: "tool-params-start", id: "b", name: "now" },
      { type: "tool-params-delta", id: "b", delta: "{}" },
      { type: "tool-params-delta", id: "a", delta: "{}" },
      ...call("b"),
      ...call("a"),
      finish("tool-calls") as StreamPart
    ]))
    expect(events.at(-1).response.output.map(({ call_id }: any) => call_id)).toEqual(["a", "b"])
    expect(events.flatMap(judgeAll)).toEqual([])
  })

  const judgeAll = (event: any) => isThere ? judgeEvent(event) : []

  it("keeps all places of its output filled", () => {
    const events = eventsOf(write([
      head,
      { type: "text-start", id: "0" },
      { type: "text-end", id: "0" },
      { type: "reasoning-start", id: "1" },
      { type: "reasoning-end", id: "1" },
      { type: "text-start", id: "2" },
      { type: "text-delta", id: "2", delta: "Hi" },
      { type: "text-end", id: "2" },
      finish() as StreamPart
    ]))
    expect(events.at(-1).response.output.map(({ type }: any) => type)).toEqual(["message"])
    expect(events.flatMap(judgeAll)).toEqual([])
  })

  it("is silent about tools that the vendor ran itself", () => {
    const text = write([
      head,
      { type: "tool-params-start", id: "c", name: "web_search", providerExecuted: true },
      { type: "tool-params-delta", id: "c", delta: "{}" },
      { type: "tool-call", id: "c", name: "web_search", params: {}, providerExecuted: true },
      finish() as StreamPart
    ])
    expect(eventsOf(text).at(-1).response.output).toEqual([])
  })
})

describe("any answer", () => {
  it("is told alike by a stream and as a whole, each event by the specification", () => {
    fc.assert(
      fc.property(anyAnswer, (parts) => {
        const events = eventsOf(stream(parts))
        const { completed_at: _at, ...expected } = whole(parts)
        expect(events.at(-1).response).toEqual(expected)
        expect(events.map(({ sequence_number }) => sequence_number)).toEqual(events.map((_, index) => index))
        expect(isThere ? events.flatMap(judgeEvent) : []).toEqual([])
      }),
      { numRuns: 60 }
    )
  })
})

describe("our own reading", () => {
  const comparable = (parts: ReadonlyArray<Part>) =>
    parts.filter((part) => part.type !== "response-metadata").map((part) =>
      part.type === "finish" ? { ...part, usage: undefined } : part
    )

  it.each([
    "text",
    "reasoning of OpenAI's",
    "reasoning that is only its proof",
    "a tool call",
    "text and several tool calls",
    "a tool call without arguments",
    "an image",
    "refusal",
    "the limit",
    "a filter's end"
  ])("reads %s as it was", (name) => {
    const parts = comparable(answers[name]!)
    expect(comparable(Result.getOrThrow(Decode.whole("openai")(whole(answers[name]!))))).toEqual(parts)
    expect(comparable(read(stream(answers[name]!)))).toEqual(parts)
  })
})

describe("what a vendor wants back", () => {
  const partsOf = (items: ReadonlyArray<unknown>): ReadonlyArray<any> =>
    (asked(dialect, {
      ...plain,
      input: ["Hello", ...items, "Go on"].map((item) =>
        typeof item === "string" ? { role: "user", content: item } : item
      )
    }).request as any).messages[1].content

  const azure = {
    type: "reasoning",
    text: "Hm.",
    metadata: { "azure-openai": { itemId: "rs_9", encryptedContent: "gBBB" } }
  } as const

  it.each<[string, ReadonlyArray<Part>]>([
    ["OpenAI's", answers["reasoning of OpenAI's"]!],
    ["Anthropic's", answers["signed reasoning of Anthropic's"]!],
    ["Azure's", [azure, { type: "text", text: "42." }, finish()]],
    ["Google's tool call", answers["a signed tool call of Google's"]!],
    ["nothing of a bare text", answers["reasoning"]!]
  ])("comes back with the items of an answer: %s", (_, parts) => {
    const expected = parts.filter(({ type }) => type !== "finish").map((part: any) => {
      const { metadata, ...rest } = part
      const options = metadata?.openai?.phase === undefined ? metadata : { "openai-responses": metadata.openai }
      return options === undefined ? rest : { ...rest, options }
    })
    expect(partsOf(whole(parts).output)).toEqual(expected)
    expect(partsOf(eventsOf(stream(parts)).at(-1).response.output)).toEqual(expected)
  })

  it.each(["openai", "azure-openai"])("comes back of a stream that told it at the end alone: %s", (vendor) => {
    const metadata = { [vendor]: { itemId: "rs_9", encryptedContent: "gBBB" } }
    const parts: ReadonlyArray<Part> = [{ type: "reasoning", text: "Hm.", metadata }, { type: "text", text: "42." }]
    const events = eventsOf(write([head, ...Response.unfold(parts), finish() as StreamPart]))
    expect(partsOf(events.at(-1).response.output)[0].options).toEqual(metadata)
  })
})

describe("OpenAI's SDK", () => {
  it("reads a whole answer", async () => {
    const answer = await client(() => json(whole(answers["text and several tool calls"]!)))
      .responses.create(plain)
    expect(answer.output_text).toBe("I look.")
    expect(answer.output.map(({ type }) => type)).toEqual(["message", "function_call", "function_call"])
  })

  it.each(Object.entries(answers))("puts a stream together to the whole answer: %s", async (_, parts) => {
    const told: any = await client(() => sse(stream(parts))).responses.stream(plain as any).finalResponse()
    const expected = whole(parts)
    const known = (items: ReadonlyArray<any>) =>
      items.map(({ parsed: _parsed, parsed_arguments: _arguments, ...item }) =>
        item.content === undefined
          ? item
          : { ...item, content: item.content.map(({ parsed: _text, ...content }: any) => content) }
      )
    expect(known(told.output)).toEqual(expected.output)
    expect(told.status).toBe(expected.status)
    expect(told.usage).toEqual(expected.usage)
  })

  it("throws where a stream ends with an error", async () => {
    const events = asked(dialect, { ...plain, stream: true }).events(surroundings)
    const text = events.part(head) + events.failed(Failure.make("overloaded", "Too much."))
    const error: any = await (async () => {
      for await (const _ of await client(() => sse(text)).responses.create({ ...plain, stream: true })) continue
    })().then(() => undefined, (error: unknown) => error)
    expect(error).toBeInstanceOf(Sdk.APIError)
    expect([error.code, error.error.message]).toEqual(["server_is_overloaded", "Too much."])
  })

  it("knows a refusal", async () => {
    const { body, status } = dialect.refusal(Failure.make("rate-limited", "Slowly."))
    const error: any = await client(() => json(body, status)).responses.create(plain)
      .then(() => undefined, (error: unknown) => error)
    expect(error).toBeInstanceOf(Sdk.RateLimitError)
  })
})
