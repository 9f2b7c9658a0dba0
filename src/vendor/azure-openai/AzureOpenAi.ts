/**
 * Azure OpenAI, by the API that needs no version (`/openai/v1`) or by the older one of deployments.
 *
 * ```ts
 * import { Layer } from "effect"
 * import { FetchHttpClient } from "effect/http"
 * import * as AzureOpenAi from "llmdispatcher/vendor/AzureOpenAi"
 *
 * const AzureLive = AzureOpenAi.layerConfig().pipe(Layer.provide(FetchHttpClient.layer))
 * ```
 *
 * A model's name is that of its deployment. With Microsoft Entra ID in place of a key, in a second region:
 *
 * ```ts
 * import { Effect, Redacted } from "effect"
 * import { Vendor } from "llmdispatcher"
 * import * as AzureOpenAi from "llmdispatcher/vendor/AzureOpenAi"
 *
 * const token = Effect.succeed({ token: Redacted.make("eyJ0..."), expiresAt: 1_800_000_000_000 })
 * class Sweden extends Vendor.Service<Sweden>()("azure-sweden") {}
 *
 * const SwedenLive = Sweden.layerOf(
 *   AzureOpenAi.make({ name: "azure-sweden", endpoint: "https://sweden.openai.azure.com", token })
 * )
 * ```
 *
 * @since 0.1.0
 */
import { Config, Effect, Layer, type Redacted } from "effect"
import type { HttpClient } from "effect/http"
import * as Vendor from "../../Vendor.ts"
import type * as Http from "../../wire/Http.ts"
import * as Settings from "../../wire/Settings.ts"
import { capabilitiesOf, isOpenAi } from "../openai/Capabilities.ts"
import * as Profile from "../openai/Profile.ts"
import * as Protocol from "../openai/Protocol.ts"
import * as Failure from "./Failure.ts"
import * as Token from "./Token.ts"

export type { AccessToken, TokenError } from "./Token.ts"

/**
 * The service of the vendor `azure-openai`.
 *
 * @since 0.1.0
 * @category services
 */
export class AzureOpenAi extends Vendor.Service<AzureOpenAi>()("azure-openai") {}

interface Common {
  /** The resource's own, as in `https://name.openai.azure.com`. */
  readonly endpoint: string
  /** As in `2024-10-21`: asks the API of deployments in this version; left out, that without versions. */
  readonly apiVersion?: string | undefined
  /** By which API models are asked, by default `chat`. */
  readonly api?: Protocol.Api | undefined
  /** Sent with every request, under the headers of this vendor. */
  readonly headers?: Readonly<Record<string, string | Redacted.Redacted<string>>> | undefined
  /** The deployment for requests that name no model. */
  readonly defaultModel?: string | undefined
  /** OpenAI's name of the model behind a deployment, by default the deployment's own: what it can and takes. */
  readonly modelOf?: ((deployment: string) => string) | undefined
  /** By default the default deployment, and names that OpenAI gives its models. */
  readonly serves?: Vendor.Vendor["serves"] | undefined
  /** The name of the instance, by default `azure-openai`; raw options are read under it too. */
  readonly name?: string | undefined
  /** Bytes of a whole answer, by default 32 MiB. */
  readonly maxBodySize?: number | undefined
  /** Characters of one event of a stream, by default 1,048,576; by the Responses API 16,777,216. */
  readonly maxEventSize?: number | undefined
}

/**
 * A key of the resource, or a token of Microsoft Entra ID, which is kept and renewed 5 minutes before it ends.
 *
 * @since 0.1.0
 * @category models
 */
export type Credentials =
  | { readonly apiKey: Redacted.Redacted<string>; readonly token?: undefined }
  | { readonly token: Effect.Effect<Token.AccessToken, Token.TokenError>; readonly apiKey?: undefined }

/**
 * @since 0.1.0
 * @category models
 */
export type Options = Common & Credentials

const headersOf = (options: Options): Http.Options["headers"] => {
  if (options.token === undefined) return { ...options.headers, "api-key": options.apiKey }
  const kept = Token.make(options.token)
  return () => Effect.map(kept, ({ token }) => ({ ...options.headers, authorization: Settings.bearer(token) }))
}

/** The resource, of which people also copy the longer addresses that its pages show. */
const resourceOf = (endpoint: string): string => endpoint.replace(/\/+$/, "").replace(/\/openai(?:\/v1)?$/, "")

