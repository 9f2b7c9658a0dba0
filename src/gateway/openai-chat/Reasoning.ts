/**
 * Reasoning in Chat Completions, as its ecosystem writes it: the text as `reasoning_content`, and in OpenRouter's
 * `reasoning_details` what the model's vendor wants back with it.
 *
 * @see https://openrouter.ai/docs/use-cases/reasoning-tokens
 * @since 0.1.0
 */
import type { Prompt, Response as AiResponse } from "effect/ai"
import type * as Fields from "../Fields.ts"
import { isObject } from "../Fields.ts"
import * as Proof from "../Proof.ts"

/**
 * The fields of a message that are read.
 *
 * @since 0.1.0
 * @category constants
 */
export const fields = ["reasoning_content", "reasoning", "reasoning_details"] as const

/**
 * The details that carry one part of reasoning back; OpenRouter's own go as they came, none for a bare text.
 *
 * @since 0.1.0
 * @category encoding
 */
export const details = (
  text: string,
  metadata: AiResponse.ProviderMetadata | undefined,
  index: number
): ReadonlyArray<unknown> => {
  if (metadata === undefined || Object.keys(metadata).length === 0) return []
  const own = metadata["openrouter"]
  const found = isObject(own) ? own["reasoningDetails"] : undefined
  if (Array.isArray(found)) return found
  const signature = Proof.pack(metadata)
  return text === ""
    ? [{ type: "reasoning.encrypted", data: signature, format: "unknown", index }]
    : [{ type: "reasoning.text", text, signature, format: "unknown", index }]
}

/**
 * The reasoning of an assistant's message.
 *
 * @since 0.1.0
 * @category decoding
 */
export const decode = (message: Fields.Json): ReadonlyArray<Prompt.ReasoningPartEncoded> => {
  const { reasoning, reasoning_content, reasoning_details } = message
  const parts: Array<Prompt.ReasoningPartEncoded> = []
  const others: Array<unknown> = []
  for (const detail of Array.isArray(reasoning_details) ? reasoning_details : []) {
    const { data, signature, text } = isObject(detail) ? detail : {}
    const options = Proof.unpack(signature ?? data)
    if (options === undefined) others.push(detail)
    else parts.push({ type: "reasoning", text: typeof text === "string" ? text : "", options })
  }
  const text = typeof reasoning_content === "string" ? reasoning_content : reasoning
  // The details of ours repeat the last of the text; what stands before is bare.
  const told = parts.map((part) => part.text).join("")
  if (typeof text === "string" && text !== told && text.endsWith(told)) {
    parts.unshift({ type: "reasoning", text: text.slice(0, text.length - told.length) })
  }
  if (others.length > 0) {
    const options = { openrouter: { reasoningDetails: others } } as unknown as Prompt.ProviderOptions
    parts.push({ type: "reasoning", text: "", options })
  }
  return parts
}
