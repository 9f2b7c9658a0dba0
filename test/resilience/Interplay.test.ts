/**
 * Where policies meet: small worlds in which each of them does its part and the whole still may not.
 */
import { describe, expect, it } from "@effect/vitest"
import { Clock, Duration, Effect, Fiber, Random, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as Dispatcher from "llmdispatcher/Dispatcher"
import * as Vendor from "llmdispatcher/Vendor"
import { type AttemptError, fatal, retryable } from "llmdispatcher/VendorError"
import { answer, serverFault, stream, textParts } from "../support/vendors.ts"

const ask = { prompt: "Hello" }

type Outcome = Effect.Effect<Vendor.Answer | Vendor.AnswerStream, AttemptError>

/** A vendor whose nth call gets the nth outcome, the last one again and again; `times` are those of its calls. */
const vendor = (name: string, ...outcomes: ReadonlyArray<Outcome>) => {
  const times: Array<number> = []
  const call = (): Effect.Effect<any, AttemptError> =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      times.push(now)
      return outcomes[Math.min(times.length, outcomes.length) - 1]!
    })
  return { times, vendor: Vendor.make({ name, defaultModel: "m", send: call, stream: call }) }
}

const make = (
  vendors: ReadonlyArray<{ readonly vendor: Vendor.Vendor }>,
  options: Omit<Parameters<typeof Dispatcher.make>[0], "vendors"> = {}
) => Dispatcher.make({ vendors: vendors.map(({ vendor }) => vendor), ...options })

const refused = (retryAfter: Duration.Input) =>
  Effect.fail(retryable({ _tag: "RateLimited" }, { retryAfter: Duration.fromInputUnsafe(retryAfter) }))

/** Opens at the first failure, for longer than any test here lasts. */
const opening = { failures: 1, openDuration: "1 hour", maxOpenDuration: "1 hour" } as const

/** Asks at each of the given milliseconds, and lets a minute pass. */
const askAt = (dispatcher: Dispatcher.Dispatcher["Service"], ...times: ReadonlyArray<number>) =>
  Effect.gen(function*() {
    const fibers = yield* Effect.forEach(
      times,
      (time) => Effect.forkChild(Effect.exit(Effect.delay(dispatcher.send(ask), time)))
    )
    yield* TestClock.adjust("1 minute")
    return yield* Effect.forEach(fibers, Fiber.join)
  }).pipe(Random.withSeed("interplay"))

describe("A retry that waits", () => {
  it.effect("hears of the Retry-After that another request was told meanwhile", () =>
    Effect.gen(function*() {
      const a = vendor("a", Effect.fail(serverFault), refused("5 seconds"), answer("Hi"))
      const dispatcher = yield* make([a], { retry: { base: "2 seconds" } })
      yield* askAt(dispatcher, 0, 1)
      expect(a.times.slice(0, 2)).toEqual([0, 1])
      expect(Math.min(...a.times.slice(2))).toBeGreaterThanOrEqual(5_001)
    }))

  it.effect("hears that the key was refused to another request meanwhile", () =>
    Effect.gen(function*() {
      const a = vendor("a", Effect.fail(serverFault), Effect.fail(fatal({ _tag: "Unauthenticated" })))
      const dispatcher = yield* make([a], { retry: { base: "2 seconds" } })
      yield* askAt(dispatcher, 0, 1)
      expect(a.times).toEqual([0, 1])
    }))

  it.effect("hears that the circuit has opened meanwhile", () =>
    Effect.gen(function*() {
      const a = vendor("a", Effect.fail(serverFault))
      const dispatcher = yield* make([a], {
        circuit: opening,
        retry: { base: "2 seconds" },
        retryBudget: { most: 1 }
      })
      yield* askAt(dispatcher, 0, 1)
      expect(a.times).toEqual([0, 1])
    }))
})

describe("A request that waits for the only vendor", () => {
  it.effect("hears of the longer Retry-After that another request was told meanwhile", () =>
    Effect.gen(function*() {
      const a = vendor("a", Effect.delay(refused("8 seconds"), "3 seconds"), refused("4 seconds"), answer("Hi"))
      const dispatcher = yield* make([a], { retry: false })
      yield* askAt(dispatcher, 0, 1, 2)
      expect(a.times).toEqual([0, 1, 11_000])
    }))
})

describe("The last resort of a route", () => {
  const failing = Effect.fail(serverFault)

  it.effect("gets one call a second while all are left alone", () =>
    Effect.gen(function*() {
      const a = vendor("a", failing)
      const b = vendor("b", failing)
      const dispatcher = yield* make([a, b], { circuit: opening, retry: false })
      yield* askAt(dispatcher, 0, 1, 2, 900, 1_002, 1_003)
      expect(a.times).toEqual([0])
      expect(b.times).toEqual([0, 1, 1_002])
    }))

  it.effect("gets no retry", () =>
    Effect.gen(function*() {
      const a = vendor("a", failing)
      const b = vendor("b", failing)
      const dispatcher = yield* make([a, b], { circuit: opening, retry: { base: "1 millis" } })
      yield* askAt(dispatcher, 0, 100)
      expect([a.times.length, b.times.length]).toEqual([2, 2])
    }))
})

