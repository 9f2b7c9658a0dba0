/**
 * DeepSeek.
 *
 * @since 0.1.0
 */
import * as Vendor from "../../Vendor.ts"
import type { Effort } from "../openai/Profile.ts"
import * as Preset from "./Preset.ts"

/**
 * The service of the vendor `deepseek`.
 *
 * @since 0.1.0
 * @category services
 */
export class DeepSeek extends Vendor.Service<DeepSeek>()("deepseek") {}

const effort = (effort: Effort) => effort === "none" ? { thinking: { type: "disabled" } } : { reasoning_effort: effort }

/**
 * Reads `DEEPSEEK_API_KEY`, `DEEPSEEK_BASE_URL` and `DEEPSEEK_MODEL`.
 *
 * A model that thinks, as all but `deepseek-chat` do unless told not to, overlooks temperature and penalties, and
 * refuses its own tool calls without the reasoning that led to them. An answer may be any JSON object, but is not held
 * to a schema. 402 is a used-up balance.
 *
 * @see https://api-docs.deepseek.com/api/create-chat-completion
 * @see https://api-docs.deepseek.com/guides/thinking_mode
 * @see https://api-docs.deepseek.com/quick_start/error_codes
 * @since 0.1.0
 * @category constructors
 */
export const { layer, layerConfig, make } = Preset.make(DeepSeek, {
  baseUrl: "https://api.deepseek.com",
  variables: "DEEPSEEK",
  defaultModel: "deepseek-flash",
  serves: /^deepseek-/,
  embeddings: false,
  quirks: {
    reasons: (model) => model !== "deepseek-chat",
    fixed: ["temperature", "frequencyPenalty", "presencePenalty"],
    effort,
    reasoning: "reasoning_content",
    formats: ["json"],
    files: ["image"],
    maxStops: 16,
    unsupported: ["seed", "user", "metadata", "parallelToolCalls"]
  },
  capabilities: [
    [/^deepseek-chat$/, { tools: true, jsonSchema: false, reasoning: false }],
    [/^deepseek-/, { tools: true, jsonSchema: false, reasoning: true }]
  ]
})
