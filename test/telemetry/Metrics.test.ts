import { describe, expect, it } from "@effect/vitest"
import { Effect, Fiber, Metric, Schedule, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as Dispatcher from "llmdispatcher/Dispatcher"
import type { StreamPart } from "llmdispatcher/Response"
import * as Vendor from "llmdispatcher/Vendor"
import { fatal, retryable } from "llmdispatcher/VendorError"
import { answer, overloaded, sequence, stream, textParts } from "../support/vendors.ts"
import { inference, metered, read, traffic } from "./support.ts"

const ask = { prompt: "Hello" }

const run = <A, E>(effect: Effect.Effect<A, E>, time: number) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.forkChild(Effect.exit(effect), { startImmediately: true })
    yield* TestClock.adjust(time)
    return yield* Fiber.join(fiber)
  })

describe("Metrics of attempts", () => {
  it.effect("time each attempt to its end, failures told by their reason", () =>
    Effect.gen(function*() {
      const failing = sequence("a", [Effect.delay(Effect.fail(overloaded), "100 millis")])
      const good = sequence("b", [Effect.delay(answer("Hi"), "250 millis")], { provider: "anthropic" })
      const dispatcher = yield* Dispatcher.make({ vendors: [failing.vendor, good.vendor], retry: false })
      yield* run(dispatcher.send(ask), 1_000)
      const times = [
        [{ ...inference("a", "m"), "error.type": "Overloaded" }, 1, 0.1],
        [inference("anthropic", "m"), 1, 0.25]
      ]
      expect(yield* read("gen_ai.client.inference.duration")).toEqual(times)
      expect(yield* read("gen_ai.client.operation.duration")).toEqual(times)
      expect(yield* read("llmdispatcher.attempts")).toEqual([
        [{ "llmdispatcher.target": "a/m", "llmdispatcher.outcome": "failed", "error.type": "Overloaded" }, 1],
        [{ "llmdispatcher.target": "b/m", "llmdispatcher.outcome": "answered" }, 1]
      ])
      expect(yield* read("gen_ai.client.inference.time_to_first_chunk")).toEqual([])
    }).pipe(metered))

  it.effect("time a stream to its end, to its first part, and between those after", () =>
    Effect.gen(function*() {
      const parts: ReadonlyArray<StreamPart> = textParts("a", "b", "c")
      const vendor = Vendor.make({
        name: "a",
        defaultModel: "m",
        send: () => Effect.never,
        stream: () =>
          Effect.succeed({
            parts: Stream.fromIterable(parts).pipe(Stream.rechunk(1), Stream.schedule(Schedule.spaced("200 millis"))),
            losses: []
          })
      })
      const dispatcher = yield* Dispatcher.make({ vendors: [vendor] })
      yield* run(Stream.runDrain(dispatcher.stream(ask)), 5_000)
      const [[, , first]] = (yield* read("gen_ai.client.inference.time_to_first_chunk")) as any
      const [[, , total]] = (yield* read("gen_ai.client.inference.duration")) as any
      expect(yield* read("gen_ai.client.inference.time_per_output_chunk")).toEqual([[inference("a", "m"), 2, 0.4]])
      // Three parts after the first text: two more texts, the text's end and the finish.
      expect(Math.round((total - first) * 1000)).toBe(800)
    }).pipe(metered))

  it.effect("do not take a caller's slowness for the vendor's", () =>
    Effect.gen(function*() {
      const vendor = Vendor.make({
        name: "a",
        defaultModel: "m",
        send: () => Effect.never,
        stream: () => Effect.succeed({ parts: Stream.rechunk(Stream.fromIterable(textParts("a", "b")), 1), losses: [] })
      })
      const dispatcher = yield* Dispatcher.make({ vendors: [vendor] })
      const slowly = Stream.runForEach(dispatcher.stream(ask), () => Effect.sleep("2 seconds"))
      yield* run(slowly, 60_000)
      expect(yield* read("gen_ai.client.inference.time_per_output_chunk")).toEqual([[inference("a", "m"), 1, 0]])
    }).pipe(metered))

  it.effect("spread the time of one read over the parts that came in it", () =>
    Effect.gen(function*() {
      const [meta, start, first, ...rest] = textParts("a", "b", "c", "d", "e")
      const vendor = Vendor.make({
        name: "a",
        defaultModel: "m",
        send: () => Effect.never,
        stream: () =>
          Effect.succeed({
            parts: Stream.concat(
              Stream.make(meta!, start!, first!),
              Stream.unwrap(Effect.delay(Effect.succeed(Stream.fromIterable(rest)), "2 seconds"))
            ),
            losses: []
          })
      })
      const dispatcher = yield* Dispatcher.make({ vendors: [vendor] })
      yield* run(Stream.runDrain(dispatcher.stream(ask)), 10_000)
      const all = yield* Metric.snapshot
      const found = all.find(({ id }) => id === "gen_ai.client.inference.time_per_output_chunk")
      expect(found?.state).toMatchObject({ count: 4, min: 0.5, max: 0.5 })
    }).pipe(metered))

  it.effect("count every kind of token, and 0 where the vendor told none", () =>
    Effect.gen(function*() {
      yield* traffic
      const counted = (provider: string) => ({ ...inference(provider, "m"), "gen_ai.token.modality": "unknown" })
      const usage = "gen_ai.client.inference.usage"
      expect(yield* read(`${usage}.input_tokens`)).toEqual([
        [counted("failing"), 0],
        [counted("plain"), 6],
        [counted("openai"), 70]
      ])
      expect(yield* read(`${usage}.output_tokens`)).toEqual([
        [counted("failing"), 0],
        [counted("plain"), 4],
        [counted("openai"), 20]
      ])
      expect(yield* read(`${usage}.cache_read.input_tokens`)).toEqual([[counted("openai"), 40]])
      expect(yield* read(`${usage}.cache_write.input_tokens`)).toEqual([[counted("openai"), 10]])
      expect(yield* read(`${usage}.reasoning.output_tokens`)).toEqual([[counted("openai"), 8]])
      expect(yield* read("gen_ai.client.token.usage")).toEqual([
        [{ ...inference("plain", "m"), "gen_ai.token.type": "input" }, 2, 6],
        [{ ...inference("plain", "m"), "gen_ai.token.type": "output" }, 2, 4],
        [{ ...inference("openai", "m"), "gen_ai.token.type": "input" }, 2, 70],
        [{ ...inference("openai", "m"), "gen_ai.token.type": "output" }, 2, 20]
      ])
    }).pipe(metered))

  it.effect("count a stream that breaks as failed, though it had begun", () =>
    Effect.gen(function*() {
      const broken = sequence("a", [stream(textParts("Hi").slice(0, -1))])
      const dispatcher = yield* Dispatcher.make({ vendors: [broken.vendor] })
      const error = yield* Effect.flip(Stream.runDrain(dispatcher.stream(ask)))
      expect(error.reason._tag).toBe("StreamInterrupted")
      expect(yield* read("llmdispatcher.attempts")).toEqual([[
        { "llmdispatcher.target": "a/m", "llmdispatcher.outcome": "failed", "error.type": "StreamInterrupted" },
        1
      ]])
      expect(yield* read("llmdispatcher.attempts.in_flight")).toEqual([[{ "llmdispatcher.target": "a/m" }, 0]])
    }).pipe(metered))

  it.effect("tell how many are under way", () =>
    Effect.gen(function*() {
      const slow = sequence("a", [Effect.delay(answer("Hi"), "1 second")])
      const dispatcher = yield* Dispatcher.make({ vendors: [slow.vendor] })
      const fibers = yield* Effect.forEach(
        Array(3),
        () => Effect.forkChild(dispatcher.send(ask), { startImmediately: true })
      )
      const own = { "llmdispatcher.target": "a/m" }
      expect(yield* read("llmdispatcher.attempts.in_flight")).toEqual([[own, 3]])
      yield* Fiber.interrupt(fibers[0]!)
      expect(yield* read("llmdispatcher.attempts.in_flight")).toEqual([[own, 2]])
      yield* TestClock.adjust("1 second")
      expect(yield* read("llmdispatcher.attempts.in_flight")).toEqual([[own, 0]])
      expect(yield* read("llmdispatcher.attempts")).toEqual([
        [{ ...own, "llmdispatcher.outcome": "interrupted", "error.type": "Interrupted" }, 1],
        [{ ...own, "llmdispatcher.outcome": "answered" }, 2]
      ])
    }).pipe(metered))
})

