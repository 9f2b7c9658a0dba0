/**
 * What a message or part of a Chat Completions body says beyond its words: kept as raw options, so that a server of the
 * same API gets it; a cache mark, that of those APIs only Anthropic's knows, as Anthropic's option.
 *
 * @since 0.1.0
 */
import type { Prompt } from "effect/ai"
import { chat } from "../../vendor/openai/Profile.ts"
import type * as Fields from "../Fields.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly options?: Prompt.ProviderOptions
}

/**
 * The options of a message or part: of its fields those that are not `known`, and a cache mark.
 *
 * @since 0.1.0
 * @category decoding
 */
export const optionsOf = (fields: Fields.Json, known: ReadonlySet<string>, own?: Record<string, unknown>): Options => {
  let raw = own
  let anthropic: Record<string, unknown> | undefined
  for (const name in fields) {
    const value = fields[name]
    if (known.has(name) || value === null || value === undefined || name === "__proto__") continue
    if (name === "cache_control") anthropic = { cacheControl: value }
    else (raw ??= {})[name] = value
  }
  if (raw === undefined && anthropic === undefined) return {}
  return {
    options: {
      ...(raw === undefined ? undefined : { [chat]: raw }),
      ...(anthropic === undefined ? undefined : { anthropic })
    } as Prompt.ProviderOptions
  }
}
