import { LLMock } from "@copilotkit/aimock"
import { describe, expect, it } from "@effect/vitest"
import { ConfigProvider, Duration, Effect, Exit, Fiber, Layer, Redacted, Scope, Stream } from "effect"
import { FetchHttpClient, type HttpClient } from "effect/http"
import * as Request from "../../../src/Request.ts"
import * as Response from "../../../src/Response.ts"
import type { Call, Vendor } from "../../../src/Vendor.ts"
import * as VendorModule from "../../../src/Vendor.ts"
import * as OpenAi from "../../../src/vendor/openai/OpenAi.ts"
import * as NodeHttp from "../../../src/wire/NodeHttp.ts"
import type { AttemptError } from "../../../src/VendorError.ts"
import * as FaultServer from "../../wire/FaultServer.ts"

const key = "sk-canary-0123456789abcdef"

const make = (baseUrl: string, options: Partial<OpenAi.Options> = {}) =>
  OpenAi.make({ apiKey: Redacted.make(key), baseUrl, ...options })

const call = (input: Record<string, unknown> = {}, model = "gpt-4o") =>
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

const chunk = (delta: unknown, finish_reason: string | null = null) =>
  `data: ${JSON.stringify({ id: "c", model: "m", choices: [{ index: 0, delta, finish_reason }] })}\n\n`
const begin = chunk({ content: "Once" })
const stop = chunk({}, "stop")

const clients: ReadonlyArray<readonly [string, Layer.Layer<HttpClient.HttpClient>]> = [
  ["undici", NodeHttp.layer()],
  ["fetch", FetchHttpClient.layer]
]

