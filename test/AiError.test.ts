import { describe, expect, it } from "@effect/vitest"
import { Duration, Schema } from "effect"
import { AiError } from "effect/ai"
import { fromAiError, toAiError } from "llmdispatcher/AiError"
import { fatal, retryable, VendorError } from "llmdispatcher/VendorError"

describe("AiError", () => {
  it("names our reasons by theirs", () => {
    const tag = (error: VendorError) => toAiError(error, "send").reason._tag
    expect(tag(retryable({ _tag: "RateLimited" }))).toBe("RateLimitError")
    expect(tag(fatal({ _tag: "QuotaExhausted" }))).toBe("QuotaExhaustedError")
    expect(tag(fatal({ _tag: "Unauthenticated" }))).toBe("AuthenticationError")
    expect(tag(fatal({ _tag: "ContentFiltered" }))).toBe("ContentPolicyError")
    expect(tag(fatal({ _tag: "ContextLengthExceeded" }))).toBe("InvalidRequestError")
    expect(tag(retryable({ _tag: "MalformedResponse" }))).toBe("InvalidResponseError")
    expect(tag(retryable({ _tag: "Overloaded" }))).toBe("InternalProviderError")
  })

  const attempts = [] as const
  it.each([
    retryable({ _tag: "RateLimited" }),
    retryable({ _tag: "Overloaded" }),
    retryable({ _tag: "Shed" }),
    retryable({ _tag: "CallerLimited" }),
    retryable({ _tag: "AllCandidatesFailed", attempts }),
    fatal({ _tag: "BudgetExceeded" }),
    fatal({ _tag: "QuotaExhausted" }),
    fatal({ _tag: "InvalidRequest" }),
    fatal({ _tag: "AllCandidatesFailed", attempts })
  ])("may be retried there just where it may be here: $reason._tag", (error) => {
    expect(toAiError(error, "send").isRetryable).toBe(error._tag === "RetryableError")
  })

  it("keeps the wait, so that who retries AiErrors waits as well", () => {
    const error = toAiError(retryable({ _tag: "RateLimited" }, { retryAfter: Duration.seconds(3) }), "send")
    expect(error.isRetryable).toBe(true)
    expect(error.retryAfter).toEqual(Duration.seconds(3))
  })

  it.prop("gives back any error of ours whole", [VendorError], ([error]) => {
    // Whole milliseconds: nanoseconds beside a year of them are beyond what a JSON number holds.
    const json = (error: VendorError) =>
      JSON.stringify(
        Schema.encodeSync(VendorError)(error),
        (key, value) => key === "retryAfter" ? Math.round(value) : value
      )
    expect(json(fromAiError(toAiError(error, "send")))).toBe(json(error))
  })

  it("classifies what others made", () => {
    const classified = (reason: AiError.AiErrorReason) =>
      fromAiError(AiError.make({ module: "Test", method: "test", reason }))
    expect(classified(new AiError.RateLimitError({ retryAfter: Duration.seconds(2) }))).toEqual(
      retryable({ _tag: "RateLimited", description: "Rate limit exceeded. Retry after 2s" }, {
        retryAfter: Duration.seconds(2)
      })
    )
    expect(classified(new AiError.InvalidUserInputError({ description: "no" })).reason._tag).toBe("InvalidRequest")
    const output = classified(new AiError.StructuredOutputError({ description: "no", responseText: "the answer" }))
    expect(output.reason._tag).toBe("MalformedResponse")
    expect(JSON.stringify(output)).not.toContain("the answer")
  })
})
