/**
 * What a dispatcher knows of its targets from the calls it made: how busy they are and how fast they begin.
 *
 * @since 0.1.0
 */
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
  /** Penalised peak-EWMA of the time to the answer's begin in milliseconds; whole and streamed answers apart. */
  readonly latency: { send: Average; stream: Average }
}

interface Average {
  value: number
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
  /** What one more call would cost: latency × calls under way; less is better, 0 where nothing is known. */
  readonly cost: (target: string, operation: Dispatch["operation"], now: number) => number
}

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): Stats => {
  const decay = options.decay ?? 15_000
  const penalty = options.penalty ?? 5_000
  const targets = new Map<string, TargetStats>()
  const of = (target: string): TargetStats => {
    let stats = targets.get(target)
    if (stats === undefined) {
      stats = { inFlight: 0, latency: { send: { value: 0, at: 0 }, stream: { value: 0, at: 0 } } }
      targets.set(target, stats)
    }
    return stats
  }
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
    sample: (target, operation, latency, now) => add(of(target).latency[operation], latency, now),
    penalise: (target, operation, now) => {
      const average = of(target).latency[operation]
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
