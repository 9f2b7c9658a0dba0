/**
 * Google's models by the Gemini API.
 *
 * ```ts
 * import { Layer } from "effect"
 * import { FetchHttpClient } from "effect/http"
 * import * as Google from "llmdispatcher/vendor/Google"
 *
 * const GoogleLive = Google.layerConfig().pipe(Layer.provide(FetchHttpClient.layer))
 * ```
 *
 * What no common word covers goes in raw options, in the API's own words:
 *
 * ```ts
 * import type { RequestInput } from "llmdispatcher/Request"
 *
 * export const request: RequestInput = {
 *   prompt: "Who won the last cup?",
 *   options: { google: { tools: [{ googleSearch: {} }], cachedContent: "cachedContents/abc" } }
 * }
 * ```
 *
 * `toolFields: [{ name, … }]` among them tells what else the API is to know of one of the request's own tools, and a
 * `thinkingBudget` or `thinkingLevel` stands for the effort.
 *
 * @since 0.1.0
 */
import { Config, Effect, Layer, type Redacted, Result } from "effect"
import type { HttpClient } from "effect/http"
import * as Vendor from "../../Vendor.ts"
import * as Http from "../../wire/Http.ts"
import * as Protocol from "../../wire/Protocol.ts"
import * as Settings from "../../wire/Settings.ts"
import { capabilitiesOf } from "./Capabilities.ts"
import * as Decode from "./Decode.ts"
import * as Embed from "./Embed.ts"
import * as Encode from "./Encode.ts"
import * as Failure from "./Failure.ts"
import * as Model from "./Model.ts"
import * as Models from "./Models.ts"
import * as Stream from "./Stream.ts"

/**
 * The service of the vendor `google`.
 *
 * @since 0.1.0
 * @category services
 */
export class Google extends Vendor.Service<Google>()("google") {}

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly apiKey: Redacted.Redacted<string>
  /** By default `https://generativelanguage.googleapis.com/v1beta`. */
  readonly baseUrl?: string | undefined
  /** Sent with every request, under the headers of this vendor. */
  readonly headers?: Readonly<Record<string, string | Redacted.Redacted<string>>> | undefined
  /** The model for requests that name none, by default `gemini-2.5-flash`. */
  readonly defaultModel?: string | undefined
  /** The name of the instance, by default `google`; raw options are read under it too. */
  readonly name?: string | undefined
  /** Bytes of a whole answer, by default 32 MiB. */
  readonly maxBodySize?: number | undefined
  /** Characters of one event of a stream, by default 33,554,432: a picture comes whole in one. */
  readonly maxEventSize?: number | undefined
}

const defaultBaseUrl = "https://generativelanguage.googleapis.com/v1beta"

/** Google's own names of models, tuned ones included. */
const served = /^(?:models\/|tunedModels\/|gemini-|gemma-|learnlm-|text-embedding-00|embedding-00)/

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options): Effect.Effect<Vendor.Vendor, never, HttpClient.HttpClient> =>
  Effect.map(
    Http.make({
      baseUrl: options.baseUrl ?? defaultBaseUrl,
      headers: { ...options.headers, "x-goog-api-key": options.apiKey },
      failure: Failure.fromResponse,
      maxBodySize: options.maxBodySize
    }),
    (http) => {
      const name = options.name ?? "google"
      const names = name === "google" ? [name] : ["google", name]
      const speak = (call: Vendor.Call) => Protocol.make(http, protocolOf(call, names, options.maxEventSize))
      return Vendor.make({
        name,
        provider: "gcp.gemini",
        address: http.address,
        defaultModel: options.defaultModel ?? "gemini-2.5-flash",
        capabilities: capabilitiesOf,
        serves: (model) => served.test(model),
        send: (call) => speak(call).send(call),
        stream: (call) => speak(call).stream(call),
        embed: (call) => Embed.embed(http, call),
        isAvailable: Effect.isSuccess(http.get("/models?pageSize=1")),
        models: Models.list(http)
      })
    }
  )

const protocolOf = (
  { request }: Vendor.Call,
  names: ReadonlyArray<string>,
  maxEventSize: number | undefined
): Protocol.Protocol => {
  let turn = 0
  for (const message of request.prompt.content) {
    if (message.role === "assistant") turn += message.content.filter(({ type }) => type === "tool-call").length
  }
  return {
    encode: (call, { stream }) =>
      Result.map(Encode.encode(call, names), (encoded) => ({
        ...encoded,
        path: Model.path(call.model) + (stream ? ":streamGenerateContent?alt=sse" : ":generateContent")
      })),
    whole: Decode.whole(turn),
    streamed: Stream.decode(turn, maxEventSize)
  }
}

/**
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options): Layer.Layer<Google, never, HttpClient.HttpClient> =>
  Google.layerOf(make(options))

/** As Google's own clients: `GOOGLE_API_KEY`, else `GEMINI_API_KEY`; where neither is set the first is missed. */
const apiKey: Effect.Effect<Redacted.Redacted<string>, Config.ConfigError> = Effect.flatMap(
  Config.all([Settings.optionalText("GOOGLE_API_KEY"), Settings.optionalText("GEMINI_API_KEY")]),
  ([own, other]) =>
    own === undefined && other !== undefined
      ? Settings.apiKey("GEMINI_API_KEY")
      : Settings.apiKeyUnless("GOOGLE_API_KEY", "GOOGLE_BASE_URL")
)

/**
 * Reads `GOOGLE_API_KEY` or else `GEMINI_API_KEY` (one is required), `GOOGLE_BASE_URL` and `GOOGLE_MODEL`; an empty or
 * broken value is a `ConfigError`. Given options win.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: Partial<Options> = {}
): Layer.Layer<Google, Config.ConfigError, HttpClient.HttpClient> =>
  Google.layerOf(Effect.gen(function*() {
    const config = yield* Config.all({
      baseUrl: Settings.baseUrl("GOOGLE_BASE_URL").pipe(Config.withDefault(defaultBaseUrl)),
      defaultModel: Settings.optionalText("GOOGLE_MODEL")
    })
    return yield* make({ ...config, ...options, apiKey: options.apiKey ?? (yield* apiKey) })
  }))
