/**
 * Leaves a target alone for a while when it failed too often.
 *
 * @since 0.1.0
 */
import { Clock, type Duration, Effect, Exit, Layer, Schedule, Scope } from "effect"
import { CircuitBreaker } from "effect/persistence"
import type { Call, Candidate, Handler } from "../Policy.ts"
import type { Vendor } from "../Vendor.ts"
import { type AttemptError, disposition, ofExit, type Retryable, retryable, type Skipped } from "../VendorError.ts"
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

/** Outcomes over which the share of failures is looked at: 20, of which half open the circuit (Envoy, Finagle). */
const window = 20

/** The last outcomes of one target. */
class Outcomes {
  private readonly failed: Array<boolean> = []
  private next = 0
  private failures = 0

  add(failed: boolean): void {
    if (this.failed[this.next] === true) this.failures -= 1
    if (failed) this.failures += 1
    this.failed[this.next] = failed
    this.next = (this.next + 1) % window
  }

  clear(): void {
    this.failed.length = 0
    this.next = 0
    this.failures = 0
  }

  isHalfFailed(): boolean {
    return this.failed.length >= window && this.failures * 2 >= window
  }
}

/** The breaker of one vendor, a circuit for each of its targets, and what it does not count itself. */
interface Guard {
  readonly breaker: CircuitBreaker.CircuitBreaker
  readonly outcomes: Map<string, Outcomes>
  /** The targets that failed since their last success. Of any other the breaker knows nothing, and need not be asked. */
  readonly troubled: Set<string>
  /** When all were passed over and the target was called all the same, in epoch milliseconds. */
  readonly panicked: Map<string, number>
}

/** A circuit that nobody asks is forgotten: twice the longest that it stays open by default. */
const forgottenAfter = "10 minutes"

/** Targets of one vendor whose outcomes are kept; callers may make up any number of names. */
const mostOutcomes = 10_000

const makeGuard = (options: Options | undefined): Effect.Effect<Guard> =>
  CircuitBreaker.make({
    tripPolicy: CircuitBreaker.consecutive(options?.failures ?? 5),
    openDuration: Schedule.min([
      Schedule.exponential(options?.openDuration ?? "15 seconds"),
      Schedule.spaced(options?.maxOpenDuration ?? "5 minutes")
    ]).pipe(Schedule.jittered),
    maxOpenDuration: options?.maxOpenDuration ?? "5 minutes"
  }).pipe(
    Effect.provide(Layer.fresh(CircuitBreaker.layerStoreMemory({ idleTimeToLive: forgottenAfter }))),
    // Nobody listens to its transitions, which are all that the Scope would end.
    Scope.provide(Scope.makeUnsafe()),
    Effect.map((breaker) => ({ breaker, outcomes: new Map(), troubled: new Set(), panicked: new Map() }))
  )

/**
 * The circuits of all targets: `circuit` guards a target, `recheck` passes over one whose circuit opened while a retry
 * of it waited, `state` tells how it stands.
 *
 * @since 0.1.0
 * @category models
 */
export interface Circuit {
  readonly circuit: <A>(next: Handler<A, AttemptError | Skipped>) => Handler<A, AttemptError | Skipped>
  readonly recheck: <A>(next: Handler<A, AttemptError | Skipped>) => Handler<A, AttemptError | Skipped>
  readonly state: (candidate: Candidate) => Effect.Effect<CircuitBreaker.State["_tag"]>
}

const isProbe = (breaker: CircuitBreaker.CircuitBreaker, key: string) =>
  breaker.state(key).pipe(
    Effect.map((state) => state._tag === "HalfOpen"),
    Effect.orElseSucceed(() => false)
  )

const isClosed = (breaker: CircuitBreaker.CircuitBreaker, key: string) =>
  breaker.state(key).pipe(
    Effect.map((state) => state._tag === "Closed"),
    Effect.orElseSucceed(() => false)
  )

/** A store that is away lets calls through (the breaker logs it); here only the circuit's own word counts. */
const rejection = (error: CircuitBreaker.CircuitBreakerError): Retryable<"CircuitOpen"> =>
  retryable({ _tag: "CircuitOpen" }, {
    retryAfter: error.reason._tag === "CircuitOpen" ? error.reason.retryAfter : undefined
  })

