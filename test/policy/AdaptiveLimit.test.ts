import { describe, expect, it } from "@effect/vitest"
import * as AdaptiveLimit from "../../src/policy/AdaptiveLimit.ts"

const observe = (
  state: AdaptiveLimit.State,
  sample: Partial<AdaptiveLimit.Sample>,
  options?: AdaptiveLimit.Options
) =>
  AdaptiveLimit.observe(state, {
    operation: "stream",
    outcome: { latency: 100 },
    inFlight: state.allowed,
    startedAt: 0,
    now: 0,
    ...sample
  }, options)

/** A generator of its own, so that a failure can be run again. */
const randomOf = (seed: number) => {
  let state = seed
  const next = () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32
  return () => Math.sqrt(-2 * Math.log(next() + 1e-12)) * Math.cos(2 * Math.PI * next())
}

/**
 * Ever as many calls as allowed at a target with so many slots, whose times scatter; what it is kept to, how much of it
 * is used, and how long answers take where a quiet target takes 1.
 */
const settle = (slots: number, initial: number, scatter: number, seconds: number) => {
  const state = AdaptiveLimit.make({ initial })
  const normal = randomOf(slots * 1_000 + initial)
  const calls: Array<{ readonly startedAt: number; readonly endsAt: number }> = []
  let now = 0
  let answers = 0
  let time = 0
  while (now < seconds) {
    while (calls.length < state.allowed) {
      const queueing = Math.max(1, (calls.length + 1) / slots)
      calls.push({ startedAt: now, endsAt: now + queueing * Math.exp(scatter * normal() - scatter ** 2 / 2) })
    }
    const first = calls.reduce((least, call) => call.endsAt < least.endsAt ? call : least)
    now = first.endsAt
    observe(state, {
      outcome: { latency: (now - first.startedAt) * 1_000 },
      inFlight: calls.length,
      startedAt: first.startedAt * 1_000,
      now: now * 1_000
    })
    calls.splice(calls.indexOf(first), 1)
    if (now > seconds / 2) {
      answers += 1
      time += now - first.startedAt
    }
  }
  return { share: answers / (seconds / 2) / slots, time: time / answers }
}

describe("AdaptiveLimit", () => {
  it.each([
    { slots: 3, initial: 20, scatter: 0 },
    { slots: 10, initial: 40, scatter: 0 },
    { slots: 10, initial: 1, scatter: 0.6 },
    { slots: 10, initial: 200, scatter: 0.6 },
    { slots: 50, initial: 20, scatter: 0.6 },
    { slots: 50, initial: 20, scatter: 1 }
  ])(
    "uses a target of $slots slots, times scattered by $scatter, and does not crowd it",
    ({ initial, scatter, slots }) => {
      const { share, time } = settle(slots, initial, scatter, 2_000)
      expect(share).toBeGreaterThan(0.8)
      expect(time).toBeLessThan(2.2)
    }
  )

  it("lets half of the calls through to see what that changes, and then all again", () => {
    const state = AdaptiveLimit.make({ initial: 20 })
    for (let index = 0; index < 60; index++) observe(state, { now: 1 })
    expect(state.allowed).toBe(10)
    for (let index = 0; index < 20; index++) observe(state, { startedAt: 1, now: 2 })
    expect(state.limit).toBe(20 + Math.sqrt(20))
    expect(state.allowed).toBe(24)
  })

  it("is lowered by as much as all the calls were slower than half of them", () => {
    const state = AdaptiveLimit.make({ initial: 20 })
    for (let index = 0; index < 60; index++) observe(state, { outcome: { latency: 160 }, now: 1 })
    for (let index = 0; index < 20; index++) observe(state, { startedAt: 1, now: 2 })
    expect(state.limit).toBeCloseTo(20 * 1.2 / 1.6 + Math.sqrt(20), 9)
  })

  it("compares whole answers with whole answers and streams with streams", () => {
    const state = AdaptiveLimit.make({ initial: 20 })
    for (let index = 0; index < 60; index++) {
      observe(state, index < 50 ? { operation: "send", outcome: { latency: 9_000 }, now: 1 } : { now: 1 })
    }
    for (let index = 0; index < 20; index++) {
      observe(state, { startedAt: 1, now: 2, ...(index < 5 && { operation: "send", outcome: { latency: 9_000 } }) })
    }
    expect(state.limit).toBe(20 + Math.sqrt(20))
  })

  it("stays where it is while less than three quarters of it are used", () => {
    const state = AdaptiveLimit.make({ initial: 20 })
    for (let index = 0; index < 1_000; index++) observe(state, { inFlight: 14 })
    expect([state.limit, state.allowed]).toEqual([20, 20])
  })

  it("is halved when the target refuses, once for all the calls under way then", () => {
    const state = AdaptiveLimit.make({ initial: 20 })
    for (const startedAt of [0, 50, 99]) observe(state, { outcome: "refused", startedAt, now: 100 })
    expect([state.limit, state.allowed]).toEqual([10, 10])
    observe(state, { outcome: "refused", startedAt: 100, now: 200 })
    expect(state.limit).toBe(5)
  })

  it("stays between its bounds", () => {
    const options = { initial: 4, min: 3, max: 5 }
    const state = AdaptiveLimit.make(options)
    for (let index = 0; index < 1_000; index++) observe(state, {}, options)
    expect(state.limit).toBe(5)
    for (let now = 1; now < 10; now++) observe(state, { outcome: "refused", startedAt: now, now }, options)
    expect(state.limit).toBe(3)
  })
})
