/**
 * What it costs to count a dispatch in the live statistics, and to take a snapshot of them.
 *
 * `node --expose-gc --max-semi-space-size=128 --conditions=source test/bench/stats.ts`
 */
import { Effect, Scope } from "effect"
import * as Live from "../../src/stats/Live.ts"
import type { AttemptRecord, DispatchRecord } from "../../src/stats/Record.ts"
import { type Contender, measure, table } from "./Measure.ts"

const usage = {
  inputTokens: { uncached: 100, cacheRead: 40, total: 140 },
  outputTokens: { text: 50, reasoning: 20, total: 70 }
}
const failed: AttemptRecord = {
  number: 1,
  vendor: "a",
  target: "a/m",
  model: "m",
  outcome: "failed",
  reason: "Overloaded",
  occasion: "first",
  startedAfter: 0,
  duration: 30
}
const answered: AttemptRecord = {
  number: 1,
  vendor: "b",
  target: "b/m",
  model: "m",
  outcome: "answered",
  occasion: "first",
  startedAfter: 0,
  duration: 900,
  timeToFirstPart: 300,
  usage,
  cost: 0.00123
}

/** Answers of 10 ms to 20 s, each told when it ends. */
const record = (attempts: ReadonlyArray<AttemptRecord>, index: number, callers: number): DispatchRecord => {
  const duration = Math.round(10 * Math.exp(7.6 * (index * 0.618 % 1)))
  return {
    id: `d${index}`,
    operation: "stream",
    startedAt: 0,
    duration,
    timeToFirstPart: duration / 3,
    route: "default",
    caller: `c${index % callers}`,
    outcome: "answered",
    vendor: "b",
    target: "b/m",
    isCached: false,
    usage,
    cost: 0.00123,
    attempts: attempts.map((attempt) => attempt.outcome === "answered" ? { ...attempt, duration } : attempt)
  }
}

const scope = Scope.makeUnsafe()
const make = (options?: Live.Options) => Effect.runPromise(Scope.provide(Live.make(options), scope))

/** So many dispatches a second, of a hundred callers in turn. */
const counting = async (
  name: string,
  perSecond: number,
  attempts: ReadonlyArray<AttemptRecord>
): Promise<Contender> => {
  const live = await make()
  const all = Array.from({ length: 4_000 }, (_, index) => record(attempts, index, 100))
  const start = Date.now()
  let next = 0
  return {
    name: `${name}, ${perSecond} a second`,
    run: async (times) => {
      for (let time = 0; time < times; time++) {
        const each = all[next % all.length]!
        Object.assign(each, { startedAt: start + Math.floor(next++ * 1_000 / perSecond) - each.duration })
        live.begin(each)
        live.record(each)
      }
    }
  }
}

/** Every slot of every caller is in use, with answers of all lengths: the most that there can be. */
const full = async (callers: number): Promise<Contender & { readonly live: Live.Live }> => {
  const live = await make({ most: { callers } })
  const now = Date.now()
  let index = 0
  for (let age = 3_900_000; age >= 0; age -= 4_900) {
    for (let caller = 0; caller < callers; caller++) {
      const each = record([answered], index++, callers)
      live.record({ ...each, caller: `c${caller}`, startedAt: now - age - each.duration })
    }
  }
  return {
    live,
    name: `${callers} callers`,
    run: async (times) => {
      for (let time = 0; time < times; time++) await Effect.runPromise(live.snapshot)
    }
  }
}

const thrice = [failed, { ...failed, occasion: "retry" as const }, answered]
const figures = await measure([
  await counting("1 attempt", 2_000, [answered]),
  await counting("3 attempts", 2_000, thrice),
  await counting("1 attempt", 20, [answered]),
  await counting("3 attempts", 20, thrice)
], { rounds: 15, times: 20_000 })
console.log(table("a dispatch counted", figures, figures[0]!.name))

const heap = () => {
  globalThis.gc?.()
  const { arrayBuffers, heapUsed } = process.memoryUsage()
  return arrayBuffers + heapUsed
}
const before = heap()
const busy = await full(100)
console.log(`\nmemory of 100 busy callers: ${((heap() - before) / 1e6).toFixed(1)} MB\n`)
const idle = { ...await full(1), name: "1 caller" }
console.log(table("a snapshot", await measure([idle, busy], { rounds: 9, times: 20 }), idle.name))
const size = JSON.stringify(await Effect.runPromise(busy.live.snapshot)).length
console.log(`\nJSON of the larger: ${(size / 1e3).toFixed(0)} kB`)
