/**
 * Perplexity's Sonar, which searches the web before it answers.
 *
 * @since 0.1.0
 */
import * as Vendor from "../../Vendor.ts"
import { efforts } from "../openai/Profile.ts"
import * as Preset from "./Preset.ts"

/**
 * The service of the vendor `perplexity`.
 *
 * @since 0.1.0
 * @category services
 */
export class Perplexity extends Vendor.Service<Perplexity>()("perplexity") {}

const sonar = { tools: false, images: true } as const

/**
 * Reads `PERPLEXITY_API_KEY`, `PERPLEXITY_BASE_URL` and `PERPLEXITY_MODEL`.
 *
 * What it found comes as `source` parts. It calls no tools; raw options under `perplexity` carry `search_mode`,
 * `search_domain_filter` and the like.
 *
 * @see https://docs.perplexity.ai/api-reference/chat-completions-post
 * @see https://docs.perplexity.ai/docs/sonar/openai-compatibility
 * @since 0.1.0
 * @category constructors
 */
export const { layer, layerConfig, make } = Preset.make(Perplexity, {
  baseUrl: "https://api.perplexity.ai",
  variables: "PERPLEXITY",
  defaultModel: "sonar",
  serves: /^sonar/,
  embeddings: false,
  models: ["sonar", "sonar-pro", "sonar-reasoning-pro", "sonar-deep-research"],
  quirks: {
    tools: false,
    topK: true,
    streamUsage: false,
    formats: ["json-schema"],
    files: ["image"],
    effort: efforts("minimal", "low", "medium", "high"),
    unsupported: ["seed", "parallelToolCalls", "user", "metadata"]
  },
  capabilities: [
    [/^sonar-pro/, { ...sonar, reasoning: false, contextWindow: 200_000 }],
    [/^sonar-(?:reasoning|deep)/, { ...sonar, reasoning: true, contextWindow: 127_000 }],
    [/^sonar/, { ...sonar, reasoning: false, contextWindow: 127_000 }]
  ]
})
