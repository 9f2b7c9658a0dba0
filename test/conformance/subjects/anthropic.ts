import { Redacted } from "effect"
import * as Anthropic from "llmdispatcher/vendor/Anthropic"
import type { Content, Usage } from "../Content.ts"
import { contract } from "../Contract.ts"
import type { Answer, FailureAnswer, Subject } from "../Subject.ts"

const model = "claude-haiku-5-5"

const finishWords = { stop: "end_turn", length: "max_tokens", "tool-calls": "tool_use", "content-filter": "refusal" }

/** Pieces of at most `size` characters, between characters. */
const pieces = (text: string, size: number): ReadonlyArray<string> =>
  Array.from(
    { length: Math.ceil(Array.from(text).length / size) },
    (_, index) => Array.from(text).slice(index * size, (index + 1) * size).join("")
  )

const event = (value: { readonly type: string; readonly [field: string]: unknown }): string =>
  `event: ${value.type}\ndata: ${JSON.stringify(value)}\n\n`

const usageOf = ({ cacheRead, reasoning, text, uncached }: Usage) => ({
  input_tokens: uncached,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: cacheRead,
  output_tokens: text + reasoning,
  output_tokens_details: { thinking_tokens: reasoning },
  server_tool_use: null
})

const messageUsageOf = (usage: Usage) => ({
  ...usageOf(usage),
  cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
  inference_geo: "global",
  service_tier: "standard",
  speed: null
})

const head = {
  id: "msg_01XFDUDYJgAACzvnptvVoYEL",
  type: "message",
  role: "assistant",
  model,
  container: null,
  diagnostics: null
}

const ending = (stop_reason: string) => ({
  stop_reason,
  stop_sequence: stop_reason === "stop_sequence" ? "END" : null,
  stop_details: stop_reason === "refusal" ? { type: "refusal", category: "bio", explanation: null } : null
})

/** A block whole, and what its beginning and its pieces are in a stream. */
interface Block {
  readonly whole: object
  readonly start: object
  readonly deltas: ReadonlyArray<object>
}

const blocksOf = ({ reasoning, text, toolCalls = [] }: Content): ReadonlyArray<Block> => [
  ...reasoning === undefined ? [] : [{
    whole: { type: "thinking", thinking: reasoning.text, signature: reasoning.proof },
    start: { type: "thinking", thinking: "", signature: "" },
    deltas: [
      ...pieces(reasoning.text, 5).map((thinking) => ({ type: "thinking_delta", thinking })),
      { type: "signature_delta", signature: reasoning.proof }
    ]
  }],
  ...text === undefined ? [] : [{
    whole: { type: "text", text, citations: null },
    start: { type: "text", text: "", citations: null },
    deltas: pieces(text, 5).map((text) => ({ type: "text_delta", text }))
  }],
  ...toolCalls.map(({ id, name, params }) => {
    const call = { type: "tool_use", id, name, caller: { type: "direct" } }
    const json = Object.keys(params).length === 0 ? "" : JSON.stringify(params)
    return {
      whole: { ...call, input: params },
      start: { ...call, input: {} },
      deltas: ["", ...pieces(json, 12)].map((partial_json) => ({ type: "input_json_delta", partial_json }))
    }
  })
]

const written = (content: Content, stopReason: string): Answer => {
  const blocks = blocksOf(content)
  const { usage } = content
  return {
    whole: {
      ...head,
      content: blocks.map(({ whole }) => whole),
      ...ending(stopReason),
      usage: messageUsageOf(usage)
    },
    stream: [
      event({
        type: "message_start",
        message: {
          ...head,
          content: [],
          stop_reason: null,
          stop_sequence: null,
          stop_details: null,
          usage: { ...messageUsageOf({ ...usage, text: 1, reasoning: 0 }), output_tokens_details: null }
        }
      }),
      ...blocks.flatMap(({ deltas, start }, index) => [
        event({ type: "content_block_start", index, content_block: start }),
        ...index === 0 ? [event({ type: "ping" })] : [],
        ...deltas.map((delta) => event({ type: "content_block_delta", index, delta })),
        event({ type: "content_block_stop", index })
      ]),
      event({
        type: "message_delta",
        delta: { ...ending(stopReason), container: null },
        usage: usageOf(usage)
      }),
      event({ type: "message_stop" })
    ]
  }
}

