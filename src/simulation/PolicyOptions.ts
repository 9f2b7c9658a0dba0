/**
 * The dispatcher's options as a scenario may write them, times with their units.
 *
 * @since 0.1.0
 */
import { Schema } from "effect"
import { Span } from "./Time.ts"

/**
 * The strategies of `Route`, by name.
 *
 * @since 0.1.0
 * @category schemas
 */
export const StrategyName = Schema.Literals([
  "ordered",
  "weighted",
  "round-robin",
  "random",
  "least-busy",
  "fastest",
  "cheapest",
  "dearest",
  "sticky"
])

/**
 * What becomes of a stream that breaks after it began.
 *
 * @since 0.1.0
 * @category schemas
 */
export const OnInterrupted = Schema.Literals(["fail", "resume"])

const count = Schema.Int.check(Schema.makeFilter((n: number) => n >= 1 ? undefined : "must be a whole number above 0"))
const above = Schema.Finite.check(Schema.makeFilter((n: number) => n > 0 ? undefined : "must be above 0"))
const time = Schema.optionalKey(Span)

/** A policy is its options, or `false` for none. */
const orNone = <S extends Schema.Constraint>(options: S) =>
  Schema.optionalKey(Schema.Union([Schema.Literal(false), options]))

/**
 * @since 0.1.0
 * @category models
 */
export const PolicyOptions = Schema.Struct({
  /** Chooses for every route, in place of the route's own strategy. */
  strategy: Schema.optionalKey(StrategyName),
  /** For every route, in place of the route's own. */
  onInterrupted: Schema.optionalKey(OnInterrupted),
  maxAttempts: Schema.optionalKey(count),
  retry: orNone(Schema.Struct({ base: time, cap: time, patience: time })),
  circuit: orNone(Schema.Struct({ failures: Schema.optionalKey(count), openDuration: time, maxOpenDuration: time })),
  cooldown: orNone(Schema.Struct({ rateLimit: time, disabled: time, most: time, patience: time })),
  retryBudget: orNone(Schema.Struct({ most: Schema.optionalKey(above), ratio: Schema.optionalKey(above) })),
  hedge: Schema.optionalKey(Schema.Struct({ after: time, budget: Schema.optionalKey(above) })),
  timeouts: Schema.optionalKey(Schema.Struct({ connect: time, firstPart: time, idle: time, total: time }))
}).annotate({ identifier: "PolicyOptions" })

/**
 * @since 0.1.0
 * @category models
 */
export type PolicyOptions = typeof PolicyOptions.Type
