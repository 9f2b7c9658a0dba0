import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { describe, expect, it } from "@effect/vitest"
import { Deferred, Duration, Effect, Exit, Fiber, Layer, Redacted, Scope, Stream } from "effect"
import { FetchHttpClient, Headers, HttpClient } from "effect/http"
import { TestClock } from "effect/testing"
import { type AttemptError, fatal } from "../../src/VendorError.ts"
import * as Exchange from "../../src/wire/Exchange.ts"
import * as Http from "../../src/wire/Http.ts"
import * as NodeHttp from "../../src/wire/NodeHttp.ts"
import * as Status from "../../src/wire/Status.ts"
import * as Transport from "../../src/wire/Transport.ts"
import * as FaultServer from "./FaultServer.ts"

const key = "sk-canary-0123456789abcdef"

/** Reads only the status, and repeats the body as a vendor does who echoes. */
const failure = (failed: Status.Failed): AttemptError =>
  Status.errorOf(Status.reasonOf(failed.status, { description: failed.body, code: failed.body.slice(0, 80) }), failed)

const connect = (baseUrl: string, options: Partial<Http.Options> = {}) =>
  Http.make({
    baseUrl,
    headers: { authorization: Redacted.make(`Bearer ${key}`), "x-plain": "p" },
    failure,
    ...options
  })

const wrapped = (wrap: (client: HttpClient.HttpClient) => HttpClient.HttpClient) =>
  Layer.effect(HttpClient.HttpClient, Effect.map(HttpClient.HttpClient, wrap)).pipe(Layer.provide(NodeHttp.layer()))

const clients: ReadonlyArray<readonly [string, Layer.Layer<HttpClient.HttpClient>]> = [
  ["undici's lowest call", NodeHttp.layer()],
  ["a client that wraps undici's", wrapped(HttpClient.mapRequest((request) => request))],
  ["fetch", FetchHttpClient.layer]
]

it.effect("takes the lowest call only with the client that the layer itself gives", () =>
  Effect.gen(function*() {
    const client = yield* HttpClient.HttpClient
    expect(Exchange.of(client)).toBeDefined()
    const seen: Array<string> = []
    const logging = HttpClient.tapRequest(client, ({ url }) => Effect.sync(() => seen.push(url)))
    expect(Exchange.of(logging)).toBeUndefined()
    const server = yield* FaultServer.make(FaultServer.json(200, {}))
    const http = yield* connect(server.url).pipe(Effect.provideService(HttpClient.HttpClient, logging))
    yield* http.post("/chat", {})
    expect(seen).toEqual([`${server.url}/chat`])
  }).pipe(Effect.provide(NodeHttp.layer())))

it.effect("sends undici the options that a fiber carries", () =>
  Effect.gen(function*() {
    const server = yield* FaultServer.make(FaultServer.json(200, {}))
    const http = yield* connect(server.url)
    yield* http.post("/", {}).pipe(
      Effect.provideService(NodeHttpClient.UndiciOptions, { query: { tenant: "acme" } })
    )
    expect(server.requests[0]?.path).toBe("/?tenant=acme")
  }).pipe(Effect.provide(NodeHttp.layer())))

