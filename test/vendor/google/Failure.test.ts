import { describe, expect, it } from "@effect/vitest"
import { Duration } from "effect"
import { Headers } from "effect/http"
import * as Failure from "../../../src/vendor/google/Failure.ts"

const rpc = (type: string, fields: object) => ({ "@type": `type.googleapis.com/google.rpc.${type}`, ...fields })
const violation = (quotaId: string, quotaValue?: string) =>
  rpc("QuotaFailure", { violations: [{ quotaId, ...(quotaValue === undefined ? undefined : { quotaValue }) }] })
const retry = (retryDelay: string) => rpc("RetryInfo", { retryDelay })

const fail = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  Failure.fromResponse({
    status,
    headers: Headers.fromInput(headers),
    body: typeof body === "string" ? body : JSON.stringify(body),
    now: 0
  })

const failed = (code: number, status: string, message = "No.", ...details: ReadonlyArray<object>) =>
  fail(code, { error: { code, message, status, details } })

const waitOf = (error: ReturnType<typeof fail>) =>
  error._tag === "RetryableError" && error.retryAfter !== undefined ? Duration.toMillis(error.retryAfter) : undefined

const perMinute = "GenerateRequestsPerMinutePerProjectPerModel-FreeTier"
const perDay = "GenerateRequestsPerDayPerProjectPerModel-FreeTier"

