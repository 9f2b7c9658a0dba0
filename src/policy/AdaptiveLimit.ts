/**
 * Finds how many calls a target bears at once, from the times to the begin of its answers.
 *
 * The rule is Gradient2's (Netflix concurrency-limits): the limit is lowered by as much as answers have become slower,
 * and raised by its own root. But slower than what? An average over the past drifts upwards with a target that is always
 * busy, and its lowest value is mere luck where times scatter as those of language models do. So every now and then half
 * as many calls are let through for a while: where that makes answers faster, the other half only stood in line.
 *
 * @since 0.1.0
 */

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Before anything is known. Default 20 (Netflix concurrency-limits). */
  readonly initial?: number | undefined
  /** Default 1. */
  readonly min?: number | undefined
  /** Default 200 (Netflix concurrency-limits). */
  readonly max?: number | undefined
  /** So many times slower than with half the calls may answers be. Default 1.2; at 2 nothing would hold. */
  readonly tolerance?: number | undefined
  /** What is left of the limit when the target refuses for lack of capacity, above 0 and below 1. Default 0.5. */
  readonly backoff?: number | undefined
}

/** Times of one kind of answers in one window. */
interface Times {
  /** Of the logarithms, so that a few very slow answers do not outweigh all others. */
  sum: number
  count: number
}

/** Whole answers have times of their own, for they begin when they end. */
interface Window {
  readonly send: Times
  readonly stream: Times
  count: number
  /** Calls under way, summed over the answers. */
  inFlight: number
}

/**
 * @since 0.1.0
 * @category models
 */
export interface State {
  /** What was found out. */
  limit: number
  /** Calls that are allowed now: the limit, or half of it. */
  allowed: number
  /** The answers of now. */
  window: Window
  /** The answers with all the calls, while there are half as many. */
  full: Window | undefined
  /** Epoch milliseconds: calls that began before tell of another limit. */
  since: number
}

const makeWindow = (): Window => ({
  send: { sum: 0, count: 0 },
  stream: { sum: 0, count: 0 },
  count: 0,
  inFlight: 0
})

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): State => {
  const limit = options.initial ?? 20
  return { limit, allowed: limit, window: makeWindow(), full: undefined, since: -Infinity }
}

/**
 * What came of one call: the time to its begin in milliseconds, or that the target had no capacity for it; times are in
 * epoch milliseconds.
 *
 * @since 0.1.0
 * @category models
 */
export interface Sample {
  readonly operation: "send" | "stream"
  readonly outcome: { readonly latency: number } | "refused"
  /** Calls under way when it began to answer, itself included. */
  readonly inFlight: number
  readonly startedAt: number
  readonly now: number
}

/** Answers that make a window: enough for an average, and as many as there are calls at once. */
const least = 20

/** So many times longer is the window with all the calls, since the others cost some. */
const longer = 3

/** The part of the limit that must be in use for times to say anything of it. */
const used = 0.75

/** How many times slower answers are with all the calls than with half of them. */
const slower = (full: Window, half: Window): number => {
  let sum = 0
  let weight = 0
  for (const operation of ["send", "stream"] as const) {
    const [before, now] = [full[operation], half[operation]]
    if (before.count === 0 || now.count === 0) continue
    sum += (before.sum / before.count - now.sum / now.count) * now.count
    weight += now.count
  }
  return weight === 0 ? 1 : Math.exp(sum / weight)
}

const begin = (state: State, allowed: number, now: number, full?: Window): void => {
  state.allowed = Math.max(1, Math.floor(allowed))
  state.window = makeWindow()
  state.full = full
  state.since = now
}

/**
 * Takes in what came of a call.
 *
 * A refusal lowers the limit at once, and once for all the calls that were under way together.
 *
 * @since 0.1.0
 * @category combinators
 */
export const observe = (state: State, sample: Sample, options: Options = {}): void => {
  const { backoff = 0.5, max = 200, min = 1, tolerance = 1.2 } = options
  const { inFlight, now, operation, outcome, startedAt } = sample
  if (startedAt < state.since) return
  if (outcome === "refused") {
    state.limit = Math.max(min, state.limit * backoff)
    return begin(state, state.limit, now)
  }
  const { full, limit, window } = state
  const times = window[operation]
  times.sum += Math.log(Math.max(outcome.latency, 1))
  times.count += 1
  window.count += 1
  window.inFlight += inFlight
  const enough = Math.max(least, limit)
  if (full === undefined) {
    if (window.count < enough * longer) return
    const isUsed = window.inFlight / window.count >= state.allowed * used
    return isUsed ? begin(state, Math.max(min, limit / 2), now, window) : begin(state, limit, now)
  }
  if (window.count < enough) return
  const gradient = Math.min(1, Math.max(0.5, tolerance / slower(full, window)))
  state.limit = Math.min(max, Math.max(min, limit * gradient + Math.sqrt(limit)))
  begin(state, state.limit, now)
}
