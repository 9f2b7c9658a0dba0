/**
 * Tells of each dispatch when it is over, to whoever counts or writes it down.
 *
 * @since 0.1.0
 */
import { Clock, Effect, Exit, Scope } from "effect"
import type { Hit } from "../cache/Settings.ts"
import type { Call, Dispatch } from "../Policy.ts"
import type { Request } from "../Request.ts"
import type * as Stats from "../stats/Record.ts"
import * as Target from "../Target.ts"
import { errorType } from "../telemetry/ErrorType.ts"
import * as Account from "./Account.ts"

/**
 * What a record needs to know of the dispatcher.
 *
 * @since 0.1.0
 * @category models
 */
export interface Surroundings {
  /** The name, out of few, of the route that serves the request. */
  readonly routeOf: (request: Request, now: number) => string | undefined
  /** Who asks. Default `request.user`. */
  readonly caller?: ((request: Request) => string | undefined) | undefined
}

const attemptsOf = ({ journal }: Dispatch): ReadonlyArray<Stats.AttemptRecord> =>
  journal.attempts.map((line) => {
    const { number } = line
    const ended = journal.usages.find(({ attempt }) => attempt === number)
    const cost = ended && Target.priced(ended.target, ended.usage, { at: journal.startedAt })
    return {
      ...line,
      occasion: journal.occasions.get(number),
      usage: ended?.usage,
      cost: cost?.amount,
      costSource: cost?.source
    }
  })

const recordOf = (
  { caller = ({ user }) => user, routeOf }: Surroundings,
  dispatch: Dispatch,
  reached: Call | undefined,
  exit: Exit.Exit<unknown, unknown>,
  now: number
): Stats.DispatchRecord => {
  const { id, journal, operation, request } = dispatch
  const { startedAt } = journal
  const { cost, usage } = reached === undefined ? Account.lost(journal) : Account.spent(reached)
  const answered = Exit.isSuccess(exit)
  const reason = errorType(exit)
  const begun = reached?.observed.timeToFirstPart
  return {
    id,
    operation,
    startedAt,
    duration: now - startedAt,
    timeToFirstPart: begun === undefined
      ? undefined
      : (journal.attempts[(reached?.observed.attempt ?? 1) - 1]?.startedAfter ?? 0) + begun,
    route: routeOf(request, startedAt),
    model: request.model,
    caller: caller(request),
    outcome: answered ? "answered" : reason === "Interrupted" ? "interrupted" : "failed",
    reason: answered || reason === "Interrupted" ? undefined : reason,
    vendor: reached?.candidate.vendor.name,
    target: reached?.candidate.target.id,
    finishReason: reached?.observed.finishReason,
    isCached: false,
    usage,
    cost,
    attempts: attemptsOf(dispatch)
  }
}

/**
 * Of an answer that was given out of the cache: no attempt, no cost.
 *
 * @since 0.1.0
 * @category conversions
 */
export const ofHit = (
  { caller = ({ user }) => user, routeOf }: Surroundings,
  { answered: { finishReason, target, usage, vendor }, id, now, operation, request, startedAt }: Hit
): Stats.DispatchRecord => ({
  id,
  operation,
  startedAt,
  duration: now - startedAt,
  route: routeOf(request, startedAt),
  model: request.model,
  caller: caller(request),
  outcome: "answered",
  vendor,
  target,
  finishReason,
  isCached: true,
  usage,
  cost: 0,
  attempts: []
})

/**
 * Around a dispatch, told when its Scope closes; `reached` is the call that answered.
 *
 * @since 0.1.0
 * @category combinators
 */
export const record = (recorders: ReadonlyArray<Stats.Recorder>, surroundings: Surroundings) => {
  if (recorders.length === 0) return () => <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> => effect
  return (dispatch: Dispatch, reached: () => Call | undefined) => {
    const tell = (exit: Exit.Exit<unknown, unknown>) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        const record = recordOf(surroundings, dispatch, reached(), exit, now)
        for (const recorder of recorders) recorder.record(record)
      })
    return <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
      Effect.andThen(
        // Nothing may come between what is counted and what counts it back.
        Effect.uninterruptible(Effect.suspend(() => {
          for (const recorder of recorders) recorder.begin?.(dispatch)
          return Scope.addFinalizerExit(dispatch.scope, tell)
        })),
        effect
      )
  }
}