const error = (
  status: number,
  type: string,
  message = "No.",
  options: { readonly code?: string; readonly headers?: Record<string, string>; readonly retryAfter?: number } = {}
): FailureAnswer => ({
  status,
  headers: { "request-id": "req_011CSHoEeqs5C35K2UUqR7Fy", ...options.headers },
  body: {
    type: "error",
    error: { type, message, ...(options.code === undefined ? undefined : { details: { error_code: options.code } }) },
    request_id: "req_011CSHoEeqs5C35K2UUqR7Fy"
  },
  ...(options.retryAfter === undefined ? undefined : { retryAfter: options.retryAfter })
})

const usage: Usage = { uncached: 9, cacheRead: 0, text: 4, reasoning: 0 }
const hi: Content = { text: "Hi", finish: "stop", usage }

export const anthropic: Subject = {
  name: "anthropic",
  origin: "synthetic",
  document: "https://platform.claude.com/docs/en/api/messages",
  model,
  make: (baseUrl) => Anthropic.make({ apiKey: Redacted.make("sk-canary-0123456789abcdef"), baseUrl }),
  streamType: "text/event-stream; charset=utf-8",
  answer: (content) => written(content, finishWords[content.finish]),
  epilogue: 0,
  without: {},
  finishes: {
    stop_sequence: { answer: written(hi, "stop_sequence"), reason: "stop" },
    pause_turn: { answer: written(hi, "pause_turn"), reason: "pause" },
    model_context_window_exceeded: { answer: written(hi, "model_context_window_exceeded"), reason: "length" },
    a_later_word: { answer: written(hi, "a_later_word"), reason: "other" }
  },
  failures: {
    RateLimited: [
      error(429, "rate_limit_error", "This request would exceed your rate limit.", {
        headers: { "retry-after": "7", "x-should-retry": "true" },
        retryAfter: 7_000
      }),
      error(429, "rate_limit_error", "Slow down.", { code: "ramp_limit_exceeded" })
    ],
    Overloaded: [error(529, "overloaded_error", "Overloaded")],
    ServerFault: [error(500, "api_error"), error(409, "conflict_error")],
    TimedOut: [error(504, "timeout_error")],
    QuotaExhausted: [
      error(429, "rate_limit_error", "No.", { code: "enforced_spend_limit_reached" }),
      error(429, "rate_limit_error", "No.", { code: "contract_spend_limit_reached" }),
      error(402, "billing_error"),
      error(400, "invalid_request_error", "You have reached your specified API usage limits."),
      error(400, "invalid_request_error", "You have reached your specified workspace API usage limits."),
      error(400, "invalid_request_error", "Your credit balance is too low to access the Anthropic API.")
    ],
    Unauthenticated: [error(401, "authentication_error", "invalid x-api-key")],
    PermissionDenied: [
      error(403, "permission_error"),
      error(400, "invalid_request_error", "No.", { code: "organization_on_hold" })
    ],
    InvalidRequest: [error(400, "invalid_request_error", "max_tokens: Field required")],
    ContextLengthExceeded: [
      error(413, "request_too_large", "Request exceeds the maximum size"),
      error(400, "invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum"),
      error(400, "invalid_request_error", "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000")
    ],
    ContentFiltered: [error(400, "invalid_request_error", "Output blocked by content filtering policy")],
    ModelNotFound: [error(404, "not_found_error", "model: claude-none")]
  },
  streamFailures: [
    {
      name: "overloaded",
      entries: [event({ type: "error", error: { type: "overloaded_error", message: "Overloaded" } })],
      reason: "Overloaded"
    },
    {
      name: "a fault",
      entries: [event({ type: "error", error: { type: "api_error", message: "Internal server error" } })],
      reason: "ServerFault"
    },
    {
      name: "a limit",
      entries: [event({ type: "error", error: { type: "rate_limit_error", message: "Slow down" } })],
      reason: "RateLimited"
    },
    {
      name: "words of a proxy",
      entries: ["event: error\ndata: {\"message\":\"upstream reset\"}\n\n"],
      reason: "ServerFault"
    }
  ],
  models: {
    body: {
      data: [
        { type: "model", id: "claude-haiku-5-5", display_name: "Claude Haiku 5.5", created_at: "2026-10-07T00:00:00Z" },
        { type: "model", id: "claude-opus-4-6", display_name: "Claude Opus 4.6", created_at: "2026-02-04T00:00:00Z" }
      ],
      has_more: false,
      first_id: "claude-haiku-5-5",
      last_id: "claude-opus-4-6"
    },
    ids: ["claude-haiku-5-5", "claude-opus-4-6"]
  },
  ...contract("anthropic.core.json", "CreateMessageParams")
}
