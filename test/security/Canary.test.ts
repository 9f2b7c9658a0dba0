import { describe, expect, it } from "@effect/vitest"
import { Effect, Layer, Redacted, type Scope, Stream } from "effect"
import { FetchHttpClient, type HttpClient } from "effect/http"
import * as Cache from "llmdispatcher/Cache"
import * as Dispatcher from "llmdispatcher/Dispatcher"
import type { Vendor } from "llmdispatcher/Vendor"
import * as Anthropic from "llmdispatcher/vendor/Anthropic"
import * as AzureOpenAi from "llmdispatcher/vendor/AzureOpenAi"
import * as Bedrock from "llmdispatcher/vendor/Bedrock"
import * as Google from "llmdispatcher/vendor/Google"
import * as Groq from "llmdispatcher/vendor/Groq"
import * as OpenAi from "llmdispatcher/vendor/OpenAi"
import * as OpenAiCompatible from "llmdispatcher/vendor/OpenAiCompatible"
import { inspect } from "node:util"
import * as KeyPool from "../../src/keys/KeyPool.ts"
import * as KeySource from "../../src/keys/KeySource.ts"
import * as NodeHttp from "../../src/wire/NodeHttp.ts"
import { run } from "../cli/run.ts"
import { exception } from "../vendor/bedrock/frames.ts"
import * as FaultServer from "../wire/FaultServer.ts"
import { canary, echoes, leaks, ofExit, printed, sinks, talkative } from "./canary.ts"

const words = echoes.join(" | ")

const told = (status: number, headers: Record<string, string> = {}): FaultServer.Handler =>
  FaultServer.json(status, {
    message: `Incorrect API key provided: ${words}`,
    __type: canary,
    request_id: canary,
    error: {
      message: `Incorrect API key provided: ${words}`,
      type: canary,
      code: canary,
      status: canary,
      param: canary,
      metadata: { raw: words, provider_name: canary },
      details: [{ "@type": canary, reason: canary, metadata: { key: words } }]
    }
  }, headers)

const event = (name: string, data: unknown) => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`

const inside = [
  { type: "error", error: { type: canary, code: canary, message: words } },
  { error: { message: words, code: 401, type: canary, status: canary, metadata: { raw: words } } },
  { type: "response.failed", response: { id: canary, error: { code: canary, message: words } } },
  { type: canary, [canary]: words }
]

/** The headers that vendors are sent, as a debugging page shows them. */
const page: FaultServer.Handler = (response, { headers }) =>
  FaultServer.text(500, `<pre>${JSON.stringify(headers)} ${words}</pre>`, { "content-type": "text/html" })(
    response,
    { headers } as FaultServer.Received
  )

/** Words of an answer, as the vendor that is asked by this path says them. */
const began = (path: string): string => {
  const delta = (data: unknown) => `data: ${JSON.stringify(data)}\n\n`
  if (path.includes("chat/completions")) return delta({ id: "1", choices: [{ index: 0, delta: { content: "Hel" } }] })
  if (path.includes("/messages")) {
    const message = { id: "1", role: "assistant", content: [], usage: { input_tokens: 1, output_tokens: 1 } }
    return event("message_start", { type: "message_start", message }) +
      event("content_block_start", {
        type: "content_block_start",
        index: 0,
        content_block: { type: "text", text: "" }
      }) +
      event("content_block_delta", {
        type: "content_block_delta",
        index: 0,
        delta: { type: "text_delta", text: "Hel" }
      })
  }
  return delta({ candidates: [{ index: 0, content: { role: "model", parts: [{ text: "Hel" }] } }] })
}

const good = {
  id: "1",
  model: "m",
  choices: [{ index: 0, message: { role: "assistant", content: "Hello" }, finish_reason: "stop" }],
  usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 }
}

const faults: Readonly<Record<string, FaultServer.Handler>> = {
  "400": told(400),
  "401 and the key in every field": told(401),
  "403": told(403),
  "404": told(404),
  "429 and the key in the headers": told(429, {
    "x-request-id": canary,
    "request-id": canary,
    "retry-after": canary,
    "x-amzn-errortype": canary,
    "x-amzn-requestid": canary,
    "x-ratelimit-remaining-requests": canary
  }),
  "500 and a page of the headers": page,
  "503 as plain text": FaultServer.text(503, words),
  "an answer that is no JSON": FaultServer.text(200, words, { "content-type": "application/json" }),
  "an answer of an unknown type": FaultServer.text(200, words, {
    "content-type": `text/${encodeURIComponent(canary)}`
  }),
  "an answer of another shape": FaultServer.json(200, { id: [canary], choices: { [canary]: words }, content: words }),
  "an answer of nothing": FaultServer.text(200, ""),
  "a reset": FaultServer.reset,
  "a redirect": (response) => {
    response.writeHead(302, { location: `http://127.0.0.1:1/?key=${encodeURIComponent(canary)}` }).end(words)
  },
  "an error inside the stream": FaultServer.stream(...inside.map((data) => event("error", data))),
  "an error after the answer has begun": (response, request) =>
    FaultServer.stream(began(request.path), ...inside.map((data) => event("error", data)))(response, request),
  "an event that is no JSON": FaultServer.stream(`data: ${words}\n\n`),
  "a frame that tells of an error": (response) => {
    response.writeHead(200, { "content-type": "application/vnd.amazon.eventstream" })
    response.end(exception("validationException", { message: words }))
  },
  "a frame that is none": (response) => {
    response.writeHead(200, { "content-type": "application/vnd.amazon.eventstream" }).end(words)
  },
  "a cut": FaultServer.cut(event("message_start", { type: canary })),
  "silence": FaultServer.silence,
  "no fault, but the key in the headers": FaultServer.json(200, good, { "x-request-id": canary, "cf-ray": canary })
}

