/**
 * A dispatcher over real OpenAI-compatible vendors on real sockets, with waits and limits scaled down, and what a caller
 * and the vendors' servers see of it.
 */
import { Effect, Layer, Stream } from "effect"
import * as Dispatcher from "llmdispatcher/Dispatcher"
import type { RequestInput } from "llmdispatcher/Request"
import { type StreamPart, type Summary, summaryOf } from "llmdispatcher/Response"
import type * as Vendor from "llmdispatcher/Vendor"
import * as OpenAiCompatible from "llmdispatcher/vendor/OpenAiCompatible"
import type { DispatchError } from "llmdispatcher/VendorError"
import * as NodeHttp from "llmdispatcher/wire/NodeHttp"
import * as FaultServer from "../wire/FaultServer.ts"

export type Operation = "send" | "stream"

export type Options = Omit<Parameters<typeof Dispatcher.make>[0], "vendors">

/** What every healthy vendor answers. */
const words = ["The quick ", "brown fox ", "jumps."]
const sentence = words.join("")

const event = (value: unknown) => `data: ${JSON.stringify(value)}\n\n`

export const chunk = (delta: object, finish_reason: string | null = null) =>
  event({ id: "c1", object: "chat.completion.chunk", model: "m", choices: [{ index: 0, delta, finish_reason }] })

export const role = chunk({ role: "assistant", content: "" })
export const deltas = words.map((content) => chunk({ content }))
export const stop = chunk({}, "stop")
export const done = "data: [DONE]\n\n"

const usage = { prompt_tokens: 5, completion_tokens: 6, total_tokens: 11 }

export const completion = {
  id: "c1",
  object: "chat.completion",
  model: "m",
  choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", content: sentence } }],
  usage
}

export const counted = event({ id: "c1", choices: [], usage })

/** The whole answer, in the way the request wishes. */
export const whole = FaultServer.either(
  FaultServer.json(200, completion),
  FaultServer.stream(role, ...deltas, stop, counted, done)
)

/** A refusal in OpenAI's form. */
export const refusal = (status: number, code: string, headers: Readonly<Record<string, string>> = {}) =>
  FaultServer.json(status, { error: { message: `refused for ${code}`, code } }, headers)

/** Waits and limits small enough for tests, and large enough for a busy machine. */
const scaled: Options = {
  retry: { base: "1 millis", patience: "50 millis" },
  deadline: "3 seconds"
}

/** A dispatcher over vendors `v0`, `v1`, …, one for each server. */
export const over = (
  servers: ReadonlyArray<FaultServer.FaultServer>,
  options: Options = {},
  capabilities: Vendor.Capabilities = {}
) =>
  Effect.gen(function*() {
    const client = yield* Layer.build(NodeHttp.layer())
    const vendors = yield* Effect.forEach(servers, ({ url }, index) =>
      OpenAiCompatible.make({
        name: `v${index}`,
        baseUrl: `${url}/v1`,
        defaultModel: "m",
        capabilities: () => capabilities
      })).pipe(Effect.provide(client))
    return yield* Dispatcher.make({ vendors, ...scaled, ...options })
  })

/** What one caller got. */
export interface Got {
  readonly text: string
  /** Terminal parts. */
  readonly finishes: number
  readonly error: DispatchError | undefined
  readonly summary: Summary | undefined
  /** Milliseconds until the end. */
  readonly took: number
}

const timed = (effect: Effect.Effect<Omit<Got, "took">>): Effect.Effect<Got> =>
  Effect.suspend(() => {
    const startedAt = performance.now()
    return Effect.map(effect, (got) => ({ ...got, took: performance.now() - startedAt }))
  })

const sent = (dispatcher: Dispatcher.Dispatcher["Service"], request: RequestInput) =>
  Effect.match(dispatcher.send(request), {
    onFailure: (error): Omit<Got, "took"> => ({ text: "", finishes: 0, error, summary: undefined }),
    onSuccess: (response): Omit<Got, "took"> => ({
      text: response.text,
      finishes: response.parts.filter(({ type }) => type === "finish").length,
      error: undefined,
      summary: response
    })
  })

const streamed = (dispatcher: Dispatcher.Dispatcher["Service"], request: RequestInput) =>
  Effect.suspend(() => {
    const parts: Array<StreamPart> = []
    const got = (error: DispatchError | undefined): Omit<Got, "took"> => ({
      text: parts.map((part) => part.type === "text-delta" ? part.delta : "").join(""),
      finishes: parts.filter(({ type }) => type === "finish").length,
      error,
      summary: parts.length === 0 ? undefined : summaryOf(parts[parts.length - 1]!)
    })
    return dispatcher.stream(request).pipe(
      Stream.runForEach((part) => Effect.sync(() => parts.push(part))),
      Effect.match({ onFailure: got, onSuccess: () => got(undefined) })
    )
  })

/** Asks once and tells what came of it. */
export const ask = (
  dispatcher: Dispatcher.Dispatcher["Service"],
  operation: Operation,
  request: RequestInput = { prompt: "Hello" }
): Effect.Effect<Got> => timed((operation === "send" ? sent : streamed)(dispatcher, request))

/**
 * What the caller got in a word: `whole`, the reason of the one error, or that reason after a part of the answer.
 *
 * Anything else, a truncated success above all, shows as what it is.
 */
export const outcome = ({ error, finishes, text }: Got): string => {
  if (error === undefined) return text === sentence && finishes === 1 ? "whole" : `${finishes} ends of "${text}"`
  if (finishes > 0) return `${error.reason._tag} and ${finishes} ends`
  if (text === "") return error.reason._tag
  return sentence.startsWith(text) ? `${error.reason._tag} after a part` : `${error.reason._tag} after "${text}"`
}

/** The calls that the caller was told of, passed-over targets not counted. */
export const told = ({ error, summary }: Got): number =>
  (summary?.attempts ?? error?.attempts ?? []).filter(({ outcome }) => outcome !== "skipped").length
