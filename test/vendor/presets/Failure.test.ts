/** Failures in each vendor's own shape; all are synthetic, written by hand after its document or public reports. */
import { describe, expect, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { FetchHttpClient } from "effect/http"
import * as FaultServer from "../../wire/FaultServer.ts"
import { call, key, type Name, over } from "./presets.ts"

const fail = (name: Name, status: number, body: unknown, headers: Record<string, string> = {}) =>
  Effect.gen(function*() {
    const { vendor } = yield* over(name, FaultServer.json(status, body, headers))
    return yield* Effect.flip(vendor.send(yield* call({})))
  }).pipe(Effect.provide(FetchHttpClient.layer))

const mistral = (message: unknown, type: string, code: string | null) => ({
  object: "error",
  message,
  type,
  param: null,
  code
})

const openrouter = (code: number, message: string, metadata?: object) => ({
  error: { code, message, ...(metadata === undefined ? undefined : { metadata }) },
  user_id: "user_1"
})

const cases: ReadonlyArray<readonly [Name, number, unknown, string]> = [
  ["deepseek", 402, {
    error: { message: "Insufficient Balance", type: "unknown_error", code: "invalid_request_error" }
  }, "QuotaExhausted"],
  ["deepseek", 401, { error: { message: "Authentication Fails", type: "authentication_error" } }, "Unauthenticated"],
  ["deepseek", 400, {
    error: { message: "This model's maximum context length is 131072 tokens.", type: "invalid_request_error" }
  }, "ContextLengthExceeded"],
  ["deepseek", 422, { error: { message: "Bad parameter", type: "invalid_request_error" } }, "InvalidRequest"],
  ["deepseek", 429, { error: { message: "Too fast" } }, "RateLimited"],
  ["deepseek", 503, { error: { message: "Overloaded" } }, "Overloaded"],

  ["groq", 429, {
    error: { message: "Rate limit reached on tokens per minute (TPM)", type: "tokens", code: "rate_limit_exceeded" }
  }, "RateLimited"],
  ["groq", 413, {
    error: { message: "Request too large on tokens per minute (TPM)", type: "tokens", code: "rate_limit_exceeded" }
  }, "ContextLengthExceeded"],
  ["groq", 498, { error: { message: "flex", type: "flex", code: "capacity_exceeded" } }, "Overloaded"],
  ["groq", 499, { error: { message: "cancelled" } }, "ServerFault"],
  ["groq", 400, {
    error: {
      message: "Failed to call a function.",
      type: "invalid_request_error",
      code: "tool_use_failed",
      failed_generation: "x"
    }
  }, "MalformedResponse"],
  ["groq", 400, {
    error: { message: "Failed to generate JSON.", type: "invalid_request_error", code: "json_validate_failed" }
  }, "MalformedResponse"],
  ["groq", 404, {
    error: { message: "The model does not exist", type: "invalid_request_error", code: "model_not_found" }
  }, "ModelNotFound"],

  ["mistral", 401, { message: "Unauthorized", request_id: "r1" }, "Unauthenticated"],
  ["mistral", 401, { detail: "Unauthorized" }, "Unauthenticated"],
  ["mistral", 429, mistral("Rate limit exceeded", "rate_limited", "1300"), "RateLimited"],
  [
    "mistral",
    429,
    mistral("Service tier capacity exceeded for this model.", "invalid_request_error", null),
    "Overloaded"
  ],
  ["mistral", 429, mistral("No capacity", "service_tier_capacity_exceeded", "3505"), "Overloaded"],
  ["mistral", 400, mistral("Invalid model: x", "invalid_model", "1500"), "ModelNotFound"],
  [
    "mistral",
    400,
    mistral(
      "Prompt contains 40000 tokens, too large for model with 32768 maximum context length",
      "invalid_request_prompt",
      "3051"
    ),
    "ContextLengthExceeded"
  ],
  [
    "mistral",
    422,
    mistral({ detail: [{ type: "extra_forbidden", loc: ["body", "x"] }] }, "invalid_request_error", null),
    "InvalidRequest"
  ],

  [
    "xai",
    400,
    { code: "Client specified an invalid argument", error: "Incorrect API key provided: xa***." },
    "Unauthenticated"
  ],
  ["xai", 403, {
    code: "The caller does not have permission",
    error: "Your team has either used all available credits or reached its monthly spending limit."
  }, "QuotaExhausted"],
  ["xai", 429, {
    code: "Some resource has been exhausted",
    error: "Your team x has either used all available credits or reached its monthly spending limit."
  }, "QuotaExhausted"],
  ["xai", 429, { code: "Some resource has been exhausted", error: "Too many requests" }, "RateLimited"],
  ["xai", 404, { code: "not-found", error: "The model grok-9 does not exist" }, "ModelNotFound"],

  ["together", 403, {
    error: { message: "Input token count + max_tokens is too large", type: "invalid_request_error" }
  }, "ContextLengthExceeded"],
  ["together", 422, {
    error: {
      message: "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 8193.",
      type: "invalid_request_error"
    }
  }, "ContextLengthExceeded"],
  ["together", 402, { error: { message: "Credit limit exceeded", type: "credit_limit" } }, "QuotaExhausted"],
  ["together", 503, { error: { message: "Engine overloaded", type: "service_unavailable" } }, "Overloaded"],

  [
    "fireworks",
    412,
    { error: { object: "error", type: "invalid_request_error", message: "Account is suspended" } },
    "QuotaExhausted"
  ],
  ["fireworks", 404, {
    error: {
      object: "error",
      type: "invalid_request_error",
      code: "NOT_FOUND",
      message: "Model not found, inaccessible, and/or not deployed"
    }
  }, "ModelNotFound"],
  ["fireworks", 429, { error: { message: "Rate limit" } }, "RateLimited"],

  ["openrouter", 402, openrouter(402, "Insufficient credits"), "QuotaExhausted"],
  [
    "openrouter",
    403,
    openrouter(403, "Your input was flagged", { reasons: ["violence"], flagged_input: "x", provider_name: "OpenAI" }),
    "ContentFiltered"
  ],
  ["openrouter", 403, openrouter(403, "Forbidden"), "PermissionDenied"],
  ["openrouter", 408, openrouter(408, "Timed out"), "TimedOut"],
  ["openrouter", 429, openrouter(429, "Rate limited"), "RateLimited"],
  [
    "openrouter",
    502,
    openrouter(502, "Provider returned error", { provider_name: "X", raw: "bad gateway" }),
    "ServerFault"
  ],
  ["openrouter", 503, openrouter(503, "No provider"), "Overloaded"],
  [
    "openrouter",
    400,
    openrouter(400, "Provider returned error", {
      provider_name: "OpenAI",
      raw: JSON.stringify({ error: { code: "context_length_exceeded" } })
    }),
    "ContextLengthExceeded"
  ],
  [
    "openrouter",
    400,
    openrouter(400, "Provider returned error", { provider_name: "X", raw: { error: { message: "no" } } }),
    "InvalidRequest"
  ],

  ["cerebras", 400, {
    message: "Please reduce the length",
    type: "invalid_request_error",
    param: "messages",
    code: "context_length_exceeded"
  }, "ContextLengthExceeded"],
  ["cerebras", 400, {
    message: "property 'x' is unsupported",
    type: "invalid_request_error",
    param: "x",
    code: "wrong_api_format"
  }, "InvalidRequest"],
  ["cerebras", 401, {
    message: "Wrong API Key",
    type: "invalid_request_error",
    param: "api_key",
    code: "wrong_api_key"
  }, "Unauthenticated"],
  ["cerebras", 404, {
    message: "Model x does not exist",
    type: "not_found_error",
    param: "model",
    code: "model_not_found"
  }, "ModelNotFound"],
  ["cerebras", 429, {
    message: "Too many",
    type: "too_many_requests_error",
    param: "quota",
    code: "request_quota_exceeded"
  }, "RateLimited"],

  ["vllm", 400, {
    object: "error",
    message: "This model's maximum context length is 4096 tokens.",
    type: "BadRequestError",
    param: null,
    code: 400
  }, "ContextLengthExceeded"],
  ["vllm", 400, {
    error: { message: "temperature must be non-negative", type: "BadRequestError", param: null, code: 400 }
  }, "InvalidRequest"],
  ["vllm", 404, {
    error: { message: "The model `x` does not exist.", type: "NotFoundError", param: "model", code: 404 }
  }, "ModelNotFound"],
  ["vllm", 401, { error: "Unauthorized" }, "Unauthenticated"],

  ["lm-studio", 404, {
    error: { message: "Model not found", type: "invalid_request_error", param: "model", code: "model_not_found" }
  }, "ModelNotFound"],
  [
    "lm-studio",
    400,
    { error: "The number of tokens to keep is greater than the context length." },
    "ContextLengthExceeded"
  ],

  ["perplexity", 400, { error: { message: "Invalid model 'x'.", type: "invalid_model", code: 400 } }, "ModelNotFound"],
  [
    "perplexity",
    401,
    { error: { message: "Invalid API key provided.", type: "invalid_api_key", code: 401 } },
    "Unauthenticated"
  ],
  ["perplexity", 429, {
    error: { message: "Request rate limit exceeded.", type: "request_rate_limit_exceeded", code: 429 }
  }, "RateLimited"],

  [
    "cohere",
    400,
    { id: "r1", message: "too many tokens: total number of tokens in the prompt cannot exceed 4081" },
    "ContextLengthExceeded"
  ],
  ["cohere", 400, { message: "invalid request: temperature must be between 0 and 1.0 inclusive." }, "InvalidRequest"],
  ["cohere", 401, { message: "invalid api token" }, "Unauthenticated"],
  ["cohere", 402, { message: "Maximum billing reached for this API key" }, "QuotaExhausted"],
  ["cohere", 404, { message: "model 'x' not found" }, "ModelNotFound"],
  ["cohere", 429, { message: "You are using a Trial key, which is limited to 40 API calls / minute." }, "RateLimited"],
  [
    "cohere",
    429,
    { message: "You are using a Trial key, which is limited to 1000 API calls / month." },
    "QuotaExhausted"
  ],
  ["cohere", 498, { message: "invalid token" }, "Unauthenticated"],
  ["cohere", 499, { message: "request cancelled" }, "ServerFault"]
]

describe("failures", () => {
  it.effect.each(cases.map(([name, status, body, reason]) => [name, status, reason, body] as const))(
    "reads %s's %i as %s",
    ([name, status, reason, body]) =>
      Effect.gen(function*() {
        const error = yield* fail(name, status, body)
        expect(error.reason._tag).toBe(reason)
        expect(error.status).toBe(status)
      })
  )

  it.effect("takes OpenRouter's 402 with a wait for a budget that frees itself", () =>
    Effect.gen(function*() {
      const body = openrouter(402, "In-flight budget exhausted", { limit_source: "openrouter_in_flight_budget" })
      const error = yield* fail("openrouter", 402, body, { "retry-after": "3" })
      expect(error).toMatchObject({ reason: { _tag: "RateLimited" }, retryAfter: Duration.seconds(3) })
    }))

  it.effect("reads Groq's wait", () =>
    Effect.gen(function*() {
      const body = { error: { message: "Slow", type: "tokens", code: "rate_limit_exceeded" } }
      expect(yield* fail("groq", 429, body, { "retry-after": "2" })).toMatchObject({ retryAfter: Duration.seconds(2) })
      const reset = { "x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "7.66s" }
      expect(yield* fail("groq", 429, body, reset)).toMatchObject({ retryAfter: Duration.millis(7660) })
    }))

  it.effect("shows no key that a vendor repeats", () =>
    Effect.gen(function*() {
      const error = yield* fail("xai", 400, { code: "x", error: `Incorrect API key provided: ${key}` })
      expect(error.message).not.toContain(key)
    }))
})
