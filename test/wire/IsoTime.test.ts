import { expect, it } from "@effect/vitest"
import * as fc from "fast-check"
import * as IsoTime from "../../src/wire/IsoTime.ts"

it("a time is written as the engine writes it, near and far", () => {
  const time = fc.oneof(
    fc.constantFrom(0, -1, 999, 1_000, -1_000, 8.64e15, -8.64e15, 1_700_000_000_009.7, -0.5),
    fc.integer({ min: 1_700_000_000_000, max: 1_700_000_003_000 }),
    fc.maxSafeInteger().filter((millis) => Math.abs(millis) <= 8.64e15)
  )
  fc.assert(fc.property(time, (millis) => {
    expect(IsoTime.format(millis)).toBe(new Date(millis).toISOString())
  }))
})

it("what is no time of the calendar is none", () => {
  for (const millis of [Number.NaN, Infinity, -Infinity, 8.64e15 + 1]) expect(IsoTime.format(millis)).toBeUndefined()
})