/** How often the last target of a route is called while all of them are left alone. */
const panicInterval = 1_000

/**
 * Makes the circuits of one dispatcher. Only what tells of the target's health counts: a fault of the request is ignored,
 * a rate limit only fails a probe. A stream is judged when it ends, since one that begins well may still be cut; only as
 * a probe it closes the circuit when it begins.
 *
 * It opens after so many failures in a row, or when half of the last 20 calls failed: from then on a success no longer
 * ends a row. Where all targets of a route are left alone, the last of them still gets a call a second.
 *
 * What was learned is the vendor's own instance's: where another takes its name, its circuits begin closed.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options?: Options): Circuit => {
  const guards = new WeakMap<Vendor, Guard>()
  const withGuard = <A, E>(vendor: Vendor, use: (guard: Guard) => Effect.Effect<A, E>): Effect.Effect<A, E> => {
    const known = guards.get(vendor)
    if (known !== undefined) return use(known)
    return Effect.flatMap(makeGuard(options), (made) => {
      const guard = guards.get(vendor) ?? made
      guards.set(vendor, guard)
      return use(guard)
    })
  }
  return {
    circuit: (next) => (call) => withGuard(call.candidate.vendor, (guard) => guarded(guard, call, next)),
    recheck: (next) => (call) => withGuard(call.candidate.vendor, (guard) => rechecked(guard, call, next)),
    state: ({ target, vendor }) =>
      withGuard(vendor, ({ breaker }) =>
        breaker.state(target.id).pipe(
          Effect.map(({ _tag }) => _tag),
          Effect.orElseSucceed(() => "Closed" as const)
        ))
  }
}

// -----------------------------------------------------------------------------
// What came of a call
// -----------------------------------------------------------------------------

type Fate = Exit.Exit<unknown, unknown>

const outcomesOf = ({ outcomes }: Guard, key: string): Outcomes => {
  let known = outcomes.get(key)
  if (known === undefined) {
    if (outcomes.size >= mostOutcomes) outcomes.clear()
    outcomes.set(key, known = new Outcomes())
  }
  return known
}

const isTroubled = ({ troubled }: Guard, key: string): boolean => troubled.has(key) || troubled.size >= mostOutcomes

const isFailed = (exit: Fate): boolean => {
  const error = ofExit(exit)
  return error !== undefined && disposition(error).health === "failure"
}

const succeeded = (guard: Guard, key: string) => {
  const known = outcomesOf(guard, key)
  known.add(false)
  if (!known.isHalfFailed()) return CircuitBreaker.success
  return Effect.map(isProbe(guard.breaker, key), (probe) => {
    if (probe) known.clear()
    return probe ? CircuitBreaker.success : CircuitBreaker.ignored
  })
}

const judge = (guard: Guard, key: string, exit: Fate) => {
  if (Exit.isSuccess(exit)) return succeeded(guard, key)
  const error = ofExit(exit)
  if (error === undefined) return CircuitBreaker.ignored
  const failed = CircuitBreaker.failure({
    retryAfter: error._tag === "RetryableError" ? error.retryAfter : undefined
  })
  switch (disposition(error).health) {
    case "failure":
      guard.troubled.add(key)
      outcomesOf(guard, key).add(true)
      return failed
    case "capacity":
      return Effect.map(isProbe(guard.breaker, key), (probe) => probe ? failed : CircuitBreaker.ignored)
    case "ignored":
      return CircuitBreaker.ignored
  }
}

const report = (guard: Guard, key: string, exit: Fate): Effect.Effect<void> =>
  Exit.hasInterrupts(exit)
    ? Effect.void
    : Effect.ignore(guard.breaker.execute(exit as Exit.Exit<unknown, AttemptError | Skipped>, {
      key,
      classify: (exit) => judge(guard, key, exit)
    })).pipe(Effect.andThen(recovered(guard, key, exit)))

/** After a success nothing is held against a target whose circuit is closed. */
const recovered = (guard: Guard, key: string, exit: Fate): Effect.Effect<void> =>
  Exit.isFailure(exit) || outcomesOf(guard, key).isHalfFailed()
    ? Effect.void
    : Effect.map(isClosed(guard.breaker, key), (closed) => {
      if (closed) guard.troubled.delete(key)
    })

