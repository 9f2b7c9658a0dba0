/**
 * What differs between the generations of Google's models: how thinking is asked for, which form of schema is taken,
 * where signatures are demanded.
 *
 * @since 0.1.0
 */

/**
 * @since 0.1.0
 * @category models
 */
export type Level = "MINIMAL" | "LOW" | "MEDIUM" | "HIGH"

/**
 * How a model is told how hard to think: not at all, by a number of tokens (`least` to `most`, or 0 where it can be
 * turned off), or by one of some levels.
 *
 * @since 0.1.0
 * @category models
 */
export type Thinking =
  | { readonly by: "nothing" }
  | { readonly by: "budget"; readonly least: number; readonly most: number; readonly off: boolean }
  | { readonly by: "level"; readonly levels: ReadonlyArray<Level> }

/**
 * @since 0.1.0
 * @category models
 */
export interface Model {
  /** Without `models/`. */
  readonly name: string
  readonly thinking: Thinking
  /** Whether schemas go as JSON Schema or in the older subset of OpenAPI's. */
  readonly jsonSchema: boolean
  /** Whether JSON can be asked for while tools may be called. */
  readonly jsonWithTools: boolean
  readonly penalties: boolean
  /** Whether files may stand inside the response of a function. */
  readonly filesInResponses: boolean
  /** Whether a function call in the history must carry a signature. */
  readonly signedCalls: boolean
  readonly systemInstruction: boolean
}

/** Aliases follow the newest generation, which is 3 or later since 2026. */
const versionOf = (name: string): number | undefined => {
  const version = /^gemini-(\d+(?:\.\d+)?)(?![\d.])/.exec(name)?.[1]
  if (version !== undefined) return Number(version)
  return /^gemini-(?:pro|flash|flash-lite)-latest$/.test(name) ? 3 : undefined
}

/** They make pictures or speech, and their thinking is not to be told. */
const fixed = /-(?:image|tts|native-audio|live)/

/**
 * Budgets and levels after https://ai.google.dev/gemini-api/docs/thinking (2025); of levels that are not known for sure
 * only those are named that all models of the generation have.
 */
const thinkingOf = (name: string, version: number | undefined): Thinking => {
  if (version === undefined || version < 2.5 || fixed.test(name)) return { by: "nothing" }
  if (version < 3) {
    if (name.includes("-flash-lite")) return { by: "budget", least: 512, most: 24_576, off: true }
    if (name.includes("-flash")) return { by: "budget", least: 1, most: 24_576, off: true }
    return { by: "budget", least: 128, most: 32_768, off: false }
  }
  if (name.startsWith("gemini-3-pro")) return { by: "level", levels: ["LOW", "HIGH"] }
  if (/^gemini-3(?:\.[0-5])?-flash/.test(name)) return { by: "level", levels: ["MINIMAL", "LOW", "MEDIUM", "HIGH"] }
  return { by: "level", levels: ["LOW", "MEDIUM", "HIGH"] }
}

/**
 * The model of a name, with or without `models/`; one that is not known is taken for an old one.
 *
 * Penalties are refused from 2.5 on, though the document names them.
 *
 * @since 0.1.0
 * @category constructors
 */
export const of = (model: string): Model => {
  const name = model.replace(/^models\//, "")
  const version = versionOf(name)
  const since = (from: number) => version !== undefined && version >= from
  return {
    name,
    thinking: thinkingOf(name, version),
    jsonSchema: since(2.5),
    jsonWithTools: since(3),
    penalties: !since(2.5),
    filesInResponses: since(3),
    signedCalls: since(3),
    systemInstruction: !/^gemma-?[1-3]/.test(name)
  }
}

/**
 * The model's path after the base URL: `/models/{model}`, or `/tunedModels/{model}`.
 *
 * @since 0.1.0
 * @category accessors
 */
export const path = (model: string): string => {
  const [folder, name] = /^(models|tunedModels)\/(.*)$/s.exec(model)?.slice(1) ?? ["models", model]
  return `/${folder}/${encodeURIComponent(name!)}`
}
