import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as FastCheck from "fast-check"
import * as Response from "llmdispatcher/Response"

const usage: Response.Usage = {
  inputTokens: { uncached: 3, total: 10, cacheRead: 5, cacheWrite: 2 },
  outputTokens: { total: 7, text: 4, reasoning: 3 }
}

const metadata = FastCheck.option(
  FastCheck.constantFrom({ anthropic: { signature: "abc" } }, { openai: { itemId: "x" }, other: { n: 1 } }),
  { nil: undefined }
)

const withMetadata = <A extends object>(part: FastCheck.Arbitrary<A>) =>
  FastCheck.tuple(part, metadata).map(([part, metadata]) => metadata === undefined ? part : { ...part, metadata })

const text = FastCheck.string({ minLength: 1 })

/** JSON has no -0. */
const jsonValue = FastCheck.jsonValue().map((value): unknown => JSON.parse(JSON.stringify(value)))

const anyPart: FastCheck.Arbitrary<Response.Part> = FastCheck.oneof(
  withMetadata(FastCheck.record({ type: FastCheck.constant("text" as const), text })),
  withMetadata(FastCheck.record({ type: FastCheck.constant("reasoning" as const), text })),
  withMetadata(FastCheck.record({
    type: FastCheck.constant("tool-call" as const),
    id: text,
    name: text,
    params: jsonValue
  })),
  FastCheck.record({ type: FastCheck.constant("response-metadata" as const), id: text }),
  FastCheck.record({
    type: FastCheck.constant("file" as const),
    mediaType: FastCheck.constant("image/png"),
    data: FastCheck.base64String()
  }),
  FastCheck.record({
    type: FastCheck.constant("finish" as const),
    reason: FastCheck.constantFrom("stop", "length", "tool-calls", "content-filter"),
    usage: FastCheck.constantFrom(usage, Response.unknownUsage)
  })
)

describe("fold and unfold", () => {
  it("a whole answer that was unfolded folds to itself", () =>
    FastCheck.assert(FastCheck.property(FastCheck.array(anyPart), (parts) => {
      assert.deepStrictEqual(Response.fold(Response.unfold(parts)), parts)
    })))

  it("however the deltas are cut", () =>
    FastCheck.assert(FastCheck.property(FastCheck.array(anyPart), FastCheck.nat(), (parts, seed) => {
      const pieces = Response.unfold(parts).flatMap((part): ReadonlyArray<Response.StreamPart> => {
        if (part.type !== "text-delta" && part.type !== "reasoning-delta") return [part]
        const at = seed % (part.delta.length + 1)
        return [{ ...part, delta: part.delta.slice(0, at) }, { ...part, delta: part.delta.slice(at) }]
      })
      assert.deepStrictEqual(Response.fold(pieces), parts)
    })))

  it("blocks that run side by side keep the order in which they began", () => {
    assert.deepStrictEqual(
      Response.fold([
        { type: "reasoning-start", id: "0" },
        { type: "text-start", id: "0" },
        { type: "text-start", id: "1" },
        { type: "text-delta", id: "1", delta: "world" },
        { type: "text-delta", id: "0", delta: "Hello" },
        { type: "reasoning-delta", id: "0", delta: "Hm" },
        { type: "tool-call", id: "c", name: "f", params: {} },
        { type: "text-delta", id: "0", delta: " " },
        { type: "reasoning-end", id: "0" },
        { type: "text-end", id: "1" },
        { type: "text-end", id: "0" }
      ]),
      [
        { type: "reasoning", text: "Hm" },
        { type: "text", text: "Hello " },
        { type: "text", text: "world" },
        { type: "tool-call", id: "c", name: "f", params: {} }
      ]
    )
  })

  it("an id that is opened again is a new block", () => {
    const once = (text: string): ReadonlyArray<Response.StreamPart> => [
      { type: "text-start", id: "0" },
      { type: "text-delta", id: "0", delta: text },
      { type: "text-end", id: "0" }
    ]
    assert.deepStrictEqual(Response.fold([...once("a"), ...once("b")]), [
      { type: "text", text: "a" },
      { type: "text", text: "b" }
    ])
  })

  it("metadata of start, deltas and end come together, and keep an empty block", () => {
    assert.deepStrictEqual(
      Response.fold([
        { type: "reasoning-start", id: "0", metadata: { a: { x: 1 } } },
        { type: "reasoning-delta", id: "0", delta: "", metadata: { b: { x: 1 } } },
        { type: "reasoning-end", id: "0", metadata: { b: { x: 2 } } },
        { type: "text-start", id: "1" },
        { type: "text-end", id: "1" }
      ]),
      [{ type: "reasoning", text: "", metadata: { a: { x: 1 }, b: { x: 2 } } }]
    )
  })

  it("the pieces of tool params are no part of the whole, the call is", () => {
    assert.deepStrictEqual(
      Response.fold([
        { type: "tool-params-start", id: "c", name: "f" },
        { type: "tool-params-delta", id: "c", delta: "{}" },
        { type: "tool-params-end", id: "c" },
        { type: "tool-call", id: "c", name: "f", params: {} }
      ]),
      [{ type: "tool-call", id: "c", name: "f", params: {} }]
    )
  })

  it("what it folds it does not change", () => {
    const parts: ReadonlyArray<Response.StreamPart> = [
      { type: "text-start", id: "0", metadata: { a: { x: 1 } } },
      { type: "text-delta", id: "0", delta: "a", metadata: { b: { x: 1 } } },
      { type: "text-end", id: "0" }
    ]
    const before = JSON.stringify(parts)
    Response.fold(parts)
    assert.strictEqual(JSON.stringify(parts), before)
  })
})

