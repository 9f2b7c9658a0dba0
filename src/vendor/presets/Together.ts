/**
 * Together AI.
 *
 * @since 0.1.0
 */
import * as Vendor from "../../Vendor.ts"
import type { Effort } from "../openai/Profile.ts"
import * as Preset from "./Preset.ts"

/**
 * The service of the vendor `together`.
 *
 * @since 0.1.0
 * @category services
 */
export class Together extends Vendor.Service<Together>()("together") {}

const effort = (effort: Effort) =>
  effort === "none"
    ? { reasoning: { enabled: false } }
    : ["low", "medium", "high"].includes(effort)
    ? { reasoning_effort: effort }
    : undefined

/**
 * Reads `TOGETHER_API_KEY`, `TOGETHER_BASE_URL` and `TOGETHER_MODEL`.
 *
 * The usage is on the last chunk of every stream, unasked. 403 is a conversation longer than the model's window.
 *
 * @see https://docs.together.ai/reference/chat-completions-1
 * @see https://docs.together.ai/docs/error-codes
 * @since 0.1.0
 * @category constructors
 */
export const { layer, layerConfig, make } = Preset.make(Together, {
  baseUrl: "https://api.together.ai/v1",
  variables: "TOGETHER",
  defaultModel: "openai/gpt-oss-120b",
  serves: /\//,
  quirks: {
    topK: true,
    streamUsage: false,
    files: ["image"],
    effort,
    unsupported: ["user", "metadata", "parallelToolCalls"]
  },
  failures: {
    words: [[/max_new_tokens/, "ContextLengthExceeded"]],
    statuses: { 403: "ContextLengthExceeded" }
  },
  capabilities: [[/gpt-oss/, { tools: true, reasoning: true, images: false, contextWindow: 131_072 }]]
})
