import { LLMock } from "@copilotkit/aimock"
import { describe, expect, it } from "@effect/vitest"
import { ConfigProvider, Effect, Exit, Redacted, Scope, Stream } from "effect"
import { FetchHttpClient, type HttpClient } from "effect/http"
import * as Request from "../../../src/Request.ts"
import * as Response from "../../../src/Response.ts"
import type { Call, Vendor } from "../../../src/Vendor.ts"
import * as Host from "../../../src/vendor/ollama/Host.ts"
import * as Ollama from "../../../src/vendor/ollama/Ollama.ts"
import type { AttemptError } from "../../../src/VendorError.ts"
import * as NodeHttp from "../../../src/wire/NodeHttp.ts"
import * as FaultServer from "../../wire/FaultServer.ts"

const key = "canary-0123456789abcdef"

const make = (baseUrl: string, options: Ollama.Options = {}) => Ollama.make({ baseUrl, ...options })

const call = (input: Record<string, unknown> = {}, model = "qwen3:8b") =>
  Effect.map(Request.decode({ prompt: "Hello", ...input }), (request) => ({ model, request }))

const bothWays = (vendor: Vendor, call: Call): ReadonlyArray<Effect.Effect<unknown, AttemptError>> => [
  vendor.send(call),
  Effect.scoped(vendor.stream(call))
]

const collect = (vendor: Vendor, input: Record<string, unknown> = {}) =>
  Effect.scoped(Effect.gen(function*() {
    const parts: Array<Response.StreamPart> = []
    const answer = yield* vendor.stream(yield* call(input))
    const exit = yield* Effect.exit(Stream.runForEach(answer.parts, (part) => Effect.sync(() => parts.push(part))))
    const error = Exit.isFailure(exit) ? yield* Effect.flip(exit) : undefined
    return { parts, error }
  }))

const test = (name: string, effect: () => Effect.Effect<void, unknown, Scope.Scope | HttpClient.HttpClient>) =>
  it.effect(name, () => Effect.provide(effect(), NodeHttp.layer()))

const begin = `${JSON.stringify({ model: "m", message: { role: "assistant", content: "Once" }, done: false })}\n`
const end = `${JSON.stringify({ model: "m", message: { role: "assistant", content: "" }, done: true })}\n`
const whole = { model: "m", message: { role: "assistant", content: "Hi" }, done: true, done_reason: "stop" }

