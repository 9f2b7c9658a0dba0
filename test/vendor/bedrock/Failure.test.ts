import { describe, expect, it } from "@effect/vitest"
import { Duration } from "effect"
import { Headers } from "effect/http"
import * as Failure from "../../../src/vendor/bedrock/Failure.ts"

const read = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  Failure.fromResponse({
    status,
    headers: Headers.fromInput(headers),
    body: typeof body === "string" ? body : JSON.stringify(body),
    now: 0
  })

describe("failures", () => {
  it.each<[number, string, string, string]>([
    [429, "ThrottlingException", "Too many requests.", "RateLimited"],
    [429, "ThrottlingException", "Too many tokens per day, please wait before trying again.", "QuotaExhausted"],
    [429, "ModelNotReadyException", "", "Overloaded"],
    [503, "ServiceUnavailableException", "Bedrock is unable to process your request.", "Overloaded"],
    [408, "ModelTimeoutException", "", "TimedOut"],
    [424, "ModelErrorException", "", "ServerFault"],
    [424, "ModelStreamErrorException", "", "ServerFault"],
    [500, "InternalServerException", "", "ServerFault"],
    [400, "ConflictException", "", "ServerFault"],
    [400, "ServiceQuotaExceededException", "", "QuotaExhausted"],
    [400, "ValidationException", "The maximum tokens you requested exceeds the model limit of 4096.", "InvalidRequest"],
    [400, "ValidationException", "Input is too long for requested model.", "ContextLengthExceeded"],
    [400, "ValidationException", "prompt is too long: 200049 tokens > 200000 maximum", "ContextLengthExceeded"],
    [400, "ValidationException", "Too many input tokens. Max input tokens: 8192", "ContextLengthExceeded"],
    [400, "ValidationException", "This request has been blocked by our content filters.", "ContentFiltered"],
    [400, "ValidationException", "The provided model identifier is invalid.", "ModelNotFound"],
    [
      400,
      "ValidationException",
      "Invocation of model ID x with on-demand throughput isn’t supported. Retry with an inference profile.",
      "ModelNotFound"
    ],
    [400, "ValidationException", "Operation not allowed", "PermissionDenied"],
    [403, "AccessDeniedException", "User is not authorized to perform: bedrock:InvokeModel", "PermissionDenied"],
    [403, "AccessDeniedException", "Authentication failed: Please make sure your API Key is valid.", "Unauthenticated"],
    [403, "UnrecognizedClientException", "The security token included in the request is invalid.", "Unauthenticated"],
    [403, "InvalidSignatureException", "", "Unauthenticated"],
    [403, "ExpiredTokenException", "", "Unauthenticated"],
    [403, "MissingAuthenticationTokenException", "", "Unauthenticated"],
    [404, "ResourceNotFoundException", "", "ModelNotFound"],
    [418, "constructor", "", "InvalidRequest"]
  ])("reads %i %s \"%s\" as %s, by the header or the body", (status, name, message, tag) => {
    const byHeader = read(status, { message }, { "x-amzn-errortype": `${name}:http://internal.amazon.com/coral/` })
    const byBody = read(status, { __type: `com.amazon.coral.service#${name}`, Message: message })
    for (const error of [byHeader, byBody]) {
      expect(error).toMatchObject({ reason: { _tag: tag, code: name }, status })
      expect(error.reason).toMatchObject(message === "" ? {} : { description: message })
    }
  })

  it.each<[number, string]>([
    [400, "InvalidRequest"],
    [403, "PermissionDenied"],
    [404, "ModelNotFound"],
    [429, "RateLimited"],
    [500, "ServerFault"],
    [502, "ServerFault"],
    [503, "Overloaded"],
    [504, "TimedOut"]
  ])("falls back to the status %i as %s", (status, tag) => {
    for (const body of ["", "<html>", "[]", "{}", "null"]) expect(read(status, body).reason._tag).toBe(tag)
  })

  it("takes the key for wrong where only the words say it", () => {
    expect(read(403, { Message: "Bearer Token has expired" }).reason._tag).toBe("Unauthenticated")
  })

  it("tells how long to wait", () => {
    expect(read(429, {}, { "retry-after": "3" })).toMatchObject({ retryAfter: Duration.seconds(3) })
  })
})
