import { LLMock } from "@copilotkit/aimock"
import { describe, expect, it } from "@effect/vitest"
import { ConfigProvider, Effect, Redacted, type Scope } from "effect"
import { FetchHttpClient, type HttpClient } from "effect/http"
import * as Request from "../../../src/Request.ts"
import * as VendorModule from "../../../src/Vendor.ts"
import * as AzureOpenAi from "../../../src/vendor/azure-openai/AzureOpenAi.ts"
import { fatal, retryable } from "../../../src/VendorError.ts"
import * as NodeHttp from "../../../src/wire/NodeHttp.ts"
import * as FaultServer from "../../wire/FaultServer.ts"
import { judge } from "./Contract.ts"

const key = "azure-canary-0123456789abcdef"
const apiKey = Redacted.make(key)

const make = (endpoint: string, options: Partial<Omit<AzureOpenAi.Options, "token" | "apiKey">> = {}) =>
  AzureOpenAi.make({ apiKey, endpoint, ...options })

const call = (input: Record<string, unknown> = {}, model = "my-gpt") =>
  Effect.map(Request.decode({ prompt: "Hello", ...input }), (request) => ({ model, request }))

const completion = { id: "c", choices: [{ message: { content: "Hi" }, finish_reason: "stop" }] }
const offline = Effect.provide(FetchHttpClient.layer)

/** What the vendor asks a server for. */
const asked = (
  options: Partial<Omit<AzureOpenAi.Options, "token" | "apiKey">>,
  use: (vendor: VendorModule.Vendor) => Effect.Effect<unknown, unknown>
) =>
  Effect.gen(function*() {
    const server = yield* FaultServer.make(FaultServer.json(200, completion))
    yield* Effect.exit(use(yield* make(server.url, options)))
    return server.requests[0]!
  }).pipe(Effect.scoped, offline)

describe("addresses", () => {
  const send = (vendor: VendorModule.Vendor) => Effect.flatMap(call(), vendor.send)
  const embed = (vendor: VendorModule.Vendor) => vendor.embed({ model: "my/vectors", inputs: ["a"] })
  const models = (vendor: VendorModule.Vendor) => vendor.models

  it.effect.each(
    [
      ["chat", undefined, send, "/openai/v1/chat/completions"],
      ["responses", undefined, send, "/openai/v1/responses"],
      ["chat", undefined, embed, "/openai/v1/embeddings"],
      ["chat", undefined, models, "/openai/v1/models"],
      ["chat", "2024-10-21", send, "/openai/deployments/my-gpt/chat/completions?api-version=2024-10-21"],
      ["responses", "2025-04-01-preview", send, "/openai/responses?api-version=2025-04-01-preview"],
      ["chat", "2024-10-21", embed, "/openai/deployments/my%2Fvectors/embeddings?api-version=2024-10-21"],
      ["chat", "2024-10-21", models, "/openai/models?api-version=2024-10-21"]
    ] as const
  )("%s in the version %s", ([api, apiVersion, use, path]) =>
    Effect.gen(function*() {
      const request = yield* asked({ api, apiVersion }, use)
      expect(request.path).toBe(path)
      expect(request.headers["api-key"]).toBe(key)
      expect(request.headers).not.toHaveProperty("authorization")
    }))

  it.effect("name the deployment in the body where they do not themselves", () =>
    Effect.gen(function*() {
      expect(JSON.parse((yield* asked({}, send)).body)).toMatchObject({ model: "my-gpt" })
    }))

  it.effect.each(["", "/", "/openai", "/openai/v1/"])(
    "are the resource's, when given with %s after it",
    (rest) =>
      Effect.gen(function*() {
        const server = yield* FaultServer.make(FaultServer.json(200, { data: [] }))
        yield* (yield* make(`${server.url}${rest}`)).models
        expect(server.requests[0]?.path).toBe("/openai/v1/models")
      }).pipe(offline)
  )
})

