/**
 * Texts to vectors.
 *
 * @since 0.1.0
 */
import { Effect, Result, Schema } from "effect"
import type * as Response from "../../Response.ts"
import type { EmbedCall, Embeddings } from "../../Vendor.ts"
import type { AttemptError } from "../../VendorError.ts"
import { malformed } from "../../wire/Decoding.ts"
import type { Http } from "../../wire/Http.ts"
import * as Model from "./Model.ts"
import * as Usage from "./Usage.ts"
import * as Wire from "./Wire.ts"

/** The most texts that the API takes in one request. */
const maxBatch = 100

const decodeOne = Schema.decodeUnknownResult(Wire.EmbedContentResponse)
const decodeBatch = Schema.decodeUnknownResult(Wire.BatchEmbedContentsResponse)

interface Batch {
  readonly vectors: ReadonlyArray<ReadonlyArray<number>>
  readonly usage: Wire.UsageMetadata | null | undefined
}

/**
 * One text by `embedContent`, several by `batchEmbedContents`, a hundred at a time and one batch after another.
 *
 * @since 0.1.0
 * @category embeddings
 */
export const embed = (http: Http, { inputs, model }: EmbedCall): Effect.Effect<Embeddings, AttemptError> => {
  const path = Model.path(model)
  const [only] = inputs
  if (inputs.length === 1) return Effect.map(one(http, path, only!), (batch) => gather([batch]))
  const batches = Array.from(
    { length: Math.ceil(inputs.length / maxBatch) },
    (_, index) => inputs.slice(index * maxBatch, (index + 1) * maxBatch)
  )
  return Effect.map(Effect.forEach(batches, (texts) => several(http, path, texts)), gather)
}

/** The API's own name of the model is its path without the slash. */
const requestOf = (path: string, text: string) => ({ model: path.slice(1), content: { parts: [{ text }] } })

const one = (http: Http, path: string, text: string): Effect.Effect<Batch, AttemptError> =>
  Effect.flatMap(http.post(`${path}:embedContent`, requestOf(path, text)), ({ json, refine }) => {
    const answer = decodeOne(json)
    if (Result.isFailure(answer)) return Effect.fail(refine(malformed("the answer is not an embedding")))
    const { embedding, usageMetadata } = answer.success
    return Effect.succeed({ vectors: [embedding.values], usage: usageMetadata })
  })

const several = (http: Http, path: string, texts: ReadonlyArray<string>): Effect.Effect<Batch, AttemptError> => {
  const body = { requests: texts.map((text) => requestOf(path, text)) }
  return Effect.flatMap(http.post(`${path}:batchEmbedContents`, body), ({ json, refine }) => {
    const answer = decodeBatch(json)
    if (Result.isFailure(answer)) return Effect.fail(refine(malformed("the answer is not a list of embeddings")))
    const { embeddings, usageMetadata } = answer.success
    if (embeddings.length !== texts.length) {
      return Effect.fail(refine(malformed(`${embeddings.length} embeddings came back for ${texts.length} texts`)))
    }
    return Effect.succeed({ vectors: embeddings.map(({ values }) => values), usage: usageMetadata })
  })
}

/** The count is known only if every batch tells it. */
const gather = (batches: ReadonlyArray<Batch>): Embeddings => {
  const totals = batches.map(({ usage }) => Usage.of(usage ?? {}).inputTokens.total)
  const total = totals.reduce((sum, count) => sum === undefined || count === undefined ? undefined : sum + count, 0)
  const inputTokens: Response.Usage["inputTokens"] = total === undefined || batches.length === 0 ? {} : { total }
  return { vectors: batches.flatMap(({ vectors }) => vectors), usage: { inputTokens, outputTokens: {} } }
}
