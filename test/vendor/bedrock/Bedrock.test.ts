import { LLMock } from "@copilotkit/aimock"
import { describe, expect, it } from "@effect/vitest"
import {
  Clock,
  ConfigProvider,
  DateTime,
  Deferred,
  Duration,
  Effect,
  Exit,
  Fiber,
  type Layer,
  Redacted,
  Scope,
  Stream
} from "effect"
import { FetchHttpClient, type HttpClient } from "effect/http"
import { createHash, createHmac } from "node:crypto"
import { TestClock } from "effect/testing"
import * as Request from "../../../src/Request.ts"
import * as Response from "../../../src/Response.ts"
import type { Call, Vendor } from "../../../src/Vendor.ts"
import * as Bedrock from "../../../src/vendor/bedrock/Bedrock.ts"
import * as Signature from "../../../src/vendor/bedrock/Signature.ts"
import { type AttemptError, retryable } from "../../../src/VendorError.ts"
import * as NodeHttp from "../../../src/wire/NodeHttp.ts"
import * as FaultServer from "../../wire/FaultServer.ts"
import { event, exception } from "./frames.ts"

const secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
const token = "IQoJb3JpZ2luX2VjEXAMPLETOKEN"
const credentials: Bedrock.Credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: Redacted.make(secret) }

const make = (baseUrl: string, options: Partial<Bedrock.Options> = {}) =>
  Bedrock.make({ region: "eu-central-1", credentials, baseUrl, ...options })

const nova = "amazon.nova-lite-v1:0"
const call = (input: Record<string, unknown> = {}, model = nova) =>
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

const answer = {
  output: { message: { role: "assistant", content: [{ text: "Hi." }] } },
  stopReason: "end_turn",
  usage: { inputTokens: 1, outputTokens: 1, totalTokens: 2 }
}

// -----------------------------------------------------------------------------
// Signature
// -----------------------------------------------------------------------------

const hash = (text: string) => createHash("sha256").update(text).digest("hex")
const hmac = (key: string | Buffer, text: string) => createHmac("sha256", key).update(text).digest()

/** As AWS reckons it from what arrived, by the document of Signature Version 4. */
const signatureOf = (received: FaultServer.Received, key: string): string => {
  const authorization = String(received.headers["authorization"])
  const [, scope, names] = /Credential=[^/]+\/([^,]+), SignedHeaders=([^,]+),/.exec(authorization)!
  const [path, query = ""] = received.path.split("?")
  const canonical = [
    received.method,
    path!.split("/").map(encodeURIComponent).join("/"),
    query.split("&").toSorted().join("&"),
    ...names!.split(";").map((name) => `${name}:${String(received.headers[name]).trim()}`),
    "",
    names,
    hash(received.body)
  ].join("\n")
  const date = String(received.headers["x-amz-date"])
  const toSign = ["AWS4-HMAC-SHA256", date, scope, hash(canonical)].join("\n")
  const signing = scope!.split("/").reduce<string | Buffer>(hmac, `AWS4${key}`)
  return createHmac("sha256", signing).update(toSign).digest("hex")
}

