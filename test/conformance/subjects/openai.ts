import { Redacted } from "effect"
import * as OpenAi from "llmdispatcher/vendor/OpenAi"
import type { Content, ToolCall, Usage } from "../Content.ts"
import { contract } from "../Contract.ts"
import type { Answer, FailureAnswer, Subject } from "../Subject.ts"

const head = { id: "chatcmpl-B1", created: 1_767_268_800, model: "gpt-5-mini-2025-08-07" }

const finishWords = { stop: "stop", length: "length", "tool-calls": "tool_calls", "content-filter": "content_filter" }

/** Pieces of at most `size` characters, between characters. */
const pieces = (text: string, size: number): ReadonlyArray<string> =>
  Array.from(
    { length: Math.ceil(Array.from(text).length / size) },
    (_, index) => Array.from(text).slice(index * size, (index + 1) * size).join("")
  )

const usageOf = ({ cacheRead, reasoning, text, uncached }: Usage) => ({
  prompt_tokens: uncached + cacheRead,
  completion_tokens: text + reasoning,
  total_tokens: uncached + cacheRead + text + reasoning,
  prompt_tokens_details: { cached_tokens: cacheRead, audio_tokens: 0 },
  completion_tokens_details: {
    reasoning_tokens: reasoning,
    audio_tokens: 0,
    accepted_prediction_tokens: 0,
    rejected_prediction_tokens: 0
  }
})

const callOf = ({ id, name, params }: ToolCall) => ({
  id,
  type: "function",
  function: { name, arguments: JSON.stringify(params) }
})

const event = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`

const chunk = (delta: object, finish_reason: string | null = null): string =>
  event({
    ...head,
    object: "chat.completion.chunk",
    service_tier: "default",
    choices: [{ index: 0, delta, logprobs: null, finish_reason }],
    usage: null,
    obfuscation: "x9"
  })

const stream = ({ text = "", toolCalls = [], usage }: Content, finish: string): Answer["stream"] => [
  chunk({ role: "assistant", content: toolCalls.length > 0 && text === "" ? null : "", refusal: null }),
  ...pieces(text, 5).map((content) => chunk({ content })),
  ...toolCalls.flatMap((call, index) => [
    chunk({ tool_calls: [{ ...callOf(call), index, function: { name: call.name, arguments: "" } }] }),
    ...pieces(JSON.stringify(call.params), 12).map((piece) =>
      chunk({ tool_calls: [{ index, function: { arguments: piece } }] })
    )
  ]),
  chunk({}, finish),
  event({ ...head, object: "chat.completion.chunk", choices: [], usage: usageOf(usage) }),
  "data: [DONE]\n\n"
]

const written = (content: Content, finish: string): Answer => ({
  whole: {
    ...head,
    object: "chat.completion",
    choices: [{
      index: 0,
      message: {
        role: "assistant",
        content: content.text ?? null,
        refusal: null,
        annotations: [],
        ...(content.toolCalls === undefined ? undefined : { tool_calls: content.toolCalls.map(callOf) })
      },
      logprobs: null,
      finish_reason: finish
    }],
    usage: usageOf(content.usage),
    service_tier: "default"
  },
  stream: stream(content, finish)
})

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

const usage: Usage = { uncached: 9, cacheRead: 0, text: 4, reasoning: 0 }

export const openai: Subject = {
  name: "openai",
  origin: "synthetic",
  document: "https://platform.openai.com/docs/api-reference/chat",
  model: "gpt-4.1-mini",
  make: (baseUrl) => OpenAi.make({ apiKey: Redacted.make("sk-canary-0123456789abcdef"), baseUrl }),
  streamType: "text/event-stream",
  answer: (content) => written(content, finishWords[content.finish]),
  epilogue: 2,
  without: {
    "tool result with image": "a tool message of Chat Completions takes text only",
    reasoning: "Chat Completions tells no reasoning; the Responses API does"
  },
  finishes: {
    function_call: { answer: written({ text: "Hi", finish: "stop", usage }, "function_call"), reason: "tool-calls" }
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
    InvalidRequest: [error(400, null, "invalid_request_error")],
    ContextLengthExceeded: [error(400, "context_length_exceeded", "invalid_request_error")],
    ContentFiltered: [
      error(400, "content_policy_violation", "invalid_request_error"),
      error(400, "content_filter", "invalid_request_error")
    ],
    ModelNotFound: [error(404, "model_not_found", "invalid_request_error")]
  },
  streamFailures: [
    { name: "an error object", entries: [event(error(500, null, "server_error").body)], reason: "ServerFault" },
    {
      name: "an error event",
      entries: [`event: error\n${event(error(429, "rate_limit_exceeded", "requests").body)}`],
      reason: "RateLimited"
    }
  ],
  models: {
    body: {
      object: "list",
      data: [
        { id: "gpt-5-mini", object: "model", created: 1_754_425_928, owned_by: "system" },
        { id: "gpt-4.1-mini", object: "model", created: 1_744_318_173, owned_by: "system" }
      ]
    },
    ids: ["gpt-5-mini", "gpt-4.1-mini"]
  },
  ...contract("openai.core.json", "CreateChatCompletionRequest")
}
