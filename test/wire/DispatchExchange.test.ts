import { assert, describe, expect, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Result, Scope, Stream } from "effect"
import * as DispatchExchange from "../../src/wire/DispatchExchange.ts"
import type { Request } from "../../src/wire/Exchange.ts"

const request: Request = {
  method: "POST",
  url: "http://vendor.test/v1/a path?q=1#hash",
  headers: { accept: "application/json" },
  body: "{}",
  secretNames: []
}

const bytes = (text: string) => new TextEncoder().encode(text)

/** A connection that says what a test makes it say, and notes how it is steered. */
const connection = () => {
  const steered: Array<string> = []
  const sent = Deferred.makeUnsafe<DispatchExchange.Handler>()
  const dispatched: Array<DispatchExchange.Outgoing> = []
  const exchange = DispatchExchange.make((outgoing, handler) => {
    dispatched.push(outgoing)
    Deferred.doneUnsafe(sent, Effect.succeed(handler))
  })
  const controller = {
    abort: () => void steered.push("abort"),
    pause: () => void steered.push("pause"),
    resume: () => void steered.push("resume")
  }
  const server = Effect.map(Deferred.await(sent), (handler) => ({
    start: () => handler.onRequestStart(controller),
    head: (status = 200, headers: Record<string, string> = {}) => handler.onResponseStart(controller, status, headers),
    data: (chunk: string | Uint8Array) =>
      handler.onResponseData(controller, typeof chunk === "string" ? bytes(chunk) : chunk),
    end: () => handler.onResponseEnd(),
    lose: () => handler.onResponseError(null, undefined),
    error: (code: string) => handler.onResponseError(controller, Object.assign(new Error("secret"), { code }))
  }))
  return { exchange, server, steered, dispatched }
}

const microtasks = Effect.promise(() => Promise.resolve())

const whole = (limit = 1_000_000) =>
  Effect.gen(function*() {
    const { dispatched, exchange, server, steered } = connection()
    const fiber = yield* Effect.forkChild(exchange.whole(request, () => limit), { startImmediately: true })
    return { fiber, dispatched, server: yield* server, steered }
  })

const open = Effect.gen(function*() {
  const { exchange, server, steered } = connection()
  const scope = yield* Scope.make()
  const fiber = yield* Effect.forkChild(Scope.provide(exchange.open(request), scope), { startImmediately: true })
  return { fiber, scope, server: yield* server, steered }
})

const opened = Effect.gen(function*() {
  const { fiber, ...rest } = yield* open
  rest.server.start()
  rest.server.head()
  return { ...rest, answer: yield* Fiber.join(fiber) }
})

const textOf = (chunks: ReadonlyArray<Uint8Array>) => Buffer.concat(chunks).toString("utf8")