describe("reasons", () => {
  it.each([
    [400, "INVALID_ARGUMENT", "InvalidRequest"],
    [400, "FAILED_PRECONDITION", "PermissionDenied"],
    [400, "OUT_OF_RANGE", "InvalidRequest"],
    [401, "UNAUTHENTICATED", "Unauthenticated"],
    [403, "PERMISSION_DENIED", "PermissionDenied"],
    [404, "NOT_FOUND", "ModelNotFound"],
    [409, "ABORTED", "ServerFault"],
    [429, "RESOURCE_EXHAUSTED", "RateLimited"],
    [499, "CANCELLED", "ServerFault"],
    [500, "INTERNAL", "ServerFault"],
    [500, "UNKNOWN", "ServerFault"],
    [501, "UNIMPLEMENTED", "UnsupportedFeature"],
    [503, "UNAVAILABLE", "Overloaded"],
    [504, "DEADLINE_EXCEEDED", "TimedOut"]
  ])("%s %s is %s", (code, status, tag) => {
    const error = failed(code, status)
    expect(error.reason).toMatchObject({ _tag: tag, description: "No.", code: status })
    expect(error.status).toBe(code)
  })

  it.each([
    [400, "Bad Request", "InvalidRequest"],
    [403, "", "PermissionDenied"],
    [404, "<html>", "ModelNotFound"],
    [429, "[]", "RateLimited"],
    [500, "null", "ServerFault"],
    [502, "{}", "ServerFault"],
    [503, "{\"error\":\"busy\"}", "Overloaded"],
    [504, "", "TimedOut"]
  ])("%s with the body %j is %s by its status alone", (status, body, tag) => {
    expect(fail(status, body).reason._tag).toBe(tag)
  })

  it("knows a wrong key by the reason in the details, whatever the message", () => {
    const info = rpc("ErrorInfo", { reason: "API_KEY_INVALID", domain: "googleapis.com" })
    expect(failed(400, "INVALID_ARGUMENT", "Schlüssel ungültig", info).reason).toEqual({
      _tag: "Unauthenticated",
      description: "Schlüssel ungültig",
      code: "API_KEY_INVALID"
    })
  })

  it("reads an error that is the entry of an array", () => {
    expect(fail(429, [{ error: { code: 429, message: "No.", status: "RESOURCE_EXHAUSTED" } }]).reason)
      .toEqual({ _tag: "RateLimited", description: "No.", code: "RESOURCE_EXHAUSTED" })
  })

  it.each([
    [
      400,
      "INVALID_ARGUMENT",
      "The input token count (1200293) exceeds the maximum number of tokens allowed (1048576).",
      "ContextLengthExceeded"
    ],
    [
      400,
      "INVALID_ARGUMENT",
      "The input token count exceeds the maximum number of tokens allowed 8192.",
      "ContextLengthExceeded"
    ],
    [400, "INVALID_ARGUMENT", "Request payload size exceeds the limit: 20971520 bytes.", "ContextLengthExceeded"],
    [400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.", "Unauthenticated"],
    [400, "INVALID_ARGUMENT", "API key expired. Please renew the API key.", "Unauthenticated"],
    [400, "INVALID_ARGUMENT", "Function calling is not enabled for models/gemma-3-27b-it", "UnsupportedFeature"],
    [400, "INVALID_ARGUMENT", "Penalty is not enabled for this model", "UnsupportedFeature"],
    [400, "INVALID_ARGUMENT", "Please use fewer tokens.", "InvalidRequest"],
    [403, "PERMISSION_DENIED", "Your API key was reported as leaked.", "Unauthenticated"],
    [403, "PERMISSION_DENIED", "Method doesn't allow unregistered callers.", "Unauthenticated"],
    [429, "RESOURCE_EXHAUSTED", "Quota exceeded for metric: m, limit: 0, model: x", "QuotaExhausted"],
    [429, "RESOURCE_EXHAUSTED", "Quota exceeded for metric: m, limit: 05, model: x", "RateLimited"],
    [429, "RESOURCE_EXHAUSTED", "Your prepayment credits are depleted.", "QuotaExhausted"],
    [500, "INTERNAL", "exceeds the maximum number of tokens", "ServerFault"]
  ])("%s %s \"%s\" is %s", (code, status, message, tag) => {
    expect(failed(code, status, message).reason._tag).toBe(tag)
  })
})

describe("quotas and waits", () => {
  it.each([
    ["a minute", [violation(perMinute, "10")], "RateLimited"],
    ["a day", [violation(perDay, "250")], "QuotaExhausted"],
    ["a minute that is 0", [violation(perMinute, "0")], "QuotaExhausted"],
    [
      "a minute and a day",
      [rpc("QuotaFailure", { violations: [{ quotaId: perMinute }, { quotaId: perDay }] })],
      "QuotaExhausted"
    ],
    ["no kind", [rpc("QuotaFailure", {})], "RateLimited"]
  ])("a quota of %s", (_, details, tag) => {
    expect(failed(429, "RESOURCE_EXHAUSTED", "No.", ...details, retry("49s")).reason._tag).toBe(tag)
  })

  it("waits as RetryInfo says, but a header goes first", () => {
    expect(waitOf(failed(429, "RESOURCE_EXHAUSTED", "No.", violation(perMinute, "10"), retry("13.2s")))).toBe(13_200)
    expect(waitOf(failed(503, "UNAVAILABLE", "No.", retry("2s")))).toBe(2_000)
    const body = { error: { status: "RESOURCE_EXHAUSTED", details: [retry("13.2s")] } }
    expect(waitOf(fail(429, body, { "retry-after": "7" }))).toBe(7_000)
  })

  it("waits as the message says where the details say nothing", () => {
    expect(waitOf(failed(429, "RESOURCE_EXHAUSTED", "Slow. Please retry in 11.665902715s."))).toBeCloseTo(11_665.9, 0)
    expect(waitOf(failed(429, "RESOURCE_EXHAUSTED", "Please retry in a moment."))).toBeUndefined()
    expect(waitOf(failed(429, "RESOURCE_EXHAUSTED", "No.", retry("soon")))).toBeUndefined()
  })
})

describe("inside a stream", () => {
  it("takes the code for the status it would have been", () => {
    expect(Failure.fromEvent({ error: { code: 503, message: "No.", status: "UNAVAILABLE" } })).toMatchObject({
      _tag: "RetryableError",
      reason: { _tag: "Overloaded", description: "No." }
    })
    expect(Failure.fromEvent({ error: { code: 404 } }).reason._tag).toBe("ModelNotFound")
  })

  it.each([{ error: {} }, { error: "x" }, { error: { code: 200 } }, null])(
    "takes %j for a fault of the server",
    (json) => {
      expect(Failure.fromEvent(json).reason._tag).toBe("ServerFault")
    }
  )
})
