import { LLMock } from "@copilotkit/aimock"
import { describe, expect, it } from "@effect/vitest"
import { ConfigProvider, Duration, Effect, Exit, Fiber, Redacted, Scope, Stream } from "effect"
import { FetchHttpClient, type HttpClient } from "effect/http"
import * as Response from "../../../src/Response.ts"
import type { Vendor } from "../../../src/Vendor.ts"
import * as VendorModule from "../../../src/Vendor.ts"
import * as Anthropic from "../../../src/vendor/anthropic/Anthropic.ts"
import * as NodeHttp from "../../../src/wire/NodeHttp.ts"
import * as FaultServer from "../../wire/FaultServer.ts"
import { requestOf, weather } from "./support.ts"

const key = "sk-ant-canary-0123456789abcdef"

const make = (baseUrl: string, options: Partial<Anthropic.Options> = {}) =>
  Anthropic.make({ apiKey: Redacted.make(key), baseUrl, ...options })

const call = (input: Record<string, unknown> = {}, model = "claude-haiku-4-5") => ({ model, request: requestOf(input) })

/** Reads a streamed answer to its end, keeping what came before an error. */
const collect = (vendor: Vendor, input: Record<string, unknown> = {}) =>
  Effect.scoped(Effect.gen(function*() {
    const parts: Array<Response.StreamPart> = []
    const answer = yield* vendor.stream(call(input))
    const exit = yield* Effect.exit(Stream.runForEach(answer.parts, (part) => Effect.sync(() => parts.push(part))))
    const error = Exit.isFailure(exit) ? yield* Effect.flip(exit) : undefined
    return { parts, error }
  }))

const event = (value: { readonly type: string; readonly [field: string]: unknown }): string =>
  `event: ${value.type}\ndata: ${JSON.stringify(value)}\n\n`

const begin = event({ type: "message_start", message: { id: "m", model: "claude", usage: { input_tokens: 3 } } }) +
  event({ type: "content_block_start", index: 0, content_block: { type: "text", text: "" } }) +
  event({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "Once" } })

describe("over the wire", () => {
  const test = (name: string, effect: () => Effect.Effect<void, unknown, Scope.Scope | HttpClient.HttpClient>) =>
    it.effect(name, () => Effect.provide(effect(), NodeHttp.layer()))

  test("gives a stream cut in its middle as StreamInterrupted after its parts", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(FaultServer.cut(begin))
      const { error, parts } = yield* collect(yield* make(server.url))
      expect(parts.map((part) => part.type)).toEqual(["response-metadata", "text-start", "text-delta"])
      expect(error).toMatchObject({ _tag: "RetryableError", reason: { _tag: "StreamInterrupted" }, status: 200 })
    }))

  test("gives a stream that ends without message_stop as StreamInterrupted", () =>
    Effect.gen(function*() {
      const stopped = event({ type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 1 } })
      const server = yield* FaultServer.make(FaultServer.stream(begin, stopped))
      const { error } = yield* collect(yield* make(server.url))
      expect(error?.reason._tag).toBe("StreamInterrupted")
    }))

  test("gives an error event after a 200 as what it says, without the key", () =>
    Effect.gen(function*() {
      const fault = event({ type: "error", error: { type: "overloaded_error", message: `busy, ${key}` } })
      const server = yield* FaultServer.make(FaultServer.stream(begin, fault))
      const { error } = yield* collect(yield* make(server.url))
      expect(error?.reason).toEqual({ _tag: "Overloaded", code: "overloaded_error", description: "busy, [redacted]" })
    }))

  test("gives a failure with its wait, status and request id", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(FaultServer.json(
        429,
        { type: "error", error: { type: "rate_limit_error", message: "Too fast" } },
        { "retry-after": "2", "request-id": "req_1" }
      ))
      const error = yield* Effect.flip((yield* make(server.url)).send(call()))
      expect(error).toMatchObject({
        _tag: "RetryableError",
        reason: { _tag: "RateLimited", code: "rate_limit_error", description: "Too fast" },
        retryAfter: Duration.seconds(2),
        status: 429,
        requestId: "req_1"
      })
    }))

  test("aborts the request when a stalled stream is left", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(FaultServer.stall(begin))
      const vendor = yield* make(server.url)
      const fiber = yield* Effect.forkChild(collect(vendor), { startImmediately: true })
      const request = yield* server.arrived
      yield* Fiber.interrupt(fiber)
      yield* request.aborted
    }))

  test("sends key, token, version, betas and own headers", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(FaultServer.json(200, { data: [] }))
      const vendor = yield* make(server.url, {
        authToken: Redacted.make("token-1"),
        betas: ["a-1", "b-2"],
        headers: { "x-own": "1" }
      })
      yield* vendor.models
      expect(server.requests[0]).toMatchObject({
        path: "/models?limit=1000",
        headers: {
          "x-api-key": key,
          authorization: "Bearer token-1",
          "anthropic-version": "2023-06-01",
          "anthropic-beta": "a-1,b-2",
          "x-own": "1"
        }
      })
    }))

  test("counts the tokens of a call without its limits and sampling", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(FaultServer.json(200, { input_tokens: 42 }))
      const vendor = yield* make(server.url)
      expect(yield* vendor.countTokens(call({ maxTokens: 5, temperature: 0.5, user: "u", tools: [weather] }))).toBe(42)
      const [request] = server.requests
      expect(request?.path).toBe("/messages/count_tokens")
      expect(Object.keys(JSON.parse(request!.body)).toSorted()).toEqual(["messages", "model", "tools"])
    }))

  test("sends no sampling by a version of the API that has none", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(FaultServer.json(200, { content: [] }))
      const vendor = yield* make(server.url, { version: "2026-10-21" })
      const { losses } = yield* vendor.send(call({ temperature: 0.5 }))
      expect(losses.map(({ field }) => field)).toEqual(["temperature"])
      expect(server.requests[0]?.headers["anthropic-version"]).toBe("2026-10-21")
      expect(JSON.parse(server.requests[0]!.body)).not.toHaveProperty("temperature")
    }))

  test("refuses a count that is none", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(FaultServer.json(200, {}))
      const error = yield* Effect.flip((yield* make(server.url)).countTokens(call()))
      expect(error).toMatchObject({ reason: { _tag: "MalformedResponse" }, status: 200 })
    }))

  test("refuses losses before anything is sent where the request says so", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(FaultServer.json(200, {}))
      const error = yield* Effect.flip((yield* make(server.url)).send(call({ seed: 1, losses: "reject" })))
      expect(error.reason._tag).toBe("UnsupportedFeature")
      expect(server.requests).toEqual([])
    }))
})

