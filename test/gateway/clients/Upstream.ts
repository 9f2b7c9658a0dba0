/**
 * What stands behind the gateway in a cell: a vendor, and what came to it.
 *
 * A vendor with a wire speaks to aimock through a server that keeps each body as it was sent and sees who has gone.
 */
import { type ErrorResponse, LLMock } from "@copilotkit/aimock"
import { Deferred, Effect, Queue, type Scope, Stream } from "effect"
import type { HttpClient } from "effect/http"
import type { Part } from "llmdispatcher/Response"
import * as Response from "llmdispatcher/Response"
import type { Vendor } from "llmdispatcher/Vendor"
import * as Sandbox from "llmdispatcher/vendor/Sandbox"
import * as NodeHttp from "node:http"
import * as FaultServer from "../../wire/FaultServer.ts"
import * as Questions from "./questions.ts"
import * as Seen from "./Seen.ts"

/** How the upstream is to behave. */
export type Situation =
  | "answering"
  | "limited"
  | "invalid"
  | "missing"
  | "overloaded"
  | "endless"
  | "breaking"
  | "thinking"

export interface Answer {
  readonly text: string
  readonly reasoning: string
  readonly calls: ReadonlyArray<{ readonly name: string; readonly params: unknown }>
  readonly usage: { readonly input: number | undefined; readonly output: number | undefined }
}

export interface Upstream {
  readonly vendor: Vendor
  readonly model: string
  /** In the order in which they came. */
  readonly seen: () => ReadonlyArray<Seen.Seen>
  /** What each of them was answered. */
  readonly answers: () => ReadonlyArray<Answer>
  /** The next request's caller has gone before its answer was whole. */
  readonly aborted: Effect.Effect<void>
  /** Seconds that a rate limit asks for. */
  readonly retryAfter: number
}

// -----------------------------------------------------------------------------
// Aimock
// -----------------------------------------------------------------------------

export interface Mocked {
  readonly model: string
  /** One that thinks, where that model does not. */
  readonly thinker?: string
  /** Thinks in the place of aimock, where that cannot. */
  readonly think?: FaultServer.Handler
  readonly make: (url: string) => Effect.Effect<Vendor, never, HttpClient.HttpClient>
  readonly read: (body: unknown, path: string) => Seen.Seen
  /** What aimock does not tell of itself is put in. */
  readonly rewrite?: (text: string) => string
}

/** The names that each API has for its counts. */
const usage = {
  prompt_tokens: Questions.usage.input,
  completion_tokens: Questions.usage.output,
  total_tokens: Questions.usage.input + Questions.usage.output,
  input_tokens: Questions.usage.input,
  output_tokens: Questions.usage.output,
  promptTokenCount: Questions.usage.input,
  candidatesTokenCount: Questions.usage.output,
  totalTokenCount: Questions.usage.input + Questions.usage.output
}

const errors: { readonly [S in Situation]?: ErrorResponse } = {
  limited: {
    error: { message: "Too many requests.", type: "rate_limit_error", code: "rate_limit_exceeded" },
    status: 429,
    retryAfter: Questions.retryAfter
  },
  invalid: { error: { message: "No.", type: "invalid_request_error", code: "invalid_value" }, status: 400 },
  missing: { error: { message: "No model.", type: "not_found_error", code: "model_not_found" }, status: 404 },
  overloaded: { error: { message: "Busy.", type: "overloaded_error", code: "overloaded" }, status: 503 }
}

const mock = (situation: Situation) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const mock = new LLMock({ port: 0, logLevel: "silent", chunkSize: 9 })
      const refusal = errors[situation]
      if (refusal !== undefined) mock.on({}, refusal)
      else if (situation === "endless") mock.on({}, { content: Questions.story, usage }, { latency: 20 })
      else if (situation === "breaking") {
        mock.on({}, { content: Questions.story, usage }, { truncateAfterChunks: 12, latency: 3 })
      } else {
        mock.on({ userMessage: Questions.placeQuestion }, ({ tools = [] }) => {
          // Who asks for the form by a tool is answered by its call.
          const content = JSON.stringify(Questions.place)
          return tools.length === 0
            ? { content, usage }
            : { toolCalls: [{ id: "call_p", name: tools[0]!.function.name, arguments: content }], usage }
        })
        mock.on({ userMessage: Questions.imageQuestion }, { content: Questions.imageAnswer, usage })
        mock.on({ userMessage: Questions.documentQuestion }, { content: Questions.documentAnswer, usage })
        mock.on({ userMessage: Questions.citiesQuestion }, ({ messages }) =>
          messages.at(-1)?.role === "tool"
            ? { content: Questions.citiesAnswer, usage }
            : {
              toolCalls: Questions.citiesCalls.map(({ name, params }, at) => ({
                id: `call_${at}`,
                name,
                arguments: JSON.stringify(params)
              })),
              usage
            })
        mock.on({ userMessage: Questions.weatherQuestion }, ({ messages }) => {
          const { name, params } = Questions.weatherCall
          return messages.at(-1)?.role === "tool"
            ? { content: Questions.weatherAnswer, usage }
            : {
              toolCalls: [{ id: "call_w", name, arguments: JSON.stringify(params) }],
              usage,
              ...(situation === "thinking"
                ? { reasoning: Questions.thought, reasoningSignature: Questions.signature }
                : undefined)
            }
        })
        mock.on({}, { content: Questions.answer, usage })
      }
      await mock.start()
      return mock
    }),
    (mock) => Effect.promise(() => mock.stop())
  )

