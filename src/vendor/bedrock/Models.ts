/**
 * The models that can be called in a region: those offered on demand, and the profiles by which the others are called.
 *
 * @since 0.1.0
 */
import { Effect, Result, Schema } from "effect"
import type { Model } from "../../Vendor.ts"
import type { AttemptError } from "../../VendorError.ts"
import { malformed } from "../../wire/Decoding.ts"
import type { Http } from "../../wire/Http.ts"
import * as Wire from "./Wire.ts"

const decodeModels = Schema.decodeUnknownResult(Wire.FoundationModels)
const decodeProfiles = Schema.decodeUnknownResult(Wire.InferenceProfiles)

const modelOf = (id: string, words: ReadonlyArray<string | null | undefined>): Model => {
  const description = words.filter((word) => typeof word === "string" && word !== "").join(" ")
  return { id, ...(description === "" ? undefined : { description }) }
}

const get = <A>(
  http: Http,
  path: string,
  decode: (json: unknown) => Result.Result<A, unknown>
): Effect.Effect<A, AttemptError> =>
  Effect.flatMap(http.get(path), ({ json, refine }) => {
    const list = decode(json)
    return Result.isFailure(list)
      ? Effect.fail(refine(malformed("the answer is not a list of models")))
      : Effect.succeed(list.success)
  })

/**
 * @since 0.1.0
 * @category listing
 */
export const list = (http: Http): Effect.Effect<ReadonlyArray<Model>, AttemptError> =>
  Effect.map(
    Effect.all([
      get(http, "/foundation-models?byOutputModality=TEXT", decodeModels),
      // The most that a page has; no account has had more.
      get(http, "/inference-profiles?maxResults=1000", decodeProfiles)
    ], { concurrency: 2 }),
    ([{ modelSummaries }, { inferenceProfileSummaries }]) => [
      ...(modelSummaries ?? [])
        .filter(({ inferenceTypesSupported: types }) => types?.some((type) => type !== "INFERENCE_PROFILE") ?? true)
        .map(({ modelId, modelName, providerName }) => modelOf(modelId, [providerName, modelName])),
      ...(inferenceProfileSummaries ?? [])
        .map(({ inferenceProfileId, inferenceProfileName }) => modelOf(inferenceProfileId, [inferenceProfileName]))
    ]
  )
