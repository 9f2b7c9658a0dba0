/**
 * Limits the calls under way at one target: to a number, or to what the target is found to bear.
 *
 * @since 0.1.0
 */
import { Clock, Duration, Effect, Exit, Option, Scope, Semaphore } from "effect"
import { ConfigError } from "../config/ConfigError.ts"
import type { Call, Policy } from "../Policy.ts"
import { type AttemptError, ofExit, type Retryable, retryable, type Skipped } from "../VendorError.ts"
import * as AdaptiveLimit from "./AdaptiveLimit.ts"
import * as Attempt from "./Attempt.ts"
import * as Keyed from "../Keyed.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Calls under way at each target: a whole number above 0, or how to find it out. Default any number. */
  readonly limit?: number | AdaptiveLimit.Options | undefined
  /** The same for single targets, by their id. */
  readonly targets?: Readonly<Record<string, number | AdaptiveLimit.Options>> | undefined
  /** The longest wait for a slot where no other candidate is left. Default 10 s; never past half of the time left. */
  readonly maxWait?: Duration.Input | undefined
  /** Calls waiting for one target at most. Default 100. */
  readonly maxWaiting?: number | undefined
}

interface State {
  readonly semaphore: Semaphore.Semaphore
  /** How the limit is found out, where it is. */
  readonly adaptive: AdaptiveLimit.State | undefined
  permits: number
  inFlight: number
  waiting: number
  /** Epoch milliseconds. */
  usedAt: number
}

/** A limit that was found out is forgotten after so long without a call: 10 min. */
const forgetAfter = 600_000

const checked = (path: string, limit: number | AdaptiveLimit.Options): Effect.Effect<void, ConfigError> => {
  const numbers = typeof limit === "number" ? { "": limit } : { ".initial": limit.initial, ".min": limit.min }
  for (const [name, value] of Object.entries(numbers)) {
    if (value !== undefined && (!Number.isInteger(value) || value < 1)) {
      return Effect.fail(new ConfigError({ path: path + name, description: "must be a whole number above 0" }))
    }
  }
  if (typeof limit === "number") return Effect.void
  const { backoff = 0.5, max = 200, min = 1, tolerance = 1.2 } = limit
  if (max < min) return Effect.fail(new ConfigError({ path: `${path}.max`, description: "must not be below the min" }))
  if (!(backoff > 0 && backoff < 1)) {
    return Effect.fail(new ConfigError({ path: `${path}.backoff`, description: "must be above 0 and below 1" }))
  }
  return tolerance >= 1 && tolerance < 2
    ? Effect.void
    : Effect.fail(new ConfigError({ path: `${path}.tolerance`, description: "must be 1 or more and below 2" }))
}