describe("aimock's Messages API", () => {
  const mock = Effect.acquireRelease(
    Effect.promise(async () => {
      const server = new LLMock({ port: 0, logLevel: "silent" })
      await server.start()
      return server
    }),
    (server) => Effect.promise(() => server.stop())
  )

  const test = (
    name: string,
    effect: (mock: LLMock, vendor: Vendor) => Effect.Effect<void, unknown, Scope.Scope | HttpClient.HttpClient>
  ) =>
    it.effect(name, () =>
      Effect.gen(function*() {
        const server = yield* mock
        yield* effect(server, yield* make(`${server.url}/v1`))
      }).pipe(Effect.provide(NodeHttp.layer())))

  test("answers with text", (mock, vendor) =>
    Effect.gen(function*() {
      mock.onMessage("Hello", { content: "Hi there 👋" })
      const { losses, parts } = yield* vendor.send(call())
      expect(losses).toEqual([])
      expect(parts.map((part) => part.type)).toEqual(["response-metadata", "text", "finish"])
      expect(parts[1]).toEqual({ type: "text", text: "Hi there 👋" })
      expect(parts[2]).toMatchObject({ reason: "stop" })
    }))

  test("streams what it would answer", (mock, vendor) =>
    Effect.gen(function*() {
      mock.onMessage("Hello", { content: "A longer answer, in several pieces. 👋" })
      const { error, parts } = yield* collect(vendor)
      expect(error).toBeUndefined()
      expect(parts.filter((part) => part.type === "text-delta").length).toBeGreaterThan(1)
      expect(Response.fold(parts)[1]).toEqual({ type: "text", text: "A longer answer, in several pieces. 👋" })
    }))

  test("calls tools and takes their results", (mock, vendor) =>
    Effect.gen(function*() {
      mock.onToolResult("toolu_w", { content: "Sunny in Bern." })
      mock.onMessage("Weather", { toolCalls: [{ name: "weather", arguments: "{\"city\":\"Bern\"}", id: "toolu_w" }] })
      const prompt = [{ role: "user", content: "Weather?" }]
      const expected = { type: "tool-call", id: "toolu_w", name: "weather", params: { city: "Bern" } }
      const { parts } = yield* vendor.send(call({ prompt, tools: [weather] }))
      expect(parts).toContainEqual(expected)
      expect(parts.at(-1)).toMatchObject({ reason: "tool-calls" })
      const streamed = yield* collect(vendor, { prompt, tools: [weather] })
      expect(streamed.parts).toContainEqual(expected)
      const { parts: last } = yield* vendor.send(call({
        tools: [weather],
        prompt: [
          ...prompt,
          { role: "assistant", content: [expected] },
          {
            role: "tool",
            content: [{ type: "tool-result", id: "toolu_w", name: "weather", isFailure: false, result: "sunny" }]
          }
        ]
      }))
      expect(last[1]).toEqual({ type: "text", text: "Sunny in Bern." })
    }))

  test("fails as the server says, for send and stream alike", (mock, vendor) =>
    Effect.gen(function*() {
      const failures: ReadonlyArray<readonly [number, string, string]> = [
        [429, "rate_limit_error", "RateLimited"],
        [500, "api_error", "ServerFault"],
        [529, "overloaded_error", "Overloaded"],
        [401, "authentication_error", "Unauthenticated"]
      ]
      for (const [status, type, reason] of failures) {
        for (const effect of [vendor.send(call()), Effect.scoped(vendor.stream(call()))]) {
          mock.nextRequestError(status, { message: "told", type })
          expect(yield* Effect.flip(effect as Effect.Effect<unknown, unknown>)).toMatchObject({
            reason: { _tag: reason },
            status
          })
        }
      }
    }))
})

