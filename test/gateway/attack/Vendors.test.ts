/** Vendors that misbehave: whoever called gets a whole answer or an error of its own API, and nothing goes on. */
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import type { Socket as NodeSocket } from "node:net"
import * as Gate from "./Gate.ts"
import * as RawUpstream from "./RawUpstream.ts"
import { until } from "./wait.ts"

const { voices } = Gate
const chat = voices[0]!

const chunk = (delta: object, finish_reason: string | null = null) =>
  `data: ${
    JSON.stringify({
      id: "c",
      object: "chat.completion.chunk",
      created: 1,
      model: "m",
      choices: [{ index: 0, delta, finish_reason }]
    })
  }\n\n`
const once = chunk({ role: "assistant", content: "Once" })
const stop = chunk({}, "stop")
const done = "data: [DONE]\n\n"
const error = `data: ${JSON.stringify({ error: { message: "boom", type: "server_error" } })}\n\n`
const answer = JSON.stringify({
  id: "c1",
  object: "chat.completion",
  created: 1,
  model: "m",
  choices: [{ index: 0, message: { role: "assistant", content: "Once" }, finish_reason: "stop" }]
})

const head = (type: string, ...lines: ReadonlyArray<string>) =>
  ["HTTP/1.1 200 OK", `content-type: ${type}`, ...lines, "", ""].join("\r\n")
const chunked = "transfer-encoding: chunked"
const pieces = (...texts: ReadonlyArray<string | Uint8Array>) =>
  Buffer.concat(texts.flatMap((text) => {
    const bytes = typeof text === "string" ? Buffer.from(text) : text
    return [Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from("\r\n")]
  }))
const last = "0\r\n\r\n"

const say = (...all: ReadonlyArray<string | Uint8Array>): RawUpstream.Act => (socket) => {
  for (const bytes of all) socket.write(bytes)
}
const streamed = (...texts: ReadonlyArray<string | Uint8Array>): RawUpstream.Act =>
  say(head("text/event-stream", chunked), pieces(...texts), last)
const whole = (body: string, ...lines: ReadonlyArray<string>): RawUpstream.Act =>
  say(head("application/json", `content-length: ${Buffer.byteLength(body)}`, ...lines), body)

/** Without end, as fast as it is taken. */
const endless = (begin: string | Uint8Array, more: string): RawUpstream.Act => (socket) => {
  const next = () => {
    while (!socket.destroyed) if (!socket.write(more)) return void socket.once("drain", next)
  }
  socket.write(begin)
  next()
}

/** The status and the reason of what failed before it began; `true` for a whole answer, the kind of a broken one. */
type Told = true | "upstream" | "timed-out" | readonly [status: number, reason: string]

const malformed = [502, "MalformedResponse"] as const
const network = [502, "NetworkFault"] as const
const interrupted = [502, "StreamInterrupted"] as const
const timedOut = [504, "TimedOut"] as const
const fault = [502, "ServerFault"] as const

