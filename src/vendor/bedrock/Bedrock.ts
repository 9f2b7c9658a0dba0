/**
 * Amazon Bedrock by its Converse API.
 *
 * ```ts
 * import { Layer } from "effect"
 * import { FetchHttpClient } from "effect/http"
 * import * as Bedrock from "llmdispatcher/vendor/Bedrock"
 *
 * const BedrockLive = Bedrock.layerConfig().pipe(Layer.provide(FetchHttpClient.layer))
 * ```
 *
 * A role's credentials come from an effect, which is run again shortly before they end:
 *
 * ```ts
 * import { DateTime, Effect, Redacted } from "effect"
 * import * as Bedrock from "llmdispatcher/vendor/Bedrock"
 *
 * declare const assumeRole: () => Promise<{ id: string; secret: string; token: string; expiration: Date }>
 *
 * const credentials = Effect.map(Effect.promise(assumeRole), ({ expiration, id, secret, token }) => ({
 *   accessKeyId: id,
 *   secretAccessKey: Redacted.make(secret),
 *   sessionToken: Redacted.make(token),
 *   expiration: DateTime.fromDateUnsafe(expiration)
 * }))
 *
 * const BedrockLive = Bedrock.layer({ region: "eu-central-1", credentials })
 * ```
 *
 * It needs `@smithy/signature-v4`, `@smithy/core` and `@aws-crypto/sha256-js` beside this package.
 *
 * @since 0.1.0
 */
import { Config, Effect, Layer, Option, Redacted, Schema } from "effect"
import type { HttpClient } from "effect/http"
import * as Vendor from "../../Vendor.ts"
import type { AttemptError } from "../../VendorError.ts"
import * as Http from "../../wire/Http.ts"
import * as Protocol from "../../wire/Protocol.ts"
import * as Settings from "../../wire/Settings.ts"
import { capabilitiesOf } from "./Capabilities.ts"
import * as Decode from "./Decode.ts"
import * as Encode from "./Encode.ts"
import * as Failure from "./Failure.ts"
import * as Frames from "./Frames.ts"
import * as Models from "./Models.ts"
import * as Signature from "./Signature.ts"

export type { Credentials } from "./Signature.ts"

/**
 * The service of the vendor `bedrock`.
 *
 * @since 0.1.0
 * @category services
 */
export class Bedrock extends Vendor.Service<Bedrock>()("bedrock") {}

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** As in `us-east-1`. */
  readonly region: string
  /** Credentials of IAM, an API key of Bedrock, or an effect that gets one of them. */
  readonly credentials: Signature.Proof | Effect.Effect<Signature.Proof, AttemptError>
  /** By default the region's own, `https://bedrock-runtime.{region}.amazonaws.com`. */
  readonly baseUrl?: string | undefined
  /** Where models are listed: by default `baseUrl` if that is given, else `https://bedrock.{region}.amazonaws.com`. */
  readonly modelsUrl?: string | undefined
  /** The model or inference profile for requests that name none. */
  readonly defaultModel?: string | undefined
  /** The name of the instance, by default `bedrock`; raw options are read under it too. */
  readonly name?: string | undefined
  /** Bytes of a whole answer, by default 32 MiB. */
  readonly maxBodySize?: number | undefined
  /** Bytes of one frame of a stream, by default 1,048,576. */
  readonly maxFrameSize?: number | undefined
}

/** By https://docs.aws.amazon.com/general/latest/gr/bedrock.html; other partitions are given by their address. */
const hostOf = (name: string, region: string): string => {
  const suffix = region.startsWith("cn-")
    ? "amazonaws.com.cn"
    : region.startsWith("eusc-")
    ? "amazonaws.eu"
    : "amazonaws.com"
  return `https://${name}.${encodeURIComponent(region)}.${suffix}`
}

