import { describe, expect, it } from "@effect/vitest"
import { Effect, Exit, Scope } from "effect"
import * as Gate from "./attack/Gate.ts"
import * as Socket from "./attack/Socket.ts"
import { json, until } from "./attack/wait.ts"

const { voices } = Gate
const chat = voices[0]!

const ask = (prompt: string, stream = false) =>
  Socket.request("POST", chat.path(stream), json, JSON.stringify(chat.body(prompt, stream)))

describe("limits", () => {
  it.live("a body that is too large is refused with words that its sender gets to read, by length or by bytes", () =>
    Effect.gen(function*() {
      const gate = yield* Gate.make({ maxBodySize: 1_000 })
      const big = "x".repeat(3_000_000)
      const told = yield* gate.say(Socket.request("POST", chat.path(false), json, big))
      const chunked = yield* gate.say(
        Socket.request("POST", chat.path(false), { ...json, "transfer-encoding": "chunked" }) +
          `${big.length.toString(16)}\r\n${big}\r\n0\r\n\r\n`
      )
      expect([told?.status, chunked?.status]).toEqual([413, 413])
      expect(JSON.parse(told!.body).error.code).toBe("request_too_large")
      expect(gate.upstream.received).toEqual([])
    }).pipe(Effect.scoped))

  it.live("a body of exactly the size that is allowed is read", () =>
    Effect.gen(function*() {
      const body = JSON.stringify(chat.body("Hello"))
      const gate = yield* Gate.make({ maxBodySize: body.length })
      const answer = yield* gate.post(chat.path(false), body)
      const longer = yield* gate.post(chat.path(false), `${body} `)
      expect([answer?.status, longer?.status]).toEqual([200, 413])
    }).pipe(Effect.scoped))

  for (const voice of voices) {
    it.live(`${voice.name}: a body nested too deeply, or into millions of pieces, is refused and does not hold others up`, () =>
      Effect.gen(function*() {
        const gate = yield* Gate.make()
        const nested = "[".repeat(5_000_000)
        const deep = `{"model":"x","messages":${"[".repeat(129)}${"]".repeat(129)}}`
        const wide = `{"model":"x","messages":[${"{},".repeat(4_000_000)}{}]}`
        const statuses: Array<number | undefined> = []
        const before = performance.now()
        for (const body of [nested, deep, wide]) statuses.push((yield* gate.post(voice.path(false), body))?.status)
        expect(statuses).toEqual([400, 400, 400])
        expect(performance.now() - before).toBeLessThan(10_000)
      }).pipe(Effect.scoped))
  }

  it.live("headers that are too large or too many are refused", () =>
    Effect.gen(function*() {
      const gate = yield* Gate.make()
      const large = yield* gate.say(
        Socket.request("GET", "/v1/models", { host: "localhost", "x-large": "x".repeat(40_000) })
      )
      const many = yield* gate.say(
        Socket.request("GET", "/v1/models", [...Array.from({ length: 3_000 }, (_, at) => [`h${at}`, ""] as const), [
          "host",
          "localhost"
        ]])
      )
      expect([large?.status, many?.status]).toEqual([431, 431])
    }).pipe(Effect.scoped))

  it.live("a compressed body is refused unread", () =>
    Effect.gen(function*() {
      const gate = yield* Gate.make()
      const statuses: Array<number | undefined> = []
      for (const encoding of ["gzip", "br", "deflate", "zstd", "gzip, identity", "GZIP", "x-gzip"]) {
        const answer = yield* gate.post(chat.path(false), "{}", { "content-encoding": encoding })
        statuses.push(answer?.status)
      }
      expect(new Set(statuses)).toEqual(new Set([415]))
    }).pipe(Effect.scoped))

  it.live("while too many bytes of bodies are being read, who comes with more is asked to come again", () =>
    Effect.gen(function*() {
      const gate = yield* Gate.make({ maxBuffered: 1_000_000 })
      const head = "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
      const slow = yield* Socket.open(gate.port)
      slow.write(`${head}content-length: 2000000\r\n\r\n"${"x".repeat(900_000)}`)
      yield* until(() => slow.node.writableLength === 0)
      yield* Effect.sleep("100 millis")
      const large = yield* gate.post(chat.path(false), chat.body("x".repeat(200_000)))
      const small = yield* gate.post(chat.path(false), chat.body("Hello"))
      expect([large?.status, large?.headers.get("retry-after"), small?.status]).toEqual([503, "1", 200])
      slow.node.destroy()
      yield* until(() => gate.server.running() === 0)
      expect((yield* gate.post(chat.path(false), chat.body("x".repeat(200_000))))?.status).toBe(200)
    }).pipe(Effect.scoped))

  it.live("more connections than allowed are turned away, and those that go make room", () =>
    Effect.gen(function*() {
      const gate = yield* Gate.make({ maxConnections: 20 })
      const scope = yield* Scope.make()
      const sockets = yield* Effect.forEach(Array.from({ length: 30 }), () =>
        Scope.provide(Socket.open(gate.port), scope))
      yield* until(() =>
        sockets.filter((socket) => socket.isClosed()).length >= 10
      )
      expect(sockets.filter((socket) => socket.isClosed())).toHaveLength(10)
      yield* Scope.close(scope, Exit.void)
      yield* Effect.sleep("50 millis")
      expect((yield* gate.say(ask("Hello")))?.status).toBe(200)
    }).pipe(Effect.scoped))
})

const host = { host: "localhost" }

