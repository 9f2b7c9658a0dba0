/**
 * Traffic, vendors and incidents that are only models, under virtual time: what a policy would come to.
 *
 * @since 0.1.0
 */

/**
 * @since 0.1.0
 */
export * as Contenders from "./policies/Contenders.ts"

/**
 * @since 0.1.0
 */
export * as Report from "./Report.ts"

/**
 * @since 0.1.0
 */
export * as Scenario from "./Scenario.ts"

/**
 * @since 0.1.0
 */
export * as Simulation from "./Simulation.ts"

/**
 * @since 0.1.0
 */
export * as Svg from "./Svg.ts"

/**
 * @since 0.1.0
 */
export * as Table from "./Table.ts"

/**
 * @since 0.1.0
 */
export * as Trace from "./Trace.ts"
