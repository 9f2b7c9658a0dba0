import { Redacted } from "effect"
import * as OpenAi from "llmdispatcher/vendor/OpenAi"
import { judge } from "../../vendor/openai-responses/Contract.ts"
import type { Content, Usage } from "../Content.ts"
import type { Answer, FailureAnswer, Subject } from "../Subject.ts"

const head = {
  id: "resp_68af4030592c81938ec0a5fbab4a3e9f05438e46b5f69a3b",
  object: "response",
  created_at: 1_767_268_800,
  background: false,
  instructions: null,
  model: "gpt-5-mini-2025-08-07",
  parallel_tool_calls: true,
  previous_response_id: null,
  store: false,
  text: { format: { type: "text" }, verbosity: "medium" },
  tools: [],
  truncation: "disabled"
}

/** Pieces of at most `size` characters, between characters. */
const pieces = (text: string, size: number): ReadonlyArray<string> =>
  Array.from(
    { length: Math.ceil(Array.from(text).length / size) },
    (_, index) => Array.from(text).slice(index * size, (index + 1) * size).join("")
  )

const usageOf = ({ cacheRead, reasoning, text, uncached }: Usage) => ({
  input_tokens: uncached + cacheRead,
  input_tokens_details: { cached_tokens: cacheRead },
  output_tokens: text + reasoning,
  output_tokens_details: { reasoning_tokens: reasoning },
  total_tokens: uncached + cacheRead + text + reasoning
})

const reasons: { readonly [finish: string]: string | undefined } = {
  length: "max_output_tokens",
  "content-filter": "content_filter"
}

type Event = { readonly type: string } & Record<string, unknown>
type Item = { readonly item: Record<string, unknown>; readonly begun: object; readonly events: ReadonlyArray<Event> }

const reasoningItem = ({ proof, text }: NonNullable<Content["reasoning"]>): Item => {
  const item = { id: "rs_1", type: "reasoning", summary: [{ type: "summary_text", text }], encrypted_content: proof }
  const at = { item_id: "rs_1", summary_index: 0 }
  const part = { type: "summary_text", text: "" }
  return {
    item,
    begun: { ...item, summary: [], encrypted_content: "gAAAAAnot_whole_yet" },
    events: [
      { type: "response.reasoning_summary_part.added", ...at, part },
      ...pieces(text, 6).map((delta) => ({ type: "response.reasoning_summary_text.delta", ...at, delta })),
      { type: "response.reasoning_summary_text.done", ...at, text },
      { type: "response.reasoning_summary_part.done", ...at, part: { ...part, text } }
    ]
  }
}

const messageItem = (text: string, status: string): Item => {
  const part = { type: "output_text", annotations: [], logprobs: [], text: "" }
  const item = { id: "msg_1", type: "message", status, content: [{ ...part, text }], role: "assistant" }
  const at = { item_id: "msg_1", content_index: 0 }
  return {
    item,
    begun: { ...item, status: "in_progress", content: [] },
    events: [
      { type: "response.content_part.added", ...at, part },
      ...pieces(text, 5).map((delta, index) => ({
        type: "response.output_text.delta",
        ...at,
        delta,
        logprobs: [],
        obfuscation: "x".repeat(index % 16)
      })),
      { type: "response.output_text.done", ...at, text, logprobs: [] },
      { type: "response.content_part.done", ...at, part: { ...part, text } }
    ]
  }
}

const callItem = ({ id, name, params }: NonNullable<Content["toolCalls"]>[number], index: number): Item => {
  const text = JSON.stringify(params)
  const item = { id: `fc_${index}`, type: "function_call", status: "completed", arguments: text, call_id: id, name }
  const at = { item_id: item.id }
  return {
    item,
    begun: { ...item, status: "in_progress", arguments: "" },
    events: [
      ...pieces(text, 12).map((delta) => ({ type: "response.function_call_arguments.delta", ...at, delta })),
      { type: "response.function_call_arguments.done", ...at, arguments: text }
    ]
  }
}

const entry = (event: Event, number: number): string =>
  `event: ${event.type}\ndata: ${JSON.stringify({ ...event, sequence_number: number })}\n\n`

const begun = { ...head, status: "in_progress", error: null, incomplete_details: null, output: [], usage: null }