/** Passes a request on and its answer back; whoever goes takes the request with him. */
const pass = (to: string, rewrite: (text: string) => string): FaultServer.Handler => (response, request) => {
  const { connection: _c, "content-length": _l, host: _h, "transfer-encoding": _t, ...headers } = request.headers
  const outgoing = NodeHttp.request(
    `${to}${request.path}`,
    { method: request.method, headers: { ...headers, "content-length": Buffer.byteLength(request.body) } },
    (incoming) => {
      const { "content-length": _, "transfer-encoding": __, ...rest } = incoming.headers
      response.writeHead(incoming.statusCode ?? 500, rest)
      incoming.on(
        "data",
        (chunk: Buffer) => response.write(rewrite === identity ? chunk : rewrite(chunk.toString("utf8")))
      )
      incoming.on("end", () => response.end())
      incoming.on("error", () => response.destroy())
    }
  )
  outgoing.on("error", () => response.destroy())
  response.on("close", () => outgoing.destroy())
  outgoing.end(request.body)
}

const identity = (text: string): string => text

const mockedAnswer = (
  { calls, images, results, schema, texts, tools }: Seen.Seen,
  situation: Situation
): Answer => {
  const told = (text: string): Answer => ({ text, reasoning: "", calls: [], usage: Questions.usage })
  const asked = texts.at(-1)
  if (asked === Questions.placeQuestion && schema !== undefined) return told(JSON.stringify(Questions.place))
  if (images.length > 0) return told(Questions.imageAnswer)
  if (asked === Questions.documentQuestion) return told(Questions.documentAnswer)
  if (results.length > 0 && calls.length > 0) {
    return told(asked === Questions.citiesQuestion ? Questions.citiesAnswer : Questions.weatherAnswer)
  }
  if (asked === Questions.citiesQuestion) return { ...told(""), calls: Questions.citiesCalls }
  if (tools.length > 0) {
    return {
      ...told(""),
      reasoning: situation === "thinking" ? Questions.thought : "",
      calls: [Questions.weatherCall]
    }
  }
  return told(Questions.answer)
}

export const mocked = (
  { make, model, read, rewrite = identity, think, thinker = model }: Mocked,
  situation: Situation
): Effect.Effect<Upstream, never, Scope.Scope | HttpClient.HttpClient> =>
  Effect.gen(function*() {
    const { url } = yield* mock(situation)
    const server = yield* FaultServer.make(situation === "thinking" && think !== undefined ? think : pass(url, rewrite))
    const seen = () => server.requests.map(({ body, path }) => read(JSON.parse(body), path))
    return {
      vendor: yield* make(server.url),
      model: situation === "thinking" ? thinker : model,
      seen,
      answers: () => seen().map((one) => mockedAnswer(one, situation)),
      aborted: Effect.flatMap(server.arrived, ({ aborted }) => aborted),
      retryAfter: Questions.retryAfter
    }
  })

// -----------------------------------------------------------------------------
// Sandbox
// -----------------------------------------------------------------------------

const models: { readonly [S in Situation]: string } = {
  answering: "sandbox",
  limited: "rate-limited",
  invalid: "too-long",
  missing: "no-such-model",
  overloaded: "overloaded",
  endless: "stalled",
  thinking: "sandbox",
  breaking: "cut-off"
}

const answerOf = (parts: ReadonlyArray<Part>): Answer => {
  const finish = parts.find((part) => part.type === "finish")
  return {
    text: parts.map((part) => part.type === "text" ? part.text : "").join(""),
    reasoning: parts.map((part) => part.type === "reasoning" ? part.text : "").join(""),
    calls: parts.flatMap((part) => part.type === "tool-call" ? [{ name: part.name, params: part.params }] : []),
    usage: { input: finish?.usage.inputTokens.total, output: finish?.usage.outputTokens.total }
  }
}

/** The sandbox needs no upstream: what it was asked and what it said is kept on the way. */
export const sandbox = (situation: Situation): Effect.Effect<Upstream> =>
  Effect.gen(function*() {
    const sandbox = Sandbox.make({ firstWord: 0, perWord: 0 })
    const seen: Array<Seen.Seen> = []
    const answers: Array<Answer> = []
    const gone = yield* Queue.unbounded<Deferred.Deferred<void>>()
    const vendor: Vendor = {
      ...sandbox,
      send: (call) => {
        seen.push(Seen.request(call.request, call.model))
        return Effect.tap(sandbox.send(call), ({ parts }) => Effect.sync(() => answers.push(answerOf(parts))))
      },
      stream: (call) => {
        seen.push(Seen.request(call.request, call.model))
        const left = Deferred.makeUnsafe<void>()
        Queue.offerUnsafe(gone, left)
        const parts: Array<Response.StreamPart> = []
        return Effect.map(sandbox.stream(call), (answer) => ({
          ...answer,
          parts: answer.parts.pipe(
            Stream.tap((part) => Effect.sync(() => parts.push(part))),
            Stream.onEnd(Effect.sync(() => answers.push(answerOf(Response.fold(parts))))),
            Stream.ensuring(Deferred.succeed(left, undefined))
          )
        }))
      }
    }
    return {
      vendor,
      model: models[situation],
      seen: () => seen,
      answers: () => answers,
      aborted: Effect.flatMap(Queue.take(gone), Deferred.await),
      retryAfter: 2
    }
  })
