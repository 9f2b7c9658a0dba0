/**
 * What a dispatcher is told of the policies that a request meets on its way.
 *
 * @since 0.1.0
 */
import { type Duration, Effect } from "effect"
import { ConfigError } from "./config/ConfigError.ts"
import type * as Circuit from "./policy/Circuit.ts"
import type * as Cooldown from "./policy/Cooldown.ts"
import type * as Hedge from "./policy/Hedge.ts"
import type * as Retry from "./policy/Retry.ts"
import type * as RetryBudget from "./policy/RetryBudget.ts"
import type * as Timeout from "./policy/Timeout.ts"
import type { Admission, Policy, Preparation } from "./Policy.ts"
import type * as Request from "./Request.ts"
import type { Recorder } from "./stats/Record.ts"
import type * as Capture from "./telemetry/Capture.ts"
import type * as Metrics from "./telemetry/Metrics.ts"
import type { AttemptError, DispatchError, Skipped } from "./VendorError.ts"

/**
 * The policies a request meets on its way.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Calls in one dispatch, over all targets and retries. Default 3, at least 1. */
  readonly maxAttempts?: number | undefined
  /** All the time a dispatch may take where the request sets none. Default 10 min. */
  readonly deadline?: Duration.Input | undefined
  /** `false` for none. */
  readonly retry?: Omit<Retry.Options, "maxAttempts" | "take"> | false | undefined
  /** How much retrying each target bears; `false` for any. */
  readonly retryBudget?: RetryBudget.Options | false | undefined
  /** Whether what a vendor's filter refused may be asked of others. Default `stop`. */
  readonly onContentFiltered?: "stop" | "elsewhere" | undefined
  /** Asks a second candidate when the first is slow to begin; by default nobody is. */
  readonly hedge?: Hedge.Options | undefined
  /** How long a target that refused is left alone; `false` for not at all. */
  readonly cooldown?: Cooldown.Options | false | undefined
  /** `false` for none. */
  readonly circuit?: Circuit.Options | false | undefined
  readonly timeouts?: Timeout.Options | undefined
  /** Looked at in their order before a request is routed: limits of callers, budgets, a queue. */
  readonly admission?: ReadonlyArray<Admission> | undefined
  /** Change a request before it is routed, in their order: trim it, summarise it. */
  readonly prepare?: ReadonlyArray<Preparation> | undefined
  /** Further policies around the attempts at one target, outermost first: its rate limit, its concurrency. */
  readonly target?: ReadonlyArray<TargetPolicy> | undefined
  /** Counts and times of attempts and dispatches through effect's `Metric`; `false` for none. */
  readonly metrics?: Metrics.Options | false | undefined
  /** Puts what was asked and answered on the attempts' spans, redacted; by default neither is. */
  readonly capture?: Capture.Options | undefined
  /** Hear of every dispatch when it is over; they are called on its path. */
  readonly recorders?: ReadonlyArray<Recorder> | undefined
  /** Who asks, for the records. Default `request.user`. */
  readonly caller?: ((request: Request.Request) => string | undefined) | undefined
  /** Asked before an answer is given that the cache has: it goes past `admission`. By default all may have it. */
  readonly permit?: ((request: Request.Request) => Effect.Effect<void, DispatchError>) | undefined
  /** The most characters of a request. Default 20,000,000. */
  readonly maxRequestSize?: number | undefined
}

/**
 * A policy around the attempts at one target, for whole answers and streams alike.
 *
 * @since 0.1.0
 * @category models
 */
export type TargetPolicy = Policy<AttemptError | Skipped, AttemptError | Skipped>

/**
 * Fails with `ConfigError` where a number is out of range.
 *
 * @since 0.1.0
 * @category constructors
 */
export const check = (options: Options): Effect.Effect<void, ConfigError> => {
  const { maxAttempts = 3 } = options
  return Number.isInteger(maxAttempts) && maxAttempts >= 1
    ? Effect.void
    : Effect.fail(new ConfigError({ path: "maxAttempts", description: "must be a whole number above 0" }))
}