const faults: ReadonlyArray<readonly [name: string, stream: boolean, act: RawUpstream.Act, told: Told]> = [
  ["tells a stream as plain text", true, say(head("text/plain", chunked), pieces(once, stop, done), last), true],
  ["tells a stream of no type", true, say(`HTTP/1.1 200 OK\r\n${chunked}\r\n\r\n`, pieces(once, stop), last), true],
  ["tells a stream as JSON", true, say(head("application/json", chunked), pieces(once, stop, done), last), malformed],
  ["tells a page of the web", true, say(head("text/html", chunked), pieces("<html>"), last), malformed],
  ["answers a stream's wish by a whole answer", true, whole(answer), true],
  [
    "tells a whole answer as plain text",
    false,
    say(head("text/plain", `content-length: ${answer.length}`), answer),
    true
  ],
  ["says nothing after its headers", true, say(head("text/event-stream", chunked)), timedOut],
  ["says nothing after its headers, whole", false, say(head("application/json", chunked)), timedOut],
  ["stops in the middle", true, say(head("text/event-stream", chunked), pieces(once)), "timed-out"],
  [
    "ends without [DONE] and never closes",
    true,
    say(head("text/event-stream", chunked), pieces(once, stop)),
    "timed-out"
  ],
  ["goes on after [DONE]", true, streamed(once, stop, done, chunk({ content: "more" }), "garbage\0", done), true],
  [
    "goes on after [DONE] and never closes",
    true,
    say(head("text/event-stream", chunked), pieces(once, stop, done, chunk({ content: "more" }))),
    true
  ],
  ["ends without a reason", true, streamed(once), "upstream"],
  ["closes in the middle", true, (socket) => {
    socket.end(Buffer.concat([Buffer.from(head("text/event-stream", chunked)), pieces(once)]))
  }, "upstream"],
  ["closes in the middle, whole", false, (socket) => {
    socket.end(head("application/json", "content-length: 9999") + answer)
  }, network],
  [
    "sends bytes that are no UTF-8 as an event",
    true,
    streamed(Buffer.from("data: {\xff\xfe\xc3\n\n", "latin1")),
    malformed
  ],
  [
    "sends bytes that are no UTF-8 in a text",
    true,
    streamed(Buffer.from(once.replace("Once", "Once\xff"), "latin1"), stop),
    true
  ],
  [
    "sends each byte alone",
    true,
    streamed(...Array.from(Buffer.from(once.replace("Once", "Once 👋") + stop), (byte) => Buffer.of(byte))),
    true
  ],
  [
    "tells an error with 200",
    false,
    whole(JSON.stringify({ error: { message: "boom", type: "server_error" } })),
    fault
  ],
  ["tells an error with 200 in a stream's place", true, whole(JSON.stringify({ error: { message: "boom" } })), fault],
  ["tells an error as the first event", true, streamed(error, done), fault],
  ["tells an error as a later event", true, streamed(once, error), "upstream"],
  ["sends an enormous event", true, streamed(`data: ${"x".repeat(2_000_000)}\n\n`), malformed],
  [
    "sends an event without end",
    true,
    endless(
      Buffer.concat([Buffer.from(head("text/event-stream", chunked)), pieces(once), Buffer.from("fffffff\r\ndata: ")]),
      "x".repeat(65_536)
    ),
    "upstream"
  ],
  ["sends a body without end", false, endless(head("application/json") + "{\"x\":\"", "x".repeat(65_536)), malformed],
  ["sends headers without end", false, endless("HTTP/1.1 200 OK\r\n", `x-header: ${"y".repeat(100)}\r\n`), malformed],
  [
    "sends trailers",
    true,
    say(head("text/event-stream", chunked, "trailer: x-t"), pieces(once, stop, done), "0\r\nx-t: 1\r\n\r\n"),
    true
  ],
  [
    "sends hints before its answer",
    true,
    say("HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n", head("text/event-stream", chunked), pieces(once, stop), last),
    true
  ],
  [
    "says two answers",
    false,
    say(
      head("application/json", `content-length: ${answer.length}`),
      answer,
      head("application/json", "content-length: 4"),
      "null"
    ),
    true
  ],
  [
    "changes the protocol",
    false,
    say("HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n"),
    network
  ],
  ["has no content", true, say("HTTP/1.1 204 No Content\r\n\r\n"), interrupted],
  [
    "sends elsewhere",
    false,
    say("HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n"),
    fault
  ],
  ["has a status that nobody knows", false, say("HTTP/1.1 999 What\r\ncontent-length: 0\r\n\r\n"), fault],
  ["answers with an empty body", false, whole(""), malformed],
  ["answers with null", false, whole("null"), malformed],
  ["does not speak HTTP", false, say("hello\r\n"), network],
  [
    "tells its bytes compressed, and they are not",
    true,
    say(head("text/event-stream", chunked, "content-encoding: gzip"), pieces("garbage"), last),
    interrupted
  ]
]

const ofBroken = { upstream: "bad_gateway", "timed-out": "timeout" }

