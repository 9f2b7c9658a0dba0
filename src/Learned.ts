/**
 * What a dispatcher has learned of its targets and keeps when it is configured anew: how fast and how busy they are,
 * their circuits, who asked to be left alone, what of retries they bear.
 *
 * @since 0.1.0
 */
import { Equal } from "effect"
import * as Circuit from "./policy/Circuit.ts"
import * as Cooldown from "./policy/Cooldown.ts"
import * as Hedge from "./policy/Hedge.ts"
import * as RetryBudget from "./policy/RetryBudget.ts"
import * as Stats from "./stats/Stats.ts"

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
  return {
    stats,
    circuit: kept(Circuit.make),
    cooldown: kept(Cooldown.make),
    retryBudget: kept(RetryBudget.make),
    hedge: kept(({ maxAttempts, ...options }) => Hedge.make(stats, maxAttempts, options))
  }
}
