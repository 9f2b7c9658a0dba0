/**
 * A bounded queue in front of everything: so many dispatches under way, the others wait in the order of their priority,
 * and when even the queue is full the least important is turned away.
 *
 * @since 0.1.0
 */
import { Clock, Deferred, Duration, Effect, Exit, Scope } from "effect"
import { ConfigError } from "../config/ConfigError.ts"
import type { Admission, Dispatch } from "../Policy.ts"
import { type Retryable, retryable } from "../VendorError.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Dispatches under way at most, streams counted until they end; a whole number above 0. */
  readonly concurrency: number
  /** Dispatches waiting at most, 0 for none. Default 1,000. */
  readonly capacity?: number | undefined
  /** The longest wait; the request's deadline holds in any case. Default as long as the deadline. */
  readonly maxWait?: Duration.Input | undefined
}

type Refusal = Retryable<"Shed"> | Retryable<"DeadlineExceeded">

/** Somebody who waits; `turn` is done when it has a slot, or failed when it is turned away. */
interface Entry {
  readonly priority: number
  readonly turn: Deferred.Deferred<void, Refusal>
  state: "waiting" | "called" | "gone"
}

const highest = 10
const usual = 5

/** Bounds of what a caller who is turned away is told to wait, in milliseconds. */
const leastWait = 1_000
const mostWait = 60_000

/** A new holding time counts a tenth, so that the average follows the last ten or so. */
const newShare = 0.1

/**
 * Lets `concurrency` dispatches through at a time. Who waits goes by `request.priority` (0 to 10, default 5; higher
 * first) and then by age.
 *
 * Fails with `Shed` for who finds the queue full of more important ones, is the least important when somebody more
 * important comes, or waits longer than `maxWait`; with `DeadlineExceeded` for who waits until its deadline. A slot is
 * held until the dispatch's Scope closes. Strict priorities: while more important ones keep coming, others wait.
 *
 * Fails with `ConfigError` for numbers out of range.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fnUntraced(function*(options: Options): Effect.fn.Return<Admission, ConfigError> {
  const { capacity = 1_000, concurrency } = options
  const maxWait = Duration.toMillis(Duration.fromInputUnsafe(options.maxWait ?? Duration.infinity))
  if (!Number.isInteger(concurrency) || concurrency < 1) {
    return yield* new ConfigError({ path: "queue.concurrency", description: "must be a whole number above 0" })
  }
  if (!Number.isInteger(capacity) || capacity < 0) {
    return yield* new ConfigError({ path: "queue.capacity", description: "must be a whole number, 0 or more" })
  }

  // A Set keeps the order of arrival and lets go of anyone at once.
  const waiting = Array.from({ length: highest + 1 }, () => new Set<Entry>())
  let waitingCount = 0
  let underWay = 0
  /** How long a slot is held in the average, in milliseconds. */
  let holding: number | undefined

  const leave = (entry: Entry) => {
    if (entry.state === "waiting" && waiting[entry.priority]!.delete(entry)) waitingCount -= 1
    entry.state = "gone"
  }

  const mostImportant = (): Entry | undefined => {
    for (let priority = highest; priority >= 0; priority--) {
      for (const entry of waiting[priority]!) return entry
    }
    return undefined
  }

  /** Of the least important ones the youngest, so that age still counts; `undefined` where none is below `priority`. */
  const lessImportant = (priority: number): Entry | undefined => {
    const entries = waiting.find(({ size }) => size > 0)
    if (entries === undefined || waiting.indexOf(entries) >= priority) return undefined
    return Array.from(entries).pop()
  }

  const shed = (description: string): Retryable<"Shed"> => {
    const expected = holding === undefined ? leastWait : holding * (waitingCount + 1) / concurrency
    const retryAfter = Duration.millis(Math.ceil(Math.min(Math.max(expected, leastWait), mostWait)))
    return retryable({ _tag: "Shed", description }, { retryAfter })
  }

  const release = (startedAt: number) =>
    Effect.map(Clock.currentTimeMillis, (now) => {
      const held = now - startedAt
      holding = holding === undefined ? held : holding + (held - holding) * newShare
      handOn()
    })

  /** Gives the slot to who is next, or lays it back. */
  const handOn = () => {
    const entry = mostImportant()
    if (entry === undefined) {
      underWay -= 1
      return
    }
    leave(entry)
    entry.state = "called"
    Deferred.doneUnsafe(entry.turn, Exit.void)
  }

  const full = `${concurrency} requests are under way and ${capacity} are waiting`

  /** The newcomer's place, somebody less important turned away for it where need be. */
  const enqueue = (priority: number): Entry | undefined => {
    if (waitingCount >= capacity) {
      const last = lessImportant(priority)
      if (last === undefined) return undefined
      leave(last)
      Deferred.doneUnsafe(last.turn, Exit.fail(shed(full)))
    }
    const entry: Entry = { priority, turn: Deferred.makeUnsafe(), state: "waiting" }
    waiting[priority]!.add(entry)
    waitingCount += 1
    return entry
  }

  const turnOf = (dispatch: Dispatch, entry: Entry): Effect.Effect<void, Refusal> =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      const left = Math.max(0, dispatch.deadline - now)
      const turn = Deferred.await(entry.turn)
      if (left === Infinity && maxWait === Infinity) return turn
      return Effect.timeoutOrElse(turn, {
        duration: Math.min(left, maxWait),
        orElse: (): Effect.Effect<never, Refusal> =>
          Effect.fail(
            left <= maxWait
              ? retryable({ _tag: "DeadlineExceeded", after: dispatch.deadline - dispatch.journal.startedAt })
              : shed(`its turn did not come within ${Duration.format(Duration.millis(maxWait))}`)
          )
      })
    })

  const hold = (dispatch: Dispatch) =>
    Effect.flatMap(
      Clock.currentTimeMillis,
      (now) => Scope.addFinalizer(dispatch.scope, release(now))
    )

  return (dispatch) =>
    Effect.uninterruptibleMask((restore) => {
      if (underWay < concurrency) {
        underWay += 1
        return hold(dispatch)
      }
      const entry = enqueue(dispatch.request.priority ?? usual)
      if (entry === undefined) return Effect.fail(shed(full))
      return restore(turnOf(dispatch, entry)).pipe(
        Effect.onError(() =>
          Effect.sync(() => {
            // Its turn may have come in the same moment in which it went.
            if (entry.state === "called") handOn()
            else leave(entry)
          })
        ),
        Effect.andThen(hold(dispatch))
      )
    })
})
