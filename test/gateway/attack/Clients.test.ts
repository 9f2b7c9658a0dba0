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

  it.live("who closes only its own half is gone too", () =>
    Effect.gen(function*() {
      const gate = yield* Gate.make()
      const socket = yield* Socket.open(gate.port)
      socket.write(ask("!hold", true))
      yield* socket.until((text) => text.includes("Once"))
      socket.node.end()
      yield* until(() => gate.upstream.received[0]!.isOver)
      yield* until(() => gate.server.running() === 0)
      expect([gate.upstream.received[0]!.isOver, gate.server.running()]).toEqual([true, 0])
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
    }).pipe(Effect.scoped))
})
