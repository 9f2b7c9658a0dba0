/**
 * The limits of one attempt in time.
 *
 * @since 0.1.0
 */
import { Clock, Duration, Effect } from "effect"
import type { Call, Handler } from "../Policy.ts"
import { type AttemptError, type Retryable, retryable } from "../VendorError.ts"
import * as Watch from "./Watch.ts"

/**
 * The limits as a user writes them.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Until the vendor has accepted a stream's request. Default 30 s. */
  readonly connect?: Duration.Input | undefined
  /** From then until the first meaningful part. Default 2 min: a reasoning model thinks before it speaks. */
  readonly firstPart?: Duration.Input | undefined
  /** Between two parts. Default 60 s. */
  readonly idle?: Duration.Input | undefined
  /** The whole attempt, a stream's to its end. Default 10 min (the official SDKs' number). */
  readonly total?: Duration.Input | undefined
}

/**
 * The same in milliseconds.
 *
 * @since 0.1.0
 * @category models
 */
export interface Limits {
  readonly connect: number
  readonly firstPart: number
  readonly idle: number
  readonly total: number
}

/**
 * @since 0.1.0
 * @category constructors
 */
export const limits = (options?: Options): Limits => ({
  connect: Duration.toMillis(Duration.fromInputUnsafe(options?.connect ?? "30 seconds")),
  firstPart: Duration.toMillis(Duration.fromInputUnsafe(options?.firstPart ?? "2 minutes")),
  idle: Duration.toMillis(Duration.fromInputUnsafe(options?.idle ?? "60 seconds")),
  total: Duration.toMillis(Duration.fromInputUnsafe(options?.total ?? "10 minutes"))
})

/**
 * @since 0.1.0
 * @category constructors
 */
export const timedOut = (phase: keyof Limits, after: number): Retryable<"TimedOut"> =>
  retryable({ _tag: "TimedOut", phase, after })

/**
 * The limit of a stream's beginning, and no more than this candidate's share of the time that is left: a vendor that says
 * nothing must not take the time in which others would have answered.
 *
 * @since 0.1.0
 * @category combinators
 */
export const sharing = (
  limits: Limits,
  phase: "connect" | "firstPart",
  { deadline, untried }: Call,
  now: number
): Watch.Limit<Retryable<"TimedOut">> => {
  const share = untried === 0 ? Infinity : Math.max(0, deadline - now) / (Math.min(untried, mostOthers) + 1)
  const after = Math.min(limits[phase], share)
  return { at: now + after, error: () => timedOut(phase, after) }
}

/** Candidates for whom time is kept: a dispatch makes three calls where nothing else is said. */
const mostOthers = 2

/**
 * Bounds the attempt: a whole answer entirely, a stream until it begins.
 *
 * Where the dispatch's deadline comes first, that alone bounds it.
 *
 * @since 0.1.0
 * @category policies
 */
export const timeout = (limits: Limits) => <A>(next: Handler<A, AttemptError>): Handler<A, AttemptError> => (call) =>
  Effect.withFiber((fiber) =>
    fiber.getRef(Clock.Clock).currentTimeMillisUnsafe() + limits.total >= call.deadline
      ? next(call)
      : Watch.within(next(call), (now) => ({
        at: now + limits.total,
        error: () => timedOut("total", limits.total)
      }))
  )
