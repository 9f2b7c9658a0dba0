/**
 * What a dispatcher knows of its targets from the calls it made: how busy they are and how fast they begin.
 *
 * @since 0.1.0
 */
import * as Keyed from "../Keyed.ts"
import type { Dispatch } from "../Policy.ts"

/**
 * One target's figures.
 *
 * @since 0.1.0
 * @category models
 */
export interface TargetStats {
  /** Calls under way. */
  inFlight: number
  /** When it last refused or failed, in epoch milliseconds; `-Infinity` where it never did. */
  refusedAt: number
  /** Penalised peak-EWMA of the time to the answer's begin in milliseconds; whole and streamed answers apart. */
  readonly latency: { send: Average; stream: Average }
}

interface Average {
  value: number
  /** The last times to begin, without penalties. */
  readonly recent: Array<number>
  next: number
  /** Epoch milliseconds; 0 while there is no sample. */
  at: number
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The time in milliseconds over which a peak fades. Default 15,000 (Finagle has 10 to 30 s). */
  readonly decay?: number | undefined
  /** Milliseconds that a refused or failed call counts as, and a target without history that is busy. Default 5,000. */
  readonly penalty?: number | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Stats {
  readonly of: (target: string) => TargetStats
  /** A call began to answer after so many milliseconds: a slower one counts at once, a faster one slowly. */
  readonly sample: (target: string, operation: Dispatch["operation"], latency: number, now: number) => void
  /** A call was refused or failed. */
  readonly penalise: (target: string, operation: Dispatch["operation"], now: number) => void
  /** The time within which 95 of 100 calls began, of the last 100; `undefined` before there were 20. */
  readonly percentile: (target: string, operation: Dispatch["operation"]) => number | undefined
  /** What one more call would cost: latency × calls under way; less is better, 0 where nothing is known. */
  readonly cost: (target: string, operation: Dispatch["operation"], now: number) => number
}

const average = (): Average => ({ value: 0, recent: [], next: 0, at: 0 })

/** So many times a peak's time to fade, nothing of it is left. */
const fadedAfter = 20

/** Targets that are known at once; those asked longest ago are forgotten beyond. */
const mostTargets = 20_000

/** Samples of which percentiles are taken, and how few tell one. */
const most = 100
const least = 20

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): Stats => {
  const decay = options.decay ?? 15_000
  const penalty = options.penalty ?? 5_000
  let latest = 0
  // Callers may make up any number of names behind a vendor's.
  const targets = Keyed.make<TargetStats>({
    make: () => ({ inFlight: 0, refusedAt: -Infinity, latency: { send: average(), stream: average() } }),
    isIdle: ({ inFlight, latency: { send, stream } }) =>
      inFlight === 0 && latest - Math.max(send.at, stream.at) > decay * fadedAfter,
    capacity: mostTargets
  })
  const of = (target: string): TargetStats => targets.of(target, latest)
  const faded = ({ at, value }: Average, now: number) => value * Math.exp(-Math.max(0, now - at) / decay)
  const add = (average: Average, latency: number, now: number) => {
    const weight = Math.exp(-Math.max(0, now - average.at) / decay)
    average.value = average.at === 0 || latency > average.value
      ? latency
      : average.value * weight + latency * (1 - weight)
    average.at = now
  }
  return {
    of,
    sample: (target, operation, latency, now) => {
      latest = now
      const average = of(target).latency[operation]
      add(average, latency, now)
      average.recent[average.next] = latency
      average.next = (average.next + 1) % most
    },
    percentile: (target, operation) => {
      const { recent } = of(target).latency[operation]
      return recent.length < least ? undefined : recent.toSorted((a, b) => a - b)[Math.floor(recent.length * 0.95)]
    },
    penalise: (target, operation, now) => {
      latest = now
      const stats = of(target)
      const average = stats.latency[operation]
      stats.refusedAt = now
      add(average, faded(average, now) + penalty, now)
    },
    cost: (target, operation, now) => {
      const { inFlight, latency } = of(target)
      const average = latency[operation]
      if (average.at === 0) return inFlight === 0 ? 0 : penalty * (inFlight + 1)
      return faded(average, now) * (inFlight + 1)
    }
  }
}
