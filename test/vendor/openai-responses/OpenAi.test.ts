import { LLMock } from "@copilotkit/aimock"
import { describe, expect, it } from "@effect/vitest"
import { ConfigProvider, Effect, Exit, Redacted, type Scope, Stream } from "effect"
import { FetchHttpClient, type HttpClient } from "effect/http"
import * as Conversation from "../../../src/Conversation.ts"
import * as Request from "../../../src/Request.ts"
import * as Response from "../../../src/Response.ts"
import type { Vendor } from "../../../src/Vendor.ts"
import * as OpenAi from "../../../src/vendor/openai/OpenAi.ts"
import * as NodeHttp from "../../../src/wire/NodeHttp.ts"
import * as FaultServer from "../../wire/FaultServer.ts"

const key = "sk-canary-0123456789abcdef"

const make = (baseUrl: string) => OpenAi.make({ apiKey: Redacted.make(key), baseUrl, api: "responses" })

const call = (input: Record<string, unknown> = {}, model = "gpt-5") =>
  Effect.map(
    Request.decode({ ...("messages" in input ? {} : { prompt: "Hello" }), ...input }),
    (request) => ({ model, request })
  )

/** Reads a streamed answer to its end, keeping what came before an error. */
const collect = (vendor: Vendor, input: Record<string, unknown> = {}) =>
  Effect.scoped(Effect.gen(function*() {
    const parts: Array<Response.StreamPart> = []
    const answer = yield* vendor.stream(yield* call(input))
    const exit = yield* Effect.exit(Stream.runForEach(answer.parts, (part) => Effect.sync(() => parts.push(part))))
    const error = Exit.isFailure(exit) ? yield* Effect.flip(exit) : undefined
    return { parts, error }
  }))

describe("against aimock", () => {
  const test = (
    name: string,
    effect: (mock: LLMock, vendor: Vendor) => Effect.Effect<void, unknown, Scope.Scope | HttpClient.HttpClient>
  ) =>
    it.effect(name, () =>
      Effect.gen(function*() {
        const mock = new LLMock({ port: 0, logLevel: "silent" })
        yield* Effect.acquireRelease(Effect.promise(() => mock.start()), () => Effect.promise(() => mock.stop()))
        yield* effect(mock, yield* make(`${mock.url}/v1`))
      }).pipe(Effect.provide(NodeHttp.layer())))

  test("answers in text, whole and streamed", (mock, vendor) =>
    Effect.gen(function*() {
      mock.onMessage("Hello", { content: "A longer answer, in several pieces. 👋" })
      const text = { type: "text", text: "A longer answer, in several pieces. 👋" }
      const { losses, parts } = yield* vendor.send(yield* call())
      expect(losses).toEqual([])
      expect(parts).toContainEqual(text)
      expect(parts.at(-1)).toMatchObject({ type: "finish", reason: "stop" })
      const streamed = yield* collect(vendor)
      expect(streamed.error).toBeUndefined()
      expect(streamed.parts.filter(({ type }) => type === "text-delta").length).toBeGreaterThan(1)
      expect(Response.fold(streamed.parts)).toContainEqual(text)
    }))

  test("reasons, calls a tool and takes all of it back", (mock, vendor) =>
    Effect.gen(function*() {
      mock.onToolResult("call_w", { content: "Sunny in Bern." })
      mock.onMessage("Weather", {
        reasoning: "I need the weather.",
        toolCalls: [{ name: "weather", arguments: "{\"city\":\"Bern\"}", id: "call_w" }]
      })
      const input = {
        messages: [{ role: "user", content: "Weather?" }],
        tools: [{ name: "weather", parameters: { type: "object", properties: { city: { type: "string" } } } }]
      }
      const whole = yield* vendor.send(yield* call(input))
      const streamed = yield* collect(vendor, input)
      for (const parts of [whole.parts, Response.fold(streamed.parts)]) {
        expect(parts.find(({ type }) => type === "reasoning")).toMatchObject({
          text: "I need the weather.",
          metadata: { openai: { itemId: expect.stringMatching(/^rs/), encryptedContent: expect.any(String) } }
        })
        expect(parts).toContainEqual({ type: "tool-call", id: "call_w", name: "weather", params: { city: "Bern" } })
        expect(parts.at(-1)).toMatchObject({ reason: "tool-calls" })
        const result = { type: "tool-result", id: "call_w", name: "weather", isFailure: false, result: "sunny" }
        const messages = [
          ...input.messages,
          ...Conversation.toMessages(parts),
          { role: "tool", content: [result] }
        ]
        const next = yield* vendor.send(yield* call({ ...input, messages }))
        expect(next.losses).toEqual([])
        expect(next.parts).toContainEqual({ type: "text", text: "Sunny in Bern." })
        const body: any = mock.getLastRequest()?.body
        expect(JSON.stringify(body)).toContain("call_w")
      }
    }))

  test("fails as the server says, for send and stream alike", (mock, vendor) =>
    Effect.gen(function*() {
      const failures: ReadonlyArray<readonly [number, Record<string, string>, string]> = [
        [429, { code: "rate_limit_exceeded" }, "RateLimited"],
        [429, { code: "insufficient_quota" }, "QuotaExhausted"],
        [500, { type: "server_error" }, "ServerFault"],
        [400, { code: "context_length_exceeded" }, "ContextLengthExceeded"],
        [400, { code: "invalid_encrypted_content" }, "UnsupportedFeature"]
      ]
      const input = yield* call()
      for (const [status, body, reason] of failures) {
        for (const effect of [vendor.send(input), Effect.scoped(vendor.stream(input))]) {
          mock.nextRequestError(status, { message: "told", ...body })
          expect(yield* Effect.flip(effect as Effect.Effect<unknown, unknown>)).toMatchObject({
            reason: { _tag: reason },
            status
          })
        }
      }
    }))

  test("makes vectors and lists models as ever", (mock, vendor) =>
    Effect.gen(function*() {
      mock.onEmbedding("one", { embedding: [0.25, -0.5] }).on({ model: "gpt-5" }, { content: "x" })
      expect((yield* vendor.embed({ model: "text-embedding-3-small", inputs: ["one"] })).vectors).toEqual([[
        0.25,
        -0.5
      ]])
      expect((yield* vendor.models).map(({ id }) => id)).toContain("gpt-5")
    }))
})

