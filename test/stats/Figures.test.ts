import { describe, expect, it } from "@effect/vitest"
import * as fc from "fast-check"
import * as Money from "../../src/catalog/Money.ts"
import * as Change from "../../src/stats/Change.ts"
import * as Figures from "../../src/stats/Figures.ts"
import type { AttemptRecord, DispatchRecord } from "../../src/stats/Record.ts"
import { attempt, dispatch, dispatches, refused } from "./support.ts"

/** The change is used twice, since nothing of what it was before may be left in it. */
const changed = (set: (change: Change.Change) => void): Figures.Figures => {
  const [change, figures] = [Change.make(), Figures.make()]
  Change.setDispatch(change, dispatch({ isCached: true, attempts: [attempt(), refused({ outcome: "skipped" })] }))
  set(change)
  Figures.add(figures, change)
  return figures
}
const ofDispatch = (record: DispatchRecord) => changed((change) => Change.setDispatch(change, record))
const ofAttempt = (attempt: AttemptRecord) => changed((change) => Change.setAttempt(change, attempt))

const told = (...all: ReadonlyArray<Figures.Figures>) => {
  const sum = Figures.make()
  for (const figures of all) Figures.merge(sum, figures)
  return Figures.toSnapshot(sum)
}

const nothing = { known: 0, unknown: 0 }

describe("Figures", () => {
  it("counts an answer with what it took", () => {
    const times = (count: number, millis: number) => ({
      count,
      mean: millis,
      max: millis,
      p50: millis,
      p90: millis,
      p95: millis,
      p99: millis
    })
    expect(told(ofDispatch(dispatch()))).toEqual({
      requests: 1,
      successes: 1,
      failures: {},
      interrupted: 0,
      cached: 0,
      calls: 1,
      retries: 0,
      fallbacks: 0,
      hedges: 0,
      resumes: 0,
      skips: {},
      tokens: {
        input: { known: 14, unknown: 0 },
        uncached: { known: 10, unknown: 0 },
        cacheRead: { known: 4, unknown: 0 },
        cacheWrite: { known: 0, unknown: 1 },
        output: { known: 7, unknown: 0 },
        text: { known: 5, unknown: 0 },
        reasoning: { known: 2, unknown: 0 }
      },
      cost: 0.001,
      unpriced: 0,
      latency: times(1, 100),
      timeToFirstPart: times(1, 40)
    })
  })

  it("counts why each attempt was made and why targets were passed over", () => {
    const record = dispatch({
      attempts: [
        refused(),
        refused({ occasion: "retry" }),
        refused({ outcome: "skipped", reason: "CircuitOpen", occasion: undefined }),
        refused({ outcome: "skipped", reason: "CircuitOpen", occasion: undefined }),
        refused({ outcome: "interrupted", occasion: "hedge" }),
        refused({ occasion: "fallback" }),
        attempt({ occasion: "resume" })
      ]
    })
    const { calls, fallbacks, hedges, requests, resumes, retries, skips } = told(ofDispatch(record))
    expect({ calls, fallbacks, hedges, requests, resumes, retries, skips }).toEqual({
      requests: 1,
      calls: 5,
      retries: 1,
      fallbacks: 1,
      hedges: 1,
      resumes: 1,
      skips: { CircuitOpen: 2 }
    })
  })

  it("counts failures by reason, the most frequent first", () => {
    const all = ["TimedOut", "Overloaded", "Overloaded", undefined].map((reason) =>
      ofDispatch(dispatch({ outcome: "failed", reason, attempts: [] }))
    )
    const { failures, latency, requests, successes } = told(...all)
    expect(Object.entries(failures)).toEqual([["Overloaded", 2], ["TimedOut", 1], ["_OTHER", 1]])
    expect({ latency, requests, successes }).toEqual({ latency: undefined, requests: 4, successes: 0 })
  })

  it("counts together the reasons beyond 64", () => {
    const all = Array.from(
      { length: 100 },
      (_, index) => ofDispatch(dispatch({ outcome: "failed", reason: `R${index}`, attempts: [] }))
    )
    const { failures } = told(...all)
    expect(Object.keys(failures).length).toBe(65)
    expect(failures["_OTHER"]).toBe(36)
  })

  it("takes an interrupted dispatch for neither a success nor a failure", () => {
    const { failures, interrupted, successes } = told(
      ofDispatch(dispatch({ outcome: "interrupted", attempts: [] }))
    )
    expect({ failures, interrupted, successes }).toEqual({ failures: {}, interrupted: 1, successes: 0 })
  })

  it("knows nothing of the tokens of an answer that told none, and of those of a refusal that there were none", () => {
    const silent = told(ofAttempt(attempt({ usage: undefined, cost: undefined })))
    expect(silent.tokens.input).toEqual({ known: 0, unknown: 1 })
    expect(silent.unpriced).toBe(1)
    const refusal = told(ofAttempt(refused()))
    expect(refusal.tokens.input).toEqual(nothing)
    expect(refusal.unpriced).toBe(0)
  })

  it("knows that an answer which broke after it began took something", () => {
    const broken = told(ofAttempt(refused({ reason: "StreamInterrupted", timeToFirstPart: 12 })))
    expect(broken.tokens.output).toEqual({ known: 0, unknown: 1 })
    expect(broken.unpriced).toBe(1)
    expect(broken.timeToFirstPart?.count).toBe(1)
  })

  it("counts a skipped target as no request to it", () => {
    const { calls, latency, requests, skips } = told(
      ofAttempt(refused({ outcome: "skipped", reason: "CoolingDown" }))
    )
    expect({ calls, latency, requests, skips }).toEqual({
      calls: 0,
      latency: undefined,
      requests: 0,
      skips: { CoolingDown: 1 }
    })
  })

  it("sums costs exactly, as Money does", () => {
    fc.assert(fc.property(fc.array(fc.double({ min: 0, max: 5_000, noNaN: true }), { maxLength: 100 }), (costs) => {
      const { cost } = told(...costs.map((cost) => ofAttempt(attempt({ cost }))))
      expect(cost).toBe(Money.toDollars(Money.sum(costs.map(Money.fromDollars))!))
    }))
    expect(told(...Array.from({ length: 10 }, () => ofAttempt(attempt({ cost: 0.1 })))).cost).toBe(1)
  })

  it("is the same in whatever order it was merged", () => {
    fc.assert(fc.property(fc.array(dispatches(0, 1_000), { maxLength: 20 }), fc.nat(20), (records, at) => {
      const all = records.map(ofDispatch)
      expect(told(...all.slice(at), ...all.slice(0, at))).toEqual(told(...all))
      const [left, right] = [Figures.make(), Figures.make()]
      for (const [index, figures] of all.entries()) Figures.merge(index % 2 === 0 ? left : right, figures)
      expect(told(left, right)).toEqual(told(...all))
    }))
  })
})
