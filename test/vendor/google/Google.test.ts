import { LLMock } from "@copilotkit/aimock"
import { describe, expect, it } from "@effect/vitest"
import { ConfigProvider, Duration, Effect, Exit, Layer, Redacted, Scope, Stream } from "effect"
import { FetchHttpClient, type HttpClient } from "effect/http"
import * as Request from "../../../src/Request.ts"
import * as Response from "../../../src/Response.ts"
import type { Call, Vendor } from "../../../src/Vendor.ts"
import type { AttemptError } from "../../../src/VendorError.ts"
import * as Google from "../../../src/vendor/google/Google.ts"
import * as NodeHttp from "../../../src/wire/NodeHttp.ts"
import * as FaultServer from "../../wire/FaultServer.ts"

const key = "AIzaCanary-0123456789abcdef"

const make = (baseUrl: string, options: Partial<Google.Options> = {}) =>
  Google.make({ apiKey: Redacted.make(key), baseUrl, ...options })

const call = (input: Record<string, unknown> = {}, model = "gemini-2.5-flash") =>
  Effect.map(Request.decode({ prompt: "Hello", ...input }), (request) => ({ model, request }))

const bothWays = (vendor: Vendor, call: Call): ReadonlyArray<Effect.Effect<unknown, AttemptError>> => [
  vendor.send(call),
  Effect.scoped(vendor.stream(call))
]

/** Reads a streamed answer to its end, keeping what came before an error. */
const collect = (vendor: Vendor, input: Record<string, unknown> = {}) =>
  Effect.scoped(Effect.gen(function*() {
    const parts: Array<Response.StreamPart> = []
    const answer = yield* vendor.stream(yield* call(input))
    const exit = yield* Effect.exit(Stream.runForEach(answer.parts, (part) => Effect.sync(() => parts.push(part))))
    const error = Exit.isFailure(exit) ? yield* Effect.flip(exit) : undefined
    return { parts, error, losses: answer.losses }
  }))

const answer = (text: string, finishReason?: string) => ({
  candidates: [{ content: { parts: [{ text }], role: "model" }, finishReason, index: 0 }]
})
const chunk = (text: string, finishReason?: string) => `data: ${JSON.stringify(answer(text, finishReason))}\r\n\r\n`
const begin = chunk("Once")
const stop = chunk("", "STOP")

const over = (
  name: string,
  effect: () => Effect.Effect<void, unknown, Scope.Scope | HttpClient.HttpClient>,
  client: Layer.Layer<HttpClient.HttpClient> = FetchHttpClient.layer
) => it.effect(name, () => Effect.provide(effect(), client))

const clients: ReadonlyArray<readonly [string, Layer.Layer<HttpClient.HttpClient>]> = [
  ["undici", NodeHttp.layer()],
  ["fetch", FetchHttpClient.layer]
]

