/**
 * Time that runs out: an effect that is waited for no longer than allowed.
 *
 * Waits that follow one another share one timer, which is set only once one of them does not end at once; a race per wait
 * would start two fibers and a timer for each part of a stream.
 *
 * @since 0.1.0
 */
import { Clock, Duration, Effect, type Exit, Fiber } from "effect"

/**
 * When a wait that begins now is over, in epoch milliseconds, `Infinity` for never; and the error that this means.
 *
 * @since 0.1.0
 * @category models
 */
export interface Limit<E> {
  readonly at: number
  readonly error: () => E
}

type Run = (effect: Effect.Effect<void>) => Fiber.Fiber<void>

interface Wait {
  readonly at: number
  readonly expire: () => void
}

/**
 * Waits one after the other, each with a limit of its own.
 *
 * @since 0.1.0
 * @category models
 */
export class Watch<E> {
  /** Milliseconds that all waits took, and the last one of them. */
  waited = 0
  last = 0
  private wait: Wait | undefined
  private timer: { readonly at: number; readonly fiber: Fiber.Fiber<void> } | undefined
  private readonly limit: (now: number) => Limit<E>

  constructor(limit: (now: number) => Limit<E>) {
    this.limit = limit
  }

  /** The effect, interrupted where its limit passes before it ends; it runs with what `fiber` has at hand. */
  over<A, E2>(fiber: Fiber.Fiber<unknown, unknown>, effect: Effect.Effect<A, E2>): Effect.Effect<A, E | E2> {
    return Effect.callback((resume) => {
      const run = Effect.runForkWith(fiber.context)
      const clock = fiber.getRef(Clock.Clock)
      const body = run(effect)
      const done = body.pollUnsafe()
      if (done !== undefined) {
        this.last = 0
        return resume(done)
      }
      const since = clock.currentTimeMillisUnsafe()
      const { at, error } = this.limit(since)
      const wait: Wait = {
        at,
        expire: () => {
          this.wait = undefined
          resume(Effect.andThen(Fiber.interrupt(body), Effect.suspend(() => Effect.fail(error()))))
        }
      }
      if (at <= since) return wait.expire()
      this.wait = wait
      body.addObserver((exit: Exit.Exit<A, E2>) => {
        if (this.wait !== wait) return
        this.wait = undefined
        this.last = clock.currentTimeMillisUnsafe() - since
        this.waited += this.last
        resume(exit)
      })
      this.set(run, clock, at, since)
      return Effect.suspend(() => {
        this.wait = undefined
        return Fiber.interrupt(body)
      })
    })
  }

  /** Ends the timer. */
  stop(): void {
    this.timer?.fiber.interruptUnsafe()
    this.timer = undefined
  }

  /** A timer that ends too early for this wait is set anew when it ends. */
  private set(run: Run, clock: Clock.Clock, at: number, now: number): void {
    if (at === Infinity || (this.timer !== undefined && this.timer.at <= at)) return
    this.stop()
    const fiber = run(clock.sleep(Duration.millis(at - now)))
    this.timer = { at, fiber }
    fiber.addObserver(() => {
      if (this.timer?.fiber !== fiber) return
      this.timer = undefined
      const { wait } = this
      if (wait === undefined) return
      const now = clock.currentTimeMillisUnsafe()
      // Clocks and timers do not agree on fractions of a millisecond.
      if (wait.at - now < 1) wait.expire()
      else this.set(run, clock, wait.at, now)
    })
  }
}

/**
 * Fails with the limit's error where it passes before the effect ends.
 *
 * @since 0.1.0
 * @category combinators
 */
export const within = <A, E, E2>(
  effect: Effect.Effect<A, E>,
  limit: (now: number) => Limit<E2>
): Effect.Effect<A, E | E2> =>
  Effect.withFiber((fiber) => {
    const watch = new Watch(limit)
    return Effect.onExitPrimitive(watch.over(fiber, effect), () => {
      watch.stop()
      return undefined
    })
  })
