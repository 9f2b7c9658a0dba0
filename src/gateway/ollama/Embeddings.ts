/**
 * Ollama's `embed`, and `embeddings`, its older form for one text.
 *
 * @since 0.1.0
 */
import { Result } from "effect"
import type { Embeddings } from "../../Vendor.ts"
import type { Failure } from "../Failure.ts"
import { Reader } from "../Fields.ts"

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

const lost = ["options", "truncate"] as const

/**
 * Decodes a body of `embed`, or of `embeddings`, which is the older one.
 *
 * @since 0.1.0
 * @category decoding
 */
export const decode = (json: unknown, isOlder: boolean): Result.Result<Asked, Failure> => {
  const reader = new Reader()
  const body = reader.body(json)
  const model = reader.text(body["model"], "model")
  const { input, prompt } = body
  const inputs = isOlder
    ? [reader.text(prompt, "prompt")]
    : Array.isArray(input)
    ? input.map((each, index) => reader.text(each, `input.${index}`))
    : [reader.text(input, "input")]
  if (typeof body["dimensions"] === "number" && body["dimensions"] > 0) {
    reader.unsupported("dimensions", "the length of vectors cannot be chosen")
  }
  if (reader.failure !== undefined) return Result.fail(reader.failure)
  return Result.succeed({
    model,
    inputs,
    lost: lost.filter((name) => body[name] !== undefined && body[name] !== null),
    whole: ({ usage, vectors }) => {
      const { total } = usage.inputTokens
      return isOlder ? { embedding: vectors[0] ?? [] } : {
        model,
        embeddings: vectors,
        ...(total === undefined ? undefined : { prompt_eval_count: total })
      }
    }
  })
}
