import { describe, expect, it } from "@effect/vitest"
import { Clock, Duration, Effect, Fiber, Random, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as Ledger from "../../src/simulation/Ledger.ts"
import { parse } from "../../src/simulation/Scenario.ts"
import { arrivalKey, make } from "../../src/simulation/SimulatedVendor.ts"
import * as Request from "llmdispatcher/Request"

/** A vendor whose times are exact: 1 s to the first token, 10 ms for each more, of answers of 101 tokens. */
const exact = { name: "alpha", firstToken: "1s", perInputToken: "0ms", perOutputToken: "10ms", jitter: 0, errors: 0 }

const vendorOf = Effect.fnUntraced(function*(vendor: object = {}, incidents: ReadonlyArray<object> = []) {
  const scenario = yield* parse(
    JSON.stringify({ name: "one", duration: "1h", vendors: [{ ...exact, ...vendor }], incidents })
  )
  const ledger = Ledger.make(1)
  const world = {
    arrivals: [{ at: 0, input: 50, output: 101, streaming: true }],
    incidents: scenario.incidents ?? [],
    ledger,
    epoch: 0,
    scope: yield* Effect.scope
  }
  return { ledger, vendor: make(scenario.vendors[0], 0, world, yield* Random.withSeed(Random.Random, "vendor")) }
})

const request = Request.decode({ prompt: "word", metadata: { [arrivalKey]: "0" } })

/** What came, and after how many milliseconds. */
const timed = <A, E>(effect: Effect.Effect<A, E>) =>
  Effect.gen(function*() {
    const started = yield* Clock.currentTimeMillis
    const fiber = yield* Effect.forkChild(Effect.zip(Effect.result(effect), Clock.currentTimeMillis))
    yield* TestClock.adjust("10 minutes")
    const [result, ended] = yield* Fiber.join(fiber)
    return { result, after: ended - started }
  })

const sendTo = (vendor: ReturnType<typeof make>) =>
  Effect.flatMap(request, (request) => vendor.send({ request, model: "model" }))

const reasonOf = (vendor: ReturnType<typeof make>) =>
  Effect.map(Effect.result(sendTo(vendor)), (result) =>
    result._tag === "Success" ? undefined : {
      reason: result.failure.reason._tag,
      status: result.failure.status,
      retryAfter: result.failure._tag === "RetryableError" && result.failure.retryAfter !== undefined
        ? Duration.toSeconds(result.failure.retryAfter)
        : undefined
    })

describe("SimulatedVendor", () => {
  it.effect("takes the round trip, the time to the first token, and the time of each further one", () =>
    Effect.gen(function*() {
      const { ledger, vendor } = yield* vendorOf()
      const { after, result } = yield* timed(sendTo(vendor))
      expect(after).toBe(30 + 1_000 + 100 * 10)
      expect(result._tag === "Success" && result.success.parts.map((part) => part.type)).toEqual(["text", "finish"])
      expect(ledger.calls).toEqual([
        { request: 0, vendor: 0, startedAt: 0, endedAt: 2_030, outcome: "answered", input: 50, output: 101 }
      ])
    }).pipe(Effect.scoped))

  it.effect("streams as many tokens as it sends, the first alone", () =>
    Effect.gen(function*() {
      const { vendor } = yield* vendorOf()
      const deltas = Effect.gen(function*() {
        const { parts } = yield* vendor.stream({ request: yield* request, model: "model" })
        const all = yield* Stream.runCollect(parts)
        return all.flatMap((part) => part.type === "text-delta" ? part.delta.length : [])
      })
      const { result } = yield* timed(Effect.scoped(deltas))
      expect(result._tag === "Success" && result.success).toEqual([1, 100])
    }).pipe(Effect.scoped))

  it.effect("refuses with 429 and a retry-after beyond its limit, and with 529 when its slots and queue are full", () =>
    Effect.gen(function*() {
      const limited = yield* vendorOf({ requestsPerMinute: 1 })
      yield* timed(sendTo(limited.vendor)).pipe(Effect.forkChild)
      const { result } = yield* timed(
        Effect.all([reasonOf(limited.vendor), reasonOf(limited.vendor)], { concurrency: 2 })
      )
      expect(result._tag === "Success" && result.success[1]).toEqual({
        reason: "RateLimited",
        status: 429,
        retryAfter: 60
      })
      const full = yield* vendorOf({ slots: 1, queue: 1 })
      const three = Effect.all([reasonOf(full.vendor), reasonOf(full.vendor), reasonOf(full.vendor)], {
        concurrency: 3
      })
      const { after, result: crowd } = yield* timed(three)
      expect(crowd._tag === "Success" && crowd.success).toEqual([
        undefined,
        undefined,
        { reason: "Overloaded", status: 529, retryAfter: undefined }
      ])
      expect(after).toBe(30 + 2_000 * 2)
    }).pipe(Effect.scoped))

  it.effect("goes on working for who has gone, where it is told to", () =>
    Effect.gen(function*() {
      const times = yield* Effect.forEach(["stop", "finish"], (abandoned) =>
        Effect.gen(function*() {
          const { ledger, vendor } = yield* vendorOf({ slots: 1, queue: 9, abandoned })
          const gone = yield* Effect.forkChild(sendTo(vendor))
          yield* TestClock.adjust("530 millis")
          yield* Fiber.interrupt(gone)
          const { after } = yield* timed(sendTo(vendor))
          return [after, ledger.calls[0]!.outcome, ledger.calls[0]!.output]
        }))
      expect(times).toEqual([[2_030, "aborted", 0], [30 + 1_470 + 2_000, "aborted", 101]])
    }).pipe(Effect.scoped))

  it.effect("breaks answers in the middle, and fails as each kind of outage does", () =>
    Effect.gen(function*() {
      const all = { at: "0s", lasting: "1h" }
      const cut = yield* vendorOf({}, [{ kind: "mid-stream-cuts", ...all, share: 1 }])
      expect((yield* timed(reasonOf(cut.vendor))).result).toMatchObject({ success: { reason: "StreamInterrupted" } })
      expect(cut.ledger.calls[0]!.output).toBeLessThan(101)
      const outcomes = yield* Effect.forEach(["error", "refused", "silence"], (failure) =>
        Effect.gen(function*() {
          const { vendor } = yield* vendorOf({}, [{ kind: "outage", ...all, failure }])
          return yield* timed(Effect.timeoutOption(reasonOf(vendor), "5 minutes"))
        }))
      expect(outcomes.map(({ after, result }) => [after, result._tag === "Success" && result.success._tag])).toEqual([
        [30, "Some"],
        [30, "Some"],
        [300_000, "None"]
      ])
    }).pipe(Effect.scoped))
})
