/**
 * Mistral AI.
 *
 * @since 0.1.0
 */
import { Hash } from "effect"
import * as Vendor from "../../Vendor.ts"
import * as Preset from "./Preset.ts"

/**
 * The service of the vendor `mistral`.
 *
 * @since 0.1.0
 * @category services
 */
export class Mistral extends Vendor.Service<Mistral>()("mistral") {}

const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

/** Nine letters and digits, as Mistral has them; any other id becomes the same nine each time. */
const toolCallId = (id: string): string => {
  if (/^[a-zA-Z0-9]{9}$/.test(id)) return id
  const backwards = Array.from(id).toReversed().join("")
  let left = (BigInt(Hash.string(id) >>> 0) << 32n) | BigInt(Hash.string(backwards) >>> 0)
  let short = ""
  for (let digit = 0; digit < 9; digit++, left /= 62n) short += digits[Number(left % 62n)]
  return short
}

/**
 * Reads `MISTRAL_API_KEY`, `MISTRAL_BASE_URL` and `MISTRAL_MODEL`.
 *
 * Unknown fields are refused. The usage is on the last chunk of every stream, unasked.
 *
 * @see https://docs.mistral.ai/api/endpoint/chat
 * @since 0.1.0
 * @category constructors
 */
export const { layer, layerConfig, make } = Preset.make(Mistral, {
  baseUrl: "https://api.mistral.ai/v1",
  variables: "MISTRAL",
  provider: "mistral_ai",
  defaultModel: "mistral-small-latest",
  serves: /^(?:ft:)?(?:mistral|ministral|magistral|codestral|devstral|pixtral|voxtral|open-mi[sx]tral)/,
  quirks: {
    seed: "random_seed",
    anyTool: "any",
    toolCallId,
    streamUsage: false,
    unsupported: ["user"],
    files: ["image", "pdf"],
    pdf: "document_url"
  },
  failures: { words: [[/capacity exceeded/i, "Overloaded"]] },
  capabilities: [
    [/embed|moderation|ocr/, { streaming: false, tools: false }],
    [/^codestral/, { tools: true, images: false, contextWindow: 256_000 }],
    [/^(?:mistral-(?:small|medium|large)|magistral|ministral)/, { tools: true, images: true, contextWindow: 128_000 }]
  ]
})
