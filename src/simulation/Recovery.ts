/**
 * How long after an incident callers are served as before it.
 *
 * @since 0.1.0
 */
import type { Outcome } from "./Ledger.ts"
import type { Arrival } from "./Traffic.ts"

/**
 * `time` is in milliseconds from the incident's end, `null` where it never came back before the next began.
 *
 * @since 0.1.0
 * @category models
 */
export interface Recovery {
  readonly kind: string
  readonly from: number
  readonly to: number
  /** The share of success before and during it. */
  readonly before: number | null
  readonly during: number | null
  readonly time: number | null
}

/** The window in which success is looked at, in milliseconds, and the fewest requests in it. */
const window = 30_000
const fewest = 20

/** What counts as being back: this share of the success before. */
const enough = 0.99

/** How far back "before" reaches, in milliseconds. */
const memory = 600_000

/**
 * For each incident the first moment after it from which on a whole window is served nearly as well as before it.
 *
 * @since 0.1.0
 * @category constructors
 */
export const recovery = (
  arrivals: ReadonlyArray<Arrival>,
  outcomes: ReadonlyArray<Outcome>,
  incidents: ReadonlyArray<{ readonly kind: string; readonly from: number; readonly to: number }>,
  duration: number
): ReadonlyArray<Recovery> => {
  /** How many were answered among all before a position. */
  const answered = new Uint32Array(arrivals.length + 1)
  outcomes.forEach((outcome, index) => answered[index + 1] = answered[index]! + (outcome.class === "answered" ? 1 : 0))
  const position = (time: number): number => {
    let low = 0
    let high = arrivals.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (arrivals[middle]!.at < time) low = middle + 1
      else high = middle
    }
    return low
  }
  const rate = (from: number, to: number): number | null =>
    to <= from ? null : Number(((answered[to]! - answered[from]!) / (to - from)).toFixed(5))

  /** Of those who had their answer, or their failure, when the incident began. */
  const rateBefore = (from: number): number | null => {
    let [asked, served] = [0, 0]
    for (let index = position(Math.max(0, from - memory)); index < position(from); index++) {
      const outcome = outcomes[index]!
      if (arrivals[index]!.at + outcome.total > from) continue
      asked += 1
      if (outcome.class === "answered") served += 1
    }
    return asked === 0 ? null : Number((served / asked).toFixed(5))
  }

  let best = 0
  return incidents.map(({ from, kind, to }) => {
    const before = rateBefore(from)
    // What the one incident left behind is not how callers are served without any.
    best = Math.max(best, before ?? 0)
    const until = incidents.reduce((least, other) => other.from > to ? Math.min(least, other.from) : least, duration)
    const end = position(until)
    const wanted = (best === 0 ? 1 : best) * enough
    let time: number | null = null
    for (let first = position(to); first < end; first++) {
      const at = first === position(to) ? to : arrivals[first]!.at
      const last = Math.max(position(at + window), first + fewest)
      if (last > end) break
      if (rate(first, last)! >= wanted) {
        time = at - to
        break
      }
    }
    return { kind, from, to, before, during: rate(position(from), position(to)), time }
  })
}
