import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import * as Account from "../../src/policy/Account.ts"
import type { Usage } from "../../src/Response.ts"
import * as Target from "../../src/Target.ts"
import * as Vendor from "../../src/Vendor.ts"
import { callOf } from "../support/calls.ts"

const usage: Usage = { inputTokens: { uncached: 1_000, total: 1_000 }, outputTokens: { total: 100 } }

const target = (model: string, price?: Target.Price) => Target.make({ vendor: "v", model, ...(price && { price }) })
const one = target("one", { input: 1, output: 10, source: "prices of May" })
const two = target("two", { input: 2, output: 20, source: "prices of June" })
const silent = target("silent", { input: 3, output: 30 })
const unpriced = target("unpriced")

const vendor = Vendor.make({ name: "v", send: () => Effect.never })

/** A call that the last target answered, after the others took as much and broke. */
const summaryOf = (...targets: ReadonlyArray<Target.Target>) => {
  const { call } = callOf({}, { candidate: { target: targets.at(-1)!, vendor }, observed: { usage } })
  for (const target of targets.slice(0, -1)) call.journal.usages.push({ target, usage: { ...usage } })
  const { cost, costSource } = Account.summarise(call, [], 0)
  return { cost, costSource }
}

describe("Account", () => {
  it("tells with the cost by which prices it was counted, each source once and in the order of the attempts", () => {
    expect(summaryOf(one)).toEqual({ cost: 0.002, costSource: "prices of May" })
    expect(summaryOf(two, one, two)).toEqual({ cost: 0.01, costSource: "prices of June; prices of May" })
    expect(summaryOf(silent, one)).toEqual({ cost: 0.008, costSource: "prices of May" })
  })

  it("tells no source where none is told or the cost of one attempt is not known", () => {
    expect(summaryOf(silent)).toEqual({ cost: 0.006, costSource: undefined })
    expect(summaryOf(one, unpriced)).toEqual({ cost: undefined, costSource: undefined })
    expect(summaryOf(unpriced, one)).toEqual({ cost: undefined, costSource: undefined })
  })

  it("sums what broken attempts took of a dispatch that nobody answered", () => {
    const { call } = callOf()
    call.journal.usages.push({ target: one, usage }, { target: two, usage })
    expect(Account.lost(call.journal)).toEqual({
      usage: { inputTokens: { uncached: 2_000, total: 2_000 }, outputTokens: { total: 200 } },
      cost: 0.006,
      costSource: "prices of May; prices of June"
    })
  })
})
