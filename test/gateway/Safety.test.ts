import { describe, expect, layer } from "@effect/vitest"
import { Effect } from "effect"
import * as Gate from "./attack/Gate.ts"
import * as Socket from "./attack/Socket.ts"
import * as Upstream from "./attack/Upstream.ts"

const { Shared, vendorKey, voices } = Gate

/** What the vendors were sent of a prompt that no other test uses. */
const sent = ({ upstream }: Gate.Gate, mark: string) => upstream.received.filter(({ body }) => body.includes(mark))

let count = 0
const mark = () => `mark${count++}x`

layer(Shared.layer, { excludeTestServices: true })("the running gateway", (it) => {
  describe("says nobody else where a call goes and with which key", () => {
    const elsewhere = "http://127.0.0.1:9/attacker"
    const redirections: ReadonlyArray<Record<string, unknown>> = [
      { api_base: elsewhere },
      { base_url: elsewhere },
      { baseURL: elsewhere },
      { BASEURL: elsewhere },
      { baseurl: elsewhere },
      { apiBase: elsewhere },
      { "base-url": elsewhere },
      { api_key: "sk-attacker" },
      { extra_headers: { authorization: "Bearer sk-attacker", "x-evil": "1" } },
      { extraHeaders: { "x-evil": "1" } },
      { default_headers: { "x-evil": "1" } },
      { headers: { "x-evil": "1" } },
      { http_options: { base_url: elsewhere } },
      { extra_body: { base_url: elsewhere } },
      { vertex_credentials: elsewhere }
    ]
    for (const voice of voices) {
      it.effect(`${voice.name}: fields that redirect`, () =>
        Effect.gen(function*() {
          const gate = yield* Shared
          const leaks: Array<string> = []
          for (const fields of redirections) {
            const prompt = mark()
            const answer = yield* gate.post(voice.path(false), { ...voice.body(prompt), ...fields })
            for (const { body, headers } of sent(gate, prompt)) {
              // Without effect is as good as refused: it reached nobody, and no header came of it.
              const told = JSON.stringify([body, headers])
              if (/attacker|x-evil/i.test(told)) leaks.push(`${JSON.stringify(fields)} reached the vendor`)
            }
            if (answer?.status !== 200 && answer?.status !== 400) {
              leaks.push(`${JSON.stringify(fields)}: ${answer?.status}`)
            }
          }
          expect(leaks).toEqual([])
        }))

      it.effect(`${voice.name}: wishes and headers that redirect`, () =>
        Effect.gen(function*() {
          const gate = yield* Shared
          const prompt = mark()
          const wish = yield* gate.post(voice.path(false), {
            ...voice.body(prompt),
            llmdispatcher: { base_url: elsewhere }
          })
          expect(wish?.status).toBe(400)
          yield* gate.post(voice.path(false), voice.body(prompt), {
            "llmdispatcher-base-url": elsewhere,
            "x-api-base": elsewhere,
            "x-portkey-custom-host": elsewhere,
            "helicone-target-url": elsewhere
          })
          expect(sent(gate, prompt).map(({ headers }) => JSON.stringify(headers).includes("attacker"))).toEqual([false])
        }))

      it.effect(`${voice.name}: upstream headers are the vendor's own`, () =>
        Effect.gen(function*() {
          const gate = yield* Shared
          const prompt = mark()
          const answer = yield* gate.post(voice.path(false), voice.body(prompt), {
            authorization: "Bearer caller-key",
            "api-key": "caller-key",
            "x-goog-api-client": "caller-client",
            cookie: "session=caller",
            "x-forwarded-for": "6.6.6.6",
            forwarded: "for=6.6.6.6",
            "x-real-ip": "6.6.6.6",
            traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            tracestate: "caller=1",
            baggage: "caller=1",
            "user-agent": "caller/1",
            "openai-organization": "caller",
            "anthropic-beta": "caller-beta",
            "x-custom": "caller"
          })
          expect(answer?.status).toBe(200)
          const [call] = sent(gate, prompt)
          const allowed = new Set([
            "accept",
            "user-agent",
            "authorization",
            "x-api-key",
            "x-goog-api-key",
            "anthropic-version",
            "content-type",
            "content-length",
            "host",
            "connection",
            "transfer-encoding",
            "accept-encoding"
          ])
          expect(Object.keys(call!.headers).filter((name) => !allowed.has(name))).toEqual([])
          expect(JSON.stringify(call!.headers)).not.toMatch(/caller|6\.6\.6\.6/)
          expect(JSON.stringify(call!.headers)).toContain(vendorKey)
        }))
    }
  })

  describe("reads a body once, and only as it is written", () => {
    for (const voice of voices) {
      it.effect(`${voice.name}: of two keys of one name the last counts, for who looks and for who is called`, () =>
        Effect.gen(function*() {
          const gate = yield* Shared
          const prompt = mark()
          const text = JSON.stringify(voice.body(prompt))
          const twice = text.replace("{", "{\"model\":\"nobody/forbidden\",\"model\":\"nobody/forbidden\",")
          const answer = yield* gate.post(voice.path(false), twice)
          const calls = sent(gate, prompt)
          // There the path names the model, and a body that does so too is wrong.
          const isNamed = voice.name === "google"
          expect([answer?.status, calls.length]).toEqual(isNamed ? [answer?.status, calls.length] : [200, 1])
          expect(JSON.stringify(calls)).not.toContain("forbidden")
        }))

      it.effect(`${voice.name}: a key in other letters is no second model`, () =>
        Effect.gen(function*() {
          const gate = yield* Shared
          const prompt = mark()
          const body = voice.body(prompt)
          const other = Object.fromEntries(Object.keys(body).map((key) => [key.toUpperCase(), "forbidden"]))
          yield* gate.post(voice.path(false), { ...body, ...other, Model: "forbidden" })
          expect(JSON.stringify(sent(gate, prompt))).not.toContain("forbidden")
        }))

      it.effect(`${voice.name}: __proto__ and constructor touch no prototype and change no field`, () =>
        Effect.gen(function*() {
          const gate = yield* Shared
          const before = Object.getOwnPropertyNames(Object.prototype)
          const prompt = mark()
          const hostile =
            "{\"polluted\":\"yes\",\"model\":\"nobody/forbidden\",\"temperature\":2,\"stream\":true,\"isStream\":true}"
          const keys = `"__proto__":${hostile},"constructor":{"prototype":${hostile}},`
          const text = JSON.stringify(voice.body(prompt)).replaceAll("{", `{${keys}`)
          const answer = yield* gate.post(voice.path(false), text)
          expect(answer?.status).toSatisfy((status: number) => status === 200 || status === 400)
          expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(before)
          expect(({} as { polluted?: string }).polluted).toBeUndefined()
          expect(([] as { polluted?: string }).polluted).toBeUndefined()
          for (const { body } of sent(gate, prompt)) expect(JSON.parse(body).temperature).toBeUndefined()
          // Where nothing stands but a name that is hostile, the field is as if it were not there.
          const fields = JSON.stringify(voice.body(prompt)).replace("{", `{"__proto__":${hostile},`)
          yield* gate.post(voice.path(false), fields)
          for (const { body } of sent(gate, prompt)) expect(JSON.parse(body)).not.toHaveProperty("polluted")
        }))
    }
  })

  describe("bears hostile text", () => {
    const texts: Readonly<Record<string, string>> = {
      SQL: "x'; DROP TABLE keys; --",
      "line breaks": "x\r\nset-cookie: evil=1\r\n\r\nHTTP/1.1 200 OK",
      NUL: "x\u0000y",
      unicode: "模型\u202e\u200b💥",
      "half a pair": "x\ud800y",
      percent: "%0d%0aset-cookie:%20evil=1",
      "a megabyte": "x".repeat(1_000_000),
      "__proto__": "__proto__",
      path: "../../../../etc/passwd"
    }
    for (const [name, text] of Object.entries(texts)) {
      it.effect(`${name} in the place of a model`, () =>
        Effect.gen(function*() {
          const gate = yield* Shared
          const wrong: Array<unknown> = []
          const look = (where: string) => (answer: Socket.Answer | undefined) => {
            if (answer === undefined || answer.status === 500) wrong.push([where, answer])
            if (answer?.headers.has("set-cookie")) wrong.push([where, "a header was split"])
          }
          for (const model of [text, `chat/${text}`]) {
            for (const voice of voices.filter(({ name }) => name !== "google")) {
              look(voice.name)(yield* gate.post(voice.path(false), { ...voice.body("Hi"), model }))
            }
            look("embeddings")(yield* gate.post("/v1/embeddings", { model, input: "Hi" }))
            look("show")(yield* gate.post("/api/show", { model }))
            look("count")(
              yield* gate.post("/v1/messages/count_tokens", {
                model,
                messages: [{ role: "user", content: "Hi" }]
              })
            )
            if (text.length > 10_000) continue
            const path = encodeURIComponent(model.toWellFormed())
            const voice = voices.find(({ name }) => name === "google")!
            look("google")(yield* gate.post(`/v1beta/models/${path}:generateContent`, voice.body("Hi")))
            look("deployment")(
              yield* gate.post(`/openai/deployments/${path}/chat/completions`, voices[0]!.body("Hi"))
            )
            look("list")(yield* gate.say(Socket.request("GET", `/v1/models/${path}`, { host: "localhost" })))
          }
          expect(wrong).toEqual([])
        }))

      it.effect(`${name} in the place of a key and of every header that is read`, () =>
        Effect.gen(function*() {
          const gate = yield* Shared
          const wrong: Array<unknown> = []
          const value = Buffer.from(text.slice(0, 20_000)).toString("latin1")
          for (
            const header of [
              "authorization",
              "x-api-key",
              "api-key",
              "x-goog-api-key",
              "llmdispatcher-route",
              "llmdispatcher-mode",
              "llmdispatcher-vendors",
              "llmdispatcher-priority",
              "llmdispatcher-deadline",
              "llmdispatcher-cache",
              "llmdispatcher-losses",
              "content-type",
              "content-encoding",
              "origin",
              "host"
            ]
          ) {
            const answer = yield* gate.post(voices[0]!.path(false), voices[0]!.body("Hi"), {
              [header]: header === "authorization" ? `Bearer ${value}` : value
            })
            if (answer === undefined || answer.status >= 500) wrong.push([header, answer])
            if (answer?.headers.has("set-cookie")) wrong.push([header, "a header was split"])
          }
          expect(wrong).toEqual([])
        }))
    }

    it.effect("in the query", () =>
      Effect.gen(function*() {
        const gate = yield* Shared
        const google = voices.find(({ name }) => name === "google")!
        for (const query of ["__proto__=x&constructor=y", "alt=%0d%0a", "%", "key=x'--", `alt=${"x".repeat(20_000)}`]) {
          const answer = yield* gate.post(`${google.path(false)}?${query}`, google.body("Hi"))
          expect([query.slice(0, 20), answer?.status]).toEqual([query.slice(0, 20), 200])
        }
      }))
  })

  it.effect("a body that is no object, no JSON or no UTF-8 is the caller's fault in every dialect", () =>
    Effect.gen(function*() {
      const gate = yield* Shared
      const wrong: Array<unknown> = []
      const paths = [
        ...voices.map(({ path }) => path(false)),
        "/v1/embeddings",
        "/api/embed",
        "/api/embeddings",
        "/api/show",
        "/v1/messages/count_tokens",
        "/v1beta/models/google/gemini-2.5-flash:countTokens",
        "/v1beta/models/google/x:embedContent",
        "/v1beta/models/google/x:batchEmbedContents",
        "/openai/deployments/chat%2Fx/chat/completions",
        "/openai/deployments/x/embeddings"
      ]
      for (const path of paths) {
        for (const body of ["", "null", "[]", "1", "\"x\"", "{", "\u0000", "{\"a\":1}garbage", "[[[[", "{}", "true"]) {
          const answer = yield* gate.post(path, body)
          if (answer === undefined || answer.status < 400 || answer.status >= 500) {
            wrong.push([path, body, answer?.status])
          }
        }
      }
      expect(wrong).toEqual([])
    }))

  it.effect("fetches no address that a caller names, of this machine or any other", () =>
    Effect.gen(function*() {
      const gate = yield* Shared
      const victim = yield* Upstream.make
      const chat = voices[0]!
      const models = [
        "chat/gpt-5",
        "responses/gpt-5",
        "anthropic/claude-haiku-4-5",
        "google/gemini-2.5-flash",
        "ollama/llama3"
      ]
      const wrong: Array<unknown> = []
      for (const model of models) {
        for (
          const url of [`${victim.url}/secret.png`, "file:///etc/passwd", "http://169.254.169.254/latest/meta-data"]
        ) {
          const content = [{ type: "text", text: "Look" }, { type: "image_url", image_url: { url } }]
          const answer = yield* gate.post(chat.path(false), { model, messages: [{ role: "user", content }] })
          if (answer?.status !== 200 && answer?.status !== 400) wrong.push([model, url, answer?.status])
        }
      }
      expect(wrong).toEqual([])
      expect(victim.received).toEqual([])
      const told = gate.upstream.received.map(({ body }) => body).join()
      expect([told.includes("file:///"), told.includes("root:x:0")]).toEqual([false, false])
    }))

  it.effect("puts no line break, no other script and nothing long into its own headers, whoever chose a name", () =>
    Effect.gen(function*() {
      const gate = yield* Shared
      const chat = voices[0]!
      const targets: Array<unknown> = []
      for (const name of ["模型", "caf\u00e9", "x".repeat(240), "a b;c=\"d\""]) {
        for (
          const [path, body] of [[chat.path(false), chat.body("Hi")], [chat.path(true), chat.body("Hi", true)], [
            "/v1/embeddings",
            { input: "Hi" }
          ]] as const
        ) {
          const answer = yield* gate.post(path, { ...body, model: `chat/${name}` })
          targets.push([answer?.status, answer?.headers.get("llmdispatcher-target")])
        }
      }
      const told = ["chat/??", "chat/caf?", `chat/${"x".repeat(240)}`, "chat/a b;c=\"d\""]
      expect(targets).toEqual(told.flatMap((target) => [[200, target], [200, target], [200, target]]))
    }))

  it.effect("writes out a small schema of references to references no further than a vendor would read it", () =>
    Effect.gen(function*() {
      const gate = yield* Shared
      const last = 15
      const $defs: Record<string, unknown> = { [`d${last}`]: { type: "string" } }
      for (let at = 0; at < last; at++) {
        const $ref = `#/$defs/d${at + 1}`
        $defs[`d${at}`] = { type: "object", properties: { a: { $ref }, b: { $ref } } }
      }
      const schema = { type: "object", properties: { a: { $ref: "#/$defs/d0" } }, $defs }
      const tools = [{ type: "function", function: { name: "f", parameters: schema } }]
      const response_format = { type: "json_schema", json_schema: { name: "x", schema } }
      const sizes: Array<number> = []
      for (
        const model of ["google/gemini-1.5-pro", "google/gemini-2.5-flash", "anthropic/claude-haiku-4-5", "ollama/x"]
      ) {
        for (const fields of [{ tools }, { response_format }]) {
          const prompt = mark()
          yield* gate.post(voices[0]!.path(false), { ...voices[0]!.body(prompt), ...fields, model })
          sizes.push(...sent(gate, prompt).map(({ body }) => body.length))
        }
      }
      expect(sizes.length).toBeGreaterThan(4)
      expect(sizes.filter((size) => size > 1_500_000)).toEqual([])
    }))

  for (const voice of voices) {
    it.effect(`${voice.name}: what a vendor says when it fails tells the caller no key of ours`, () =>
      Effect.gen(function*() {
        const gate = yield* Shared
        const told: Array<string> = []
        for (const status of [400, 401, 403, 404, 429, 500, 503]) {
          for (const stream of [false, true]) {
            const answer = yield* gate.post(voice.path(stream), voice.body(`!fail${status}`, stream))
            told.push(JSON.stringify([answer?.status, answer?.body, [...answer?.headers ?? []]]))
            // Whoever has done nothing wrong is not told that a key is.
            expect([status, answer?.status === 401 || answer?.status === 403]).toEqual([status, false])
          }
        }
        expect(told.join()).not.toContain(vendorKey)
        expect(told.join()).not.toContain("canary")
      }))
  }
})
