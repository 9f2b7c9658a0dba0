import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Gate from "./attack/Gate.ts"
import * as Socket from "./attack/Socket.ts"
import { json } from "./attack/wait.ts"

/** Each API's own form of what was not found, and of a method that a path does not have. */
const forms: ReadonlyArray<readonly [name: string, path: string, headers: object, missing: unknown]> = [
  [
    "openai",
    "/v1/files",
    {},
    { error: { message: "there is nothing under /v1/files", type: "invalid_request_error", param: null, code: null } }
  ],
  [
    "anthropic",
    "/v1/messages/batches",
    {},
    {
      type: "error",
      error: { type: "not_found_error", message: "there is nothing under /v1/messages/batches" },
      request_id: null
    }
  ],
  [
    "anthropic by its header",
    "/v1/files",
    { "anthropic-version": "2023-06-01" },
    { type: "error", error: { type: "not_found_error", message: "there is nothing under /v1/files" }, request_id: null }
  ],
  [
    "google",
    "/v1beta/cachedContents",
    {},
    { error: { code: 404, message: "there is nothing under /v1beta/cachedContents", status: "NOT_FOUND" } }
  ],
  ["ollama", "/api/pull", {}, { error: "there is nothing under /api/pull" }]
]

describe("a path that is not served", () => {
  for (const [name, path, headers, missing] of forms) {
    it.live(`is told in the form of ${name}, whether or not its body has come`, () =>
      Effect.gen(function*() {
        const gate = yield* Gate.make()
        const whole = yield* gate.post(path, "{}", headers as Record<string, string>)
        const begun = yield* gate.say(
          Socket.request("POST", path, { ...json, "content-length": "1000000", ...headers })
        )
        expect([whole?.status, JSON.parse(whole!.body)]).toEqual([404, missing])
        expect([begun?.status, begun?.headers.get("connection")]).toEqual([404, "close"])
        expect(gate.accesses.map(({ reason, status }) => [status, reason])).toEqual(
          [whole, begun].map(() => [404, name === "openai" ? "invalid-request" : "not-found"])
        )
      }).pipe(Effect.scoped))
  }

  it.live("tells the path that was meant", () =>
    Effect.gen(function*() {
      const gate = yield* Gate.make()
      const paths = ["/v1/chat/completions/", "//v1/chat/completions", "/v1/v1/chat/completions"]
      const answers = yield* Effect.forEach(paths, (path) => gate.post(path, "{}"))
      expect(answers.map((answer) => [answer?.status, JSON.parse(answer!.body).error.message])).toEqual(
        paths.map((path) => [404, `there is nothing under ${path}, but under /v1/chat/completions`])
      )
      const twice = yield* gate.post("/v1/v1/messages", "{}", { "anthropic-version": "2023-06-01" })
      expect(JSON.parse(twice!.body).error.message).toBe(
        "there is nothing under /v1/v1/messages, but under /v1/messages"
      )
    }).pipe(Effect.scoped))

  it.live("is no long message where it is a long path", () =>
    Effect.gen(function*() {
      const gate = yield* Gate.make()
      const answer = yield* gate.post(`/v1/${"x".repeat(20_000)}`, "{}")
      expect([answer?.status, answer!.body.length < 500]).toEqual([404, true])
    }).pipe(Effect.scoped))

  it.live("names the methods that it has, also to a browser that asks before it calls", () =>
    Effect.gen(function*() {
      // As with keys: none is shown, and nobody is asked whether it is good.
      const gate = yield* Gate.make({ guard: undefined, gateway: { authenticate: () => Effect.never } })
      const preflight = { ...json, origin: "https://page.test", "access-control-request-method": "POST" }
      for (const voice of Gate.voices) {
        const path = voice.path(false)
        const answer = yield* gate.say(Socket.request("OPTIONS", path, preflight))
        const message = `${path} is asked by ${path.includes(":") ? "GET or " : ""}POST`
        expect([voice.name, answer?.status, answer?.headers.get("allow"), answer?.body.includes(message)]).toEqual([
          voice.name,
          405,
          path.includes(":") ? "GET, POST" : "POST",
          true
        ])
        expect([...answer!.headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([])
      }
      const list = yield* gate.say(Socket.request("DELETE", "/v1/models", json))
      expect([list?.status, list?.headers.get("allow")]).toEqual([405, "GET, HEAD"])
    }).pipe(Effect.scoped))

  it.live("says of answers that would have been kept that none is", () =>
    Effect.gen(function*() {
      const gate = yield* Gate.make()
      const asked = [
        ["GET", "/v1/responses/resp_1"],
        ["DELETE", "/v1/responses/resp_1"],
        ["POST", "/v1/responses/resp_1/cancel"],
        ["GET", "/v1/responses/resp_1/input_items"],
        ["GET", "/openai/v1/responses/resp_1"],
        ["GET", "/v1/conversations/conv_1"]
      ] as const
      for (const [method, path] of asked) {
        const answer = yield* gate.say(Socket.request(method, path, json))
        expect([path, answer?.status, JSON.parse(answer!.body).error]).toEqual([path, 400, {
          message: "nothing is kept here: send the whole conversation with each request",
          type: "invalid_request_error",
          param: null,
          code: "unsupported_value"
        }])
      }
    }).pipe(Effect.scoped))

  it.live("is left to whoever answers all other paths where it is no API's", () =>
    Effect.gen(function*() {
      const gate = yield* Gate.make()
      const paths = ["/", "/admin/v1/keys", "/metrics", "/v1", "/apis", "/dashboard"]
      const answers = yield* Effect.forEach(paths, (path) => gate.say(Socket.request("GET", path, json)))
      expect(answers.map((answer) => answer?.body)).toEqual(paths.map(() => "{}"))
    }).pipe(Effect.scoped))
})
