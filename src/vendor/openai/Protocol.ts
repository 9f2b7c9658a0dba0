/**
 * A vendor out of Chat Completions, or of Responses, over HTTP: what OpenAI and all compatible vendors share.
 *
 * @since 0.1.0
 */
import { Config, Effect, Result, Schema } from "effect"
import type { HttpClient } from "effect/http"
import * as Vendor from "../../Vendor.ts"
import type { AttemptError } from "../../VendorError.ts"
import { malformed } from "../../wire/Decoding.ts"
import * as Http from "../../wire/Http.ts"
import * as WireProtocol from "../../wire/Protocol.ts"
import * as ResponsesFailure from "../openai-responses/Failure.ts"
import * as Responses from "../openai-responses/Protocol.ts"
import * as Decode from "./Decode.ts"
import * as Encode from "./Encode.ts"
import * as Failure from "./Failure.ts"
import type { Profile } from "./Profile.ts"
import * as Wire from "./Wire.ts"

/**
 * By which API models are asked.
 *
 * @since 0.1.0
 * @category models
 */
export type Api = "chat" | "responses"

/**
 * Reads an {@link Api}, by default `chat`; any other word is a `ConfigError`.
 *
 * @since 0.1.0
 * @category configs
 */
export const apiConfig = (name: string): Config.Config<Api> =>
  Config.schema(Schema.Literals(["chat", "responses"]), name).pipe(Config.withDefault("chat"))

/**
 * `paths` replace `/chat/completions`, `/responses`, `/embeddings` and `/models` after the base URL; a path may depend on
 * the model (Azure's deployments).
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly name: string
  readonly provider: string
  readonly baseUrl: string
  readonly headers: Http.Options["headers"]
  readonly profile: Profile
  /** By default `chat`. */
  readonly api?: Api | undefined
  readonly failure?: Http.Options["failure"] | undefined
  readonly paths?: {
    readonly chat?: ((model: string) => string) | undefined
    readonly responses?: string | undefined
    readonly embeddings?: ((model: string) => string) | undefined
    readonly models?: string | undefined
  } | undefined
  readonly defaultModel?: string | undefined
  readonly capabilities?: Vendor.Vendor["capabilities"] | undefined
  readonly serves?: Vendor.Vendor["serves"] | undefined
  readonly maxBodySize?: number | undefined
  readonly maxEventSize?: number | undefined
}

const decodeEmbeddings = Schema.decodeUnknownResult(Wire.EmbeddingList)
const decodeModels = Schema.decodeUnknownResult(Wire.ModelList)

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options): Effect.Effect<Vendor.Vendor, never, HttpClient.HttpClient> =>
  Effect.map(
    Http.make({
      baseUrl: options.baseUrl,
      headers: options.headers,
      failure: options.failure ?? (options.api === "responses" ? ResponsesFailure : Failure).fromResponse,
      maxBodySize: options.maxBodySize
    }),
    (http) => {
      const { maxEventSize, paths, profile } = options
      const protocol = options.api === "responses"
        ? Responses.make(profile, paths?.responses ?? "/responses", maxEventSize)
        : chat(profile, paths?.chat ?? (() => "/chat/completions"), maxEventSize)
      const models = listModels(http, paths?.models ?? "/models")
      const { capabilities, serves } = options
      return Vendor.make({
        name: options.name,
        provider: options.provider,
        address: http.address,
        defaultModel: options.defaultModel,
        ...(capabilities === undefined ? undefined : { capabilities }),
        ...(serves === undefined ? undefined : { serves }),
        ...WireProtocol.make(http, protocol),
        embed: (call) => embed(http, paths?.embeddings?.(call.model) ?? "/embeddings", call),
        isAvailable: Effect.isSuccess(models),
        models
      })
    }
  )

const chat = (
  profile: Profile,
  path: (model: string) => string,
  maxEventSize: number | undefined
): WireProtocol.Protocol => ({
  encode: (call, options) =>
    Result.map(Encode.encode(call, profile, options), (encoded) => ({ ...encoded, path: path(call.model) })),
  whole: Decode.whole,
  streamed: WireProtocol.events(Decode.streamDecoder, maxEventSize)
})

const embed = (http: Http.Http, path: string, { inputs, model }: Vendor.EmbedCall) =>
  Effect.flatMap(
    http.post(path, { model, input: inputs, encoding_format: "float" }),
    ({ json, refine }): Effect.Effect<Vendor.Embeddings, AttemptError> => {
      const list = decodeEmbeddings(json)
      if (Result.isFailure(list)) return Effect.fail(refine(malformed("the answer is not a list of embeddings")))
      const { data, usage } = list.success
      if (data.length !== inputs.length) {
        return Effect.fail(refine(malformed(`${data.length} embeddings came back for ${inputs.length} texts`)))
      }
      const vectors: Array<ReadonlyArray<number>> = []
      for (const [position, { embedding, index }] of data.entries()) vectors[index ?? position] = embedding
      return Effect.succeed({ vectors, usage: Decode.usageOf(usage ?? {}) })
    }
  )

const listModels = (http: Http.Http, path: string) =>
  Effect.flatMap(http.get(path), ({ json, refine }): Effect.Effect<ReadonlyArray<Vendor.Model>, AttemptError> => {
    // Together sends the bare list.
    const list = decodeModels(Array.isArray(json) ? { data: json } : json)
    return Result.isFailure(list)
      ? Effect.fail(refine(malformed("the answer is not a list of models")))
      : Effect.succeed(list.success.data.map(({ description, id }) => ({
        id,
        ...(typeof description === "string" ? { description } : undefined)
      })))
  })