describe.each(clients)("over %s", (_, client) => {
  const test = (name: string, effect: () => Effect.Effect<void, unknown, Scope.Scope | HttpClient.HttpClient>) =>
    it.effect(name, () => Effect.provide(effect(), client))

  test("tells a failure by its status, and hangs up, when its words never end", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(FaultServer.endless(429, { "retry-after": "7" }))
      const http = yield* connect(server.url)
      const asked: ReadonlyArray<Effect.Effect<unknown, AttemptError>> = [
        http.post("/chat", {}),
        Effect.scoped(http.stream("/chat", {}))
      ]
      for (const ask of asked) {
        const fiber = yield* Effect.forkChild(Effect.flip(ask), { startImmediately: true })
        // The head comes when the sockets bring it, the end of patience by the test's clock.
        while (fiber.pollUnsafe() === undefined) {
          yield* TestClock.withLive(Effect.sleep("5 millis"))
          yield* TestClock.adjust("2 seconds")
        }
        const error = yield* Fiber.join(fiber)
        expect(error.reason._tag).toBe("RateLimited")
        expect(error._tag === "RetryableError" && error.retryAfter).toEqual(Duration.seconds(7))
      }
      yield* server.requests[0]!.aborted
      yield* server.requests[1]!.aborted
    }))

  test("keeps from loggers of the client every header that carries a secret, and those the user names", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(FaultServer.json(200, {}))
      const shown: Array<string> = []
      const logging = HttpClient.tapRequest(
        yield* HttpClient.HttpClient,
        ({ headers }) => Effect.sync(() => shown.push(JSON.stringify(headers)))
      )
      const http = yield* connect(server.url, {
        headers: { "X-Gateway": Redacted.make("secret"), "api-key": "plain", "x-tenant": "acme", "x-plain": "p" }
      }).pipe(Effect.provideService(HttpClient.HttpClient, logging))
      yield* http.get("/").pipe(Effect.provideService(Headers.CurrentRedactedNames, ["x-tenant"]))
      expect(JSON.parse(shown[0]!)).toMatchObject({
        "x-gateway": "<redacted>",
        "api-key": "<redacted>",
        "x-tenant": "<redacted>",
        "x-plain": "p"
      })
      expect(server.requests[0]?.headers).toMatchObject({ "x-gateway": "secret", "x-tenant": "acme" })
    }))

  test("shows no secret that a request id repeats", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(FaultServer.json(500, {}, { "x-request-id": "my plain token" }))
      const http = yield* connect(server.url, { headers: { "x-key": Redacted.make("plain token") } })
      expect((yield* Effect.flip(http.get("/"))).requestId).toBe("my [redacted]")
    }))

  test("posts JSON with the vendor's headers and gives JSON back", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(FaultServer.json(200, { a: 1 }, { "x-extra": "e" }))
      const http = yield* connect(`${server.url}/v1/`)
      const answer = yield* http.post("/chat", { text: "é" })
      expect(answer.json).toEqual({ a: 1 })
      expect(answer.headers["x-extra"]).toBe("e")
      expect(server.requests[0]).toMatchObject({
        method: "POST",
        path: "/v1/chat",
        body: "{\"text\":\"é\"}",
        headers: { authorization: `Bearer ${key}`, "x-plain": "p", "content-type": "application/json" }
      })
      expect(http.address).toEqual({ host: "127.0.0.1", port: server.port })
    }))

  test("gets without a body", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(FaultServer.json(200, []))
      const http = yield* connect(server.url)
      yield* http.get("/models")
      expect(server.requests[0]).toMatchObject({ method: "GET", path: "/models", body: "" })
    }))

  test("gives a refused connection as NetworkFault", () =>
    Effect.gen(function*() {
      const http = yield* connect(`http://127.0.0.1:${yield* FaultServer.deafPort}`)
      const error = yield* Effect.flip(http.get("/"))
      expect(error).toMatchObject({
        _tag: "RetryableError",
        reason: { _tag: "NetworkFault", description: "the connection was refused", code: "ECONNREFUSED" }
      })
    }))

  test("gives an unknown host as NetworkFault", () =>
    Effect.gen(function*() {
      const http = yield* connect("http://vendor.invalid")
      const error = yield* Effect.flip(http.get("/"))
      expect(error.reason).toMatchObject({
        _tag: "NetworkFault",
        description: "the host name could not be resolved"
      })
    }))

  test("gives a URL that is none as NetworkFault", () =>
    Effect.gen(function*() {
      const http = yield* connect("not a url")
      const error = yield* Effect.flip(http.get("/"))
      expect(error.reason).toMatchObject({ _tag: "NetworkFault", description: "the vendor's URL is not valid" })
      expect(http.address).toBeUndefined()
    }))

  test("gives plain text on a TLS port as NetworkFault", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(FaultServer.json(200, {}))
      const http = yield* connect(`https://127.0.0.1:${server.port}`)
      const error = yield* Effect.flip(http.get("/"))
      expect(error.reason).toMatchObject({ _tag: "NetworkFault", description: expect.stringMatching(/^TLS failed/) })
    }))

  test("gives a reset before the headers as NetworkFault", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(FaultServer.reset)
      const http = yield* connect(server.url)
      const error = yield* Effect.flip(http.post("/", {}))
      expect(error.reason).toMatchObject({ _tag: "NetworkFault", description: "the connection was reset" })
      expect(server.requests).toHaveLength(1)
    }))

  test("gives an answer cut in its middle as NetworkFault with the status", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(FaultServer.cut("{\"a\":"))
      const http = yield* connect(server.url)
      const error = yield* Effect.flip(http.post("/", {}))
      expect(error).toMatchObject({ reason: { _tag: "NetworkFault" }, status: 200 })
    }))

  test("gives a 200 without JSON as MalformedResponse and does not show it", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(FaultServer.text(200, "the model said a secret", { "x-request-id": "r1" }))
      const http = yield* connect(server.url)
      const error = yield* Effect.flip(http.post("/", {}))
      expect(error).toMatchObject({
        reason: { _tag: "MalformedResponse", description: "the answer is not JSON (text/plain, 23 characters)" },
        status: 200,
        requestId: "r1"
      })
    }))

  test("refuses an answer larger than allowed, told or not how long it is", () =>
    Effect.gen(function*() {
      const large = JSON.stringify("x".repeat(5000))
      const server = yield* FaultServer.make(
        FaultServer.text(200, large),
        FaultServer.stream(...Array.from({ length: 10 }, () => large))
      )
      const http = yield* connect(server.url, { maxBodySize: 4000 })
      for (const _ of [1, 2]) {
        const error = yield* Effect.flip(http.post("/", {}))
        expect(error.reason).toMatchObject({
          _tag: "MalformedResponse",
          description: "the answer is larger than 4000 bytes"
        })
      }
    }))

  test("reads no more than 64 KiB of a failure, also of one that answers a wish for a stream", () =>
    Effect.gen(function*() {
      const seen: Array<number> = []
      const server = yield* FaultServer.make(FaultServer.text(500, "y".repeat(1_000_000)))
      const http = yield* connect(server.url, {
        failure: (failed) => {
          seen.push(failed.body.length)
          return failure(failed)
        }
      })
      expect((yield* Effect.flip(http.post("/", {}))).reason._tag).toBe("ServerFault")
      expect((yield* Effect.flip(http.stream("/", {}))).reason._tag).toBe("ServerFault")
      expect(seen).toEqual([65_536, 65_536])
    }))

  test("never follows a redirect", () =>
    Effect.gen(function*() {
      const other = yield* FaultServer.make(FaultServer.json(200, {}))
      const server = yield* FaultServer.make(FaultServer.text(307, "", { location: `${other.url}/stolen` }))
      const http = yield* connect(server.url)
      const error = yield* Effect.flip(http.post("/", {}))
      expect(error).toMatchObject({ reason: { _tag: "ServerFault" }, status: 307 })
      expect(other.requests).toHaveLength(0)
    }))

  test("never shows the key, even where the vendor echoes it", () =>
    Effect.gen(function*() {
      const echo = `bad key ${key} (${encodeURIComponent(key)}), Bearer ${key}, sk-canar********cdef`
      const server = yield* FaultServer.make(FaultServer.text(401, echo), FaultServer.text(500, echo))
      const http = yield* connect(server.url)
      for (const _ of [1, 2]) {
        const error = yield* Effect.flip(http.post("/", {}))
        const shown = `${error.message} ${JSON.stringify(error)} ${String(error)} ${error.stack}`
        expect(shown).not.toContain("canar")
        expect(shown).not.toContain("cdef")
        expect(shown).toContain("bad key [redacted]")
      }
    }))

  test("sends no header with a line break, and does not show it", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(FaultServer.json(200, {}))
      const http = yield* connect(server.url, { headers: { "x-key": Redacted.make(`${key}\r\nx-evil: 1`) } })
      const error = yield* Effect.flip(http.post("/", {}))
      expect(error.reason._tag).toBe("Unauthenticated")
      expect(JSON.stringify(error)).toContain("x-key")
      expect(JSON.stringify(error)).not.toContain(key)
      expect(server.requests).toHaveLength(0)
    }))

  test("lets a vendor sign what is sent, or fail to", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(FaultServer.json(200, {}))
      const signing = yield* connect(server.url, {
        headers: ({ body, method }) => Effect.succeed({ "x-signature": Redacted.make(`${method}:${body?.length}`) })
      })
      yield* signing.post("/", {})
      expect(server.requests[0]?.headers["x-signature"]).toBe("POST:2")
      const failing = yield* connect(server.url, {
        headers: () => Effect.fail(fatal({ _tag: "Unauthenticated", description: "no token" }))
      })
      expect((yield* Effect.flip(failing.post("/", {}))).reason._tag).toBe("Unauthenticated")
    }))

  test("tells vendors nothing of the trace unless asked", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(FaultServer.json(200, {}))
      const http = yield* connect(server.url)
      yield* Effect.withSpan(http.get("/"), "attempt")
      yield* http.get("/").pipe(Effect.withSpan("attempt"), Effect.provideService(Http.PropagateTrace, true))
      expect(server.requests[0]?.headers).not.toHaveProperty("traceparent")
      expect(server.requests[0]?.headers).not.toHaveProperty("b3")
      expect(server.requests[1]?.headers["traceparent"]).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/)
    }))

  test("aborts a request that is interrupted before its headers", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(FaultServer.silence)
      const http = yield* connect(server.url)
      const fiber = yield* Effect.forkChild(http.post("/", {}), { startImmediately: true })
      const request = yield* server.arrived
      yield* Fiber.interrupt(fiber)
      yield* request.aborted
    }))

  test("aborts a request that is interrupted in the middle of its answer", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(FaultServer.stall("{\"a\":"))
      const http = yield* connect(server.url)
      const fiber = yield* Effect.forkChild(http.post("/", {}), { startImmediately: true })
      const request = yield* server.arrived
      yield* Fiber.interrupt(fiber)
      yield* request.aborted
    }))

  test("aborts a stream that is interrupted before its headers", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(FaultServer.silence)
      const http = yield* connect(server.url)
      const fiber = yield* Effect.forkChild(Effect.scoped(http.stream("/", {})), { startImmediately: true })
      const request = yield* server.arrived
      yield* Fiber.interrupt(fiber)
      yield* request.aborted
    }))

  test("aborts a stream whose Scope closes before a byte of it was read", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(FaultServer.stall("data: 1\n\n"))
      const http = yield* connect(server.url)
      const scope = yield* Scope.make()
      yield* Scope.provide(http.stream("/", {}), scope)
      const request = yield* server.arrived
      yield* Scope.close(scope, Exit.void)
      yield* request.aborted
    }))

  test("aborts a stream whose Scope closes while it is read", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(FaultServer.stall("data: 1\n\n"))
      const http = yield* connect(server.url)
      const scope = yield* Scope.make()
      const begun = yield* Deferred.make<void>()
      const { bytes } = yield* Scope.provide(http.stream("/", {}), scope)
      const reader = yield* Effect.forkChild(
        Stream.runForEach(bytes, () => Deferred.succeed(begun, undefined)),
        { startImmediately: true }
      )
      const request = yield* server.arrived
      yield* Deferred.await(begun)
      yield* Scope.close(scope, Exit.void)
      yield* request.aborted
      expect(Exit.isFailure(yield* Fiber.await(reader))).toBe(true)
    }))

  test("aborts a stream whose reader is interrupted", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(FaultServer.stall("data: 1\n\n"))
      const http = yield* connect(server.url)
      const begun = yield* Deferred.make<void>()
      const fiber = yield* Effect.forkChild(
        Effect.scoped(Effect.flatMap(http.stream("/", {}), ({ bytes }) =>
          Stream.runForEach(bytes, () =>
            Deferred.succeed(begun, undefined)))),
        { startImmediately: true }
      )
      const request = yield* server.arrived
      yield* Deferred.await(begun)
      yield* Fiber.interrupt(fiber)
      yield* request.aborted
    }))

  test("aborts a stream whose reader stops before its end", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(FaultServer.stall("data: 1\n\n"))
      const http = yield* connect(server.url)
      const { bytes } = yield* http.stream("/", {})
      const request = yield* server.arrived
      yield* Stream.runDrain(Stream.take(bytes, 1))
      yield* request.aborted
    }))

  test("gives a connection that closes without an answer as NetworkFault", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(FaultServer.close)
      const http = yield* connect(server.url)
      const error = yield* Effect.flip(http.post("/", {}))
      expect(error.reason).toMatchObject({ _tag: "NetworkFault", description: "the connection was reset" })
    }))

  test("breaks a stream whose connection is cut, after what has come", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(FaultServer.cut("data: 1\n\n"))
      const http = yield* connect(server.url)
      const { bytes } = yield* http.stream("/", {})
      const error = yield* Effect.flip(Stream.runDrain(bytes))
      expect(Transport.errorOfStream(error).reason).toMatchObject({
        _tag: "StreamInterrupted",
        description: "the connection was reset"
      })
    }))

  test("passes over early hints", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(FaultServer.hinted(FaultServer.json(200, { a: 1 })))
      const http = yield* connect(server.url)
      expect(yield* http.post("/", {})).toMatchObject({ status: 200, json: { a: 1 } })
    }))

  test("reads JSON that answers a wish for a stream, and no more of it than allowed", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(
        FaultServer.json(200, { a: 1 }),
        FaultServer.json(200, "x".repeat(5000))
      )
      const http = yield* connect(server.url, { maxBodySize: 4000 })
      const first = yield* http.stream("/", {})
      expect(yield* first.json!).toEqual({ a: 1 })
      const second = yield* http.stream("/", {})
      expect((yield* Effect.flip(second.json!)).reason).toMatchObject({
        description: "the answer is larger than 4000 bytes"
      })
    }))

  test("takes a web page for no stream", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(FaultServer.text(200, "<html>", { "content-type": "text/html" }))
      const http = yield* connect(server.url)
      expect((yield* Effect.flip(http.stream("/", {}))).reason).toMatchObject({
        _tag: "MalformedResponse",
        description: "the answer is a web page"
      })
    }))

  test("sends the body as JSON, whatever the configured headers say of it", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(FaultServer.json(200, {}))
      const http = yield* connect(server.url, {
        headers: { "Content-Type": "text/plain", "Content-Length": "1", Accept: "application/x-ours" }
      })
      yield* http.post("/", { a: "é" })
      expect(server.requests[0]).toMatchObject({
        body: "{\"a\":\"é\"}",
        headers: { "content-type": "application/json", "content-length": "10", accept: "application/x-ours" }
      })
    }))

  test("lets a server wait that sends more than its reader takes", () =>
    Effect.gen(function*() {
      const size = 64 * 1024 * 1024
      const taken = yield* Deferred.make<void>()
      const server = yield* FaultServer.make(
        FaultServer.flood(size, () => Deferred.doneUnsafe(taken, Effect.void)),
        FaultServer.json(200, {})
      )
      const http = yield* connect(server.url)
      const { bytes } = yield* http.stream("/", {})
      for (let index = 0; index < 100; index++) yield* http.post("/", {})
      expect(yield* Deferred.isDone(taken)).toBe(false)
      const read = yield* Stream.runFold(bytes, () => 0, (read, chunk) => read + chunk.length)
      expect(read).toBe(size)
      yield* Deferred.await(taken)
    }))

  test("uses a stream's connection again once it has been read to its end", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(FaultServer.stream("data: 1\n\n", "data: 2\n\n"))
      const http = yield* connect(server.url)
      for (let index = 0; index < 12; index++) {
        yield* Effect.scoped(Effect.flatMap(http.stream("/", {}), ({ bytes }) => Stream.runDrain(bytes)))
      }
      expect(server.connections()).toBeLessThanOrEqual(3)
    }))

  test("uses connections again", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(FaultServer.json(200, {}))
      const http = yield* connect(server.url)
      for (let index = 0; index < 12; index++) yield* http.post("/", {})
      expect(server.connections()).toBeLessThanOrEqual(3)
    }))
})

it.effect("keeps a client's own options of fetch", () =>
  Effect.gen(function*() {
    const seen: Array<RequestInit> = []
    const http = yield* connect("http://vendor.invalid").pipe(Effect.provide(FetchHttpClient.layer))
    yield* http.get("/").pipe(
      Effect.provideService(FetchHttpClient.RequestInit, { credentials: "omit" }),
      Effect.provideService(FetchHttpClient.Fetch, (_, init) => {
        seen.push(init!)
        return Promise.resolve(new Response("{}"))
      })
    )
    expect(seen[0]).toMatchObject({ credentials: "omit", redirect: "manual" })
  }))
