/**
 * The rules of a stream that has begun: no gap longer than the idle limit, no end without the terminal event and
 * exactly one of it, the account closed with it, the upstream aborted when it breaks or the caller goes.
 *
 * @since 0.1.0
 */
import { Array as Arr, Cause, Clock, Effect, Exit, type Fiber, type Pull } from "effect"
import type { Call } from "../Policy.ts"
import type { StreamPart } from "../Response.ts"
import { type AttemptError, type DispatchError, type Retryable, retryable, withContext } from "../VendorError.ts"
import { type Committed, interrupted, serverFault } from "../wire/Commit.ts"
import * as Account from "./Account.ts"
import { type Limits, timedOut } from "./Timeout.ts"
import { type Limit, Watch } from "../wire/Watch.ts"

/** How long a vendor that has finished is given to end its body, so that its connection can be used again. */
const drainLimit = 50

type LiveError = AttemptError | Retryable<"TimedOut" | "DeadlineExceeded">

type Parts = Arr.NonEmptyReadonlyArray<StreamPart>

/** Whichever limit of idle, attempt and deadline ends first, and the error it means. */
const limit = (call: Call, limits: Limits, waited: number, now: number): Limit<LiveError> => {
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

  const { context, cut, rest } = committed
  const watch = call.watch ?? new Watch<LiveError>(() => limit(call, limits, 0, Infinity))
  // Time spent waiting for the vendor; the caller's own pauses are not the vendor's.
  const before = watch.waited
  const begun = call.observed.timeToFirstPart ?? 0
  watch.limit = (since) => limit(call, limits, begun + watch.waited - before, since)
  const wait = (fiber: Fiber.Fiber<unknown, unknown>): Pull.Pull<Parts, LiveError> =>
    cut === undefined ? watch.over(fiber, rest, context) : watch.cutting(fiber, rest, cut)
  const next = Effect.withFiber(wait)

  const drained = Effect.withFiber((fiber) => {
    watch.limit = (since) => ({ at: since + drainLimit, error: () => timedOut("idle", drainLimit) })
    return Effect.ignoreCause(wait(fiber))
  })
  const conclude: Pull.Pull<Parts, never> = Effect.flatMap(drained, () =>
    Effect.withFiber((fiber) => {
      const now = fiber.getRef(Clock.Clock).currentTimeMillisUnsafe()
      state = "done"
      return Effect.map(close(Exit.void), (): Parts => {
        const summary = Account.summarise(call, committed.losses, now)
        return [{ ...finish!, metadata: { ...finish!.metadata, llmdispatcher: summary as any } } as StreamPart]
      })
    }))

  const arrived = (parts: Parts): Pull.Pull<Parts, LiveError> => {
    // A vendor's stream that is cut may take what it has for whole; whoever waits in a fiber never hears of that.
    if (watch.expired !== undefined) return Effect.fail(watch.expired)
    call.received?.(parts, watch.last)
    return take(parts)
  }

  const pull: Pull.Pull<Parts, LiveError> = Effect.suspend(() => {
    switch (state) {
      case "head":
        state = "rest"
        return take(committed.head)
      case "rest":
        return Effect.flatMap(next, arrived)
      case "finish":
        return conclude
      case "done":
        return Cause.done()
    }
  })

  const target = { vendor: call.candidate.vendor.name, target: call.candidate.target.id }
  return Effect.catch(pull, (told): Pull.Pull<Parts, DispatchError> => {
    if (Cause.isDone(told) && state === "done") return Cause.done()
    state = "done"
    const error = watch.expired ?? (Cause.isDone(told) ? interrupted() : told)
    const placed = error.reason._tag === "DeadlineExceeded" ? error : withContext(error, target)
    return Effect.andThen(
      close(Exit.fail(placed)),
      Effect.suspend(() => Effect.fail(withContext(placed, { attempts: call.journal.attempts })))
    )
  })
}
