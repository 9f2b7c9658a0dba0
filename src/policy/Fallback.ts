/**
 * Goes to the next candidate where the failure of one says that another may do better.
 *
 * @since 0.1.0
 */
import { Duration, Effect, Exit, Result, Scope } from "effect"
import type { Candidate, Candidates, Dispatch, Handler } from "../Policy.ts"
import {
  type AttemptError,
  type DispatchError,
  disposition,
  fatal,
  isSkipped,
  retryable,
  type Skipped,
  withContext
} from "../VendorError.ts"
import type * as Hedge from "./Hedge.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Calls in one dispatch, over all targets and retries. Default 3. */
  readonly maxAttempts?: number | undefined
  /** What a vendor refused may be asked of others, or not. Default `stop`: a filter is not there to be gone round. */
  readonly onContentFiltered?: "stop" | "elsewhere" | undefined
  /** Asks a second candidate beside a slow one; by default nobody is. */
  readonly hedge?: Hedge.Hedge | undefined
}

type CandidateError = AttemptError | Skipped

interface Outcome<A> extends Hedge.Outcome {
  readonly candidate: Candidate
  readonly result: Result.Result<A, CandidateError>
}

const actionOf = (error: CandidateError, { onContentFiltered }: Options) =>
  error.reason._tag === "ContentFiltered" && onContentFiltered === "elsewhere" ? "elsewhere" : disposition(error).action

/** Who may be tried after this error: for a conversation too long, only windows known to be larger. */
const narrow = (error: CandidateError, failed: Candidate, candidates: Candidates, options: Options): void => {
  switch (actionOf(error, options)) {
    case "stop":
      return candidates.restrict(() => false)
    case "bigger":
      return candidates.restrict(({ target }) => (target.contextWindow ?? 0) > (failed.target.contextWindow ?? 0))
  }
}

/** Said of the request rather than of a target, so it is the caller's to know as it is. */
const isAboutRequest = (error: CandidateError, options: Options) => {
  const action = actionOf(error, options)
  return action === "stop" || action === "bigger"
}

const soonest = (errors: ReadonlyArray<CandidateError>): Duration.Duration | undefined =>
  errors.reduce<Duration.Duration | undefined>(
    (least, error) =>
      error._tag !== "RetryableError" || error.retryAfter === undefined
        ? least
        : least === undefined
        ? error.retryAfter
        : Duration.min(least, error.retryAfter),
    undefined
  )

/** What the caller hears: the one error there was, or that all failed, retryable as soon as one of them was. */
const conclude = (call: Dispatch, errors: ReadonlyArray<CandidateError>, options: Options): DispatchError => {
  const { attempts } = call.journal
  const last = errors[errors.length - 1]!
  if (!isSkipped(last) && (isAboutRequest(last, options) || errors.length === 1)) {
    return withContext(last, { attempts }) as DispatchError
  }
  const reason = { _tag: "AllCandidatesFailed", attempts } as const
  return errors.some((error) => error._tag === "RetryableError")
    ? retryable(reason, { attempts, retryAfter: soonest(errors) })
    : fatal(reason, { attempts })
}

/**
 * Tries the candidates in their order until one answers, a failure says to stop, or the dispatch's calls are used up.
 *
 * An open circuit never leaves it: it is told by the attempts.
 *
 * @since 0.1.0
 * @category policies
 */
export const fallback = (options: Options = {}) => {
  const { hedge, maxAttempts = 3 } = options
  return <A>(next: Handler<A, CandidateError>) => (call: Dispatch, candidates: Candidates) => {
    const errors: Array<CandidateError> = []
    const attempt = (candidate: Candidate): Effect.Effect<A, CandidateError> =>
      Effect.suspend(() => {
        const scope = Scope.forkUnsafe(call.scope)
        const untried = candidates.left()
        return Effect.onExitPrimitive(
          next({ ...call, candidate, candidateScope: scope, untried, observed: {}, scope }),
          // A stream that has begun keeps its candidate until it ends.
          (exit) => Exit.isSuccess(exit) && call.operation === "stream" ? undefined : Scope.closeUnsafe(scope, exit)
        )
      })
    const failed = (candidate: Candidate, error: CandidateError): void => {
      errors.push(error)
      narrow(error, candidate, candidates, options)
    }
    const one = (candidate: Candidate): Effect.Effect<A, DispatchError> =>
      Effect.catch(attempt(candidate), (error) => {
        failed(candidate, error)
        return tryNext
      })
    const several = (hedge: Hedge.Hedge, first: Candidate): Effect.Effect<A, DispatchError> => {
      const outcomeOf = (candidate: Candidate): Effect.Effect<Outcome<A>> =>
        Effect.map(Effect.result(attempt(candidate)), (result) => ({
          candidate,
          result,
          isFinal: Result.isSuccess(result) || actionOf(result.failure, options) === "stop"
        }))
      return Effect.flatMap(hedge(call, first, candidates, outcomeOf), (outcomes) => {
        for (const { candidate, result } of outcomes) {
          if (Result.isSuccess(result)) return Effect.succeed(result.success)
          failed(candidate, result.failure)
        }
        return tryNext
      })
    }
    const conclusion = Effect.suspend(() =>
      Effect.fail(errors.length === 0 ? candidates.nobody() : conclude(call, errors, options))
    )
    const tryNext: Effect.Effect<A, DispatchError> = Effect.suspend(() =>
      call.journal.calls >= maxAttempts ? conclusion : Effect.flatMap(
        candidates.next,
        (first) => first === undefined ? conclusion : hedge === undefined ? one(first) : several(hedge, first)
      )
    )
    return tryNext
  }
}
