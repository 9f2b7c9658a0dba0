import { describe, expect, it } from "@effect/vitest"
import { Effect, Layer, Redacted, Stream } from "effect"
import { Headers } from "effect/http"
import * as Request from "llmdispatcher/Request"
import type { RateLimits as Limits } from "llmdispatcher/Vendor"
import * as OpenAi from "llmdispatcher/vendor/OpenAi"
import * as NodeHttp from "llmdispatcher/wire/NodeHttp"
import * as RateLimits from "../../src/wire/RateLimits.ts"
import * as FaultServer from "./FaultServer.ts"

const now = Date.UTC(2026, 0, 1, 12, 0, 0)

describe("RateLimits.fromHeaders", () => {
  it.each<[string, Record<string, string>, Limits | undefined]>([
    ["no header", {}, undefined],
    ["a limit without what is left", { "x-ratelimit-limit-requests": "60" }, undefined],
    [
      "OpenAI's",
      {
        "x-ratelimit-limit-requests": "10000",
        "x-ratelimit-limit-tokens": "2000000",
        "x-ratelimit-remaining-requests": "9999",
        "x-ratelimit-remaining-tokens": "1999000",
        "x-ratelimit-reset-requests": "6ms",
        "x-ratelimit-reset-tokens": "6m0s"
      },
      {
        requests: { limit: 10_000, remaining: 9_999, resetAt: now + 6 },
        tokens: { limit: 2_000_000, remaining: 1_999_000, resetAt: now + 360_000 }
      }
    ],
    [
      "Groq's fractions",
      { "x-ratelimit-remaining-tokens": "17997", "x-ratelimit-reset-tokens": "7.6605s" },
      { tokens: { remaining: 17_997, resetAt: now + 7_661 } }
    ],
    [
      "a reset in plain seconds",
      { "x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "12.5" },
      { requests: { remaining: 0, resetAt: now + 12_500 } }
    ],
    ["what is left alone", { "x-ratelimit-remaining-requests": " 7 " }, { requests: { remaining: 7 } }],
    [
      "Anthropic's",
      {
        "anthropic-ratelimit-requests-limit": "50",
        "anthropic-ratelimit-requests-remaining": "49",
        "anthropic-ratelimit-requests-reset": "2026-01-01T12:00:01Z",
        "anthropic-ratelimit-tokens-limit": "40000",
        "anthropic-ratelimit-tokens-remaining": "39000",
        "anthropic-ratelimit-tokens-reset": "2026-01-01T13:00:02+01:00",
        "anthropic-ratelimit-input-tokens-limit": "30000",
        "anthropic-ratelimit-input-tokens-remaining": "0",
        "anthropic-ratelimit-input-tokens-reset": "2026-01-01T12:01:00.250Z",
        "anthropic-ratelimit-output-tokens-limit": "8000",
        "anthropic-ratelimit-output-tokens-remaining": "8000",
        "anthropic-ratelimit-output-tokens-reset": "2026-01-01T12:00:00Z"
      },
      {
        requests: { limit: 50, remaining: 49, resetAt: now + 1_000 },
        tokens: { limit: 40_000, remaining: 39_000, resetAt: now + 2_000 },
        inputTokens: { limit: 30_000, remaining: 0, resetAt: now + 60_250 },
        outputTokens: { limit: 8_000, remaining: 8_000, resetAt: now }
      }
    ],
    [
      "garbage beside sense",
      {
        "x-ratelimit-limit-requests": "many",
        "x-ratelimit-remaining-requests": "3",
        "x-ratelimit-reset-requests": "soon 7",
        "x-ratelimit-remaining-tokens": "-1",
        "anthropic-ratelimit-input-tokens-remaining": "1e9"
      },
      { requests: { remaining: 3 } }
    ],
    [
      "resets beyond 31 days",
      {
        "x-ratelimit-remaining-requests": "3",
        "x-ratelimit-reset-requests": "99999999999",
        "anthropic-ratelimit-input-tokens-remaining": "2",
        "anthropic-ratelimit-input-tokens-reset": "2099-01-01T00:00:00Z",
        "anthropic-ratelimit-output-tokens-remaining": "1",
        "anthropic-ratelimit-output-tokens-reset": "2026-99-01T00:00:00Z"
      },
      { requests: { remaining: 3 }, inputTokens: { remaining: 2 }, outputTokens: { remaining: 1 } }
    ]
  ])("reads %s", (_, headers, expected) => {
    expect(RateLimits.fromHeaders(Headers.fromInput(headers), now)).toEqual(expected)
  })
})

describe("a vendor's answer", () => {
  const told = { "x-ratelimit-limit-requests": "60", "x-ratelimit-remaining-requests": "0" }
  const limits = { requests: { limit: 60, remaining: 0 } }
  const completion = { id: "c1", choices: [{ index: 0, message: { content: "Hi" }, finish_reason: "stop" }] }
  const event = { id: "c1", choices: [{ index: 0, delta: { content: "Hi" }, finish_reason: "stop" }] }

  const call = Effect.map(Request.decode({ prompt: "Hello" }), (request) => ({ request, model: "m" }))

  const over = (handler: FaultServer.Handler) =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(handler)
      const client = yield* Layer.build(NodeHttp.layer())
      return yield* OpenAi.make({ apiKey: Redacted.make("sk-test"), baseUrl: server.url }).pipe(Effect.provide(client))
    })

  it.live("carries the limits told with it", () =>
    Effect.gen(function*() {
      const vendor = yield* over(FaultServer.json(200, completion, told))
      const answer = yield* vendor.send(yield* call)
      expect(answer.limits).toEqual(limits)
    }))

  it.live("has no limits where none are told", () =>
    Effect.gen(function*() {
      const vendor = yield* over(FaultServer.json(200, completion))
      expect("limits" in (yield* vendor.send(yield* call))).toBe(false)
    }))

  it.live("carries them with a stream's begin", () =>
    Effect.gen(function*() {
      const vendor = yield* over((response) => {
        response.writeHead(200, { "content-type": "text/event-stream", ...told })
        response.end(`data: ${JSON.stringify(event)}\n\ndata: [DONE]\n\n`)
      })
      const stream = yield* vendor.stream(yield* call)
      expect(stream.limits).toEqual(limits)
      yield* Stream.runDrain(stream.parts)
    }))

  it.live("carries them where a stream is answered whole", () =>
    Effect.gen(function*() {
      const vendor = yield* over(FaultServer.json(200, completion, told))
      expect((yield* vendor.stream(yield* call)).limits).toEqual(limits)
    }))
})
