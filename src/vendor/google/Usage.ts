/**
 * Counts of tokens, made disjoint.
 *
 * @since 0.1.0
 */
import type { Usage } from "../../Response.ts"
import { count } from "../../wire/Decoding.ts"
import type * as Wire from "./Wire.ts"

/**
 * Writes the counts of a later chunk over those so far; what that leaves out stays.
 *
 * @since 0.1.0
 * @category combinators
 */
export const merge = (usage: { [name: string]: unknown }, later: Wire.UsageMetadata): void => {
  for (const name of Object.keys(later)) {
    const value = later[name as keyof Wire.UsageMetadata]
    if (count(value) !== undefined && name !== "__proto__") usage[name] = value
  }
}

/**
 * Counts made disjoint; what was not told stays absent.
 *
 * The prompt's count holds the cached tokens, and not those of the API's own tools; thoughts are told beside the
 * candidates' count, but for servers whose total shows that they are told among them.
 *
 * @since 0.1.0
 * @category conversions
 */
export const of = (usage: Wire.UsageMetadata): Usage => {
  const prompt = count(usage.promptTokenCount)
  const tools = count(usage.toolUsePromptTokenCount) ?? 0
  const cacheRead = count(usage.cachedContentTokenCount)
  const candidates = count(usage.candidatesTokenCount)
  const reasoning = count(usage.thoughtsTokenCount)
  const total = count(usage.totalTokenCount)
  const input = prompt === undefined ? undefined : prompt + tools
  const among = reasoning !== undefined && reasoning > 0 && input !== undefined && candidates !== undefined &&
    candidates >= reasoning && total === input + candidates
  const text = among ? candidates - reasoning : candidates
  const output = text === undefined && reasoning === undefined ? undefined : (text ?? 0) + (reasoning ?? 0)
  return {
    inputTokens: {
      ...(input === undefined ? undefined : { total: input }),
      ...(input === undefined || cacheRead === undefined
        ? undefined
        : { uncached: Math.max(0, input - cacheRead) }),
      ...(cacheRead === undefined ? undefined : { cacheRead })
    },
    outputTokens: {
      ...(output === undefined ? undefined : { total: output }),
      ...(text === undefined ? undefined : { text }),
      ...(reasoning === undefined ? undefined : { reasoning })
    }
  }
}