describe("a token of Entra ID", () => {
  const withToken = (endpoint: string, token: Effect.Effect<AzureOpenAi.AccessToken, AzureOpenAi.TokenError>) =>
    AzureOpenAi.make({ endpoint, token })

  it.effect("is fetched once, sent as the bearer and shown in no error", () =>
    Effect.gen(function*() {
      const secret = "eyJ0-canary-token"
      let fetched = 0
      const server = yield* FaultServer.make(
        FaultServer.json(200, { data: [] }),
        FaultServer.json(401, { error: { code: "401", message: `Bearer ${secret} is not good` } })
      )
      const vendor = yield* withToken(
        server.url,
        Effect.sync(() => ({ token: Redacted.make(secret), expiresAt: 3_600_000 * ++fetched }))
      )
      yield* vendor.models
      const error = yield* Effect.flip(vendor.models)
      expect(error).toMatchObject({ _tag: "FatalError", reason: { _tag: "Unauthenticated" }, status: 401 })
      expect(JSON.stringify(error)).not.toContain(secret)
      expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([
        `Bearer ${secret}`,
        `Bearer ${secret}`
      ])
      expect(server.requests[0]?.headers).not.toHaveProperty("api-key")
      expect(fetched).toBe(1)
    }).pipe(offline))

  it.effect("that cannot be had is the failure of the call, and nothing is sent", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(FaultServer.json(200, completion))
      for (
        const error of [
          fatal({ _tag: "Unauthenticated", description: "the secret has expired" }),
          retryable({ _tag: "NetworkFault", description: "the identity service cannot be reached" })
        ]
      ) {
        const vendor = yield* withToken(server.url, Effect.fail(error))
        expect(yield* Effect.flip(vendor.send(yield* call()))).toEqual(error)
        expect(yield* Effect.flip(Effect.scoped(vendor.stream(yield* call())))).toEqual(error)
      }
      expect(server.requests).toEqual([])
    }).pipe(offline))
})