/** Ids of models and inference profiles (`us.…`, `global.…`), and the ARNs of all that can be called. */
const served = new RegExp(
  "^(?:arn:aws[\\w-]*:(?:bedrock|sagemaker):|(?:[a-z-]{2,10}\\.)?(?:" +
    "ai21|amazon|anthropic|cohere|deepseek|google|meta|minimax|mistral|moonshot(?:ai)?|nvidia|openai|qwen|" +
    "stability|twelvelabs|writer|xai|zai)\\.)"
)

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options): Effect.Effect<Vendor.Vendor, never, HttpClient.HttpClient> =>
  Effect.gen(function*() {
    const { baseUrl, credentials, maxBodySize, maxFrameSize, modelsUrl, name = "bedrock", region } = options
    const headers = yield* Signature.make(credentials, region)
    const common = { headers, failure: Failure.fromResponse, maxBodySize }
    const runtime = yield* Http.make({ ...common, baseUrl: baseUrl ?? hostOf("bedrock-runtime", region) })
    const control = yield* Http.make({ ...common, baseUrl: modelsUrl ?? baseUrl ?? hostOf("bedrock", region) })
    const names = [...new Set(["bedrock", name])]
    const models = Models.list(control)
    return Vendor.make({
      name,
      provider: "aws.bedrock",
      address: runtime.address,
      defaultModel: options.defaultModel,
      capabilities: capabilitiesOf,
      serves: (model) => model === options.defaultModel || served.test(model),
      ...Protocol.make(runtime, {
        encode: (call, { stream }) => Encode.encode(call, names, { stream }),
        whole: Decode.whole,
        streamed: (bytes, refine) => Frames.decode(Decode.frameDecoder, { refine, maxFrameSize })(bytes),
        accept: "application/vnd.amazon.eventstream"
      }),
      // Who may call a model need not be allowed to list them.
      isAvailable: Effect.match(models, {
        onFailure: ({ reason }) => reason._tag === "PermissionDenied",
        onSuccess: () => true
      }),
      models
    })
  })

/**
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options): Layer.Layer<Bedrock, never, HttpClient.HttpClient> =>
  Bedrock.layerOf(make(options))

const regionOf = (name: string): Config.Config<string> =>
  Config.schema(
    Schema.String.check(
      Schema.makeFilter((region) => /^[a-z0-9-]{1,30}$/.test(region) ? undefined : "must be a region such as us-east-1")
    ),
    name
  )

/** A stand-in for AWS wants neither region nor key. */
const hasOwnAddress = Config.map(Config.option(Config.String("BEDROCK_BASE_URL")), Option.isSome)

const regionConfig = Effect.gen(function*() {
  for (const name of ["AWS_REGION", "AWS_DEFAULT_REGION"]) {
    const region = yield* Config.option(regionOf(name))
    if (Option.isSome(region)) return region.value
  }
  return yield* (yield* hasOwnAddress) ? Config.succeed("us-east-1") : regionOf("AWS_REGION")
})

/** As AWS's own SDKs: a key of Bedrock goes before those of IAM. */
const credentialsConfig = Effect.gen(function*() {
  const apiKey = yield* Config.option(Settings.apiKey("AWS_BEARER_TOKEN_BEDROCK"))
  if (Option.isSome(apiKey)) return apiKey.value
  if (yield* Config.map(Config.option(Config.String("AWS_ACCESS_KEY_ID")), Option.isNone)) {
    return yield* Settings.apiKeyUnless("AWS_ACCESS_KEY_ID", "BEDROCK_BASE_URL")
  }
  const accessKeyId = yield* Settings.apiKey("AWS_ACCESS_KEY_ID")
  const secretAccessKey = yield* Settings.apiKey("AWS_SECRET_ACCESS_KEY")
  const sessionToken = yield* Config.option(Settings.apiKey("AWS_SESSION_TOKEN"))
  return {
    accessKeyId: Redacted.value(accessKeyId),
    secretAccessKey,
    sessionToken: Option.getOrUndefined(sessionToken)
  }
})

/**
 * Reads `AWS_BEARER_TOKEN_BEDROCK`, or else `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`;
 * `AWS_REGION` or `AWS_DEFAULT_REGION` (required), `BEDROCK_BASE_URL`, and `BEDROCK_MODEL` (the default model); a
 * broken value is a `ConfigError`. Given options win.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: Partial<Options> = {}
): Layer.Layer<Bedrock, Config.ConfigError, HttpClient.HttpClient> =>
  Bedrock.layerOf(Effect.gen(function*() {
    const baseUrl = yield* Config.option(Settings.baseUrl("BEDROCK_BASE_URL"))
    const defaultModel = yield* Settings.optionalText("BEDROCK_MODEL")
    return yield* make({
      baseUrl: Option.getOrUndefined(baseUrl),
      defaultModel,
      ...options,
      region: options.region ?? (yield* regionConfig),
      credentials: options.credentials ?? (yield* credentialsConfig)
    })
  }))
