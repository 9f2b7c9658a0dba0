/**
 * What goes wrong, when, and for whom; and what all of it together means for one vendor at one moment.
 *
 * @since 0.1.0
 */
import { Schema } from "effect"
import { Span, Time } from "../config/Time.ts"

const Share = Schema.Finite.check(
  Schema.makeFilter((n: number) => n >= 0 && n <= 1 ? undefined : "must be from 0 to 1")
)
const Factor = Schema.Finite.check(Schema.makeFilter((n: number) => n > 0 ? undefined : "must be above 0"))

/** How a vendor that is down fails: with 503, with a connection refused, or with no word at all. */
const Failure = Schema.Literals(["error", "refused", "silence"])

const when = {
  /** From the beginning of the scenario. */
  at: Time,
  lasting: Span,
  /** Comes again after each such time. */
  every: Schema.optionalKey(Span)
}

/** Left out, it hits all vendors. */
const vendors = Schema.optionalKey(Schema.NonEmptyArray(Schema.String))

/**
 * @since 0.1.0
 * @category models
 */
export const Incident = Schema.Union([
  /** Nothing is answered. */
  Schema.Struct({ kind: Schema.Literal("outage"), ...when, vendors, failure: Schema.optionalKey(Failure) }),
  /** Slower (default 3 times) and with errors (default a share of 0.2). */
  Schema.Struct({
    kind: Schema.Literal("brown-out"),
    ...when,
    vendors,
    slower: Schema.optionalKey(Factor),
    errors: Schema.optionalKey(Share)
  }),
  /** A share of calls (default 0.9) gets 429, without a retry-after unless one is given. */
  Schema.Struct({
    kind: Schema.Literal("rate-limit-storm"),
    ...when,
    vendors,
    share: Schema.optionalKey(Share),
    retryAfter: Schema.optionalKey(Span)
  }),
  /** The first token takes so many times as long (default 10); the rest comes as ever. */
  Schema.Struct({ kind: Schema.Literal("slow-first-token"), ...when, vendors, factor: Schema.optionalKey(Factor) }),
  /** A share of answers (default 0.3) ends in the middle: `reset` breaks the connection, `stall` sends no more. */
  Schema.Struct({
    kind: Schema.Literal("mid-stream-cuts"),
    ...when,
    vendors,
    share: Schema.optionalKey(Share),
    ending: Schema.optionalKey(Schema.Literals(["reset", "stall"]))
  }),
  /** Down and up in turn (default 20s each), down first. */
  Schema.Struct({
    kind: Schema.Literal("flapping"),
    ...when,
    vendors,
    down: Schema.optionalKey(Span),
    up: Schema.optionalKey(Span),
    failure: Schema.optionalKey(Failure)
  }),
  /** All vendors of a region are down. */
  Schema.Struct({
    kind: Schema.Literal("regional-loss"),
    ...when,
    region: Schema.String,
    failure: Schema.optionalKey(Failure)
  }),
  /** So many times (default 3) as many requests; it is the traffic that changes. */
  Schema.Struct({ kind: Schema.Literal("surge"), ...when, factor: Schema.optionalKey(Factor) })
]).annotate({ identifier: "Incident" })

/**
 * @since 0.1.0
 * @category models
 */
export type Incident = typeof Incident.Type

/**
 * What all incidents of a moment mean for one vendor.
 *
 * @since 0.1.0
 * @category models
 */
export interface Condition {
  readonly down: "error" | "refused" | "silence" | undefined
  /** Times as long. */
  readonly slower: number
  readonly firstToken: number
  /** Shares from 0 to 1. */
  readonly errors: number
  readonly refusals: number
  readonly cuts: number
  /** Milliseconds. */
  readonly retryAfter: number | undefined
  readonly ending: "reset" | "stall"
}

const well: Condition = {
  down: undefined,
  slower: 1,
  firstToken: 1,
  errors: 0,
  refusals: 0,
  cuts: 0,
  retryAfter: undefined,
  ending: "reset"
}

/**
 * Milliseconds since an incident began (for the last time), `undefined` when it is not on.
 *
 * @since 0.1.0
 * @category accessors
 */
export const since = ({ at, every, lasting }: Incident, time: number): number | undefined => {
  if (time < at) return undefined
  const into = every === undefined ? time - at : (time - at) % every
  return into < lasting ? into : undefined
}

const worsened = (condition: Condition, incident: Incident, into: number): Condition => {
  switch (incident.kind) {
    case "outage":
    case "regional-loss":
      return { ...condition, down: incident.failure ?? "error" }
    case "brown-out":
      return {
        ...condition,
        slower: condition.slower * (incident.slower ?? 3),
        errors: Math.max(condition.errors, incident.errors ?? 0.2)
      }
    case "rate-limit-storm":
      return {
        ...condition,
        refusals: Math.max(condition.refusals, incident.share ?? 0.9),
        retryAfter: incident.retryAfter
      }
    case "slow-first-token":
      return { ...condition, firstToken: condition.firstToken * (incident.factor ?? 10) }
    case "mid-stream-cuts":
      return {
        ...condition,
        cuts: Math.max(condition.cuts, incident.share ?? 0.3),
        ending: incident.ending ?? "reset"
      }
    case "flapping": {
      const down = incident.down ?? 20_000
      return into % (down + (incident.up ?? 20_000)) < down
        ? { ...condition, down: incident.failure ?? "error" }
        : condition
    }
    case "surge":
      return condition
  }
}

const hits = (incident: Incident, vendor: { readonly name: string; readonly region?: string }): boolean =>
  incident.kind === "surge"
    ? false
    : incident.kind === "regional-loss"
    ? incident.region === vendor.region
    : incident.vendors === undefined || incident.vendors.includes(vendor.name)

/**
 * How one vendor is at a moment, in milliseconds since the beginning.
 *
 * @since 0.1.0
 * @category constructors
 */
export const conditions = (
  incidents: ReadonlyArray<Incident>,
  vendor: { readonly name: string; readonly region?: string }
): (time: number) => Condition => {
  const own = incidents.filter((incident) => hits(incident, vendor))
  return (time) => {
    let condition = well
    for (const incident of own) {
      const into = since(incident, time)
      if (into !== undefined) condition = worsened(condition, incident, into)
    }
    return condition
  }
}

/**
 * The times at which incidents are on, within a duration, in their order; in milliseconds.
 *
 * @since 0.1.0
 * @category accessors
 */
export const windows = (
  incidents: ReadonlyArray<Incident>,
  duration: number
): ReadonlyArray<{ readonly kind: Incident["kind"]; readonly from: number; readonly to: number }> =>
  incidents.flatMap((incident) => {
    const times: Array<{ readonly kind: Incident["kind"]; readonly from: number; readonly to: number }> = []
    for (let from = incident.at; from < duration; from += incident.every ?? Infinity) {
      times.push({ kind: incident.kind, from, to: Math.min(from + incident.lasting, duration) })
    }
    return times
  }).toSorted((a, b) => a.from - b.from)
