/**
 * What the live statistics tell at one moment, as a Schema: JSON goes out and comes back the same.
 *
 * Times are in milliseconds, moments in epoch milliseconds, cost in US dollars. Something nobody told is absent or
 * counted as unknown, never 0.
 *
 * @since 0.1.0
 */
import { Schema } from "effect"

/**
 * How long things took: `p50` to `p99` within 2 % of the true quantile, the rest exact.
 *
 * @since 0.1.0
 * @category models
 */
export const Quantiles = Schema.Struct({
  count: Schema.Natural,
  mean: Schema.Finite,
  max: Schema.Finite,
  p50: Schema.Finite,
  p90: Schema.Finite,
  p95: Schema.Finite,
  p99: Schema.Finite
}).annotate({ identifier: "StatsQuantiles" })

/**
 * @since 0.1.0
 * @category models
 */
export type Quantiles = typeof Quantiles.Type

/**
 * How many tokens were told of, and how many answers did not tell.
 *
 * @since 0.1.0
 * @category models
 */
export const Tokens = Schema.Struct({ known: Schema.Natural, unknown: Schema.Natural })
  .annotate({ identifier: "StatsTokens" })

/**
 * @since 0.1.0
 * @category models
 */
export type Tokens = typeof Tokens.Type

/**
 * What was counted. Of a vendor or a target a request is one call to it; of a route, a caller and in total it is one
 * dispatch, and `calls` are those it made.
 *
 * A dispatch is counted when it is over, with all its attempts.
 *
 * @since 0.1.0
 * @category models
 */
export const Figures = Schema.Struct({
  requests: Schema.Natural,
  successes: Schema.Natural,
  /** By reason, the most frequent first; `_OTHER` where there was none to tell. */
  failures: Schema.Record(Schema.String, Schema.Natural),
  interrupted: Schema.Natural,
  /** Answers out of the cache. In total, of routes and of callers they are successful requests. */
  cached: Schema.Natural,
  calls: Schema.Natural,
  retries: Schema.Natural,
  fallbacks: Schema.Natural,
  hedges: Schema.Natural,
  resumes: Schema.Natural,
  /** How often a target was passed over, by reason, the most frequent first. */
  skips: Schema.Record(Schema.String, Schema.Natural),
  /** Of every call that began to answer. */
  tokens: Schema.Struct({
    input: Tokens,
    uncached: Tokens,
    cacheRead: Tokens,
    cacheWrite: Tokens,
    output: Tokens,
    text: Tokens,
    reasoning: Tokens
  }),
  /** Summed exactly and rounded once, to the nearest number; what is `unpriced` is not in it. */
  cost: Schema.Finite,
  /** Calls that began to answer and whose cost is not known. */
  unpriced: Schema.Natural,
  /** How long whole answers took; absent where there was none. */
  latency: Schema.optionalKey(Quantiles),
  /** When answers began, also those that broke; absent where none did. */
  timeToFirstPart: Schema.optionalKey(Quantiles)
}).annotate({ identifier: "StatsFigures" })

/**
 * @since 0.1.0
 * @category models
 */
export type Figures = typeof Figures.Type

/**
 * What was counted of late.
 *
 * @since 0.1.0
 * @category models
 */
export const WindowFigures = Schema.Struct({
  ...Figures.fields,
  /** Requests a second. */
  rate: Schema.Finite,
  /** The requests of each slot, the oldest first; the last is still under way. */
  trend: Schema.Array(Schema.Natural)
}).annotate({ identifier: "StatsWindowFigures" })

/**
 * @since 0.1.0
 * @category models
 */
export type WindowFigures = typeof WindowFigures.Type

const group = {
  sinceStart: Figures,
  /** By the window's name. */
  windows: Schema.Record(Schema.String, WindowFigures)
}

/**
 * @since 0.1.0
 * @category models
 */
export const Group = Schema.Struct(group).annotate({ identifier: "StatsGroup" })

/**
 * @since 0.1.0
 * @category models
 */
export type Group = typeof Group.Type

/**
 * One limit of a target: what is left, of how much, and when all of it is back.
 *
 * @since 0.1.0
 * @category models
 */
export const Limit = Schema.Struct({
  remaining: Schema.Finite,
  limit: Schema.optionalKey(Schema.Finite),
  resetAt: Schema.optionalKey(Schema.Finite)
}).annotate({ identifier: "StatsLimit" })

/**
 * @since 0.1.0
 * @category models
 */
export type Limit = typeof Limit.Type

/**
 * @since 0.1.0
 * @category models
 */
export const CircuitState = Schema.Literals(["Closed", "HalfOpen", "Open"]).annotate({
  identifier: "StatsCircuitState"
})

/**
 * @since 0.1.0
 * @category models
 */
export type CircuitState = typeof CircuitState.Type

/**
 * A target's figures and how it is now, as far as that is known.
 *
 * @since 0.1.0
 * @category models
 */
export const Target = Schema.Struct({
  ...group,
  inFlight: Schema.optionalKey(Schema.Natural),
  circuit: Schema.optionalKey(CircuitState),
  /** Only where that is yet to come. */
  coolingDownUntil: Schema.optionalKey(Schema.Finite),
  /** By what is limited: `requests`, `tokens`, … */
  limits: Schema.optionalKey(Schema.Record(Schema.String, Limit))
}).annotate({ identifier: "StatsTarget" })

/**
 * @since 0.1.0
 * @category models
 */
export type Target = typeof Target.Type

/**
 * How far back a window looks, and how long each of its slots is: up to so much more may be counted in it.
 *
 * @since 0.1.0
 * @category models
 */
export const Window = Schema.Struct({
  name: Schema.String,
  duration: Schema.Finite,
  slot: Schema.Finite
}).annotate({ identifier: "StatsWindow" })

/**
 * @since 0.1.0
 * @category models
 */
export type Window = typeof Window.Type

/**
 * All of it. Each of `vendors`, `targets`, `routes` and `callers` is by name; what is too much to be told apart is under
 * `_OTHER`, and dispatches that have no route or no caller are under `_NONE`.
 *
 * @since 0.1.0
 * @category models
 */
export const Snapshot = Schema.Struct({
  at: Schema.Finite,
  startedAt: Schema.Finite,
  windows: Schema.Array(Window),
  /** `inFlight` are dispatches. */
  total: Schema.Struct({ ...group, inFlight: Schema.Natural }),
  vendors: Schema.Record(Schema.String, Group),
  targets: Schema.Record(Schema.String, Target),
  routes: Schema.Record(Schema.String, Group),
  callers: Schema.Record(Schema.String, Group)
}).annotate({ identifier: "StatsSnapshot" })

/**
 * @since 0.1.0
 * @category models
 */
export type Snapshot = typeof Snapshot.Type