/**
 * Takes a slot of the target for each call; a stream holds it until its Scope closes.
 *
 * A target whose slots are taken is passed over with `Busy`. Where it is the last candidate the call waits, first come
 * first served, and is `Busy` after `maxWait` or where `maxWaiting` others wait already.
 *
 * Where the limit is found out, rate limits, overload and timeouts lower it at once.
 *
 * Fails with `ConfigError` for numbers out of range.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fnUntraced(function*(
  options: Options
): Effect.fn.Return<Policy<AttemptError | Skipped, AttemptError | Skipped>, ConfigError> {
  const maxWait = Duration.toMillis(Duration.fromInputUnsafe(options.maxWait ?? "10 seconds"))
  const maxWaiting = options.maxWaiting ?? 100
  const single = new Map(Object.entries(options.targets ?? {}))
  if (options.limit !== undefined) yield* checked("concurrency.limit", options.limit)
  for (const [id, limit] of single) yield* checked(`concurrency.targets.${id}`, limit)

  const limitOf = (id: string) => single.get(id) ?? options.limit
  const states = Keyed.make<State>({
    make: (now, id) => {
      const limit = limitOf(id) ?? Infinity
      const adaptive = typeof limit === "number" ? undefined : AdaptiveLimit.make(limit)
      const permits = typeof limit === "number" ? limit : adaptive!.allowed
      return { semaphore: Semaphore.makeUnsafe(permits), adaptive, permits, inFlight: 0, waiting: 0, usedAt: now }
    },
    isIdle: ({ adaptive, inFlight, usedAt, waiting }, now) =>
      inFlight + waiting === 0 && (adaptive === undefined || now - usedAt >= forgetAfter)
  })

  const busy = ({ inFlight, permits }: State): Retryable<"Busy"> =>
    retryable({ _tag: "Busy", description: `${inFlight} calls are under way, ${permits} are allowed` })

  /** Counts the call, until the slot's Scope closes. */
  const count = (state: State, slot: Scope.Scope) => {
    state.inFlight += 1
    return Scope.addFinalizer(slot, Effect.sync(() => state.inFlight -= 1))
  }

  /** Whether a slot was there, without a wait; it is given back when the Scope closes. */
  const takeFree = (state: State, slot: Scope.Scope): Effect.Effect<boolean> =>
    Effect.uninterruptible(Effect.flatMap(state.semaphore.takeIfAvailable(1), (taken) =>
      taken
        ? Scope.addFinalizer(slot, state.semaphore.release(1)).pipe(
          Effect.andThen(Effect.suspend(() => count(state, slot))),
          Effect.as(true)
        )
        : Effect.succeed(false)))

  const takeWithin = (state: State, slot: Scope.Scope, wait: number): Effect.Effect<boolean> =>
    // Counted as an acquisition: an interruption may come between any two steps of a fiber.
    Effect.acquireUseRelease(
      Effect.sync(() => state.waiting += 1),
      () => Effect.timeoutOption(Scope.provide(state.semaphore.takeScoped(1), slot), wait),
      () => Effect.sync(() => state.waiting -= 1)
    ).pipe(
      Effect.flatMap((taken) =>
        Option.isSome(taken)
          ? Effect.as(Effect.uninterruptible(Effect.suspend(() => count(state, slot))), true)
          : Effect.succeed(false)
      )
    )

  const enter = (state: State, call: Call, slot: Scope.Scope, now: number): Effect.Effect<boolean> => {
    // Who waits already goes first.
    const free = state.waiting > 0 ? Effect.succeed(false) : takeFree(state, slot)
    return Effect.flatMap(free, (taken) => {
      if (taken) return Effect.succeed(true)
      const wait = call.untried > 0 ? 0 : Math.min(maxWait, (call.deadline - now) / 2)
      return wait > 0 && state.waiting < maxWaiting ? takeWithin(state, slot, wait) : Effect.succeed(false)
    })
  }

  const learn = (state: State, call: Call, exit: Exit.Exit<unknown, unknown>, startedAt: number) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      const { adaptive, inFlight } = state
      const outcome = outcomeOf(exit, now - startedAt)
      if (adaptive === undefined || outcome === undefined) return Effect.void
      const limit = limitOf(call.candidate.target.id) as AdaptiveLimit.Options
      AdaptiveLimit.observe(adaptive, { operation: call.operation, outcome, inFlight, startedAt, now }, limit)
      const permits = adaptive.allowed
      if (permits === state.permits) return Effect.void
      state.permits = permits
      return state.semaphore.resize(permits)
    })

  return (next) => (call) => {
    const { id } = call.candidate.target
    if (limitOf(id) === undefined) return next(call)
    return Effect.flatMap(Clock.currentTimeMillis, (now) => {
      const state = states.of(id, now)
      const slot = Scope.forkUnsafe(call.scope)
      const within = Effect.flatMap(Clock.currentTimeMillis, (startedAt) => {
        state.usedAt = startedAt
        return Effect.onExit(next(call), (exit) => learn(state, call, exit, startedAt))
      })
      return Effect.onExit(
        Effect.flatMap(enter(state, call, slot, now), (entered) => entered ? within : Attempt.skip(call, busy(state))),
        (exit) => Exit.isSuccess(exit) && call.operation === "stream" ? Effect.void : Scope.close(slot, exit)
      )
    })
  }
})

const full: ReadonlySet<string> = new Set(["RateLimited", "Overloaded", "TimedOut"])

/** What a call tells of the target's capacity; `undefined` where nothing. */
const outcomeOf = (exit: Exit.Exit<unknown, unknown>, latency: number): AdaptiveLimit.Sample["outcome"] | undefined => {
  if (Exit.isSuccess(exit)) return { latency }
  const error = ofExit(exit)
  return error !== undefined && full.has(error.reason._tag) ? "refused" : undefined
}
