/**
 * How much a simulated vendor serves at once, and how often it may be asked.
 *
 * @since 0.1.0
 */
import { Effect, Latch } from "effect"

/**
 * Slots that calls take one after the other.
 *
 * @since 0.1.0
 * @category models
 */
export interface Slots {
  /** The share that is taken, from 0 to 1; 0 where there is no limit. */
  readonly load: () => number
  /** Gives a place in the queue (or a slot at once), `undefined` when the queue is full. */
  readonly enter: () => Place | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Place {
  readonly hasSlot: () => boolean
  /** Ends when the slot is there. */
  readonly wait: Effect.Effect<void>
  /** Gives the slot back, or leaves the queue. */
  readonly leave: () => void
}

/**
 * Served in the order of coming; without `slots` everybody at once.
 *
 * @since 0.1.0
 * @category constructors
 */
export const slots = (slots: number | undefined, queue: number): Slots => {
  const waiting: Array<{ taken: boolean; readonly latch: Latch.Latch }> = []
  let taken = 0
  const leave = (entry: { taken: boolean }) => {
    if (entry.taken) {
      const next = waiting.shift()
      if (next === undefined) taken -= 1
      else {
        next.taken = true
        next.latch.openUnsafe()
      }
      return
    }
    const index = waiting.findIndex((other) => other === entry)
    if (index >= 0) waiting.splice(index, 1)
  }
  return {
    load: () => slots === undefined ? 0 : taken / slots,
    enter: () => {
      if (slots !== undefined && taken >= slots && waiting.length >= queue) return undefined
      const entry = { taken: slots === undefined || taken < slots, latch: Latch.makeUnsafe() }
      if (entry.taken) taken += 1
      else waiting.push(entry)
      return {
        hasSlot: () => entry.taken,
        wait: Effect.suspend(() => entry.taken ? Effect.void : entry.latch.await),
        leave: () => leave(entry)
      }
    }
  }
}

/**
 * A bucket of one minute's allowance that refills all the time, as vendors' own limits do.
 *
 * @since 0.1.0
 * @category models
 */
export interface Bucket {
  /** Milliseconds until so much may be taken, 0 for now. */
  readonly wait: (amount: number, now: number) => number
  readonly take: (amount: number, now: number) => void
}

/**
 * @since 0.1.0
 * @category constructors
 */
export const bucket = (perMinute: number | undefined): Bucket => {
  if (perMinute === undefined) return { wait: () => 0, take: () => {} }
  let level = perMinute
  let at = 0
  const refill = (now: number) => {
    level = Math.min(perMinute, level + (now - at) * perMinute / 60_000)
    at = now
  }
  return {
    wait: (amount, now) => {
      refill(now)
      const missing = Math.min(amount, perMinute) - level
      return missing <= 0 ? 0 : Math.ceil(missing * 60_000 / perMinute)
    },
    take: (amount, now) => {
      refill(now)
      level -= amount
    }
  }
}
