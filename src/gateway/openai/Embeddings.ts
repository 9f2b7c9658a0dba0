/**
 * `POST /v1/embeddings`.
 *
 * @see https://platform.openai.com/docs/api-reference/embeddings
 * @since 0.1.0
 */
import { Result } from "effect"
import { Base64 } from "effect/encoding"
import type { Embeddings } from "../../Vendor.ts"
import type { Failure } from "../Failure.ts"
import { type Json, Reader, rest } from "../Fields.ts"

/**
 * A call understood, and how its answer is told: under the name of the model that was asked for.
 *
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

const known: ReadonlySet<string> = new Set(["model", "input", "encoding_format", "dimensions", "user"])

/** As the API has it. */
const mostInputs = 2048

/**
 * Decodes a body; tokens in the place of texts, a length of the vectors and fields that are not the API's are
 * unsupported.
 *
 * @since 0.1.0
 * @category decoding
 */
export const decode = (json: unknown): Result.Result<Asked, Failure> => {
  const reader = new Reader()
  const body = reader.body(json)
  const model = reader.text(body["model"], "model")
  const inputs = inputsOf(reader, body["input"])
  const format = reader.optionalText(body["encoding_format"], "encoding_format") ?? "float"
  if (format !== "float" && format !== "base64") reader.wrong("encoding_format", "must be float or base64")
  if (body["dimensions"] !== undefined && body["dimensions"] !== null) {
    reader.unsupported("dimensions", "the length of vectors cannot be chosen")
  }
  for (const name of Object.keys(rest(body, known, reader) ?? {})) reader.unsupported(name, "is not known")
  if (reader.failure !== undefined) return Result.fail(reader.failure)
  return Result.succeed({
    model,
    inputs,
    lost: body["user"] === undefined || body["user"] === null ? [] : ["user"],
    whole: (embeddings) => whole(embeddings, model, format === "base64")
  })
}

const inputsOf = (reader: Reader, input: unknown): ReadonlyArray<string> => {
  if (typeof input === "string") {
    if (input === "") reader.wrong("input", "must not be empty")
    return [input]
  }
  const inputs = reader.list(input, "input")
  if (inputs.length === 0 || inputs.length > mostInputs) reader.wrong("input", `must have 1 to ${mostInputs} entries`)
  return inputs.map((entry, index) => {
    const field = `input.${index}`
    if (typeof entry === "number" || Array.isArray(entry)) {
      reader.unsupported("input", "tokens are not known here: send texts")
    }
    if (entry === "") reader.wrong(field, "must not be empty")
    return reader.text(entry, field)
  })
}

const isLittleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1

/** Numbers of four bytes, the lowest first. */
const bytesOf = (vector: ReadonlyArray<number>): Uint8Array => {
  if (isLittleEndian) return new Uint8Array(Float32Array.from(vector).buffer)
  const view = new DataView(new ArrayBuffer(vector.length * 4))
  for (const [index, value] of vector.entries()) view.setFloat32(index * 4, value, true)
  return new Uint8Array(view.buffer)
}

/** The API wants a count: one that nobody told stands as 0. */
const whole = ({ usage, vectors }: Embeddings, model: string, isBase64: boolean): Json => {
  const tokens = usage.inputTokens.total ?? 0
  return {
    object: "list",
    data: vectors.map((vector, index) => ({
      object: "embedding",
      index,
      embedding: isBase64 ? Base64.encode(bytesOf(vector)) : vector
    })),
    model,
    usage: { prompt_tokens: tokens, total_tokens: tokens }
  }
}
