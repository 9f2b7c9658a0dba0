import { Redacted } from "effect"
import * as AzureOpenAi from "llmdispatcher/vendor/AzureOpenAi"
import { judge } from "../../vendor/azure-openai/Contract.ts"
import type { Content, ToolCall, Usage } from "../Content.ts"
import type { Answer, FailureAnswer, Subject } from "../Subject.ts"

const head = {
  id: "chatcmpl-AZ1",
  created: 1_767_268_800,
  model: "gpt-4.1-mini-2025-04-14",
  system_fingerprint: "fp_3b956da36b"
}

const finishWords = { stop: "stop", length: "length", "tool-calls": "tool_calls", "content-filter": "content_filter" }

const safe = {
  hate: { filtered: false, severity: "safe" },
  self_harm: { filtered: false, severity: "safe" },
  sexual: { filtered: false, severity: "safe" },
  violence: { filtered: false, severity: "safe" }
}

const prompt_filter_results = [{
  prompt_index: 0,
  content_filter_results: { ...safe, jailbreak: { filtered: false, detected: false } }
}]

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
  completion_tokens_details: { reasoning_tokens: reasoning, audio_tokens: 0 }
})

const callOf = ({ id, name, params }: ToolCall) => ({
  id,
  type: "function",
  function: { name, arguments: JSON.stringify(params) }
})

const event = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`

const chunk = (delta: object, finish_reason: string | null = null, content_filter_results: object = {}): string =>
  event({
    ...head,
    object: "chat.completion.chunk",
    choices: [{ index: 0, delta, logprobs: null, finish_reason, content_filter_results }],
    usage: null
  })

const written = ({ text, toolCalls, usage }: Content, finish: string): Answer => {
  const struck = finish === "content_filter" ? { ...safe, violence: { filtered: true, severity: "medium" } } : safe
  return {
    whole: {
      ...head,
      object: "chat.completion",
      prompt_filter_results,
      choices: [{
        index: 0,
        message: {
          role: "assistant",
          content: text ?? null,
          refusal: null,
          annotations: [],
          ...(toolCalls === undefined ? undefined : { tool_calls: toolCalls.map(callOf) })
        },
        logprobs: null,
        finish_reason: finish,
        content_filter_results: struck
      }],
      usage: usageOf(usage)
    },
    stream: [
      event({ id: "", object: "", created: 0, model: "", choices: [], prompt_filter_results }),
      chunk({ role: "assistant", content: toolCalls !== undefined && text === undefined ? null : "", refusal: null }),
      ...pieces(text ?? "", 5).map((content) => chunk({ content }, null, safe)),
      ...(toolCalls ?? []).flatMap((call, index) => [
        chunk({ tool_calls: [{ ...callOf(call), index, function: { name: call.name, arguments: "" } }] }),
        ...pieces(JSON.stringify(call.params), 12).map((piece) =>
          chunk({ tool_calls: [{ index, function: { arguments: piece } }] })
        )
      ]),
      chunk({}, finish, struck),
      event({ ...head, object: "chat.completion.chunk", choices: [], usage: usageOf(usage) }),
      "data: [DONE]\n\n"
    ]
  }
}

const error = (
  status: number,
  code: string,
  fields: object = {},
  headers = {},
  retryAfter?: number
): FailureAnswer => ({
  status,
  headers: { "apim-request-id": "1b2c", ...headers },
  body: { error: { code, message: `No: ${code}.`, ...fields } },
  ...(retryAfter === undefined ? undefined : { retryAfter })
})

const usage: Usage = { uncached: 9, cacheRead: 0, text: 4, reasoning: 0 }

const innererror = {
  code: "ResponsibleAIPolicyViolation",
  content_filter_result: { ...safe, hate: { filtered: true, severity: "high" } }
}

export const azureOpenai: Subject = {
  name: "azure-openai",
  origin: "synthetic",
  document: "https://learn.microsoft.com/azure/ai-foundry/openai/reference",
  model: "gpt-4.1-mini",
  make: (endpoint) =>
    AzureOpenAi.make({
      apiKey: Redacted.make("sk-canary-0123456789abcdef"),
      endpoint,
      apiVersion: "2024-10-21"
    }),
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
      error(429, "429", {}, { "retry-after-ms": "1500", "retry-after": "2" }, 1_500),
      error(429, "RateLimitReached", {}, { "retry-after": "7" }, 7_000),
      error(429, "too_many_requests", { type: "too_many_requests", param: null })
    ],
    Overloaded: [error(503, "ServiceUnavailable"), error(429, "NoCapacity")],
    ServerFault: [error(500, "InternalServerError"), error(500, "server_error")],
    TimedOut: [error(408, "Timeout")],
    QuotaExhausted: [error(429, "insufficient_quota", { type: "insufficient_quota" }), error(403, "QuotaExceeded")],
    Unauthenticated: [error(401, "401"), error(403, "AuthenticationTypeDisabled")],
    PermissionDenied: [error(401, "PermissionDenied"), error(403, "AccessDenied")],
    InvalidRequest: [error(400, "BadRequest"), error(400, "unsupported_parameter", { type: "invalid_request_error" })],
    ContextLengthExceeded: [error(400, "context_length_exceeded", { type: "invalid_request_error" })],
    ContentFiltered: [
      error(400, "content_filter", { param: "prompt", status: 400, type: null, innererror }),
      error(400, "content_policy_violation", { inner_error: { ...innererror } })
    ],
    ModelNotFound: [error(404, "DeploymentNotFound"), error(404, "404")]
  },
  streamFailures: [
    {
      name: "an error object",
      entries: [event({ error: { code: "server_error", message: "No." } })],
      reason: "ServerFault"
    },
    {
      name: "a filter",
      entries: [event({ error: { code: "content_filter", message: "No.", status: 400 } })],
      reason: "ContentFiltered"
    }
  ],
  models: {
    body: {
      object: "list",
      data: [
        {
          id: "gpt-4.1-mini-2025-04-14",
          object: "model",
          status: "succeeded",
          capabilities: { chat_completion: true, inference: true },
          lifecycle_status: "generally-available"
        },
        { id: "text-embedding-3-small", object: "model", status: "succeeded" }
      ]
    },
    ids: ["gpt-4.1-mini-2025-04-14", "text-embedding-3-small"]
  },
  ...(judge === undefined ? undefined : { contract: judge })
}