describe.each(clients)("faults over %s", (_, client) => {
  const test = (name: string, effect: Parameters<typeof over>[1]) => over(name, effect, client)

  const streamed = (...handlers: Parameters<typeof FaultServer.make>) =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(...handlers)
      return yield* collect(yield* make(server.url))
    })

  test("gives a stream cut in its middle as StreamInterrupted after its parts", () =>
    Effect.gen(function*() {
      const { error, parts } = yield* streamed(FaultServer.cut(begin))
      expect(parts.map((part) => part.type)).toEqual(["text-start", "text-delta"])
      expect(error).toMatchObject({ _tag: "RetryableError", reason: { _tag: "StreamInterrupted" }, status: 200 })
    }))

  test("takes a stream whose connection breaks after its finish reason as whole", () =>
    Effect.gen(function*() {
      const { error, parts } = yield* streamed(FaultServer.cut(begin, stop))
      expect(error).toBeUndefined()
      expect(parts.at(-1)).toMatchObject({ type: "finish", reason: "stop" })
    }))

  test("gives an error between the events as what it says, without the key", () =>
    Effect.gen(function*() {
      const error = { error: { code: 503, message: `Overloaded for ${key}`, status: "UNAVAILABLE" } }
      const { error: failed, parts } = yield* streamed(FaultServer.stream(begin, JSON.stringify(error, null, 2)))
      expect(parts.length).toBe(2)
      expect(failed).toMatchObject({
        reason: { _tag: "Overloaded", code: "UNAVAILABLE", description: "Overloaded for [redacted]" },
        status: 200
      })
    }))

  test("reads the array of a server that overlooks the wish for events", () =>
    Effect.gen(function*() {
      const { error, parts } = yield* streamed(FaultServer.json(200, [answer("On"), answer("ce", "STOP")]))
      expect(error).toBeUndefined()
      expect(Response.fold(parts)[0]).toEqual({ type: "text", text: "Once" })
    }))

  test("reads an event as large as a picture", () =>
    Effect.gen(function*() {
      const { error, parts } = yield* streamed(FaultServer.stream(chunk("x".repeat(3_000_000)), stop))
      expect(error).toBeUndefined()
      expect(parts.at(-1)?.type).toBe("finish")
    }))

  test("gives an event larger than allowed as MalformedResponse", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(FaultServer.stream(begin, chunk("x".repeat(2_000)), stop))
      const { error } = yield* collect(yield* make(server.url, { maxEventSize: 1_000 }))
      expect(error?.reason._tag).toBe("MalformedResponse")
    }))

  test("gives a failure with its wait and status", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(FaultServer.json(429, {
        error: {
          code: 429,
          message: "Too fast",
          status: "RESOURCE_EXHAUSTED",
          details: [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "1.5s" }]
        }
      }))
      const vendor = yield* make(server.url)
      for (const effect of bothWays(vendor, yield* call())) {
        expect(yield* Effect.flip(effect)).toMatchObject({
          _tag: "RetryableError",
          reason: { _tag: "RateLimited", description: "Too fast", code: "RESOURCE_EXHAUSTED" },
          status: 429,
          retryAfter: Duration.millis(1500)
        })
      }
    }))

  test("aborts the request when the Scope of a stalled stream closes", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(FaultServer.stall(begin))
      const vendor = yield* make(server.url)
      const scope = yield* Scope.make()
      const { parts } = yield* Scope.provide(vendor.stream(yield* call()), scope)
      expect(yield* Stream.runHead(Stream.filter(parts, Response.isMeaningful)))
        .toMatchObject({ value: { type: "text-delta", delta: "Once" } })
      const request = yield* server.arrived
      yield* Scope.close(scope, Exit.void)
      yield* request.aborted
    }))
})

describe("what goes over the wire", () => {
  over(
    "names the model in the path, with or without models/, and the key only in its header",
    () =>
      Effect.gen(function*() {
        const server = yield* FaultServer.make(FaultServer.json(200, answer("x", "STOP")))
        const vendor = yield* make(`${server.url}/v1beta/`)
        yield* vendor.send(yield* call())
        yield* vendor.send(yield* call({}, "models/gemini-2.5-flash"))
        yield* vendor.send(yield* call({}, "tunedModels/mine"))
        yield* vendor.send(yield* call({}, "../x?key=y"))
        yield* Effect.scoped(vendor.stream(yield* call()))
        expect(server.requests.map(({ path }) => path)).toEqual([
          "/v1beta/models/gemini-2.5-flash:generateContent",
          "/v1beta/models/gemini-2.5-flash:generateContent",
          "/v1beta/tunedModels/mine:generateContent",
          "/v1beta/models/..%2Fx%3Fkey%3Dy:generateContent",
          "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse"
        ])
        for (const { body, headers, path } of server.requests) {
          expect(headers["x-goog-api-key"]).toBe(key)
          expect(path + body).not.toContain(key)
        }
      })
  )

  over("reads raw options under the name of the instance too, and sends its own headers", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(FaultServer.json(200, answer("x", "STOP")))
      const vendor = yield* make(server.url, { name: "eu", headers: { "x-own": "1" } })
      yield* vendor.send(yield* call({ options: { google: { a: 1 }, eu: { b: 2 }, other: { c: 3 } } }))
      expect(JSON.parse(server.requests[0]!.body)).toMatchObject({ a: 1, b: 2 })
      expect(server.requests[0]!.body).not.toContain("\"c\"")
      expect(server.requests[0]!.headers["x-own"]).toBe("1")
    }))

  over("refuses losses where the request does, before anything is sent", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(FaultServer.json(200, answer("x", "STOP")))
      const vendor = yield* make(server.url)
      for (const effect of bothWays(vendor, yield* call({ user: "u", losses: "reject" }))) {
        expect((yield* Effect.flip(effect)).reason).toMatchObject({ _tag: "UnsupportedFeature" })
      }
      expect(server.requests).toEqual([])
    }))

  over("makes up ids that no other turn of the conversation has", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(FaultServer.json(200, {
        candidates: [{ content: { parts: [{ functionCall: { name: "now" } }] }, finishReason: "STOP" }]
      }))
      const vendor = yield* make(server.url)
      const ids: Array<string> = []
      const messages: Array<any> = [{ role: "user", content: "a" }]
      for (let turn = 0; turn < 3; turn++) {
        const { parts } = yield* vendor.send(yield* call({ prompt: messages }))
        const calls = parts.filter((part) => part.type === "tool-call")
        ids.push(...calls.map(({ id }) => id))
        messages.push({ role: "assistant", content: calls }, {
          role: "tool",
          content: calls.map(({ id }) => ({ type: "tool-result", id, name: "now", isFailure: false, result: 1 }))
        })
      }
      expect(new Set(ids).size).toBe(3)
    }))
})

