/**
 * The dispatcher's options as a scenario may write them, times with their units.
 *
 * @since 0.1.0
 */
import { Schema } from "effect"
import { fields, OnInterrupted, StrategyName } from "../config/PolicyConfig.ts"

/**
 * @since 0.1.0
 * @category models
 */
export const PolicyOptions = Schema.Struct({
  /** Chooses for every route, in place of the route's own strategy. */
  strategy: Schema.optionalKey(StrategyName),
  /** For every route, in place of the route's own. */
  onInterrupted: Schema.optionalKey(OnInterrupted),
  ...fields
}).annotate({ identifier: "PolicyOptions" })

/**
 * @since 0.1.0
 * @category models
 */
export type PolicyOptions = typeof PolicyOptions.Type
