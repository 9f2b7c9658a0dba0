/**
 * Whose tokens a model counts in, told by its name.
 *
 * @since 0.1.0
 */

/**
 * @since 0.1.0
 * @category models
 */
export type Family = "openai" | "anthropic" | "google" | "other"

const families: ReadonlyArray<readonly [Family, RegExp]> = [
  ["anthropic", /claude/i],
  ["google", /gemini/i],
  ["openai", /(^|[^a-z])(gpt-|chatgpt|codex|o[134]($|-)|ft:(gpt|o\d))/i]
]

/**
 * The family of a model by its name, whatever stands before it (`openai/gpt-5`, `us.anthropic.claude-…`); `other` for a
 * route's name and where there is none.
 *
 * @since 0.1.0
 * @category accessors
 */
export const familyOf = (model: string | undefined): Family =>
  model === undefined ? "other" : families.find(([, pattern]) => pattern.test(model))?.[0] ?? "other"

/**
 * The encoding that an OpenAI model's tokens are made by: the older `cl100k_base` for GPT-3.5 and GPT-4, `o200k_base`
 * since GPT-4o (tiktoken's `model.py`).
 *
 * @since 0.1.0
 * @category accessors
 */
export const encodingOf = (model: string): "cl100k_base" | "o200k_base" =>
  /gpt-(3\.5|35|4($|[^o.\da-z]))/i.test(model) ? "cl100k_base" : "o200k_base"