describe("models", () => {
  over("are listed page by page", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(
        FaultServer.json(200, { models: [{ name: "models/a", displayName: "A" }], nextPageToken: "t/1" }),
        FaultServer.json(200, { models: [{ name: "tunedModels/b", description: "B" }], nextPageToken: "" })
      )
      const vendor = yield* make(server.url)
      expect(yield* vendor.models).toEqual([{ id: "a", description: "A" }, { id: "tunedModels/b", description: "B" }])
      expect(server.requests.map(({ path }) => path))
        .toEqual(["/models?pageSize=1000", "/models?pageSize=1000&pageToken=t%2F1"])
    }))

  over("whose list does not end or is none are malformed", () =>
    Effect.gen(function*() {
      let number = 0
      const endless = yield* FaultServer.make((response) => {
        response.writeHead(200, { "content-type": "application/json" })
        response.end(JSON.stringify({ models: [], nextPageToken: `t${number++}` }))
      })
      const error = yield* Effect.flip((yield* make(endless.url)).models)
      expect([error.reason._tag, endless.requests.length]).toEqual(["MalformedResponse", 100])
      const none = yield* FaultServer.make(FaultServer.json(200, { models: "x" }))
      expect((yield* Effect.flip((yield* make(none.url)).models)).reason._tag).toBe("MalformedResponse")
    }))

  over("are available when the API answers", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(
        FaultServer.json(200, {}),
        FaultServer.json(400, { error: { status: "INVALID_ARGUMENT" } })
      )
      const vendor = yield* make(server.url)
      expect([yield* vendor.isAvailable, yield* vendor.isAvailable]).toEqual([true, false])
    }))
})

describe("embeddings", () => {
  const model = "gemini-embedding-001"

  over("of several texts go in batches of a hundred", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make((response, { body }) => {
        const { requests } = JSON.parse(body)
        const embeddings = requests.map(({ content }: any) => ({ values: [Number(content.parts[0].text)] }))
        response.writeHead(200, { "content-type": "application/json" })
        response.end(JSON.stringify({ embeddings, usageMetadata: { promptTokenCount: requests.length } }))
      })
      const vendor = yield* make(server.url)
      const inputs = Array.from({ length: 150 }, (_, index) => String(index))
      const { usage, vectors } = yield* vendor.embed({ model, inputs })
      expect(vectors.map(([value]) => value)).toEqual(inputs.map(Number))
      expect(usage).toEqual({ inputTokens: { total: 150 }, outputTokens: {} })
      expect(server.requests.map(({ path }) => path)).toEqual([
        `/models/${model}:batchEmbedContents`,
        `/models/${model}:batchEmbedContents`
      ])
      expect(JSON.parse(server.requests[1]!.body).requests[0])
        .toEqual({ model: `models/${model}`, content: { parts: [{ text: "100" }] } })
      expect(yield* vendor.embed({ model, inputs: [] }))
        .toEqual({ vectors: [], usage: { inputTokens: {}, outputTokens: {} } })
    }))

  over("that are not whole are malformed", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(
        FaultServer.json(200, { embeddings: [{ values: [1] }] }),
        FaultServer.json(200, { embeddings: "x" }),
        FaultServer.json(200, { embedding: {} })
      )
      const vendor = yield* make(server.url)
      for (const inputs of [["a", "b"], ["a", "b"], ["a"]]) {
        const error = yield* Effect.flip(vendor.embed({ model, inputs }))
        expect(error).toMatchObject({ reason: { _tag: "MalformedResponse" }, status: 200 })
      }
    }))
})

const mock = Effect.acquireRelease(
  Effect.promise(async () => {
    const mock = new LLMock({ port: 0 })
    await mock.start()
    return mock
  }),
  (mock) => Effect.promise(() => mock.stop())
)

