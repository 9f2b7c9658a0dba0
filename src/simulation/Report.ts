/**
 * What a run comes to: success, times, cost, waste, recovery and shares, in numbers that can be kept as JSON.
 *
 * @since 0.1.0
 */
import * as Target from "../Target.ts"
import { usualDeadline } from "./Scenario.ts"
import { windows } from "./Incident.ts"
import type { Outcome, VendorCall } from "./Ledger.ts"
import { recovery, type Recovery } from "./Recovery.ts"
import type { Prepared, Run } from "./Simulation.ts"

/**
 * The median, and the value that 99 of 100 stay under, in milliseconds; `null` where there is nothing to measure.
 *
 * @since 0.1.0
 * @category models
 */
export interface Quantiles {
  readonly p50: number | null
  readonly p99: number | null
}

/**
 * One stretch of the timeline; times are in milliseconds, `at` from the beginning.
 *
 * @since 0.1.0
 * @category models
 */
export interface Bucket {
  readonly at: number
  readonly requests: number
  /** From 0 to 1, `null` where nobody asked. */
  readonly success: number | null
  readonly firstToken: Quantiles
  readonly total: Quantiles
  /** The calls of each target, in the scenario's order. */
  readonly calls: ReadonlyArray<number>
}

/**
 * What one policy came to.
 *
 * @since 0.1.0
 * @category models
 */
export interface PolicyReport {
  readonly policy: string
  readonly requests: number
  /** From 0 to 1. */
  readonly success: number
  readonly successOf: { readonly stream: number | null; readonly whole: number | null }
  /** How many requests ended how; each failure under its reason. */
  readonly outcomes: { readonly answered: number; readonly retryable: number; readonly fatal: number }
  readonly failures: Readonly<Record<string, number>>
  /** Of answered streams. */
  readonly firstToken: Quantiles
  /** Of all answered requests. */
  readonly total: Quantiles
  /** Of all requests, one without an answer counted as having waited its whole deadline: no failure looks quick. */
  readonly ofAll: { readonly firstToken: Quantiles; readonly total: Quantiles }
  /** US dollars; `null` where a vendor that was called has no price. */
  readonly cost: number | null
  /** Of answers that failed, were cut or were not wanted any more. */
  readonly wastedTokens: number
  readonly wastedCost: number | null
  readonly calls: number
  /** Calls a request. */
  readonly amplification: number
  /** How each incident ended. */
  readonly recoveries: ReadonlyArray<Recovery>
  /** The longest of them in milliseconds; `null` where it never came back, or there was no incident. */
  readonly recoveryTime: number | null
  readonly recovered: boolean
  /** By target: the share of all answers. */
  readonly shares: Readonly<Record<string, number>>
  readonly timeline: ReadonlyArray<Bucket>
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Report {
  readonly scenario: string
  readonly description: string
  readonly seed: number
  /** Milliseconds. */
  readonly duration: number
  readonly targets: ReadonlyArray<string>
  readonly incidents: ReadonlyArray<{ readonly kind: string; readonly from: number; readonly to: number }>
  readonly policies: ReadonlyArray<PolicyReport>
}

/** Stretches of a timeline: enough to see a minute in two hours. */
const stretches = 120

const rounded = (value: number, digits: number): number => Number(value.toFixed(digits))

const quantile = (sorted: Float64Array, share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))]!

const quantiles = (values: ReadonlyArray<number>): Quantiles => {
  if (values.length === 0) return { p50: null, p99: null }
  const sorted = Float64Array.from(values).sort()
  return { p50: Math.round(quantile(sorted, 0.5)), p99: Math.round(quantile(sorted, 0.99)) }
}

const share = (part: number, whole: number, digits = 5): number | null =>
  whole === 0 ? null : rounded(part / whole, digits)

/** What some calls cost, `undefined` once one of them has no price. */
const costOf = (calls: ReadonlyArray<VendorCall>, targets: ReadonlyArray<Target.Target>): number | null => {
  let sum = 0
  for (const { input, output, vendor } of calls) {
    if (input + output === 0) continue
    const cost = Target.cost(targets[vendor]!, {
      inputTokens: { uncached: input, total: input },
      outputTokens: { total: output }
    })
    if (cost === undefined) return null
    sum += cost
  }
  return rounded(sum, 6)
}