describe("the signature", () => {
  it("is reckoned here as in AWS's published test suite (get-vanilla)", () => {
    // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-test-suite.html
    const received = {
      method: "GET",
      path: "/",
      body: "",
      headers: {
        host: "example.amazonaws.com",
        "x-amz-date": "20150830T123600Z",
        authorization: "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, " +
          "SignedHeaders=host;x-amz-date, Signature="
      },
      at: 0,
      aborted: Effect.void
    }
    expect(signatureOf(received, secret)).toBe("5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31")
  })

  it.effect("has the clock's time, the region and Bedrock in its scope", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(Date.UTC(2015, 7, 30, 12, 36, 0, 999))
      const { authorization, ...headers } = yield* Signature.sign(credentials, "us-east-1", {
        method: "GET",
        url: "https://example.amazonaws.com/",
        body: undefined
      })
      expect(headers).toEqual({ "x-amz-date": "20150830T123600Z", "x-amz-content-sha256": hash("") })
      expect(Redacted.value(authorization as Redacted.Redacted<string>)).toContain(
        "Credential=AKIDEXAMPLE/20150830/us-east-1/bedrock/aws4_request, "
      )
    }))

  const clients: ReadonlyArray<readonly [string, Layer.Layer<HttpClient.HttpClient>]> = [
    ["undici", NodeHttp.layer()],
    ["fetch", FetchHttpClient.layer]
  ]

  it.live.each(clients)(
    "is right for what arrives over %s: path, query, body, all signed headers",
    ([, client]) =>
      Effect.gen(function*() {
        const server = yield* FaultServer.make(FaultServer.json(200, answer))
        const vendor = yield* make(`${server.url}/proxy`, {
          credentials: { ...credentials, sessionToken: Redacted.make(token) }
        })
        const arn = "arn:aws:bedrock:eu-central-1:123456789012:inference-profile/eu.amazon.nova-lite-v1:0"
        const escaped =
          "arn%3Aaws%3Abedrock%3Aeu-central-1%3A123456789012%3Ainference-profile%2Feu.amazon.nova-lite-v1%3A0"
        for (const model of [nova, arn]) yield* vendor.send(yield* call({ prompt: "Grüße 👋" }, model))
        yield* Effect.scoped(Effect.exit(vendor.stream(yield* call())))
        yield* vendor.models
        expect(server.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
          "POST /proxy/model/amazon.nova-lite-v1%3A0/converse",
          `POST /proxy/model/${escaped}/converse`,
          "POST /proxy/model/amazon.nova-lite-v1%3A0/converse-stream",
          ...["/foundation-models?byOutputModality=TEXT", "/inference-profiles?maxResults=1000"].map((path) =>
            `GET /proxy${path}`
          ).toSorted()
        ])
        for (const received of server.requests) {
          const authorization = String(received.headers["authorization"])
          const signed = received.method === "GET" ? "" : "content-type;"
          expect(authorization).toContain(
            `SignedHeaders=${signed}host;x-amz-content-sha256;x-amz-date;x-amz-security-token,`
          )
          expect(authorization.endsWith(`Signature=${signatureOf(received, secret)}`)).toBe(true)
          expect(received.headers["x-amz-content-sha256"]).toBe(hash(received.body))
          expect(received.headers["x-amz-security-token"]).toBe(token)
        }
      }).pipe(Effect.provide(client))
  )

  it.effect("is a bearer's key where one is given", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(FaultServer.json(200, answer))
      const vendor = yield* make(server.url, { credentials: Redacted.make("bedrock-api-key-1") })
      yield* vendor.send(yield* call())
      expect(server.requests[0]!.headers).toMatchObject({ authorization: "Bearer bedrock-api-key-1" })
      expect(server.requests[0]!.headers).not.toHaveProperty("x-amz-date")
    }).pipe(Effect.provide(FetchHttpClient.layer)))
})

describe("credentials from an effect", () => {
  const outgoing = { method: "GET", url: "https://example.com/", body: undefined } as const
  const tokenOf = (headers: Record<string, unknown>) => Redacted.value(headers["x-amz-security-token"] as any)

  it.effect("are kept until 5 minutes before their end", () =>
    Effect.gen(function*() {
      let times = 0
      const headers = yield* Signature.make(
        Effect.map(Clock.currentTimeMillis, (now) => ({
          ...credentials,
          sessionToken: Redacted.make(`token-${times += 1}`),
          expiration: DateTime.makeUnsafe(now + 3_600_000)
        })),
        "eu-central-1"
      )
      expect(tokenOf(yield* headers(outgoing))).toBe("token-1")
      yield* TestClock.adjust(Duration.minutes(54))
      expect(tokenOf(yield* headers(outgoing))).toBe("token-1")
      yield* TestClock.adjust(Duration.minutes(2))
      expect(tokenOf(yield* headers(outgoing))).toBe("token-2")
    }))

  it.effect("are got once for all that wait for them, and kept for good where they have no end", () =>
    Effect.gen(function*() {
      let times = 0
      const gate = yield* Deferred.make<void>()
      const headers = yield* Signature.make(
        Effect.as(Effect.andThen(Effect.sync(() => times += 1), Deferred.await(gate)), credentials),
        "eu-central-1"
      )
      const waiting = yield* Effect.forkChild(
        Effect.all(Array.from({ length: 10 }, () => headers(outgoing)), { concurrency: "unbounded" }),
        { startImmediately: true }
      )
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(waiting)
      yield* TestClock.adjust(Duration.days(30))
      yield* headers(outgoing)
      expect(times).toBe(1)
    }))

  it.effect("fail the call as they fail, and are tried again by the next", () =>
    Effect.gen(function*() {
      let times = 0
      const refused: AttemptError = retryable({ _tag: "NetworkFault", description: "no role" })
      const vendor = yield* make("http://127.0.0.1:1", {
        credentials: Effect.suspend(() => {
          times += 1
          return Effect.fail(refused)
        })
      })
      for (const effect of bothWays(vendor, yield* call())) {
        expect((yield* Effect.flip(effect)).reason).toEqual({ _tag: "NetworkFault", description: "no role" })
      }
      expect(times).toBe(2)
    }).pipe(Effect.provide(FetchHttpClient.layer)))
})

