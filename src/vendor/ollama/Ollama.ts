/**
 * Ollama by its own API.
 *
 * ```ts
 * import { Layer } from "effect"
 * import { FetchHttpClient } from "effect/http"
 * import * as Ollama from "llmdispatcher/vendor/Ollama"
 *
 * const OllamaLive = Ollama.layer({ defaultModel: "qwen3" }).pipe(Layer.provide(FetchHttpClient.layer))
 * ```
 *
 * @since 0.1.0
 */
import { Config, Effect, Layer, Option, type Redacted, Result, Schema } from "effect"
import type { HttpClient } from "effect/http"
import * as Vendor from "../../Vendor.ts"
import type { AttemptError } from "../../VendorError.ts"
import { malformed } from "../../wire/Decoding.ts"
import * as Http from "../../wire/Http.ts"
import * as Protocol from "../../wire/Protocol.ts"
import * as Settings from "../../wire/Settings.ts"
import { capabilitiesOf } from "./Capabilities.ts"
import * as Decode from "./Decode.ts"
import * as Encode from "./Encode.ts"
import * as Failure from "./Failure.ts"
import * as Host from "./Host.ts"
import * as Lines from "./Lines.ts"
import * as Wire from "./Wire.ts"

/**
 * The service of the vendor `ollama`.
 *
 * @since 0.1.0
 * @category services
 */
export class Ollama extends Vendor.Service<Ollama>()("ollama") {}

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** By default `http://localhost:11434/api`; to an address without a path, `/api` is added. */
  readonly baseUrl?: string | undefined
  /** For Ollama's cloud, or a gateway before the server; left out, no key is sent. */
  readonly apiKey?: Redacted.Redacted<string> | undefined
  /** Sent with every request, under the headers of this vendor. */
  readonly headers?: Readonly<Record<string, string | Redacted.Redacted<string>>> | undefined
  /** The model for requests that name none. */
  readonly defaultModel?: string | undefined
  /** By default the default model, and every name with a tag, as in `qwen3:8b`. */
  readonly serves?: Vendor.Vendor["serves"] | undefined
  /** The name of the instance, by default `ollama`; raw options are read under it too. */
  readonly name?: string | undefined
  /** Bytes of a whole answer, by default 32 MiB. */
  readonly maxBodySize?: number | undefined
  /** Characters of one line of a stream, by default 1,048,576. */
  readonly maxLineSize?: number | undefined
}

const defaultBaseUrl = "http://localhost:11434/api"

const withPath = (baseUrl: string): string =>
  /^https?:\/\/[^/]+\/*$/i.test(baseUrl) ? `${baseUrl.replace(/\/+$/, "")}/api` : baseUrl

/** A name and a tag; the ids of other vendors that have a colon also have a word behind a dot, or a slash. */
const tagged = /^[\w-]+(?:\.\d[\w-]*)*:[\w.-]+$/

const decodeEmbeddings = Schema.decodeUnknownResult(Wire.Embeddings)
const decodeModels = Schema.decodeUnknownResult(Wire.ModelList)

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): Effect.Effect<Vendor.Vendor, never, HttpClient.HttpClient> => {
  const { apiKey, defaultModel, maxLineSize, name = "ollama" } = options
  const names = [...new Set(["ollama", name])]
  return Effect.map(
    Http.make({
      baseUrl: withPath(options.baseUrl ?? defaultBaseUrl),
      headers: {
        ...options.headers,
        ...(apiKey === undefined ? undefined : { authorization: Settings.bearer(apiKey) })
      },
      failure: Failure.fromResponse,
      maxBodySize: options.maxBodySize
    }),
    (http) => {
      const models = listModels(http)
      return Vendor.make({
        name,
        provider: "ollama",
        address: http.address,
        defaultModel,
        capabilities: capabilitiesOf,
        serves: options.serves ?? ((model) => model === defaultModel || tagged.test(model)),
        ...Protocol.make(http, {
          encode: (call, { stream }) =>
            Result.map(Encode.encode(call, names, { stream }), (encoded) => ({ ...encoded, path: "/chat" })),
          whole: Decode.whole,
          streamed: (bytes, refine) => Lines.decode(Decode.lineDecoder, { refine, maxLineSize })(bytes),
          accept: "application/x-ndjson"
        }),
        embed: (call) => embed(http, call),
        isAvailable: Effect.isSuccess(models),
        models
      })
    }
  )
}

/** A text that is too long is an error, and not silently cut. */
const embed = (http: Http.Http, { inputs, model }: Vendor.EmbedCall) =>
  Effect.flatMap(
    http.post("/embed", { model, input: inputs, truncate: false }),
    ({ json, refine }): Effect.Effect<Vendor.Embeddings, AttemptError> => {
      const list = decodeEmbeddings(json)
      if (Result.isFailure(list)) return Effect.fail(refine(malformed("the answer is not a list of embeddings")))
      const { embeddings, prompt_eval_count } = list.success
      return embeddings.length === inputs.length
        ? Effect.succeed({ vectors: embeddings, usage: Decode.usageOf({ prompt_eval_count }) })
        : Effect.fail(refine(malformed(`${embeddings.length} embeddings came back for ${inputs.length} texts`)))
    }
  )

const listModels = (http: Http.Http) =>
  Effect.flatMap(http.get("/tags"), ({ json, refine }): Effect.Effect<ReadonlyArray<Vendor.Model>, AttemptError> => {
    const list = decodeModels(json)
    return Result.isFailure(list)
      ? Effect.fail(refine(malformed("the answer is not a list of models")))
      : Effect.succeed((list.success.models ?? []).map(({ details, name }) => {
        const words = [details?.family, details?.parameter_size, details?.quantization_level]
        const description = words.filter((word) => typeof word === "string" && word !== "").join(" ")
        return { id: name, ...(description === "" ? undefined : { description }) }
      }))
  })

/**
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options = {}): Layer.Layer<Ollama, never, HttpClient.HttpClient> =>
  Ollama.layerOf(make(options))

const hostConfig = Config.schema(
  Schema.String.check(
    Schema.makeFilter((host) => URL.canParse(Host.baseUrl(host)) ? undefined : "must be a host such as 127.0.0.1:11434")
  ),
  "OLLAMA_HOST"
)

const baseUrlConfig = Effect.gen(function*() {
  const baseUrl = yield* Config.option(Settings.baseUrl("OLLAMA_BASE_URL"))
  if (Option.isSome(baseUrl)) return baseUrl.value
  const host = yield* Config.option(hostConfig)
  return Option.match(host, { onNone: () => defaultBaseUrl, onSome: Host.baseUrl })
})

/**
 * Reads `OLLAMA_BASE_URL`, or else `OLLAMA_HOST` as Ollama's own programs do, `OLLAMA_API_KEY`, and `OLLAMA_MODEL` (the
 * default model); none is required, and a broken value is a `ConfigError`. Given options win.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: Options = {}
): Layer.Layer<Ollama, Config.ConfigError, HttpClient.HttpClient> =>
  Ollama.layerOf(Effect.gen(function*() {
    const apiKey = yield* Config.option(Settings.apiKey("OLLAMA_API_KEY"))
    const defaultModel = yield* Settings.optionalText("OLLAMA_MODEL")
    return yield* make({
      apiKey: Option.getOrUndefined(apiKey),
      defaultModel,
      ...options,
      baseUrl: options.baseUrl ?? (yield* baseUrlConfig)
    })
  }))
