import { describe, expect, it } from "@effect/vitest"
import { Duration } from "effect"
import * as Failure from "../../src/gateway/Failure.ts"
import { dispositions, type Reason } from "../../src/Reason.ts"
import type { Attempt } from "../../src/Response.ts"
import { type DispatchError, fatal, retryable } from "../../src/VendorError.ts"

const told = (error: DispatchError) => {
  const { kind, status } = Failure.ofDispatchError(error)
  return [kind, status]
}

const attempt = (outcome: "failed" | "skipped", reason?: Reason["_tag"]): Attempt => ({
  number: 1,
  vendor: "a",
  target: "a/b",
  model: "b",
  startedAfter: 0,
  duration: 1,
  outcome,
  ...(reason === undefined ? undefined : { reason })
})

describe("a failure of a dispatch", () => {
  it("of every reason has a kind; only one that says nothing by itself is a fault of the gateway", () => {
    const kinds = Object.keys(dispositions).map((
      _tag
    ) => [_tag, told({ _tag: "FatalError", reason: { _tag }, message: "" } as unknown as DispatchError)[0]])
    expect(kinds.filter(([, kind]) => kind === "internal")).toEqual([["AllCandidatesFailed", "internal"]])
  })

  it("that our own key causes is not told as the caller's", () => {
    expect(told(fatal({ _tag: "Unauthenticated" }, { vendor: "openai", status: 401 }))).toEqual(["upstream", 502])
    expect(told(fatal({ _tag: "PermissionDenied" }, { target: "openai/x", status: 403 }))).toEqual(["upstream", 502])
    expect(told(fatal({ _tag: "Unauthenticated" }, { attempts: [attempt("failed", "Unauthenticated")] }))).toEqual([
      "upstream",
      502
    ])
    expect(told(fatal({ _tag: "QuotaExhausted" }, { vendor: "openai" }))).toEqual(["overloaded", 503])
  })

  it("that the caller's own key or grant causes is told as the caller's", () => {
    expect(told(fatal({ _tag: "Unauthenticated" }))).toEqual(["unauthenticated", 401])
    expect(told(fatal({ _tag: "PermissionDenied" }))).toEqual(["permission-denied", 403])
    expect(told(fatal({ _tag: "BudgetExceeded" }))).toEqual(["quota-exhausted", 429])
    expect(told(retryable({ _tag: "CallerLimited" }))).toEqual(["rate-limited", 429])
  })

  it("of several attempts is of the last one's kind, whatever was skipped after it", () => {
    const attempts = [attempt("failed", "ServerFault"), attempt("failed", "RateLimited"), attempt("skipped")]
    expect(Failure.ofDispatchError(retryable({ _tag: "AllCandidatesFailed", attempts }, { attempts }))).toMatchObject({
      kind: "rate-limited",
      reason: "AllCandidatesFailed",
      status: 429
    })
  })

  it("tells when to come again, in milliseconds, and which field is wrong", () => {
    const { retryAfter } = Failure.ofDispatchError(
      retryable({ _tag: "RateLimited" }, { retryAfter: Duration.seconds(1.5) })
    )
    expect(retryAfter).toBe(1_500)
    const issues = [{ field: "messages.0.content", message: "is missing" }, { field: "b", message: "is missing" }]
    expect(Failure.ofDispatchError(fatal({ _tag: "InvalidRequest", issues })).field).toBe("messages.0.content")
  })

  it("of a hundred thousand faults tells the first", () => {
    const issues = Array.from({ length: 100_000 }, () => ({ field: "stop", message: "must be a text" }))
    expect(Failure.ofDispatchError(fatal({ _tag: "InvalidRequest", issues })).message).toHaveLength(4_097)
  })
})
