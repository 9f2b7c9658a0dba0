/**
 * What the database tells of dispatches that are over, as Schemas; null or absent where it is not known.
 *
 * @since 0.1.0
 */
import { Schema } from "effect"
import { Response as AiResponse } from "effect/ai"
import { Attempt, Usage } from "../../Response.ts"

const figures = {
  requests: Schema.Finite,
  answered: Schema.Finite,
  failures: Schema.Finite,
  interrupted: Schema.Finite,
  cached: Schema.Finite,
  unpriced: Schema.Finite,
  inputTokens: Schema.NullOr(Schema.Finite),
  outputTokens: Schema.NullOr(Schema.Finite),
  cost: Schema.NullOr(Schema.Finite),
  duration: Schema.NullOr(Schema.Finite),
  timeToFirstPart: Schema.NullOr(Schema.Finite)
}

/**
 * What was written down, counted; null where it is not known.
 *
 * @since 0.1.0
 * @category models
 */
export const Figures = Schema.Struct(figures).annotate({ identifier: "StoredFigures" })

/**
 * @since 0.1.0
 * @category models
 */
export const Named = Schema.Struct({ name: Schema.NullOr(Schema.String), ...figures })
  .annotate({ identifier: "StoredNamed" })

/**
 * @since 0.1.0
 * @category models
 */
export const Point = Schema.Struct({ at: Schema.Finite, name: Schema.NullOr(Schema.String), ...figures })
  .annotate({ identifier: "StoredPoint" })

/**
 * @since 0.1.0
 * @category models
 */
export const Percentiles = Schema.Struct({
  at: Schema.Finite,
  name: Schema.NullOr(Schema.String),
  count: Schema.Finite,
  p50: Schema.Finite,
  p90: Schema.Finite,
  p95: Schema.Finite,
  p99: Schema.Finite
}).annotate({ identifier: "StoredPercentiles" })

const attempt = Schema.Struct({
  ...Attempt.fields,
  /** Absent of a target that was skipped. */
  occasion: Schema.optionalKey(Schema.Literals(["first", "retry", "fallback", "hedge", "resume"])),
  usage: Schema.optionalKey(Usage),
  cost: Schema.optionalKey(Schema.Finite),
  /** By which prices the cost was counted. */
  costSource: Schema.optionalKey(Schema.String)
}).annotate({ identifier: "StoredAttempt" })

/**
 * One dispatch, all its attempts with it; never what was said.
 *
 * @since 0.1.0
 * @category models
 */
export const Dispatch = Schema.Struct({
  id: Schema.String,
  operation: Schema.Literals(["send", "stream"]),
  startedAt: Schema.Finite,
  duration: Schema.Finite,
  timeToFirstPart: Schema.optionalKey(Schema.Finite),
  route: Schema.optionalKey(Schema.String),
  model: Schema.optionalKey(Schema.String),
  caller: Schema.optionalKey(Schema.String),
  outcome: Schema.Literals(["answered", "failed", "interrupted"]),
  reason: Schema.optionalKey(Schema.String),
  vendor: Schema.optionalKey(Schema.String),
  target: Schema.optionalKey(Schema.String),
  finishReason: Schema.optionalKey(AiResponse.FinishReason),
  isCached: Schema.Boolean,
  usage: Usage,
  cost: Schema.optionalKey(Schema.Finite),
  attempts: Schema.Array(attempt)
}).annotate({ identifier: "StoredDispatch" })

/**
 * @since 0.1.0
 * @category models
 */
export type Dispatch = typeof Dispatch.Type
