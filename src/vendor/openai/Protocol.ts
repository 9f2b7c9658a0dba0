/**
 * A vendor out of Chat Completions over HTTP: what OpenAI and all compatible vendors share.
 *
 * @since 0.1.0
 */
import { Effect, Result, Schema } from "effect"
import type { HttpClient } from "effect/http"
import * as Vendor from "../../Vendor.ts"
import type { AttemptError } from "../../VendorError.ts"
import { malformed } from "../../wire/Decoding.ts"
import * as Http from "../../wire/Http.ts"
import * as WireProtocol from "../../wire/Protocol.ts"
import * as Decode from "./Decode.ts"
import * as Encode from "./Encode.ts"
import * as Failure from "./Failure.ts"
import type { Profile } from "./Profile.ts"
import * as Wire from "./Wire.ts"

/**
 * `paths` replace `/chat/completions`, `/embeddings` and `/models` after the base URL; a path may depend on the model
 * (Azure's deployments).
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
  readonly failure?: Http.Options["failure"] | undefined
  readonly paths?: {
    readonly chat?: ((model: string) => string) | undefined
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
      failure: options.failure ?? Failure.fromResponse,
      maxBodySize: options.maxBodySize
    }),
    (http) => {
      const { paths, profile } = options
      const chatPath = paths?.chat ?? (() => "/chat/completions")
      const models = listModels(http, paths?.models ?? "/models")
      const { capabilities, serves } = options
      return Vendor.make({
        name: options.name,
        provider: options.provider,
        address: http.address,
        defaultModel: options.defaultModel,
        ...(capabilities === undefined ? undefined : { capabilities }),
        ...(serves === undefined ? undefined : { serves }),
        ...WireProtocol.make(http, {
          encode: (call, encodeOptions) =>
            Result.map(Encode.encode(call, profile, encodeOptions), (encoded) => ({
              ...encoded,
              path: chatPath(call.model)
            })),
          whole: Decode.whole,
          streamed: WireProtocol.events(Decode.streamDecoder, options.maxEventSize)
        }),
        embed: (call) => embed(http, paths?.embeddings?.(call.model) ?? "/embeddings", call),
        isAvailable: Effect.isSuccess(models),
        models
      })
    }
  )

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
    const list = decodeModels(json)
    return Result.isFailure(list)
      ? Effect.fail(refine(malformed("the answer is not a list of models")))
      : Effect.succeed(list.success.data.map(({ description, id }) => ({
        id,
        ...(typeof description === "string" ? { description } : undefined)
      })))
  })
