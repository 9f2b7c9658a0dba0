/**
 * What a vendor's headers tell of its rate limits.
 *
 * @since 0.1.0
 */
import { DateTime, Duration, Option } from "effect"
import type { Headers } from "effect/http"
import type { RateLimit, RateLimits } from "../Vendor.ts"
import * as RetryAfter from "./RetryAfter.ts"

interface Names {
  readonly kind: keyof RateLimits
  readonly limit: string
  readonly remaining: string
  readonly reset: string
}

/** OpenAI's, which Azure, Groq and other compatible servers send too. */
const openAi = (kind: keyof RateLimits): Names => ({
  kind,
  limit: `x-ratelimit-limit-${kind}`,
  remaining: `x-ratelimit-remaining-${kind}`,
  reset: `x-ratelimit-reset-${kind}`
})

const anthropic = (kind: keyof RateLimits, name: string): Names => ({
  kind,
  limit: `anthropic-ratelimit-${name}-limit`,
  remaining: `anthropic-ratelimit-${name}-remaining`,
  reset: `anthropic-ratelimit-${name}-reset`
})

const known: ReadonlyArray<Names> = [
  openAi("requests"),
  openAi("tokens"),
  anthropic("requests", "requests"),
  anthropic("tokens", "tokens"),
  anthropic("inputTokens", "input-tokens"),
  anthropic("outputTokens", "output-tokens")
]

const plainNumber = /^\d+(\.\d+)?$/

const count = (text: string | undefined): number | undefined => {
  if (text === undefined) return undefined
  const trimmed = text.trim()
  if (!plainNumber.test(trimmed)) return undefined
  const value = Number(trimmed)
  return value <= Number.MAX_SAFE_INTEGER ? value : undefined
}

/** RFC 3339; the engine's own parser alone would also accept "soon 7". */
const dateForm = /^\d{4}-\d{2}-\d{2}T/

/** Longer waits are taken for garbage, as in `RetryAfter`. */
const longest = 31 * 24 * 3_600_000

/** A time, a duration with units, or plain seconds. */
const resetOf = (text: string | undefined, now: number): number | undefined => {
  const trimmed = text?.trim() ?? ""
  if (dateForm.test(trimmed)) {
    const at = Option.map(DateTime.make(trimmed), DateTime.toEpochMillis)
    return Option.getOrUndefined(Option.filter(at, (at) => at - now <= longest))
  }
  const duration = RetryAfter.parse(plainNumber.test(trimmed) ? `${trimmed}s` : trimmed)
  return duration === undefined ? undefined : now + Math.ceil(Duration.toMillis(duration))
}

/**
 * Reads OpenAI's `x-ratelimit-*` and Anthropic's `anthropic-ratelimit-*` headers; `undefined` where none tells how much
 * is left (`now` in epoch milliseconds). What cannot be read, and resets beyond 31 days, are left out.
 *
 * @since 0.1.0
 * @category parsing
 */
export const fromHeaders = (headers: Headers.Headers, now: number): RateLimits | undefined => {
  let limits: { -readonly [Kind in keyof RateLimits]: RateLimit } | undefined
  for (const names of known) {
    const remaining = count(headers[names.remaining])
    if (remaining === undefined) continue
    const limit = count(headers[names.limit])
    const resetAt = resetOf(headers[names.reset], now)
    limits ??= {}
    limits[names.kind] = {
      remaining,
      ...(limit === undefined ? undefined : { limit }),
      ...(resetAt === undefined ? undefined : { resetAt })
    }
  }
  return limits
}
