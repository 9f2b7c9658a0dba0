/**
 * What is left of a chain of grants, from the root down: never more than any of them allows.
 *
 * @since 0.1.0
 */
import { DateTime, Result, Schema } from "effect"
import * as Money from "../catalog/Money.ts"
import * as Feature from "./Feature.ts"
import * as Grant from "./Grant.ts"
import * as Models from "./Models.ts"

/**
 * What may be done when all grants of a chain hold at once.
 *
 * @since 0.1.0
 * @category models
 */
export interface Effective {
  /** A name must be in every one of these lists. */
  readonly models: Models.Models
  /** `undefined` for any. */
  readonly vendors: ReadonlySet<string> | undefined
  readonly features: ReadonlySet<Feature.Feature>
  readonly limits: Grant.Limits
  readonly budget: Grant.Budget
  readonly scopes: ReadonlySet<Grant.Scope>
  /** Epoch milliseconds, the first in which it holds. */
  readonly from: number
  /** Epoch milliseconds, the first in which it no longer holds. */
  readonly until: number
}

/**
 * One thing a child asked for that its parent does not have.
 *
 * @since 0.1.0
 * @category models
 */
export const Violation = Schema.Struct({
  /** The place in the grant, as in `models.0`. */
  path: Schema.String,
  asked: Schema.String,
  allowed: Schema.String
}).annotate({ identifier: "Violation" })

/**
 * @since 0.1.0
 * @category models
 */
export type Violation = typeof Violation.Type

/**
 * A grant asks for more than the one above it has; every such place is told.
 *
 * @since 0.1.0
 * @category errors
 */
export class GrantExceeds extends Schema.TaggedError<GrantExceeds>("llmdispatcher/GrantExceeds")("GrantExceeds", {
  violations: Schema.Array(Violation)
}) {
  override get message(): string {
    return this.violations.map(({ allowed, asked, path }) => `${path}: ${asked} is asked, allowed is ${allowed}`)
      .join("; ")
  }
}

const limitNames = ["requestsPerMinute", "tokensPerMinute", "concurrency", "maxOutputTokens", "maxRequestSize"] as const
const periods = ["day", "month", "total"] as const

const featuresOf = ({ features, models }: Grant.Grant): ReadonlySet<Feature.Feature> =>
  new Set(features ?? (models === undefined ? Feature.all : Feature.all.filter((name) => name !== "vendorOptions")))

/**
 * What one grant allows by itself.
 *
 * @since 0.1.0
 * @category constructors
 */
export const of = (grant: Grant.Grant): Effective => ({
  models: grant.models === undefined ? [] : Models.make([grant.models]),
  vendors: grant.vendors === undefined ? undefined : new Set(grant.vendors),
  features: featuresOf(grant),
  limits: grant.limits ?? {},
  budget: grant.budget ?? {},
  scopes: new Set(grant.scopes),
  ...Grant.timeOf(grant)
})

/**
 * All that may be done at all.
 *
 * @since 0.1.0
 * @category constants
 */
export const everything: Effective = of(Grant.everything)

const least = <K extends string, V extends number | bigint>(
  names: ReadonlyArray<K>,
  left: { readonly [Name in K]?: V },
  right: { readonly [Name in K]?: V }
): { readonly [Name in K]?: V } => {
  const all: { [Name in K]?: V } = {}
  for (const name of names) {
    const a: V | undefined = left[name]
    const b: V | undefined = right[name]
    if (a !== undefined || b !== undefined) all[name] = a === undefined || (b !== undefined && b < a) ? b! : a
  }
  return all
}

const both = <A>(left: ReadonlySet<A>, right: ReadonlySet<A>): ReadonlySet<A> =>
  new Set(Array.from(left).filter((entry) => right.has(entry)))

/**
 * What both allow.
 *
 * @since 0.1.0
 * @category combinators
 */
export const intersect = (left: Effective, right: Effective): Effective => ({
  models: Models.intersect(left.models, right.models),
  vendors: left.vendors === undefined || right.vendors === undefined
    ? left.vendors ?? right.vendors
    : both(left.vendors, right.vendors),
  features: both(left.features, right.features),
  limits: least(limitNames, left.limits, right.limits),
  budget: least(periods, left.budget, right.budget),
  scopes: both(left.scopes, right.scopes),
  from: Math.max(left.from, right.from),
  until: Math.min(left.until, right.until)
})

/**
 * What a chain of grants allows, the root's first. A grant that claims what one above it has lost meanwhile just has
 * less.
 *
 * @since 0.1.0
 * @category constructors
 */
export const effective = (chain: ReadonlyArray<Grant.Grant>): Effective => chain.map(of).reduce(intersect, everything)

const list = (names: Iterable<string>): string => Array.from(names).join(", ") || "none"

const moment = (millis: number): string => DateTime.formatIso(DateTime.makeUnsafe(millis))

/**
 * What the child may do under its parent, or everything in it that goes beyond the parent.
 *
 * @since 0.1.0
 * @category combinators
 */
export const attenuate = (parent: Effective, child: Grant.Grant): Result.Result<Effective, GrantExceeds> => {
  const violations: Array<Violation> = []
  const exceed = (path: string, asked: string, allowed: string) => violations.push({ path, asked, allowed })
  const each = (kind: "vendors" | "features" | "scopes", allowed: ReadonlySet<string> | undefined) =>
    child[kind]?.forEach((name, index) => {
      if (allowed !== undefined && !allowed.has(name)) exceed(`${kind}.${index}`, name, list(allowed))
    })
  child.models?.forEach((pattern, index) => {
    const narrower = parent.models.find((patterns) => !Models.covers(patterns, pattern))
    if (narrower !== undefined) exceed(`models.${index}`, pattern, list(narrower))
  })
  each("vendors", parent.vendors)
  each("features", parent.features)
  for (const name of limitNames) {
    const [asked, allowed] = [child.limits?.[name], parent.limits[name]]
    if (asked !== undefined && allowed !== undefined && asked > allowed) {
      exceed(`limits.${name}`, String(asked), String(allowed))
    }
  }
  for (const period of periods) {
    const [asked, allowed] = [child.budget?.[period], parent.budget[period]]
    if (asked !== undefined && allowed !== undefined && asked > allowed) {
      exceed(`budget.${period}`, `$${Money.format(asked)}`, `$${Money.format(allowed)}`)
    }
  }
  each("scopes", parent.scopes)
  const { from, until } = Grant.timeOf(child)
  if (child.notBefore !== undefined && from < parent.from) exceed("notBefore", moment(from), moment(parent.from))
  if (child.expiresAt !== undefined && until > parent.until) exceed("expiresAt", moment(until), moment(parent.until))
  return violations.length === 0
    ? Result.succeed(intersect(parent, of(child)))
    : Result.fail(new GrantExceeds({ violations }))
}
