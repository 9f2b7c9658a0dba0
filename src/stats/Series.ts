/**
 * The figures of one name: since the start, and in each window.
 *
 * @since 0.1.0
 */
import type { Change } from "./Change.ts"
import * as Figures from "./Figures.ts"
import type * as Snapshot from "./Snapshot.ts"
import * as Window from "./Window.ts"

/** An hour is told within 5 min, 5 min within 25 s, a minute within 5 s; each slot is so many whole ones of the shortest. */
const spans = [
  { name: "1m", duration: 60_000, slots: 12 },
  { name: "5m", duration: 300_000, slots: 12 },
  { name: "1h", duration: 3_600_000, slots: 12 }
]

/**
 * @since 0.1.0
 * @category constants
 */
export const windows: ReadonlyArray<Snapshot.Window> = spans.map(({ duration, name, slots }) => ({
  name,
  duration,
  slot: duration / slots
}))

/**
 * The shortest slot of a window, in milliseconds.
 *
 * @since 0.1.0
 * @category constants
 */
export const shortest: number = Math.min(...windows.map(({ slot }) => slot))

/**
 * After so many milliseconds without a request all windows are empty.
 *
 * @since 0.1.0
 * @category constants
 */
export const memory: number = Math.max(...windows.map(({ duration, slot }) => duration + slot))

/** A rate is told of at least so many milliseconds, so that the first request is no flood. */
const leastSpan = 1_000

/** What all slots of a window come to but the one under way, which has the number. */
interface Closed {
  readonly number: number
  readonly figures: Figures.Figures
}

/**
 * All times are in epoch milliseconds.
 *
 * @since 0.1.0
 * @category models
 */
export interface Series {
  /** Of one shortest slot, not yet in the others: so that most requests are merged once and not into each of them. */
  readonly pending: Figures.Figures
  /** The number of that slot. */
  slot: number
  readonly sinceStart: Figures.Figures
  readonly windows: ReadonlyArray<Window.Window<Figures.Figures>>
  /** Of each window that a snapshot was taken of: so that the next one need not look through all slots again. */
  readonly closed: Array<Closed | undefined>
  /** When something was counted last. */
  usedAt: number
}

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = (): Series => ({
  pending: Figures.make(),
  slot: -Infinity,
  sinceStart: Figures.make(),
  windows: spans.map((span) => Window.make(span, Figures.make)),
  closed: spans.map(() => undefined),
  usedAt: -Infinity
})

/**
 * Takes what is pending to where it belongs; `now` tells the present time.
 *
 * @since 0.1.0
 * @category combinators
 */
export const settle = (series: Series, now: () => number): void => {
  const { closed, pending, sinceStart, slot } = series
  if (slot === -Infinity) return
  const at = slot * shortest
  Figures.merge(sinceStart, pending)
  for (const [index, window] of series.windows.entries()) {
    const figures = window.slot(at, now)
    if (figures === undefined) continue
    Figures.merge(figures, pending)
    // What comes late is counted in a slot that was closed.
    const known = closed[index]
    if (known !== undefined && at < known.number * windows[index]!.slot) closed[index] = undefined
  }
  Figures.clear(pending)
  series.slot = -Infinity
}

/**
 * Counts what happened at `at`; `now` tells the present time.
 *
 * @since 0.1.0
 * @category combinators
 */
export const add = (series: Series, change: Change, at: number, now: () => number): void => {
  if (at > series.usedAt) series.usedAt = at
  const slot = Math.floor(at / shortest)
  if (slot !== series.slot) {
    settle(series, now)
    series.slot = slot
  }
  Figures.add(series.pending, change)
}

/**
 * When the windows next forget something, of what was settled; `undefined` where they are empty.
 *
 * @since 0.1.0
 * @category accessors
 */
export const forgetsAt = ({ windows }: Series, now: number): number | undefined => {
  const times = windows.flatMap((window) => window.forgetsAt(now) ?? [])
  return times.length === 0 ? undefined : Math.min(...times)
}

const merged = (all: ReadonlyArray<Figures.Figures | undefined>): Figures.Figures => {
  const sum = Figures.make()
  for (const figures of all) if (figures !== undefined) Figures.merge(sum, figures)
  return sum
}

const ofWindow = (series: Series, index: number, now: number, startedAt: number): Snapshot.WindowFigures => {
  const window = series.windows[index]!
  const slots = window.slots(now)
  const number = Math.floor(now / windows[index]!.slot)
  let closed = series.closed[index]
  if (closed?.number !== number) {
    closed = { number, figures: merged(slots.slice(0, -1)) }
    series.closed[index] = closed
  }
  const all = merged([closed.figures, slots.at(-1)])
  const span = Math.max(leastSpan, now - Math.max(startedAt, window.startsAt(now)))
  return {
    ...Figures.toSnapshot(all),
    rate: Figures.requests(all) * 1_000 / span,
    trend: slots.map((slot) => slot === undefined ? 0 : Figures.requests(slot))
  }
}

/**
 * The settled figures as a snapshot has them; `startedAt` is since when anything is counted at all.
 *
 * @since 0.1.0
 * @category conversions
 */
export const toSnapshot = (series: Series, now: number, startedAt: number): Snapshot.Group => ({
  sinceStart: Figures.toSnapshot(series.sinceStart),
  windows: Object.fromEntries(
    windows.map(({ name }, index) => [name, ofWindow(series, index, now, startedAt)])
  )
})
