/**
 * What a failed answer means when its body says nothing better: the part of the reading that all vendors share.
 *
 * @since 0.1.0
 */
import type { Headers } from "effect/http"
import { type AttemptError, fatal, retryable } from "../VendorError.ts"
import * as RetryAfter from "./RetryAfter.ts"

/**
 * An answer that is not a success; `body` is at most 64 KiB of it, `now` in epoch milliseconds.
 *
 * @since 0.1.0
 * @category models
 */
export interface Failed {
  readonly status: number
  readonly headers: Headers.Headers
  readonly body: string
  readonly now: number
}

/**
 * What one attempt may fail with, without its context.
 *
 * @since 0.1.0
 * @category models
 */
export type AttemptReason = AttemptError["reason"]

/**
 * The vendor's own words and code.
 *
 * @since 0.1.0
 * @category models
 */
export interface Told {
  readonly description?: string
  readonly code?: string
}

/**
 * What a status means by itself.
 *
 * 413 is taken for a conversation too long (Anthropic, Groq), 402 for a used-up credit, and a redirect, which is never
 * followed, for a fault of the server.
 *
 * @since 0.1.0
 * @category conversions
 */
export const reasonOf = (status: number, told: Told = {}): AttemptReason => {
  switch (status) {
    case 401:
      return { _tag: "Unauthenticated", ...told }
    case 402:
      return { _tag: "QuotaExhausted", ...told }
    case 403:
      return { _tag: "PermissionDenied", ...told }
    case 404:
      return { _tag: "ModelNotFound", ...told }
    case 408:
    case 504:
      return { _tag: "TimedOut", phase: "vendor", ...told }
    case 409:
    case 424:
      return { _tag: "ServerFault", ...told }
    case 413:
      return { _tag: "ContextLengthExceeded", ...told }
    case 429:
      return { _tag: "RateLimited", ...told }
    case 503:
    case 529:
      return { _tag: "Overloaded", ...told }
  }
  return status >= 400 && status < 500 ? { _tag: "InvalidRequest", ...told } : { _tag: "ServerFault", ...told }
}

/**
 * The reason once `x-should-retry` is heard: a rate limit that must not be tried again is a used-up quota, and an
 * unexplained fault of the request that may be tried again is one of the server.
 *
 * @since 0.1.0
 * @category conversions
 */
export const overrule = (reason: AttemptReason, shouldRetry: boolean | undefined): AttemptReason => {
  if (shouldRetry === false && reason._tag === "RateLimited") return { ...reason, _tag: "QuotaExhausted" }
  if (shouldRetry === true && reason._tag === "InvalidRequest") {
    const { code, description } = reason
    return {
      _tag: "ServerFault",
      ...(description === undefined ? undefined : { description }),
      ...(code === undefined ? undefined : { code })
    }
  }
  return reason
}

/**
 * The error of a reason, with the wait that the headers ask for where it can be tried again.
 *
 * @since 0.1.0
 * @category conversions
 */
export const errorOf = (reason: AttemptReason, failed?: Omit<Failed, "body">): AttemptError => {
  switch (reason._tag) {
    case "RateLimited":
    case "Overloaded":
    case "ServerFault":
    case "NetworkFault":
    case "TimedOut":
    case "StreamInterrupted":
    case "MalformedResponse": {
      const retryAfter = failed === undefined
        ? undefined
        : RetryAfter.fromHeaders(failed.headers, failed.now) ??
          (reason._tag === "RateLimited" ? RetryAfter.fromRateLimitReset(failed.headers) : undefined)
      return retryable(reason, { retryAfter, status: failed?.status }) as AttemptError
    }
    default:
      return fatal(reason, { status: failed?.status }) as AttemptError
  }
}
