/** Callers that keep to HTTP, each in a way that hardly any SDK does. */
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Gate from "./Gate.ts"
import * as Socket from "./Socket.ts"
import { json } from "./wait.ts"

const { voices } = Gate
const chat = voices[0]!
const body = JSON.stringify(chat.body("Grüezi 👋"))
const post = (headers: Record<string, string>, text = body, path = chat.path(false)) =>
  Socket.request("POST", path, headers, text)

describe("a caller", () => {
  it.live("may send its body in chunks of a byte, with extensions and trailers, split anywhere", () =>
    Effect.gen(function*() {
      const gate = yield* Gate.make()
      const chunks = Array.from(Buffer.from(body), (byte) => `1;a=b\r\n${String.fromCharCode(byte)}\r\n`)
      const head = Socket.request("POST", chat.path(false), { ...json, "transfer-encoding": "chunked", trailer: "x-t" })
      const bytes = Buffer.from(`${head}${chunks.join("")}0\r\nx-t: 1\r\n\r\n`, "latin1")
      const socket = yield* Socket.open(gate.port)
      for (let at = 0; at < bytes.length; at += 7) {
        socket.write(bytes.subarray(at, at + 7))
        if (at % 70 === 0) yield* Effect.sleep("1 millis")
      }
      const answers = Socket.answers(yield* socket.until((text) => Socket.answers(text).length > 0))
      expect(answers.map(({ status }) => status)).toEqual([200])
      expect(JSON.parse(gate.upstream.received[0]!.body).messages).toEqual([{ role: "user", content: "Grüezi 👋" }])
    }).pipe(Effect.scoped))

  it.live("that waits to be told to go on is told, and one that would send too much is refused before", () =>
    Effect.gen(function*() {
      const gate = yield* Gate.make()
      const expecting = { ...json, expect: "100-continue" }
      const socket = yield* Socket.open(gate.port)
      const length = { "content-length": String(Buffer.byteLength(body)) }
      socket.write(Socket.request("POST", chat.path(false), { ...expecting, ...length }))
      expect(yield* socket.until((text) => text.includes("\r\n\r\n"))).toBe("HTTP/1.1 100 Continue\r\n\r\n")
      socket.write(body)
      const answers = Socket.answers(yield* socket.until((text) => Socket.answers(text).length > 0))
      expect(answers.map(({ status }) => status)).toEqual([200])
      const large = yield* gate.say(
        Socket.request("POST", chat.path(false), { ...expecting, "content-length": "99999999" })
      )
      expect([large?.status, large?.headers.get("connection")]).toEqual([413, "close"])
      const other = yield* gate.say(post({ ...json, expect: "more" }))
      expect(other?.status).toBe(417)
    }).pipe(Effect.scoped))

  it.live("may speak HTTP/1.0, keep its connection or not, and give no host", () =>
    Effect.gen(function*() {
      const gate = yield* Gate.make()
      const old = (bytes: string) => bytes.replace("HTTP/1.1", "HTTP/1.0")
      const type = { "content-type": "application/json" }
      const asked = [old(post(json)), old(post(type)), old(post({ ...json, connection: "keep-alive" }))]
      const answers = yield* Effect.forEach(asked, (bytes) => gate.say(bytes))
      expect(answers.map((answer) => [answer?.status, answer?.headers.get("connection")])).toEqual([
        [200, "close"],
        [200, "close"],
        [200, "keep-alive"]
      ])
      const socket = yield* Socket.open(gate.port)
      socket.write(old(post(json, JSON.stringify(chat.body("Hello", true)))))
      const text = yield* socket.closed()
      expect([/transfer-encoding/i.test(text), text.endsWith("data: [DONE]\n\n")]).toEqual([false, true])
    }).pipe(Effect.scoped))

  it.live("that asks for its connection to be closed finds it closed after the answer, streamed or whole", () =>
    Effect.gen(function*() {
      const gate = yield* Gate.make()
      for (const stream of [false, true]) {
        const socket = yield* Socket.open(gate.port)
        socket.write(post({ ...json, connection: "close" }, JSON.stringify(chat.body("Hello", stream))))
        const [answer] = Socket.answers(yield* socket.closed())
        expect([answer?.status, answer?.headers.get("connection"), socket.isClosed()]).toEqual([200, "close", true])
      }
    }).pipe(Effect.scoped))

  it.live("may write names of headers in capitals, a mark of UTF-8 before its JSON, and empty lines before it all", () =>
    Effect.gen(function*() {
      const gate = yield* Gate.make()
      const answers = yield* Effect.forEach([
        post({ HOST: "localhost", "CONTENT-TYPE": "Application/JSON; Charset=UTF-8" }),
        post(json, `\ufeff${body}`),
        `\r\n\r\n${post(json)}`,
        post(json, body, `${chat.path(false)}?api-version=2024-10-21&x=%zz`)
      ], (bytes) => gate.say(bytes))
      expect(answers.map((answer) => answer?.status)).toEqual([200, 200, 200, 200])
    }).pipe(Effect.scoped))

  it.live("with a key need not say that its body is JSON", () =>
    Effect.gen(function*() {
      const gate = yield* Gate.make({ guard: undefined })
      for (
        const type of [{}, { "content-type": "text/plain" }, { "content-type": "application/x-www-form-urlencoded" }]
      ) {
        expect((yield* gate.say(post({ host: "localhost", ...type })))?.status).toBe(200)
      }
    }).pipe(Effect.scoped))

  it.live("without one that does not is told so in the words of its own API", () =>
    Effect.gen(function*() {
      const gate = yield* Gate.make()
      const message = "the body must be sent as application/json"
      const answers = yield* Effect.forEach(voices, (voice) =>
        gate.say(post({ host: "localhost" }, JSON.stringify(voice.body("Hello")), voice.path(false))))
      expect(answers.map((answer) => [answer?.status, JSON.parse(answer!.body)])).toEqual([
        { error: { message, type: "invalid_request_error", param: null, code: null } },
        { error: { message, type: "invalid_request_error", param: null, code: null } },
        { type: "error", error: { type: "invalid_request_error", message }, request_id: null },
        { error: { code: 415, message, status: "INVALID_ARGUMENT" } },
        { error: message },
        { error: message }
      ].map((told) => [415, told]))
    }).pipe(Effect.scoped))

  it.live("of Anthropic's API is told the id of its call by the name that its SDKs read too", () =>
    Effect.gen(function*() {
      const gate = yield* Gate.make()
      for (const voice of voices) {
        for (const asked of [voice.body("Hello"), voice.body("Hello", true), {}]) {
          const answer = yield* gate.post(voice.path(false), asked)
          const id = answer?.headers.get("x-request-id")
          expect([voice.name, typeof id, answer?.headers.get("request-id")]).toEqual([
            voice.name,
            "string",
            voice.name === "anthropic" ? id : undefined
          ])
        }
      }
    }).pipe(Effect.scoped))

  it.live("may ask for the head of a list alone", () =>
    Effect.gen(function*() {
      const gate = yield* Gate.make()
      const heads = yield* Effect.forEach(["/v1/models", "/api/tags", "/api/version"], (path) =>
        Effect.scoped(Effect.gen(function*() {
          const socket = yield* Socket.open(gate.port)
          socket.write(Socket.request("HEAD", path, { ...json, connection: "close" }))
          return yield* socket.closed()
        })))
      expect(heads.map((text) => [text.slice(9, 12), text.endsWith("\r\n\r\n")])).toEqual(
        heads.map(() => ["200", true])
      )
    }).pipe(Effect.scoped))

  it.live("that speaks TLS, HTTP/2 or nothing known is told 400 and let go", () =>
    Effect.gen(function*() {
      const gate = yield* Gate.make()
      for (
        const bytes of [
          Buffer.from("1603010200010001fc0303", "hex"),
          "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
          "hello\r\n\r\n"
        ]
      ) {
        const socket = yield* Socket.open(gate.port)
        socket.write(bytes)
        const text = yield* socket.closed()
        expect([text.slice(0, 12), socket.isClosed()]).toEqual(["HTTP/1.1 400", true])
      }
      expect((yield* gate.say(post(json)))?.status).toBe(200)
    }).pipe(Effect.scoped))
})