describe("a whole answer", () => {
  it.effect("is asked for with the URL as sockets want it", () =>
    Effect.gen(function*() {
      const { dispatched, fiber } = yield* whole()
      expect(dispatched).toEqual([{
        method: "POST",
        origin: "http://vendor.test",
        path: "/v1/a%20path?q=1",
        headers: { accept: "application/json" },
        body: "{}"
      }])
      yield* Fiber.interrupt(fiber)
    }))

  it.effect("is one text, however its characters were cut", () =>
    Effect.gen(function*() {
      const { fiber, server, steered } = yield* whole()
      const said = bytes("{\"é\":\"😀\"}")
      server.start()
      server.head(200, { "X-Request-Id": "r1" })
      for (const byte of said) server.data(Uint8Array.of(byte))
      server.end()
      const { body, headers, status } = yield* Fiber.join(fiber)
      expect([status, headers["x-request-id"], body]).toEqual([
        200,
        "r1",
        Result.succeed({ text: "{\"é\":\"😀\"}", complete: true })
      ])
      expect(steered).toEqual([])
    }))

  it.effect("is not aborted by an interruption that comes after it", () =>
    Effect.gen(function*() {
      const { fiber, server, steered } = yield* whole()
      server.start()
      server.head()
      server.end()
      yield* Fiber.interrupt(fiber)
      expect(steered).toEqual([])
    }))

  it.effect("may be empty", () =>
    Effect.gen(function*() {
      const { fiber, server } = yield* whole()
      server.start()
      server.head(204)
      server.end()
      expect((yield* Fiber.join(fiber)).body).toEqual(Result.succeed({ text: "", complete: true }))
    }))

  it.effect("is that which follows the informational ones", () =>
    Effect.gen(function*() {
      const { fiber, server } = yield* whole()
      server.start()
      server.head(103, { link: "</style.css>" })
      server.head(200, { link: "no" })
      server.data("{}")
      server.end()
      const { headers, status } = yield* Fiber.join(fiber)
      expect([status, headers["link"]]).toEqual([200, "no"])
    }))

  it.effect("is cut where it is larger than allowed, and aborted", () =>
    Effect.gen(function*() {
      const { fiber, server, steered } = yield* whole(5)
      server.start()
      server.head()
      server.data("123")
      server.data("4567")
      expect((yield* Fiber.join(fiber)).body).toEqual(Result.succeed({ text: "12345", complete: false }))
      expect(steered).toEqual(["abort"])
    }))

  it.effect("may be just as large as allowed", () =>
    Effect.gen(function*() {
      const { fiber, server, steered } = yield* whole(5)
      server.start()
      server.head()
      server.data("12345")
      server.end()
      expect((yield* Fiber.join(fiber)).body).toEqual(Result.succeed({ text: "12345", complete: true }))
      expect(steered).toEqual([])
    }))

  it.effect("tells its head where its body breaks", () =>
    Effect.gen(function*() {
      const { fiber, server } = yield* whole()
      server.start()
      server.head(503)
      server.data("so")
      server.error("ECONNRESET")
      const { body, status } = yield* Fiber.join(fiber)
      expect(status).toBe(503)
      assert(Result.isFailure(body))
      expect(body.failure).toMatchObject({ at: "body", cause: { code: "ECONNRESET" } })
    }))

  it.effect("that never begins fails", () =>
    Effect.gen(function*() {
      const { fiber, server } = yield* whole()
      server.error("ECONNREFUSED")
      expect(yield* Effect.flip(Fiber.join(fiber))).toMatchObject({ at: "head", cause: { code: "ECONNREFUSED" } })
    }))

  it.effect("is aborted once its connection is there, when the interruption came before", () =>
    Effect.gen(function*() {
      const { fiber, server, steered } = yield* whole()
      yield* Fiber.interrupt(fiber)
      expect(steered).toEqual([])
      server.start()
      expect(steered).toEqual(["abort"])
    }))

  it.effect("is aborted in its middle by an interruption, and what still comes is nobody's", () =>
    Effect.gen(function*() {
      const { fiber, server, steered } = yield* whole()
      server.start()
      server.head()
      server.data("{")
      yield* Fiber.interrupt(fiber)
      expect(steered).toEqual(["abort"])
      server.data("}")
      server.error("UND_ERR_ABORTED")
      server.end()
      yield* microtasks
      expect(steered).toEqual(["abort"])
    }))
})

