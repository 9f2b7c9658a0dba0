/** Answers of every kind, as vendors' decoders make them. */
import * as fc from "fast-check"
import type { Part, StreamPart, Usage } from "../../../src/Response.ts"
import * as Response from "../../../src/Response.ts"

const usage: Usage = {
  inputTokens: { total: 100, uncached: 70, cacheRead: 20, cacheWrite: 10 },
  outputTokens: { total: 50, text: 18, reasoning: 32 }
}

const plainUsage: Usage = { inputTokens: { total: 9 }, outputTokens: { total: 4 } }

export const finish = (
  reason: Response.FinishReason = "stop",
  usage: Usage = plainUsage
): Extract<Part, { readonly type: "finish" }> => ({ type: "finish", reason, usage })

const png = "iVBORw0KGgo="
const call = (id: string, name: string, params: unknown): Part => ({ type: "tool-call", id, name, params })

export const answers: { readonly [name: string]: ReadonlyArray<Part> } = {
  text: [{ type: "text", text: "Grüße, 👩‍👩‍👧 \"you\"\n\u2028" }, finish()],
  empty: [finish()],
  reasoning: [{ type: "reasoning", text: "Let me think." }, { type: "text", text: "42." }, finish("stop", usage)],
  "reasoning of OpenAI's": [
    { type: "reasoning", text: "First.", metadata: { openai: { itemId: "rs_1" } } },
    { type: "reasoning", text: "Second.", metadata: { openai: { itemId: "rs_1", encryptedContent: "gAAA" } } },
    { type: "text", text: "42.", metadata: { openai: { phase: "final_answer" } } },
    finish("stop", usage)
  ],
  "reasoning that is only its proof": [
    { type: "reasoning", text: "", metadata: { openai: { itemId: "rs_1", encryptedContent: "gAAA" } } },
    { type: "text", text: "42." },
    finish("stop", usage)
  ],
  "signed reasoning of Anthropic's": [
    { type: "reasoning", text: "Hm.", metadata: { anthropic: { signature: "sig==" } } },
    { type: "reasoning", text: "", metadata: { anthropic: { redactedData: "red==" } } },
    { type: "text", text: "42." },
    finish("stop", usage)
  ],
  "a tool call": [call("call_1", "weather", { city: "Paris" }), finish("tool-calls")],
  "text and several tool calls": [
    { type: "text", text: "I look." },
    call("call_1", "weather", { city: "Paris" }),
    call("call_2", "weather", { city: "Rome", days: [1, 2] }),
    finish("tool-calls")
  ],
  "a tool call without arguments": [call("call_1", "now", {}), finish("tool-calls")],
  "a signed tool call of Google's": [
    { type: "tool-call", id: "call_1", name: "now", params: {}, metadata: { google: { thoughtSignature: "th==" } } },
    finish("tool-calls")
  ],
  "an image": [{ type: "text", text: "Here." }, { type: "file", mediaType: "image/png", data: png }, finish()],
  sources: [
    { type: "text", text: "As one reads." },
    { type: "source", sourceType: "url", id: "s1", url: "https://example.com/a", title: "A" },
    { type: "source", sourceType: "document", id: "s2", mediaType: "application/pdf", title: "B", fileName: "b.pdf" },
    finish()
  ],
  refusal: [
    { type: "text", text: "I can't.", metadata: { openai: { refusal: true } } },
    finish("content-filter")
  ],
  "a filter's end": [{ type: "text", text: "Well" }, finish("content-filter")],
  "the limit": [{ type: "text", text: "Once upon" }, finish("length")],
  "unknown usage": [{ type: "text", text: "Hi" }, finish("stop", Response.unknownUsage)]
}

/** The parts as a stream tells them: marks at both ends, texts and arguments in pieces. */
export const streamed = (parts: ReadonlyArray<Part>): ReadonlyArray<StreamPart> =>
  parts.flatMap((part, index): ReadonlyArray<StreamPart> => {
    const id = String(index)
    const metadata = "metadata" in part && part.metadata !== undefined ? { metadata: part.metadata } : undefined
    const pieces = (text: string) => text.match(/[\s\S]{1,4}/gu) ?? []
    switch (part.type) {
      case "text":
      case "reasoning":
        return [
          { type: `${part.type}-start`, id, ...metadata },
          ...pieces(part.text).map((delta): StreamPart => ({ type: `${part.type as "text"}-delta`, id, delta })),
          { type: `${part.type}-end`, id, ...metadata }
        ]
      case "tool-call":
        return [
          { type: "tool-params-start", id: part.id, name: part.name },
          ...(Object.keys(part.params as object).length === 0 ? [] : pieces(JSON.stringify(part.params)))
            .map((delta): StreamPart => ({ type: "tool-params-delta", id: part.id, delta })),
          { type: "tool-params-end", id: part.id },
          part
        ]
      default:
        return [part as StreamPart]
    }
  })

export const head: StreamPart = { type: "response-metadata", id: "up", modelId: "gpt-5-mini-2025" }

export const responseOf = (parts: ReadonlyArray<Part>): Response.Response => {
  const end = parts.find((part) => part.type === "finish")!
  return Response.make({
    id: "dsp",
    vendor: "openai",
    target: "openai/gpt-5-mini",
    model: "gpt-5-mini-2025",
    finishReason: end.reason,
    usage: end.usage as Usage,
    timings: { startedAt: 1_767_268_800_000, total: 1500 },
    attempts: [],
    losses: []
  }, parts)
}

export const surroundings = { id: "abc123", now: 1_767_268_800_123 }

const text = fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 })

const anyPart: fc.Arbitrary<Part> = fc.oneof(
  fc.record({ type: fc.constant("text" as const), text }),
  fc.record({
    type: fc.constant("text" as const),
    text,
    metadata: fc.constantFrom({ openai: { refusal: true } }, { openai: { phase: "commentary" } }, {
      google: { thoughtSignature: "t" }
    })
  }),
  fc.record({ type: fc.constant("reasoning" as const), text }),
  fc.record({
    type: fc.constant("reasoning" as const),
    text,
    metadata: fc.constantFrom({ openai: { itemId: "rs_1" } }, { openai: { itemId: "rs_2", encryptedContent: "g" } }, {
      anthropic: { signature: "s" }
    })
  }),
  fc.record({
    type: fc.constant("source" as const),
    sourceType: fc.constant("url" as const),
    id: fc.constant("s"),
    url: fc.webUrl(),
    title: text
  }),
  fc.constant<Part>({ type: "file", mediaType: "image/png", data: png }),
  fc.record({
    type: fc.constant("tool-call" as const),
    id: fc.uuid(),
    name: fc.constantFrom("weather", "now"),
    params: fc.dictionary(fc.string({ minLength: 1 }).filter((key) => key !== "__proto__"), text, { maxKeys: 3 })
  })
)

/** Parts of all kinds, in any order, ended in any way. */
export const anyAnswer: fc.Arbitrary<ReadonlyArray<Part>> = fc.tuple(
  fc.array(anyPart, { maxLength: 8 }),
  fc.constantFrom<Response.FinishReason>("stop", "length", "tool-calls", "content-filter", "other", "unknown")
).map(([parts, reason]) => [...parts, finish(reason, usage)])
