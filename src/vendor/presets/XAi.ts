/**
 * xAI.
 *
 * @since 0.1.0
 */
import * as Vendor from "../../Vendor.ts"
import type { Effort } from "../openai/Profile.ts"
import * as Preset from "./Preset.ts"

/**
 * The service of the vendor `xai`.
 *
 * @since 0.1.0
 * @category services
 */
export class XAi extends Vendor.Service<XAi>()("xai") {}

/** The efforts that a line of models knows; to any other each is an error. */
const efforts: ReadonlyArray<readonly [RegExp, ReadonlyArray<Effort>]> = [
  [/^grok-3-mini/, ["low", "high"]],
  [/^grok-4\.3/, ["none", "low", "medium", "high"]],
  [/^grok-4\.5/, ["low", "medium", "high"]]
]

const effort = (effort: Effort, model: string) =>
  efforts.some(([pattern, known]) => pattern.test(model) && known.includes(effort))
    ? { reasoning_effort: effort }
    : undefined

const reasoning = { tools: true, reasoning: true } as const

/**
 * Reads `XAI_API_KEY`, `XAI_BASE_URL` and `XAI_MODEL`.
 *
 * A model that reasons refuses penalties and stop texts. Reasoning tokens are told beside the completion's and not
 * among them. A wrong key is a 400, and used-up credits are a 403 or 429.
 *
 * @see https://docs.x.ai/docs/guides/reasoning
 * @see https://docs.x.ai/docs/key-information/debugging
 * @since 0.1.0
 * @category constructors
 */
export const { layer, layerConfig, make } = Preset.make(XAi, {
  baseUrl: "https://api.x.ai/v1",
  variables: "XAI",
  provider: "x_ai",
  defaultModel: "grok-4.3",
  serves: /^grok-/,
  embeddings: false,
  quirks: {
    reasons: (model) => /^grok-(?:3-mini|[4-9]|code|build|latest)/.test(model) && !model.includes("non-reasoning"),
    fixed: ["frequencyPenalty", "presencePenalty", "stop"],
    effort,
    maxStops: 8,
    files: ["image"],
    unsupported: ["metadata"]
  },
  failures: {
    words: [
      [/used all available credits|spending limit|doesn't have any credits/i, "QuotaExhausted"],
      [/incorrect api key/i, "Unauthenticated"]
    ]
  },
  capabilities: [
    [/non-reasoning/, { tools: true, reasoning: false }],
    [/^grok-3-mini/, { ...reasoning, images: false, contextWindow: 131_072 }],
    [/^grok-(?:[4-9]|code|build|latest)/, reasoning],
    [/^grok-3/, { tools: true, reasoning: false, images: false, contextWindow: 131_072 }]
  ]
})
