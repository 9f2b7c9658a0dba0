import { describe, expect, it } from "@effect/vitest"
import { ConfigProvider, Effect, Redacted, Stream } from "effect"
import { FetchHttpClient } from "effect/http"
import * as Request from "../../../src/Request.ts"
import * as Response from "../../../src/Response.ts"
import * as Compatible from "../../../src/vendor/openai-compatible/OpenAiCompatible.ts"
import * as FaultServer from "../../wire/FaultServer.ts"

const answer = FaultServer.json(200, { choices: [{ message: { content: "x" }, finish_reason: "stop" }] })

/** The body and headers that one call sends. */
const sent = (options: Partial<Compatible.Options>, input: Record<string, unknown> = {}) =>
  Effect.gen(function*() {
    const server = yield* FaultServer.make(answer)
    const vendor = yield* Compatible.make({ name: "local", baseUrl: `${server.url}/v1`, ...options })
    const request = yield* Request.decode({ prompt: "Hello", ...input })
    yield* vendor.send({ model: "m", request })
    const { body, headers, path } = server.requests[0]!
    return { path, headers, body: JSON.parse(body) }
  }).pipe(Effect.provide(FetchHttpClient.layer))

describe("OpenAiCompatible", () => {
  it.effect("needs no key and sends none", () =>
    Effect.gen(function*() {
      const { headers, path } = yield* sent({})
      expect(path).toBe("/v1/chat/completions")
      expect(headers).not.toHaveProperty("authorization")
    }))

  it.effect("carries the key in the header that the server wants", () =>
    Effect.gen(function*() {
      const apiKey = Redacted.make("secret-key")
      expect((yield* sent({ apiKey })).headers["authorization"]).toBe("Bearer secret-key")
      expect((yield* sent({ apiKey, keyHeader: "Authorization" })).headers["authorization"]).toBe("Bearer secret-key")
      const { headers } = yield* sent({ apiKey, keyHeader: "X-Api-Key" })
      expect(headers["x-api-key"]).toBe("secret-key")
      expect(headers).not.toHaveProperty("authorization")
    }))

  it.effect("uses max_tokens unless told otherwise", () =>
    Effect.gen(function*() {
      expect((yield* sent({}, { maxTokens: 5 })).body).toMatchObject({ max_tokens: 5 })
      const quirks = { maxTokens: "max_completion_tokens" } as const
      expect((yield* sent({ quirks }, { maxTokens: 5 })).body).toMatchObject({ max_completion_tokens: 5 })
    }))

  it.effect("reads raw options under its own name", () =>
    Effect.gen(function*() {
      const { body } = yield* sent({}, { options: { local: { top_k: 4 }, other: { x: 1 } } })
      expect(body).toEqual({ model: "m", messages: [{ role: "user", content: "Hello" }], top_k: 4 })
    }))

  it.effect("uses the paths that are given", () =>
    Effect.gen(function*() {
      const paths = { chat: (model: string) => `/deployments/${model}/chat?v=1` }
      expect((yield* sent({ paths })).path).toBe("/v1/deployments/m/chat?v=1")
    }))

  it.effect("streams from a server that knows no stream options", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(
        FaultServer.stream("data: {\"choices\":[{\"delta\":{\"content\":\"x\"},\"finish_reason\":\"stop\"}]}\n\n")
      )
      const vendor = yield* Compatible.make({ name: "local", baseUrl: server.url, quirks: { streamUsage: false } })
      const { parts } = yield* vendor.stream({ model: "m", request: yield* Request.decode({ prompt: "Hello" }) })
      expect(Response.fold(yield* Stream.runCollect(parts))).toEqual([
        { type: "text", text: "x" },
        { type: "finish", reason: "stop", usage: { inputTokens: {}, outputTokens: {} } }
      ])
      expect(JSON.parse(server.requests[0]!.body)).toEqual({
        model: "m",
        messages: [{ role: "user", content: "Hello" }],
        stream: true
      })
    }).pipe(Effect.provide(FetchHttpClient.layer)))

  it.effect("takes its name for the provider, and serves every model", () =>
    Effect.gen(function*() {
      const vendor = yield* Compatible.make({ name: "local", baseUrl: "http://localhost:8000/v1" })
      expect(vendor).toMatchObject({ name: "local", provider: "local", address: { host: "localhost", port: 8000 } })
      expect(vendor.serves("anything")).toBe(true)
    }).pipe(Effect.provide(FetchHttpClient.layer)))

  const build = (env: Record<string, string>) =>
    Effect.provide(Compatible.OpenAiCompatible, Compatible.layerConfig()).pipe(
      Effect.provide([FetchHttpClient.layer, ConfigProvider.layer(ConfigProvider.fromEnv({ env }))])
    )

  it.effect("reads the environment", () =>
    Effect.gen(function*() {
      const vendor = yield* build({
        OPENAI_COMPATIBLE_BASE_URL: "http://localhost:8000/v1",
        OPENAI_COMPATIBLE_MODEL: "llama"
      })
      expect(vendor).toMatchObject({ name: "openai-compatible", defaultModel: "llama", address: { port: 8000 } })
    }))

  it.effect("takes an empty key for none", () =>
    Effect.gen(function*() {
      const env = { OPENAI_COMPATIBLE_BASE_URL: "http://localhost/v1", OPENAI_COMPATIBLE_API_KEY: "" }
      expect((yield* build(env)).name).toBe("openai-compatible")
    }))

  it.effect("fails without an address, and with a key that no header can carry", () =>
    Effect.gen(function*() {
      expect((yield* Effect.flip(build({}))).message).toMatch(/must be set and not empty.*OPENAI_COMPATIBLE_BASE_URL/s)
      const env = { OPENAI_COMPATIBLE_BASE_URL: "http://localhost/v1", OPENAI_COMPATIBLE_API_KEY: "a\nb" }
      expect((yield* Effect.flip(build(env))).message).toContain("line breaks")
    }))
})
