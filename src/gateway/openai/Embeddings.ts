/**
 * `POST /v1/embeddings`.
 *
 * @since 0.1.0
 */
import { Result } from "effect"
import type { Embeddings } from "../../Vendor.ts"
import * as Failure from "../Failure.ts"

export interface Asked {
  readonly model: string
  readonly inputs: ReadonlyArray<string>
  readonly whole: (embeddings: Embeddings) => unknown
}

export const decode = (body: unknown): Result.Result<Asked, Failure.Failure> => {
  const { input, model } = (body ?? {}) as { readonly input?: unknown; readonly model?: unknown }
  const inputs = typeof input === "string" ? [input] : input
  if (typeof model !== "string") return Result.fail(Failure.make("invalid-request", "model must be a text", { field: "model" }))
  if (!Array.isArray(inputs) || !inputs.every((text) => typeof text === "string")) {
    return Result.fail(Failure.make("invalid-request", "input must be a text or texts", { field: "input" }))
  }
  return Result.succeed({
    model,
    inputs,
    whole: ({ usage, vectors }) => ({
      object: "list",
      model,
      data: vectors.map((embedding, index) => ({ object: "embedding", index, embedding })),
      usage: { prompt_tokens: usage.inputTokens.total ?? 0, total_tokens: usage.inputTokens.total ?? 0 }
    })
  })
}