const timelineOf = ({ arrivals, scenario, targets }: Prepared, run: Run): ReadonlyArray<Bucket> => {
  const width = scenario.duration / stretches
  const at = (time: number) => Math.min(stretches - 1, Math.floor(time / width))
  const buckets = Array.from({ length: stretches }, () => ({
    outcomes: [] as Array<Outcome | undefined>,
    calls: targets.map(() => 0)
  }))
  arrivals.forEach((arrival, index) => buckets[at(arrival.at)]!.outcomes.push(run.ledger.outcomes[index]))
  for (const { startedAt, vendor } of run.ledger.calls) buckets[at(startedAt)]!.calls[vendor]! += 1
  return buckets.map(({ calls, outcomes }, index) => {
    const answered = outcomes.filter((outcome) => outcome?.class === "answered") as ReadonlyArray<Outcome>
    return {
      at: Math.round(index * width),
      requests: outcomes.length,
      success: share(answered.length, outcomes.length, 4),
      firstToken: quantiles(answered.flatMap(({ firstToken }) => firstToken ?? [])),
      total: quantiles(answered.map(({ total }) => total)),
      calls
    }
  })
}

const countBy = <A>(values: Iterable<A>, key: (value: A) => string | undefined): Record<string, number> => {
  const counts: Record<string, number> = {}
  for (const value of values) {
    const name = key(value)
    if (name !== undefined) counts[name] = (counts[name] ?? 0) + 1
  }
  return Object.fromEntries(Object.entries(counts).toSorted(([a], [b]) => a < b ? -1 : 1))
}

/**
 * The report of one run.
 *
 * A request that had not ended when the simulation did counts as failed (`Unfinished`).
 *
 * @since 0.1.0
 * @category constructors
 */
export const ofRun = (run: Run): PolicyReport => {
  const { arrivals, scenario, targets } = run.prepared
  const { calls } = run.ledger
  const outcomes = run.ledger.outcomes.map((outcome): Outcome =>
    outcome ?? { class: "retryable", reason: "Unfinished", firstToken: undefined, total: 0 }
  )
  const answered = outcomes.filter((outcome) => outcome.class === "answered")
  const deadline = scenario.traffic?.deadline ?? usualDeadline
  const waits = outcomes.map((outcome) =>
    outcome.class === "answered"
      ? { firstToken: outcome.firstToken ?? outcome.total, total: outcome.total }
      : { firstToken: deadline, total: deadline }
  )
  const rateOf = (streaming: boolean) => {
    const asked = outcomes.filter((_, index) => arrivals[index]!.streaming === streaming)
    return share(asked.filter((outcome) => outcome.class === "answered").length, asked.length)
  }
  const wasted = calls.filter(({ outcome }) => outcome !== "answered")
  const served = calls.filter(({ outcome }) => outcome === "answered")
  const recoveries = recovery(
    arrivals,
    outcomes,
    windows(scenario.incidents ?? [], scenario.duration),
    scenario.duration
  )
  const times = recoveries.flatMap(({ time }) => time ?? [])
  const recovered = times.length === recoveries.length
  return {
    policy: run.policy,
    requests: outcomes.length,
    success: share(answered.length, outcomes.length) ?? 0,
    successOf: { stream: rateOf(true), whole: rateOf(false) },
    outcomes: {
      answered: answered.length,
      retryable: outcomes.filter((outcome) => outcome.class === "retryable").length,
      fatal: outcomes.filter((outcome) => outcome.class === "fatal").length
    },
    failures: countBy(outcomes, ({ reason }) => reason),
    firstToken: quantiles(answered.flatMap(({ firstToken }) => firstToken ?? [])),
    total: quantiles(answered.map(({ total }) => total)),
    ofAll: {
      firstToken: quantiles(waits.flatMap(({ firstToken }, index) => arrivals[index]!.streaming ? firstToken : [])),
      total: quantiles(waits.map(({ total }) => total))
    },
    cost: costOf(calls, targets),
    wastedTokens: wasted.reduce((sum, { input, output }) => sum + input + output, 0),
    wastedCost: costOf(wasted, targets),
    calls: calls.length,
    amplification: share(calls.length, outcomes.length, 4) ?? 0,
    recoveries,
    recoveryTime: recovered && times.length > 0 ? Math.max(...times) : null,
    recovered,
    shares: Object.fromEntries(targets.map(({ id }, vendor) => [
      id,
      share(served.filter((call) => call.vendor === vendor).length, served.length, 4) ?? 0
    ])),
    timeline: timelineOf(run.prepared, run)
  }
}

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = ({ scenario, seed, targets }: Prepared, policies: ReadonlyArray<PolicyReport>): Report => ({
  scenario: scenario.name,
  description: scenario.description ?? "",
  seed,
  duration: scenario.duration,
  targets: targets.map(({ id }) => id),
  incidents: windows(scenario.incidents ?? [], scenario.duration),
  policies
})
