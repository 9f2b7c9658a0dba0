/**
 * A vendor that speaks OpenAI's protocol, out of its data alone: address, variables, quirks.
 *
 * ```ts
 * import { Vendor } from "llmdispatcher"
 * import * as Preset from "llmdispatcher/vendor/Preset"
 *
 * class Acme extends Vendor.Service<Acme>()("acme") {}
 *
 * // Reads ACME_API_KEY, ACME_BASE_URL and ACME_MODEL.
 * const { layerConfig } = Preset.make(Acme, { variables: "ACME", baseUrl: "https://api.acme.test/v1" })
 * ```
 *
 * @since 0.1.0
 */
import { Config, Effect, type Layer, Option, type Redacted } from "effect"
import type { HttpClient } from "effect/http"
import type * as Vendor from "../../Vendor.ts"
import { fatal } from "../../VendorError.ts"
import * as Settings from "../../wire/Settings.ts"
import type { Failed } from "../../wire/Status.ts"
import * as OpenAiCompatible from "../openai-compatible/OpenAiCompatible.ts"
import * as Failure from "../openai/Failure.ts"
import type { Profile } from "../openai/Profile.ts"

/**
 * What is known of a vendor; what is left out is as nearly every compatible server has it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Preset<Keyless extends boolean = boolean> {
  /** With its version, as in `https://api.groq.com/openai/v1`. */
  readonly baseUrl: string
  /** The beginning of its variables: `GROQ` for `GROQ_API_KEY`, `GROQ_BASE_URL` and `GROQ_MODEL`. */
  readonly variables: string
  /** Whether it may be called without a key, by default not. */
  readonly keyless?: Keyless | undefined
  /** As OpenTelemetry's `gen_ai.provider.name` has it, by default the name. */
  readonly provider?: string | undefined
  readonly defaultModel?: string | undefined
  /** The names of its models, by default any. */
  readonly serves?: RegExp | undefined
  readonly quirks?: Partial<Omit<Profile, "optionNames">> | undefined
  /** The first line that fits a model counts; one that no line names has no known limits. */
  readonly capabilities?: ReadonlyArray<readonly [RegExp, Vendor.Capabilities]> | undefined
  /** Where its failures differ from OpenAI's. */
  readonly failures?: Failure.Differences | ((failed: Failed) => ReturnType<typeof Failure.fromResponse>) | undefined
  /** The models of a vendor that lists none; it is then taken for available. */
  readonly models?: ReadonlyArray<string> | undefined
  /** Whether it makes embeddings at `/embeddings`, by default it does. */
  readonly embeddings?: boolean | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface KeylessOptions {
  readonly apiKey?: Redacted.Redacted<string> | undefined
  /** By default the vendor's own. */
  readonly baseUrl?: string | undefined
  /** Sent with every request, under the headers of this vendor. */
  readonly headers?: OpenAiCompatible.Options["headers"]
  /** The model for requests that name none. */
  readonly defaultModel?: string | undefined
  /** The name of the instance, by default the vendor's; raw options are read under both. */
  readonly name?: string | undefined
  /** Bytes of a whole answer, by default 32 MiB. */
  readonly maxBodySize?: number | undefined
  /** Characters of one event of a stream, by default 1,048,576. */
  readonly maxEventSize?: number | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface KeyedOptions extends KeylessOptions {
  readonly apiKey: Redacted.Redacted<string>
}

/**
 * What a preset's module exports.
 *
 * @since 0.1.0
 * @category models
 */
export interface Made<Self, Options> {
  readonly make: (options: Options) => Effect.Effect<Vendor.Vendor, never, HttpClient.HttpClient>
  readonly layer: (options: Options) => Layer.Layer<Self, never, HttpClient.HttpClient>
  /** Reads the key, the base URL and the default model; an empty or broken value is a `ConfigError`. Options win. */
  readonly layerConfig: (
    options?: Partial<Options>
  ) => Layer.Layer<Self, Config.ConfigError, HttpClient.HttpClient>
}

const vendor = (
  name: string,
  preset: Preset,
  options: KeylessOptions
): Effect.Effect<Vendor.Vendor, never, HttpClient.HttpClient> => {
  const { failures, models, serves } = preset
  const made = OpenAiCompatible.make({
    ...options,
    name: options.name ?? name,
    provider: preset.provider ?? name,
    baseUrl: options.baseUrl ?? preset.baseUrl,
    defaultModel: options.defaultModel ?? preset.defaultModel,
    quirks: { ...preset.quirks, optionNames: [name, options.name ?? name, "openai-compatible"] },
    failure: typeof failures === "function" ? failures : (failed) => Failure.fromResponse(failed, failures),
    serves: serves === undefined ? undefined : (model) => serves.test(model),
    capabilities: (model) => preset.capabilities?.find(([pattern]) => pattern.test(model))?.[1] ?? {}
  })
  return Effect.map(made, (vendor) => ({
    ...vendor,
    ...(preset.embeddings === false ? { embed: () => Effect.fail(noEmbeddings) } : undefined),
    ...(models === undefined
      ? undefined
      : { models: Effect.succeed(models.map((id) => ({ id }))), isAvailable: Effect.succeed(true) })
  }))
}

const noEmbeddings = fatal({ _tag: "UnsupportedFeature", description: "embeddings" })

/**
 * Makes `make`, `layer` and `layerConfig` of a vendor's service class and data.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = <Self, Name extends string, Keyless extends boolean = false>(
  service: Vendor.ServiceClass<Self, Name>,
  preset: Preset<Keyless>
): Made<Self, Keyless extends true ? KeylessOptions : KeyedOptions> => {
  const { variables } = preset
  const key = Settings.apiKey(`${variables}_API_KEY`)
  const optionalKey = preset.keyless === true
    ? Config.map(Config.option(key), Option.getOrUndefined)
    : Settings.apiKeyUnless(`${variables}_API_KEY`, `${variables}_BASE_URL`)
  const make = (options: KeylessOptions) => vendor(service.vendorName, preset, options)
  return {
    make,
    layer: (options) => service.layerOf(make(options)),
    layerConfig: (options = {}) =>
      service.layerOf(Effect.flatMap(
        Config.all({
          apiKey: options.apiKey === undefined ? optionalKey : Config.succeed(options.apiKey),
          baseUrl: Settings.baseUrl(`${variables}_BASE_URL`).pipe(Config.withDefault(preset.baseUrl)),
          defaultModel: Settings.optionalText(`${variables}_MODEL`)
        }),
        (config) => make({ ...config, ...options })
      ))
  }
}