describe("against aimock", () => {
  const test = (
    name: string,
    effect: (mock: LLMock, vendor: Vendor) => Effect.Effect<void, unknown, Scope.Scope | HttpClient.HttpClient>
  ) =>
    over(name, () =>
      Effect.gen(function*() {
        const server = yield* mock
        yield* effect(server, yield* make(`${server.url}/v1beta`))
      }), NodeHttp.layer())

  test("answers with text", (mock, vendor) =>
    Effect.gen(function*() {
      mock.onMessage("Hello", { content: "Hi there 👋" })
      const { losses, parts } = yield* vendor.send(yield* call())
      expect(losses).toEqual([])
      expect(parts.filter(({ type }) => type === "text")).toEqual([{ type: "text", text: "Hi there 👋" }])
      expect(parts.at(-1)).toMatchObject({ type: "finish", reason: "stop" })
    }))

  test("streams what it would answer", (mock, vendor) =>
    Effect.gen(function*() {
      mock.onMessage("Hello", { content: "A longer answer, in several pieces. 👋", reasoning: "Thinking hard." })
      const { error, parts } = yield* collect(vendor)
      expect(error).toBeUndefined()
      expect(parts.filter((part) => part.type === "text-delta").length).toBeGreaterThan(1)
      const { parts: whole } = yield* vendor.send(yield* call())
      const content = (parts: ReadonlyArray<Response.Part>) =>
        parts.filter(({ type }) => type === "text" || type === "reasoning")
      expect(content(Response.fold(parts))).toEqual(content(whole))
      expect(content(whole)).toMatchObject([{ type: "reasoning", text: "Thinking hard." }, { type: "text" }])
    }))

  test("calls tools and takes their results", (mock, vendor) =>
    Effect.gen(function*() {
      const tools = [{ name: "weather", parameters: { type: "object", properties: { city: { type: "string" } } } }]
      mock.on({ userMessage: "Weather", hasToolResult: true }, { content: "Sunny in Bern." })
      mock.on({ userMessage: "Weather", hasToolResult: false }, {
        toolCalls: [{ name: "weather", arguments: "{\"city\":\"Bern\"}" }]
      })
      const prompt = [{ role: "user", content: "Weather?" }]
      const { parts } = yield* vendor.send(yield* call({ prompt, tools }))
      const [called] = parts.filter((part) => part.type === "tool-call")
      expect(called).toMatchObject({ name: "weather", params: { city: "Bern" } })
      expect(parts.at(-1)).toMatchObject({ reason: "tool-calls" })
      const streamed = yield* collect(vendor, { prompt, tools })
      expect(streamed.parts.at(-1)).toMatchObject({ reason: "tool-calls" })
      expect(streamed.parts.filter((part) => part.type === "tool-call")).toMatchObject([{ params: { city: "Bern" } }])
      const { id } = called!
      const next = yield* vendor.send(
        yield* call({
          tools,
          prompt: [...prompt, { role: "assistant", content: [called] }, {
            role: "tool",
            content: [{ type: "tool-result", id, name: "weather", isFailure: false, result: { sky: "sunny" } }]
          }]
        })
      )
      expect(next.parts).toContainEqual({ type: "text", text: "Sunny in Bern." })
    }))

  test("fails as the server says, for send and stream alike", (mock, vendor) =>
    Effect.gen(function*() {
      const failures: ReadonlyArray<readonly [number, string, string]> = [
        [429, "RESOURCE_EXHAUSTED", "RateLimited"],
        [500, "INTERNAL", "ServerFault"],
        [503, "UNAVAILABLE", "Overloaded"],
        [401, "UNAUTHENTICATED", "Unauthenticated"],
        [400, "INVALID_ARGUMENT", "InvalidRequest"],
        [404, "NOT_FOUND", "ModelNotFound"]
      ]
      for (const [status, type, reason] of failures) {
        for (const effect of bothWays(vendor, yield* call())) {
          mock.nextRequestError(status, { message: "told", type })
          expect(yield* Effect.flip(effect)).toMatchObject({ reason: { _tag: reason }, status })
        }
      }
    }))

  test("makes vectors", (mock, vendor) =>
    Effect.gen(function*() {
      mock.onEmbedding("one", { embedding: [0.25, -0.5] })
      const { usage, vectors } = yield* vendor.embed({ model: "gemini-embedding-001", inputs: ["one"] })
      expect(vectors).toEqual([[0.25, -0.5]])
      expect(usage.outputTokens).toEqual({})
    }))
})

