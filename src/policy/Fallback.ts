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
import * as Hedge from "./Hedge.ts"

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
  const { hedge = Hedge.none, maxAttempts = 3 } = options
  return <A>(next: Handler<A, CandidateError>) => (call: Dispatch, candidates: Candidates) => {
    const errors: Array<CandidateError> = []
    const attempt = (candidate: Candidate): Effect.Effect<Outcome<A>> =>
      Effect.suspend(() => {
        const scope = Scope.forkUnsafe(call.scope)
        const untried = candidates.left()
        const tried = next({ ...call, candidate, candidateScope: scope, untried, observed: {}, scope })
        return Effect.map(
          Effect.result(
            // A stream that has begun keeps its candidate until it ends.
            Effect.onExitPrimitive(tried, (exit) =>
              Exit.isSuccess(exit) && call.operation === "stream" ? undefined : Scope.closeUnsafe(scope, exit))
          ),
          (result) => ({
            candidate,
            result,
            isFinal: Result.isSuccess(result) || actionOf(result.failure, options) === "stop"
          })
        )
      })
    const conclusion = Effect.suspend(() =>
      Effect.fail(errors.length === 0 ? candidates.nobody() : conclude(call, errors, options))
    )
    const settle = (outcomes: ReadonlyArray<Outcome<A>>): Effect.Effect<A, DispatchError> => {
      for (const { candidate, result } of outcomes) {
        if (Result.isSuccess(result)) return Effect.succeed(result.success)
        errors.push(result.failure)
        narrow(result.failure, candidate, candidates, options)
      }
      return tryNext
    }
    const tryNext: Effect.Effect<A, DispatchError> = Effect.suspend(() =>
      call.journal.calls >= maxAttempts ? conclusion : Effect.flatMap(
        candidates.next,
        (first) => first === undefined ? conclusion : Effect.flatMap(hedge(call, first, candidates, attempt), settle)
      )
    )
    return tryNext
  }
}
