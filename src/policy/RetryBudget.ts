/**
 * How much retrying a target bears: tokens that each retry takes and only an answer gives back, so that a target in
 * trouble is not kept there by retries.
 *
 * @since 0.1.0
 */
import type { AttemptObserver } from "../Policy.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Retries that a target bears without an answer in between. Default 10 (gRPC A6). */
  readonly most?: number | undefined
  /** Of a retry, what one answer gives back. Default 0.2: a retry for five answers (Finagle). */
  readonly ratio?: number | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface RetryBudget {
  /** Takes one retry from the target's budget, if it has one. */
  readonly take: (target: string) => boolean
  /** What is left of the target's budget, from 0 to `most`. */
  readonly left: (target: string) => number
  /** Credits each answer. */
  readonly observer: AttemptObserver
}

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = (options?: Options): RetryBudget => {
  const most = options?.most ?? 10
  const ratio = options?.ratio ?? 0.2
  const budgets = new Map<string, number>()
  const left = (target: string) => budgets.get(target) ?? most
  return {
    left,
    take: (target) => {
      const tokens = left(target)
      if (tokens < 1) return false
      budgets.set(target, tokens - 1)
      return true
    },
    observer: {
      answered: ({ call }) => {
        const { id } = call.candidate.target
        // Nothing was taken, so nothing is to be given back.
        if (!budgets.has(id)) return
        const tokens = left(id) + ratio
        // A full budget needs no entry.
        if (tokens < most) budgets.set(id, tokens)
        else budgets.delete(id)
      }
    }
  }
}
