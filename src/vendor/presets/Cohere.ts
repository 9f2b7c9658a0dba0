/**
 * Cohere by its compatibility API.
 *
 * @since 0.1.0
 */
import * as Vendor from "../../Vendor.ts"
import { efforts } from "../openai/Profile.ts"
import * as Preset from "./Preset.ts"

/**
 * The service of the vendor `cohere`.
 *
 * @since 0.1.0
 * @category services
 */
export class Cohere extends Vendor.Service<Cohere>()("cohere") {}

/**
 * Reads `COHERE_API_KEY`, `COHERE_BASE_URL` and `COHERE_MODEL`.
 *
 * Only the fields that its document lists are sent. A trial key's calls of a month are a quota, its calls of a minute a
 * rate.
 *
 * @see https://docs.cohere.com/docs/compatibility-api
 * @see https://docs.cohere.com/reference/errors
 * @since 0.1.0
 * @category constructors
 */
export const { layer, layerConfig, make } = Preset.make(Cohere, {
  baseUrl: "https://api.cohere.ai/compatibility/v1",
  variables: "COHERE",
  defaultModel: "command-a-03-2025",
  serves: /^(?:command|c4ai|embed)/,
  models: ["command-a-03-2025", "command-r-plus-08-2024", "command-r-08-2024", "command-r7b-12-2024", "embed-v4.0"],
  quirks: {
    streamUsage: false,
    maxTemperature: 1,
    maxStops: 5,
    files: ["image"],
    effort: efforts("none", "high"),
    unsupported: ["toolChoice", "parallelToolCalls", "user", "metadata"]
  },
  failures: {
    words: [[/calls? ?\/ ?month/i, "QuotaExhausted"]],
    statuses: { 498: "Unauthenticated", 499: "ServerFault" }
  },
  capabilities: [
    [/^embed/, { streaming: false, tools: false }],
    [/^command-a/, { tools: true, contextWindow: 256_000, maxOutputTokens: 8_192 }],
    [/^command-r/, { tools: true, reasoning: false, contextWindow: 128_000, maxOutputTokens: 4_096 }]
  ]
})