const secret = Redacted.make(canary)

type Made = Effect.Effect<Vendor, unknown, HttpClient.HttpClient | Scope.Scope>

const vendors: Readonly<Record<string, (baseUrl: string, key: Redacted.Redacted<string>) => Made>> = {
  openai: (baseUrl, apiKey) => OpenAi.make({ baseUrl, apiKey, headers: { "x-gateway-token": secret } }),
  "openai, by Responses": (baseUrl, apiKey) => OpenAi.make({ baseUrl, apiKey, api: "responses" }),
  anthropic: (baseUrl, apiKey) => Anthropic.make({ baseUrl, apiKey }),
  "anthropic, by a token": (baseUrl, authToken) => Anthropic.make({ baseUrl, authToken }),
  google: (baseUrl, apiKey) => Google.make({ baseUrl, apiKey }),
  azure: (endpoint, apiKey) => AzureOpenAi.make({ endpoint, apiKey, defaultModel: "gpt-5-mini" }),
  "bedrock, by credentials": (baseUrl, sessionToken) =>
    Bedrock.make({
      region: "us-east-1",
      baseUrl,
      defaultModel: "amazon.nova-lite-v1:0",
      credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: secret, sessionToken }
    }),
  "bedrock, by a key": (baseUrl, credentials) =>
    Bedrock.make({ region: "us-east-1", baseUrl, defaultModel: "amazon.nova-lite-v1:0", credentials }),
  groq: (baseUrl, apiKey) => Groq.make({ baseUrl, apiKey }),
  compatible: (baseUrl, apiKey) => OpenAiCompatible.make({ name: "compatible", baseUrl, apiKey, defaultModel: "m" })
}

/** Asks a vendor in every way against every fault; gives all that anybody could have seen, and where it was asked. */
const asked = (make: (baseUrl: string, key: Redacted.Redacted<string>) => Made, Client: typeof FetchHttpClient.layer) =>
  Effect.gen(function*() {
    const all = yield* sinks
    let fault = faults["401"]!
    const server = yield* FaultServer.make((response, request) => fault(response, request))
    yield* Effect.gen(function*() {
      const plain = yield* make(server.url, secret)
      const vendor = yield* KeyPool.make({
        name: "pooled",
        keys: KeySource.ofKeys([secret]),
        make: (key) => make(server.url, key)
      })
      const cache = yield* Cache.Cache
      const waysOf = (vendor: Vendor) =>
        Effect.map(
          Dispatcher.make({
            vendors: [vendor],
            cache,
            cooldown: false,
            circuit: false,
            retry: false,
            timeouts: { connect: 40, firstPart: 40, idle: 40, total: 100 },
            capture: { prompts: true, answers: true },
            recorders: [{ record: (record) => all.texts.push(...printed(record)) }]
          }),
          (dispatcher): ReadonlyArray<Effect.Effect<unknown, unknown>> => [
            dispatcher.send({ prompt: "Hi" }),
            Stream.runDrain(dispatcher.stream({ prompt: "Hi" })),
            Effect.timeout(vendor.embed({ model: "m", inputs: ["Hi"] }), 40),
            Effect.timeout(vendor.models, 40)
          ]
        )
      // A pool tells of some failures in words of its own, so the vendor is asked without it too.
      const ways = [...yield* waysOf(vendor), ...yield* waysOf(plain)]
      for (const handler of Object.values(faults)) {
        fault = handler
        for (const way of ways) {
          yield* vendor.reset()
          const exit = yield* Effect.exit(way)
          all.texts.push(...ofExit(exit))
          if (exit._tag === "Success") all.texts.push(...printed(yield* vendor.states))
        }
      }
      all.texts.push(...[vendor, plain, secret].map((value) => inspect(value, { depth: 3, showHidden: true })))
      all.texts.push(JSON.stringify(vendor), JSON.stringify(secret), ...printed(yield* vendor.states))
    }).pipe(
      Effect.provide(Layer.provideMerge(Layer.merge(Cache.layer(), Layer.provide(talkative, Client)), all.layer)),
      Effect.scoped
    )
    return { texts: yield* all.gathered, requests: server.requests }
  }).pipe(Effect.scoped)

