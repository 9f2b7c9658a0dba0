import { describe, expect, it } from "@effect/vitest"
import { Duration } from "effect"
import { Headers } from "effect/http"
import * as RetryAfter from "../../src/wire/RetryAfter.ts"

const now = Date.UTC(2026, 0, 1, 12, 0, 0)
const millis = (duration: Duration.Duration | undefined) =>
  duration === undefined ? undefined : Duration.toMillis(duration)

describe("RetryAfter", () => {
  it.each<[Record<string, string>, number | undefined]>([
    [{}, undefined],
    [{ "retry-after-ms": "1500" }, 1500],
    [{ "retry-after-ms": "12.5", "retry-after": "9" }, 12.5],
    [{ "retry-after-ms": "-5", "retry-after": "9" }, 9000],
    [{ "retry-after-ms": "soon", "retry-after": "1" }, 1000],
    [{ "retry-after": "0" }, 0],
    [{ "retry-after": " 20 " }, 20_000],
    [{ "retry-after": "0.25" }, 250],
    [{ "retry-after": "-1" }, undefined],
    [{ "retry-after": "1e99" }, undefined],
    [{ "retry-after": "99999999999" }, undefined],
    [{ "retry-after": "NaN" }, undefined],
    [{ "retry-after": "soon 7" }, undefined],
    [{ "retry-after": "" }, undefined],
    [{ "retry-after": "Thu, 01 Jan 2026 12:00:30 GMT" }, 30_000],
    [{ "retry-after": "Thursday, 01-Jan-26 12:01:00 GMT" }, 60_000],
    [{ "retry-after": "Thu Jan  1 12:00:05 2026" }, 5000],
    [{ "retry-after": "2026-01-01T12:00:01.500Z" }, 1500],
    [{ "retry-after": "Thu, 01 Jan 2026 11:59:30 GMT" }, undefined],
    [{ "retry-after": "Thu, 99 Foo 2026 11:59:30 GMT" }, undefined]
  ])("reads the headers %j as %s ms", (headers, expected) => {
    expect(millis(RetryAfter.fromHeaders(Headers.fromInput(headers), now))).toBe(expected)
  })

  it.each<[string, number | undefined]>([
    ["13.2s", 13_200],
    ["1s", 1000],
    ["6m0s", 360_000],
    ["20ms", 20],
    ["1h2m3.5s", 3_723_500],
    ["3600s", 3_600_000],
    ["120us", 0.12],
    ["1d", 86_400_000],
    ["", undefined],
    ["5", undefined],
    ["-1s", undefined],
    ["1s later", undefined],
    ["1y", undefined],
    ["9999999d", undefined]
  ])("reads the duration %j as %s ms", (text, expected) => {
    expect(millis(RetryAfter.parse(text))).toBe(expected)
  })

  it.each<[Record<string, string>, number | undefined]>([
    [{}, undefined],
    [{ "x-ratelimit-reset-requests": "1s", "x-ratelimit-reset-tokens": "6m0s" }, 360_000],
    [{
      "x-ratelimit-remaining-requests": "0",
      "x-ratelimit-reset-requests": "1s",
      "x-ratelimit-remaining-tokens": "90",
      "x-ratelimit-reset-tokens": "6m0s"
    }, 1000],
    [{ "x-ratelimit-remaining-tokens": "90", "x-ratelimit-reset-tokens": "6m0s" }, undefined],
    [{ "x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "20ms" }, 20],
    [{ "x-ratelimit-reset-tokens": "garbage" }, undefined]
  ])("reads the resets %j as %s ms", (headers, expected) => {
    expect(millis(RetryAfter.fromRateLimitReset(Headers.fromInput(headers)))).toBe(expected)
  })

  it.each<[string | undefined, boolean | undefined]>([
    ["true", true],
    ["False", false],
    ["perhaps", undefined],
    [undefined, undefined]
  ])("reads x-should-retry %j as %s", (value, expected) => {
    expect(RetryAfter.shouldRetry(Headers.fromInput(value === undefined ? {} : { "x-should-retry": value }))).toBe(
      expected
    )
  })
})