describe("isMeaningful", () => {
  const table: ReadonlyArray<readonly [part: Response.StreamPart, meaningful: boolean]> = [
    [{ type: "response-metadata", id: "x" }, false],
    [{ type: "text-start", id: "0" }, false],
    [{ type: "text-delta", id: "0", delta: "" }, false],
    [{ type: "text-delta", id: "0", delta: " " }, true],
    [{ type: "text-end", id: "0" }, false],
    [{ type: "reasoning-start", id: "0" }, false],
    [{ type: "reasoning-delta", id: "0", delta: "" }, false],
    [{ type: "reasoning-delta", id: "0", delta: "Hm" }, true],
    [{ type: "reasoning-end", id: "0" }, false],
    [{ type: "tool-params-start", id: "c", name: "f" }, true],
    [{ type: "tool-params-delta", id: "c", delta: "{" }, false],
    [{ type: "tool-params-end", id: "c" }, false],
    [{ type: "tool-call", id: "c", name: "f", params: {} }, true],
    [{ type: "file", mediaType: "image/png", data: "AAAA" }, true],
    [{ type: "source", sourceType: "url", id: "s", url: "https://example.com", title: "x" }, true],
    [{ type: "finish", reason: "stop", usage }, true],
    [{ type: "error", error: "x" }, true]
  ]
  for (const [part, meaningful] of table) {
    it(`${JSON.stringify(part)} ${meaningful}`, () => assert.strictEqual(Response.isMeaningful(part), meaningful))
  }
})

const summary: Response.Summary = {
  id: "dsp_1",
  vendor: "b",
  target: "b/n",
  model: "n-2025",
  finishReason: "stop",
  usage,
  cost: 0.000123,
  costSource: "genai-prices 0.1.8 of 2026-11-23",
  timings: { startedAt: 1_700_000_000_000, timeToFirstPart: 120.5, total: 400 },
  attempts: [
    {
      number: 1,
      vendor: "a",
      target: "a/m",
      model: "m",
      outcome: "failed",
      reason: "Overloaded",
      message: "a/m: overloaded",
      status: 529,
      retryAfter: 1_000,
      startedAfter: 0,
      duration: 30
    },
    { number: 2, vendor: "b", target: "b/n", model: "n", outcome: "answered", startedAfter: 31, duration: 369 }
  ],
  losses: [{ field: "seed", message: "is not known to this vendor" }]
}

const parts: ReadonlyArray<Response.Part> = [
  { type: "reasoning", text: "Hm. ", metadata: { anthropic: { signature: "abc" } } },
  { type: "text", text: "Hello" },
  { type: "tool-call", id: "c", name: "f", params: { a: [1, null] } },
  { type: "text", text: " there" },
  { type: "finish", reason: "stop", usage, metadata: { llmdispatcher: JSON.parse(JSON.stringify(summary)) } }
]

describe("Response", () => {
  const response = Response.make(summary, parts)

  it("its text is all text and no reasoning", () => {
    assert.strictEqual(response.text, "Hello there")
    assert.strictEqual(Response.make(summary, []).text, "")
  })

  it("its tool calls are those to be answered", () => {
    assert.deepStrictEqual(response.toolCalls, [{ type: "tool-call", id: "c", name: "f", params: { a: [1, null] } }])
  })

  it("goes through JSON and back", () => {
    const wire: unknown = JSON.parse(JSON.stringify(Schema.encodeSync(Response.Response)(response)))
    const again = Schema.decodeUnknownSync(Response.Response)(wire)
    assert.instanceOf(again, Response.Response)
    assert.deepStrictEqual(again, response)
    assert.strictEqual(again.text, "Hello there")
    assert.notInclude(JSON.stringify(wire), "~effect")
  })

  it("what is unknown stays absent", () => {
    const { cost: _, ...free } = summary
    const wire = Schema.encodeSync(Response.Response)(
      Response.make({ ...free, usage: Response.unknownUsage }, [])
    )
    assert.notProperty(wire, "cost")
    assert.deepStrictEqual(JSON.parse(JSON.stringify(wire.usage)), { inputTokens: {}, outputTokens: {} })
  })

  it("any parts go through JSON and back", () =>
    FastCheck.assert(FastCheck.property(FastCheck.array(anyPart, { maxLength: 5 }), (parts) => {
      const response = Response.make(summary, parts)
      const wire: unknown = JSON.parse(JSON.stringify(Schema.encodeSync(Response.Response)(response)))
      assert.deepStrictEqual(Schema.decodeUnknownSync(Response.Response)(wire).parts, parts)
    })))

  it("a part that is none is refused", () => {
    const wire = { ...Schema.encodeSync(Response.Response)(response), parts: [{ type: "video" }] }
    assert.throws(() => Schema.decodeUnknownSync(Response.Response)(wire))
  })
})

describe("summaryOf", () => {
  it("reads what rides on the finish, and nothing else", () => {
    assert.deepStrictEqual(Response.summaryOf(parts.at(-1)!), summary)
    assert.isUndefined(Response.summaryOf({ type: "finish", reason: "stop", usage }))
    assert.isUndefined(Response.summaryOf({ type: "finish", reason: "stop", usage, metadata: { llmdispatcher: null } }))
    assert.isUndefined(Response.summaryOf({ type: "text", text: "a", metadata: { llmdispatcher: { id: "x" } } }))
  })
})