/** What the versions of the older API do not know yet, by Microsoft's list of their changes. */
const versionProfile = (version: string): Partial<Profile.Profile> => ({
  systemRole: "system",
  allowedTools: false,
  ...(version < "2025-01-01" ? { files: ["image"] } : undefined),
  ...(version < "2024-12-01" ? { unsupported: ["reasoningEffort"] } : undefined)
})

const profileOf = ({ apiVersion, modelOf, name }: Options): Profile.Profile => ({
  ...Profile.openai,
  // Encrypted reasoning opens only for who made it: Azure's and OpenAI's stand under names of their own.
  optionNames: ["azure-openai", "openai", ...(name === undefined || name === "azure-openai" ? [] : [name])],
  user: "user",
  ...(modelOf === undefined ? undefined : { reasons: (deployment) => Profile.openai.reasons(modelOf(deployment)) }),
  ...(apiVersion === undefined ? undefined : versionProfile(apiVersion))
})

const addressOf = ({ apiVersion, endpoint }: Options): Pick<Protocol.Options, "baseUrl" | "paths"> => {
  if (apiVersion === undefined) return { baseUrl: `${resourceOf(endpoint)}/openai/v1` }
  const query = `?api-version=${encodeURIComponent(apiVersion)}`
  const deployment = (path: string) => (name: string) => `/deployments/${encodeURIComponent(name)}${path}${query}`
  return {
    baseUrl: `${resourceOf(endpoint)}/openai`,
    paths: {
      chat: deployment("/chat/completions"),
      responses: `/responses${query}`,
      embeddings: deployment("/embeddings"),
      models: `/models${query}`
    }
  }
}

/**
 * Makes the vendor; its `models` are those that the resource could deploy, as Azure lists them.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options): Effect.Effect<Vendor.Vendor, never, HttpClient.HttpClient> =>
  Effect.suspend(() => {
    const { api = "chat", defaultModel, modelOf = (deployment) => deployment } = options
    return Protocol.make({
      name: options.name ?? "azure-openai",
      provider: "azure.ai.openai",
      ...addressOf(options),
      headers: headersOf(options),
      profile: profileOf(options),
      api,
      failure: Failure.fromResponse(api),
      defaultModel,
      capabilities: (deployment) => capabilitiesOf(modelOf(deployment)),
      serves: options.serves ?? ((model) => model === defaultModel || isOpenAi(modelOf(model))),
      maxBodySize: options.maxBodySize,
      maxEventSize: options.maxEventSize
    })
  })

/**
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options): Layer.Layer<AzureOpenAi, never, HttpClient.HttpClient> =>
  AzureOpenAi.layerOf(make(options))

/** A stand-in for Azure wants no key; Azure itself always does. */
const keyConfig = Config.flatMap(
  Settings.optionalText("AZURE_OPENAI_ENDPOINT"),
  (endpoint) =>
    endpoint === undefined || /\.(?:azure\.(?:com|us|cn)|microsoft\.com)(?:[:/]|$)/.test(endpoint)
      ? Settings.apiKey("AZURE_OPENAI_API_KEY")
      : Settings.apiKeyUnless("AZURE_OPENAI_API_KEY", "AZURE_OPENAI_ENDPOINT")
)

/**
 * Reads `AZURE_OPENAI_ENDPOINT` (required), `AZURE_OPENAI_API_KEY` (required by Azure unless a token is given),
 * `AZURE_OPENAI_API_VERSION`, `AZURE_OPENAI_DEPLOYMENT` (the default model) and `AZURE_OPENAI_API` (`chat` or
 * `responses`); a broken value, or an empty required one, is a `ConfigError`. Given options win.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: Partial<Common> & Partial<Credentials> = {}
): Layer.Layer<AzureOpenAi, Config.ConfigError, HttpClient.HttpClient> => {
  const { apiKey, token, ...rest } = options
  const credentials: Config.Config<Credentials> = token === undefined
    ? Config.map(Settings.orElse(apiKey, keyConfig), (apiKey) => ({ apiKey }))
    : Config.succeed({ token })
  return AzureOpenAi.layerOf(Effect.flatMap(
    Config.all({
      endpoint: Settings.orElse(rest.endpoint, Settings.baseUrl("AZURE_OPENAI_ENDPOINT")),
      apiVersion: Settings.optionalText("AZURE_OPENAI_API_VERSION"),
      defaultModel: Settings.optionalText("AZURE_OPENAI_DEPLOYMENT"),
      api: Protocol.apiConfig("AZURE_OPENAI_API"),
      credentials
    }),
    ({ credentials, ...config }) => make({ ...config, ...rest, ...credentials })
  ))
}