describe("a vendor that", () => {
  for (const [name, stream, act, told] of faults) {
    it.live(name, () =>
      Effect.gen(function*() {
        const upstream = yield* RawUpstream.make
        const isTimed = told === timedOut || told === "timed-out" || name.endsWith("never closes")
        const timeouts = { idle: "150 millis", firstPart: "150 millis", total: "300 millis" } as const
        const gate = yield* Gate.make({ url: upstream.url, dispatcher: isTimed ? { timeouts } : {} })
        upstream.act(act)
        const answer = yield* gate.post(chat.path(stream), chat.body("Hello", stream))
        const body = answer?.body ?? ""
        if (told === true) {
          expect([answer?.status, body.includes("Once"), chat.failed.test(body)]).toEqual([200, true, false])
          if (stream) expect(body.endsWith(done)).toBe(true)
        } else if (typeof told === "string") {
          const event = JSON.parse(/data: (\{"error".*\})\n\n$/.exec(body)![1]!)
          expect([answer?.status, body.includes("Once"), event.error.code]).toEqual([200, true, ofBroken[told]])
        } else {
          expect([answer?.status, answer?.headers.get("llmdispatcher-reason")]).toEqual(told)
          expect(Object.keys(JSON.parse(body))).toEqual(["error"])
        }
        yield* until(() => gate.server.running() === 0)
        const { inFlight } = gate.dispatcher.load.of("chat/gpt-5-mini")
        expect([gate.server.running(), inFlight]).toEqual([0, 0])
      }).pipe(Effect.scoped), 20_000)
  }

  for (const voice of voices) {
    it.live(`never begins an answer, or resets it, is told to callers of ${voice.name} in their own words`, () =>
      Effect.gen(function*() {
        const upstream = yield* RawUpstream.make
        const gate = yield* Gate.make({
          url: upstream.url,
          dispatcher: { timeouts: { firstPart: "100 millis", total: "100 millis" } }
        })
        const reset = (socket: NodeSocket) => void socket.resetAndDestroy()
        for (const [act, status] of [[reset, 502], [() => {}, 504]] as const) {
          upstream.act(act)
          for (const stream of [false, true]) {
            const answer = yield* gate.post(voice.path(stream), voice.body("Hello", stream))
            expect([answer?.status, "error" in JSON.parse(answer!.body)]).toEqual([status, true])
          }
        }
        yield* until(() => gate.server.running() === 0)
        expect(gate.server.running()).toBe(0)
      }).pipe(Effect.scoped))
  }

  it.live("closes connections that were kept costs nobody an answer", () =>
    Effect.gen(function*() {
      const upstream = yield* RawUpstream.make
      const gate = yield* Gate.make({ url: upstream.url, dispatcher: { retry: {} } })
      // Takes the second call of each connection and resets it.
      upstream.act((socket, count) => count > 0 ? void socket.resetAndDestroy() : whole(answer)(socket, count))
      const statuses: Array<number | undefined> = []
      for (let count = 0; count < 6; count++) {
        statuses.push((yield* gate.post(chat.path(false), chat.body("Hello")))?.status)
      }
      expect(statuses).toEqual([200, 200, 200, 200, 200, 200])
    }).pipe(Effect.scoped), 20_000)

  it.live("asks for patience is told to the caller as it was, in seconds", () =>
    Effect.gen(function*() {
      const upstream = yield* RawUpstream.make
      const gate = yield* Gate.make({ url: upstream.url })
      for (const status of [429, 503]) {
        upstream.act(say(`HTTP/1.1 ${status} No\r\nretry-after: 7\r\ncontent-length: 0\r\n\r\n`))
        for (const voice of voices) {
          const own = voice.name === "anthropic" && status === 503 ? 529 : status
          const answer = yield* gate.post(voice.path(false), voice.body("Hello"))
          const headers = ["retry-after", "retry-after-ms"].map((name) => answer?.headers.get(name))
          expect([voice.name, answer?.status, ...headers]).toEqual([voice.name, own, "7", "7000"])
        }
      }
    }).pipe(Effect.scoped))
})
