/**
 * Limits of tokens, held before anything is sent.
 *
 * @since 0.1.0
 */
import { Effect } from "effect"
import type { Preparation } from "../Policy.ts"
import { fatal, type Issue } from "../VendorError.ts"
import { changed } from "./Changed.ts"
import { type Amount, amountOf, inputTokens, type Options as Counting } from "./Tokens.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface Options extends Counting {
  /** The most input tokens of a request. Default no limit. */
  readonly input?: Amount | undefined
  /** The most tokens that an answer may be asked for; a request that names none gets this one. Default no limit. */
  readonly output?: Amount | undefined
}

/**
 * Refuses a request that has more input tokens, or asks for a longer answer, than is allowed: `InvalidRequest`, whose
 * issues tell both numbers.
 *
 * @since 0.1.0
 * @category preparations
 */
export const limit = (options: Options): Preparation => (request) => {
  const issues: Array<Issue> = []
  const input = amountOf(options.input, request)
  const output = amountOf(options.output, request)
  const tokens = input === undefined ? 0 : inputTokens(request, options)
  if (input !== undefined && tokens > input) {
    issues.push({
      field: "prompt",
      message: `must have at most ${input} tokens with all that goes with it, has ${tokens}`
    })
  }
  if (output !== undefined && request.maxTokens !== undefined && request.maxTokens > output) {
    issues.push({ field: "maxTokens", message: `must be at most ${output}, is ${request.maxTokens}` })
  }
  if (issues.length > 0) return Effect.fail(fatal({ _tag: "InvalidRequest", issues }))
  return Effect.succeed(
    output === undefined || request.maxTokens !== undefined
      ? request
      : changed(request, { maxTokens: output })
  )
}
