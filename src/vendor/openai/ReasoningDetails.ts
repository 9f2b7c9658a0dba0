/**
 * OpenRouter's `reasoning_details`: signed or encrypted reasoning of the model behind it, which wants it back unchanged.
 *
 * @see https://openrouter.ai/docs/use-cases/reasoning-tokens
 * @since 0.1.0
 */
import { Predicate } from "effect"
import type { Prompt } from "effect/ai"

type Detail = { readonly [field: string]: unknown }

const texts = ["text", "summary", "data", "signature"] as const

const text = (value: unknown): string => typeof value === "string" ? value : ""

/** A stream cuts one detail into pieces of the same type and index. */
const continues = (last: Detail | undefined, piece: Detail): last is Detail =>
  last !== undefined && last["type"] === piece["type"] && last["index"] === piece["index"] &&
  (typeof piece["index"] === "number" || piece["type"] === "reasoning.text")

/**
 * Takes in the details of a message or of one chunk.
 *
 * @since 0.1.0
 * @category decoding
 */
export const read = (details: Array<Detail>, pieces: ReadonlyArray<unknown>): void => {
  for (const piece of pieces) {
    if (!Predicate.isObject(piece)) continue
    const last = details.at(-1)
    if (!continues(last, piece as Detail)) {
      details.push({ ...piece })
      continue
    }
    const joined: Record<string, unknown> = { ...last }
    for (const [field, value] of Object.entries(piece)) {
      if (value === null || value === undefined) continue
      const isText = texts.some((name) => name === field)
      joined[field] = isText ? text(joined[field]) + text(value) : value
    }
    details[details.length - 1] = joined
  }
}

/**
 * Whether the details hold more than the text that is told anyway.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isProof = (details: ReadonlyArray<Detail>): boolean =>
  details.some((detail) => text(detail["signature"]) !== "" || text(detail["data"]) !== "")

/**
 * The details that stand under `openrouter` among a part's options.
 *
 * @since 0.1.0
 * @category accessors
 */
export const ofOptions = (options: Prompt.ProviderOptions): ReadonlyArray<unknown> | undefined => {
  const details = (options["openrouter"] as Detail | null | undefined)?.["reasoningDetails"]
  return Array.isArray(details) ? details : undefined
}