describe("Metrics of how attempts came about", () => {
  it.effect("tell a retry from a fallback", () =>
    Effect.gen(function*() {
      const a = sequence("a", [Effect.fail(overloaded)])
      const b = sequence("b", [answer("Hi")])
      const dispatcher = yield* Dispatcher.make({ vendors: [a.vendor, b.vendor], retryBudget: false })
      yield* run(dispatcher.send(ask), 60_000)
      expect([
        yield* read("llmdispatcher.retries"),
        yield* read("llmdispatcher.fallbacks"),
        yield* read("llmdispatcher.hedges")
      ]).toEqual([
        [[{ "llmdispatcher.target": "a/m" }, 1]],
        [[{ "llmdispatcher.target": "b/m" }, 1]],
        []
      ])
    }).pipe(metered))

  it.effect("count a hedge at the second target", () =>
    Effect.gen(function*() {
      const slow = sequence("slow", [Effect.delay(answer("late"), "1 minute")])
      const quick = sequence("quick", [Effect.delay(answer("Hi"), "200 millis")])
      const dispatcher = yield* Dispatcher.make({
        vendors: [slow.vendor, quick.vendor],
        hedge: { after: "1 second", budget: 1 }
      })
      yield* run(dispatcher.send(ask), 2_000)
      expect([yield* read("llmdispatcher.hedges"), yield* read("llmdispatcher.fallbacks")]).toEqual([
        [[{ "llmdispatcher.target": "quick/m" }, 1]],
        []
      ])
    }).pipe(metered))

  it.effect("count who goes on with a broken stream", () =>
    Effect.gen(function*() {
      const broken = Vendor.make({
        name: "broken",
        defaultModel: "m",
        send: () => Effect.never,
        stream: () =>
          Effect.succeed({
            parts: Stream.concat(
              Stream.fromIterable(textParts("Hel").slice(0, 3)),
              Stream.fail(retryable({ _tag: "ServerFault" }))
            ),
            losses: []
          })
      })
      const whole = sequence("whole", [
        Effect.succeed({ parts: Stream.fromIterable(textParts("Hel", "lo")), losses: [] })
      ])
      const dispatcher = yield* Dispatcher.make({
        vendors: [broken, whole.vendor],
        routes: { default: { targets: ["broken/m", "whole/m"], onInterrupted: "resume" } }
      })
      yield* run(Stream.runDrain(dispatcher.stream(ask)), 10_000)
      expect(yield* read("llmdispatcher.resumes")).toEqual([[{ "llmdispatcher.target": "whole/m" }, 1]])
      expect(yield* read("llmdispatcher.dispatches")).toEqual([
        [{ "llmdispatcher.route": "default", "llmdispatcher.operation": "stream" }, 1]
      ])
    }).pipe(metered))

  it.effect("count who was passed over and why", () =>
    Effect.gen(function*() {
      yield* traffic
      expect(yield* read("llmdispatcher.skipped")).toEqual([
        [{ "llmdispatcher.target": "failing/m", "error.type": "CoolingDown" }, 1]
      ])
    }).pipe(metered))
})