// -----------------------------------------------------------------------------
// Sockets
// -----------------------------------------------------------------------------

describe("over a socket", () => {
  const test = (name: string, effect: () => Effect.Effect<void, unknown, Scope.Scope | HttpClient.HttpClient>) =>
    it.effect(name, () => Effect.provide(effect(), NodeHttp.layer()))

  const begin = event("contentBlockDelta", { contentBlockIndex: 0, delta: { text: "Once" } })

  test("gives a stream cut in its middle as StreamInterrupted after its parts", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(FaultServer.cut(begin, begin.subarray(0, 30)))
      const { error, parts } = yield* collect(yield* make(server.url))
      expect(parts.map(({ type }) => type)).toEqual(["text-start", "text-delta"])
      expect(error).toMatchObject({ _tag: "RetryableError", reason: { _tag: "StreamInterrupted" }, status: 200 })
    }))

  test("gives an exception after a 200 as what it says, without the token", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(
        FaultServer.stream(begin, exception("throttlingException", { message: `Slow down, ${token}` }))
      )
      const vendor = yield* make(server.url, {
        credentials: { ...credentials, sessionToken: Redacted.make(token) }
      })
      const { error } = yield* collect(vendor)
      expect(error?.reason).toEqual({
        _tag: "RateLimited",
        code: "throttlingException",
        description: "Slow down, [redacted]"
      })
      expect(server.requests[0]!.headers["accept"]).toBe("application/vnd.amazon.eventstream")
    }))

  test("gives a failure with its status and request id", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(
        FaultServer.json(429, { message: "Too fast" }, {
          "x-amzn-errortype": "ThrottlingException:http://x/",
          "x-amzn-requestid": "req-1"
        })
      )
      const vendor = yield* make(server.url)
      for (const effect of bothWays(vendor, yield* call())) {
        expect(yield* Effect.flip(effect)).toMatchObject({
          reason: { _tag: "RateLimited", description: "Too fast", code: "ThrottlingException" },
          status: 429,
          requestId: "req-1"
        })
      }
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

  test("lists what can be called: models on demand, and profiles", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make((response, { path }) => {
        const body = path.startsWith("/foundation-models")
          ? {
            modelSummaries: [
              { modelId: "a.one", modelName: "One", providerName: "A", inferenceTypesSupported: ["ON_DEMAND"] },
              { modelId: "a.two", inferenceTypesSupported: ["INFERENCE_PROFILE"] },
              { modelId: "a.three" }
            ]
          }
          : { inferenceProfileSummaries: [{ inferenceProfileId: "eu.a.two", inferenceProfileName: "EU Two" }] }
        FaultServer.json(200, body)(response, undefined as never)
      })
      const vendor = yield* make("http://127.0.0.1:1", { modelsUrl: server.url })
      expect(yield* vendor.models).toEqual([
        { id: "a.one", description: "A One" },
        { id: "a.three" },
        { id: "eu.a.two", description: "EU Two" }
      ])
      expect(yield* vendor.isAvailable).toBe(true)
    }))

  test("is available where listing is not permitted, and not where the key is wrong or nobody listens", () =>
    Effect.gen(function*() {
      const denied = (type: string) => FaultServer.json(403, {}, { "x-amzn-errortype": type })
      const allowed = yield* FaultServer.make(denied("AccessDeniedException"))
      expect(yield* (yield* make(allowed.url)).isAvailable).toBe(true)
      const wrong = yield* FaultServer.make(denied("UnrecognizedClientException"))
      expect(yield* (yield* make(wrong.url)).isAvailable).toBe(false)
      const port = yield* FaultServer.deafPort
      expect(yield* (yield* make(`http://127.0.0.1:${port}`)).isAvailable).toBe(false)
    }))
})

