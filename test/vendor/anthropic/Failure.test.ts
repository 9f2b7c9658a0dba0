import { describe, expect, it } from "@effect/vitest"
import { Duration } from "effect"
import { Headers } from "effect/http"
import * as Failure from "../../../src/vendor/anthropic/Failure.ts"

const read = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  Failure.fromResponse({
    status,
    headers: Headers.fromInput(headers),
    body: typeof body === "string" ? body : JSON.stringify(body),
    now: 0
  })

const error = (type: string, message = "No.", error_code?: string) => ({
  type: "error",
  error: { type, message, ...(error_code === undefined ? undefined : { details: { error_code } }) }
})

describe("a failed answer", () => {
  it.each([
    [429, error("rate_limit_error"), "RateLimited"],
    [429, error("rate_limit_error", "No.", "ramp_limit_exceeded"), "RateLimited"],
    [429, error("rate_limit_error", "No.", "enforced_spend_limit_reached"), "QuotaExhausted"],
    [429, error("rate_limit_error", "No.", "contract_spend_limit_reached"), "QuotaExhausted"],
    [402, error("billing_error"), "QuotaExhausted"],
    [402, error("billing_error", "No.", "linked_organization_spend_limit_reached"), "QuotaExhausted"],
    [400, error("invalid_request_error", "You have reached your specified API usage limits. …"), "QuotaExhausted"],
    [400, error("invalid_request_error", "Your credit balance is too low."), "QuotaExhausted"],
    [529, error("overloaded_error"), "Overloaded"],
    [529, "", "Overloaded"],
    [500, error("api_error"), "ServerFault"],
    [502, "<html>Bad gateway</html>", "ServerFault"],
    [503, error("api_error", "No.", "cmek_key_unreachable"), "ServerFault"],
    [504, error("timeout_error"), "TimedOut"],
    [409, error("conflict_error"), "ServerFault"],
    [413, error("request_too_large"), "ContextLengthExceeded"],
    [413, error("invalid_request_error"), "ContextLengthExceeded"],
    [400, error("invalid_request_error", "prompt is too long: 2 tokens > 1 maximum"), "ContextLengthExceeded"],
    [
      400,
      error("invalid_request_error", "input length and `max_tokens` exceed context limit: 1 + 2 > 2"),
      "ContextLengthExceeded"
    ],
    [400, error("invalid_request_error", "Output blocked by content filtering policy"), "ContentFiltered"],
    [400, error("invalid_request_error", "max_tokens: Field required"), "InvalidRequest"],
    [400, error("invalid_request_error", "No.", "image_dimensions_too_large"), "InvalidRequest"],
    [400, error("invalid_request_error", "No.", "organization_on_hold"), "PermissionDenied"],
    [401, error("authentication_error"), "Unauthenticated"],
    [403, error("permission_error"), "PermissionDenied"],
    [404, error("not_found_error", "model: claude-x"), "ModelNotFound"]
  ])("of %i with %j is %s", (status, body, tag) => {
    expect(read(status, body)).toMatchObject({ reason: { _tag: tag }, status })
  })

  it("tells the vendor's words and its most exact code", () => {
    expect(read(429, error("rate_limit_error", "Wait.", "ramp_limit_exceeded")).reason).toEqual({
      _tag: "RateLimited",
      description: "Wait.",
      code: "ramp_limit_exceeded"
    })
    expect(read(529, error("overloaded_error", "Overloaded")).reason).toEqual({
      _tag: "Overloaded",
      description: "Overloaded",
      code: "overloaded_error"
    })
  })

  it("tells how long to wait", () => {
    const limited = read(429, error("rate_limit_error"), { "retry-after": "12" })
    expect(limited).toMatchObject({ retryAfter: Duration.seconds(12) })
    const overloaded = read(529, error("overloaded_error"), { "retry-after": "3" })
    expect(overloaded).toMatchObject({ retryAfter: Duration.seconds(3) })
  })

  it("hears x-should-retry", () => {
    const no = { "x-should-retry": "false" }
    expect(read(429, error("rate_limit_error"), no).reason._tag).toBe("QuotaExhausted")
    expect(read(400, error("invalid_request_error"), { "x-should-retry": "true" }).reason._tag).toBe("ServerFault")
  })
})

describe("an error inside a stream", () => {
  it.each([
    [error("overloaded_error"), "Overloaded"],
    [error("api_error"), "ServerFault"],
    [error("rate_limit_error"), "RateLimited"],
    [error("rate_limit_error", "No.", "enforced_spend_limit_reached"), "QuotaExhausted"],
    [error("timeout_error"), "TimedOut"],
    [error("invalid_request_error", "prompt is too long"), "ContextLengthExceeded"],
    [error("of_tomorrow"), "ServerFault"],
    [{ message: "upstream reset" }, "ServerFault"],
    [{ error: "upstream reset" }, "ServerFault"],
    [{}, "ServerFault"]
  ])("%j is %s", (json, tag) => {
    expect(Failure.fromEvent(json).reason._tag).toBe(tag)
  })
})