describe("over real sockets", () => {
  const event = (type: string, fields: object) => `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`
  const begin = event("response.created", { response: { id: "resp_1", model: "gpt-5" } }) +
    event("response.output_text.delta", { output_index: 0, content_index: 0, delta: "Once" })

  const streamed = (...handlers: Parameters<typeof FaultServer.make>) =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(...handlers)
      return yield* collect(yield* make(server.url))
    }).pipe(Effect.provide(NodeHttp.layer()))

  it.effect("gives a stream cut in its middle, or ended without its end, as StreamInterrupted after its parts", () =>
    Effect.gen(function*() {
      for (const handler of [FaultServer.cut(begin), FaultServer.stream(begin)]) {
        const { error, parts } = yield* streamed(handler)
        expect(parts.map((part) => part.type)).toEqual(["response-metadata", "text-start", "text-delta"])
        expect(error).toMatchObject({ _tag: "RetryableError", reason: { _tag: "StreamInterrupted" }, status: 200 })
      }
    }))

  it.effect("gives a failure after a 200 as what it says, without the key", () =>
    Effect.gen(function*() {
      const error = { code: "rate_limit_exceeded", message: `slow down, ${key}` }
      const failed = event("response.failed", { response: { status: "failed", error } })
      expect((yield* streamed(FaultServer.stream(begin, failed))).error?.reason).toEqual({
        _tag: "RateLimited",
        code: "rate_limit_exceeded",
        description: "slow down, [redacted]"
      })
    }))

  it.effect("takes a last event of several megabytes", () =>
    Effect.gen(function*() {
      const response = { status: "completed", output: [], instructions: "x".repeat(4_000_000) }
      const { error, parts } = yield* streamed(FaultServer.stream(begin, event("response.completed", { response })))
      expect(error).toBeUndefined()
      expect(parts.at(-1)).toMatchObject({ type: "finish", reason: "stop" })
    }))

  it.effect("asks /responses when the environment says so", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(FaultServer.json(200, { output: [], status: "completed" }))
      const env = { OPENAI_API_KEY: key, OPENAI_BASE_URL: server.url, OPENAI_API: "responses" }
      const build = (env: Record<string, string>) =>
        Effect.provide(
          OpenAi.OpenAi,
          OpenAi.layerConfig()
        ).pipe(Effect.provide([FetchHttpClient.layer, ConfigProvider.layer(ConfigProvider.fromEnv({ env }))]))
      yield* (yield* build(env)).send(yield* call())
      yield* Effect.exit((yield* build({ ...env, OPENAI_API: "" })).send(yield* call()))
      expect(server.requests.map(({ path }) => path)).toEqual(["/responses", "/chat/completions"])
      const error = yield* Effect.flip(build({ ...env, OPENAI_API: "assistants" }))
      expect(error._tag).toBe("ConfigError")
    }))
})
