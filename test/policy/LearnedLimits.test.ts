import { describe, expect, it } from "@effect/vitest"
import * as LearnedLimits from "../../src/policy/LearnedLimits.ts"
import type { RateLimits } from "../../src/Vendor.ts"

const one = LearnedLimits.amounts({ input: 50, output: 100 })

/** What was learned at time 0 of an answer to the first call. */
const learned = (limits: RateLimits) => {
  const state = LearnedLimits.make()
  LearnedLimits.ask(state, one, 0)
  LearnedLimits.hear(state, limits, { ...state.asked }, 0)
  return state
}

describe("LearnedLimits", () => {
  it.each<[string, RateLimits, number, number]>([
    ["there is room", { requests: { limit: 60, remaining: 1, resetAt: 59_000 } }, 0, 0],
    ["none is left, until one has come back", { requests: { limit: 60, remaining: 0, resetAt: 60_000 } }, 0, 1_000],
    ["part of the time has passed", { requests: { limit: 60, remaining: 0, resetAt: 60_000 } }, 400, 600],
    ["it has come back", { requests: { limit: 60, remaining: 0, resetAt: 60_000 } }, 1_000, 0],
    ["a limit is by the day", { requests: { limit: 14_400, remaining: 0, resetAt: 86_400_000 } }, 0, 6_000],
    ["tokens are short", { tokens: { limit: 6_000, remaining: 50, resetAt: 59_500 } }, 0, 1_000],
    ["output tokens are short", { outputTokens: { limit: 600, remaining: 90, resetAt: 51_000 } }, 0, 1_000],
    ["some input tokens are left: cached ones do not count", { inputTokens: { limit: 60, remaining: 2 } }, 0, 0],
    ["no input tokens are left", { inputTokens: { limit: 60, remaining: 0, resetAt: 60_000 } }, 0, 1_000],
    ["the request is larger than the limit", { tokens: { limit: 100, remaining: 40, resetAt: 6_000 } }, 0, 6_000],
    ["no reset is told: a minute", { requests: { limit: 60, remaining: 0 } }, 0, 1_000],
    ["no limit is told: until the reset", { requests: { remaining: 0, resetAt: 7_000 } }, 2_000, 5_000],
    ["no limit is told and the reset is over", { requests: { remaining: 0, resetAt: 7_000 } }, 7_000, 0],
    ["neither is told: a minute", { requests: { remaining: 0 } }, 0, 60_000],
    ["the reset is over already", { requests: { limit: 60, remaining: 0, resetAt: -5 } }, 0, 1_000],
    [
      "several are short, the longest",
      { requests: { remaining: 0, resetAt: 500 }, tokens: { remaining: 0, resetAt: 900 } },
      0,
      900
    ]
  ])("waits as long as it must where %s", (_, limits, now, wait) => {
    expect(LearnedLimits.wait(learned(limits), one, now)).toBe(wait)
  })

  it("counts what is asked until the vendor tells again", () => {
    const state = learned({ requests: { limit: 60, remaining: 2, resetAt: 58_000 } })
    LearnedLimits.ask(state, one, 0)
    expect(LearnedLimits.wait(state, one, 0)).toBe(0)
    LearnedLimits.ask(state, one, 0)
    expect(LearnedLimits.wait(state, one, 0)).toBe(1_000)
    LearnedLimits.ask(state, one, 0, -1)
    expect(LearnedLimits.wait(state, one, 0)).toBe(0)
  })

  it("takes off what was asked after the call that tells", () => {
    const state = LearnedLimits.make()
    LearnedLimits.ask(state, one, 0)
    const mark = { ...state.asked }
    for (let index = 0; index < 3; index++) LearnedLimits.ask(state, one, 0)
    LearnedLimits.hear(state, { requests: { limit: 60, remaining: 3, resetAt: 57_000 } }, mark, 0)
    expect(LearnedLimits.wait(state, one, 0)).toBe(1_000)
  })

  it("does not hear a call older than the last that told", () => {
    const state = LearnedLimits.make()
    LearnedLimits.ask(state, one, 0)
    const old = { ...state.asked }
    LearnedLimits.ask(state, one, 0)
    LearnedLimits.hear(state, { requests: { limit: 60, remaining: 0, resetAt: 60_000 } }, { ...state.asked }, 0)
    LearnedLimits.hear(state, { requests: { limit: 60, remaining: 50, resetAt: 10_000 } }, old, 0)
    expect(LearnedLimits.wait(state, one, 0)).toBe(1_000)
  })

  it("is idle once all is back and nothing is blocked", () => {
    const state = learned({ requests: { limit: 60, remaining: 0, resetAt: 60_000 } })
    state.blockedUntil = 70_000
    expect([0, 60_000, 70_000].map((now) => LearnedLimits.isIdle(state, now))).toEqual([false, false, true])
    expect(LearnedLimits.isIdle(learned({ requests: { remaining: 0, resetAt: 9 } }), 9)).toBe(true)
  })
})
