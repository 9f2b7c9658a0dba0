/**
 * How long a vendor asks to wait, read from its headers.
 *
 * @since 0.1.0
 */
import { DateTime, Duration, Option } from "effect"
import type { Headers } from "effect/http"

/** Longer waits are taken for garbage: no vendor's quota window is longer than a month. */
const longest = 31 * 24 * 60 * 60 * 1000

const wait = (millis: number): Duration.Duration | undefined =>
  Number.isFinite(millis) && millis >= 0 && millis <= longest ? Duration.millis(millis) : undefined

const plainNumber = /^\d+(\.\d+)?$/

const scaled = (text: string | undefined, unit: number): Duration.Duration | undefined => {
  const trimmed = text?.trim()
  return trimmed !== undefined && plainNumber.test(trimmed) ? wait(Number(trimmed) * unit) : undefined
}

/** The three forms of RFC 9110 and ISO 8601; the engine's own parser alone would also accept "soon 7". */
const dateForm = /^(?:[A-Za-z]{3,9}, \d{2}[ -][A-Za-z]{3}[ -]\d{2,4} .*GMT|\d{4}-\d{2}-\d{2}T.*)$/
const asctimeForm = /^[A-Za-z]{3} [A-Za-z]{3} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/

const fromDate = (text: string | undefined, now: number): Duration.Duration | undefined => {
  const trimmed = text?.trim() ?? ""
  const date = dateForm.test(trimmed) ? trimmed : asctimeForm.test(trimmed) ? `${trimmed} GMT` : undefined
  return date === undefined
    ? undefined
    : Option.match(DateTime.make(date), {
      onNone: () => undefined,
      onSome: (time) => wait(DateTime.toEpochMillis(time) - now)
    })
}

const units: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000
}
const pieces = /(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h|d)/g
const wholeForm = /^(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h|d))+$/

/**
 * Reads a duration with units, as in `"13.2s"` (Google's `RetryInfo`), `"6m0s"` or `"20ms"` (OpenAI's
 * `x-ratelimit-reset-*`); anything else is `undefined`.
 *
 * @since 0.1.0
 * @category parsing
 */
export const parse = (text: string | undefined): Duration.Duration | undefined => {
  const trimmed = text?.trim() ?? ""
  if (!wholeForm.test(trimmed)) return undefined
  let millis = 0
  for (const [, amount, unit] of trimmed.matchAll(pieces)) millis += Number(amount) * units[unit!]!
  return wait(millis)
}

/**
 * Reads `retry-after-ms`, else `retry-after` as seconds or as an HTTP date (`now` is in epoch milliseconds); negative
 * waits, dates in the past, waits beyond 31 days and garbage are `undefined`.
 *
 * @since 0.1.0
 * @category parsing
 */
export const fromHeaders = (headers: Headers.Headers, now: number): Duration.Duration | undefined =>
  scaled(headers["retry-after-ms"], 1) ??
    scaled(headers["retry-after"], 1000) ??
    fromDate(headers["retry-after"], now)

/**
 * Reads OpenAI's `x-ratelimit-reset-requests` and `-tokens`: the longest wait among the limits that are used up (those
 * whose `x-ratelimit-remaining-*` is 0 or not told).
 *
 * @since 0.1.0
 * @category parsing
 */
export const fromRateLimitReset = (headers: Headers.Headers): Duration.Duration | undefined => {
  let longestWait: Duration.Duration | undefined
  for (const limit of ["requests", "tokens"]) {
    const remaining = headers[`x-ratelimit-remaining-${limit}`]
    if (remaining !== undefined && Number(remaining) > 0) continue
    const reset = parse(headers[`x-ratelimit-reset-${limit}`])
    if (reset !== undefined) longestWait = longestWait === undefined ? reset : Duration.max(longestWait, reset)
  }
  return longestWait
}

/**
 * Reads `x-should-retry` (OpenAI, Anthropic), `undefined` when the vendor does not say.
 *
 * @since 0.1.0
 * @category parsing
 */
export const shouldRetry = (headers: Headers.Headers): boolean | undefined => {
  const told = headers["x-should-retry"]?.trim().toLowerCase()
  return told === "true" ? true : told === "false" ? false : undefined
}
