/**
 * The tokens of an answer in OpenAI's way of counting: cached ones are among those of the prompt, reasoning among those
 * of the completion.
 *
 * @since 0.1.0
 */
import type { Usage } from "../../Response.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface Counts {
  readonly input: number
  readonly output: number
  readonly cacheRead: number | undefined
  readonly cacheWrite: number | undefined
  readonly reasoning: number | undefined
}

/**
 * The counts, `undefined` where input or output is not known: their numbers cannot be left out, and unknown is not 0.
 *
 * @since 0.1.0
 * @category conversions
 */
export const of = ({ inputTokens, outputTokens }: Usage): Counts | undefined => {
  const { cacheRead, cacheWrite, uncached } = inputTokens
  const { reasoning, text } = outputTokens
  const input = inputTokens.total ??
    (uncached === undefined ? undefined : uncached + (cacheRead ?? 0) + (cacheWrite ?? 0))
  const output = outputTokens.total ?? (text === undefined ? undefined : text + (reasoning ?? 0))
  return input === undefined || output === undefined ? undefined : { input, output, cacheRead, cacheWrite, reasoning }
}
