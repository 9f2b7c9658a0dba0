/**
 * What Google's models can do; a model that no line names has no known limits.
 *
 * @since 0.1.0
 */
import type { Capabilities } from "../../Vendor.ts"

const gemini: Capabilities = {
  streaming: true,
  tools: true,
  parallelTools: true,
  images: true,
  audio: true,
  documents: true,
  jsonSchema: true,
  reasoning: true,
  prefill: false,
  systemRole: true
}
const unthinking: Capabilities = { ...gemini, reasoning: false }
const drawing: Capabilities = { ...gemini, tools: false, parallelTools: false, audio: false, reasoning: false }
const speaking: Capabilities = {
  ...drawing,
  images: false,
  documents: false,
  jsonSchema: false,
  systemRole: false
}
const gemma: Capabilities = {
  ...unthinking,
  tools: false,
  parallelTools: false,
  audio: false,
  documents: false,
  jsonSchema: false,
  systemRole: false
}
const embedding: Capabilities = {
  streaming: false,
  tools: false,
  parallelTools: false,
  images: false,
  audio: false,
  documents: false,
  jsonSchema: false,
  reasoning: false,
  prefill: false,
  systemRole: false
}

const window = (contextWindow: number, maxOutputTokens: number): Capabilities => ({ contextWindow, maxOutputTokens })

/** Windows in tokens, from https://ai.google.dev/gemini-api/docs/models (2026); the first line that fits counts. */
const table: ReadonlyArray<readonly [RegExp, Capabilities]> = [
  [/^(?:gemini-embedding|text-embedding|embedding)/, embedding],
  [/-tts/, { ...speaking, ...window(8_192, 16_384) }],
  [/^gemini-3.*-image/, { ...drawing, ...window(65_536, 32_768), reasoning: true }],
  [/^gemini-2\.5-flash-image/, { ...drawing, ...window(65_536, 32_768), jsonSchema: false }],
  [/^gemini-2\.0-flash.*-image/, { ...drawing, ...window(32_768, 8_192), jsonSchema: false }],
  [/-(?:native-audio|live)/, {}],
  [/^gemini-(?:3(?:\.\d+)?-|2\.5-(?:pro|flash))/, { ...gemini, ...window(1_048_576, 65_536) }],
  [/^gemini-(?:pro|flash|flash-lite)-latest/, { ...gemini, ...window(1_048_576, 65_536) }],
  [/^gemini-2\.0-flash/, { ...unthinking, ...window(1_048_576, 8_192) }],
  [/^gemini-1\.5-pro/, { ...unthinking, ...window(2_097_152, 8_192) }],
  [/^gemini-1\.5-flash/, { ...unthinking, ...window(1_048_576, 8_192) }],
  [/^gemini-\d/, gemini],
  [/^gemma-3-1b/, { ...gemma, ...window(32_768, 8_192), images: false }],
  [/^gemma-3n/, { ...gemma, ...window(8_192, 2_048) }],
  [/^gemma-3/, { ...gemma, ...window(131_072, 8_192) }]
]

/**
 * @since 0.1.0
 * @category accessors
 */
export const capabilitiesOf = (model: string): Capabilities => {
  const name = model.replace(/^models\//, "")
  return table.find(([pattern]) => pattern.test(name))?.[1] ?? {}
}
