import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Gate from "./Gate.ts"
import * as Socket from "./Socket.ts"
import { json, until } from "./wait.ts"

const { voices } = Gate
const chat = voices[0]!

const ask = (prompt: string, stream = false) =>
  Socket.request("POST", chat.path(stream), json, JSON.stringify(chat.body(prompt, stream)))

describe("slow and absent clients", () => {
  it.live("who sends headers or a body byte by byte, or nothing at all, is cut in time while others are served", () =>
    Effect.gen(function*() {
      const gate = yield* Gate.make({ headersTimeout: "500 millis", requestTimeout: "800 millis" })
      const begun = performance.now()
      const slow = yield* Effect.forEach([
        "",
        "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nx-slow: ",
        "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 10000\r\n\r\n{",
        "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n1\r\n{\r\n",
        "POST /nowhere HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 10000\r\n\r\n{"
      ], (first) =>
        Effect.map(Socket.open(gate.port), (socket) => {
          socket.write(first)
          return socket
        }))
      const trickle = setInterval(() => {
        for (const { node } of slow) if (!node.destroyed && node.bytesWritten > 0) node.write("a")
      }, 100)
      expect((yield* gate.say(ask("Hello")))?.status).toBe(200)
      yield* until(() => slow.every((socket) => socket.isClosed()), 6_000)
      clearInterval(trickle)
      expect(slow.map((socket) => socket.isClosed())).toEqual(slow.map(() => true))
      expect(performance.now() - begun).toBeLessThan(5_000)
      expect(gate.server.running()).toBe(0)
      expect(gate.upstream.received.map(({ body }) => body.includes("Hello"))).toEqual([true])
    }).pipe(Effect.scoped))

  for (const voice of voices) {
    it.live(`${voice.name}: who goes has its upstream aborted within 100 ms, streamed or whole, and leaves nothing behind`, () =>
      Effect.gen(function*() {
        const gate = yield* Gate.make()
        const took: Array<number> = []
        for (const stream of [true, false]) {
          const socket = yield* Socket.open(gate.port)
          const before = gate.upstream.received.length
          socket.write(Socket.request("POST", voice.path(stream), json, JSON.stringify(voice.body("!hold", stream))))
          yield* until(() => gate.upstream.received.length > before)
          if (stream) yield* socket.until((text) => text.includes("Once"))
          const call = gate.upstream.received[before]!
          const goneAt = performance.now()
          socket.node.destroy()
          yield* until(() => call.isOver)
          took.push(call.goneAt! - goneAt)
          yield* until(() => gate.server.running() === 0)
          expect(gate.server.running()).toBe(0)
        }
        // One of them, for a machine with much to do may be late once.
        expect(Math.min(...took)).toBeLessThan(100)
        expect(gate.accesses.map(({ reason, status }) => [status, reason])).toEqual([
          [499, "Interrupted"],
          [499, "Interrupted"]
        ])
      }).pipe(Effect.scoped))
  }

  for (const voice of voices) {
    it.live(`${voice.name}: who closes only its own half gets its answer, however long it takes, and goes later`, () =>
      Effect.gen(function*() {
        const gate = yield* Gate.make()
        const sockets = yield* Effect.forEach(
          [false, true],
          (stream) =>
            Effect.map(Socket.open(gate.port), (socket) => {
              socket.node.end(
                Socket.request("POST", voice.path(stream), json, JSON.stringify(voice.body("!hold", stream)))
              )
              return socket
            })
        )
        yield* until(() => gate.upstream.received.length === 2)
        yield* Effect.sleep("100 millis")
        gate.upstream.release()
        const [whole, streamed] = yield* Effect.forEach(
          sockets,
          (socket) => Effect.map(socket.closed(), Socket.answers)
        )
        expect([whole, streamed].map((answers) => answers!.map(({ status }) => status))).toEqual([[200], [200]])
        expect(whole![0]!.body).toContain("Once")
        expect([streamed![0]!.body.includes("Once"), voice.failed.test(streamed![0]!.body)]).toEqual([true, false])
        yield* until(() => gate.server.running() === 0)
        expect(gate.server.running()).toBe(0)
      }).pipe(Effect.scoped))
  }

  it.live("who sends several calls at once and closes its half gets all their answers", () =>
    Effect.gen(function*() {
      const gate = yield* Gate.make()
      const socket = yield* Socket.open(gate.port)
      socket.node.end(ask("Hello") + ask("!words3", true) + Socket.request("GET", "/nowhere", json) + ask("Hello"))
      const answers = Socket.answers(yield* socket.closed())
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 404, 200])
      yield* until(() => gate.server.running() === 0)
      expect(gate.server.running()).toBe(0)
    }).pipe(Effect.scoped))

  it.live("who closes its own half is answered by whoever answers other paths too, with nothing put in", () =>
    Effect.gen(function*() {
      let isGone = false
      const gate = yield* Gate.make({
        otherwise: (request, response) => {
          response.on("close", () => isGone = true)
          if (request.url === "/never") return
          setTimeout(() => {
            response.writeHead(200, { "content-length": 4 }).write("[1")
            setTimeout(() => response.end("2]"), 100)
          }, 100)
        }
      })
      const socket = yield* Socket.open(gate.port)
      socket.node.end(Socket.request("GET", "/slow", json))
      expect(Socket.answers(yield* socket.closed()).map(({ body, status }) => [status, body])).toEqual([[200, "[12]"]])
      isGone = false
      const other = yield* Socket.open(gate.port)
      other.node.end(Socket.request("GET", "/never", json))
      yield* Effect.sleep("50 millis")
      expect(isGone).toBe(false)
      other.node.destroy()
      yield* until(() => isGone)
      expect(isGone).toBe(true)
    }).pipe(Effect.scoped))

  it.live("who closes its own half and then goes has its upstream aborted", () =>
    Effect.gen(function*() {
      const gate = yield* Gate.make()
      for (const stream of [false, true]) {
        const socket = yield* Socket.open(gate.port)
        socket.node.end(ask("!hold", stream))
        yield* until(() => gate.upstream.received.length === (stream ? 2 : 1))
        yield* Effect.sleep("50 millis")
        socket.node.destroy()
      }
      yield* until(() => gate.server.running() === 0 && gate.upstream.received.every(({ isOver }) => isOver))
      expect([gate.server.running(), gate.upstream.received.map(({ isOver }) => isOver)]).toEqual([0, [true, true]])
    }).pipe(Effect.scoped))

  it.live("who speaks HTTP/1.0 and closes its half cannot be told from who is gone", () =>
    Effect.gen(function*() {
      const gate = yield* Gate.make()
      const socket = yield* Socket.open(gate.port)
      socket.node.end(ask("!hold").replace("HTTP/1.1", "HTTP/1.0"))
      yield* until(() => gate.upstream.received.length === 1)
      yield* until(() => gate.server.running() === 0 && gate.upstream.received[0]!.isOver)
      expect([gate.server.running(), gate.upstream.received[0]!.isOver]).toEqual([0, true])
    }).pipe(Effect.scoped))

  it.live("who does not read holds the vendor back and not the memory, and is cut in time", () =>
    Effect.gen(function*() {
      const gate = yield* Gate.make({ writeTimeout: "1 second" })
      const socket = yield* Socket.open(gate.port)
      socket.node.pause()
      socket.write(ask("!flood", true))
      yield* until(() => gate.upstream.received.length === 1)
      const [call] = gate.upstream.received
      let last = -1
      yield* until(() => {
        const isStill = call!.written === last
        last = call!.written
        return isStill && last > 0
      }, 10)
      yield* Effect.sleep("500 millis")
      const held = call!.written
      yield* Effect.sleep("300 millis")
      // What the kernel's buffers of both connections hold, and no more.
      expect(call!.written).toBe(held)
      expect(held).toBeLessThan(32 * 1024 * 1024)
      yield* until(() => call!.isOver)
      yield* until(() => gate.server.running() === 0)
      expect([call!.isOver, gate.server.running()]).toEqual([true, 0])
    }).pipe(Effect.scoped))

  it.live("who does not read a whole answer is cut in time too", () =>
    Effect.gen(function*() {
      const gate = yield* Gate.make({ writeTimeout: "500 millis" })
      const socket = yield* Socket.open(gate.port)
      socket.node.pause()
      socket.write(ask("!long"))
      yield* until(() => gate.accesses.length === 1)
      expect([gate.accesses.length, gate.server.running()]).toEqual([1, 1])
      yield* until(() => gate.server.running() === 0)
      expect(gate.server.running()).toBe(0)
    }).pipe(Effect.scoped))

  it.live("a fast reader of a flood gets it, and going away ends it", () =>
    Effect.gen(function*() {
      const gate = yield* Gate.make()
      const socket = yield* Socket.open(gate.port)
      let size = 0
      socket.node.removeAllListeners("data").on("data", (chunk: Buffer) => size += chunk.length)
      socket.write(ask("!flood", true))
      yield* until(() => size > 20_000_000)
      expect(size).toBeGreaterThan(20_000_000)
      socket.node.destroy()
      yield* until(() => gate.upstream.received[0]!.isOver && gate.server.running() === 0)
      expect(gate.server.running()).toBe(0)
    }).pipe(Effect.scoped), 20_000)
})