describe("content filters", () => {
  const innererror = {
    code: "ResponsibleAIPolicyViolation",
    content_filter_result: {
      hate: { filtered: true, severity: "high" },
      jailbreak: { filtered: true, detected: true },
      violence: { filtered: false, severity: "safe" }
    }
  }

  it.effect.each(["innererror", "inner_error"])(
    "that refuse a prompt are ContentFiltered with their names (%s)",
    (name) =>
      Effect.gen(function*() {
        const error = { message: "Refused.", type: null, param: "prompt", code: "content_filter", [name]: innererror }
        const server = yield* FaultServer.make(FaultServer.json(400, { error }))
        for (const api of ["chat", "responses"] as const) {
          const vendor = yield* make(server.url, { api })
          expect(yield* Effect.flip(vendor.send(yield* call()))).toMatchObject({
            _tag: "FatalError",
            reason: { _tag: "ContentFiltered", code: "content_filter", description: "Refused. (hate, jailbreak)" },
            status: 400
          })
        }
      }).pipe(offline)
  )

  it.effect("that end an answer are its finish reason, their names in its metadata", () =>
    Effect.gen(function*() {
      const struck = { violence: { filtered: true, severity: "high" }, hate: { filtered: false, severity: "safe" } }
      const choice = { index: 0, finish_reason: "content_filter", content_filter_results: struck }
      const chunks = [
        { id: "", model: "", choices: [], prompt_filter_results: [{ prompt_index: 0, content_filter_results: {} }] },
        { id: "c", model: "m", choices: [{ index: 0, delta: { content: "Once" } }] },
        { id: "c", model: "m", choices: [{ ...choice, delta: {} }] }
      ]
      const server = yield* FaultServer.make(
        FaultServer.json(200, { id: "c", model: "m", choices: [{ ...choice, message: { content: "Once" } }] }),
        FaultServer.stream(...chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`), "data: [DONE]\n\n")
      )
      const vendor = yield* make(server.url)
      const whole = yield* vendor.send(yield* call())
      const streamed = yield* VendorModule.collect(vendor.stream(yield* call()))
      expect(streamed.parts).toEqual(whole.parts)
      expect(whole.parts.slice(1)).toMatchObject([
        { type: "text", text: "Once" },
        { type: "finish", reason: "content-filter", metadata: { openai: { filters: ["violence"] } } }
      ])
    }).pipe(offline))
})

describe("the vendor", () => {
  it.effect("knows its name, provider, address and the model behind a deployment", () =>
    Effect.gen(function*() {
      const vendor = yield* make("https://name.openai.azure.com", {
        defaultModel: "fast",
        modelOf: (deployment) => deployment === "fast" ? "gpt-5-mini" : deployment
      })
      expect(vendor).toMatchObject({
        name: "azure-openai",
        provider: "azure.ai.openai",
        address: { host: "name.openai.azure.com", port: 443 },
        defaultModel: "fast"
      })
      expect(vendor.capabilities("fast")).toMatchObject({ contextWindow: 400_000, reasoning: true })
      expect(vendor.serves("fast") && vendor.serves("gpt-4o")).toBe(true)
      expect(vendor.serves("claude-sonnet-4")).toBe(false)
    }).pipe(offline))

  it.effect("asks a deployment as the model behind it wants to be asked", () =>
    Effect.gen(function*() {
      const input = { prompt: [{ role: "system", content: "Be brief." }, { role: "user", content: "Hi" }] }
      const send = (vendor: VendorModule.Vendor) =>
        Effect.flatMap(call({ ...input, reasoningEffort: "low" }), vendor.send)
      const modelOf = () => "gpt-5-mini"
      expect(JSON.parse((yield* asked({ modelOf }, send)).body)).toMatchObject({
        reasoning_effort: "low",
        messages: [{ role: "developer" }, {}]
      })
      const old = JSON.parse((yield* asked({ modelOf, apiVersion: "2024-10-21" }, send)).body)
      expect(judge?.(old) ?? []).toEqual([])
      expect(old.messages[0].role).toBe("system")
      expect(old).not.toHaveProperty("reasoning_effort")
    }))

  it.effect("keeps its reasoning's proofs under its own name, and takes no one else's", () =>
    Effect.gen(function*() {
      const item = { type: "reasoning", id: "rs_1", summary: [], encrypted_content: "gAAA" }
      const server = yield* FaultServer.make(FaultServer.json(200, { status: "completed", output: [item] }))
      const vendor = yield* make(server.url, { api: "responses", modelOf: () => "gpt-5" })
      const metadata = { "azure-openai": { itemId: "rs_1", encryptedContent: "gAAA" } }
      expect((yield* vendor.send(yield* call())).parts[0]).toEqual({ type: "reasoning", text: "", metadata })
      const prompt = [
        { role: "user", content: "Hi" },
        {
          role: "assistant",
          content: [
            { type: "reasoning", text: "", options: metadata },
            { type: "reasoning", text: "x", options: { openai: metadata["azure-openai"] } },
            { type: "text", text: "Hi" }
          ]
        },
        { role: "user", content: "Hi" }
      ]
      const { losses } = yield* vendor.send(yield* call({ prompt }))
      expect(losses.map(({ field }) => field)).toEqual(["prompt.1.content.1"])
      expect(JSON.parse(server.requests[1]!.body).input[1]).toEqual(item)
    }).pipe(offline))

  it.effect("hears how long to wait", () =>
    Effect.gen(function*() {
      const error = { code: "429", message: "Please retry after 2 seconds." }
      const server = yield* FaultServer.make(FaultServer.json(429, { error }, { "retry-after-ms": "1700" }))
      const failure = yield* Effect.flip((yield* make(server.url)).send(yield* call()))
      expect(failure).toMatchObject({ _tag: "RetryableError", reason: { _tag: "RateLimited" } })
      expect(failure.message).toContain("1s 700ms")
    }).pipe(offline))

  it.effect.each(
    [
      [404, { code: "DeploymentNotFound", message: "m" }, "ModelNotFound"],
      [404, { code: "404", message: "Resource not found" }, "ModelNotFound"],
      [400, { code: "OperationNotSupported", message: "m" }, "UnsupportedFeature"],
      [400, { code: "BadRequest", message: "API version not supported" }, "UnsupportedFeature"],
      [401, { code: "PermissionDenied", message: "m" }, "PermissionDenied"],
      [403, { code: "AuthenticationTypeDisabled", message: "m" }, "Unauthenticated"]
    ] as const
  )("reads %i %j as %s", ([status, error, reason]) =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(FaultServer.json(status, { error }, { "apim-request-id": "r-1" }))
      expect(yield* Effect.flip((yield* make(server.url)).send(yield* call()))).toMatchObject({
        reason: { _tag: reason },
        status,
        requestId: "r-1"
      })
    }).pipe(offline))
})

describe("layerConfig", () => {
  const build = (env: Record<string, string>, options: Parameters<typeof AzureOpenAi.layerConfig>[0] = {}) =>
    Effect.provide(AzureOpenAi.AzureOpenAi, AzureOpenAi.layerConfig(options)).pipe(
      Effect.provide([FetchHttpClient.layer, ConfigProvider.layer(ConfigProvider.fromEnv({ env }))])
    )

  it.effect("reads the environment", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(FaultServer.json(200, completion))
      const vendor = yield* build({
        AZURE_OPENAI_ENDPOINT: `${server.url}/`,
        AZURE_OPENAI_API_KEY: key,
        AZURE_OPENAI_API_VERSION: "2024-10-21",
        AZURE_OPENAI_DEPLOYMENT: "my-gpt"
      })
      expect(vendor.defaultModel).toBe("my-gpt")
      yield* vendor.send(yield* call())
      expect(server.requests[0]).toMatchObject({
        path: "/openai/deployments/my-gpt/chat/completions?api-version=2024-10-21",
        headers: { "api-key": key }
      })
    }))

  it.effect("needs no key with a token, and lets given options win", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(FaultServer.json(200, completion))
      const token = Effect.succeed({ token: Redacted.make("t"), expiresAt: 3_600_000 })
      const vendor = yield* build({ AZURE_OPENAI_ENDPOINT: "https://other.test" }, { endpoint: server.url, token })
      yield* vendor.send(yield* call())
      expect(server.requests[0]).toMatchObject({
        path: "/openai/v1/chat/completions",
        headers: { authorization: "Bearer t" }
      })
    }))

  it.effect.each([
    [{ AZURE_OPENAI_API_KEY: key }, "AZURE_OPENAI_ENDPOINT"],
    [{ AZURE_OPENAI_ENDPOINT: "https://x.openai.azure.com" }, "AZURE_OPENAI_API_KEY"],
    [{ AZURE_OPENAI_ENDPOINT: "nonsense", AZURE_OPENAI_API_KEY: key }, "must be a URL"],
    [{ AZURE_OPENAI_ENDPOINT: "https://x.test", AZURE_OPENAI_API_KEY: `${key}\n` }, "line breaks"]
  ] as ReadonlyArray<readonly [Record<string, string>, string]>)(
    "fails for %j with %s",
    ([env, message]) =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(build(env))
        expect(error.message).toContain(message)
        expect(`${error.message} ${JSON.stringify(error)}`).not.toContain(key)
      })
  )
})

describe("against aimock", () => {
  const test = (
    name: string,
    effect: (
      mock: LLMock,
      vendor: VendorModule.Vendor
    ) => Effect.Effect<void, unknown, Scope.Scope | HttpClient.HttpClient>
  ) =>
    it.effect(name, () =>
      Effect.gen(function*() {
        const mock = new LLMock({ port: 0, logLevel: "silent" })
        yield* Effect.acquireRelease(Effect.promise(() => mock.start()), () => Effect.promise(() => mock.stop()))
        yield* effect(mock, yield* make(mock.url, { apiVersion: "2024-10-21" }))
      }).pipe(Effect.provide(NodeHttp.layer())))

  test("answers in text, whole and streamed", (mock, vendor) =>
    Effect.gen(function*() {
      mock.onMessage("Hello", { content: "A longer answer, in several pieces. 👋" })
      const whole = yield* vendor.send(yield* call())
      const streamed = yield* VendorModule.collect(vendor.stream(yield* call()))
      for (const { parts } of [whole, streamed]) {
        expect(parts).toContainEqual({ type: "text", text: "A longer answer, in several pieces. 👋" })
        expect(parts.at(-1)).toMatchObject({ type: "finish", reason: "stop" })
      }
    }))

  test("calls tools and makes vectors", (mock, vendor) =>
    Effect.gen(function*() {
      mock.onEmbedding("one", { embedding: [0.25, -0.5] })
      mock.onMessage("Hello", { toolCalls: [{ name: "weather", arguments: "{\"city\":\"Bern\"}", id: "call_w" }] })
      const tools = [{ name: "weather", parameters: { type: "object", properties: {} } }]
      const { parts } = yield* VendorModule.collect(vendor.stream(yield* call({ tools })))
      expect(parts).toContainEqual({ type: "tool-call", id: "call_w", name: "weather", params: { city: "Bern" } })
      expect((yield* vendor.embed({ model: "vectors", inputs: ["one"] })).vectors).toEqual([[0.25, -0.5]])
    }))

  test("fails as the server says", (mock, vendor) =>
    Effect.gen(function*() {
      mock.nextRequestError(429, { message: "told", code: "rate_limit_exceeded" })
      expect(yield* Effect.flip(vendor.send(yield* call()))).toMatchObject({ reason: { _tag: "RateLimited" } })
    }))
})
