/**
 * The series of one kind of name (callers, targets, …), bounded: whoever makes up names takes no memory without end.
 *
 * @since 0.1.0
 */
import { other } from "./Change.ts"
import * as Figures from "./Figures.ts"
import * as Series from "./Series.ts"

/** A name of more characters is not kept. */
const longestName = 256

/**
 * @since 0.1.0
 * @category models
 */
export interface Names {
  /** The name's series, or the one that all further names share; `at` in epoch milliseconds. */
  readonly of: (name: string, at: number) => Series.Series
  /** Every series with its name. */
  readonly all: () => ReadonlyArray<readonly [name: string, series: Series.Series]>
}

/**
 * Counts at most `most` names apart, the first that come; one that was not used for longer than any window looks back
 * gives its place to another, and what was counted of it goes to the common series. `now` tells the present time in epoch milliseconds.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (most: number, now: () => number): Names => {
  const names = new Map<string, Series.Series>()
  let common: Series.Series | undefined
  let sweptAt = -Infinity

  const share = (): Series.Series => common ??= Series.make()

  const sweep = (at: number): void => {
    sweptAt = at
    for (const [name, series] of names) {
      if (at - series.usedAt < Series.memory) continue
      names.delete(name)
      Series.settle(series, now)
      Figures.merge(share().sinceStart, series.sinceStart)
    }
  }

  return {
    of: (name, at) => {
      const known = names.get(name)
      if (known !== undefined) return known
      if (name === other || name.length > longestName) return share()
      // At most once in a slot, so that not each further name costs a look at all.
      if (names.size >= most && Math.abs(at - sweptAt) >= Series.shortest) sweep(at)
      if (names.size >= most) return share()
      const series = Series.make()
      names.set(name, series)
      return series
    },
    all: () => common === undefined ? Array.from(names) : [...names, [other, common]]
  }
}