// -----------------------------------------------------------------------------
// Aimock
// -----------------------------------------------------------------------------

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
        yield* effect(server, yield* make(server.url))
      }).pipe(Effect.provide(NodeHttp.layer())))

  test("answers, whole and streamed, with reasoning apart", (mock, vendor) =>
    Effect.gen(function*() {
      mock.onMessage("Hello", {
        content: "A longer answer, in several pieces. 👋",
        reasoning: "Thinking hard.",
        usage: { input_tokens: 9, output_tokens: 4 }
      })
      const { losses, parts } = yield* vendor.send(yield* call())
      expect(losses).toEqual([])
      expect(parts).toEqual([
        { type: "reasoning", text: "Thinking hard." },
        { type: "text", text: "A longer answer, in several pieces. 👋" },
        {
          type: "finish",
          reason: "stop",
          usage: { inputTokens: { uncached: 9, total: 9 }, outputTokens: { total: 4 } }
        }
      ])
      const streamed = yield* collect(vendor)
      expect(streamed.error).toBeUndefined()
      expect(Response.fold(streamed.parts)).toEqual(parts)
    }))

  test("calls tools and takes their results", (mock, vendor) =>
    Effect.gen(function*() {
      const tools = [{ name: "weather", parameters: { type: "object", properties: { city: { type: "string" } } } }]
      mock.onToolResult("call_w", { content: "Sunny in Bern." })
      mock.onMessage("Weather", { toolCalls: [{ name: "weather", arguments: "{\"city\":\"Bern\"}", id: "call_w" }] })
      const prompt = [{ role: "user", content: "Weather?" }]
      const expected = { type: "tool-call", id: "call_w", name: "weather", params: { city: "Bern" } }
      const { parts } = yield* vendor.send(yield* call({ prompt, tools }))
      expect(parts).toContainEqual(expected)
      expect(parts.at(-1)).toMatchObject({ reason: "tool-calls" })
      expect((yield* collect(vendor, { prompt, tools })).parts).toContainEqual(expected)
      const next = yield* vendor.send(
        yield* call({
          tools,
          prompt: [...prompt, { role: "assistant", content: [expected] }, {
            role: "tool",
            content: [{ type: "tool-result", id: "call_w", name: "weather", isFailure: false, result: "sunny" }]
          }]
        })
      )
      expect(next.parts).toContainEqual({ type: "text", text: "Sunny in Bern." })
    }))

  test("fails as the server says, for send and stream alike", (mock, vendor) =>
    Effect.gen(function*() {
      const failures = [[429, "RateLimited"], [500, "ServerFault"], [503, "Overloaded"], [
        403,
        "PermissionDenied"
      ]] as const
      for (const [status, reason] of failures) {
        for (const effect of bothWays(vendor, yield* call())) {
          mock.nextRequestError(status, { message: "told" })
          expect(yield* Effect.flip(effect)).toMatchObject({ reason: { _tag: reason }, status })
        }
      }
    }))
})

// -----------------------------------------------------------------------------
// The vendor
// -----------------------------------------------------------------------------

describe("the vendor", () => {
  it.effect.each([
    ["us-east-1", "bedrock-runtime.us-east-1.amazonaws.com"],
    ["cn-north-1", "bedrock-runtime.cn-north-1.amazonaws.com.cn"],
    ["eusc-de-east-1", "bedrock-runtime.eusc-de-east-1.amazonaws.eu"]
  ])("of %s is called at %s", ([region, host]) =>
    Effect.gen(function*() {
      const vendor = yield* Bedrock.make({ region: region!, credentials })
      expect(vendor).toMatchObject({
        name: "bedrock",
        provider: "aws.bedrock",
        address: { host, port: 443 },
        defaultModel: undefined
      })
    }).pipe(Effect.provide(FetchHttpClient.layer)))

  it.effect("does not call a host that the region's name would smuggle in", () =>
    Effect.gen(function*() {
      const vendor = yield* Bedrock.make({ region: "evil.example/#", credentials })
      expect(vendor.address).toBeUndefined()
      expect((yield* Effect.flip(vendor.send(yield* call()))).reason._tag).toBe("NetworkFault")
    }).pipe(Effect.provide(FetchHttpClient.layer)))

  it.effect("serves Bedrock's models and no others", () =>
    Effect.gen(function*() {
      const { capabilities, serves } = yield* Bedrock.make({ region: "us-east-1", credentials, defaultModel: "mine" })
      const own = [nova, "us.anthropic.claude-opus-4-6-v1", "global.amazon.nova-2-lite-v1:0", "mine"]
      for (const model of [...own, "arn:aws:bedrock:us-east-1:1:inference-profile/x"]) expect(serves(model)).toBe(true)
      for (const model of ["gpt-5", "claude-sonnet-4-5", "llama3.2", "anthropic"]) expect(serves(model)).toBe(false)
      expect(capabilities("us.anthropic.claude-sonnet-4-5-20250929-v1:0")).toMatchObject({
        contextWindow: 200_000,
        jsonSchema: true,
        reasoning: true
      })
      expect(capabilities(nova)).toMatchObject({ contextWindow: 300_000, images: true, jsonSchema: false })
      expect(capabilities("arn:aws:bedrock:us-east-1:1:application-inference-profile/x")).toEqual({})
    }).pipe(Effect.provide(FetchHttpClient.layer)))
})