describe("HTTP itself", () => {
  it.live("two lengths, a length beside chunks, and chunks that are none are refused and the connection closed", () =>
    Effect.gen(function*() {
      const gate = yield* Gate.make()
      const body = JSON.stringify(chat.body("Smuggled"))
      const head = "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
      const inner = ask("Smuggled")
      const attempts = {
        "CL+TE": `${head}content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n${inner}`,
        "TE+CL": `${head}transfer-encoding: chunked\r\ncontent-length: 4\r\n\r\n0\r\n\r\n${inner}`,
        "two lengths": `${head}content-length: 0\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
        "a length that is none": `${head}content-length: 1e3\r\n\r\n${body}`,
        "a negative length": `${head}content-length: -1\r\n\r\n${body}`,
        "a chunk that is none": `${head}transfer-encoding: chunked\r\n\r\nzz\r\n${body}\r\n0\r\n\r\n`,
        "a chunk too long": `${head}transfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\n${body}`,
        "a chunk without its end": `${head}transfer-encoding: chunked\r\n\r\n2\r\n{}XX0\r\n\r\n${inner}`,
        "an unknown coding": `${head}transfer-encoding: xchunked\r\n\r\n0\r\n\r\n${inner}`,
        "a coding behind chunks": `${head}transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n${inner}`,
        "a folded header": `${head}x-folded: a\r\n b\r\ntransfer-encoding:\r\n chunked\r\n\r\n0\r\n\r\n${inner}`,
        "a space before the colon": `${head}transfer-encoding : chunked\r\n\r\n0\r\n\r\n${inner}`,
        "a bare line feed": `${head.replaceAll("\r\n", "\n")}content-length: ${body.length}\n\n${body}`,
        "no host": `POST /v1/chat/completions HTTP/1.1\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
        "no HTTP": "\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003"
      }
      const statuses: Record<string, ReadonlyArray<number>> = {}
      for (const [name, bytes] of Object.entries(attempts)) {
        const socket = yield* Socket.open(gate.port)
        socket.write(Buffer.from(bytes, "latin1"))
        statuses[name] = Socket.answers(yield* socket.closed(2_000)).map(({ status }) => status)
        expect([name, socket.isClosed()]).toEqual([name, true])
      }
      expect(statuses).toEqual(Object.fromEntries(Object.keys(attempts).map((name) => [name, [400]])))
      expect(gate.upstream.received).toEqual([])
    }).pipe(Effect.scoped))

  it.live("a connection is kept for the next call, with a body or without", () =>
    Effect.gen(function*() {
      const gate = yield* Gate.make()
      const socket = yield* Socket.open(gate.port)
      const calls = [
        Socket.request("GET", "/api/version", host),
        ask("Hello"),
        Socket.request("GET", "/v1/models", host),
        ask("!fail400")
      ]
      for (const [at, bytes] of calls.entries()) {
        socket.write(bytes)
        yield* socket.until((text) => Socket.answers(text).length === at + 1)
      }
      expect(Socket.answers(socket.text()).map(({ headers, status }) => [status, headers.get("connection")])).toEqual([
        [200, "keep-alive"],
        [200, "keep-alive"],
        [200, "keep-alive"],
        [400, "keep-alive"]
      ])
    }).pipe(Effect.scoped))

  it.live("calls sent one behind the other on a connection are answered in their order", () =>
    Effect.gen(function*() {
      const gate = yield* Gate.make()
      const socket = yield* Socket.open(gate.port)
      socket.write(
        ask("!words3", true) + ask("Hello") + ask("!fail400") +
          Socket.request("GET", "/v1/models", { host: "localhost" })
      )
      const text = yield* socket.until((text) => Socket.answers(text).length === 4)
      expect(Socket.answers(text).map(({ status }) => status)).toEqual([200, 200, 400, 200])
    }).pipe(Effect.scoped))

  it.live("one that sends hundreds of calls at once on a connection does not have them all done at once", () =>
    Effect.gen(function*() {
      const gate = yield* Gate.make()
      const socket = yield* Socket.open(gate.port)
      socket.write(ask("!hold", true).repeat(500))
      yield* until(() => gate.upstream.received.length >= 500, 1_000)
      expect(gate.upstream.received.length).toBeLessThanOrEqual(1)
      socket.node.destroy()
      yield* until(() => gate.server.running() === 0)
      expect([gate.server.running(), gate.upstream.received.every(({ isOver }) => isOver)]).toEqual([0, true])
    }).pipe(Effect.scoped))

  it.live("no protocol is changed to, nothing is connected through, and no absolute address is fetched", () =>
    Effect.gen(function*() {
      const gate = yield* Gate.make()
      const upgrade = { ...host, connection: "upgrade", upgrade: "websocket", "sec-websocket-key": "x" }
      const results: Array<unknown> = []
      for (
        const bytes of [
          Socket.request("GET", "/v1/models", upgrade),
          Socket.request("GET", "http://169.254.169.254/latest/meta-data", host),
          Socket.request("GET", "//169.254.169.254/", host),
          Socket.request("CONNECT", "169.254.169.254:80", host),
          Socket.request("TRACE", "/v1/models", { host: "localhost" }),
          Socket.request("GET", "/v1/models/../../etc/passwd", host),
          Socket.request("OPTIONS", "*", host)
        ]
      ) {
        const socket = yield* Socket.open(gate.port)
        socket.write(bytes)
        results.push(Socket.answers(yield* socket.until((text) => Socket.answers(text).length > 0, 1_000))[0]?.status)
      }
      expect(results).toEqual([200, 404, 404, undefined, 405, 404, 404])
      expect(gate.upstream.received).toEqual([])
    }).pipe(Effect.scoped))
})
