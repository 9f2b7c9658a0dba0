/**
 * Tells of each dispatch when it is over, to whoever counts or writes it down.
 *
 * @since 0.1.0
 */
import { Exit } from "effect"
import type { Hit } from "../cache/Settings.ts"
import type { Call, Dispatch, DispatchObserver } from "../Policy.ts"
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
 * Tells the recorders of every dispatch.
 *
 * @since 0.1.0
 * @category observers
 */
export const observer = (recorders: ReadonlyArray<Stats.Recorder>, surroundings: Surroundings): DispatchObserver => ({
  begun: (dispatch) => {
    for (const recorder of recorders) recorder.begin?.(dispatch)
  },
  ended: (dispatch, reached, exit, now) => {
    const record = recordOf(surroundings, dispatch, reached, exit, now)
    for (const recorder of recorders) recorder.record(record)
  }
})
