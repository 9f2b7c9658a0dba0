/** Answers of every kind, as vendors' decoders make them. */
import * as Response from "../../src/Response.ts"

export type Part = Response.Part

const counted: Response.Usage = {
  inputTokens: { total: 30, uncached: 20, cacheRead: 8, cacheWrite: 2 },
  outputTokens: { total: 12, text: 9, reasoning: 3 }
}

const finish = (reason: Response.FinishReason, metadata?: object, usage: Response.Usage = counted): Part => ({
  type: "finish",
  reason,
  usage,
  ...(metadata === undefined ? undefined : { metadata: metadata as any })
})

const head: Part = { type: "response-metadata", id: "upstream-1", modelId: "model-9" }
const text = (text: string, metadata?: any): Part => ({ type: "text", text, ...(metadata && { metadata }) })
const reasoning = (text: string, metadata?: any): Part => ({ type: "reasoning", text, ...(metadata && { metadata }) })
const call = (id: string, name: string, params: unknown, rest: object = {}): Part => ({
  type: "tool-call",
  id,
  name,
  params,
  ...rest
})

const cited = {
  type: "web_search_result_location",
  cited_text: "x",
  encrypted_index: "i",
  title: "X",
  url: "https://x.test"
}
const page = { type: "source", sourceType: "url", id: "source_0", url: "https://x.test", title: "X" } as Part

export const answers: { readonly [name: string]: ReadonlyArray<Part> } = {
  text: [head, text("Hello, \"you\"\n\u2028 👩‍👩‍👧"), finish("stop")],
  empty: [head, finish("stop")],
  length: [head, text("Once"), finish("length")],
  refusal: [head, text("I can't."), finish("content-filter")],
  "stop sequence": [
    head,
    text("One"),
    finish("stop", { anthropic: { stopReason: "stop_sequence", stopSequence: "END" } })
  ],
  paused: [head, text("Wait"), finish("pause")],
  "unknown usage": [head, text("Hi"), finish("stop", undefined, Response.unknownUsage)],
  "unknown end": [head, text("Hi"), finish("unknown")],
  "signed reasoning": [
    head,
    reasoning("Hm.", { anthropic: { signature: "c2ln" }, google: { thoughtSignature: "c2ln" } }),
    text("So."),
    finish("stop")
  ],
  "hidden reasoning": [head, reasoning("", { anthropic: { redactedData: "eHl6" } }), text("So."), finish("stop")],
  "reasoning of another vendor": [
    head,
    reasoning("Hm.", { openai: { itemId: "rs_1", encryptedContent: "abc" } }),
    text("So."),
    finish("stop")
  ],
  "reasoning that nobody signed": [head, reasoning("Hm."), text("So."), finish("stop")],
  "tool call": [head, text("I look."), call("call_1", "weather", { city: "Zürich" }), finish("tool-calls")],
  "tool calls": [
    head,
    call("call_1", "weather", { city: "Bern" }),
    call("functions.now:1", "now", {}),
    finish("tool-calls")
  ],
  "tool call that is signed": [
    head,
    call("call_7", "weather", { city: "Bern" }, {
      metadata: { google: { functionCallId: "f7", thoughtSignature: "c2ln" } }
    }),
    finish("tool-calls")
  ],
  file: [head, text("A dot:"), { type: "file", mediaType: "image/png", data: "iVBORw0KGgo=" }, finish("stop")],
  sources: [head, text("X."), page, finish("stop")],
  citations: [head, text("X.", { anthropic: { citations: [cited] } }), page, finish("stop")],
  "search of Anthropic's own": [
    head,
    call("srvtoolu_1", "web_search", { query: "x" }, { providerExecuted: true }),
    {
      type: "tool-result",
      id: "srvtoolu_1",
      name: "web_search",
      result: [{
        type: "web_search_result",
        url: "https://x.test",
        title: "X",
        encrypted_content: "e",
        page_age: null
      }],
      isFailure: false,
      providerExecuted: true,
      metadata: { anthropic: { type: "web_search_tool_result" } }
    },
    text("X."),
    finish("stop")
  ],
  "code of Google's own": [
    head,
    call("call_c", "code_execution", { language: "PYTHON", code: "1+1" }, {
      providerExecuted: true,
      metadata: { google: { part: "executableCode" } }
    }),
    {
      type: "tool-result",
      id: "call_c",
      name: "code_execution",
      result: { outcome: "OUTCOME_OK", output: "2" },
      isFailure: false,
      providerExecuted: true,
      metadata: { google: { part: "codeExecutionResult" } }
    },
    text("2"),
    finish("stop")
  ]
}

/** The answer as the dispatcher gives it. */
export const responseOf = (parts: ReadonlyArray<Part>): Response.Response => {
  const end = parts.findLast((part) => part.type === "finish")!
  return Response.make({
    id: "dispatch-1",
    vendor: "mock",
    target: "mock/model-9",
    model: "model-9",
    finishReason: end.reason,
    usage: end.usage as Response.Usage,
    timings: { startedAt: 1_000, timeToFirstPart: 200, total: 1_200 },
    attempts: [],
    losses: []
  }, parts)
}

/**
 * The answer as parts of a stream, text cut in pieces and arguments told before each call; `atEnd` ends all calls at
 * the end only, as OpenAI's decoder does.
 */
export const streamOf = (parts: ReadonlyArray<Part>, atEnd = false): ReadonlyArray<Response.StreamPart> => {
  const out: Array<Response.StreamPart> = []
  const late: Array<Response.StreamPart> = []
  for (const part of Response.unfold(parts)) {
    if (part.type === "text-delta" || part.type === "reasoning-delta") {
      for (const delta of part.delta.match(/[^]{1,4}/g) ?? []) out.push({ ...part, delta })
    } else if (part.type === "tool-call") {
      const { id, name } = part
      const executed = part.providerExecuted === true ? { providerExecuted: true } : {}
      out.push({ type: "tool-params-start", id, name, ...executed })
      const json = JSON.stringify(part.params)
      if (json !== "{}") {
        for (const delta of json.match(/[^]{1,5}/g)!) out.push({ type: "tool-params-delta", id, delta })
      }
      const ends: ReadonlyArray<Response.StreamPart> = [{ type: "tool-params-end", id }, part]
      if (atEnd && part.providerExecuted !== true) late.push(...ends)
      else out.push(...ends)
    } else {
      if (part.type === "finish") out.push(...late)
      out.push(part)
    }
  }
  return out
}