describe.each(clients)("faults over %s", (_, client) => {
  const test = (name: string, effect: () => Effect.Effect<void, unknown, Scope.Scope | HttpClient.HttpClient>) =>
    it.effect(name, () => Effect.provide(effect(), client))

  const streamed = (...handlers: Parameters<typeof FaultServer.make>) =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(...handlers)
      return yield* collect(yield* make(server.url))
    })

  test("gives a stream cut in its middle as StreamInterrupted after its parts", () =>
    Effect.gen(function*() {
      const { error, parts } = yield* streamed(FaultServer.cut(begin))
      expect(parts.map((part) => part.type)).toEqual(["response-metadata", "text-start", "text-delta"])
      expect(error).toMatchObject({ _tag: "RetryableError", reason: { _tag: "StreamInterrupted" }, status: 200 })
    }))

  test("gives a stream that ends without a finish reason as StreamInterrupted", () =>
    Effect.gen(function*() {
      const { error, parts } = yield* streamed(FaultServer.stream(begin))
      expect(parts.at(-1)?.type).toBe("text-delta")
      expect(error?.reason._tag).toBe("StreamInterrupted")
    }))

  test("takes a stream without [DONE] after its finish reason as whole", () =>
    Effect.gen(function*() {
      const { error, parts } = yield* streamed(FaultServer.stream(begin, stop))
      expect(error).toBeUndefined()
      expect(parts.at(-1)).toMatchObject({ type: "finish", reason: "stop" })
    }))

  test("gives a garbage line as MalformedResponse", () =>
    Effect.gen(function*() {
      const { error } = yield* streamed(FaultServer.stream(begin, "data: <html>\n\n", stop))
      expect(error).toMatchObject({ reason: { _tag: "MalformedResponse" }, status: 200 })
    }))

  test("gives an error event after a 200 as what it says, without the key", () =>
    Effect.gen(function*() {
      const event = `data: ${
        JSON.stringify({ error: { code: "rate_limit_exceeded", message: `slow down, ${key}` } })
      }\n\n`
      const { error } = yield* streamed(FaultServer.stream(begin, event))
      expect(error?.reason).toEqual({
        _tag: "RateLimited",
        code: "rate_limit_exceeded",
        description: "slow down, [redacted]"
      })
    }))

  test("gives a line larger than allowed as MalformedResponse and leaves", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(FaultServer.stall(begin, `data: ${"x".repeat(2_000_000)}`))
      const { error } = yield* collect(yield* make(server.url))
      expect(error?.reason._tag).toBe("MalformedResponse")
      const request = yield* server.arrived
      yield* request.aborted
    }))

  test("aborts the request when the Scope of a stalled stream closes", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(FaultServer.stall(begin))
      const vendor = yield* make(server.url)
      const scope = yield* Scope.make()
      const { parts } = yield* Scope.provide(vendor.stream(yield* call()), scope)
      const first = yield* Stream.runHead(Stream.filter(parts, Response.isMeaningful))
      expect(first).toMatchObject({ value: { type: "text-delta" } })
      const request = yield* server.arrived
      yield* Scope.close(scope, Exit.void)
      yield* request.aborted
    }))

  test("aborts the request when a silent call is interrupted", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(FaultServer.silence)
      const vendor = yield* make(server.url)
      const fiber = yield* Effect.forkChild(vendor.send(yield* call()), { startImmediately: true })
      const request = yield* server.arrived
      yield* Fiber.interrupt(fiber)
      yield* request.aborted
    }))

  test("gives a failure with its wait, status and request id", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(FaultServer.json(
        429,
        { error: { message: "Too fast", type: "requests", code: "rate_limit_exceeded" } },
        { "retry-after-ms": "1500", "x-request-id": "req_1" }
      ))
      const vendor = yield* make(server.url)
      for (const effect of bothWays(vendor, yield* call())) {
        const error = yield* Effect.flip(effect)
        expect(error).toMatchObject({
          _tag: "RetryableError",
          reason: { _tag: "RateLimited", description: "Too fast", code: "rate_limit_exceeded" },
          status: 429,
          requestId: "req_1",
          retryAfter: Duration.millis(1500)
        })
      }
    }))

  test("uses the connection of a streamed answer again", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(FaultServer.stream(begin, stop, "data: [DONE]\n\n"))
      const vendor = yield* make(server.url)
      for (let index = 0; index < 10; index++) expect((yield* collect(vendor)).error).toBeUndefined()
      expect(server.connections()).toBeLessThanOrEqual(3)
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
    it.effect(name, () =>
      Effect.gen(function*() {
        const server = yield* mock
        yield* effect(server, yield* make(`${server.url}/v1`))
      }).pipe(Effect.provide(NodeHttp.layer())))

  test("answers with text and usage", (mock, vendor) =>
    Effect.gen(function*() {
      mock.onMessage("Hello", {
        content: "Hi there 👋",
        usage: { prompt_tokens: 9, completion_tokens: 4, total_tokens: 13 }
      })
      const { losses, parts } = yield* vendor.send(yield* call())
      expect(losses).toEqual([])
      expect(parts.map((part) => part.type)).toEqual(["response-metadata", "text", "finish"])
      expect(parts[1]).toEqual({ type: "text", text: "Hi there 👋" })
      expect(parts[2]).toMatchObject({
        reason: "stop",
        usage: { inputTokens: { total: 9 }, outputTokens: { total: 4 } }
      })
    }))

  test("streams what it would answer", (mock, vendor) =>
    Effect.gen(function*() {
      mock.onMessage("Hello", { content: "A longer answer, in several pieces. 👋" })
      const { error, parts } = yield* collect(vendor)
      expect(error).toBeUndefined()
      expect(parts.filter((part) => part.type === "text-delta").length).toBeGreaterThan(1)
      const { parts: whole } = yield* vendor.send(yield* call())
      const content = (parts: ReadonlyArray<Response.Part>) => parts.filter((part) => part.type === "text")
      expect(content(Response.fold(parts))).toEqual(content(whole))
    }))

  test("calls tools and takes their results", (mock, vendor) =>
    Effect.gen(function*() {
      const tools = [{ name: "weather", parameters: { type: "object", properties: { city: { type: "string" } } } }]
      mock.onToolResult("call_w", { content: "Sunny in Bern." })
      mock.onMessage("Weather", { toolCalls: [{ name: "weather", arguments: "{\"city\":\"Bern\"}", id: "call_w" }] })
      const prompt = [{ role: "user", content: "Weather?" }]
      const { parts } = yield* vendor.send(yield* call({ prompt, tools }))
      const expected = { type: "tool-call", id: "call_w", name: "weather", params: { city: "Bern" } }
      expect(parts).toContainEqual(expected)
      expect(parts.at(-1)).toMatchObject({ reason: "tool-calls" })
      const streamed = yield* collect(vendor, { prompt, tools })
      expect(streamed.parts).toContainEqual(expected)
      const next = yield* vendor.send(
        yield* call({
          tools,
          prompt: [...prompt, { role: "assistant", content: [expected] }, {
            role: "tool",
            content: [{
              type: "tool-result",
              id: "call_w",
              name: "weather",
              isFailure: false,
              result: { sky: "sunny" }
            }]
          }]
        })
      )
      expect(next.parts).toContainEqual({ type: "text", text: "Sunny in Bern." })
    }))

  test("answers after a schema", (mock, vendor) =>
    Effect.gen(function*() {
      mock.on({ userMessage: "Hello", responseFormat: "json_schema" }, { content: "{\"name\":\"Ada\"}" })
      const { parts } = yield* vendor.send(
        yield* call({ responseFormat: { type: "json-schema", name: "person", schema: { type: "object" } } })
      )
      expect(parts[1]).toEqual({ type: "text", text: "{\"name\":\"Ada\"}" })
    }))

  test("gives reasoning apart from text", (mock, vendor) =>
    Effect.gen(function*() {
      mock.onMessage("Hello", { content: "42", reasoning: "Thinking hard." })
      const { parts } = yield* collect(vendor)
      expect(Response.fold(parts).filter((part) => part.type === "reasoning" || part.type === "text")).toEqual([
        { type: "reasoning", text: "Thinking hard." },
        { type: "text", text: "42" }
      ])
    }))

  test("fails as the server says, for send and stream alike", (mock, vendor) =>
    Effect.gen(function*() {
      const failures: ReadonlyArray<readonly [number, Record<string, string>, string]> = [
        [429, { code: "rate_limit_exceeded" }, "RateLimited"],
        [429, { code: "insufficient_quota" }, "QuotaExhausted"],
        [500, { type: "server_error" }, "ServerFault"],
        [503, { code: "server_is_overloaded" }, "Overloaded"],
        [401, { code: "invalid_api_key" }, "Unauthenticated"],
        [400, { code: "context_length_exceeded" }, "ContextLengthExceeded"]
      ]
      for (const [status, body, reason] of failures) {
        for (const effect of bothWays(vendor, yield* call())) {
          mock.nextRequestError(status, { message: "told", ...body })
          expect(yield* Effect.flip(effect)).toMatchObject({ reason: { _tag: reason }, status })
        }
      }
    }))

  test("makes vectors", (mock, vendor) =>
    Effect.gen(function*() {
      mock.onEmbedding("one", { embedding: [0.25, -0.5] }).onEmbedding("two", { embedding: [0.5, 1] })
      const { usage, vectors } = yield* vendor.embed({ model: "text-embedding-3-small", inputs: ["one"] })
      expect(vectors).toEqual([[0.25, -0.5]])
      expect(usage.outputTokens).toEqual({})
    }))

  test("lists models and is available", (mock, vendor) =>
    Effect.gen(function*() {
      mock.on({ model: "gpt-4o" }, { content: "x" })
      expect((yield* vendor.models).map(({ id }) => id)).toContain("gpt-4o")
      expect(yield* vendor.isAvailable).toBe(true)
      yield* Effect.promise(() => mock.stop())
      expect(yield* vendor.isAvailable).toBe(false)
      yield* Effect.promise(() => mock.start())
    }))
})

