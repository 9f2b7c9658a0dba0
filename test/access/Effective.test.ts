import { describe, expect, it } from "@effect/vitest"
import { DateTime, Result } from "effect"
import * as fc from "fast-check"
import * as Effective from "../../src/access/Effective.ts"
import * as Feature from "../../src/access/Feature.ts"
import { everything } from "../../src/access/Grant.ts"
import * as Permission from "../../src/access/Permission.ts"
import { asked, chain, family, grant, rights, vendors } from "./grants.ts"

const both = (left: Effective.Effective, right: Effective.Effective) => rights(Effective.intersect(left, right))

/** Where no vendor is asked for, there must be one that all of them grant. */
const permittedByAll = (grants: ReadonlyArray<Effective.Effective>, asked: Permission.Asked): boolean =>
  (asked.vendors === undefined ? vendors.map((name) => [name]) : [asked.vendors]).some((vendors) =>
    grants.every((grant) => Permission.isPermitted(grant, { ...asked, vendors }))
  )

describe("Effective", () => {
  it("permits what every grant of the chain permits, and nothing else", () => {
    fc.assert(
      fc.property(chain, asked, (chain, asked) => {
        expect(Permission.isPermitted(Effective.effective(chain), asked)).toBe(
          permittedByAll(chain.map(Effective.of), asked)
        )
      }),
      { numRuns: 2_000 }
    )
  })

  it("has no right that one of the chain lacks: scopes, time, limits, budgets", () => {
    fc.assert(fc.property(chain, (chain) => {
      const whole = Effective.effective(chain)
      for (const one of chain.map(Effective.of)) {
        expect(Array.from(whole.scopes).filter((scope) => !one.scopes.has(scope))).toEqual([])
        expect([whole.from >= one.from, whole.until <= one.until]).toEqual([true, true])
        for (const [name, limit] of Object.entries(one.limits)) {
          expect(whole.limits[name as keyof typeof one.limits]).toBeLessThanOrEqual(limit)
        }
        for (const [period, money] of Object.entries(one.budget)) {
          expect(whole.budget[period as keyof typeof one.budget]! <= money).toBe(true)
        }
      }
    }))
  })

  it("does not depend on how grants are joined, in which order, or how often", () => {
    fc.assert(
      fc.property(grant, grant, grant, (one, two, three) => {
        const [a, b, c] = [Effective.of(one), Effective.of(two), Effective.of(three)]
        expect(both(Effective.intersect(a, b), c)).toEqual(both(a, Effective.intersect(b, c)))
        expect(both(a, b)).toEqual(both(b, a))
        expect(both(a, a)).toEqual(rights(a))
        expect(both(a, Effective.everything)).toEqual(rights(a))
      }),
      { numRuns: 1_000 }
    )
  })

  it("gives a child what it asks for, or tells that it is too much", () => {
    fc.assert(
      fc.property(chain, grant, asked, (chain, child, asked) => {
        const parent = Effective.effective(chain)
        const result = Effective.attenuate(parent, child)
        if (Result.isSuccess(result)) {
          expect(rights(result.success)).toEqual(both(parent, Effective.of(child)))
          // What is stated is had in full: what the parent would permit and the child states is permitted.
          const own = Effective.of(child)
          expect(rights(result.success).models).toEqual(child.models === undefined ? parent.models : own.models)
          expect(result.success.limits).toEqual({ ...parent.limits, ...child.limits })
          expect(result.success.budget).toEqual({ ...parent.budget, ...child.budget })
        } else {
          expect(result.failure.violations.length).toBeGreaterThan(0)
          expect(Permission.isPermitted(Effective.intersect(parent, Effective.of(child)), asked)).toBe(
            permittedByAll([parent, Effective.of(child)], asked)
          )
        }
      }),
      { numRuns: 2_000 }
    )
  })

  it("gives a child the same however often it asks for it", () => {
    let accepted = 0
    fc.assert(
      fc.property(family, ([parent, child]) => {
        const once = Effective.attenuate(Effective.of(parent), child)
        if (Result.isFailure(once)) return
        accepted += 1
        expect(Result.map(Effective.attenuate(once.success, child), rights)).toEqual(Result.map(once, rights))
      }),
      { numRuns: 1_000 }
    )
    expect(accepted).toBeGreaterThan(100)
  })

  it("tells every place in which a child asks for more, and what would be allowed", () => {
    const parent = Effective.of({
      models: ["gpt-*", "cheap"],
      vendors: ["openai"],
      features: ["tools"],
      limits: { requestsPerMinute: 60 },
      budget: { month: 10_000_000_000_000n },
      scopes: ["stats:read"],
      expiresAt: DateTime.makeUnsafe("2027-01-01T00:00:00Z")
    })
    const result = Effective.attenuate(parent, {
      models: ["gpt-5", "claude-*"],
      vendors: ["openai", "azure"],
      features: ["tools", "images"],
      limits: { requestsPerMinute: 61, concurrency: 5 },
      budget: { month: 10_500_000_000_000n, day: 1n },
      scopes: ["keys:write"],
      expiresAt: DateTime.makeUnsafe("2028-01-01T00:00:00Z")
    })
    expect(Result.isFailure(result) && result.failure.violations).toEqual([
      { path: "models.1", asked: "claude-*", allowed: "cheap, gpt-*" },
      { path: "vendors.1", asked: "azure", allowed: "openai" },
      { path: "features.1", asked: "images", allowed: "tools" },
      { path: "limits.requestsPerMinute", asked: "61", allowed: "60" },
      { path: "budget.month", asked: "$10.5", allowed: "$10" },
      { path: "scopes.0", asked: "keys:write", allowed: "stats:read" },
      { path: "expiresAt", asked: "2028-01-01T00:00:00.000Z", allowed: "2027-01-01T00:00:00.000Z" }
    ])
  })

  it("inherits what is left out, but for scopes, and raw options where models are stated", () => {
    const empty = Effective.effective([everything, {}])
    expect(rights(empty)).toEqual({ ...rights(Effective.everything), scopes: [] })
    const named = Effective.effective([everything, { models: ["*"] }])
    expect(Feature.all.filter((feature) => !named.features.has(feature))).toEqual(["vendorOptions"])
    const stated = Effective.effective([everything, { models: ["*"], features: ["vendorOptions"] }])
    expect(Array.from(stated.features)).toEqual(["vendorOptions"])
  })

  it("leaves a child less when its parent loses something later", () => {
    const child = { models: ["gpt-*"], limits: { concurrency: 9 } }
    const { limits, models } = Effective.effective([{ models: ["gpt-4"], limits: { concurrency: 2 } }, child])
    expect([models, limits]).toEqual([[["gpt-4"]], { concurrency: 2 }])
  })
})
