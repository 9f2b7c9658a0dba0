/**
 * Anthropic by its Messages API.
 *
 * ```ts
 * import { Layer } from "effect"
 * import { FetchHttpClient } from "effect/http"
 * import * as Anthropic from "llmdispatcher/vendor/Anthropic"
 *
 * const AnthropicLive = Anthropic.layerConfig().pipe(Layer.provide(FetchHttpClient.layer))
 * ```
 *
 * Beyond the common words, under `options.anthropic`:
 *
 * - of a message or part, `cacheControl` (`true` or `{ type: "ephemeral", ttl }`) caches the request up to there;
 * - of a document, `citations: true`, `title` and `context`;
 * - of a text, `block`: a block of the API that is sent in the text's place;
 * - of a request, any field of the API that the request has no word for; `tools` that Anthropic runs itself, after the
 *   request's own; `toolFields: [{ name, … }]`, what else is told of one of these; `toolsCacheControl`, which marks the
 *   last tool; and `thinking: { display }`, or with `type: "enabled"` a budget, which stands for the effort.
 *
 * @since 0.1.0
 */
import { Config, Effect, Layer, type Redacted, Result, Schema } from "effect"
import type { HttpClient } from "effect/http"
import * as Vendor from "../../Vendor.ts"
import type { AttemptError } from "../../VendorError.ts"
import { malformed } from "../../wire/Decoding.ts"
import * as Http from "../../wire/Http.ts"
import * as Losses from "../../wire/Losses.ts"
import * as Protocol from "../../wire/Protocol.ts"
import * as Settings from "../../wire/Settings.ts"
import { capabilitiesOf } from "./Capabilities.ts"
import * as Decode from "./Decode.ts"
import * as Encode from "./Encode.ts"
import * as Events from "./Events.ts"
import * as Failure from "./Failure.ts"

/**
 * The service of the vendor `anthropic`.
 *
 * @since 0.1.0
 * @category services
 */
export class Anthropic extends Vendor.Service<Anthropic>()("anthropic") {}

/**
 * With `apiKey`, `authToken` or both; without either every call is `Unauthenticated`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Sent as `x-api-key`. */
  readonly apiKey?: Redacted.Redacted<string> | undefined
  /** Sent as `authorization: Bearer`, as gateways and workload identities want it. */
  readonly authToken?: Redacted.Redacted<string> | undefined
  /** By default `https://api.anthropic.com/v1`. */
  readonly baseUrl?: string | undefined
  /** The API's version, by default `2023-06-01`; from `2026-10-21` on there is no sampling, which is then a loss. */
  readonly version?: string | undefined
  /** Features to be tried, sent as `anthropic-beta`. */
  readonly betas?: ReadonlyArray<string> | undefined
  /** Sent with every request, under the headers of this vendor. */
  readonly headers?: Readonly<Record<string, string | Redacted.Redacted<string>>> | undefined
  /** The model for requests that name none, by default `claude-haiku-5-5`. */
  readonly defaultModel?: string | undefined
  /** Whether a request that names only a model may be sent here, by default for all that begin with `claude`. */
  readonly serves?: ((model: string) => boolean) | undefined
  /** The name of the instance, by default `anthropic`; raw options are read under it too. */
  readonly name?: string | undefined
  /** Bytes of a whole answer, by default 32 MiB. */
  readonly maxBodySize?: number | undefined
  /** Characters of one event of a stream, by default 1,048,576. */
  readonly maxEventSize?: number | undefined
}

/**
 * A vendor that can also tell how many tokens a call has, without making it.
 *
 * @since 0.1.0
 * @category models
 */
export interface CountingVendor extends Vendor.Vendor {
  /** The input tokens of a call, as the vendor counts them; costs nothing, and fails as a call does. */
  readonly countTokens: (call: Vendor.Call) => Effect.Effect<number, AttemptError>
}

const defaultBaseUrl = "https://api.anthropic.com/v1"
/** The last version with temperature, top-p and top-k, for the models that take them. */
const defaultVersion = "2023-06-01"
/** https://platform.claude.com/docs/en/api/versioning */
const firstWithoutSampling = "2026-10-21"