describe("A stream whose first part tells of an error", () => {
  it.effect("has not begun, so that another vendor answers", () =>
    Effect.gen(function*() {
      const a = vendor("a", stream([{ type: "error", error: "oops" }]))
      const b = vendor("b", stream(textParts("Hello")))
      const dispatcher = yield* make([a, b], { retry: false })
      yield* Stream.runDrain(dispatcher.stream(ask))
      expect(b.times.length).toBe(1)
    }))
})

describe("A stream that is gone on with", () => {
  const broken = stream(
    Stream.concat(Stream.fromIterable(textParts("Hel").slice(0, 3)), Stream.fail<AttemptError>(serverFault))
  )
  const routes = { default: { targets: ["a/m", "b/m"], onInterrupted: "resume" } } as const

  it.effect("is not asked of a target that does not know the model", () =>
    Effect.gen(function*() {
      const a = vendor("a", Effect.fail(fatal({ _tag: "ModelNotFound" })))
      const b = vendor("b", broken)
      const dispatcher = yield* make([a, b], { routes })
      const reader = yield* Effect.forkChild(Effect.exit(Stream.runDrain(dispatcher.stream(ask))))
      yield* TestClock.adjust("1 minute")
      expect((yield* Fiber.join(reader))._tag).toBe("Failure")
      expect(a.times.length).toBe(1)
    }))

  it.effect("is not asked of a target before its Retry-After, though there is no cooldown", () =>
    Effect.gen(function*() {
      const a = vendor("a", refused("30 seconds"))
      const b = vendor("b", broken)
      const dispatcher = yield* make([a, b], { routes, cooldown: false })
      const reader = yield* Effect.forkChild(Effect.exit(Stream.runDrain(dispatcher.stream(ask))))
      yield* TestClock.adjust("10 seconds")
      yield* Fiber.join(reader)
      expect(a.times).toEqual([0])
    }))
})

describe("A slow reader", () => {
  it.effect("has nobody asked again after the deadline", () =>
    Effect.gen(function*() {
      const parts = Stream.fromIterable(textParts("a", "b", "c")).pipe(
        Stream.rechunk(1),
        Stream.tap(() => Effect.sleep("10 millis"))
      )
      const a = vendor("a", stream(parts))
      const dispatcher = yield* make([a], {
        routes: { default: { targets: ["a/m"], onInterrupted: "resume" } },
        timeouts: { total: "2 seconds" }
      })
      const reader = yield* dispatcher.stream({ ...ask, deadline: "5 seconds" }).pipe(
        Stream.runForEach(() => Effect.sleep("6 seconds")),
        Effect.exit,
        Effect.forkChild
      )
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(reader)
      expect(a.times).toEqual([0])
    }))

  it.effect("does not open the circuit of a vendor that did all it should", () =>
    Effect.gen(function*() {
      const parts = Stream.fromIterable(textParts("a", "b", "c")).pipe(
        Stream.rechunk(1),
        Stream.tap(() => Effect.sleep("10 millis"))
      )
      const a = vendor("a", stream(parts), answer("Hi"))
      const dispatcher = yield* make([a], { circuit: opening, timeouts: { total: "10 seconds" } })
      const reader = yield* dispatcher.stream(ask).pipe(
        Stream.runForEach(() => Effect.sleep("6 seconds")),
        Effect.exit,
        Effect.forkChild
      )
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(reader)
      expect((yield* dispatcher.send(ask)).text).toBe("Hi")
    }))
})

describe("A second vendor asked beside a slow one", () => {
  it.effect("is not asked where the calls are used up", () =>
    Effect.gen(function*() {
      const a = vendor("a", Effect.delay(answer("Hi"), "1 second"))
      const b = vendor("b", answer("Hi"))
      const dispatcher = yield* make([a, b], { maxAttempts: 1, hedge: { after: "100 millis" } })
      yield* askAt(dispatcher, 0)
      expect([a.times.length, b.times.length]).toEqual([1, 0])
    }))

  it.effect("does not go round a filter that refused the content to the first", () =>
    Effect.gen(function*() {
      const a = vendor("a", Effect.delay(Effect.fail(fatal({ _tag: "ContentFiltered" })), "200 millis"))
      const b = vendor("b", Effect.delay(answer("Hi"), "200 millis"))
      const dispatcher = yield* make([a, b], { hedge: { after: "100 millis" } })
      const [exit] = yield* askAt(dispatcher, 0)
      expect(exit?._tag).toBe("Failure")
    }))

  it.effect("is paid for once a request, however many targets were passed over", () =>
    Effect.gen(function*() {
      const a = vendor("a", refused("1 hour"))
      const b = vendor("b", Effect.delay(answer("Hi"), "1 second"))
      const c = vendor("c", Effect.delay(answer("Hi"), "2 seconds"))
      const dispatcher = yield* make([a, b, c], { retry: false, hedge: { after: "100 millis", budget: 0.25 } })
      // The one call that is there at first and a quarter for each request: the second comes with the fourth.
      for (const seconds of [1, 1, 1, 2]) {
        yield* askAt(dispatcher, 0)
        expect(c.times.length).toBe(seconds)
      }
    }))
})
