/**
 * The ways of dispatching by the names they are compared under.
 *
 * @since 0.1.0
 */
import type { PolicyOptions } from "../PolicyOptions.ts"
import type { Contender } from "./Contender.ts"
import { officialSdk } from "./OfficialSdk.ts"
import * as Own from "./Own.ts"
import { executionPlan } from "./Plan.ts"
import { roundRobin } from "./RoundRobin.ts"
import { simpleShuffle } from "./SimpleShuffle.ts"

/**
 * Those that need no scenario to be known; `default` is the dispatcher with nothing set.
 *
 * @since 0.1.0
 * @category contenders
 */
export const builtIn: Readonly<Record<string, Contender>> = {
  default: Own.make("the dispatcher as it is, with the route's strategy"),
  fastest: Own.make("the dispatcher, choosing the fastest of two", { strategy: "fastest" }),
  resume: Own.make("the dispatcher, going on elsewhere when a stream breaks", { onInterrupted: "resume" }),
  "litellm-shuffle": simpleShuffle,
  "round-robin": roundRobin,
  "official-sdk": officialSdk,
  "execution-plan": executionPlan
}

/**
 * Those of a scenario as well, which may also say anew what `default` is.
 *
 * @since 0.1.0
 * @category constructors
 */
export const all = (policies: Readonly<Record<string, PolicyOptions>> = {}): ReadonlyMap<string, Contender> =>
  new Map([
    ...Object.entries(builtIn),
    ...Object.entries(policies).map((
      [name, options]
    ): [string, Contender] => [name, Own.make("of the scenario", options)])
  ])
