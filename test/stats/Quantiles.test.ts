import { describe, expect, it } from "@effect/vitest"
import * as fc from "fast-check"
import * as Quantiles from "../../src/stats/Quantiles.ts"

const of = (times: ReadonlyArray<number>): Quantiles.Quantiles => {
  const quantiles = Quantiles.make()
  const sample = Quantiles.makeSample()
  for (const time of times) {
    Quantiles.setSample(sample, time)
    Quantiles.add(quantiles, sample)
  }
  return quantiles
}

const shares = [0.01, 0.5, 0.9, 0.95, 0.99, 1]

/** From a millisecond to a day, as many short as long. */
const times = fc.double({ min: 0, max: Math.log(Quantiles.longest), noNaN: true }).map(Math.exp)

describe("Quantiles", () => {
  it("is within 2 % of the exact quantile from a millisecond to a day", () => {
    fc.assert(fc.property(fc.array(times, { minLength: 1, maxLength: 300 }), (times) => {
      const quantiles = of(times)
      const sorted = times.toSorted((a, b) => a - b)
      for (const share of shares) {
        const exact = sorted[Math.ceil(share * times.length) - 1]!
        expect(Math.abs(Quantiles.at(quantiles, share)! - exact) / exact).toBeLessThanOrEqual(0.02 + 1e-9)
      }
    }))
  })

  it("is within a millisecond for what takes less than one", () => {
    const quantiles = of([0, 0.2, 0.9, 40])
    expect(Quantiles.at(quantiles, 0.75)).toBeLessThan(1)
  })

  it("tells single times exactly", () => {
    expect(Quantiles.summary(of([1234]))).toEqual({
      count: 1,
      mean: 1234,
      max: 1234,
      p50: 1234,
      p90: 1234,
      p95: 1234,
      p99: 1234
    })
  })

  it("tells mean, greatest and number exactly", () => {
    fc.assert(fc.property(fc.array(fc.nat(100_000), { minLength: 1 }), (times) => {
      const { count, max, mean } = Quantiles.summary(of(times))!
      const sum = times.reduce((a, b) => a + b, 0)
      expect({ count, max, mean }).toEqual({
        count: times.length,
        max: Math.max(...times),
        mean: sum / times.length
      })
    }))
  })

  it("does not care in which order or in how many pieces it counted", () => {
    fc.assert(fc.property(
      fc.array(fc.array(fc.integer({ min: 0, max: 90_000_000 }), { maxLength: 20 }), { maxLength: 8 }),
      (pieces) => {
        const merged = Quantiles.make()
        for (const piece of pieces.toReversed()) Quantiles.merge(merged, of(piece))
        expect(Quantiles.summary(merged)).toEqual(Quantiles.summary(of(pieces.flat())))
      }
    ))
  })

  it("leaves what it merges as it was", () => {
    const from = of([5, 500])
    const before = structuredClone(from)
    Quantiles.merge(of([50_000]), from)
    expect(from).toEqual(before)
  })

  it("tells nothing where nothing was counted", () => {
    expect(Quantiles.summary(Quantiles.make())).toBeUndefined()
    expect(Quantiles.at(Quantiles.make(), 0.5)).toBeUndefined()
  })

  it("holds no more buckets than there are, whatever it counts", () => {
    const quantiles = of([Infinity, -5, Number.NaN, 1e300, 0, 1, Quantiles.longest, Quantiles.longest * 2])
    expect(quantiles.counts.length).toBe(Quantiles.buckets)
    expect(Quantiles.buckets).toBe(459)
    expect(Quantiles.summary(quantiles)).toMatchObject({
      count: 8,
      mean: (4 * Quantiles.longest + 1) / 8,
      max: Quantiles.longest
    })
    expect(Quantiles.at(quantiles, 1)! / Quantiles.longest).toBeCloseTo(1, 1)
  })
})
