import { describe, expect, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer, Redacted, Stream } from "effect"
import * as Dispatcher from "llmdispatcher/Dispatcher"
import { type StreamPart, summaryOf } from "llmdispatcher/Response"
import * as OpenAi from "llmdispatcher/vendor/OpenAi"
import type { DispatchError } from "llmdispatcher/VendorError"
import * as NodeHttp from "llmdispatcher/wire/NodeHttp"
import * as FaultServer from "./wire/FaultServer.ts"

const event = (value: unknown) => `data: ${JSON.stringify(value)}\n\n`
const chunk = (delta: object, finish_reason: string | null = null) =>
  event({
    id: "c1",
    object: "chat.completion.chunk",
    model: "gpt-5-mini",
    choices: [{ index: 0, delta, finish_reason }]
  })
const hello = [chunk({ role: "assistant", content: "Hel" }), chunk({ content: "lo" })]
const stop = chunk({}, "stop")
const usage = event({ id: "c1", choices: [], usage: { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 } })
const done = "data: [DONE]\n\n"
const whole = FaultServer.stream(...hello, stop, usage, done)

const ask = { prompt: "Hello" }

/** A dispatcher over real OpenAI vendors, one for each server, with short waits and limits. */
const over = (
  servers: ReadonlyArray<FaultServer.FaultServer>,
  options: Partial<Parameters<typeof Dispatcher.make>[0]> = {}
) =>
  Effect.gen(function*() {
    const client = yield* Layer.build(NodeHttp.layer())
    const vendors = yield* Effect.forEach(servers, ({ url }, index) =>
      OpenAi.make({ name: `v${index}`, apiKey: Redacted.make("sk-test"), baseUrl: `${url}/v1` })).pipe(
        Effect.provide(client)
      )
    return yield* Dispatcher.make({ vendors, retry: { base: "1 millis" }, ...options })
  })

/** What a caller of the stream sees: the text, who answered, the error. */
const seen = (dispatcher: Dispatcher.Dispatcher["Service"]) =>
  Effect.gen(function*() {
    const parts: Array<StreamPart> = []
    const error: DispatchError | undefined = yield* dispatcher.stream(ask).pipe(
      Stream.runForEach((part) => Effect.sync(() => parts.push(part))),
      Effect.match({ onFailure: (error) => error, onSuccess: () => undefined })
    )
    const last = parts[parts.length - 1]
    const summary = last === undefined ? undefined : summaryOf(last)
    const attempts = summary?.attempts ?? error?.attempts ?? []
    return {
      text: parts.map((part) => part.type === "text-delta" ? part.delta : "").join(""),
      finishes: parts.filter(({ type }) => type === "finish").length,
      error: error?.reason._tag,
      attempts: attempts.map(({ outcome, reason, vendor }) => [vendor, outcome, reason].filter(Boolean).join(" "))
    }
  })

const answered = (...attempts: ReadonlyArray<string>) => ({ text: "Hello", finishes: 1, error: undefined, attempts })

