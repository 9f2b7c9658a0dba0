/**
 * Writes beside the way of the requests what may be written a moment later.
 *
 * @since 0.1.0
 */
import { type Duration, Effect, Fiber, Latch, type Scope, Semaphore } from "effect"
import type { StoreUnavailable } from "../AccessError.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** What is written, as in "what was spent", for the log. */
  readonly what: string
  /** How long it waits for more to be written with. */
  readonly interval: Duration.Input
  /** Writes all there is; what it could not, or was interrupted in, it writes the next time. */
  readonly write: Effect.Effect<void, StoreUnavailable>
}

/**
 * @since 0.1.0
 * @category models
 */
export interface WriteBehind {
  /** Tells that there is something to write. */
  readonly due: () => void
  /** Writes now, and waits for it. */
  readonly flush: Effect.Effect<void, StoreUnavailable>
}

/** How long writing the rest may take when the Scope closes. */
const closeTimeout = "5 seconds"

/**
 * Writes until the Scope closes, and then once more for as long as 5 seconds. What the database does not take is told in
 * the log, once until it takes it again.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fnUntraced(function*(
  { interval, what, write }: Options
): Effect.fn.Return<WriteBehind, never, Scope.Scope> {
  const isDue = Latch.makeUnsafe()
  const turn = Semaphore.makeUnsafe(1)
  let isOut = false

  const attempt = Effect.suspend(() => {
    isDue.closeUnsafe()
    return Effect.onError(write, () => Effect.sync(() => isDue.openUnsafe()))
  })

  const flush = turn.withPermit(attempt).pipe(
    Effect.tapError((error) => {
      if (isOut) return Effect.void
      isOut = true
      return Effect.logWarning(`${what} cannot be written, and is kept for now`, error)
    }),
    Effect.tap(() => {
      if (!isOut) return Effect.void
      isOut = false
      return Effect.logInfo(`${what} is written again`)
    }),
    Effect.withTracerEnabled(false)
  )

  const run = isDue.await.pipe(
    Effect.andThen(Effect.sleep(interval)),
    Effect.andThen(Effect.ignore(flush)),
    Effect.forever
  )

  const fiber = yield* Effect.forkScoped(run)
  yield* Effect.addFinalizer(() =>
    Fiber.interrupt(fiber).pipe(
      Effect.andThen(flush.pipe(Effect.interruptible, Effect.timeout(closeTimeout))),
      Effect.catch((error) => Effect.logError(`${what} is lost since it was last written`, error))
    )
  )
  return { due: () => isDue.openUnsafe(), flush }
})
