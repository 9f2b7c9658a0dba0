/**
 * What an answer took: tokens, cost, time, attempts, losses.
 *
 * @since 0.1.0
 */
import type { Call, Journal, Observed } from "../Policy.ts"
import { type Loss, type Part, type StreamPart, type Summary, unknownUsage } from "../Response.ts"
import * as Target from "../Target.ts"

/**
 * Notes what a part tells of the answer as a whole.
 *
 * @since 0.1.0
 * @category combinators
 */
export const observe = (observed: Observed, part: Part | StreamPart): void => {
  if (part.type === "finish") {
    observed.finishReason = part.reason
    observed.usage = part.usage
  } else if (part.type === "response-metadata") {
    if (part.id !== undefined) observed.responseId = part.id
    if (part.modelId !== undefined) observed.responseModel = part.modelId
  }
}

/**
 * Notes what could not be carried; nothing where all was.
 *
 * @since 0.1.0
 * @category combinators
 */
export const observeLosses = (observed: Observed, losses: ReadonlyArray<Loss>): void => {
  if (losses.length > 0) observed.losses = losses.map(({ field }) => field)
}

type Counts = { readonly [name: string]: number | undefined }

/** What nobody told stays absent. */
const sum = <C extends Counts>(all: ReadonlyArray<C>): C => {
  const total: Record<string, number> = {}
  for (const counts of all) {
    for (const name in counts) {
      const count = counts[name]
      if (count !== undefined) total[name] = (total[name] ?? 0) + count
    }
  }
  return total as C
}

/**
 * What this answer took, and what the attempts before it took that broke.
 *
 * @since 0.1.0
 * @category accessors
 */
export const spent = ({ candidate, journal, observed }: Call) => {
  const at = journal.startedAt
  const usage = observed.usage ?? unknownUsage
  const before = journal.usages.filter((ended) => ended.usage !== observed.usage)
  if (before.length === 0) return { usage, ...costOf([{ target: candidate.target, usage }], at) }
  const all = [...before, { target: candidate.target, usage }]
  return {
    usage: {
      inputTokens: sum(all.map(({ usage }) => usage.inputTokens)),
      outputTokens: sum(all.map(({ usage }) => usage.outputTokens))
    },
    ...costOf(all, at)
  }
}

/**
 * What the attempts took of a dispatch that nobody answered, as far as it was told.
 *
 * @since 0.1.0
 * @category accessors
 */
export const lost = ({ startedAt, usages }: Journal) => ({
  usage: {
    inputTokens: sum(usages.map(({ usage }) => usage.inputTokens)),
    outputTokens: sum(usages.map(({ usage }) => usage.outputTokens))
  },
  ...costOf(usages, startedAt)
})

/** One cost that is not known makes the sum unknown. */
const costOf = (
  all: Journal["usages"],
  at: number
): { readonly cost: number | undefined; readonly costSource: string | undefined } => {
  let sum = 0
  const sources = new Set<string>()
  for (const { target, usage } of all) {
    const cost = Target.priced(target, usage, { at })
    if (cost === undefined) return { cost: undefined, costSource: undefined }
    sum += cost.amount
    if (cost.source !== undefined) sources.add(cost.source)
  }
  return { cost: sum, costSource: sources.size === 0 ? undefined : Array.from(sources).join("; ") }
}

/**
 * Closes the account of an answer, all its attempts counted; usage and cost that nobody told stay unknown.
 *
 * @since 0.1.0
 * @category constructors
 */
export const summarise = (call: Call, losses: ReadonlyArray<Loss>, now: number): Summary => {
  const { candidate, journal, observed } = call
  const { cost, costSource, usage } = spent(call)
  const attempts = journal.attempts.slice()
  const answered = attempts[attempts.length - 1]
  return {
    id: call.id,
    vendor: candidate.vendor.name,
    target: candidate.target.id,
    model: observed.responseModel ?? candidate.target.model,
    finishReason: observed.finishReason ?? "unknown",
    usage,
    ...(cost === undefined ? undefined : { cost }),
    ...(costSource === undefined ? undefined : { costSource }),
    timings: {
      startedAt: journal.startedAt,
      ...(answered === undefined || observed.timeToFirstPart === undefined
        ? undefined
        : { timeToFirstPart: answered.startedAfter + observed.timeToFirstPart }),
      total: now - journal.startedAt
    },
    attempts,
    losses
  }
}
