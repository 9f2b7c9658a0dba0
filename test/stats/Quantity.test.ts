import { describe, expect, it } from "@effect/vitest"
import * as fc from "fast-check"
import * as Quantity from "../../src/stats/Quantity.ts"

describe("Quantity", () => {
  it("shortens counts to three digits from ten thousand on", () => {
    const counts = [0, 7, 999, 1_000, 9_999, 10_000, 12_345, 99_950, 999_499, 999_500, 1_234_567, 999_999_999]
    expect(counts.map(Quantity.count)).toEqual(
      ["0", "7", "999", "1,000", "9,999", "10.0k", "12.3k", "100k", "999k", "1.00M", "1.23M", "1.00G"]
    )
  })

  it("tells times in the unit that fits", () => {
    const times = [0, 0.4, 843, 999.6, 1_240, 9_994, 12_449, 59_949, 59_950, 60_000, 125_000, 3_599_600, 12_000_000]
    expect(times.map(Quantity.time)).toEqual(
      ["0ms", "0ms", "843ms", "1.00s", "1.24s", "9.99s", "12.4s", "59.9s", "1m", "1m", "2m 5s", "1h", "3h 20m"]
    )
    expect([86_400_000, 187_200_000].map(Quantity.time)).toEqual(["1d", "2d 4h"])
    expect(Quantity.time(undefined)).toBe("–")
  })

  it("tells costs to the cent, and what is less by two digits", () => {
    const costs = [0, 0.00042, 0.0196, 0.994, 0.996, 1.234, 999.99, 1_234.5, 12_345]
    expect(costs.map(Quantity.dollars)).toEqual(
      ["$0", "$0.00042", "$0.020", "$0.99", "$1.00", "$1.23", "$999.99", "$1,235", "$12.3k"]
    )
  })

  it("calls only all of it 100 % and only nothing 0 %", () => {
    const shares = [0, 0.000_01, 0.5, 0.982, 0.9997, 0.999_999, 1]
    expect(shares.map(Quantity.percent)).toEqual(["0%", "0.1%", "50.0%", "98.2%", "99.97%", "99.99%", "100%"])
  })

  it("tells rates by two digits", () => {
    const rates = [0, 0.004, 0.017, 0.996, 1.52, 9.96, 45.4, 230, 12_345]
    expect(rates.map(Quantity.rate)).toEqual(["0", "<0.01", "0.02", "1.0", "1.5", "10", "45", "230", "12.3k"])
  })

  it("draws a bar for each number and a blank for none", () => {
    expect(Quantity.sparkline([0, 1, 4, 8])).toBe(" ▁▄█")
    expect(Quantity.sparkline([0, 0])).toBe("")
    expect(Quantity.sparkline([])).toBe("")
  })

  it("keeps every quantity short", () => {
    fc.assert(fc.property(fc.double({ min: 0, max: 1e15, noNaN: true }), (number) => {
      expect(Quantity.count(number).length).toBeLessThanOrEqual(5)
      expect(Quantity.rate(number).length).toBeLessThanOrEqual(5)
      expect(Quantity.dollars(number).length).toBeLessThanOrEqual(15)
      expect(Quantity.time(Math.min(number, 86_400_000_000)).length).toBeLessThanOrEqual(8)
    }))
  })
})