const headersOf = (options: Options): Http.HeaderValues => ({
  ...options.headers,
  "anthropic-version": options.version ?? defaultVersion,
  ...(options.betas === undefined || options.betas.length === 0
    ? undefined
    : { "anthropic-beta": options.betas.join(",") }),
  ...(options.apiKey === undefined ? undefined : { "x-api-key": options.apiKey }),
  ...(options.authToken === undefined ? undefined : { authorization: Settings.bearer(options.authToken) })
})

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options): Effect.Effect<CountingVendor, never, HttpClient.HttpClient> => {
  const name = options.name ?? "anthropic"
  const names = name === "anthropic" ? [name] : ["anthropic", name]
  const sampling = (options.version ?? defaultVersion) < firstWithoutSampling
  const http = Http.make({
    baseUrl: options.baseUrl ?? defaultBaseUrl,
    headers: headersOf(options),
    failure: Failure.fromResponse,
    maxBodySize: options.maxBodySize
  })
  return Effect.map(http, (http) => {
    const models = listModels(http)
    const vendor = Vendor.make({
      name,
      provider: "anthropic",
      address: http.address,
      defaultModel: options.defaultModel ?? "claude-haiku-5-5",
      capabilities: capabilitiesOf,
      serves: options.serves ?? ((model) => model.startsWith("claude")),
      ...Protocol.make(http, {
        encode: (call, { stream }) =>
          Result.map(
            Encode.encode(call, { stream, names, sampling }),
            (encoded) => ({ ...encoded, path: "/messages" })
          ),
        whole: Decode.whole,
        streamed: Protocol.events(Decode.streamDecoder, options.maxEventSize)
      }),
      isAvailable: Effect.isSuccess(models),
      models
    })
    return { ...vendor, countTokens: (call) => countTokens(http, call, names) }
  })
}

// -----------------------------------------------------------------------------
// Models and counts
// -----------------------------------------------------------------------------

const decodeModels = Schema.decodeUnknownResult(Events.ModelList)
const decodeCount = Schema.decodeUnknownResult(Events.TokenCount)

/** One page: 1,000 models are the most that one may have. */
const listModels = (http: Http.Http) =>
  Effect.flatMap(
    http.get("/models?limit=1000"),
    ({ json, refine }): Effect.Effect<ReadonlyArray<Vendor.Model>, AttemptError> => {
      const list = decodeModels(json)
      return Result.isFailure(list)
        ? Effect.fail(refine(malformed("the answer is not a list of models")))
        : Effect.succeed(list.success.data.map(({ display_name, id }) => ({
          id,
          ...(typeof display_name === "string" ? { description: display_name } : undefined)
        })))
    }
  )

/** What of a request has tokens; the other fields are refused here. */
const counted = ["model", "system", "messages", "tools", "tool_choice", "thinking", "output_config", "cache_control"]

const countTokens = (
  http: Http.Http,
  call: Vendor.Call,
  names: ReadonlyArray<string>
): Effect.Effect<number, AttemptError> =>
  Effect.fromResult(Encode.encode(call, { stream: false, names })).pipe(
    Effect.tap(({ losses }) => Effect.fromResult(Losses.settle(call.request, losses))),
    Effect.flatMap(({ body }) =>
      http.post(
        "/messages/count_tokens",
        Object.fromEntries(Object.entries(body).filter(([key]) => counted.includes(key)))
      )
    ),
    Effect.flatMap(({ json, refine }) => {
      const count = decodeCount(json)
      return Result.isFailure(count)
        ? Effect.fail(refine(malformed("the answer is not a count of tokens")))
        : Effect.succeed(count.success.input_tokens)
    })
  )

// -----------------------------------------------------------------------------
// Layers
// -----------------------------------------------------------------------------

/**
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options): Layer.Layer<Anthropic, never, HttpClient.HttpClient> =>
  Anthropic.layerOf(make(options))

/** The variable as Anthropic's own clients read it, without the version; with it, it is taken too. */
const withVersion = (baseUrl: string): string =>
  /\/v\d+\/*$/.test(baseUrl) ? baseUrl : `${baseUrl.replace(/\/+$/, "")}/v1`

/**
 * Reads `ANTHROPIC_API_KEY` (required unless a key or token is given), `ANTHROPIC_BASE_URL` (`/v1` is put after it where
 * it is missing) and `ANTHROPIC_MODEL` (the default model); an empty or broken value is a `ConfigError`. Given options
 * win.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: Partial<Options> = {}
): Layer.Layer<Anthropic, Config.ConfigError, HttpClient.HttpClient> =>
  Anthropic.layerOf(Effect.flatMap(
    Config.all({
      apiKey: options.authToken === undefined
        ? Settings.orElse(options.apiKey, Settings.apiKeyUnless("ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL"))
        : Config.succeed(options.apiKey),
      baseUrl: Settings.baseUrl("ANTHROPIC_BASE_URL").pipe(Config.map(withVersion), Config.withDefault(defaultBaseUrl)),
      defaultModel: Settings.optionalText("ANTHROPIC_MODEL")
    }),
    (config) => make({ ...config, ...options })
  ))
