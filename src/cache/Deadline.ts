/**
 * The time of a request on its way through the cache; it counts from when it was asked.
 *
 * @since 0.1.0
 */
import { Clock, Duration, Effect } from "effect"
import { Request } from "../Request.ts"
import { type Retryable, retryable } from "../VendorError.ts"
import type { Asked } from "./Hit.ts"

const late = ({ allowed }: Asked): Retryable<"DeadlineExceeded"> =>
  retryable({ _tag: "DeadlineExceeded", after: allowed }, { attempts: [] })

/**
 * The wait for another's call, which ends with one's own time.
 *
 * @since 0.1.0
 * @category combinators
 */
export const within = <A, E, R>(
  asked: Asked,
  effect: Effect.Effect<A, E, R>,
  onLate: () => void
): Effect.Effect<A, E | Retryable<"DeadlineExceeded">, R> =>
  asked.allowed === Infinity ? effect : Effect.flatMap(Clock.currentTimeMillis, (now) =>
    Effect.timeoutOrElse(effect, {
      duration: Math.max(0, asked.startedAt + asked.allowed - now),
      orElse: () => {
        onLate()
        return Effect.fail(late(asked))
      }
    }))

/**
 * What the dispatcher is asked: the request, in the time that is left of its own.
 *
 * @since 0.1.0
 * @category combinators
 */
export const callable = (asked: Asked): Effect.Effect<Request, Retryable<"DeadlineExceeded">> =>
  Effect.flatMap(Clock.currentTimeMillis, (now) => {
    const left = asked.startedAt + asked.allowed - now
    if (now === asked.startedAt || left === Infinity) return Effect.succeed(asked.request)
    if (left <= 0) return Effect.fail(late(asked))
    const deadline = Duration.millis(left)
    return Effect.succeed(Object.assign(Object.create(Request.prototype), asked.request, { deadline }))
  })
