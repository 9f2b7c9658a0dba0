/**
 * One attempt: a Scope of its own that closes when it fails, a line in the journal, and word of it to who listens.
 *
 * @since 0.1.0
 */
import { Clock, Context, Duration, Effect, Exit, type Fiber, Scope } from "effect"
import type { AttemptObserver, Call, Handler, Progress } from "../Policy.ts"
import type { Attempt } from "../Response.ts"
import type { Occasion } from "../stats/Record.ts"
import {
  type AttemptError,
  ofExit,
  type Retryable,
  type Skipped,
  type VendorError,
  withContext
} from "../VendorError.ts"
import { Watch } from "../wire/Watch.ts"
import { timedOut } from "./Timeout.ts"

type Listener = (attempt: Attempt) => Effect.Effect<void>

const silent: Listener = () => Effect.void

/**
 * Is told of each attempt as it fails, is skipped, or begins to answer; by default nobody listens.
 *
 * @since 0.1.0
 * @category references
 */
export const CurrentListener = Context.Reference<Listener>(
  "llmdispatcher/policy/Attempt/CurrentListener",
  { defaultValue: () => silent }
)

/**
 * Writes a line of the journal for this call.
 *
 * @since 0.1.0
 * @category constructors
 */
export const record = (
  call: Call,
  startedAt: number,
  now: number,
  outcome: Attempt["outcome"],
  error?: VendorError
): Attempt => ({
  number: call.journal.attempts.length + 1,
  vendor: call.candidate.vendor.name,
  target: call.candidate.target.id,
  model: call.candidate.target.model,
  outcome,
  ...(error === undefined ? undefined : reasonOf(error)),
  startedAfter: startedAt - call.journal.startedAt,
  ...(call.observed.timeToFirstPart === undefined ? undefined : { timeToFirstPart: call.observed.timeToFirstPart }),
  duration: now - startedAt,
  ...(call.observed.losses === undefined ? undefined : { losses: call.observed.losses })
})

const reasonOf = (error: VendorError): Partial<Attempt> => ({
  reason: error.reason._tag,
  message: error.message,
  ...(error.status === undefined ? undefined : { status: error.status }),
  ...(error._tag === "RetryableError" && error.retryAfter !== undefined
    ? { retryAfter: Duration.toMillis(error.retryAfter) }
    : undefined)
})

/**
 * Tells who listens of the journal's newest line.
 *
 * @since 0.1.0
 * @category combinators
 */
export const announce = (attempt: Attempt): Effect.Effect<void> =>
  Effect.flatMap(CurrentListener, (listener) => listener(attempt))

/**
 * Passes over the call's target: its line says why, and no call is counted.
 *
 * @since 0.1.0
 * @category combinators
 */
export const skip = (call: Call, error: Skipped): Effect.Effect<never, Skipped> =>
  Effect.flatMap(Clock.currentTimeMillis, (now) => {
    const line = record(call, now, now, "skipped", error)
    call.journal.attempts.push(line)
    return Effect.andThen(announce(line), Effect.fail(error))
  })

const occasionOf = ({ candidate, journal: { attempts }, resumed }: Call): Occasion => {
  let last: string | undefined
  for (const { duration, outcome, target } of attempts) {
    if (outcome === "skipped") continue
    // One that is still under way has taken no time yet.
    if (outcome === "interrupted" && duration === 0) return "hedge"
    last = target
  }
  if (last === undefined) return "first"
  if (resumed !== undefined) return "resume"
  return last === candidate.target.id ? "retry" : "fallback"
}

type LimitPassed = Retryable<"TimedOut" | "DeadlineExceeded">

/** Whoever waits says for how long. */
const unlimited = () => ({ at: Infinity, error: () => timedOut("total", Infinity) })

/** An attempt while it runs. */
class Running implements Progress {
  readonly call: Call
  readonly startedAt: number
  readonly context: Context.Context<never>
  isAnswered = false
  private readonly index: number
  private readonly clock: Clock.Clock
  private readonly listener: Listener
  private readonly outer: Call
  private readonly observers: ReadonlyArray<AttemptObserver>

