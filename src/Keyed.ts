/**
 * State by key that forgets keys nobody uses, so that keys which come and go take no memory for ever.
 *
 * @since 0.1.0
 */

/**
 * @since 0.1.0
 * @category models
 */
export interface Options<A> {
  readonly make: (now: number, key: string) => A
  /** Whether a key made anew would be in the same state. */
  readonly isIdle: (state: A, now: number) => boolean
  /** Whether its time is over and the key begins anew. Default never. */
  readonly isOver?: ((state: A, now: number) => boolean) | undefined
  /** The most keys. Default any number. */
  readonly capacity?: number | undefined
  /** Beyond the capacity: the oldest are forgotten, idle or not (default), or all further keys share one state. */
  readonly beyond?: "forget" | "share" | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Keyed<A> {
  /** The key's state, made where there is none; `now` in epoch milliseconds. */
  readonly of: (key: string, now: number) => A
  /** The same where there is one. */
  readonly find: (key: string, now: number) => A | undefined
  readonly size: () => number
}

/** Keys that may stay without a look at whether they are idle. */
const fewKeys = 1_024

/** Of a full map an eighth is forgotten at once, so that not each further key costs a look at all. */
const share = 8

/**
 * Looks for idle keys each time their number has doubled, so that a key costs the same however many there are.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = <A>(options: Options<A>): Keyed<A> => {
  const { beyond = "forget", capacity = Infinity, isIdle, isOver = () => false, make } = options
  const states = new Map<string, A>()
  let common: A | undefined
  let sweepAt = Math.min(fewKeys, capacity)
  /** New keys before the next look, where the last one found nothing to forget. */
  let refused = 0

  const sweep = (now: number) => {
    for (const [key, state] of states) if (isIdle(state, now) || isOver(state, now)) states.delete(key)
    if (beyond === "forget" && states.size >= capacity) {
      let surplus = Math.max(1, Math.floor(capacity / share))
      for (const key of states.keys()) {
        if (surplus-- === 0) break
        states.delete(key)
      }
    }
    sweepAt = Math.min(Math.max(fewKeys, states.size * 2), capacity)
    refused = states.size >= capacity ? Math.floor(capacity / share) : 0
  }

  const find = (key: string, now: number): A | undefined => {
    const state = states.get(key)
    return state === undefined || isOver(state, now) ? undefined : state
  }

  return {
    find,
    of: (key, now) => {
      const known = find(key, now)
      if (known !== undefined) return known
      if (states.size >= sweepAt && refused-- <= 0) sweep(now)
      if (states.size >= capacity && !states.has(key)) {
        if (common === undefined || isOver(common, now)) common = make(now, "")
        return common
      }
      const state = make(now, key)
      states.set(key, state)
      return state
    },
    size: () => states.size
  }
}