describe("the vendor", () => {
  it.effect("knows its name, address, default model and what it serves", () =>
    Effect.gen(function*() {
      const vendor = yield* Anthropic.make({ apiKey: Redacted.make(key) })
      expect(vendor).toMatchObject({
        name: "anthropic",
        provider: "anthropic",
        address: { host: "api.anthropic.com", port: 443 },
        defaultModel: "claude-haiku-5-5"
      })
      expect(["claude-opus-5", "claude-x"].map(vendor.serves)).toEqual([true, true])
      expect(["gpt-5", "my-claude"].map(vendor.serves)).toEqual([false, false])
      expect((yield* Effect.flip(vendor.embed({ model: "m", inputs: ["a"] }))).reason._tag).toBe("UnsupportedFeature")
    }).pipe(Effect.provide(FetchHttpClient.layer)))
})

describe("layerConfig", () => {
  const build = (env: Record<string, string>, options: Partial<Anthropic.Options> = {}) =>
    Effect.provide(Anthropic.Anthropic, Anthropic.layerConfig(options)).pipe(
      Effect.provide([FetchHttpClient.layer, ConfigProvider.layer(ConfigProvider.fromEnv({ env }))])
    )

  it.effect.each(["", "/", "/v1", "/v1/"])(
    "reads the environment, its address ending in \"%s\"",
    (end) =>
      Effect.gen(function*() {
        const server = yield* FaultServer.make(FaultServer.json(200, { data: [] }))
        const vendor = yield* build({
          ANTHROPIC_API_KEY: key,
          ANTHROPIC_BASE_URL: `${server.url}${end}`,
          ANTHROPIC_MODEL: "claude-opus-5"
        })
        expect(vendor).toMatchObject({ name: "anthropic", defaultModel: "claude-opus-5" })
        expect(yield* vendor.isAvailable).toBe(true)
        expect(server.requests[0]).toMatchObject({ path: "/v1/models?limit=1000", headers: { "x-api-key": key } })
      })
  )

  it.effect("lets given options win, and needs no key beside a token", () =>
    Effect.gen(function*() {
      const vendor = yield* build({}, { authToken: Redacted.make("token-1"), defaultModel: "claude-opus-5" })
      expect(vendor).toMatchObject({ defaultModel: "claude-opus-5", address: { host: "api.anthropic.com" } })
    }))

  it.effect.each([
    [{}, "ANTHROPIC_API_KEY"],
    [{ ANTHROPIC_API_KEY: `${key}\n` }, "line breaks"],
    [{ ANTHROPIC_API_KEY: key, ANTHROPIC_BASE_URL: "nonsense" }, "must be a URL"]
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

  it.effect("gives any number of instances their own names", () =>
    Effect.gen(function*() {
      class Eu extends VendorModule.Service<Eu>()("anthropic-eu") {}
      const vendor = yield* Effect.provide(Eu, Eu.layerOf(make("https://eu.test/v1", { name: "anthropic-eu" })))
      expect(vendor).toMatchObject({ name: "anthropic-eu", provider: "anthropic", address: { host: "eu.test" } })
    }).pipe(Effect.provide(FetchHttpClient.layer)))
})