  constructor(outer: Call, fiber: Fiber.Fiber<unknown, unknown>, observers: ReadonlyArray<AttemptObserver>) {
    const { journal } = outer
    this.outer = outer
    this.context = fiber.context
    this.clock = fiber.getRef(Clock.Clock)
    this.listener = fiber.getRef(CurrentListener)
    this.startedAt = this.clock.currentTimeMillisUnsafe()
    this.index = journal.attempts.length
    const number = this.index + 1
    this.call = {
      ...outer,
      // Of nobody: what is left in it is over with the attempt, and the candidate's own hears of a stream below.
      scope: Scope.makeUnsafe(),
      observed: { attempt: number },
      watch: outer.operation === "send" ? undefined : new Watch<LimitPassed>(unlimited),
      received: outer.operation === "send" ? undefined : (parts, waited) => {
        for (const { received } of observers) received?.(this, parts, waited)
      }
    }
    journal.occasions.set(number, occasionOf(outer))
    journal.calls += 1
    // Its place is taken now: another attempt may begin before this one ends.
    journal.attempts.push(record(this.call, this.startedAt, this.startedAt, "interrupted"))
    this.observers = observers
    for (const { begun } of observers) begun?.(this)
  }

  /** The answer came whole, or begins: then its Scope lives on, and tells what comes of it. */
  answered(exit: Exit.Exit<unknown, unknown>): Effect.Effect<void> | undefined {
    const { call, outer } = this
    const now = this.clock.currentTimeMillisUnsafe()
    this.isAnswered = true
    // Policies around the attempt keep within what the vendor told.
    if (call.observed.limits !== undefined) outer.observed.limits = call.observed.limits
    for (const { answered } of this.observers) answered?.(this, now)
    if (call.operation === "send") return this.ended(exit, now)
    const told = this.announced(this.write("answered", now))
    const kept = Scope.addFinalizerExit(outer.scope, (exit) => {
      this.close(exit, this.clock.currentTimeMillisUnsafe())
      return Scope.closeUnsafe(call.scope, exit) ?? Effect.void
    })
    return told === undefined ? kept : Effect.andThen(kept, told)
  }

  failed(exit: Exit.Exit<unknown, unknown>): Effect.Effect<void> | undefined {
    return this.ended(exit, this.clock.currentTimeMillisUnsafe())
  }

  private ended(exit: Exit.Exit<unknown, unknown>, now: number): Effect.Effect<void> | undefined {
    const told = this.announced(this.close(exit, now))
    const closed = Scope.closeUnsafe(this.call.scope, exit)
    return told === undefined ? closed : closed === undefined ? told : Effect.andThen(told, closed)
  }

  /** Tells all who observe, and writes what came of it. */
  private close(exit: Exit.Exit<unknown, unknown>, now: number): Attempt {
    const { call, index } = this
    call.watch?.stop()
    // Also what a broken answer took: vendors bill it.
    if (call.observed.usage !== undefined) {
      call.journal.usages.push({ target: call.candidate.target, usage: call.observed.usage, attempt: index + 1 })
    }
    for (const { ended } of this.observers) ended?.(this, exit, now)
    if (Exit.isSuccess(exit)) return this.write("answered", now)
    const error = ofExit(exit)
    return error === undefined ? this.write("interrupted", now) : this.write("failed", now, error)
  }

  private write(outcome: Attempt["outcome"], now: number, error?: VendorError): Attempt {
    const line = { ...record(this.call, this.startedAt, now, outcome, error), number: this.index + 1 }
    this.call.journal.attempts[this.index] = line
    return line
  }

  private announced(line: Attempt): Effect.Effect<void> | undefined {
    return this.listener === silent ? undefined : this.listener(line)
  }
}

/**
 * Makes the attempt: counts it, gives it a Scope, tells who observes, and when it ends early closes that and writes why.
 *
 * A stream's line is written when it begins to answer and rewritten when its Scope closes, with what came of it.
 *
 * @since 0.1.0
 * @category policies
 */
export const attempt =
  (observers: ReadonlyArray<AttemptObserver>) =>
  <A>(next: Handler<A, AttemptError>): Handler<A, AttemptError> =>
  (outer) =>
    Effect.suspend(() => {
      const target = { vendor: outer.candidate.vendor.name, target: outer.candidate.target.id }
      // Told before the first step of the attempt: an interruption may come between any two of them.
      let running: Running | undefined
      return Effect.onExitPrimitive(
        Effect.mapError(
          Effect.withFiber((fiber) => {
            running = new Running(outer, fiber, observers)
            return next(running.call)
          }),
          (error) => withContext(error, target)
        ),
        (exit) => Exit.isSuccess(exit) ? running?.answered(exit) : running?.failed(exit)
      )
    })
