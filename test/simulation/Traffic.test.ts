import { describe, expect, it } from "@effect/vitest"
import { Effect, Random } from "effect"
import { type Scenario, parse } from "../../src/simulation/Scenario.ts"
import { arrivals } from "../../src/simulation/Traffic.ts"

const scenarioOf = (more: object) =>
  parse(JSON.stringify({ name: "traffic", duration: "1h", vendors: [{ name: "alpha" }], ...more }))

const arrivalsOf = (scenario: Scenario) =>
  Effect.map(Random.withSeed(Random.Random, "traffic"), (random) => arrivals(scenario, undefined, random))

const between = (all: ReadonlyArray<{ readonly at: number }>, from: number, to: number) =>
  all.filter(({ at }) => at >= from * 60_000 && at < to * 60_000).length

describe("Traffic", () => {
  it.effect("comes at the rate, with the tokens and the share of streams asked for", () =>
    Effect.gen(function*() {
      const all = yield* arrivalsOf(yield* scenarioOf({ traffic: { rate: 2, input: 50, streaming: 0.25 } }))
      expect(Math.abs(all.length / 7_200 - 1)).toBeLessThan(0.05)
      expect(new Set(all.map(({ input }) => input))).toEqual(new Set([50]))
      expect(Math.abs(all.filter(({ streaming }) => streaming).length / all.length - 0.25)).toBeLessThan(0.02)
      const outputs = all.map(({ output }) => output).toSorted((a, b) => a - b)
      expect(Math.abs(outputs[Math.floor(outputs.length / 2)]! / 200 - 1)).toBeLessThan(0.05)
    }))

  it.effect("bursts, follows the hours and surges", () =>
    Effect.gen(function*() {
      const bursts = yield* arrivalsOf(
        yield* scenarioOf({ traffic: { rate: 2, bursts: { every: "10m", lasting: "1m", factor: 10 } } })
      )
      expect(between(bursts, 0, 1) / between(bursts, 1, 2)).toBeGreaterThan(7)
      const hours = yield* arrivalsOf(yield* scenarioOf({ traffic: { rate: 2, day: { quiet: 0.1, length: "1h" } } }))
      expect(between(hours, 25, 35) / between(hours, 0, 10)).toBeGreaterThan(4)
      const surge = yield* arrivalsOf(
        yield* scenarioOf({
          traffic: { rate: 2 },
          incidents: [{ kind: "surge", at: "30m", lasting: "10m", factor: 4 }]
        })
      )
      expect(between(surge, 30, 40) / between(surge, 10, 20)).toBeGreaterThan(3)
    }))
})
