/**
 * Vendors for other people's tests, and the suite that every vendor passes.
 *
 * @since 0.1.0
 */

/**
 * @since 0.1.0
 */
export * as ScriptedVendor from "./ScriptedVendor.ts"

/**
 * @since 0.1.0
 */
export * as Conformance from "./Conformance.ts"
