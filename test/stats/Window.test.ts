import { describe, expect, it } from "@effect/vitest"
import * as fc from "fast-check"
import * as Window from "../../src/stats/Window.ts"

const span = { duration: 60, slots: 12 }
const width = 5
const make = () => Window.make<Array<number>>(span, () => [])

const none = (length: number) => Array.from({ length }, () => undefined)

/** Counts moments in their order, each at its own time. */
const note = (window: Window.Window<Array<number>>, at: number, now = at) => window.slot(at, () => now)?.push(at)
const at = (window: Window.Window<Array<number>>, now: number) => window.slots(now).flatMap((slot) => slot ?? [])

describe("Window", () => {
  it("has all that is no older than its duration, and nothing that is older by a slot", () => {
    fc.assert(fc.property(fc.array(fc.nat(300)), fc.nat(100), (moments, later) => {
      const window = make()
      const sorted = moments.toSorted((a, b) => a - b)
      for (const moment of sorted) note(window, moment)
      const now = (sorted.at(-1) ?? 0) + later
      const kept = at(window, now)
      expect(kept).toEqual(sorted.filter((moment) => Math.floor(moment / width) >= Math.floor((now - 60) / width)))
      for (const moment of sorted) {
        if (now - moment <= span.duration) expect(kept).toContain(moment)
        if (now - moment > span.duration + width) expect(kept).not.toContain(moment)
      }
    }))
  })

  it("gives the slots in the order of time, the present one last", () => {
    const window = make()
    for (const moment of [3, 12, 61]) note(window, moment)
    expect(window.slots(61)).toEqual([[3], undefined, [12], ...none(9), [61]])
    expect(window.startsAt(61)).toBe(0)
  })

  it("counts what comes late where it belongs", () => {
    const window = make()
    note(window, 40)
    note(window, 12, 40)
    expect(window.slots(40).map((slot) => slot?.[0])).toEqual(
      [...none(6), 12, ...none(5), 40]
    )
  })

  it("does not count what comes too late, and keeps what took its place", () => {
    const window = make()
    note(window, 65)
    expect(window.slot(0, () => 65)).toBeUndefined()
    expect(at(window, 65)).toEqual([65])
  })

  it("goes on counting where the clock was set back", () => {
    const window = make()
    note(window, 1_000 * 65)
    note(window, 0)
    expect(at(window, 0)).toEqual([0])
  })

  it("tells when it next forgets something", () => {
    const window = make()
    expect(window.forgetsAt(0)).toBeUndefined()
    note(window, 7)
    note(window, 33)
    expect(window.forgetsAt(33)).toBe(70)
    expect(at(window, 69)).toEqual([7, 33])
    expect(at(window, 70)).toEqual([33])
    expect(window.forgetsAt(70)).toBe(95)
    expect(at(window, 95)).toEqual([])
    expect(window.forgetsAt(95)).toBeUndefined()
  })
})
