/**
 * Any server that speaks OpenAI's Chat Completions: vLLM, llama.cpp, Ollama, LM Studio, and many vendors.
 *
 * ```ts
 * import { Vendor } from "llmdispatcher"
 * import * as OpenAiCompatible from "llmdispatcher/vendor/OpenAiCompatible"
 *
 * class Local extends Vendor.Service<Local>()("local") {}
 *
 * const LocalLive = Local.layerOf(OpenAiCompatible.make({ name: "local", baseUrl: "http://localhost:8000/v1" }))
 * ```
 *
 * @since 0.1.0
 */
import { Config, Effect, Layer, Option, type Redacted } from "effect"
import type { HttpClient } from "effect/http"
import * as Vendor from "../../Vendor.ts"
import * as Settings from "../../wire/Settings.ts"
import * as Profile from "../openai/Profile.ts"
import * as Protocol from "../openai/Protocol.ts"

/**
 * The service of the vendor `openai-compatible`.
 *
 * @since 0.1.0
 * @category services
 */
export class OpenAiCompatible extends Vendor.Service<OpenAiCompatible>()("openai-compatible") {}

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The name of the instance; raw options are read under it. */
  readonly name: string
  /** With its version, as in `http://localhost:8000/v1`. */
  readonly baseUrl: string
  /** Left out, no key is sent. */
  readonly apiKey?: Redacted.Redacted<string> | undefined
  /** The header that carries the key, by default `authorization` with `Bearer`; any other carries the key alone. */
  readonly keyHeader?: string | undefined
  /** Sent with every request, under the headers of this vendor. */
  readonly headers?: Readonly<Record<string, string | Redacted.Redacted<string>>> | undefined
  /** As OpenTelemetry's `gen_ai.provider.name` has it, by default the name. */
  readonly provider?: string | undefined
  /** Where the server differs from what nearly all take. */
  readonly quirks?: Partial<Profile.Profile> | undefined
  /** How failures are read, by default as OpenAI's and those of the best known servers. */
  readonly failure?: Protocol.Options["failure"]
  readonly paths?: Protocol.Options["paths"]
  readonly defaultModel?: string | undefined
  readonly capabilities?: Vendor.Vendor["capabilities"] | undefined
  /** By default every model. */
  readonly serves?: Vendor.Vendor["serves"] | undefined
  /** Bytes of a whole answer, by default 32 MiB. */
  readonly maxBodySize?: number | undefined
  /** Characters of one event of a stream, by default 1,048,576. */
  readonly maxEventSize?: number | undefined
}

const keyHeaders = ({ apiKey, keyHeader }: Options) => {
  if (apiKey === undefined) return undefined
  return keyHeader === undefined || keyHeader.toLowerCase() === "authorization"
    ? { authorization: Settings.bearer(apiKey) }
    : { [keyHeader]: apiKey }
}

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options): Effect.Effect<Vendor.Vendor, never, HttpClient.HttpClient> => {
  const { apiKey: _key, headers, keyHeader: _header, quirks, ...rest } = options
  return Protocol.make({
    ...rest,
    provider: options.provider ?? options.name,
    headers: { ...headers, ...keyHeaders(options) },
    profile: {
      ...Profile.compatible,
      optionNames: [...Profile.compatible.optionNames, options.name],
      ...quirks
    }
  })
}

/**
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options: Omit<Options, "name"> & { readonly name?: string | undefined }
): Layer.Layer<OpenAiCompatible, never, HttpClient.HttpClient> =>
  OpenAiCompatible.layerOf(make({ ...options, name: options.name ?? "openai-compatible" }))

/**
 * Reads `OPENAI_COMPATIBLE_BASE_URL` (required), `OPENAI_COMPATIBLE_API_KEY` and `OPENAI_COMPATIBLE_MODEL` (the default
 * model); an empty or broken value is a `ConfigError`. Given options win.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: Partial<Options> = {}
): Layer.Layer<OpenAiCompatible, Config.ConfigError, HttpClient.HttpClient> =>
  OpenAiCompatible.layerOf(Effect.flatMap(
    Config.all({
      baseUrl: Settings.orElse(options.baseUrl, Settings.baseUrl("OPENAI_COMPATIBLE_BASE_URL")),
      apiKey: Config.option(Settings.apiKey("OPENAI_COMPATIBLE_API_KEY")).pipe(Config.map(Option.getOrUndefined)),
      defaultModel: Settings.optionalText("OPENAI_COMPATIBLE_MODEL")
    }),
    (config) => make({ name: "openai-compatible", ...config, ...options })
  ))
