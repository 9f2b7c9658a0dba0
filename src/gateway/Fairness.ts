/**
 * Room for everybody: however many calls one caller begins, the others find places free.
 *
 * A caller may have as many calls under way as there are places left. So one that is alone gets half of all, two that ask
 * without end get a third each, and there is always room for whoever comes new. This is what Choudhury and Hahne found
 * for switches that share a memory ("Dynamic queue length thresholds for shared-memory packet switches", 1998). It costs
 * one number for each caller that has calls under way, and takes the same time for one caller as for a million.
 *
 * @since 0.1.0
 */

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Calls under way at once, of all callers. Default 10,000. */
  readonly most?: number | undefined
  /** What a caller may have of the places that are left, above 0. Default 1. */
  readonly weight?: number | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Fairness {
  /** Takes a place for a caller, `false` where it has its share; who took one gives it back by `leave`. */
  readonly take: (caller: string) => boolean
  readonly leave: (caller: string) => void
  /** How many places a caller has taken, and how many all have. */
  readonly taken: (caller?: string) => number
}

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = ({ most = 10_000, weight = 1 }: Options = {}): Fairness => {
  const callers = new Map<string, number>()
  let all = 0
  return {
    take: (caller) => {
      const own = callers.get(caller) ?? 0
      if (all >= most || own >= weight * (most - all)) return false
      callers.set(caller, own + 1)
      all += 1
      return true
    },
    leave: (caller) => {
      const own = callers.get(caller)
      if (own === undefined) return
      if (own === 1) callers.delete(caller)
      else callers.set(caller, own - 1)
      all -= 1
    },
    taken: (caller) => caller === undefined ? all : callers.get(caller) ?? 0
  }
}
