/**
 * A first estimate of a request's tokens, made for choosing and not for billing.
 *
 * @since 0.1.0
 */
import type { Request } from "../Request.ts"

/** English prose in the tokenizers of the day; other texts have fewer characters a token. */
const charactersPerToken = 4

/** The answer where the request sets no limit: the median of a public trace of conversations is 129, its mean 211. */
const usualAnswer = 211

const characters = (value: unknown): number =>
  typeof value === "string"
    ? value.length
    : Array.isArray(value)
    ? value.reduce((sum: number, part) => sum + characters(part?.text ?? part?.result ?? ""), 0)
    : 0

/**
 * Of the conversation and the tools.
 *
 * @since 0.1.0
 * @category estimates
 */
export const inputTokens = (request: Request): number => {
  let sum = 0
  for (const message of request.prompt.content) sum += characters(message.content)
  return Math.ceil(sum / charactersPerToken)
}

/**
 * Of the answer: what the request allows, at most what answers usually take.
 *
 * @since 0.1.0
 * @category estimates
 */
export const outputTokens = (request: Request): number => Math.min(request.maxTokens ?? usualAnswer, usualAnswer)
