/**
 * Fireworks AI.
 *
 * @since 0.1.0
 */
import * as Vendor from "../../Vendor.ts"
import { efforts } from "../openai/Profile.ts"
import * as Preset from "./Preset.ts"

/**
 * The service of the vendor `fireworks`.
 *
 * @since 0.1.0
 * @category services
 */
export class Fireworks extends Vendor.Service<Fireworks>()("fireworks") {}

/**
 * Reads `FIREWORKS_API_KEY`, `FIREWORKS_BASE_URL` and `FIREWORKS_MODEL`.
 *
 * The usage is on the last chunk of every stream, unasked; 412 is a suspended account.
 *
 * @see https://docs.fireworks.ai/api-reference/post-chatcompletions
 * @see https://docs.fireworks.ai/guides/inference-error-codes
 * @since 0.1.0
 * @category constructors
 */
export const { layer, layerConfig, make } = Preset.make(Fireworks, {
  baseUrl: "https://api.fireworks.ai/inference/v1",
  variables: "FIREWORKS",
  defaultModel: "accounts/fireworks/models/gpt-oss-120b",
  serves: /^accounts\//,
  quirks: { topK: true, streamUsage: false, files: ["image"], effort: efforts("none", "low", "medium", "high") },
  failures: { statuses: { 412: "QuotaExhausted" } },
  capabilities: [[/gpt-oss/, { reasoning: true, images: false, contextWindow: 131_072 }]]
})
