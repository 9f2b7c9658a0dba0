/**
 * The strategies by the names that a route's configuration has for them.
 *
 * @since 0.1.0
 */
import type { StrategyName } from "../Route.ts"
import type { Strategy } from "../Strategy.ts"
import { fastest, leastBusy } from "./strategy/Load.ts"
import { cheapest, dearest } from "./strategy/Price.ts"
import { ordered, random, roundRobin } from "./strategy/Simple.ts"
import { sticky } from "./strategy/Sticky.ts"
import { weighted } from "./strategy/Weighted.ts"

/**
 * @since 0.1.0
 * @category strategies
 */
export const strategies: { readonly [name in StrategyName]: Strategy } = {
  ordered,
  weighted,
  "round-robin": roundRobin,
  random,
  "least-busy": leastBusy,
  fastest,
  cheapest,
  dearest,
  sticky
}
