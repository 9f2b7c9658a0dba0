import { describe, expect, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Latch, Result, Schema, Scope, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"
import * as Live from "../../src/stats/Live.ts"
import * as Snapshot from "../../src/stats/Snapshot.ts"
import { attempt, atTime, dispatch, dispatches, endedAt, refused } from "./support.ts"

const second = 1_000
const minute = 60 * second
const hour = 60 * minute

/** Each of the ways to look at a group: since the start and in every window. */
const views: ReadonlyArray<(group: Snapshot.Group) => Snapshot.Figures> = [
  ({ sinceStart }) => sinceStart,
  ({ windows }) => windows["1m"]!,
  ({ windows }) => windows["5m"]!,
  ({ windows }) => windows["1h"]!
]

/** Every count by its path, those that are 0 left out; costs are no counts. */
const countsOf = (fields: object, prefix = "", counts = new Map<string, number>()): Map<string, number> => {
  for (const [name, value] of Object.entries(fields)) {
    if (name === "latency" || name === "timeToFirstPart") counts.set(prefix + name, value.count)
    else if (name === "cost" || name === "rate" || name === "trend" || value === 0) continue
    else if (typeof value === "number") counts.set(prefix + name, value)
    else countsOf(value, `${prefix}${name}.`, counts)
  }
  return counts
}

/** The counts of all of them together, of those whose path is wanted. */
const together = (all: ReadonlyArray<Snapshot.Figures>, wanted: RegExp = /./): Readonly<Record<string, number>> => {
  const sum: Record<string, number> = {}
  for (const figures of all) {
    for (const [path, count] of countsOf(figures)) if (wanted.test(path)) sum[path] = (sum[path] ?? 0) + count
  }
  return sum
}

/** To the nanodollar, since each of the summands is rounded to the nearest number. */
const expectSameCost = (all: ReadonlyArray<Snapshot.Figures>, total: Snapshot.Figures) =>
  expect(all.reduce((sum, { cost }) => sum + cost, 0)).toBeCloseTo(total.cost, 9)

const several = fc.array(dispatches(0, 2 * hour), { maxLength: 40 })
const bound = fc.integer({ min: 1, max: 3 })

describe("counting", () => {
  it("tells of a dispatch in total and under its vendor, target, route and caller", () => {
    const { record, snapshotAt } = atTime()
    record(endedAt(1_000))
    const { callers, routes, targets, total, vendors } = snapshotAt(1_000)
    expect([Object.keys(vendors), Object.keys(targets), Object.keys(routes), Object.keys(callers)]).toEqual([
      ["a"],
      ["a/m"],
      ["default"],
      ["ann"]
    ])
    for (const group of [total, vendors["a"]!, targets["a/m"]!, routes["default"]!, callers["ann"]!]) {
      for (const view of views) expect(view(group)).toMatchObject({ requests: 1, successes: 1, calls: 1, cost: 0.001 })
    }
  })

  it("counts each attempt as a request to its own target", () => {
    const { record, snapshotAt } = atTime()
    record(endedAt(1_000, {
      attempts: [
        refused(),
        refused({ occasion: "retry", reason: "RateLimited" }),
        attempt({ vendor: "b", target: "b/n", occasion: "fallback", duration: 30 })
      ]
    }))
    const { targets, total } = snapshotAt(1_000)
    const { failures, latency, requests, retries } = targets["a/m"]!.sinceStart
    expect({ failures, latency, requests, retries }).toEqual({
      failures: { Overloaded: 1, RateLimited: 1 },
      latency: undefined,
      requests: 2,
      retries: 1
    })
    expect(targets["b/n"]!.sinceStart).toMatchObject({ requests: 1, successes: 1, fallbacks: 1, latency: { p50: 30 } })
    expect(total.sinceStart).toMatchObject({ requests: 1, successes: 1, failures: {}, calls: 3, latency: { p50: 100 } })
  })

  it("counts a cached answer as a request of its caller, and as none to its target", () => {
    const { record, snapshotAt } = atTime()
    record(endedAt(1_000, { isCached: true, attempts: [], cost: 0 }))
    const { callers, targets } = snapshotAt(1_000)
    expect(callers["ann"]!.sinceStart).toMatchObject({ requests: 1, successes: 1, cached: 1, calls: 0, cost: 0 })
    expect(targets["a/m"]!.sinceStart).toMatchObject({ requests: 0, successes: 0, cached: 1, cost: 0 })
  })

  it("counts under `_NONE` what has no route or no caller", () => {
    const { record, snapshotAt } = atTime()
    record(endedAt(1_000, { route: undefined, caller: undefined }))
    const { callers, routes } = snapshotAt(1_000)
    expect([Object.keys(routes), Object.keys(callers)]).toEqual([["_NONE"], ["_NONE"]])
  })

  it("has the same counts in total as all routes, and as all callers", () => {
    fc.assert(fc.property(several, bound, (records, most) => {
      const { record, set, snapshotAt } = atTime({ most: { routes: most, callers: most } })
      set(2 * hour)
      for (const each of records) record(each)
      const { callers, routes, total } = snapshotAt(2 * hour)
      for (const view of views) {
        const counts = together([view(total)])
        expect(together(Object.values(routes).map(view))).toEqual(counts)
        expect(together(Object.values(callers).map(view))).toEqual(counts)
        expectSameCost(Object.values(routes).map(view), view(total))
        expectSameCost(Object.values(callers).map(view), view(total))
      }
    }))
  })

  it("has the same calls, tokens and costs in total as all targets, and as all vendors", () => {
    const calls = /^(calls|retries|fallbacks|hedges|resumes|skips\..*|tokens\..*|unpriced)$/
    fc.assert(fc.property(several, bound, (records, most) => {
      const { record, set, snapshotAt } = atTime({ most: { targets: most, vendors: 1 } })
      set(2 * hour)
      for (const each of records) record(each)
      const { targets, total, vendors } = snapshotAt(2 * hour)
      for (const view of views) {
        const byTarget = Object.values(targets).map(view)
        expect(together(byTarget, calls)).toEqual(together([view(total)], calls))
        expect(together(Object.values(vendors).map(view))).toEqual(together(byTarget))
        expectSameCost(byTarget, view(total))
        expectSameCost(Object.values(vendors).map(view), view(total))
        expect(byTarget.reduce((sum, { requests }) => sum + requests, 0)).toBe(view(total).calls)
      }
    }))
  })

  it("does not care in which order the records of one slot come", () => {
    const one = fc.array(dispatches(hour, hour + 5 * second), { maxLength: 20 })
    fc.assert(fc.property(one, fc.nat(20), (records, at) => {
      const [first, second] = [atTime(), atTime()]
      for (const each of records) first.record(each)
      for (const each of [...records.slice(at), ...records.slice(0, at)].toReversed()) second.record(each)
      expect(second.snapshotAt(hour + 5_000)).toEqual(first.snapshotAt(hour + 5_000))
    }))
  })
})

describe("windows", () => {
  it("have what is no older than they reach back, and nothing that is older by a slot", () => {
    fc.assert(fc.property(several, fc.nat(hour), (records, later) => {
      const { record, snapshotAt } = atTime()
      const sorted = records.toSorted((a, b) => a.startedAt + a.duration - b.startedAt - b.duration)
      for (const each of sorted) record(each)
      const now = 2 * hour + later
      const { total, windows } = snapshotAt(now)
      expect(total.sinceStart.requests).toBe(records.length)
      for (const { duration, name, slot } of windows) {
        const since = (age: number) => records.filter((each) => each.startedAt + each.duration >= now - age).length
        const { requests, trend } = total.windows[name]!
        expect(requests).toBeGreaterThanOrEqual(since(duration))
        expect(requests).toBeLessThanOrEqual(since(duration + slot))
        expect(trend.reduce((sum, count) => sum + count, 0)).toBe(requests)
      }
    }))
  })

  it("are of a minute, five minutes and an hour", () => {
    expect(atTime().snapshotAt(0).windows).toEqual([
      { name: "1m", duration: minute, slot: 5 * second },
      { name: "5m", duration: 5 * minute, slot: 25 * second },
      { name: "1h", duration: hour, slot: 5 * minute }
    ])
  })

  it("tell the rate of the time they look at, or of the time since the start where that is less", () => {
    const { record, snapshotAt } = atTime()
    for (let at = 0; at < 10 * second; at += 100) record(endedAt(at))
    expect(snapshotAt(10 * second).total.windows["1m"]!.rate).toBe(10)
    expect(snapshotAt(60 * second).total.windows["1m"]!.rate).toBeCloseTo(100 / 60)
    expect(snapshotAt(72 * second).total.windows["1m"]).toMatchObject({ requests: 0, rate: 0 })
  })

  it("tell quantiles of their own time only", () => {
    const { record, snapshotAt } = atTime()
    record(endedAt(0, { duration: 9_000, startedAt: -9_000 }))
    record(endedAt(10 * minute))
    const { sinceStart, windows } = snapshotAt(10 * minute).total
    expect(sinceStart.latency?.max).toBe(9_000)
    expect(windows["5m"]!.latency).toMatchObject({ count: 1, max: 100 })
    expect(windows["1h"]!.latency).toMatchObject({ count: 2, max: 9_000 })
  })
})

describe("bounds", () => {
  it("hold at a hundred thousand callers", () => {
    const { record, snapshotAt } = atTime()
    for (let caller = 0; caller < 100_000; caller++) record(endedAt(caller * 10, { caller: `c${caller}` }))
    const { callers, total } = snapshotAt(1_000 * second)
    expect(Object.keys(callers).length).toBe(101)
    expect(callers["_OTHER"]!.sinceStart.requests).toBe(99_900)
    expect(total.sinceStart.requests).toBe(100_000)
  })

  it("give the place of a name that nobody uses to another, and keep what was counted of it", () => {
    const { record, snapshotAt } = atTime({ most: { callers: 2 } })
    record(endedAt(0, { caller: "old" }))
    record(endedAt(hour, { caller: "kept" }))
    record(endedAt(hour + 4 * minute, { caller: "too early" }))
    expect(Object.keys(snapshotAt(hour + 4 * minute).callers)).toEqual(["old", "kept", "_OTHER"])
    record(endedAt(hour + 5 * minute, { caller: "new" }))
    const { callers } = snapshotAt(hour + 5 * minute)
    expect(Object.keys(callers)).toEqual(["kept", "new", "_OTHER"])
    expect(callers["_OTHER"]!.sinceStart.requests).toBe(2)
  })

  it("keep no name of more than 256 characters", () => {
    const { record, snapshotAt } = atTime()
    record(endedAt(0, { caller: "c".repeat(257) }))
    record(endedAt(0, { caller: "c".repeat(256) }))
    expect(Object.keys(snapshotAt(0).callers)).toEqual(["c".repeat(256), "_OTHER"])
  })

  it.effect("must be whole numbers above 0", () =>
    Effect.gen(function*() {
      for (const callers of [0, -1, 1.5, Number.NaN]) {
        const result = yield* Effect.result(Live.make({ most: { callers } }))
        expect(Result.getFailure(result)).toMatchObject({
          value: { _tag: "ConfigError", path: "stats.most.callers", description: "must be a whole number above 0" }
        })
      }
    }))
})

describe("snapshot", () => {
  it("tells the same whether others were taken before it or not", () => {
    const steps = fc.array(
      fc.record({
        record: dispatches(0, 1),
        pause: fc.oneof(fc.nat(7 * second), fc.nat(6 * minute)),
        late: fc.oneof(fc.constant(0), fc.nat(2 * minute)),
        isTaken: fc.boolean()
      }),
      { maxLength: 30 }
    )
    fc.assert(fc.property(steps, (steps) => {
      const [often, once] = [atTime(), atTime()]
      let now = hour
      for (const { isTaken, late, pause, record } of steps) {
        now += pause
        for (const { record: note, set } of [often, once]) {
          set(now)
          note({ ...record, startedAt: now - late - record.duration })
        }
        if (isTaken) often.snapshotAt(now)
      }
      expect(often.snapshotAt(now)).toEqual(once.snapshotAt(now))
    }))
  })

  it("is the same after JSON", () => {
    fc.assert(fc.property(several, (records) => {
      const { record, snapshotAt } = atTime()
      for (const each of records) record(each)
      const snapshot = snapshotAt(2 * hour)
      const json = JSON.stringify(Schema.encodeSync(Snapshot.Snapshot)(snapshot))
      expect(Schema.decodeUnknownSync(Snapshot.Snapshot)(JSON.parse(json))).toEqual(snapshot)
    }))
  })

  it("keeps a caller whose name is one of JavaScript's own", () => {
    const { record, snapshotAt } = atTime()
    record(endedAt(0, { caller: "__proto__" }))
    const { callers } = snapshotAt(0)
    expect(Object.keys(callers)).toEqual(["__proto__"])
  })

  it("tells how many dispatches are under way", () => {
    const { begin, end, record, snapshotAt } = atTime()
    for (const id of ["1", "2", "3"]) begin({ id })
    expect(snapshotAt(0).total.inFlight).toBe(3)
    record(dispatch({ id: "1" }))
    end({ id: "1" })
    end({ id: "2" })
    record(dispatch({ id: "recorded alone" }))
    expect(snapshotAt(0).total.inFlight).toBe(1)
  })

  it("tells how each target is, also of one that was not called yet", () => {
    const limits = { requests: { remaining: 3, limit: 10, resetAt: 90_000 } }
    const { record, snapshotAt } = atTime({
      surroundings: {
        targets: () => ["a/m", "b/n"],
        inFlight: (target) => target === "a/m" ? 2 : 0,
        circuit: (target) => Effect.succeed(target === "a/m" ? "Open" : "Closed"),
        cooldownUntil: (target) => target === "a/m" ? 70_000 : 1_000,
        limits: (target) => target === "a/m" ? limits : undefined
      }
    })
    record(endedAt(5_000))
    const { targets } = snapshotAt(60_000)
    const state = (target: Snapshot.Target) => {
      const { sinceStart, windows: _, ...state } = target
      return { requests: sinceStart.requests, ...state }
    }
    expect(state(targets["a/m"]!)).toEqual({
      requests: 1,
      inFlight: 2,
      circuit: "Open",
      coolingDownUntil: 70_000,
      limits
    })
    expect(state(targets["b/n"]!)).toEqual({ requests: 0, inFlight: 0, circuit: "Closed" })
  })

  it("tells nothing of a target that nobody knows anything of", () => {
    const { record, snapshotAt } = atTime({ most: { targets: 1 }, surroundings: { inFlight: () => 7 } })
    record(endedAt(0, { attempts: [attempt({ target: "a/m" }), attempt({ target: "a/n" })] }))
    const { targets } = snapshotAt(0)
    expect(targets["a/m"]!.inFlight).toBe(7)
    expect(Object.keys(targets["_OTHER"]!)).toEqual(["sinceStart", "windows"])
  })
})

describe("changes", () => {
  /** Reads into an array as it goes. */
  const reading = Effect.fnUntraced(function*(stream: Stream.Stream<Snapshot.Snapshot>) {
    const read: Array<readonly [at: number, requests: number, lastMinute: number]> = []
    const fiber = yield* Effect.forkChild(
      Stream.runForEach(stream, ({ at, total }) =>
        Effect.sync(() => {
          read.push([at, total.sinceStart.requests, total.windows["1m"]!.requests])
        })),
      { startImmediately: true }
    )
    yield* TestClock.adjust(0)
    return { read, fiber }
  })

  it.effect("begin at once and come when something was counted, at most one a second", () =>
    Effect.gen(function*() {
      const live = yield* Live.make()
      const { read } = yield* reading(live.changes())
      expect(read).toEqual([[0, 0, 0]])
      yield* TestClock.adjust("3 seconds")
      expect(read.length).toBe(1)
      live.record(endedAt(3_000))
      yield* TestClock.adjust(0)
      expect(read.slice(1)).toEqual([[3_000, 1, 1]])
      live.record(endedAt(3_000))
      live.record(endedAt(3_000))
      yield* TestClock.adjust("999 millis")
      expect(read.length).toBe(2)
      yield* TestClock.adjust("1 millis")
      expect(read.slice(2)).toEqual([[4_000, 3, 3]])
    }))

  it.effect("come at the interval that is asked for", () =>
    Effect.gen(function*() {
      const live = yield* Live.make()
      const { read } = yield* reading(live.changes("10 seconds"))
      for (let time = 0; time < 60; time++) {
        live.record(endedAt(time * 500))
        yield* TestClock.adjust("500 millis")
      }
      expect(read.map(([at]) => at)).toEqual([0, 10_000, 20_000, 30_000])
    }))

  it.effect("come when a window forgets something, and no more when all is forgotten", () =>
    Effect.gen(function*() {
      const live = yield* Live.make()
      const { read } = yield* reading(live.changes())
      live.record(endedAt(0))
      yield* TestClock.adjust("1 second")
      expect(read).toEqual([[0, 0, 0], [1_000, 1, 1]])
      yield* TestClock.adjust("1 day")
      expect(read.slice(2)).toEqual([[65_000, 1, 0], [325_000, 1, 0], [3_900_000, 1, 0]])
    }))

  it.effect("tell when a dispatch begins and when one ends without a record", () =>
    Effect.gen(function*() {
      const live = yield* Live.make()
      const { read } = yield* reading(live.changes())
      live.begin({ id: "1" })
      yield* TestClock.adjust("1 second")
      live.end({ id: "1" })
      yield* TestClock.adjust("1 second")
      live.end({ id: "1" })
      yield* TestClock.adjust("1 second")
      expect(read.length).toBe(3)
    }))

  it.effect("reach every reader", () =>
    Effect.gen(function*() {
      const live = yield* Live.make()
      const readers = yield* Effect.forEach([1, 2, 3], () => reading(live.changes()))
      yield* TestClock.adjust("1 second")
      live.record(endedAt(1_000))
      yield* TestClock.adjust("1 second")
      for (const { read } of readers) expect(read).toEqual([[0, 0, 0], [1_000, 1, 1]])
    }))

  it.effect("give a slow reader the newest and no backlog", () =>
    Effect.gen(function*() {
      const live = yield* Live.make()
      const gate = yield* Latch.make()
      const read: Array<number> = []
      yield* Effect.forkChild(
        Stream.runForEach(live.changes(), ({ total }) =>
          Effect.andThen(Effect.sync(() => read.push(total.sinceStart.requests)), gate.await)),
        { startImmediately: true }
      )
      for (let time = 1; time <= 20; time++) {
        yield* TestClock.adjust("1 second")
        live.record(endedAt(time * 1_000))
      }
      expect(read).toEqual([0])
      yield* gate.open
      yield* TestClock.adjust("1 second")
      expect(read).toEqual([0, 20])
    }))

  it.effect("end when the statistics' Scope closes, whatever they wait for", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const live = yield* Scope.provide(Live.make(), scope)
      const { fiber: idle } = yield* reading(live.changes())
      const { fiber: early } = yield* reading(live.changes("1 hour"))
      live.begin({ id: "1" })
      yield* Scope.close(scope, Exit.void)
      expect(yield* Fiber.await(idle)).toEqual(Exit.void)
      expect(yield* Fiber.await(early)).toEqual(Exit.void)
    }))

  it.effect("let go when they are interrupted", () =>
    Effect.gen(function*() {
      const live = yield* Live.make()
      const { fiber, read } = yield* reading(live.changes())
      yield* Fiber.interrupt(fiber)
      live.record(endedAt(0))
      yield* TestClock.adjust("1 minute")
      expect(read.length).toBe(1)
    }))
})
