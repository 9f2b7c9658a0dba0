/** A gateway on a real socket, over real vendors of every family whose server is {@link Upstream}. */
import { Context, Effect, Layer, Redacted, type Scope } from "effect"
import * as Dispatcher from "../../../src/Dispatcher.ts"
import * as Gateway from "../../../src/gateway/Gateway.ts"
import * as NodeServer from "../../../src/gateway/NodeServer.ts"
import * as Open from "../../../src/gateway/Open.ts"
import * as Anthropic from "../../../src/vendor/anthropic/Anthropic.ts"
import * as Google from "../../../src/vendor/google/Google.ts"
import * as Ollama from "../../../src/vendor/ollama/Ollama.ts"
import * as OpenAi from "../../../src/vendor/openai/OpenAi.ts"
import * as NodeHttp from "../../../src/wire/NodeHttp.ts"
import * as Socket from "./Socket.ts"
import * as Upstream from "./Upstream.ts"

/** What the vendors are called with; nobody else may ever see it. */
export const vendorKey = "sk-vendor-7Qf3kX9canary"

export interface Gate {
  readonly port: number
  readonly upstream: Upstream.Upstream
  readonly server: NodeServer.Listening
  readonly dispatcher: Dispatcher.Dispatcher["Service"]
  readonly accesses: ReadonlyArray<Gateway.Access>
  /** Says the bytes on a connection of their own, and gives the first answer. */
  readonly say: (bytes: string | Uint8Array, within?: number) => Effect.Effect<Socket.Answer | undefined>
  /** Posts JSON as a well-behaved client does. */
  readonly post: (
    path: string,
    body: unknown,
    headers?: Record<string, string>
  ) => Effect.Effect<Socket.Answer | undefined>
}

export interface Options extends Partial<NodeServer.Options> {
  readonly gateway?: Partial<Gateway.Options> | undefined
  readonly dispatcher?: Partial<Parameters<typeof Dispatcher.make>[0]> | undefined
  /** Where the vendors are; by default {@link Upstream}. */
  readonly url?: string | undefined
}

export const make = Effect.fnUntraced(function*(
  { dispatcher: policies, gateway, url, ...options }: Options = {}
): Effect.fn.Return<Gate, never, Scope.Scope> {
  const upstream = yield* Upstream.make
  const at = url ?? upstream.url
  const client = yield* Layer.build(NodeHttp.layer())
  const apiKey = Redacted.make(vendorKey)
  const vendors = yield* Effect.provideContext(
    Effect.all([
      OpenAi.make({ name: "chat", apiKey, baseUrl: `${at}/v1` }),
      OpenAi.make({ name: "responses", apiKey, baseUrl: `${at}/v1`, api: "responses" }),
      Anthropic.make({ apiKey, baseUrl: `${at}/v1` }),
      Google.make({ apiKey, baseUrl: `${at}/v1beta` }),
      Ollama.make({ apiKey, baseUrl: at })
    ]),
    client
  )
  const dispatcher = yield* Effect.orDie(
    Dispatcher.make({ vendors, retry: false, circuit: false, cooldown: false, ...policies })
  )
  const accesses: Array<Gateway.Access> = []
  const server = yield* NodeServer.serve(
    Gateway.make({
      dispatcher,
      models: () => Effect.succeed([]),
      authenticate: () => Effect.undefined,
      log: (access) => accesses.push(access),
      ...gateway
    }),
    {
      port: 0,
      guard: Open.guard,
      otherwise: (_, response) => response.writeHead(404, { "content-type": "application/json" }).end("{}"),
      ...options
    }
  ).pipe(Effect.orDie)
  const { port } = server
  const say = (bytes: string | Uint8Array, within?: number) =>
    Effect.scoped(Effect.gen(function*() {
      const socket = yield* Socket.open(port)
      socket.write(bytes)
      return Socket.answers(yield* socket.until((text) => Socket.answers(text).length > 0, within))[0]
    }))
  return {
    port,
    upstream,
    server,
    dispatcher,
    accesses,
    say,
    post: (path, body, headers) =>
      say(
        Socket.request(
          "POST",
          path,
          { host: `127.0.0.1:${port}`, "content-type": "application/json", ...headers },
          typeof body === "string" ? body : JSON.stringify(body)
        )
      )
  }
})

/** One gateway for all tests of a file. */
export class Shared extends Context.Service<Shared, Gate>()("test/gateway/attack/Gate") {
  static readonly layer = Layer.effect(Shared, make())
}

/** How callers of one API ask one thing. */
export interface Voice {
  readonly name: string
  readonly path: (isStream: boolean) => string
  readonly body: (prompt: string, isStream?: boolean) => Record<string, unknown>
  /** What ends a stream that failed. */
  readonly failed: RegExp
}

export const voices: ReadonlyArray<Voice> = [
  {
    name: "openai-chat",
    path: () => "/v1/chat/completions",
    body: (content, stream = false) => ({ model: "chat/gpt-5-mini", messages: [{ role: "user", content }], stream }),
    failed: /data: \{"error":\{.*\}\}\n\n/
  },
  {
    name: "openai-responses",
    path: () => "/v1/responses",
    body: (input, stream = false) => ({ model: "responses/gpt-5-mini", input, stream }),
    failed: /"type":"(?:error|response\.failed)"/
  },
  {
    name: "anthropic",
    path: () => "/v1/messages",
    body: (content, stream = false) => ({
      model: "anthropic/claude-haiku-4-5",
      max_tokens: 100,
      messages: [{ role: "user", content }],
      stream
    }),
    failed: /event: error\ndata: \{"type":"error"/
  },
  {
    name: "google",
    path: (isStream) =>
      `/v1beta/models/google/gemini-2.5-flash:${isStream ? "streamGenerateContent?alt=sse" : "generateContent"}`,
    body: (text) => ({ contents: [{ role: "user", parts: [{ text }] }] }),
    failed: /"error":\{"code":/
  },
  {
    name: "ollama-chat",
    path: () => "/api/chat",
    body: (content, stream = false) => ({ model: "ollama/llama3", messages: [{ role: "user", content }], stream }),
    failed: /\{"error":"/
  },
  {
    name: "ollama-generate",
    path: () => "/api/generate",
    body: (prompt, stream = false) => ({ model: "ollama/llama3", prompt, stream }),
    failed: /\{"error":"/
  }
]
