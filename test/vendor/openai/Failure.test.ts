import { describe, expect, it } from "@effect/vitest"
import { Duration } from "effect"
import { Headers } from "effect/http"
import * as Failure from "../../../src/vendor/openai/Failure.ts"

const read = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  Failure.fromResponse({
    status,
    headers: Headers.fromInput(headers),
    body: typeof body === "string" ? body : JSON.stringify(body),
    now: Date.UTC(2026, 0, 1)
  })

const error = (fields: Record<string, unknown>) => ({ error: { message: "told", type: null, param: null, ...fields } })
const retryAfter = (failure: ReturnType<typeof read>) =>
  failure._tag === "RetryableError" && failure.retryAfter !== undefined
    ? Duration.toMillis(failure.retryAfter)
    : undefined

describe("failures", () => {
  it.each<[number, Record<string, unknown>, string, string]>([
    [429, { code: "rate_limit_exceeded", type: "requests" }, "RetryableError", "RateLimited"],
    [429, { code: "rate_limit_exceeded", type: "tokens" }, "RetryableError", "RateLimited"],
    [429, { code: "slow_down" }, "RetryableError", "RateLimited"],
    [429, { code: "insufficient_quota", type: "insufficient_quota" }, "FatalError", "QuotaExhausted"],
    [429, { code: "credit_balance_exhausted", type: "insufficient_quota" }, "FatalError", "QuotaExhausted"],
    [429, { code: "organization_spend_limit_exceeded" }, "FatalError", "QuotaExhausted"],
    [429, { code: "project_spend_limit_exceeded" }, "FatalError", "QuotaExhausted"],
    [429, { code: "organization_usage_limit_exceeded" }, "FatalError", "QuotaExhausted"],
    [429, { code: null, type: "insufficient_quota" }, "FatalError", "QuotaExhausted"],
    [429, { code: "rate_limit_exceeded", type: "insufficient_quota" }, "RetryableError", "RateLimited"],
    [429, {}, "RetryableError", "RateLimited"],
    [500, { type: "server_error" }, "RetryableError", "ServerFault"],
    [503, { code: "server_is_overloaded" }, "RetryableError", "Overloaded"],
    [500, { code: "server_is_overloaded" }, "RetryableError", "Overloaded"],
    [400, { code: "context_length_exceeded" }, "FatalError", "ContextLengthExceeded"],
    [404, { code: "model_not_found" }, "FatalError", "ModelNotFound"],
    [401, { code: "invalid_api_key" }, "FatalError", "Unauthenticated"],
    [403, { code: "unsupported_country_region_territory" }, "FatalError", "PermissionDenied"],
    [400, { code: "content_policy_violation" }, "FatalError", "ContentFiltered"],
    [400, { code: "content_filter" }, "FatalError", "ContentFiltered"],
    [400, { type: "invalid_request_error", param: "temperature" }, "FatalError", "InvalidRequest"],
    [
      400,
      { code: 400, message: "This model's maximum context length is 4096 tokens." },
      "FatalError",
      "ContextLengthExceeded"
    ],
    [400, { code: "constructor" }, "FatalError", "InvalidRequest"]
  ])("reads %i %j as %s %s", (status, fields, tag, reason) => {
    expect(read(status, error(fields))).toMatchObject({ _tag: tag, reason: { _tag: reason }, status })
  })

  it.each<[number, string]>([
    [302, "ServerFault"],
    [400, "InvalidRequest"],
    [401, "Unauthenticated"],
    [402, "QuotaExhausted"],
    [403, "PermissionDenied"],
    [404, "ModelNotFound"],
    [408, "TimedOut"],
    [409, "ServerFault"],
    [413, "ContextLengthExceeded"],
    [418, "InvalidRequest"],
    [422, "InvalidRequest"],
    [429, "RateLimited"],
    [500, "ServerFault"],
    [502, "ServerFault"],
    [503, "Overloaded"],
    [504, "TimedOut"],
    [520, "ServerFault"],
    [529, "Overloaded"]
  ])("reads the status %i without any JSON as %s", (status, reason) => {
    expect(read(status, "<html>gateway</html>").reason._tag).toBe(reason)
    expect(read(status, "").reason._tag).toBe(reason)
  })

  it.each<[Record<string, string>, number | undefined]>([
    [{}, undefined],
    [{ "retry-after-ms": "250", "retry-after": "9", "x-ratelimit-reset-requests": "1s" }, 250],
    [{ "retry-after": "9", "x-ratelimit-reset-requests": "1s" }, 9000],
    [{ "retry-after": "Thu, 01 Jan 2026 00:00:07 GMT" }, 7000],
    [{ "x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "6m0s" }, 360_000]
  ])("waits after a rate limit as %j tells", (headers, millis) => {
    expect(retryAfter(read(429, error({ code: "rate_limit_exceeded" }), headers))).toBe(millis)
  })

  it("waits after an overload as retry-after tells, not as the rate limits do", () => {
    expect(retryAfter(read(503, "", { "retry-after": "3" }))).toBe(3000)
    expect(retryAfter(read(503, "", { "x-ratelimit-reset-requests": "3s" }))).toBeUndefined()
  })

  it("lets x-should-retry overrule", () => {
    expect(read(429, error({}), { "x-should-retry": "false" }).reason._tag).toBe("QuotaExhausted")
    expect(read(400, error({}), { "x-should-retry": "true" }).reason._tag).toBe("ServerFault")
    expect(read(500, error({}), { "x-should-retry": "false" }).reason._tag).toBe("ServerFault")
  })

  it("keeps the vendor's words and code", () => {
    expect(read(400, error({ code: "bad", message: "No." })).reason).toEqual({
      _tag: "InvalidRequest",
      description: "No.",
      code: "bad"
    })
  })

  it.each<[unknown, string]>([
    [{ error: "model is loading" }, "model is loading"],
    [{ message: "bare" }, "bare"],
    [{ error: { message: "wrapped" } }, "wrapped"],
    ["\"only a text\"", "only a text"]
  ])("finds the words in %j", (body, description) => {
    expect(read(500, body).reason).toMatchObject({ description })
  })

  it.each<[unknown, string]>([
    [{ error: { code: "rate_limit_exceeded", message: "m" } }, "RateLimited"],
    [{ error: { code: 502, message: "m" } }, "ServerFault"],
    [{ error: { code: 429, message: "m" } }, "RateLimited"],
    [{ error: { code: "503" } }, "Overloaded"],
    [{ error: { type: "server_error" } }, "ServerFault"],
    [{ error: { message: "no idea" } }, "ServerFault"],
    [{ type: "content_filter", message: "bare" }, "ContentFiltered"],
    [{ error: "only a text" }, "ServerFault"]
  ])("reads the error %j inside a 200 as %s", (json, reason) => {
    expect(Failure.fromEvent(json).reason._tag).toBe(reason)
  })
})
