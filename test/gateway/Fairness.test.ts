import { describe, expect, it } from "@effect/vitest"
import * as fc from "fast-check"
import * as Fairness from "../../src/gateway/Fairness.ts"

const takeAll = (fairness: Fairness.Fairness, ...callers: ReadonlyArray<string>) => {
  for (let isFull = false; !isFull;) {
    isFull = true
    for (const caller of callers) if (fairness.take(caller)) isFull = false
  }
  return callers.map((caller) => fairness.taken(caller))
}

describe("fairness", () => {
  it("gives one caller half of all places, two a third each, three a quarter", () => {
    expect(takeAll(Fairness.make({ most: 120 }), "a")).toEqual([60])
    expect(takeAll(Fairness.make({ most: 120 }), "a", "b")).toEqual([40, 40])
    expect(takeAll(Fairness.make({ most: 120 }), "a", "b", "c")).toEqual([30, 30, 30])
  })

  it("gives a larger share of what is left where it is told to", () => {
    expect(takeAll(Fairness.make({ most: 120, weight: 3 }), "a")).toEqual([90])
  })

  it("has room for who comes after a flood", () => {
    const fairness = Fairness.make({ most: 100 })
    expect(takeAll(fairness, "flooder")).toEqual([50])
    expect(takeAll(fairness, "late")).toEqual([25])
    expect(takeAll(fairness, "later")).toEqual([13])
  })

  it("takes back what was given, and forgets who has nothing", () => {
    const fairness = Fairness.make({ most: 10 })
    takeAll(fairness, "a")
    expect(fairness.take("a")).toBe(false)
    fairness.leave("a")
    expect(fairness.take("a")).toBe(true)
    for (let count = 0; count < 5; count++) fairness.leave("a")
    expect([fairness.taken("a"), fairness.taken()]).toEqual([0, 0])
    fairness.leave("a")
    expect([fairness.taken("a"), fairness.taken()]).toEqual([0, 0])
  })

  it("never gives more than there is, nor refuses who has nothing while a place is free", () => {
    const step = fc.record({ caller: fc.constantFrom("a", "b", "c", "__proto__"), isTake: fc.boolean() })
    fc.assert(fc.property(fc.integer({ min: 1, max: 20 }), fc.array(step, { maxLength: 200 }), (most, steps) => {
      const fairness = Fairness.make({ most })
      const held: Array<string> = []
      for (const { caller, isTake } of steps) {
        const own = held.filter((other) => other === caller).length
        if (isTake) {
          const isGiven = fairness.take(caller)
          expect(isGiven).toBe(held.length < most && own < most - held.length)
          if (isGiven) held.push(caller)
        } else if (own > 0) {
          fairness.leave(caller)
          held.splice(held.indexOf(caller), 1)
        }
        expect([fairness.taken(), fairness.taken(caller)]).toEqual([
          held.length,
          held.filter((other) => other === caller).length
        ])
      }
    }))
  })
})
