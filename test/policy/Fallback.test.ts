import { describe, expect, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import * as Dispatcher from "llmdispatcher/Dispatcher"
import { type AttemptError, dispositions, fatal, type Reason, retryable } from "llmdispatcher/VendorError"
import { answer, sequence } from "../support/vendors.ts"

const only = { retry: false, circuit: false } as const
const ask = { prompt: "Hello" }

const pair = (error: AttemptError, windows: readonly [number?, number?] = []) =>
  Effect.gen(function*() {
    const [a, b] = (["a", "b"] as const).map((name, index) =>
      sequence(name, [name === "a" ? Effect.fail(error) : answer("Hi")], {
        capabilities: () => windows[index] === undefined ? {} : { contextWindow: windows[index] }
      })
    )
    const dispatcher = yield* Dispatcher.make({ vendors: [a!.vendor, b!.vendor], ...only })
    const result = yield* Effect.result(dispatcher.send(ask))
    return { result, second: b!.calls.length }
  })

const reasons: Record<string, AttemptError> = {
  RateLimited: retryable({ _tag: "RateLimited" }),
  Overloaded: retryable({ _tag: "Overloaded" }),
  ServerFault: retryable({ _tag: "ServerFault" }),
  NetworkFault: retryable({ _tag: "NetworkFault" }),
  TimedOut: retryable({ _tag: "TimedOut", phase: "vendor" }),
  StreamInterrupted: retryable({ _tag: "StreamInterrupted" }),
  MalformedResponse: retryable({ _tag: "MalformedResponse" }),
  Unauthenticated: fatal({ _tag: "Unauthenticated" }),
  PermissionDenied: fatal({ _tag: "PermissionDenied" }),
  QuotaExhausted: fatal({ _tag: "QuotaExhausted" }),
  InvalidRequest: fatal({ _tag: "InvalidRequest" }),
  ContentFiltered: fatal({ _tag: "ContentFiltered" }),
  ModelNotFound: fatal({ _tag: "ModelNotFound" }),
  UnsupportedFeature: fatal({ _tag: "UnsupportedFeature" })
}

describe("Fallback", () => {
  it.effect.each(Object.entries(reasons))(
    "does after %s what the table says",
    ([tag, error]) =>
      Effect.gen(function*() {
        const { result, second } = yield* pair(error)
        const stops = dispositions[tag as Reason["_tag"]].action === "stop"
        expect(second).toBe(stops ? 0 : 1)
        if (result._tag === "Success") expect(result.success.text).toBe("Hi")
        else expect(result.failure.reason._tag).toBe(tag)
        expect(result._tag).toBe(stops ? "Failure" : "Success")
      })
  )

  it.effect("takes what a filter refused elsewhere only where that is allowed", () =>
    Effect.gen(function*() {
      const filtered = fatal({ _tag: "ContentFiltered" })
      const vendors = () => [
        sequence("a", [Effect.fail(filtered)]).vendor,
        sequence("b", [answer("Hi")]).vendor
      ]
      const strict = yield* Dispatcher.make({ vendors: vendors() })
      expect((yield* Effect.flip(strict.send(ask))).reason._tag).toBe("ContentFiltered")
      const free = yield* Dispatcher.make({ vendors: vendors(), onContentFiltered: "elsewhere" })
      expect((yield* free.send(ask)).vendor).toBe("b")
    }))

  it.effect("takes a conversation that is too long only to a window known to be larger", () =>
    Effect.gen(function*() {
      const tooLong = fatal({ _tag: "ContextLengthExceeded" })
      expect((yield* pair(tooLong, [8_000, 128_000])).second).toBe(1)
      expect((yield* pair(tooLong, [128_000, 8_000])).second).toBe(0)
      const { result, second } = yield* pair(tooLong)
      expect(second).toBe(0)
      expect(result._tag === "Failure" && result.failure.reason._tag).toBe("ContextLengthExceeded")
    }))

  it.effect("tells the one error there was where there was one candidate", () =>
    Effect.gen(function*() {
      const { vendor } = sequence("a", [Effect.fail(fatal({ _tag: "Unauthenticated" }, { status: 401 }))])
      const dispatcher = yield* Dispatcher.make({ vendors: [vendor], ...only })
      const error = yield* Effect.flip(dispatcher.send(ask))
      expect(JSON.parse(JSON.stringify(error))).toEqual({
        _tag: "FatalError",
        reason: { _tag: "Unauthenticated" },
        vendor: "a",
        target: "a/m",
        status: 401,
        attempts: [{
          number: 1,
          vendor: "a",
          target: "a/m",
          model: "m",
          outcome: "failed",
          reason: "Unauthenticated",
          message: "a/m: did not accept the key",
          status: 401,
          startedAfter: 0,
          duration: 0
        }]
      })
    }))

  it.effect("is fatal when all failed for good, and names each", () =>
    Effect.gen(function*() {
      const vendors = [
        sequence("a", [Effect.fail(reasons["Unauthenticated"]!)]),
        sequence("b", [Effect.fail(reasons["ModelNotFound"]!)])
      ].map(({ vendor }) => vendor)
      const dispatcher = yield* Dispatcher.make({ vendors, ...only })
      const error = yield* Effect.flip(dispatcher.send(ask))
      expect(error._tag).toBe("FatalError")
      expect(error.message).toBe("every candidate failed: a/m Unauthenticated, b/m ModelNotFound")
    }))

  it.effect("is retryable as soon as one failure was, after the shortest wait told", () =>
    Effect.gen(function*() {
      const limited = (seconds: number) => retryable({ _tag: "RateLimited" }, { retryAfter: Duration.seconds(seconds) })
      const vendors = [
        sequence("a", [Effect.fail(limited(30))]),
        sequence("b", [Effect.fail(reasons["Unauthenticated"]!)]),
        sequence("c", [Effect.fail(limited(10))])
      ].map(({ vendor }) => vendor)
      const dispatcher = yield* Dispatcher.make({ vendors, ...only })
      const error = yield* Effect.flip(dispatcher.send(ask))
      expect(error._tag === "RetryableError" && error.retryAfter).toEqual(Duration.seconds(10))
    }))

  it.effect("makes no more calls in all than allowed", () =>
    Effect.gen(function*() {
      const made = Array.from({ length: 9 }, (_, index) => sequence(`v${index}`, [Effect.fail(reasons["Overloaded"]!)]))
      const dispatcher = yield* Dispatcher.make({
        vendors: made.map(({ vendor }) => vendor),
        maxAttempts: 4,
        circuit: false
      })
      const error = yield* Effect.flip(dispatcher.send(ask))
      expect(made.map(({ calls }) => calls.length)).toEqual([1, 1, 1, 1, 0, 0, 0, 0, 0])
      expect(error.attempts?.length).toBe(4)
    }))
})