describe("a planted secret", { timeout: 60_000 }, () => {
  it("is found in each of its forms by the search itself", () => {
    expect(echoes.map((echo) => leaks([`before ${echo} after`]).length)).toEqual(echoes.map(() => 1))
    expect(leaks([`x${canary.slice(0, 12)}`, canary.slice(-14), "nothing"])).toHaveLength(2)
  })

  it.live.each(Object.keys(vendors))(
    "as the key of %s is sent in headers and seen nowhere",
    (name) =>
      Effect.gen(function*() {
        const { requests, texts } = yield* asked(vendors[name]!, NodeHttp.layer())
        expect(requests.length).toBeGreaterThan(Object.keys(faults).length)
        const proof = name === "bedrock, by credentials" ? "x-amz-security-token" : undefined
        for (const { headers, path } of requests) {
          expect(
            Object.entries(headers).some(([name, value]) =>
              (proof === undefined || proof === name) && String(value).includes(canary)
            )
          ).toBe(true)
          expect(leaks([path])).toEqual([])
        }
        const everything = texts.join("\n")
        for (
          const sign of ["attempt failed", "llmdispatcher.dispatch", "gen_ai.client.operation.duration", "[redacted]"]
        ) {
          expect(everything).toContain(sign)
        }
        expect(leaks(texts).slice(0, 5)).toEqual([])
      })
  )

  it.live("is not seen through fetch either", () =>
    Effect.gen(function*() {
      const { texts } = yield* asked(vendors["openai"]!, FetchHttpClient.layer)
      // What the cache keeps is among what was searched.
      expect(texts.some((text) => text.includes("Hello") && text.includes("entry"))).toBe(true)
      expect(leaks(texts).slice(0, 5)).toEqual([])
    }))
})

describe("a planted secret in the command line's environment", { timeout: 60_000 }, () => {
  const commands = [
    ["send", "Hello", "--vendor", "openai", "--debug"],
    ["send", "Hello", "--vendor", "openai", "--debug", "--no-stream", "--json"],
    ["models", "--vendor", "openai", "--debug"]
  ]

  it.live("is on neither output, whatever the vendor does", () =>
    Effect.scoped(Effect.gen(function*() {
      const texts: Array<string> = []
      for (
        const name of ["401 and the key in every field", "500 and a page of the headers", "an error inside the stream"]
      ) {
        const { requests, url } = yield* FaultServer.make(faults[name]!)
        const env = { OPENAI_API_KEY: canary, OPENAI_BASE_URL: url }
        const runs = yield* Effect.promise(() => Promise.all(commands.map((command) => run(command, env))))
        for (const { stderr, stdout } of runs) texts.push(stdout, stderr)
        expect(requests[0]?.headers.authorization).toBe(`Bearer ${canary}`)
      }
      expect(leaks(texts).slice(0, 5)).toEqual([])
    })))

  it.live.each([
    { OPENAI_API_KEY: `${canary}\n` },
    { OPENAI_API_KEY: "k", OPENAI_BASE_URL: `https://user:${encodeURIComponent(canary)}@example.com` },
    { AWS_BEARER_TOKEN_BEDROCK: `${canary}\u0001`, AWS_REGION: "us-east-1" }
  ])("is not told by a complaint about itself (%#)", (env) =>
    Effect.gen(function*() {
      const { code, stderr, stdout } = yield* Effect.promise(() => run(["send", "Hello", "--debug"], env as any))
      expect(code).not.toBe(0)
      expect(stderr.length).toBeGreaterThan(20)
      expect(leaks([stdout, stderr])).toEqual([])
    }))
})
