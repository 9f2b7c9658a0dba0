/**
 * What parts of an answer carry of OpenAI's own words, under whichever vendor's name.
 *
 * @since 0.1.0
 */
import type { Response as AiResponse } from "effect/ai"
import { isObject } from "../Fields.ts"

/**
 * What a vendor tells of a part under a name, the first that does.
 *
 * @since 0.1.0
 * @category accessors
 */
export const find = (metadata: AiResponse.ProviderMetadata | undefined, name: string): unknown => {
  for (const vendor in metadata) {
    const own = metadata[vendor]
    if (isObject(own) && own[name] !== undefined) return own[name]
  }
  return undefined
}

/**
 * Whether a text is the model's refusal.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isRefusal = (metadata: AiResponse.ProviderMetadata | undefined): boolean =>
  metadata !== undefined && find(metadata, "refusal") === true
