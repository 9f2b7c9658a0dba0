import { describe, expect, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Result, Stream } from "effect"
import type { Call } from "../../src/gateway/Call.ts"
import type { Asked, Dialect } from "../../src/gateway/Dialect.ts"
import * as Exchange from "../../src/gateway/Exchange.ts"
import * as Failure from "../../src/gateway/Failure.ts"
import type { StreamPart } from "../../src/Response.ts"
import { type DispatchError, fatal, retryable } from "../../src/VendorError.ts"
import { textParts } from "../support/vendors.ts"

/** A call, and what was written to it. */
const callOf = (body: unknown, headers: Call["headers"] = {}) => {
  const written: Array<unknown> = []
  const call: Call = {
    id: "id1",
    method: "POST",
    path: "/",
    query: "",
    headers,
    json: body instanceof Error ? Effect.fail(Failure.make("too-large", body.message)) : Effect.succeed(body),
    answer: (status, _, body, headers = {}) => written.push({ status, body: JSON.parse(body), headers }),
    begin: (type, headers) => written.push({ type, headers }),
    write: (text) => written.push(text) > 0,
    drained: Effect.void,
    end: () => written.push("END")
  }
  return { call, written }
}

const asked = (isStream: boolean, part: (part: StreamPart) => string): Asked => ({
  request: { prompt: "Hi" },
  isStream,
  fieldOf: (field) => `their.${field}`,
  whole: ({ text }) => ({ text }),
  events: () => ({
    contentType: "text/x",
    part,
    end: () => "<end>",
    failed: ({ kind, message }) => `<failed ${kind} ${message}>`
  })
})

const dialectOf = (
  isStream = true,
  part = ({ type }: StreamPart) => type === "text-delta" ? "<delta>" : ""
): Dialect => ({
  name: "x",
  decode: ({ body }) =>
    body === "bad" ? Result.fail(Failure.make("invalid-request", "bad body")) : Result.succeed(asked(isStream, part)),
  immediate: (body) => body === "ping" ? { pong: true } : undefined,
  refusal: (failure) => ({ status: failure.status, body: { kind: failure.kind, field: failure.field } })
})

const surroundings = (parts: Stream.Stream<StreamPart, DispatchError>): Exchange.Surroundings => ({
  dispatcher: { send: () => Effect.fail(fatal({ _tag: "ModelNotFound" })), stream: () => parts },
  conceal: Effect.succeed
})

const run = (
  parts: Stream.Stream<StreamPart, DispatchError>,
  body: unknown = {},
  dialect = dialectOf(),
  headers = {}
) => {
  const { call, written } = callOf(body, headers)
  return Effect.map(
    Exchange.answer(surroundings(parts), call, call.json, dialect, {}, {}, 0),
    (outcome) => ({ outcome, written })
  )
}

const parts = Stream.fromIterable(textParts("a", "b"))
const overloaded = retryable({ _tag: "Overloaded" })
const begun = { type: "text/x", headers: { "llmdispatcher-target": "", "llmdispatcher-attempts": "0" } }

describe("an exchange", () => {
  it.effect("tells a stream as it comes, and its end", () =>
    Effect.gen(function*() {
      const { outcome, written } = yield* run(parts)
      expect(written).toEqual([begun, "<delta><delta>", "<end>", "END"])
      expect(outcome.status).toBe(200)
    }))

  it.effect("gives a stream that fails before its first part a status of its own", () =>
    Effect.gen(function*() {
      const { outcome, written } = yield* run(Stream.fail(overloaded))
      expect(written).toEqual([
        {
          status: 503,
          body: { kind: "overloaded", field: undefined },
          headers: { "llmdispatcher-reason": "Overloaded" }
        }
      ])
      expect(outcome).toEqual({ status: 503, reason: "Overloaded" })
    }))

  it.effect("ends a stream that breaks with one event that says so, and never as if it were whole", () =>
    Effect.gen(function*() {
      const { outcome, written } = yield* run(Stream.concat(Stream.make(textParts("a")[2]!), Stream.fail(overloaded)))
      expect(written).toEqual([begun, "<delta>", `<failed overloaded ${overloaded.message}>`, "END"])
      expect(outcome).toMatchObject({ status: 200, reason: "Overloaded" })
    }))

  it.effect("tells the caller of a stream that is cut, in one event", () =>
    Effect.gen(function*() {
      const { call, written } = callOf({})
      const first = yield* Deferred.make<void>()
      const endless = Stream.concat(
        Stream.make(textParts("a")[2]!),
        Stream.fromEffect(Effect.andThen(Deferred.succeed(first, undefined), Effect.never))
      )
      const fiber = yield* Effect.forkChild(
        Exchange.answer(surroundings(endless), call, call.json, dialectOf(), {}, {}, 0)
      )
      yield* Deferred.await(first)
      yield* Fiber.interrupt(fiber)
      expect(written).toEqual([begun, "<delta>", "<failed overloaded the gateway is stopping>", "END"])
    }))

  it.effect("tells of its own fault in the middle of a stream without its words", () =>
    Effect.gen(function*() {
      const { call, written } = callOf({})
      const dialect = dialectOf(true, ({ type }) => {
        if (type === "text-end") throw new Error("secret inside")
        return type === "text-delta" ? "<delta>" : ""
      })
      const single = Stream.flatMap(Stream.fromIterable(textParts("a")), Stream.make)
      yield* Effect.exit(Exchange.answer(surroundings(single), call, call.json, dialect, {}, {}, 0))
      expect(written.slice(1)).toEqual(["<delta>", "<failed internal the gateway failed>", "END"])
    }))

  it.effect("refuses what is no body, no body of its API, or a wish that is none, before anybody is asked", () =>
    Effect.gen(function*() {
      const unasked = Stream.die(new Error("nobody may be asked"))
      const results = [
        yield* run(unasked, new Error("too much")),
        yield* run(unasked, "bad"),
        yield* run(unasked, {}, dialectOf(), { "llmdispatcher-priority": "high" })
      ]
      expect(results.map(({ outcome, written }) => [outcome, written.length])).toEqual([
        [{ status: 413, reason: "too-large" }, 1],
        [{ status: 400, reason: "invalid-request" }, 1],
        [{ status: 400, reason: "invalid-request" }, 1]
      ])
    }))

  it.effect("answers at once what nobody needs to be asked for", () =>
    Effect.gen(function*() {
      const { written } = yield* run(Stream.never, "ping")
      expect(written).toEqual([{ status: 200, body: { pong: true }, headers: {} }])
    }))

  it.effect("names a wrong field as the caller knows it", () =>
    Effect.gen(function*() {
      const error = fatal({ _tag: "InvalidRequest", issues: [{ field: "maxTokens", message: "must be a number" }] })
      const { written } = yield* run(Stream.fail(error))
      expect(written).toMatchObject([{ status: 400, body: { kind: "invalid-request", field: "their.maxTokens" } }])
    }))

  it("tells when to come again in whole seconds, at least one, and in milliseconds", () => {
    const headers = [1, 999, 1_001, 90_000.5].map((retryAfter) => {
      const { call, written } = callOf({})
      Exchange.refuse(call, dialectOf(), Failure.make("rate-limited", "slow", { retryAfter }))
      const [{ headers }] = written as [{ headers: Record<string, string> }]
      return [headers["retry-after"], headers["retry-after-ms"]]
    })
    expect(headers).toEqual([["1", "1"], ["1", "999"], ["2", "1001"], ["91", "90001"]])
  })
})