describe("Metrics of dispatches", () => {
  it.effect("are by route, operation and what went wrong", () =>
    Effect.gen(function*() {
      const vendor = sequence("a", [
        Effect.delay(answer("Hi"), "300 millis"),
        Effect.fail(fatal({ _tag: "InvalidRequest", description: "no" }))
      ])
      const dispatcher = yield* Dispatcher.make({
        vendors: [vendor.vendor],
        routes: { "big-*": ["a/*"] }
      })
      yield* run(dispatcher.send({ model: "big-one", prompt: "Hello" }), 1_000)
      yield* run(dispatcher.send({ model: "big-two", prompt: "Hello" }), 1_000)
      yield* run(dispatcher.send({ vendors: ["nobody"], prompt: "Hello" }), 1_000)
      const asked = { "llmdispatcher.route": "big-*", "llmdispatcher.operation": "send" }
      expect(yield* read("llmdispatcher.dispatch.duration")).toEqual([
        [asked, 1, 0.3],
        [{ ...asked, "error.type": "InvalidRequest" }, 1, 0],
        [{ "llmdispatcher.operation": "send", "error.type": "NoCandidate" }, 1, 0]
      ])
      expect((yield* read("llmdispatcher.dispatches")).length).toBe(3)
    }).pipe(metered))

  it.effect("sum the cost by route and target, and count what has no price", () =>
    Effect.gen(function*() {
      yield* traffic
      // Twice 10 uncached, 20 read, 5 written and 10 output tokens.
      const cost = 2 * (10 * 1 + 20 * 0.1 + 5 * 1.25 + 10 * 2) / 1_000_000
      const [[labels, sum], ...more] = (yield* read("llmdispatcher.cost")) as any
      expect([labels, more]).toEqual([{ "llmdispatcher.route": "chat", "llmdispatcher.target": "talkative/m" }, []])
      expect(sum).toBeCloseTo(cost, 12)
      expect(yield* read("llmdispatcher.cost.unknown")).toEqual([
        [{ "llmdispatcher.route": "default", "llmdispatcher.target": "plain/m" }, 2]
      ])
    }).pipe(metered))

  it.effect("are not kept where they are not wanted", () =>
    Effect.gen(function*() {
      const { vendor } = sequence("a", [answer("Hi")])
      const dispatcher = yield* Dispatcher.make({ vendors: [vendor], metrics: false })
      yield* dispatcher.send(ask)
      expect((yield* Metric.snapshot).filter(({ id }) => /^(gen_ai|llmdispatcher)/.test(id))).toEqual([])
    }).pipe(metered))

  it.effect("have no label but the few that are bounded", () =>
    Effect.gen(function*() {
      yield* traffic
      const labels = new Set((yield* Metric.snapshot).flatMap(({ attributes = {} }) => Object.keys(attributes)))
      expect(Array.from(labels).toSorted()).toEqual([
        "error.type",
        "gen_ai.operation.name",
        "gen_ai.provider.name",
        "gen_ai.request.model",
        "gen_ai.token.modality",
        "gen_ai.token.type",
        "llmdispatcher.operation",
        "llmdispatcher.outcome",
        "llmdispatcher.route",
        "llmdispatcher.target",
        "unit"
      ])
      const values = (yield* Metric.snapshot).flatMap(({ attributes = {} }) => Object.values(attributes))
      expect(values.filter((value) => /alice|secret/.test(value))).toEqual([])
    }).pipe(metered))

  it.effect("stay as few when callers make up models", () =>
    Effect.gen(function*() {
      const { vendor } = sequence("a", [answer("Hi")])
      const dispatcher = yield* Dispatcher.make({
        vendors: [vendor],
        routes: { known: ["a/known"] },
        metrics: { maxTargets: 2 }
      })
      for (const model of ["a/1", "a/2", "a/3", "a/4", "a/1", "known"]) {
        yield* dispatcher.send({ model, prompt: "Hello" })
      }
      expect(yield* read("llmdispatcher.attempts.in_flight")).toEqual([
        [{ "llmdispatcher.target": "a/1" }, 0],
        [{ "llmdispatcher.target": "a/2" }, 0],
        [{ "llmdispatcher.target": "a/_OTHER" }, 0],
        [{ "llmdispatcher.target": "a/known" }, 0]
      ])
      expect((yield* read("gen_ai.client.inference.duration")).map(([labels, count]) => [
        (labels as any)["gen_ai.request.model"],
        count
      ])).toEqual([["1", 2], ["2", 1], ["_OTHER", 2], ["known", 1]])
    }).pipe(metered))
})
