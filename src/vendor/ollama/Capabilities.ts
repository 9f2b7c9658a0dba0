/**
 * What Ollama's models can do, by their family; a model that no line names may do anything.
 *
 * Windows are left out: how many tokens a model is given is the server's choice (`num_ctx`, by its memory).
 *
 * @since 0.1.0
 */
import type { Capabilities } from "../../Vendor.ts"

const common: Capabilities = { streaming: true, jsonSchema: true, systemRole: true, documents: false, audio: false }
const plain: Capabilities = { ...common, tools: false, images: false, reasoning: false }
const calling: Capabilities = { ...plain, tools: true, parallelTools: true }
const thinking: Capabilities = { ...calling, reasoning: true }
const seeing: Capabilities = { ...plain, images: true }

/** From https://ollama.com/library (2026), by the labels tools, thinking, vision; the first line that fits counts. */
const table: ReadonlyArray<readonly [RegExp, Capabilities]> = [
  [/embed|minilm|^bge/, { ...plain, streaming: false }],
  [/^qwen3\.5/, { ...thinking, images: true }],
  [/^(?:gpt-oss|qwen3(?!-?(?:coder|vl))|deepseek-v3\.1|magistral|glm-4\.[5-7]|minimax-m2|kimi-k2-thinking)/, thinking],
  [/^qwen3-?vl/, { ...thinking, images: true }],
  [/^deepseek-r1/, thinking],
  [/^(?:llama4|mistral-small3\.[12]|ministral-3)/, { ...calling, images: true }],
  [/^(?:gemma3|llava|bakllava|moondream|minicpm-v|llama3\.2-vision|qwen2\.5-?vl|granite3\.2-vision)/, seeing],
  [/^(?:llama3\.[123]|qwen2(?:\.5)?|qwen3-coder|mistral|mixtral|command-r|granite[34]|phi4-mini|devstral)/, calling],
  [/^(?:llama[23]|gemma2?|phi[34]?|tinyllama|codellama|smollm|orca|vicuna)(?![\w.])/, plain]
]

/**
 * @since 0.1.0
 * @category accessors
 */
export const capabilitiesOf = (model: string): Capabilities => {
  const name = model.slice(model.lastIndexOf("/") + 1).toLowerCase()
  return table.find(([pattern]) => pattern.test(name))?.[1] ?? common
}
