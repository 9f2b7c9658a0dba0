/**
 * Groq.
 *
 * @since 0.1.0
 */
import * as Vendor from "../../Vendor.ts"
import type { Effort } from "../openai/Profile.ts"
import * as Preset from "./Preset.ts"

/**
 * The service of the vendor `groq`.
 *
 * @since 0.1.0
 * @category services
 */
export class Groq extends Vendor.Service<Groq>()("groq") {}

/** `none` or any other for Qwen, three levels for gpt-oss; the other models do not reason. */
const effort = (effort: Effort, model: string) =>
  /qwen3/.test(model)
    ? { reasoning_effort: effort === "none" ? "none" : "default" }
    : /gpt-oss/.test(model) && ["low", "medium", "high"].includes(effort)
    ? { reasoning_effort: effort }
    : undefined

/**
 * Reads `GROQ_API_KEY`, `GROQ_BASE_URL` and `GROQ_MODEL`.
 *
 * The usage of a stream is in `x_groq` of its last chunk, unasked. Qwen writes its reasoning into the text unless told
 * to part them. 413 is a request larger than the tokens of a minute, whatever its code says; 498 is a full flex tier,
 * 499 a request that was given up on the way.
 *
 * @see https://console.groq.com/docs/api-reference#chat-create
 * @see https://console.groq.com/docs/reasoning
 * @see https://console.groq.com/docs/errors
 * @since 0.1.0
 * @category constructors
 */
export const { layer, layerConfig, make } = Preset.make(Groq, {
  baseUrl: "https://api.groq.com/openai/v1",
  variables: "GROQ",
  defaultModel: "openai/gpt-oss-120b",
  serves: /^(?:openai\/gpt-oss|qwen\/|llama-|meta-llama\/|moonshotai\/|groq\/|compound)/,
  embeddings: false,
  quirks: {
    maxTokens: "max_completion_tokens",
    maxStops: 4,
    streamUsage: false,
    unsupported: ["frequencyPenalty", "presencePenalty", "metadata"],
    files: ["image"],
    effort,
    defaults: (model) => /qwen3/.test(model) ? { reasoning_format: "parsed" } : undefined
  },
  failures: { statuses: { 413: "ContextLengthExceeded", 498: "Overloaded", 499: "ServerFault" } },
  capabilities: [
    [/gpt-oss|qwen3/, { tools: true, reasoning: true, images: false, contextWindow: 131_072 }],
    [/^llama-3/, { tools: true, reasoning: false, images: false, jsonSchema: false, contextWindow: 131_072 }],
    [/llama-4/, { tools: true, reasoning: false, images: true, contextWindow: 131_072, maxOutputTokens: 8_192 }]
  ]
})
