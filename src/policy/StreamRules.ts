/**
 * The rules of a stream that has begun: no gap longer than the idle limit, no end without the terminal event and
 * exactly one of it, the account closed with it, the upstream aborted when it breaks or the caller goes.
 *
 * @since 0.1.0
 */
import { Array as Arr, Cause, Clock, Effect, Exit, Pull, Scope } from "effect"
import type { Call } from "../Policy.ts"
import type { StreamPart } from "../Response.ts"
import { type AttemptError, type DispatchError, type Retryable, retryable, withContext } from "../VendorError.ts"
import { type Committed, interrupted, serverFault } from "../wire/Commit.ts"
import * as Account from "./Account.ts"
import { type Limits, timedOut } from "./Timeout.ts"
import * as Watch from "./Watch.ts"

/** How long a vendor that has finished is given to end its body, so that its connection can be used again. */
const drainLimit = 50

type LiveError = AttemptError | Retryable<"DeadlineExceeded">

type Parts = Arr.NonEmptyReadonlyArray<StreamPart>

/** Whichever limit of idle, attempt and deadline ends first, and the error it means. */
const limit = (call: Call, limits: Limits, waited: number, now: number): Watch.Limit<LiveError> => {
  const total = now + limits.total - waited
  const at = Math.min(now + limits.idle, total, call.deadline)
  return {
    at,
    error: () =>
      at === call.deadline
        ? retryable({ _tag: "DeadlineExceeded", after: call.deadline - call.journal.startedAt })
        : at === total
        ? timedOut("total", limits.total)
        : timedOut("idle", limits.idle)
  }
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

  // Time spent waiting for the vendor; the caller's own pauses are not the vendor's.
  const watch: Watch.Watch<LiveError> = new Watch.Watch((now) =>
    limit(call, limits, (call.observed.timeToFirstPart ?? 0) + watch.waited, now)
  )
  const unwatched = Effect.sync(() => watch.stop())
  const rest = Pull.catchDone(committed.rest, () => Effect.fail(interrupted()))
  const next = Effect.withFiber<Parts, LiveError>((fiber) => watch.over(fiber, rest))

  const arrived = (parts: Parts): Pull.Pull<Parts, LiveError> => {
    call.received?.(parts, watch.last)
    return take(parts)
  }

  const pull: Pull.Pull<Parts, LiveError> = Effect.suspend(() => {
    switch (state) {
      case "head":
        state = "rest"
        return Effect.andThen(Scope.addFinalizer(call.scope, unwatched), take(committed.head))
      case "rest":
        return Effect.flatMap(next, arrived)
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
