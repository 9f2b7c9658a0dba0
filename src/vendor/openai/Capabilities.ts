/**
 * What OpenAI's models can do; a model that no line names has no known limits.
 *
 * @since 0.1.0
 */
import type { Capabilities } from "../../Vendor.ts"

const chat: Capabilities = { streaming: true, tools: true, parallelTools: true, jsonSchema: true, systemRole: true }
const seeing: Capabilities = { ...chat, images: true, documents: true, reasoning: false }
const reasoning: Capabilities = { ...seeing, reasoning: true }
const blind: Capabilities = { ...chat, images: false, documents: false, reasoning: false }

const window = (contextWindow: number, maxOutputTokens: number): Capabilities => ({ contextWindow, maxOutputTokens })

/** Windows in tokens, from https://platform.openai.com/docs/models (2025); the first line that fits counts. */
const table: ReadonlyArray<readonly [RegExp, Capabilities]> = [
  [/^gpt-5.*-chat/, { ...seeing, ...window(128_000, 16_384) }],
  [/^gpt-5/, { ...reasoning, ...window(400_000, 128_000) }],
  [/^gpt-4\.1/, { ...seeing, ...window(1_047_576, 32_768) }],
  [/^(gpt-4o.*|gpt)-audio/, { ...chat, ...window(128_000, 16_384), audio: true, images: false, jsonSchema: false }],
  [/^gpt-4o/, { ...seeing, ...window(128_000, 16_384), audio: false }],
  [/^gpt-4-turbo/, { ...seeing, ...window(128_000, 4_096), documents: false, jsonSchema: false }],
  [/^gpt-4/, { ...blind, ...window(8_192, 8_192), jsonSchema: false }],
  [/^gpt-3\.5/, { ...blind, ...window(16_385, 4_096), jsonSchema: false }],
  [/^o3-mini/, { ...blind, ...window(200_000, 100_000), reasoning: true }],
  [/^(o\d|codex)/, { ...reasoning, ...window(200_000, 100_000) }]
]

/**
 * @since 0.1.0
 * @category accessors
 */
export const capabilitiesOf = (model: string): Capabilities => {
  const base = model.startsWith("ft:") ? model.slice(3) : model
  return table.find(([pattern]) => pattern.test(base))?.[1] ?? {}
}

/** OpenAI's own names of models, fine-tuned ones included. */
const named = /^(?:gpt-|o\d|chatgpt-|codex|computer-use|text-embedding-|ft:)/

/**
 * Whether a model's name is one that OpenAI gives.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isOpenAi = (model: string): boolean => named.test(model)
