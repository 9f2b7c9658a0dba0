/**
 * `embedContent` and `batchEmbedContents`.
 *
 * @since 0.1.0
 */
import { Result } from "effect"
import type { Embeddings } from "../../Vendor.ts"
import type { Failure } from "../Failure.ts"
import { isObject, type Json, Reader } from "../Fields.ts"
import * as Names from "./Names.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface Asked {
  readonly model: string
  readonly inputs: ReadonlyArray<string>
  /** The fields of the body that nobody can be told. */
  readonly lost: ReadonlyArray<string>
  readonly whole: (embeddings: Embeddings) => unknown
}

/** They make vectors better for a purpose, and those without them are still right. */
const lost = ["taskType", "title"] as const

const read = (
  value: unknown,
  path: string,
  reader: Reader
): { readonly text: string; readonly lost: Array<string> } => {
  const at = (name: string) => path === "" ? name : `${path}.${name}`
  const body = Names.camel(reader.object(value, path), path, reader)
  if (body["outputDimensionality"] !== undefined && body["outputDimensionality"] !== null) {
    reader.unsupported(at("outputDimensionality"), "the length of vectors cannot be chosen")
  }
  const content = reader.object(body["content"], at("content"))
  const parts = reader.list(content["parts"], at("content.parts"))
  const texts = parts.map((part, index) => {
    const place = at(`content.parts.${index}`)
    return reader.text(reader.object(part, place)["text"], `${place}.text`)
  })
  return { text: texts.join(""), lost: lost.filter((name) => (body[name] ?? undefined) !== undefined).map(at) }
}

const usageOf = ({ usage }: Embeddings): Json | undefined => {
  const { total } = usage.inputTokens
  return total === undefined ? undefined : { usageMetadata: { promptTokenCount: total } }
}

/**
 * Decodes a body of `embedContent`, or of `batchEmbedContents`, whose requests are all of the path's model.
 *
 * @since 0.1.0
 * @category decoding
 */
export const decode = (body: unknown, model: string, isBatch: boolean): Result.Result<Asked, Failure> => {
  const reader = new Reader()
  const each = isBatch
    ? reader.list(reader.object(body, "")["requests"], "requests")
      .map((value, index) => read(value, `requests.${index}`, reader))
    : [read(isObject(body) ? body : {}, "", reader)]
  if (!isObject(body)) reader.wrong("", "the body must be an object of JSON")
  if (isBatch && each.length === 0) reader.wrong("requests", "must not be empty")
  if (reader.failure !== undefined) return Result.fail(reader.failure)
  return Result.succeed({
    model,
    inputs: each.map(({ text }) => text),
    lost: each.flatMap(({ lost }) => lost),
    whole: (embeddings) => ({
      ...(isBatch
        ? { embeddings: embeddings.vectors.map((values) => ({ values })) }
        : { embedding: { values: embeddings.vectors[0] ?? [] } }),
      ...usageOf(embeddings)
    })
  })
}