describe("over a socket", () => {
  test("gives a stream cut in its middle as StreamInterrupted after its parts", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(FaultServer.cut(begin, begin.slice(0, 20)))
      const { error, parts } = yield* collect(yield* make(server.url))
      expect(parts.map(({ type }) => type)).toEqual(["response-metadata", "text-start", "text-delta"])
      expect(error).toMatchObject({ _tag: "RetryableError", reason: { _tag: "StreamInterrupted" }, status: 200 })
    }))

  test("gives an error after a 200 as what it says, without the key", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(
        FaultServer.stream(begin, `${JSON.stringify({ error: `out of memory, ${key}` })}\n`)
      )
      const vendor = yield* make(server.url, { apiKey: Redacted.make(key) })
      const { error } = yield* collect(vendor)
      expect(error?.reason).toEqual({ _tag: "Overloaded", description: "out of memory, [redacted]" })
      expect(server.requests[0]).toMatchObject({
        path: "/api/chat",
        headers: { authorization: `Bearer ${key}`, accept: "application/x-ndjson" }
      })
    }))

  test("sends no key where there is none, and the headers that are given", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(FaultServer.json(200, whole))
      yield* (yield* make(server.url, { headers: { "x-own": "1" } })).send(yield* call())
      expect(server.requests[0]!.headers).not.toHaveProperty("authorization")
      expect(server.requests[0]!.headers).toMatchObject({ "x-own": "1" })
    }))

  test("takes the answer of a server that does not stream", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(FaultServer.json(200, whole))
      const { error, parts } = yield* collect(yield* make(server.url))
      expect(error).toBeUndefined()
      expect(Response.fold(parts)).toContainEqual({ type: "text", text: "Hi" })
    }))

  test("gives a refused connection as NetworkFault, and is then not available", () =>
    Effect.gen(function*() {
      const port = yield* FaultServer.deafPort
      const vendor = yield* make(`http://127.0.0.1:${port}`)
      for (const effect of bothWays(vendor, yield* call())) {
        expect((yield* Effect.flip(effect)).reason).toMatchObject({ _tag: "NetworkFault", code: "ECONNREFUSED" })
      }
      expect(yield* vendor.isAvailable).toBe(false)
    }))

  test("aborts the request when the Scope of a stalled stream closes", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(FaultServer.stall(begin))
      const vendor = yield* make(server.url)
      const scope = yield* Scope.make()
      const { parts } = yield* Scope.provide(vendor.stream(yield* call()), scope)
      expect(yield* Stream.runHead(Stream.filter(parts, Response.isMeaningful))).toMatchObject({
        value: { type: "text-delta" }
      })
      const request = yield* server.arrived
      yield* Scope.close(scope, Exit.void)
      yield* request.aborted
    }))

  test("uses the connection of a streamed answer again", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(FaultServer.stream(begin, end))
      const vendor = yield* make(server.url)
      for (let index = 0; index < 10; index++) expect((yield* collect(vendor)).error).toBeUndefined()
      expect(server.connections()).toBeLessThanOrEqual(3)
    }))

  test("makes vectors of whole texts", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(
        FaultServer.json(200, { model: "m", embeddings: [[1], [2]], prompt_eval_count: 3 })
      )
      const vendor = yield* make(server.url)
      expect(yield* vendor.embed({ model: "all-minilm", inputs: ["a", "b"] })).toEqual({
        vectors: [[1], [2]],
        usage: { inputTokens: { total: 3 }, outputTokens: {} }
      })
      expect(server.requests[0]).toMatchObject({ path: "/api/embed" })
      expect(JSON.parse(server.requests[0]!.body)).toEqual({
        model: "all-minilm",
        input: ["a", "b"],
        truncate: false
      })
      expect((yield* Effect.flip(vendor.embed({ model: "m", inputs: ["a"] }))).reason._tag).toBe("MalformedResponse")
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
  const mocked = (
    name: string,
    effect: (mock: LLMock, vendor: Vendor) => Effect.Effect<void, unknown, Scope.Scope | HttpClient.HttpClient>
  ) =>
    test(name, () =>
      Effect.gen(function*() {
        const server = yield* mock
        yield* effect(server, yield* make(server.url))
      }))

  mocked("answers, whole and streamed", (mock, vendor) =>
    Effect.gen(function*() {
      mock.onMessage("Hello", { content: "A longer answer, in several pieces. 👋" })
      const content = (parts: ReadonlyArray<Response.Part>) => parts.filter(({ type }) => type !== "response-metadata")
      const { losses, parts } = yield* vendor.send(yield* call())
      expect(losses).toEqual([])
      expect(content(parts)).toEqual([
        { type: "text", text: "A longer answer, in several pieces. 👋" },
        { type: "finish", reason: "stop", usage: { inputTokens: { total: 0 }, outputTokens: { total: 0 } } }
      ])
      const streamed = yield* collect(vendor)
      expect(streamed.error).toBeUndefined()
      expect(streamed.parts.filter(({ type }) => type === "text-delta").length).toBeGreaterThan(1)
      expect(content(Response.fold(streamed.parts))).toEqual(content(parts))
    }))

  mocked("calls tools and takes their results", (mock, vendor) =>
    Effect.gen(function*() {
      const tools = [{ name: "weather", parameters: { type: "object", properties: { city: { type: "string" } } } }]
      mock.onMessage("Weather", { toolCalls: [{ name: "weather", arguments: "{\"city\":\"Bern\"}" }] })
      mock.onMessage("And now?", { content: "Sunny in Bern." })
      const prompt = [{ role: "user", content: "Weather?" }]
      const { parts } = yield* vendor.send(yield* call({ prompt, tools }))
      const made = parts.find((part) => part.type === "tool-call")!
      expect(made).toMatchObject({ name: "weather", params: { city: "Bern" } })
      expect(parts.at(-1)).toMatchObject({ reason: "tool-calls" })
      const streamed = yield* collect(vendor, { prompt, tools })
      expect(streamed.parts.find((part) => part.type === "tool-call")).toMatchObject({ params: { city: "Bern" } })
      const result = { type: "tool-result", id: made.id, name: "weather", isFailure: false, result: "sunny" }
      const next = yield* vendor.send(
        yield* call({
          tools,
          prompt: [
            ...prompt,
            { role: "assistant", content: [made] },
            { role: "tool", content: [result] },
            { role: "user", content: "And now?" }
          ]
        })
      )
      expect(next.parts).toContainEqual({ type: "text", text: "Sunny in Bern." })
    }))

  mocked("fails as the server says, for send and stream alike", (mock, vendor) =>
    Effect.gen(function*() {
      const failures = [[429, "RateLimited"], [500, "ServerFault"], [503, "Overloaded"], [
        401,
        "Unauthenticated"
      ]] as const
      for (const [status, reason] of failures) {
        for (const effect of bothWays(vendor, yield* call())) {
          mock.nextRequestError(status, { message: "told" })
          expect(yield* Effect.flip(effect)).toMatchObject({ reason: { _tag: reason, description: "told" }, status })
        }
      }
    }))

  mocked("lists models and is available", (mock, vendor) =>
    Effect.gen(function*() {
      mock.on({ model: "qwen3:8b" }, { content: "x" })
      expect((yield* vendor.models).map(({ id }) => id)).toContain("qwen3:8b")
      expect(yield* vendor.isAvailable).toBe(true)
    }))
})

