/**
 * OpenAI by its Chat Completions API, or by its Responses API, which tells reasoning and takes it back.
 *
 * ```ts
 * import { Layer } from "effect"
 * import { FetchHttpClient } from "effect/http"
 * import * as OpenAi from "llmdispatcher/vendor/OpenAi"
 *
 * const OpenAiLive = OpenAi.layerConfig().pipe(Layer.provide(FetchHttpClient.layer))
 * ```
 *
 * A second account is a class of its own:
 *
 * ```ts
 * import { Redacted } from "effect"
 * import { Vendor } from "llmdispatcher"
 * import * as OpenAi from "llmdispatcher/vendor/OpenAi"
 *
 * const apiKey = Redacted.make("sk-...")
 * class Eu extends Vendor.Service<Eu>()("openai-eu") {}
 *
 * const EuLive = Eu.layerOf(OpenAi.make({ name: "openai-eu", apiKey, baseUrl: "https://eu.api.openai.com/v1" }))
 * ```
 *
 * @since 0.1.0
 */
import { Config, Effect, Layer, type Redacted } from "effect"
import type { HttpClient } from "effect/http"
import * as Vendor from "../../Vendor.ts"
import * as Settings from "../../wire/Settings.ts"
import { capabilitiesOf, isOpenAi } from "./Capabilities.ts"
import * as Profile from "./Profile.ts"
import * as Protocol from "./Protocol.ts"

/**
 * The service of the vendor `openai`.
 *
 * @since 0.1.0
 * @category services
 */
export class OpenAi extends Vendor.Service<OpenAi>()("openai") {}

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly apiKey: Redacted.Redacted<string>
  /** By default `https://api.openai.com/v1`. */
  readonly baseUrl?: string | undefined
  readonly organization?: string | undefined
  readonly project?: string | undefined
  /** By which API models are asked, by default `chat`. */
  readonly api?: Protocol.Api | undefined
  /** Sent with every request, under the headers of this vendor. */
  readonly headers?: Readonly<Record<string, string | Redacted.Redacted<string>>> | undefined
  /** The model for requests that name none, by default `gpt-5-mini`. */
  readonly defaultModel?: string | undefined
  /** The name of the instance, by default `openai`; raw options are read under it too. */
  readonly name?: string | undefined
  /** Bytes of a whole answer, by default 32 MiB. */
  readonly maxBodySize?: number | undefined
  /** Characters of one event of a stream, by default 1,048,576; by the Responses API 16,777,216. */
  readonly maxEventSize?: number | undefined
}

const defaultBaseUrl = "https://api.openai.com/v1"

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options): Effect.Effect<Vendor.Vendor, never, HttpClient.HttpClient> => {
  const name = options.name ?? "openai"
  return Protocol.make({
    name,
    provider: "openai",
    baseUrl: options.baseUrl ?? defaultBaseUrl,
    headers: {
      ...options.headers,
      authorization: Settings.bearer(options.apiKey),
      ...(options.organization === undefined ? undefined : { "openai-organization": options.organization }),
      ...(options.project === undefined ? undefined : { "openai-project": options.project })
    },
    profile: name === "openai" ? Profile.openai : { ...Profile.openai, optionNames: ["openai", name] },
    api: options.api,
    defaultModel: options.defaultModel ?? "gpt-5-mini",
    capabilities: capabilitiesOf,
    serves: isOpenAi,
    maxBodySize: options.maxBodySize,
    maxEventSize: options.maxEventSize
  })
}

/**
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options): Layer.Layer<OpenAi, never, HttpClient.HttpClient> =>
  OpenAi.layerOf(make(options))

/**
 * Reads `OPENAI_API_KEY` (required), `OPENAI_BASE_URL`, `OPENAI_ORG_ID`, `OPENAI_PROJECT_ID` and `OPENAI_API` (`chat` or
 * `responses`); a broken value, or an empty key, is a `ConfigError`. Given options win.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: Partial<Options> = {}
): Layer.Layer<OpenAi, Config.ConfigError, HttpClient.HttpClient> =>
  OpenAi.layerOf(Effect.flatMap(
    Config.all({
      apiKey: Settings.orElse(options.apiKey, Settings.apiKeyUnless("OPENAI_API_KEY", "OPENAI_BASE_URL")),
      baseUrl: Settings.baseUrl("OPENAI_BASE_URL").pipe(Config.withDefault(defaultBaseUrl)),
      organization: Settings.optionalText("OPENAI_ORG_ID"),
      project: Settings.optionalText("OPENAI_PROJECT_ID"),
      api: Protocol.apiConfig("OPENAI_API")
    }),
    (config) => make({ ...config, ...options })
  ))
