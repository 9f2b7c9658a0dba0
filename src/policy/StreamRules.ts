/**
 * The rules of a stream that has begun: no gap longer than the idle limit, no end without the terminal event and
 * exactly one of it, the account closed with it, the upstream aborted when it breaks or the caller goes.
 *
 * @since 0.1.0
 */
import { Array as Arr, Cause, Clock, Effect, Exit, Pull } from "effect"
import type { Call } from "../Policy.ts"
import type { StreamPart } from "../Response.ts"
import { type AttemptError, type DispatchError, type Retryable, retryable, withContext } from "../VendorError.ts"
import { type Committed, interrupted, serverFault } from "../wire/Commit.ts"
import * as Account from "./Account.ts"
import { type Limits, timedOut } from "./Timeout.ts"

/** How long a vendor that has finished is given to end its body, so that its connection can be used again. */
const drainLimit = 50

type LiveError = AttemptError | Retryable<"DeadlineExceeded">

type Parts = Arr.NonEmptyReadonlyArray<StreamPart>

/** Whichever limit of idle, attempt and deadline ends first, and the error it means. */
const limit = (call: Call, limits: Limits, waited: number, now: number) => {
  const total = limits.total - waited
  const deadline = call.deadline - now
  const wait = Math.min(limits.idle, total, deadline)
  const error = (): LiveError =>
    deadline <= 0 || wait === deadline
      ? retryable({ _tag: "DeadlineExceeded", after: call.deadline - call.journal.startedAt })
      : wait === total
      ? timedOut("total", limits.total)
      : timedOut("idle", limits.idle)
  return { wait: Math.max(wait, 0), error }
}

/**
 * The rest of the stream's life as a pull: the parts held back, what follows, and last the `finish` part carrying the
 * summary.
 *
 * `close` ends the dispatch with the stream's fate; it is called once, before the last part or the error is passed on.
 *
 * @since 0.1.0
 * @category combinators
 */
export const live = (
  call: Call,
  committed: Committed,
  limits: Limits,
  close: (exit: Exit.Exit<unknown, unknown>) => Effect.Effect<void>
): Pull.Pull<Parts, DispatchError> => {
  let state: "head" | "rest" | "finish" | "done" = "head"
  let finish: StreamPart | undefined
  /** Time spent waiting for the vendor; the caller's own pauses are not the vendor's. */
  let waited = call.observed.timeToFirstPart ?? 0
  let waitingSince: number | undefined

  /** Parts up to the terminal one; that is kept for the pull after. */
  const take = (parts: ReadonlyArray<StreamPart>): Pull.Pull<Parts, LiveError> => {
    for (let index = 0; index < parts.length; index++) {
      const part = parts[index]!
      if (part.type === "error") return Effect.fail(serverFault())
      if (part.type !== "finish" && part.type !== "response-metadata") continue
      Account.observe(call.observed, part)
      if (part.type === "response-metadata") continue
      finish = part
      state = "finish"
      const before = parts.slice(0, index)
      return Arr.isReadonlyArrayNonEmpty(before) ? Effect.succeed(before) : conclude
    }
    return Arr.isReadonlyArrayNonEmpty(parts) ? Effect.succeed(parts) : pull
  }

  const conclude: Pull.Pull<Parts, never> = Effect.gen(function*() {
    yield* Effect.ignoreCause(Effect.timeoutOption(committed.rest, drainLimit))
    const now = yield* Clock.currentTimeMillis
    state = "done"
    yield* close(Exit.void)
    const summary = Account.summarise(call, committed.losses, now)
    return [{ ...finish!, metadata: { ...finish!.metadata, llmdispatcher: summary as any } } as StreamPart]
  })

  // Raced second, so that it starts only where the next parts are not there already.
  const expiry: Effect.Effect<never, LiveError> = Effect.flatMap(Clock.currentTimeMillis, (now) => {
    waitingSince = now
    const { error, wait } = limit(call, limits, waited, now)
    return wait === Infinity
      ? Effect.never
      : Effect.flatMap(Effect.sleep(wait), () => Effect.fail(error()))
  })
  const next: Effect.Effect<Parts, LiveError> = Effect.raceFirst(
    Pull.catchDone(committed.rest, () => Effect.fail(interrupted())),
    expiry
  )

  const arrived = (parts: Parts): Pull.Pull<Parts, LiveError> =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      waited += now - waitingSince!
      waitingSince = undefined
      return take(parts)
    })

  const pull: Pull.Pull<Parts, LiveError> = Effect.suspend(() => {
    switch (state) {
      case "head":
        state = "rest"
        return take(committed.head)
      case "rest":
        return Effect.flatMap(next, (parts) => waitingSince === undefined ? take(parts) : arrived(parts))
      case "finish":
        return conclude
      case "done":
        return Cause.done()
    }
  })

  const target = { vendor: call.candidate.vendor.name, target: call.candidate.target.id }
  return Effect.catchIf(pull, (error) => !Cause.isDone(error), (error) => {
    state = "done"
    const placed = error.reason._tag === "DeadlineExceeded" ? error : withContext(error, target)
    return Effect.andThen(
      close(Exit.fail(placed)),
      Effect.suspend(() => Effect.fail(withContext(placed, { attempts: call.journal.attempts })))
    )
  }) as Pull.Pull<Parts, DispatchError>
}
