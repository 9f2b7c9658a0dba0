/**
 * The form of every policy: a function from handler to handler, blind to what the handler answers, so that one policy
 * serves a whole answer and a committed stream alike.
 *
 * @since 0.1.0
 */
import type { Context, Effect, Exit, Scope } from "effect"
import type { Request } from "./Request.ts"
import type { Attempt, FinishReason, StreamPart, Usage } from "./Response.ts"
import type { Occasion } from "./stats/Record.ts"
import type { Target } from "./Target.ts"
import type { RateLimits, Vendor } from "./Vendor.ts"
import type { DispatchError, VendorError } from "./VendorError.ts"

/**
 * A target that may still be tried, and the vendor that serves it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Candidate {
  readonly target: Target
  readonly vendor: Vendor
}

/**
 * The candidates of one dispatch, handed out one after the other.
 *
 * @since 0.1.0
 * @category models
 */
export interface Candidates {
  /** The next to be tried, `undefined` when none is left. */
  readonly next: Effect.Effect<Candidate | undefined>
  /** How many may still come. */
  readonly left: () => number
  /** Leaves out, from now on, whoever is not kept. */
  readonly restrict: (keep: (candidate: Candidate) => boolean) => void
  /** The failure where there was none at all. */
  readonly nobody: () => DispatchError
}

/**
 * What happened so far in one dispatch; it only grows.
 *
 * @since 0.1.0
 * @category models
 */
export interface Journal {
  /** Epoch milliseconds. */
  readonly startedAt: number
  readonly attempts: Array<Attempt>
  /** Calls made, skipped candidates not counted. */
  calls: number
  /** What each attempt that has ended took, as far as its vendor told; `attempt` is its number. */
  readonly usages: Array<{ readonly target: Target; readonly usage: Usage; readonly attempt?: number | undefined }>
  /** Why each attempt was made, by its number. */
  readonly occasions: Map<number, Occasion>
}

/**
 * What is learned of one attempt while it runs, for those who tell of it when it ends.
 *
 * @since 0.1.0
 * @category models
 */
export interface Observed {
  /** The attempt's number in the journal. */
  readonly attempt?: number
  /** Milliseconds from the attempt's start. */
  timeToFirstPart?: number
  responseId?: string
  responseModel?: string
  finishReason?: FinishReason
  usage?: Usage
  /** What the vendor told of its rate limits. */
  limits?: RateLimits
  /** The fields of the request that could not be carried. */
  losses?: ReadonlyArray<string>
}

/**
 * One request's whole life.
 *
 * @since 0.1.0
 * @category models
 */
export interface Dispatch {
  readonly id: string
  readonly request: Request
  /** What a broken answer had sent before, where this dispatch goes on with it; and whether targets may be given it. */
  readonly resumed?: { readonly text: string; readonly prefill: boolean } | undefined
  readonly operation: "send" | "stream"
  /** The texts to make vectors of, where that is what is asked; `operation` is then `send`. */
  readonly inputs?: ReadonlyArray<string> | undefined
  readonly journal: Journal
  /** Epoch milliseconds; `Infinity` where the request and the dispatcher set none. */
  readonly deadline: number
  /**
   * Lives as long as the part of the way it was made for; for a stream until its end. Its exit tells a policy what came
   * of an answer that had already begun.
   */
  readonly scope: Scope.Closeable
}

/**
 * One dispatch on its way to one candidate.
 *
 * @since 0.1.0
 * @category models
 */
export interface Call extends Dispatch {
  readonly candidate: Candidate
  /** Closes when the candidate is left: with all its attempts, and with what came of a stream that had begun. */
  readonly candidateScope: Scope.Closeable
  /** Whether the target gets this one call and no retry. */
  readonly isSingle?: boolean | undefined
  /** How many candidates come after this one. */
  readonly untried: number
  readonly observed: Observed
  /** Tells who observes this attempt of parts after the first, and of the milliseconds they were waited for. */
  readonly received?: ((parts: ReadonlyArray<StreamPart>, waited: number) => void) | undefined
}

/**
 * One attempt under way.
 *
 * @since 0.1.0
 * @category models
 */
export interface Progress {
  readonly call: Call
  /** Epoch milliseconds. */
  readonly startedAt: number
  /** What was at hand when it began: where metrics are kept. */
  readonly context: Context.Context<never>
  /** Whether a whole answer has come, or a stream has begun. */
  readonly isAnswered: boolean
}

/**
 * Hears of every attempt. It takes no time, changes nothing of the attempt and never throws, which is why any number of
 * them costs hardly more than one; `now` is in epoch milliseconds.
 *
 * @since 0.1.0
 * @category models
 */
export interface AttemptObserver {
  readonly begun?: (progress: Progress) => void
  /** A whole answer has come, or a stream has begun. */
  readonly answered?: (progress: Progress, now: number) => void
  /** Parts of a stream after its first, for which so many milliseconds were waited. */
  readonly received?: (progress: Progress, parts: ReadonlyArray<StreamPart>, waited: number) => void
  /** Exactly once for each that began; a stream ends with its last part, its break or its caller. */
  readonly ended?: (progress: Progress, exit: Exit.Exit<unknown, unknown>, now: number) => void
}

/**
 * Hears of every dispatch, as {@link AttemptObserver} of attempts; `reached` is the call that answered.
 *
 * @since 0.1.0
 * @category models
 */
export interface DispatchObserver {
  readonly begun?: (dispatch: Dispatch) => void
  readonly ended: (
    dispatch: Dispatch,
    reached: Call | undefined,
    exit: Exit.Exit<unknown, unknown>,
    now: number,
    context: Context.Context<never>
  ) => void
}

/**
 * @since 0.1.0
 * @category models
 */
export type Handler<A, E = VendorError> = (call: Call) => Effect.Effect<A, E>

/**
 * A policy that may fail with `EOut` where what it wraps fails with `EIn`.
 *
 * @since 0.1.0
 * @category models
 */
export type Policy<EIn, EOut> = <A>(next: Handler<A, EIn>) => Handler<A, EOut>

/**
 * Looks at a dispatch before it is routed: may wait, may refuse it; what it holds it gives back when the dispatch's
 * Scope closes.
 *
 * @since 0.1.0
 * @category models
 */
export type Admission = (dispatch: Dispatch) => Effect.Effect<void, DispatchError>

/**
 * Changes a request before it is routed.
 *
 * @since 0.1.0
 * @category models
 */
export type Preparation = (request: Request) => Effect.Effect<Request, DispatchError>
