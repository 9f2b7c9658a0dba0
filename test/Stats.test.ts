import { expect, it } from "@effect/vitest"
import { Duration, Effect, Fiber, Layer, Stream } from "effect"
import { Persistence } from "effect/persistence"
import { TestClock } from "effect/testing"
import * as Dispatcher from "llmdispatcher/Dispatcher"
import * as Cache from "../src/cache/Cache.ts"
import type { DispatchRecord } from "../src/stats/Record.ts"
import { answer, overloaded, sequence, stream, textParts } from "./support/vendors.ts"

const price = { input: 1, output: 10 }

it.effect("counts a fallback by vendor, target, route and caller", () =>
  Effect.gen(function*() {
    const first = sequence("first", [Effect.fail(overloaded)])
    const second = sequence("second", [answer("yes")])
    const dispatcher = yield* Dispatcher.make({
      vendors: [first.vendor, second.vendor],
      routes: { chat: ["first/m", { vendor: "second", model: "m", price }] },
      retry: false
    })
    yield* dispatcher.send({ model: "chat", prompt: "Hi", user: "ada" })
    const { callers, routes, targets, total, vendors } = yield* dispatcher.stats.snapshot
    expect({
      requests: total.sinceStart.requests,
      successes: total.sinceStart.successes,
      fallbacks: total.sinceStart.fallbacks,
      cost: total.sinceStart.cost,
      routes: Object.keys(routes),
      callers: Object.keys(callers),
      failed: vendors["first"]?.sinceStart.failures,
      answered: targets["second/m"]?.sinceStart.successes,
      circuits: [targets["first/m"]?.circuit, targets["second/m"]?.circuit]
    }).toEqual({
      requests: 1,
      successes: 1,
      fallbacks: 1,
      // 3 tokens at $1 and 2 at $10 a million.
      cost: 0.000023,
      routes: ["chat"],
      callers: ["ada"],
      failed: { Overloaded: 1 },
      answered: 1,
      circuits: ["Closed", "Closed"]
    })
  }))

it.effect("tells of changes, and of none where nothing happens", () =>
  Effect.gen(function*() {
    const { vendor } = sequence("a", [answer("yes")])
    const dispatcher = yield* Dispatcher.make({ vendors: [vendor] })
    const seen: Array<number> = []
    const reader = yield* Effect.forkChild(
      Stream.runForEach(
        dispatcher.stats.changes("1 second"),
        ({ total }) => Effect.sync(() => seen.push(total.sinceStart.requests))
      )
    )
    yield* TestClock.adjust("10 seconds")
    expect(seen).toEqual([0])
    yield* dispatcher.send({ prompt: "Hi" })
    yield* dispatcher.send({ prompt: "Hi" })
    yield* TestClock.adjust("2 seconds")
    yield* Fiber.interrupt(reader)
    expect(seen.at(-1)).toBe(2)
  }))

it.effect("hands each recorder one record of every dispatch, with what each attempt took", () =>
  Effect.gen(function*() {
    const records: Array<DispatchRecord> = []
    const flaky = sequence("flaky", [Effect.fail(overloaded), stream(textParts("one ", "two"))])
    const dispatcher = yield* Dispatcher.make({
      vendors: [flaky.vendor],
      routes: { chat: [{ vendor: "flaky", model: "m", price }] },
      retry: { base: Duration.millis(1) },
      recorders: [{ record: (record) => records.push(record) }]
    })
    const running = yield* Effect.forkChild(Stream.runDrain(dispatcher.stream({ model: "chat", prompt: "Hi" })))
    yield* TestClock.adjust("1 second")
    yield* Fiber.join(running)
    expect(records.map(({ attempts, cost, outcome, target, usage }) => ({
      outcome,
      target,
      cost,
      tokens: [usage.inputTokens.total, usage.outputTokens.total],
      attempts: attempts.map(({ cost, occasion, outcome, reason }) => ({ outcome, occasion, reason, cost }))
    }))).toEqual([{
      outcome: "answered",
      target: "flaky/m",
      cost: 0.000023,
      tokens: [3, 2],
      attempts: [
        { outcome: "failed", occasion: "first", reason: "Overloaded", cost: undefined },
        { outcome: "answered", occasion: "retry", reason: undefined, cost: 0.000023 }
      ]
    }])
  }))

it.effect("records a dispatch that nobody could serve and one whose caller went", () =>
  Effect.gen(function*() {
    const records: Array<DispatchRecord> = []
    const slow = sequence("slow", [Effect.never])
    const dispatcher = yield* Dispatcher.make({
      vendors: [slow.vendor],
      recorders: [{ record: (record) => records.push(record) }]
    })
    yield* Effect.flip(dispatcher.send({ model: "nowhere/m", prompt: "Hi", vendors: ["nobody"] }))
    const gone = yield* Effect.forkChild(dispatcher.send({ prompt: "Hi" }), { startImmediately: true })
    yield* Fiber.interrupt(gone)
    expect(records.map(({ attempts, outcome, reason }) => [outcome, reason, attempts.length])).toEqual([
      ["failed", "NoCandidate", 0],
      ["interrupted", undefined, 1]
    ])
  }))

it.effect("counts an answer out of the cache as one that cost nothing", () =>
  Effect.gen(function*() {
    const records: Array<DispatchRecord> = []
    const { vendor } = sequence("a", [answer("yes")])
    const dispatcher = yield* Dispatcher.make({
      vendors: [vendor],
      routes: { chat: [{ vendor: "a", model: "m", price }] },
      cache: yield* Effect.provide(Cache.make(), Layer.fresh(Persistence.layerBackingMemory)),
      recorders: [{ record: (record) => records.push(record) }]
    })
    yield* dispatcher.send({ model: "chat", prompt: "Hi", user: "ada" })
    yield* dispatcher.send({ model: "chat", prompt: "Hi", user: "ada" })
    expect(records.map(({ attempts, caller, cost, isCached, route, target }) => ({
      attempts: attempts.length,
      caller,
      cost,
      isCached,
      route,
      target
    }))).toEqual([
      { attempts: 1, caller: "ada", cost: 0.000023, isCached: false, route: "chat", target: "a/m" },
      { attempts: 0, caller: "ada", cost: 0, isCached: true, route: "chat", target: "a/m" }
    ])
    const { cached, requests, successes } = (yield* dispatcher.stats.snapshot).total.sinceStart
    expect({ cached, requests, successes }).toEqual({ cached: 1, requests: 2, successes: 2 })
  }))