describe("layerConfig", () => {
  const build = (env: Record<string, string>, options: Partial<Bedrock.Options> = {}) =>
    Effect.gen(function*() {
      return yield* Bedrock.Bedrock
    }).pipe(
      Effect.provide(Bedrock.layerConfig(options)),
      Effect.provide([FetchHttpClient.layer, ConfigProvider.layer(ConfigProvider.fromEnv({ env }))])
    )

  const keys = { AWS_ACCESS_KEY_ID: "AKIDEXAMPLE", AWS_SECRET_ACCESS_KEY: secret }

  it.effect("reads keys, token, region, address and model", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(FaultServer.json(200, answer))
      const vendor = yield* build({
        ...keys,
        AWS_SESSION_TOKEN: token,
        AWS_DEFAULT_REGION: "eu-west-1",
        BEDROCK_BASE_URL: server.url,
        BEDROCK_MODEL: nova
      })
      expect(vendor).toMatchObject({ name: "bedrock", defaultModel: nova })
      yield* vendor.send(yield* call())
      const { authorization, ...headers } = server.requests[0]!.headers
      expect(authorization).toContain("AKIDEXAMPLE/19700101/eu-west-1/bedrock/")
      expect(headers["x-amz-security-token"]).toBe(token)
    }))

  it.effect("takes a key of Bedrock before those of IAM, and AWS_REGION before the default", () =>
    Effect.gen(function*() {
      const server = yield* FaultServer.make(FaultServer.json(200, answer))
      const env = { ...keys, AWS_BEARER_TOKEN_BEDROCK: "key-1", AWS_REGION: "us-west-2", AWS_DEFAULT_REGION: "x" }
      const vendor = yield* build({ ...env, BEDROCK_BASE_URL: server.url })
      yield* vendor.send(yield* call())
      expect(server.requests[0]!.headers["authorization"]).toBe("Bearer key-1")
      expect((yield* build(env)).address?.host).toBe("bedrock-runtime.us-west-2.amazonaws.com")
    }))

  it.effect("lets given options win, so that nothing needs to be configured", () =>
    Effect.gen(function*() {
      const vendor = yield* build({}, { region: "us-east-1", credentials })
      expect(vendor.address?.host).toBe("bedrock-runtime.us-east-1.amazonaws.com")
    }))

  it.effect.each([
    [{}, "AWS_REGION"],
    [{ AWS_REGION: "us-east-1" }, "AWS_ACCESS_KEY_ID"],
    [{ AWS_REGION: "us-east-1", AWS_ACCESS_KEY_ID: "a" }, "AWS_SECRET_ACCESS_KEY"],
    [{ ...keys, AWS_REGION: "us east" }, "must be a region"],
    [{ ...keys, AWS_REGION: "us-east-1", AWS_BEARER_TOKEN_BEDROCK: `${token}\n` }, "line breaks"],
    [{ ...keys, AWS_REGION: "us-east-1", BEDROCK_BASE_URL: "nonsense" }, "must be a URL"]
  ] as ReadonlyArray<readonly [Record<string, string>, string]>)(
    "fails for %j with a ConfigError: %s",
    ([env, message]) =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(build(env))
        expect(error._tag).toBe("ConfigError")
        expect(error.message).toContain(message)
        expect(`${error.message} ${JSON.stringify(error)}`).not.toContain(token)
      })
  )
})
