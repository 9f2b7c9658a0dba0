/**
 * What a dispatcher has learned of its targets and keeps when it is configured anew: how fast and how busy they are,
 * their circuits, who asked to be left alone, what of retries they bear.
 *
 * @since 0.1.0
 */
import { Effect, Equal } from "effect"
import type { CircuitBreaker } from "effect/persistence"
import * as Circuit from "./policy/Circuit.ts"
import * as Cooldown from "./policy/Cooldown.ts"
import * as Hedge from "./policy/Hedge.ts"
import * as RetryBudget from "./policy/RetryBudget.ts"
import type { Candidate } from "./Policy.ts"
import * as Stats from "./stats/Stats.ts"
import type { Vendor } from "./Vendor.ts"

/**
 * The state behind the policies; each stays the same one as long as its options do.
 *
 * @since 0.1.0
 * @category models
 */
export interface Learned {
  readonly stats: Stats.Stats
  readonly circuit: (options: Circuit.Options | undefined) => Circuit.Circuit
  readonly cooldown: (options: Cooldown.Options | undefined) => Cooldown.Cooldown
  /** How the candidate's circuit stands, where there are circuits. */
  readonly circuitState: (candidate: Candidate) => Effect.Effect<CircuitBreaker.State["_tag"] | undefined>
  /** The epoch milliseconds until which the candidate is left alone. */
  readonly cooldownUntil: (candidate: Candidate) => number | undefined
  /** Forgets that a vendor's key or quota was no good. */
  readonly readmit: (vendor: Vendor) => void
  readonly retryBudget: (options: RetryBudget.Options | undefined) => RetryBudget.RetryBudget
  readonly hedge: (options: Hedge.Options & { readonly maxAttempts: number }) => Hedge.Hedge
}

/** Makes anew only what is asked for with other options. */
const kept = <Options, A>(make: (options: Options) => A): (options: Options) => A => {
  let last: { readonly options: Options; readonly value: A } | undefined
  return (options) => {
    if (last === undefined || !Equal.equals(last.options, options)) last = { options, value: make(options) }
    return last.value
  }
}

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = (): Learned => {
  const stats = Stats.make()
  const circuits = kept(Circuit.make)
  const cooldowns = kept(Cooldown.make)
  let circuit: Circuit.Circuit | undefined
  let cooldown: Cooldown.Cooldown | undefined
  return {
    stats,
    circuit: (options) => circuit = circuits(options),
    circuitState: (candidate) => circuit === undefined ? Effect.undefined : circuit.state(candidate),
    cooldownUntil: (candidate) => cooldown?.until(candidate),
    cooldown: (options) => cooldown = cooldowns(options),
    readmit: (vendor) => cooldown?.readmit(vendor),
    retryBudget: kept(RetryBudget.make),
    hedge: kept(({ maxAttempts, ...options }) => Hedge.make(stats, maxAttempts, options))
  }
}
