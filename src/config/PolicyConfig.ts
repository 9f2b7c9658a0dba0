/**
 * The policies as a file may set them, times with their units; what is left out is as the dispatcher has it.
 *
 * @since 0.1.0
 */
import { Schema } from "effect"
import { Span } from "./Time.ts"

/**
 * A whole number above 0.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Count = Schema.Int.check(
  Schema.makeFilter((n: number) => n >= 1 ? undefined : "must be a whole number above 0")
)

/** A number above 0. */
const Positive = Schema.Finite.check(Schema.makeFilter((n: number) => n > 0 ? undefined : "must be above 0"))

/**
 * A number of 0 or more.
 *
 * @since 0.1.0
 * @category schemas
 */
export const NotNegative = Schema.Finite.check(
  Schema.makeFilter((n: number) => n >= 0 ? undefined : "must be 0 or more")
)

/**
 * A share of the whole.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Share = Schema.Finite.check(
  Schema.makeFilter((n: number) => n >= 0 && n <= 1 ? undefined : "must be from 0 to 1")
)

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

const time = (description: string) => Schema.optionalKey(Span.annotate({ description }))
const count = (description: string) => Schema.optionalKey(Count.annotate({ description }))
const positive = (description: string) => Schema.optionalKey(Positive.annotate({ description }))

/** A policy is its options, or `false` for none. */
const orNone = <S extends Schema.Constraint>(options: S) =>
  Schema.optionalKey(Schema.Union([Schema.Literal(false), options]))

/**
 * The fields, for who sets further ones beside them.
 *
 * @since 0.1.0
 * @category schemas
 */
export const fields = {
  maxAttempts: count("Calls in one dispatch, over all targets and retries. Default 3."),
  retry: orNone(Schema.Struct({
    base: time("The wait before the first retry, doubled for each further one, with full jitter."),
    cap: time("The longest such wait."),
    patience: time("The longest wait that a vendor may ask for.")
  })),
  circuit: orNone(Schema.Struct({
    failures: count("Failures in a row that open a target's circuit. Default 5."),
    openDuration: time("How long it stays open the first time. Default 15s."),
    maxOpenDuration: time("The longest it stays open. Default 5m.")
  })),
  cooldown: orNone(Schema.Struct({
    rateLimit: time("How long a target is left alone after a rate limit that tells no time. Default 5s."),
    disabled: time("How long a vendor is left alone whose key or quota is no good. Default 5m."),
    most: time("The longest that a vendor's own time is believed. Default 1d."),
    patience: time("The longest that the last candidate is waited for. Default 10s.")
  })),
  retryBudget: orNone(Schema.Struct({
    most: positive("Retries that a target bears without an answer in between. Default 10."),
    ratio: positive("Of a retry, what one answer gives back. Default 0.2.")
  })),
  hedge: Schema.optionalKey(Schema.Struct({
    after: time(
      "How long the first candidate is waited for. Default as long as 95 of 100 of its answers take to begin."
    ),
    budget: Schema.optionalKey(Share.annotate({ description: "Second calls for each dispatch. Default 0.05." }))
  })),
  timeouts: Schema.optionalKey(Schema.Struct({
    connect: time("Until a vendor's answer has its headers."),
    firstPart: time("Until the first meaningful part of a stream."),
    idle: time("Between two parts of a stream."),
    total: time("For a whole attempt.")
  }))
}

/**
 * @since 0.1.0
 * @category models
 */
export const PolicyConfig = Schema.Struct({
  ...fields,
  deadline: time("All the time a dispatch may take where the request sets none. Default 10m."),
  onContentFiltered: Schema.optionalKey(
    Schema.Literals(["stop", "elsewhere"]).annotate({
      description: "Whether what a vendor's filter refused may be asked of others. Default stop."
    })
  ),
  maxRequestSize: count("The most characters of a request. Default 20000000.")
}).annotate({ identifier: "Policies" })
