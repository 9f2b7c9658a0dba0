/**
 * Where servers that speak Chat Completions differ in what they take.
 *
 * @since 0.1.0
 */

/**
 * @since 0.1.0
 * @category models
 */
export interface Profile {
  /** The names under which a request's raw options and a part's own options are ours. */
  readonly optionNames: ReadonlyArray<string>
  /** Whether a model reasons: it then takes no sampling parameters. */
  readonly reasons: (model: string) => boolean
  /** Whether `reasoning_effort` is sent to every model or only to those that reason. */
  readonly reasoningEffort: "always" | "reasoning-models"
  /** The word for the most tokens of an answer. */
  readonly maxTokens: "max_tokens" | "max_completion_tokens"
  /** The role of system messages for models that reason; for the others it is `system`. */
  readonly systemRole: "system" | "developer"
  /** Whether `stream_options.include_usage` may be sent. */
  readonly streamUsage: boolean
  /** Whether `tool_choice` can name several allowed tools. */
  readonly allowedTools: boolean
  /** The most stop texts, no limit when left out. */
  readonly maxStops?: number | undefined
  /** What a tool's name must match. */
  readonly toolName?: RegExp | undefined
}

/** `o1` and later of that line, `gpt-5` and later but for the chat models; also fine-tuned. */
const reasoningModel = /^(?:ft:)?(?:o\d|gpt-(?:[5-9]|\d{2,})(?!.*-chat)|codex|computer-use)/

/**
 * OpenAI's own.
 *
 * @since 0.1.0
 * @category constants
 */
export const openai: Profile = {
  optionNames: ["openai"],
  reasons: (model) => reasoningModel.test(model),
  reasoningEffort: "reasoning-models",
  maxTokens: "max_completion_tokens",
  systemRole: "developer",
  streamUsage: true,
  allowedTools: true,
  maxStops: 4,
  toolName: /^[a-zA-Z0-9_-]{1,64}$/
}

/**
 * What nearly every compatible server takes.
 *
 * @since 0.1.0
 * @category constants
 */
export const compatible: Profile = {
  optionNames: ["openai-compatible", "openai"],
  reasons: () => false,
  reasoningEffort: "always",
  maxTokens: "max_tokens",
  systemRole: "system",
  streamUsage: true,
  allowedTools: false
}
