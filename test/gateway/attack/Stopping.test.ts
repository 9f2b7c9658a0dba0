import { describe, expect, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Scope } from "effect"
import * as Gate from "./Gate.ts"
import * as Socket from "./Socket.ts"
import { json, until } from "./wait.ts"

const { voices } = Gate
const chat = voices[0]!

const ask = (prompt: string, stream = false) =>
  Socket.request("POST", chat.path(stream), json, JSON.stringify(chat.body(prompt, stream)))

describe("stopping", () => {
  it.live("lets streams under way end, refuses new connections, and loses nothing", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const gate = yield* Scope.provide(Gate.make(), scope)
      const sockets = yield* Effect.forEach(voices, (voice) =>
        Effect.map(Socket.open(gate.port), (socket) => {
          socket.write(Socket.request("POST", voice.path(true), json, JSON.stringify(voice.body("!words20", true))))
          return { socket, voice }
        }))
      yield* Effect.forEach(sockets, ({ socket }) => socket.until((text) => text.includes("Once")))
      const stopped = yield* Effect.forkChild(Scope.close(scope, Exit.void))
      yield* until(() => !gate.server.isReady())
      const late = yield* Effect.exit(
        Effect.scoped(Effect.flatMap(Socket.open(gate.port), (socket) => socket.closed(500)))
      )
      expect(Exit.isFailure(late)).toBe(true)
      const texts = yield* Effect.forEach(sockets, ({ socket }) => socket.closed(), { concurrency: "unbounded" })
      for (const [at, text] of texts.entries()) {
        const { name, failed } = sockets[at]!.voice
        expect([name, Socket.answers(text).length, failed.test(text), / 20\b/.test(text)]).toEqual([
          name,
          1,
          false,
          true
        ])
      }
      yield* Fiber.join(stopped)
    }).pipe(Effect.scoped))

  const stop = Effect.fnUntraced(function*(options: Gate.Options) {
    const scope = yield* Scope.make()
    const gate = yield* Scope.provide(Gate.make(options), scope)
    const sockets = yield* Effect.forEach(
      voices.flatMap((voice) => [{ voice, stream: true }, { voice, stream: false }]),
      ({ voice, stream }) =>
        Effect.map(Socket.open(gate.port), (socket) => {
          socket.write(Socket.request("POST", voice.path(stream), json, JSON.stringify(voice.body("!hold", stream))))
          return { socket, stream, voice }
        })
    )
    yield* until(() => gate.upstream.received.length === sockets.length)
    for (const { socket, stream } of sockets) if (stream) yield* socket.until((text) => text.includes("Once"))
    const begun = performance.now()
    yield* Scope.close(scope, Exit.void)
    const texts = yield* Effect.forEach(sockets, ({ socket }) => socket.closed(), { concurrency: "unbounded" })
    expect(performance.now() - begun).toBeLessThan(3_000)
    for (const [at, { stream, voice }] of sockets.entries()) {
      const [answer] = Socket.answers(texts[at]!)
      const status = stream ? 200 : voice.name === "anthropic" ? 529 : 503
      const end = stream ? voice.failed : /stopping/
      expect([voice.name, answer?.status, answer?.body.match(end)?.length]).toEqual([voice.name, status, 1])
    }
    expect(gate.upstream.received.every(({ isOver }) => isOver)).toBe(true)
  })

  it.live("tells who is still there in the words of its API once the time is over", () =>
    Effect.scoped(stop({ drain: "200 millis" })))

  it.live("does not wait for that time when it is told to hurry", () =>
    Effect.scoped(stop({ drain: "1 minute", hurry: Effect.sleep("100 millis") })))

  it.live("waits for what was answered to be read", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const gate = yield* Scope.provide(Gate.make(), scope)
      const socket = yield* Socket.open(gate.port)
      socket.node.pause()
      socket.write(ask("!long"))
      yield* until(() => gate.accesses.length === 1)
      const stopped = yield* Effect.forkChild(Scope.close(scope, Exit.void))
      yield* Effect.sleep("300 millis")
      socket.node.resume()
      const [answer] = Socket.answers(yield* socket.closed())
      yield* Fiber.join(stopped)
      expect(answer?.body.length).toBeGreaterThan(4_000_000)
    }).pipe(Effect.scoped))
})