describe("Dispatcher over real sockets", () => {
  const beforeTheAnswer: Record<string, readonly [handler: FaultServer.Handler, reason: string]> = {
    "a reset before headers": [FaultServer.reset, "NetworkFault"],
    "a 500": [FaultServer.json(500, { error: { message: "oops" } }), "ServerFault"],
    "a 503 overloaded": [
      FaultServer.json(503, { error: { message: "busy", code: "server_is_overloaded" } }),
      "Overloaded"
    ],
    "a 429": [FaultServer.json(429, { error: { message: "slow", code: "rate_limit_exceeded" } }), "RateLimited"],
    "a 429 out of quota": [
      FaultServer.json(429, { error: { message: "pay", code: "insufficient_quota" } }),
      "QuotaExhausted"
    ],
    "a 401": [FaultServer.json(401, { error: { message: "who", code: "invalid_api_key" } }), "Unauthenticated"],
    "a garbage line": [FaultServer.stream("data: {not json\n\n"), "MalformedResponse"],
    "an error event after 200": [
      FaultServer.stream(event({ error: { message: "oops", type: "server_error" } })),
      "ServerFault"
    ],
    "a stream that is cut before its first word": [
      FaultServer.cut(chunk({ role: "assistant", content: "" })),
      "StreamInterrupted"
    ],
    "an error in JSON after 200": [FaultServer.json(200, { error: { code: "server_is_overloaded" } }), "Overloaded"],
    "a page that is no stream": [
      FaultServer.text(200, "<html>", { "content-type": "text/html; charset=utf-8" }),
      "MalformedResponse"
    ]
  }

  it.live.each(Object.entries(beforeTheAnswer).map(([name, broken]) => [name, ...broken] as const))(
    "goes elsewhere unseen after %s",
    ([, handler, reason]) =>
      Effect.gen(function*() {
        const broken = yield* FaultServer.make(handler)
        const good = yield* FaultServer.make(whole)
        const dispatcher = yield* over([broken, good], { retry: false })
        expect(yield* seen(dispatcher)).toEqual(answered(`v0 failed ${reason}`, "v1 answered"))
        expect([broken.requests.length, good.requests.length]).toEqual([1, 1])
      })
  )

  it.live("goes elsewhere after silence, and hangs up on the silent one", () =>
    Effect.gen(function*() {
      const silent = yield* FaultServer.make(FaultServer.silence)
      const good = yield* FaultServer.make(whole)
      const dispatcher = yield* over([silent, good], { retry: false, timeouts: { connect: "250 millis" } })
      expect(yield* seen(dispatcher)).toEqual(answered("v0 failed TimedOut", "v1 answered"))
      yield* silent.requests[0]!.aborted
    }))

  it.live("goes elsewhere when the first word does not come, and hangs up", () =>
    Effect.gen(function*() {
      const stalled = yield* FaultServer.make(FaultServer.stall(chunk({ role: "assistant", content: "" })))
      const good = yield* FaultServer.make(whole)
      const dispatcher = yield* over([stalled, good], { retry: false, timeouts: { firstPart: "50 millis" } })
      expect(yield* seen(dispatcher)).toEqual(answered("v0 failed TimedOut", "v1 answered"))
      yield* stalled.requests[0]!.aborted
    }))

  it.live("retries the same vendor where there is no other", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(FaultServer.json(500, {}), whole)
      const dispatcher = yield* over([server])
      expect(yield* seen(dispatcher)).toEqual(answered("v0 failed ServerFault", "v0 answered"))
    }))

  it.live("streams a whole answer from a server that overlooks the wish to stream", () =>
    Effect.gen(function*() {
      const message = { role: "assistant", content: "Hello" }
      const server = yield* FaultServer.make(FaultServer.json(200, {
        id: "c1",
        object: "chat.completion",
        model: "gpt-5-mini",
        choices: [{ index: 0, message, finish_reason: "stop" }],
        usage: { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 }
      }))
      const dispatcher = yield* over([server])
      expect(yield* seen(dispatcher)).toEqual(answered("v0 answered"))
    }))

  it.live("takes a stream without [DONE] for whole once it has told why it stopped", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(FaultServer.stream(...hello, stop, usage))
      expect(yield* seen(yield* over([server]))).toEqual(answered("v0 answered"))
    }))

  it.live("ends with one clear error when a stream is cut after it began", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(FaultServer.cut(...hello))
      const other = yield* FaultServer.make(whole)
      expect(yield* seen(yield* over([server, other]))).toEqual({
        text: "Hello",
        finishes: 0,
        error: "StreamInterrupted",
        attempts: ["v0 failed StreamInterrupted"]
      })
      expect(other.requests.length).toBe(0)
    }))

  it.live("ends with one clear error when a stream just ends before it is whole", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(FaultServer.stream(...hello))
      expect(yield* seen(yield* over([server]))).toEqual({
        text: "Hello",
        finishes: 0,
        error: "StreamInterrupted",
        attempts: ["v0 failed StreamInterrupted"]
      })
    }))

  it.live("ends with one clear error when a stream stalls after it began, and hangs up", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(FaultServer.stall(...hello))
      const dispatcher = yield* over([server], { timeouts: { idle: "50 millis" } })
      expect(yield* seen(dispatcher)).toEqual({
        text: "Hello",
        finishes: 0,
        error: "TimedOut",
        attempts: ["v0 failed TimedOut"]
      })
      yield* server.requests[0]!.aborted
    }))

  it.live("ends with one clear error after a garbage line in the middle", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(FaultServer.stream(...hello, "data: {not json\n\n"))
      expect(yield* seen(yield* over([server]))).toEqual({
        text: "Hello",
        finishes: 0,
        error: "MalformedResponse",
        attempts: ["v0 failed MalformedResponse"]
      })
    }))

  it.live("hangs up on the vendor when the caller is interrupted before the answer", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(FaultServer.silence)
      const dispatcher = yield* over([server])
      for (const run of [dispatcher.send(ask), Stream.runDrain(dispatcher.stream(ask))]) {
        const fiber = yield* Effect.forkChild(run)
        const request = yield* server.arrived
        yield* Fiber.interrupt(fiber)
        yield* request.aborted
      }
    }))

  it.live("hangs up on the vendor when the caller is interrupted in the middle of the answer", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(FaultServer.stall(...hello))
      const dispatcher = yield* over([server])
      const begun = yield* Deferred.make<void>()
      const fiber = yield* dispatcher.stream(ask).pipe(
        Stream.runForEach(() => Deferred.succeed(begun, undefined)),
        Effect.forkChild
      )
      yield* Deferred.await(begun)
      yield* Fiber.interrupt(fiber)
      yield* server.requests[0]!.aborted
    }))

  // Two, since the pool may open a second one where a request follows within the same tick.
  it.live("uses its connections again for many answers, streamed and whole", () =>
    Effect.gen(function*() {
      const plain = FaultServer.json(200, {
        id: "c1",
        model: "gpt-5-mini",
        choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", content: "Hello" } }]
      })
      const server = yield* FaultServer.make(
        whole,
        ...Array.from({ length: 19 }, (_, index) => index % 2 === 0 ? plain : whole)
      )
      const dispatcher = yield* over([server])
      for (let time = 0; time < 20; time++) {
        if (time % 2 === 0) expect((yield* seen(dispatcher)).text).toBe("Hello")
        else expect((yield* dispatcher.send(ask)).text).toBe("Hello")
      }
      expect(server.requests.length).toBe(20)
      expect(server.connections()).toBeLessThanOrEqual(2)
    }))

  it.live("never tells the key", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(
        FaultServer.json(401, { error: { message: "Incorrect API key provided: sk-test", code: "invalid_api_key" } })
      )
      const dispatcher = yield* over([server])
      const error = yield* Effect.flip(dispatcher.send(ask))
      expect(server.requests[0]?.headers.authorization).toBe("Bearer sk-test")
      expect(`${error.message} ${JSON.stringify(error)} ${String(error.stack)}`).not.toContain("sk-test")
    }))
})
