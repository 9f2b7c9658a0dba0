import { DateTime } from "effect"
import * as fc from "fast-check"
import type { Effective } from "../../src/access/Effective.ts"
import * as Feature from "../../src/access/Feature.ts"
import { type Grant, Scope } from "../../src/access/Grant.ts"
import type { Asked } from "../../src/access/Permission.ts"

/** Few letters, so that patterns often meet. */
export const pattern = fc.string({ unit: fc.constantFrom("a", "b", "/", "*"), minLength: 1, maxLength: 6 })
export const name = fc.string({ unit: fc.constantFrom("a", "b", "/"), minLength: 1, maxLength: 7 })

export const vendors = ["v", "w", "x"]
const vendor = fc.constantFrom(...vendors)
const moment = fc.integer({ min: 0, max: 20 }).map((millis) => DateTime.makeUnsafe(millis))
const limit = fc.integer({ min: 1, max: 9 })
const money = fc.bigInt({ min: 0n, max: 9n })

const some: { requiredKeys: [] } = { requiredKeys: [] }

export const grant: fc.Arbitrary<Grant> = fc.record({
  models: fc.array(pattern, { maxLength: 4 }),
  vendors: fc.uniqueArray(vendor),
  features: fc.uniqueArray(fc.constantFrom(...Feature.all.slice(0, 4), "vendorOptions" as const)),
  limits: fc.record({
    requestsPerMinute: limit,
    tokensPerMinute: limit,
    concurrency: limit,
    maxOutputTokens: limit,
    maxRequestSize: limit
  }, some),
  budget: fc.record({ day: money, month: money, total: money }, some),
  scopes: fc.uniqueArray(fc.constantFrom(...Scope.literals.slice(0, 4))),
  notBefore: moment,
  expiresAt: moment
}, some)

export const chain = fc.array(grant, { minLength: 1, maxLength: 4 })

export const asked: fc.Arbitrary<Asked> = fc.record({
  names: fc.array(name, { minLength: 1, maxLength: 2 }),
  isLed: fc.constant(false),
  vendors: fc.option(fc.uniqueArray(vendor, { minLength: 1 }), { nil: undefined }),
  features: fc.uniqueArray(fc.constantFrom(...Feature.all.slice(0, 4), "vendorOptions" as const), { maxLength: 2 })
    .map((features) => new Set(features)),
  maxTokens: fc.option(limit, { nil: undefined }),
  size: limit.map((size) => () => size)
})

/** Often less than the other, for of two made by chance hardly one is. */
const childOf = (parent: Grant): fc.Arbitrary<Grant> =>
  fc.oneof(
    grant,
    fc.record({
      models: fc.subarray([...parent.models ?? ["a*", "b"]]).map((models) =>
        models.map((name) => name.replace("*", "a"))
      ),
      vendors: fc.subarray([...parent.vendors ?? ["v"]]),
      features: fc.subarray([...parent.features ?? []]),
      limits: fc.constant({ ...parent.limits, maxOutputTokens: 1 }),
      budget: fc.constant({ ...parent.budget, day: 0n }),
      scopes: fc.subarray([...parent.scopes ?? []])
    }, some)
  )

export const family = grant.chain((parent) => fc.tuple(fc.constant(parent), childOf(parent)))

/** All that can be compared of what a grant leaves. */
export const rights = (effective: Effective) => ({
  ...effective,
  vendors: effective.vendors && Array.from(effective.vendors).toSorted(),
  features: Array.from(effective.features).toSorted(),
  scopes: Array.from(effective.scopes).toSorted()
})
