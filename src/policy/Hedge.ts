/**
 * Asks a second candidate when the first is slow to begin, and takes whoever begins first; within a budget, and only
 * before the first part.
 *
 * @since 0.1.0
 */
import { Clock, Duration, Effect } from "effect"
import type { Candidate, Candidates, Dispatch } from "../Policy.ts"
import type { Stats } from "../stats/Stats.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** How long the first is waited for. By default the time within which 95 of 100 of its answers begin. */
  readonly after?: Duration.Input | undefined
  /** Second calls for each dispatch, from 0 to 1. Default 0.05 (The Tail at Scale has 2 to 5 %). */
  readonly budget?: number | undefined
}

/** Second calls that may be saved up, so that a burst of slow answers has some. */
const mostSaved = 10

/** After a refusal or failure a target is in trouble, and more calls are not what helps it. */
const troubled = 10_000

/**
 * What came of one candidate: `isFinal` where it is an answer, or a failure after which nobody else is asked.
 *
 * @since 0.1.0
 * @category models
 */
export interface Outcome {
  readonly isFinal: boolean
}

/**
 * Tries a candidate, and perhaps the next one beside it; what is final comes last, after the failures there were.
 *
 * @since 0.1.0
 * @category models
 */
export type Hedge = <O extends Outcome>(
  dispatch: Dispatch,
  first: Candidate,
  candidates: Candidates,
  attempt: (candidate: Candidate) => Effect.Effect<O>
) => Effect.Effect<ReadonlyArray<O>>

/** No second calls. */
const none: Hedge = (_dispatch, first, _candidates, attempt) => Effect.map(attempt(first), (outcome) => [outcome])

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = (stats: Stats, maxAttempts: number, options: Options = {}): Hedge => {
  const fixed = options.after === undefined ? undefined : Duration.toMillis(Duration.fromInputUnsafe(options.after))
  const budget = options.budget ?? 0.05
  let saved = 1
  const credited = new WeakSet<Dispatch["journal"]>()

  const waitFor = ({ target }: Candidate, dispatch: Dispatch, now: number): number | undefined =>
    now - stats.of(target.id).refusedAt < troubled
      ? undefined
      : fixed ?? stats.percentile(target.id, dispatch.operation)

  return <O extends Outcome>(
    dispatch: Dispatch,
    first: Candidate,
    candidates: Candidates,
    attempt: (candidate: Candidate) => Effect.Effect<O>
  ) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      const { journal } = dispatch
      if (!credited.has(journal)) saved = Math.min(mostSaved, saved + budget)
      credited.add(journal)
      // Two calls at once must be among those that the dispatch may make.
      const wait = candidates.left() === 0 || journal.calls + 2 > maxAttempts
        ? undefined
        : waitFor(first, dispatch, now)
      if (wait === undefined || saved < 1) return none(dispatch, first, candidates, attempt)

      let isSecondAsked = false
      const failures: Array<O> = []
      /** Whoever fails while the other is still at it leaves the word to that one. */
      const settle = (outcome: O): Effect.Effect<ReadonlyArray<O>> => {
        if (outcome.isFinal || !isSecondAsked || failures.length > 0) return Effect.succeed([...failures, outcome])
        failures.push(outcome)
        return Effect.never
      }
      const second = Effect.gen(function*() {
        yield* Effect.sleep(wait)
        // Others may have spent it meanwhile.
        if (saved < 1) return yield* Effect.never
        const candidate = yield* candidates.next
        if (candidate === undefined) return yield* Effect.never
        // The first may have been tried again meanwhile.
        if (journal.calls >= maxAttempts) return yield* Effect.never
        const before = journal.calls
        saved -= 1
        isSecondAsked = true
        const outcome = yield* attempt(candidate)
        // One that was passed over cost nothing.
        if (journal.calls === before) saved += 1
        return yield* settle(outcome)
      })
      return Effect.raceFirst(Effect.flatMap(attempt(first), settle), second)
    })
}
