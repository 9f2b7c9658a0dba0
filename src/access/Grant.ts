/**
 * What somebody may do: models, vendors, features, limits, budgets, administration, and from when to when.
 *
 * What a grant leaves out it takes over from the grant above it; the root's has everything. Two things are never taken
 * over by leaving them out: `scopes`, so that nobody becomes an administrator by an omission, and raw vendor options
 * where `models` is stated, since some vendors choose other models by them.
 *
 * @since 0.1.0
 */
import { DateTime, Schema, SchemaTransformation } from "effect"
import * as Money from "../catalog/Money.ts"
import { Feature } from "./Feature.ts"

/** As long as a model's name in a request may be. */
const longestName = 256

// oxlint-disable-next-line no-control-regex
const control = /[\u0000-\u001f\u007f-\u009f]/

const nameFault = (name: string): string | undefined =>
  name.trim() === ""
    ? "must not be empty"
    : name.length > longestName
    ? `must have at most ${longestName} characters, got ${name.length}`
    : control.test(name)
    ? "holds a control character"
    : undefined

const ModelPattern = Schema.String.check(Schema.makeFilter(nameFault))

const VendorName = Schema.String.check(
  Schema.makeFilter((name) =>
    nameFault(name) ?? (name.includes("*") ? "must be a whole name, without a star" : undefined)
  )
)

/** Of each kind in one grant: every pair of patterns is compared when a grant is made. */
const mostEntries = 100

const list = <S extends Schema.Top>(entry: S) =>
  Schema.optionalKey(
    Schema.Array(entry).check(Schema.makeFilter((entries) =>
      entries.length <= mostEntries ? undefined : `must have at most ${mostEntries} entries, got ${entries.length}`
    ))
  )

const mostDollars = 1_000_000_000
const mostMoney = Money.fromDollars(mostDollars)
const decimal = /^\d{1,10}(\.\d{1,12})?$/

const toMoney = (dollars: string | number): Money.Money => {
  const text = typeof dollars === "string" ? dollars : String(dollars)
  // As it was written, so that 0.1 is a tenth; what JavaScript writes with an exponent is below a millionth.
  const [whole = "0", decimals = ""] = (text.includes("e") ? Number(text).toFixed(12) : text).split(".")
  return BigInt(whole + decimals.slice(0, 12).padEnd(12, "0"))
}

/**
 * US dollars, exact: a decimal text with up to 12 decimals or a number, 0 to 1,000,000,000; a text when encoded.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Dollars = Schema.Union([
  Schema.String.check(
    Schema.makeFilter((text) => decimal.test(text) ? undefined : "must be dollars as in 12.50, with up to 12 decimals")
  ),
  Schema.Finite.check(
    Schema.makeFilter((n) => n >= 0 && n <= mostDollars ? undefined : `must be from 0 to ${mostDollars}, got ${n}`)
  )
]).pipe(
  Schema.decodeTo(
    Schema.BigInt.check(
      Schema.makeFilter((money) =>
        money >= 0n && money <= mostMoney
          ? undefined
          : `must be from 0 to ${mostDollars} dollars, got ${Money.format(money)}`
      )
    ),
    SchemaTransformation.transform<bigint, string | number>({ decode: toMoney, encode: Money.format })
  )
)

const count = (most: number) =>
  Schema.optionalKey(
    Schema.Int.check(
      Schema.makeFilter((n) => n >= 1 && n <= most ? undefined : `must be from 1 to ${most}, got ${n}`)
    )
  )

const many = 1_000_000_000

/**
 * How much at once and how often; each counts for the principal and all below it together.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Limits = Schema.Struct({
  requestsPerMinute: count(many),
  /** Input and output together. */
  tokensPerMinute: count(many),
  /** Dispatches under way, streams until they end. */
  concurrency: count(many),
  /** Of one answer; a request that sets no limit gets this one. */
  maxOutputTokens: count(10_000_000),
  /** Characters of one request, files as Base64. */
  maxRequestSize: count(many)
}).annotate({ identifier: "GrantLimits" })

/**
 * @since 0.1.0
 * @category models
 */
export type Limits = typeof Limits.Type

/**
 * US dollars that the principal and all below it may spend together; days and months of the calendar in UTC.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Budget = Schema.Struct({
  day: Schema.optionalKey(Dollars),
  month: Schema.optionalKey(Dollars),
  /** From its creation on. */
  total: Schema.optionalKey(Dollars)
}).annotate({ identifier: "GrantBudget" })

/**
 * In picodollars.
 *
 * @since 0.1.0
 * @category models
 */
export type Budget = typeof Budget.Type

/**
 * What of the administration somebody may see or do, each for itself and those below it.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Scope = Schema.Literals([
  "stats:read",
  "principals:read",
  "principals:write",
  "keys:read",
  "keys:write",
  "config:read",
  "config:write",
  "audit:read",
  "circuits:read",
  "circuits:write"
]).annotate({ identifier: "Scope" })

/**
 * @since 0.1.0
 * @category models
 */
export type Scope = typeof Scope.Type

/**
 * An empty list grants nothing of its kind.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Grant = Schema.Struct({
  /**
   * Names as requests have them, `*` for any text: models, routes, `vendor/model`, and
   * `default` for requests that name no model. A route grants its targets.
   */
  models: list(ModelPattern),
  /** Names of vendors. */
  vendors: list(VendorName),
  features: list(Feature),
  limits: Schema.optionalKey(Limits),
  budget: Schema.optionalKey(Budget),
  scopes: list(Scope),
  /** From this moment on. */
  notBefore: Schema.optionalKey(Schema.DateTimeUtcFromString),
  /** Until just before this moment. */
  expiresAt: Schema.optionalKey(Schema.DateTimeUtcFromString)
}).annotate({ identifier: "Grant" })

/**
 * @since 0.1.0
 * @category models
 */
export type Grant = typeof Grant.Type

/**
 * Everything there is: the root's grant.
 *
 * @since 0.1.0
 * @category constants
 */
export const everything: Grant = { features: Feature.literals, scopes: Scope.literals }

/**
 * The grant's time in epoch milliseconds, without bounds where it states none.
 *
 * @since 0.1.0
 * @category accessors
 */
export const timeOf = ({ expiresAt, notBefore }: Grant): { readonly from: number; readonly until: number } => ({
  from: notBefore === undefined ? -Infinity : DateTime.toEpochMillis(notBefore),
  until: expiresAt === undefined ? Infinity : DateTime.toEpochMillis(expiresAt)
})
