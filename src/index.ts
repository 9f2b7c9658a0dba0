/**
 * The core: what a program needs to dispatch. Vendors, test vendors and the Node HTTP client are subpaths of their own.
 *
 * @since 0.1.0
 */

/**
 * Our errors as `effect/ai`'s, and back.
 *
 * @since 0.1.0
 */
export * as AiError from "./AiError.ts"

/**
 * An answer as the messages with which the conversation goes on.
 *
 * @since 0.1.0
 */
export * as Conversation from "./Conversation.ts"

/**
 * One request in, the best vendor's answer out.
 *
 * @since 0.1.0
 */
export * as Dispatcher from "./Dispatcher.ts"

/**
 * What a caller asks.
 *
 * @since 0.1.0
 */
export * as Request from "./Request.ts"

/**
 * What comes back.
 *
 * @since 0.1.0
 */
export * as Response from "./Response.ts"

/**
 * What a request can be sent to.
 *
 * @since 0.1.0
 */
export * as Target from "./Target.ts"

/**
 * The contract of a vendor.
 *
 * @since 0.1.0
 */
export * as Vendor from "./Vendor.ts"

/**
 * The two classes of failure and their reasons.
 *
 * @since 0.1.0
 */
export * as VendorError from "./VendorError.ts"

/**
 * Vendors that are loaded while the program runs.
 *
 * @since 0.1.0
 */
export * as VendorPlugin from "./VendorPlugin.ts"

/**
 * Vendors that come and go at run time.
 *
 * @since 0.1.0
 */
export * as VendorRegistry from "./VendorRegistry.ts"

/**
 * Several keys of one vendor as one vendor.
 *
 * @since 0.1.0
 */
export * as KeyPool from "./keys/KeyPool.ts"

/**
 * Where keys come from: given, the environment, a file, any effect.
 *
 * @since 0.1.0
 */
export * as KeySource from "./keys/KeySource.ts"

/**
 * What is known of a vendor's model: window, price, what it can do, who serves it.
 *
 * @since 0.1.0
 */
export * as ModelInfo from "./ModelInfo.ts"

/**
 * A vendor's list of models, kept and refreshed.
 *
 * @since 0.1.0
 */
export * as ModelList from "./ModelList.ts"
