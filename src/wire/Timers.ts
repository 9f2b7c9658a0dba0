/**
 * Timers of one clock that share one sleep.
 *
 * A dispatch sets a timer and hardly ever needs it: most are cancelled long before their time. So setting and cancelling
 * cost an entry in a set, and only the sleep until the earliest of all is a fiber.
 *
 * @since 0.1.0
 */
import { Clock, Duration, Effect, type Fiber, type Scheduler } from "effect"

/**
 * A timer that is set; `at` is in epoch milliseconds.
 *
 * @since 0.1.0
 * @category models
 */
export interface Timer {
  readonly at: number
  readonly cancel: () => void
}

/** Timers are kept by the second in which they end, so that the earliest is found without looking at all. */
const second = 1_000

class Entry implements Timer {
  readonly at: number
  readonly expire: () => void
  private readonly timers: Timers

  constructor(timers: Timers, at: number, expire: () => void) {
    this.timers = timers
    this.at = at
    this.expire = expire
  }

  cancel(): void {
    this.timers.remove(this)
  }
}

/**
 * All timers of one clock.
 *
 * @since 0.1.0
 * @category models
 */
export class Timers {
  private readonly clock: Clock.Clock
  private readonly scheduler: Scheduler.Scheduler
  private readonly seconds = new Map<number, Set<Entry>>()
  private sleep: { readonly at: number; readonly fiber: Fiber.Fiber<void> } | undefined
  private count = 0

  constructor(clock: Clock.Clock, scheduler: Scheduler.Scheduler) {
    this.clock = clock
    this.scheduler = scheduler
  }

  /** Epoch milliseconds. */
  now(): number {
    return this.clock.currentTimeMillisUnsafe()
  }

  /** Calls `expire` at that time, in epoch milliseconds, unless the timer is cancelled before. */
  add(at: number, expire: () => void): Timer {
    const entry = new Entry(this, at, expire)
    const key = Math.floor(at / second)
    const entries = this.seconds.get(key)
    if (entries === undefined) this.seconds.set(key, new Set([entry]))
    else entries.add(entry)
    this.count += 1
    this.sleepUntil(at)
    return entry
  }

  /** @internal */
  remove(entry: Timer): void {
    const key = Math.floor(entry.at / second)
    const entries = this.seconds.get(key)
    if (entries?.delete(entry as Entry) !== true) return
    if (entries.size === 0) this.seconds.delete(key)
    this.count -= 1
    // A process with nothing else to do may end, and a sleep that nobody needs is a sleep too long.
    if (this.count === 0) this.wake()
  }

  private sleepUntil(at: number): void {
    if (this.sleep !== undefined && this.sleep.at <= at) return
    this.wake()
    // Whole milliseconds, or a sum of fractions would end after what it adds up to.
    const wait = Math.max(0, Math.floor(at - this.now()))
    const fiber = Effect.runFork(this.clock.sleep(Duration.millis(wait)), { scheduler: this.scheduler })
    this.sleep = { at, fiber }
    fiber.addObserver(() => {
      if (this.sleep?.fiber !== fiber) return
      this.sleep = undefined
      this.expire()
    })
  }

  private wake(): void {
    const { sleep } = this
    this.sleep = undefined
    sleep?.fiber.interruptUnsafe()
  }

  /** Ends all whose time is over, in their order, and sleeps until the next. */
  private expire(): void {
    const now = this.now()
    const over: Array<Entry> = []
    let next = Infinity
    for (const key of Array.from(this.seconds.keys()).toSorted((a, b) => a - b)) {
      if (key * second > now && next < Infinity) break
      for (const entry of this.seconds.get(key) ?? []) {
        // Clocks and timers do not agree on fractions of a millisecond.
        if (entry.at - now < 1) over.push(entry)
        else next = Math.min(next, entry.at)
      }
    }
    for (const entry of over) this.remove(entry)
    if (this.count > 0) this.sleepUntil(next)
    over.sort((a, b) => a.at - b.at)
    for (const { expire } of over) expire()
  }
}

const all = new WeakMap<Clock.Clock, Timers>()

/**
 * Those of the clock that the fiber has.
 *
 * @since 0.1.0
 * @category constructors
 */
export const of = (fiber: Fiber.Fiber<unknown, unknown>): Timers => {
  const clock = fiber.getRef(Clock.Clock)
  let timers = all.get(clock)
  if (timers === undefined) all.set(clock, timers = new Timers(clock, fiber.cache.scheduler))
  return timers
}