describe("a stream", () => {
  it.effect("gives what waits in one array, and then waits for more", () =>
    Effect.gen(function*() {
      const { answer, server } = yield* opened
      const seen: Array<ReadonlyArray<string>> = []
      server.data("1")
      server.data("2")
      const reader = yield* Effect.forkChild(
        Stream.runForEachArray(answer.bytes, (chunks) =>
          Effect.sync(() => {
            seen.push(chunks.map((chunk) => textOf([chunk])))
          })),
        { startImmediately: true }
      )
      expect(seen).toEqual([["1", "2"]])
      server.data("3")
      server.data("4")
      expect(seen).toEqual([["1", "2"]])
      yield* microtasks
      expect(seen).toEqual([["1", "2"], ["3", "4"]])
      server.data("5")
      server.end()
      yield* Fiber.join(reader)
      expect(seen).toEqual([["1", "2"], ["3", "4"], ["5"]])
    }))

  it.effect("gives what came before it broke, and then the error", () =>
    Effect.gen(function*() {
      const { answer, server } = yield* opened
      server.data("1")
      server.error("UND_ERR_SOCKET")
      const seen: Array<Uint8Array> = []
      const error = yield* Effect.flip(
        Stream.runForEach(answer.bytes, (chunk) => Effect.sync(() => seen.push(chunk)))
      )
      expect([textOf(seen), error.at]).toEqual(["1", "body"])
    }))

  it.effect("does not end well with an error that has no cause", () =>
    Effect.gen(function*() {
      const { answer, server } = yield* opened
      server.lose()
      expect((yield* Effect.flip(Stream.runDrain(answer.bytes))).at).toBe("body")
    }))

  it.effect("pauses its socket once more than 64 KiB wait, and resumes it when they are taken", () =>
    Effect.gen(function*() {
      const { answer, server, steered } = yield* opened
      for (let index = 0; index < 64; index++) server.data(new Uint8Array(1024))
      expect(steered).toEqual([])
      server.data("x")
      server.data("y")
      expect(steered).toEqual(["pause"])
      const reader = yield* Effect.forkChild(Stream.runCollect(answer.bytes), { startImmediately: true })
      expect(steered).toEqual(["pause"])
      yield* microtasks
      expect(steered).toEqual(["pause", "resume"])
      server.end()
      expect((yield* Fiber.join(reader)).length).toBe(66)
    }))

  it.effect("resumes no socket whose answer has ended, since it may carry another", () =>
    Effect.gen(function*() {
      const { answer, server, steered } = yield* opened
      server.data(new Uint8Array(64 * 1024 + 1))
      server.end()
      yield* Stream.runDrain(answer.bytes)
      yield* microtasks
      expect(steered).toEqual(["pause"])
    }))

  it.effect("is read as text beyond what may wait", () =>
    Effect.gen(function*() {
      const { answer, server, steered } = yield* opened
      server.data(new Uint8Array(64 * 1024 + 1).fill(120))
      const reader = yield* Effect.forkChild(answer.text(100_000), { startImmediately: true })
      yield* microtasks
      server.data("y".repeat(10_000))
      server.end()
      expect(yield* Fiber.join(reader)).toEqual({
        text: "x".repeat(64 * 1024 + 1) + "y".repeat(10_000),
        complete: true
      })
      expect(steered).toEqual(["pause", "resume"])
    }))

  it.effect("is cut as text where it is larger than allowed, and aborted", () =>
    Effect.gen(function*() {
      const { answer, server, steered } = yield* opened
      server.data("12345")
      expect(yield* answer.text(3)).toEqual({ text: "123", complete: false })
      expect(steered).toEqual(["abort"])
    }))

  it.effect("is aborted with its Scope, and its reader fails", () =>
    Effect.gen(function*() {
      const { answer, scope, server, steered } = yield* opened
      const reader = yield* Effect.forkChild(Stream.runDrain(answer.bytes), { startImmediately: true })
      server.data("1")
      yield* microtasks
      yield* Scope.close(scope, Exit.void)
      expect(steered).toEqual(["abort"])
      expect(yield* Effect.flip(Fiber.join(reader))).toMatchObject({ at: "body", cause: { code: "UND_ERR_ABORTED" } })
    }))

  it.effect("is aborted when its reader stops before the end", () =>
    Effect.gen(function*() {
      const { answer, server, steered } = yield* opened
      server.data("1")
      yield* Stream.runDrain(Stream.take(answer.bytes, 1))
      expect(steered).toEqual(["abort"])
    }))

  it.effect("is not aborted once it has been read whole", () =>
    Effect.gen(function*() {
      const { answer, scope, server, steered } = yield* opened
      server.data("1")
      server.end()
      yield* Stream.runDrain(answer.bytes)
      yield* Scope.close(scope, Exit.void)
      expect(steered).toEqual([])
    }))

  it.effect("goes on after a reader that gave up waiting", () =>
    Effect.gen(function*() {
      const { answer, server } = yield* opened
      const pull = yield* Stream.toPull(answer.bytes)
      const waiting = yield* Effect.forkChild(pull, { startImmediately: true })
      yield* Fiber.interrupt(waiting)
      server.data("1")
      expect(textOf(yield* Effect.orDie(pull))).toBe("1")
    }))

  it.effect("is aborted by an interruption before its head", () =>
    Effect.gen(function*() {
      const { fiber, server, steered } = yield* open
      server.start()
      yield* Fiber.interrupt(fiber)
      expect(steered).toEqual(["abort"])
    }))
})

it.effect("a URL that is none is sent nowhere", () =>
  Effect.gen(function*() {
    const { dispatched, exchange } = connection()
    const error = yield* Effect.flip(exchange.whole({ ...request, url: "not a url" }, () => 1))
    expect([error.at, dispatched]).toEqual(["url", []])
  }))