const written = (content: Content, incomplete: string | undefined): Answer => {
  const status = incomplete === undefined ? "completed" : "incomplete"
  const items = [
    ...(content.reasoning === undefined ? [] : [reasoningItem(content.reasoning)]),
    ...(content.text === undefined ? [] : [messageItem(content.text, status)]),
    ...(content.toolCalls ?? []).map(callItem)
  ]
  const response = {
    ...head,
    status,
    error: null,
    incomplete_details: incomplete === undefined ? null : { reason: incomplete },
    output: items.map(({ item }) => item),
    service_tier: "default",
    usage: usageOf(content.usage),
    user: null
  }
  const events: ReadonlyArray<Event> = [
    { type: "response.created", response: begun },
    { type: "response.in_progress", response: begun },
    ...items.flatMap(({ begun, events, item }, output_index) => [
      { type: "response.output_item.added", output_index, item: begun },
      ...events.map((event) => ({ ...event, output_index })),
      { type: "response.output_item.done", output_index, item }
    ]),
    { type: `response.${status}`, response }
  ]
  return { whole: response, stream: events.map(entry) }
}

const error = (
  status: number,
  code: string | null,
  type: string,
  headers = {},
  retryAfter?: number
): FailureAnswer => ({
  status,
  headers,
  body: { error: { message: `No: ${code ?? type}.`, type, param: null, code } },
  ...(retryAfter === undefined ? undefined : { retryAfter })
})

const failed = (code: string): string =>
  entry({
    type: "response.failed",
    response: { ...begun, status: "failed", error: { code, message: `No: ${code}.` } }
  }, 9)

const usage: Usage = { uncached: 9, cacheRead: 0, text: 4, reasoning: 0 }

export const openaiResponses: Subject = {
  name: "openai-responses",
  origin: "synthetic",
  document: "https://platform.openai.com/docs/api-reference/responses",
  model: "gpt-5-mini",
  make: (baseUrl) => OpenAi.make({ apiKey: Redacted.make("sk-canary-0123456789abcdef"), baseUrl, api: "responses" }),
  streamType: "text/event-stream; charset=utf-8",
  answer: (content) => written(content, reasons[content.finish]),
  epilogue: 0,
  without: {},
  finishes: {
    steered: { answer: written({ text: "Hi", finish: "stop", usage }, "steered"), reason: "other" }
  },
  failures: {
    RateLimited: [
      error(429, "rate_limit_exceeded", "requests", { "retry-after-ms": "1500", "retry-after": "2" }, 1_500),
      error(429, "slow_down", "requests", { "retry-after": "7" }, 7_000)
    ],
    Overloaded: [error(503, "server_is_overloaded", "service_unavailable_error")],
    ServerFault: [error(500, null, "server_error"), error(502, null, "server_error")],
    TimedOut: [error(408, null, "timeout")],
    QuotaExhausted: [
      "insufficient_quota",
      "credit_balance_exhausted",
      "organization_spend_limit_exceeded",
      "project_spend_limit_exceeded",
      "organization_usage_limit_exceeded"
    ].map((code) => error(429, code, "insufficient_quota")),
    Unauthenticated: [error(401, "invalid_api_key", "invalid_request_error")],
    PermissionDenied: [error(403, "unsupported_country_region_territory", "request_forbidden")],
    InvalidRequest: [
      error(400, null, "invalid_request_error"),
      error(400, "unsupported_parameter", "invalid_request_error")
    ],
    ContextLengthExceeded: [error(400, "context_length_exceeded", "invalid_request_error")],
    ContentFiltered: [
      error(400, "content_policy_violation", "invalid_request_error"),
      error(400, "content_filter", "invalid_request_error")
    ],
    ModelNotFound: [error(404, "model_not_found", "invalid_request_error")]
  },
  streamFailures: [
    { name: "response.failed, server_error", entries: [failed("server_error")], reason: "ServerFault" },
    { name: "response.failed, rate_limit_exceeded", entries: [failed("rate_limit_exceeded")], reason: "RateLimited" },
    { name: "response.failed, invalid_image", entries: [failed("invalid_image")], reason: "InvalidRequest" },
    {
      name: "an error event",
      entries: [entry({ type: "error", code: "context_length_exceeded", message: "Too long.", param: "input" }, 9)],
      reason: "ContextLengthExceeded"
    },
    {
      name: "an error event with an object",
      entries: [entry({ type: "error", error: { type: "server_error", code: "server_is_overloaded" } }, 9)],
      reason: "Overloaded"
    }
  ],
  models: {
    body: {
      object: "list",
      data: [
        { id: "gpt-5-mini", object: "model", created: 1_754_425_928, owned_by: "system" },
        { id: "o3-pro", object: "model", created: 1_748_475_349, owned_by: "system" }
      ]
    },
    ids: ["gpt-5-mini", "o3-pro"]
  },
  ...(judge === undefined ? undefined : { contract: judge })
}