/** What came of a call that was let through unasked; where the circuit has opened since, it is old news. */
const tell = (guard: Guard, key: string, exit: Fate): Effect.Effect<void> | undefined => {
  if (Exit.isFailure(exit)) {
    if (!isFailed(exit)) return undefined
    guard.troubled.add(key)
  } else if (!isTroubled(guard, key)) {
    outcomesOf(guard, key).add(false)
    return undefined
  }
  return Effect.flatMap(
    isClosed(guard.breaker, key),
    (closed) => closed ? report(guard, key, exit) : Effect.void
  )
}

// -----------------------------------------------------------------------------
// Calls
// -----------------------------------------------------------------------------

const guarded = <A>(
  guard: Guard,
  call: Call,
  next: Handler<A, AttemptError | Skipped>
): Effect.Effect<A, AttemptError | Skipped> =>
  Effect.suspend(() => {
    const key = call.candidate.target.id
    if (isTroubled(guard, key)) return watched(guard, key, call, next)
    return Effect.onExitPrimitive(next(call), (exit) =>
      call.operation === "stream" && Exit.isSuccess(exit)
        ? Scope.addFinalizerExit(call.scope, (exit) => tell(guard, key, exit) ?? Effect.void)
        : tell(guard, key, exit))
  })

/** The breaker is asked, and told what came of it. */
const watched = <A>(
  guard: Guard,
  key: string,
  call: Call,
  next: Handler<A, AttemptError | Skipped>
): Effect.Effect<A, AttemptError | Skipped> => {
  const { breaker } = guard
  const isStream = call.operation === "stream"
  const answer = isStream
    ? Effect.tap(next(call), () => Scope.addFinalizerExit(call.scope, (exit) => report(guard, key, exit)))
    : next(call)
  return breaker.execute(answer, {
    key,
    classify: (exit) =>
      Exit.isSuccess(exit) && isStream
        ? Effect.map(isProbe(breaker, key), (probe) => probe ? CircuitBreaker.success : CircuitBreaker.ignored)
        : judge(guard, key, exit)
  }).pipe(
    Effect.tap(() => isStream ? Effect.void : recovered(guard, key, Exit.void)),
    Effect.catchTag("CircuitBreakerError", (error) =>
      Effect.flatMap(
        isPanic(guard, call, key),
        (panic): Effect.Effect<A, AttemptError | Skipped> =>
          panic ? next({ ...call, isSingle: true }) : Attempt.skip(call, rejection(error))
      ))
  )
}

/** The last of several targets that were all passed over, at most once in an interval. */
const isPanic = ({ panicked }: Guard, { journal, untried }: Call, key: string): Effect.Effect<boolean> =>
  untried > 0 || journal.calls > 0 || journal.attempts.length === 0
    ? Effect.succeed(false)
    : Effect.map(Clock.currentTimeMillis, (now) => {
      if (now - (panicked.get(key) ?? -Infinity) < panicInterval) return false
      panicked.set(key, now)
      return true
    })

const rechecked = <A>(
  { breaker }: Guard,
  call: Call,
  next: Handler<A, AttemptError | Skipped>
): Effect.Effect<A, AttemptError | Skipped> =>
  Effect.suspend(() => {
    const { id } = call.candidate.target
    const isRetry = call.journal.attempts.some(({ outcome, target }) => target === id && outcome === "failed")
    if (!isRetry) return next(call)
    return breaker.state(id).pipe(
      Effect.map((state) => state._tag === "Open"),
      Effect.orElseSucceed(() => false),
      Effect.flatMap((isOpen): Effect.Effect<A, AttemptError | Skipped> =>
        isOpen ? Attempt.skip(call, retryable({ _tag: "CircuitOpen" })) : next(call)
      )
    )
  })
