/**
 * Leaves a target alone for a while when it failed too often.
 *
 * @since 0.1.0
 */
import { Duration, Effect, Exit, Schedule, Scope } from "effect"
import { CircuitBreaker } from "effect/persistence"
import type { Handler } from "../Policy.ts"
import {
  type AttemptError,
  disposition,
  isVendorError,
  type Retryable,
  retryable,
  type Skipped
} from "../VendorError.ts"
import * as Attempt from "./Attempt.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Failures in a row that open the circuit. Default 5 (Finagle, Envoy). */
  readonly failures?: number | undefined
  /** How long it stays open the first time; each opening doubles it, with jitter. Default 15 s. */
  readonly openDuration?: Duration.Input | undefined
  /** The longest it stays open. Default 5 min. */
  readonly maxOpenDuration?: Duration.Input | undefined
}

/**
 * Makes the breaker that one dispatcher keeps, one circuit for each target.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  options?: Options
): Effect.Effect<CircuitBreaker.CircuitBreaker, never, Scope.Scope | CircuitBreaker.CircuitBreakerStore> =>
  CircuitBreaker.make({
    tripPolicy: CircuitBreaker.consecutive(options?.failures ?? 5),
    openDuration: Schedule.min([
      Schedule.exponential(options?.openDuration ?? "15 seconds"),
      Schedule.spaced(options?.maxOpenDuration ?? "5 minutes")
    ]).pipe(Schedule.jittered),
    maxOpenDuration: options?.maxOpenDuration ?? "5 minutes"
  })

const isProbe = (breaker: CircuitBreaker.CircuitBreaker, key: string) =>
  breaker.state(key).pipe(
    Effect.map((state) => state._tag === "HalfOpen"),
    Effect.orElseSucceed(() => false)
  )

/** A store that is away lets calls through (the breaker logs it); here only the circuit's own word counts. */
const rejection = (error: CircuitBreaker.CircuitBreakerError): Retryable<"CircuitOpen"> =>
  retryable({ _tag: "CircuitOpen" }, {
    retryAfter: error.reason._tag === "CircuitOpen" ? error.reason.retryAfter : undefined
  })

/**
 * Guards each target by its circuit. Only what tells of the target's health counts: a fault of the request is ignored,
 * a rate limit only fails a probe. A stream is judged when it ends, since one that begins well may still be cut; only as
 * a probe it closes the circuit when it begins.
 *
 * @since 0.1.0
 * @category policies
 */
export const circuit = (breaker: CircuitBreaker.CircuitBreaker) => {
  const judge = (key: string, exit: Exit.Exit<unknown, unknown>) => {
    if (Exit.isSuccess(exit)) return CircuitBreaker.success
    const error = Exit.findErrorOption(exit)
    if (error._tag === "None" || !isVendorError(error.value)) return CircuitBreaker.ignored
    const failed = CircuitBreaker.failure({
      retryAfter: error.value._tag === "RetryableError" ? error.value.retryAfter : undefined
    })
    switch (disposition(error.value).health) {
      case "failure":
        return failed
      case "capacity":
        return Effect.map(isProbe(breaker, key), (probe) => probe ? failed : CircuitBreaker.ignored)
      case "ignored":
        return CircuitBreaker.ignored
    }
  }
  const report = (key: string) => (exit: Exit.Exit<unknown, unknown>) =>
    Exit.hasInterrupts(exit)
      ? Effect.void
      : Effect.ignore(breaker.execute(exit as Exit.Exit<unknown, AttemptError>, {
        key,
        classify: (exit) => judge(key, exit)
      }))
  return <A>(next: Handler<A, AttemptError>): Handler<A, AttemptError | Skipped> => (call) => {
    const key = call.candidate.target.id
    const answer = call.operation === "send"
      ? next(call)
      : Effect.tap(next(call), () => Scope.addFinalizerExit(call.scope, report(key)))
    return breaker.execute(answer, {
      key,
      classify: (exit) =>
        Exit.isSuccess(exit) && call.operation === "stream"
          ? Effect.map(isProbe(breaker, key), (probe) => probe ? CircuitBreaker.success : CircuitBreaker.ignored)
          : judge(key, exit)
    }).pipe(
      Effect.catchTag("CircuitBreakerError", (error) => Attempt.skip(call, rejection(error)))
    )
  }
}
