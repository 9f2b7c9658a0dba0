/**
 * Time that runs out: an effect that is waited for no longer than allowed.
 *
 * Waits that follow one another share one timer, which is set only once one of them does not end at once; a race per wait
 * would start two fibers and a timer for each part of a stream.
 *
 * @since 0.1.0
 */
import { type Context, Effect, type Exit, Fiber } from "effect"
import * as Timers from "./Timers.ts"

/**
 * When a wait is over, in epoch milliseconds, `Infinity` for never; and the error that this means.
 *
 * @since 0.1.0
 * @category models
 */
export interface Limit<E> {
  readonly at: number
  readonly error: () => E
}

interface Wait<E> {
  /** Of the fiber that waits; one that has ended has none any more. */
  readonly timers: Timers.Timers
  readonly since: number
  limit: Limit<E>
  readonly expire: (error: E) => void
}

/**
 * Waits one after the other, each for as long as `limit` allows one that began at `since` (epoch milliseconds).
 *
 * @since 0.1.0
 * @category models
 */
export class Watch<E> {
  limit: (since: number) => Limit<E>
  /** Milliseconds that all waits took, and the last one of them. */
  waited = 0
  last = 0
  /** The error of the limit that passed. */
  expired: E | undefined
  private wait: Wait<E> | undefined
  private timer: Timers.Timer | undefined

  constructor(limit: (since: number) => Limit<E>) {
    this.limit = limit
  }

  /**
   * The effect, interrupted where its limit passes before it ends; it runs in a fiber of its own with what `fiber` has at
   * hand, or `context`.
   */
  over<A, E2>(
    fiber: Fiber.Fiber<unknown, unknown>,
    effect: Effect.Effect<A, E2>,
    context: Context.Context<never> = fiber.context
  ): Effect.Effect<A, E | E2> {
    return Effect.callback((resume) => {
      const body = Effect.runForkWith(context)(effect)
      const done = body.pollUnsafe()
      if (done !== undefined) {
        this.last = 0
        return resume(done)
      }
      const expire = (error: E) => resume(Effect.andThen(Fiber.interrupt(body), Effect.fail(error)))
      const wait = this.begin(fiber, expire)
      if (wait === undefined) return
      body.addObserver((exit: Exit.Exit<A, E2>) => {
        if (this.wait !== wait) return
        this.end()
        resume(exit)
      })
      return Effect.suspend(() => {
        this.wait = undefined
        return Fiber.interrupt(body)
      })
    })
  }

  /** The effect, run by the fiber itself; where its limit passes, `cut` must make it fail, and `expired` tells why. */
  cutting<A, E2>(
    fiber: Fiber.Fiber<unknown, unknown>,
    effect: Effect.Effect<A, E2>,
    cut: () => void
  ): Effect.Effect<A, E2> {
    this.begin(fiber, cut)
    return Effect.onExitPrimitive(effect, () => {
      this.end()
      return undefined
    })
  }

  /** Asks anew how long the wait under way may take: what is waited for has changed. */
  renew(): void {
    const { wait } = this
    if (wait === undefined) return
    wait.limit = this.limit(wait.since)
    this.set(wait)
  }

  /** Ends the timer. */
  stop(): void {
    this.timer?.cancel()
    this.timer = undefined
  }

  private begin(fiber: Fiber.Fiber<unknown, unknown>, expire: (error: E) => void): Wait<E> | undefined {
    const timers = Timers.of(fiber)
    const since = timers.now()
    const wait: Wait<E> = { timers, since, limit: this.limit(since), expire }
    this.wait = wait
    if (wait.limit.at <= since) {
      this.expire(wait)
      return undefined
    }
    this.set(wait)
    return wait
  }

  private end(): void {
    const { wait } = this
    if (wait === undefined) return
    this.wait = undefined
    this.last = wait.timers.now() - wait.since
    this.waited += this.last
  }

  private expire(wait: Wait<E>): void {
    this.wait = undefined
    const error = this.expired = wait.limit.error()
    wait.expire(error)
  }

  /** A timer that ends too early for this wait is set anew when it ends. */
  private set({ limit: { at }, timers }: Wait<E>): void {
    if (at === Infinity || (this.timer !== undefined && this.timer.at <= at)) return
    this.stop()
    this.timer = timers.add(at, () => {
      this.timer = undefined
      const { wait } = this
      if (wait === undefined) return
      if (wait.limit.at - wait.timers.now() < 1) this.expire(wait)
      else this.set(wait)
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
  limit: (since: number) => Limit<E2>
): Effect.Effect<A, E | E2> =>
  Effect.withFiber((fiber) => {
    const watch = new Watch(limit)
    return Effect.onExitPrimitive(watch.over(fiber, effect), () => {
      watch.stop()
      return undefined
    })
  })