describe("the vendor", () => {
  const offline = Effect.provide(FetchHttpClient.layer)

  it.effect("knows its name, address, default model and capabilities", () =>
    Effect.gen(function*() {
      const vendor = yield* OpenAi.make({ apiKey: Redacted.make(key) })
      expect(vendor).toMatchObject({
        name: "openai",
        provider: "openai",
        address: { host: "api.openai.com", port: 443 },
        defaultModel: "gpt-5-mini"
      })
      expect(vendor.capabilities("gpt-5-mini")).toMatchObject({ contextWindow: 400_000, reasoning: true, images: true })
      expect(vendor.capabilities("ft:gpt-4o-mini:x")).toMatchObject({ contextWindow: 128_000 })
      expect(vendor.capabilities("unheard-of")).toEqual({})
    }).pipe(offline))

  it.effect("serves OpenAI's models and no others", () =>
    Effect.gen(function*() {
      const { serves } = yield* OpenAi.make({ apiKey: Redacted.make(key) })
      for (
        const model of ["gpt-5-mini", "o3", "chatgpt-4o-latest", "ft:gpt-4o:x", "text-embedding-3-small", "codex-mini"]
      ) {
        expect(serves(model)).toBe(true)
      }
      for (const model of ["claude-sonnet-4", "gemini-2.5-pro", "llama", "omni", "my-gpt-4"]) {
        expect(serves(model)).toBe(false)
      }
    }).pipe(offline))

  it.effect("sends organization, project and own headers", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(FaultServer.json(200, { data: [] }))
      const vendor = yield* make(server.url, { organization: "org", project: "proj", headers: { "x-own": "1" } })
      yield* vendor.models
      expect(server.requests[0]?.headers).toMatchObject({
        "openai-organization": "org",
        "openai-project": "proj",
        "x-own": "1"
      })
    }).pipe(offline))

  it.effect("reads raw options under the name of the instance too", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(FaultServer.json(200, { choices: [{ message: { content: "x" } }] }))
      const vendor = yield* make(server.url, { name: "eu" })
      yield* vendor.send(yield* call({ options: { openai: { a: 1 }, eu: { b: 2 }, other: { c: 3 } } }))
      expect(JSON.parse(server.requests[0]!.body)).toMatchObject({ a: 1, b: 2 })
      expect(server.requests[0]!.body).not.toContain("\"c\"")
    }).pipe(offline))

  it.effect("refuses a list of embeddings that is not whole", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(FaultServer.json(200, { data: [{ embedding: [1] }] }))
      const vendor = yield* make(server.url)
      const error = yield* Effect.flip(vendor.embed({ model: "m", inputs: ["a", "b"] }))
      expect(error).toMatchObject({ reason: { _tag: "MalformedResponse" }, status: 200 })
    }).pipe(offline))

  it.effect("puts embeddings in the order of the texts", () =>
    Effect.gen(function*() {
      const data = [{ index: 1, embedding: [2] }, { index: 0, embedding: [1] }]
      const server = yield* FaultServer.make(
        FaultServer.json(200, { data, usage: { prompt_tokens: 3, total_tokens: 3 } })
      )
      const vendor = yield* make(server.url)
      expect(yield* vendor.embed({ model: "m", inputs: ["a", "b"] })).toEqual({
        vectors: [[1], [2]],
        usage: { inputTokens: { total: 3 }, outputTokens: {} }
      })
    }).pipe(offline))
})

