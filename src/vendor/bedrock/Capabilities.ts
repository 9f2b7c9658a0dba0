/**
 * What the models of Amazon Bedrock can do, and which family a model is of: each takes fields of its own.
 *
 * @since 0.1.0
 */
import type { Capabilities } from "../../Vendor.ts"
import * as Anthropic from "../anthropic/Capabilities.ts"

/**
 * @since 0.1.0
 * @category models
 */
export type Family = "claude" | "nova" | "nova-2" | "gpt" | "gpt-oss" | "llama" | "mistral" | "other"

const chat: Capabilities = { streaming: true, tools: true, systemRole: true, images: false, audio: false }
const reading: Capabilities = { ...chat, documents: true }
const seeing: Capabilities = { ...reading, images: true }
const plain: Capabilities = { reasoning: false, jsonSchema: false }

const window = (contextWindow: number, maxOutputTokens?: number): Capabilities => ({
  contextWindow,
  ...(maxOutputTokens === undefined ? undefined : { maxOutputTokens })
})

/**
 * From https://docs.aws.amazon.com/bedrock/latest/userguide/conversation-inference-supported-models-features.html,
 * …/structured-output.html and https://docs.aws.amazon.com/nova/latest/userguide/what-is-nova.html (2026); windows in
 * tokens; the first line that fits counts. Claude's models are in Anthropic's own table.
 */
const table: ReadonlyArray<readonly [RegExp, Family, Capabilities]> = [
  [/anthropic\.claude/, "claude", {}],
  [/amazon\.nova-2/, "nova-2", { ...seeing, ...window(1_000_000, 65_536), reasoning: true, jsonSchema: false }],
  [/amazon\.nova-micro/, "nova", { ...chat, ...plain, ...window(128_000, 10_000), documents: false }],
  [/amazon\.nova-premier/, "nova", { ...seeing, ...plain, ...window(1_000_000, 10_000) }],
  [/amazon\.nova-(?:lite|pro)/, "nova", { ...seeing, ...plain, ...window(300_000, 10_000) }],
  [/amazon\.titan-text/, "other", { ...chat, ...plain, tools: false, systemRole: false }],
  [/openai\.gpt-oss/, "gpt-oss", { ...chat, ...window(128_000), reasoning: true, jsonSchema: true }],
  [/openai\.gpt/, "gpt", { streaming: true, tools: true, systemRole: true, reasoning: true }],
  [/meta\.llama4/, "llama", { ...seeing, ...plain }],
  [/meta\.llama3-2-(?:11|90)b/, "llama", { ...seeing, ...plain, ...window(128_000) }],
  [/meta\.llama3-[1-3]/, "llama", { ...reading, ...plain, ...window(128_000) }],
  [/meta\.llama/, "llama", { ...reading, ...plain, tools: false, ...window(8_192) }],
  [/mistral\.pixtral/, "mistral", { ...seeing, reasoning: false, ...window(128_000) }],
  [/mistral\.mistral-large/, "mistral", { ...reading, reasoning: false, ...window(128_000) }],
  [/mistral\.(?:mistral-7b|mixtral)/, "mistral", { ...reading, ...plain, tools: false, systemRole: false }],
  [/mistral\./, "mistral", { streaming: true }],
  [/cohere\.command-r/, "other", { ...reading, ...plain, ...window(128_000, 4_096) }],
  [/ai21\.jamba-1-5/, "other", { ...reading, ...plain, ...window(256_000, 4_096) }],
  [/deepseek\.r1/, "other", {
    ...reading,
    ...window(128_000, 32_768),
    tools: false,
    reasoning: true,
    jsonSchema: false
  }]
]

/** Of an ARN what it names; an application's inference profile or an imported model does not tell which model it is. */
const find = (model: string) => table.find(([pattern]) => pattern.test(model.toLowerCase()))

/**
 * The family of a model; `other` where its name does not tell.
 *
 * @since 0.1.0
 * @category accessors
 */
export const familyOf = (model: string): Family => find(model)?.[1] ?? "other"

/**
 * @since 0.1.0
 * @category accessors
 */
export const capabilitiesOf = (model: string): Capabilities => {
  const [, family, capabilities] = find(model) ?? []
  return family === "claude" ? Anthropic.capabilitiesOf(model) : capabilities ?? {}
}