describe("the vendor", () => {
  it.effect("knows its name, address and capabilities", () =>
    Effect.gen(function*() {
      const vendor = yield* Ollama.make()
      expect(vendor).toMatchObject({
        name: "ollama",
        provider: "ollama",
        address: { host: "localhost", port: 11434 },
        defaultModel: undefined
      })
      expect(vendor.capabilities("qwen3:8b")).toMatchObject({ tools: true, reasoning: true, images: false })
      expect(vendor.capabilities("me/qwen3-vl:8b")).toMatchObject({ tools: true, reasoning: true, images: true })
      expect(vendor.capabilities("gemma3:4b")).toMatchObject({ tools: false, images: true })
      expect(vendor.capabilities("llama3.2-vision")).toMatchObject({ tools: false, images: true })
      expect(vendor.capabilities("llama3.2")).toMatchObject({ tools: true, images: false })
      expect(vendor.capabilities("qwen3.5:9b")).toMatchObject({ tools: true, images: true })
      expect(vendor.capabilities("qwen3-embedding")).toMatchObject({ tools: false, streaming: false })
      expect(vendor.capabilities("unheard-of")).not.toHaveProperty("tools")
    }).pipe(Effect.provide(FetchHttpClient.layer)))

  it.effect("serves its default model and names with a tag, and not what other vendors serve", () =>
    Effect.gen(function*() {
      const { serves } = yield* Ollama.make({ defaultModel: "mine" })
      for (const model of ["mine", "qwen3:8b", "llama3.2:3b-instruct-q4_K_M"]) expect(serves(model)).toBe(true)
      const others = [
        "gpt-5",
        "amazon.nova-lite-v1:0",
        "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "ft:gpt-4o:me:x"
      ]
      for (const model of [...others, "meta/llama-3.1-8b:free"]) expect(serves(model)).toBe(false)
      const all = yield* Ollama.make({ serves: () => true })
      expect(all.serves("gpt-oss")).toBe(true)
    }).pipe(Effect.provide(FetchHttpClient.layer)))
})

describe("the host", () => {
  it.each([
    ["", "http://127.0.0.1:11434/api"],
    ["1.2.3.4", "http://1.2.3.4:11434/api"],
    ["1.2.3.4:1234", "http://1.2.3.4:1234/api"],
    [":1234", "http://127.0.0.1:1234/api"],
    ["example.com", "http://example.com:11434/api"],
    [" example.com:8080 ", "http://example.com:8080/api"],
    ["http://example.com", "http://example.com:80/api"],
    ["https://example.com", "https://example.com:443/api"],
    ["https://example.com:8443/ollama/", "https://example.com:8443/ollama/api"],
    ["example.com:99999", "http://example.com:11434/api"],
    ["example.com:x", "http://example.com:11434/api"],
    ["0.0.0.0", "http://127.0.0.1:11434/api"],
    ["0.0.0.0:80", "http://127.0.0.1:80/api"],
    ["[::]:1234", "http://[::1]:1234/api"],
    ["::1", "http://[::1]:11434/api"],
    ["[::1]", "http://[::1]:11434/api"],
    ["http://[::1]:5000", "http://[::1]:5000/api"],
    ["ollama.com", "https://ollama.com:443/api"]
  ])("\"%s\" is called at %s", (host, url) => {
    expect(Host.baseUrl(host)).toBe(url)
  })
})

describe("layerConfig", () => {
  const build = (env: Record<string, string>, options: Ollama.Options = {}) =>
    Effect.gen(function*() {
      return yield* Ollama.Ollama
    }).pipe(
      Effect.provide(Ollama.layerConfig(options)),
      Effect.provide([FetchHttpClient.layer, ConfigProvider.layer(ConfigProvider.fromEnv({ env }))])
    )

  it.effect("needs nothing", () =>
    Effect.gen(function*() {
      expect((yield* build({})).address).toEqual({ host: "localhost", port: 11434 })
    }))

  it.effect("reads address, key and model", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(FaultServer.json(200, whole))
      const vendor = yield* build({
        OLLAMA_BASE_URL: server.url,
        OLLAMA_HOST: "nowhere:1",
        OLLAMA_API_KEY: key,
        OLLAMA_MODEL: "qwen3"
      })
      expect(vendor.defaultModel).toBe("qwen3")
      yield* vendor.send(yield* call())
      expect(server.requests[0]).toMatchObject({ path: "/api/chat", headers: { authorization: `Bearer ${key}` } })
    }))

  it.effect("reads OLLAMA_HOST as Ollama does, and lets given options win", () =>
    Effect.gen(function*() {
      expect((yield* build({ OLLAMA_HOST: "0.0.0.0:1234" })).address).toEqual({ host: "127.0.0.1", port: 1234 })
      const { address } = yield* build({ OLLAMA_HOST: "other" }, { baseUrl: "https://here.example/v1" })
      expect(address).toEqual({ host: "here.example", port: 443 })
    }))

  it.effect.each([
    [{ OLLAMA_BASE_URL: "nonsense" }, "must be a URL"],
    [{ OLLAMA_HOST: "no host" }, "must be a host"],
    [{ OLLAMA_API_KEY: `${key}\n` }, "line breaks"]
  ] as ReadonlyArray<readonly [Record<string, string>, string]>)(
    "fails for %j with a ConfigError: %s",
    ([env, message]) =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(build(env))
        expect(error._tag).toBe("ConfigError")
        expect(error.message).toContain(message)
        expect(`${error.message} ${JSON.stringify(error)}`).not.toContain(key)
      })
  )
})
