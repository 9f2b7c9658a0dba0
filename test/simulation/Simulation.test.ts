import { describe, expect, it } from "@effect/vitest"
import { Context, Effect, Scheduler } from "effect"
import { Clock } from "effect/Clock"
import { TestClock } from "effect/testing"
import { builtIn } from "../../src/simulation/policies/Contenders.ts"
import { make as makeReport, ofRun } from "../../src/simulation/Report.ts"
import { parse } from "../../src/simulation/Scenario.ts"
import * as Simulation from "../../src/simulation/Simulation.ts"
import * as Svg from "../../src/simulation/Svg.ts"
import * as Table from "../../src/simulation/Table.ts"
import type { VirtualTime } from "../../src/simulation/VirtualTime.ts"

const scenario = parse(JSON.stringify({
  name: "small",
  duration: "2m",
  traffic: { rate: 1.5, output: 100 },
  vendors: [
    { name: "alpha", slots: 40, price: { input: 1, output: 4 } },
    { name: "beta", firstToken: "600ms", price: { input: 2, output: 6 } }
  ],
  incidents: [{ kind: "outage", vendors: ["alpha"], at: "40s", lasting: "30s" }]
}))

const reportOf = Effect.fnUntraced(function*(policy: string, seed: number, time?: VirtualTime) {
  const prepared = yield* Simulation.prepare(yield* scenario, { seed })
  return makeReport(prepared, [ofRun(yield* Simulation.run(prepared, policy, builtIn[policy]!, { time }))])
})

const epoch = Date.UTC(2026, 0, 1)

/** Effect's own clock of tests in the place of ours. */
const testTime = Effect.gen(function*() {
  const clock = yield* TestClock.testClockWith(Effect.succeed)
  yield* clock.setTime(epoch)
  const scheduler = yield* Scheduler.Scheduler
  const context = Context.make(Clock, clock).pipe(Context.add(Scheduler.Scheduler, scheduler))
  return { context, advance: (to: number) => clock.setTime(to) } as VirtualTime
})

describe("Simulation", { timeout: 30_000 }, () => {
  it.live("gives the same bytes for the same seed, and others for another", () =>
    Effect.gen(function*() {
      const [first, second, other] = yield* Effect.forEach([7, 7, 8], (seed) => reportOf("default", seed))
      expect(JSON.stringify(second)).toBe(JSON.stringify(first))
      expect(Svg.make(second!)).toBe(Svg.make(first!))
      expect(JSON.stringify(other)).not.toBe(JSON.stringify(first))
    }))

  it.live("gives the same bytes under effect's TestClock", () =>
    Effect.gen(function*() {
      const ours = yield* reportOf("default", 7)
      const theirs = yield* Effect.flatMap(testTime, (time) => reportOf("default", 7, time)).pipe(
        Effect.provide(TestClock.layer({ warningDelay: "1 hour" }))
      )
      expect(theirs).toEqual(ours)
    }))

  it.live("sends the dispatcher's requests elsewhere in an outage, and back", () =>
    Effect.gen(function*() {
      const report = yield* reportOf("default", 7)
      const policy = report.policies[0]!
      expect(policy.outcomes.answered + policy.outcomes.retryable + policy.outcomes.fatal).toBe(policy.requests)
      expect(policy.success).toBeGreaterThan(0.96)
      expect(policy.recoveries).toMatchObject([{ kind: "outage", from: 40_000, to: 70_000, before: 1 }])
      const alphaAt = (from: number, to: number) =>
        policy.timeline.filter(({ at }) => at >= from && at < to).reduce((sum, { calls }) => sum + calls[0]!, 0)
      expect(alphaAt(0, 40_000)).toBeGreaterThan(40)
      expect(alphaAt(45_000, 70_000)).toBeLessThan(12)
      expect(alphaAt(95_000, 120_000)).toBeGreaterThan(20)
    }))

  it.live("runs every way of dispatching on the same traffic", () =>
    Effect.gen(function*() {
      const names = ["litellm-shuffle", "round-robin", "official-sdk", "execution-plan"]
      const policies = (yield* Effect.forEach(names, (name) => reportOf(name, 7))).flatMap(({ policies }) => policies)
      expect(new Set(policies.map(({ requests }) => requests)).size).toBe(1)
      for (const { success } of policies) expect(success).toBeGreaterThan(0.9)
      const by = Object.fromEntries(policies.map((policy) => [policy.policy, policy]))
      // Who has no memory asks the dead vendor again and again.
      expect(by["official-sdk"]!.amplification).toBeGreaterThan(1.25)
      expect(by["litellm-shuffle"]!.amplification).toBeLessThan(1.2)
      expect(by["round-robin"]!.shares["beta/model"]).toBeGreaterThan(0.5)
    }))

  it.live("tells a report as a table and as a picture with every policy and target", () =>
    Effect.gen(function*() {
      const report = yield* reportOf("round-robin", 7)
      const table = Table.make(report)
      expect(table).toMatch(/^small: \d+ requests in 2m, seed 7; outage$/m)
      expect(table).toMatch(/^round-robin +\d+\.\d\d %/m)
      const svg = Svg.make(report)
      expect(svg.match(/class="incident"/g)).toHaveLength(5)
      expect(svg).toContain("Share of calls by target, round-robin")
      expect(svg).toContain("beta/model")
    }))
})
