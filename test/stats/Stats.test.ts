import { describe, expect, it } from "vitest"
import * as Stats from "../../src/stats/Stats.ts"

describe("Stats", () => {
  it("takes a slower begin at once and a faster one slowly", () => {
    const stats = Stats.make({ decay: 10_000 })
    stats.sample("t", "stream", 100, 1_000)
    stats.sample("t", "stream", 900, 2_000)
    expect(stats.cost("t", "stream", 2_000)).toBe(900)
    stats.sample("t", "stream", 100, 3_000)
    expect(Math.round(stats.cost("t", "stream", 3_000))).toBe(Math.round(100 + 800 * Math.exp(-0.1)))
  })

  it("lets what is known fade, so that a slow target is tried again", () => {
    const stats = Stats.make({ decay: 10_000 })
    stats.sample("t", "stream", 8_000, 1_000)
    expect(Math.round(stats.cost("t", "stream", 31_000))).toBe(Math.round(8_000 * Math.exp(-3)))
  })

  it("adds a penalty for a refused call", () => {
    const stats = Stats.make({ penalty: 5_000 })
    stats.sample("t", "stream", 200, 1_000)
    stats.penalise("t", "stream", 1_000)
    expect(stats.cost("t", "stream", 1_000)).toBe(5_200)
  })

  it("costs nothing where nothing is known, and a penalty for each call under way", () => {
    const stats = Stats.make({ penalty: 5_000 })
    expect(stats.cost("t", "send", 1_000)).toBe(0)
    stats.of("t").inFlight = 1
    expect(stats.cost("t", "send", 1_000)).toBe(10_000)
  })

  it("keeps whole and streamed answers apart", () => {
    const stats = Stats.make()
    stats.sample("t", "send", 4_000, 1_000)
    expect(stats.cost("t", "stream", 1_000)).toBe(0)
  })
})
