/**
 * What was counted of late: a ring of time slots, so that what is over is forgotten a slot at a time.
 *
 * @since 0.1.0
 */

/**
 * How far back a window looks, and in how many slots; `duration` in milliseconds.
 *
 * @since 0.1.0
 * @category models
 */
export interface Span {
  readonly duration: number
  readonly slots: number
}

/**
 * All times are in epoch milliseconds.
 *
 * @since 0.1.0
 * @category models
 */
export interface Window<A> {
  /**
   * The slot to count in what happened at `at`; `undefined` where that is too long ago. `now` is only asked where the
   * slot's place is taken by a later one.
   */
  readonly slot: (at: number, now: () => number) => A | undefined
  /**
   * The slots that count at `now`, the oldest first and the one under way last, `undefined` where nothing was counted;
   * the others are let go. They are one more than the window's own, since the first and the last are only partly in it:
   * all that is no older than the duration counts, and nothing that is older by more than a slot.
   */
  readonly slots: (now: number) => ReadonlyArray<A | undefined>
  /** When the first of the slots in `slots` begins. */
  readonly startsAt: (now: number) => number
  /** When the next slot that was counted in is forgotten; `undefined` where there is none. */
  readonly forgetsAt: (now: number) => number | undefined
}

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = <A>({ duration, slots }: Span, empty: () => A): Window<A> => {
  const width = duration / slots
  const size = slots + 1
  const ring = Array.from({ length: size }, (): { readonly number: number; readonly value: A } | undefined => undefined)
  // As an unsigned integer: the remainder of a float takes ten times as long.
  const placeOf = (number: number) => (number >>> 0) % size

  const find = (number: number): A | undefined => {
    const entry = ring[placeOf(number)]
    return entry?.number === number ? entry.value : undefined
  }

  return {
    slot: (at, now) => {
      const number = Math.floor(at / width)
      const place = placeOf(number)
      const entry = ring[place]
      if (entry?.number === number) return entry.value
      // A slot that is yet to come stays from before the clock was set back.
      if (entry !== undefined && entry.number > number && entry.number * width <= now()) return undefined
      const value = empty()
      ring[place] = { number, value }
      return value
    },
    slots: (now) => {
      const last = Math.floor(now / width)
      for (const [place, entry] of ring.entries()) {
        if (entry !== undefined && entry.number <= last - size) ring[place] = undefined
      }
      return Array.from({ length: size }, (_, index) => find(last - slots + index))
    },
    startsAt: (now) => (Math.floor(now / width) - slots) * width,
    forgetsAt: (now) => {
      const last = Math.floor(now / width)
      for (let number = last - slots; number <= last; number++) {
        if (find(number) !== undefined) return (number + size) * width
      }
      return undefined
    }
  }
}