describe("layerConfig", () => {
  const build = (env: Record<string, string>, options: Partial<OpenAi.Options> = {}) =>
    Effect.map(Layer.build(OpenAi.layerConfig(options)), () => undefined).pipe(
      Effect.andThen(OpenAi.OpenAi),
      Effect.provide(OpenAi.layerConfig(options)),
      Effect.provide([FetchHttpClient.layer, ConfigProvider.layer(ConfigProvider.fromEnv({ env }))])
    )

  it.effect("reads the environment", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(FaultServer.json(200, { data: [] }))
      const vendor = yield* build({
        OPENAI_API_KEY: key,
        OPENAI_BASE_URL: server.url,
        OPENAI_ORG_ID: "org",
        OPENAI_PROJECT_ID: ""
      })
      expect(vendor.name).toBe("openai")
      yield* vendor.models
      expect(server.requests[0]?.headers).toMatchObject({
        authorization: `Bearer ${key}`,
        "openai-organization": "org"
      })
      expect(server.requests[0]?.headers).not.toHaveProperty("openai-project")
    }))

  it.effect("lets given options win, so that nothing needs to be configured", () =>
    Effect.gen(function*() {
      const vendor = yield* build({}, { apiKey: Redacted.make(key), defaultModel: "gpt-4o" })
      expect(vendor).toMatchObject({ defaultModel: "gpt-4o", address: { host: "api.openai.com" } })
    }))

  it.effect.each([
    [{}, "OPENAI_API_KEY"],
    [{}, "must be set and not empty"],
    [{ OPENAI_API_KEY: "" }, "must be set and not empty"],
    [{ OPENAI_API_KEY: "  " }, "must be set and not empty"],
    [{ OPENAI_API_KEY: `${key}\n` }, "line breaks"],
    [{ OPENAI_API_KEY: key, OPENAI_BASE_URL: "nonsense" }, "must be a URL"],
    [{ OPENAI_API_KEY: key, OPENAI_BASE_URL: "ftp://x" }, "https://"],
    [{ OPENAI_API_KEY: key, OPENAI_BASE_URL: "https://me:secret@x/v1" }, "must not hold a user or password"]
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

  it.effect("gives any number of instances their own names", () =>
    Effect.gen(function*() {
      class Eu extends VendorModule.Service<Eu>()("openai-eu") {}
      const vendor = yield* Effect.provide(Eu, Eu.layerOf(make("https://eu.api.openai.com/v1", { name: "openai-eu" })))
      expect(vendor).toMatchObject({ name: "openai-eu", provider: "openai", address: { host: "eu.api.openai.com" } })
    }).pipe(Effect.provide(FetchHttpClient.layer)))
})
