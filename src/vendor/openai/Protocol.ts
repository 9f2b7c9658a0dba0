/**
 * A vendor out of Chat Completions over HTTP: what OpenAI and all compatible vendors share.
 *
 * @since 0.1.0
 */
import { Effect, Result, Schema, Stream } from "effect"
import type { HttpClient } from "effect/http"
import * as Response from "../../Response.ts"
import * as Vendor from "../../Vendor.ts"
import { type AttemptError, retryable } from "../../VendorError.ts"
import * as Http from "../../wire/Http.ts"
import * as Sse from "../../wire/Sse.ts"
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

const malformed = (description: string): AttemptError => retryable({ _tag: "MalformedResponse", description })

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
        send: (call) =>
          Effect.flatMap(Effect.fromResult(Encode.encode(call, profile, { stream: false })), ({ body, losses }) =>
            Effect.flatMap(http.post(chatPath(call.model), body), ({ json, refine }) =>
              Effect.map(whole(json, refine), (parts) => ({ parts, losses })))),
        stream: (call) =>
          Effect.flatMap(Effect.fromResult(Encode.encode(call, profile, { stream: true })), ({ body, losses }) =>
            Effect.flatMap(http.stream(chatPath(call.model), body), ({ bytes, json, refine }) =>
              json === undefined
                ? Effect.succeed({
                  parts: Sse.decode(Decode.streamDecoder, { refine, maxEventSize: options.maxEventSize })(bytes),
                  losses
                })
                : json.pipe(
                  Effect.flatMap((json) =>
                    whole(json, refine)
                  ),
                  Effect.map((parts) => ({ parts: Stream.fromIterable(Response.unfold(parts)), losses }))
                ))),
        embed: (call) =>
          embed(http, paths?.embeddings?.(call.model) ?? "/embeddings", call),
        isAvailable: Effect.isSuccess(models),
        models
      })
    }
  )

const whole = (json: unknown, refine: (error: AttemptError) => AttemptError) =>
  Effect.mapError(Effect.fromResult(Decode.whole(json)), refine)

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