describe("the vendor", () => {
  over("knows its name, address, default model and capabilities", () =>
    Effect.gen(function*() {
      const vendor = yield* Google.make({ apiKey: Redacted.make(key) })
      expect(vendor).toMatchObject({
        name: "google",
        provider: "gcp.gemini",
        address: { host: "generativelanguage.googleapis.com", port: 443 },
        defaultModel: "gemini-2.5-flash"
      })
      expect(vendor.capabilities("models/gemini-2.5-flash")).toMatchObject({
        contextWindow: 1_048_576,
        reasoning: true
      })
      expect(vendor.capabilities("gemini-3.1-pro-preview")).toMatchObject({ maxOutputTokens: 65_536, tools: true })
      expect(vendor.capabilities("gemini-2.0-flash")).toMatchObject({ maxOutputTokens: 8_192, reasoning: false })
      expect(vendor.capabilities("gemma-3-27b-it")).toMatchObject({ systemRole: false, tools: false, images: true })
      expect(vendor.capabilities("gemini-2.5-flash-image")).toMatchObject({ tools: false, contextWindow: 65_536 })
      expect(vendor.capabilities("unheard-of")).toEqual({})
    }))

  over("serves Google's models and no others", () =>
    Effect.gen(function*() {
      const { serves } = yield* Google.make({ apiKey: Redacted.make(key) })
      for (
        const model of [
          "gemini-2.5-pro",
          "models/gemini-3-pro-preview",
          "gemma-3-27b-it",
          "gemini-embedding-001",
          "text-embedding-004",
          "tunedModels/mine"
        ]
      ) {
        expect(serves(model)).toBe(true)
      }
      for (const model of ["gpt-5-mini", "claude-sonnet-4", "text-embedding-3-small", "my-gemini-x"]) {
        expect(serves(model)).toBe(false)
      }
    }))
})

describe("layerConfig", () => {
  const build = (env: Record<string, string>, options: Partial<Google.Options> = {}) =>
    Google.Google.pipe(
      Effect.provide(Google.layerConfig(options)),
      Effect.provide([FetchHttpClient.layer, ConfigProvider.layer(ConfigProvider.fromEnv({ env }))])
    )

  const keySent = (env: Record<string, string>, options?: Partial<Google.Options>) =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(FaultServer.json(200, {}))
      yield* (yield* build({ ...env, GOOGLE_BASE_URL: server.url }, options)).models
      return server.requests[0]?.headers["x-goog-api-key"]
    })

  it.effect("reads the key under either name, the first of them first", () =>
    Effect.gen(function*() {
      expect(yield* keySent({ GOOGLE_API_KEY: "first", GEMINI_API_KEY: "second" })).toBe("first")
      expect(yield* keySent({ GOOGLE_API_KEY: "", GEMINI_API_KEY: "second" })).toBe("second")
      expect(yield* keySent({ GEMINI_API_KEY: "second" })).toBe("second")
      expect(yield* keySent({}, { apiKey: Redacted.make("given") })).toBe("given")
    }))

  it.effect("reads the model, and lets given options win", () =>
    Effect.gen(function*() {
      const env = { GOOGLE_API_KEY: key, GOOGLE_MODEL: "gemini-2.5-pro" }
      expect(yield* build(env)).toMatchObject({
        name: "google",
        defaultModel: "gemini-2.5-pro",
        address: { host: "generativelanguage.googleapis.com" }
      })
      expect(yield* build(env, { defaultModel: "gemini-2.0-flash" })).toMatchObject({
        defaultModel: "gemini-2.0-flash"
      })
      expect(yield* build({ GOOGLE_API_KEY: key, GOOGLE_MODEL: "" })).toMatchObject({
        defaultModel: "gemini-2.5-flash"
      })
    }))

  it.effect.each([
    [{}, "GOOGLE_API_KEY"],
    [{ GOOGLE_API_KEY: "", GEMINI_API_KEY: "" }, "must be set and not empty"],
    [{ GOOGLE_API_KEY: "  ", GEMINI_API_KEY: key }, "GOOGLE_API_KEY"],
    [{ GOOGLE_API_KEY: `${key}\n` }, "line breaks"],
    [{ GEMINI_API_KEY: `${key}\n` }, "GEMINI_API_KEY"],
    [{ GOOGLE_API_KEY: key, GOOGLE_BASE_URL: "nonsense" }, "must be a URL"],
    [{ GOOGLE_API_KEY: key, GOOGLE_BASE_URL: "https://me:secret@x/v1" }, "must not hold a user or password"]
  ] as ReadonlyArray<readonly [Record<string, string>, string]>)(
    "fails for %j with a ConfigError: %s",
    ([env, message]) =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(build(env))
        expect(error._tag).toBe("ConfigError")
        expect(error.message).toContain(message)
        expect(`${error.message} ${JSON.stringify(error)}`).not.toContain(key)
        expect(`${error.message} ${JSON.stringify(error)}`).not.toContain("secret")
      })
  )
})
