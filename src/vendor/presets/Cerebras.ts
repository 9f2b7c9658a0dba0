/**
 * Cerebras.
 *
 * @since 0.1.0
 */
import * as Vendor from "../../Vendor.ts"
import { efforts } from "../openai/Profile.ts"
import * as Preset from "./Preset.ts"

/**
 * The service of the vendor `cerebras`.
 *
 * @since 0.1.0
 * @category services
 */
export class Cerebras extends Vendor.Service<Cerebras>()("cerebras") {}

/**
 * Reads `CEREBRAS_API_KEY`, `CEREBRAS_BASE_URL` and `CEREBRAS_MODEL`.
 *
 * Its errors are not wrapped in `error`; within a stream they are, with `status_code` beside.
 *
 * @see https://inference-docs.cerebras.ai/api-reference/chat-completions
 * @since 0.1.0
 * @category constructors
 */
export const { layer, layerConfig, make } = Preset.make(Cerebras, {
  baseUrl: "https://api.cerebras.ai/v1",
  variables: "CEREBRAS",
  defaultModel: "gpt-oss-120b",
  serves: /^(?:gpt-oss|llama|qwen-3|zai-glm)/,
  embeddings: false,
  quirks: {
    maxTokens: "max_completion_tokens",
    maxStops: 4,
    files: ["image"],
    effort: efforts("none", "low", "medium", "high"),
    unsupported: ["metadata"]
  },
  capabilities: [[/^gpt-oss/, { tools: true, reasoning: true, images: false, contextWindow: 131_072 }]]
})
