import { describe, expect, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import type { StreamPart } from "llmdispatcher/Response"
import { type AttemptError, fatal } from "llmdispatcher/VendorError"
import { finish, overloaded, serverFault, unauthenticated } from "../support/vendors.ts"
import { call, denied, exhausted, inFlight, pool, rateLimited, scripted, sent, states, streamed } from "./support.ts"

const ways = [["send", sent], ["stream", streamed]] as const

const refusals: ReadonlyArray<readonly [string, AttemptError, string]> = [
  ["Unauthenticated", unauthenticated, "rejected"],
  ["PermissionDenied", denied, "rejected"],
  ["QuotaExhausted", exhausted, "exhausted"],
  ["RateLimited", rateLimited(), "coolingDown"]
]

const others: ReadonlyArray<readonly [string, AttemptError]> = [
  ["Overloaded", overloaded],
  ["ServerFault", serverFault],
  ["InvalidRequest", fatal({ _tag: "InvalidRequest" }, { status: 400 })],
  ["ModelNotFound", fatal({ _tag: "ModelNotFound" }, { status: 404 })]
]

describe.each(ways)("Failover of %s", (_, ask) => {
  it.effect.each(refusals)("asks the next key at once after %s", ([, error, state]) =>
    Effect.gen(function*() {
      const script = scripted({ a: () => error })
      const vendor = yield* pool(["a", "b"], script)
      expect(yield* ask(vendor)).toBe("b")
      expect(yield* ask(vendor)).toBe("b")
      expect(script.calls).toEqual(["a", "b", "b"])
      expect(yield* states(vendor)).toEqual([state, "usable"])
      expect(yield* inFlight(vendor)).toEqual([0, 0])
    }))

  it.effect.each(others)("passes %s on untouched", ([, error]) =>
    Effect.gen(function*() {
      const script = scripted({ a: () => error })
      const vendor = yield* pool(["a", "b"], script)
      expect(yield* Effect.flip(ask(vendor))).toBe(error)
      expect(script.calls).toEqual(["a"])
      expect(yield* states(vendor)).toEqual(["usable", "usable"])
    }))

  it.effect("tells when the first key will be back, without a call until then", () =>
    Effect.gen(function*() {
      const script = scripted({
        a: (nth) => nth === 0 ? rateLimited("20 seconds") : undefined,
        b: () => rateLimited(),
        c: () => unauthenticated
      })
      const vendor = yield* pool(["a", "b", "c"], script)
      const first = yield* Effect.flip(ask(vendor))
      expect(first).toMatchObject({ _tag: "RetryableError", reason: { _tag: "RateLimited" } })
      expect(first.message).toContain("try again in 5s")
      yield* TestClock.adjust("4 seconds")
      expect((yield* Effect.flip(ask(vendor))).message).toContain("try again in 1s")
      expect(script.calls).toEqual(["a", "b", "c"])
      yield* TestClock.adjust("1 second")
      expect((yield* Effect.flip(ask(vendor))).message).toContain("try again in 5s")
      expect(script.calls).toEqual(["a", "b", "c", "b"])
      yield* TestClock.adjust("15 seconds")
      expect(yield* ask(vendor)).toBe("a")
    }))

  it.effect("fails with the last fatal error, and without a call, once every key is out", () =>
    Effect.gen(function*() {
      const script = scripted({ a: () => unauthenticated, b: () => exhausted })
      const vendor = yield* pool(["a", "b"], script)
      expect(yield* Effect.flip(ask(vendor))).toMatchObject({ reason: { _tag: "QuotaExhausted" }, status: 429 })
      const error = yield* Effect.flip(ask(vendor))
      expect(error).toMatchObject({ _tag: "FatalError", reason: { _tag: "QuotaExhausted" }, status: 429 })
      expect(error.requestId).toBeUndefined()
      expect(script.calls).toEqual(["a", "b"])
    }))

  it.effect("tries a rejected key once when its time has come, and it is good again where that goes well", () =>
    Effect.gen(function*() {
      const script = scripted({ a: (nth) => nth < 2 ? unauthenticated : undefined })
      const vendor = yield* pool(["a", "b"], script)
      yield* ask(vendor)
      yield* TestClock.adjust("299 seconds")
      yield* ask(vendor)
      expect(script.calls).toEqual(["a", "b", "b"])
      yield* TestClock.adjust("1 second")
      expect(yield* ask(vendor)).toBe("b")
      expect(yield* ask(vendor)).toBe("b")
      expect(script.calls).toEqual(["a", "b", "b", "a", "b", "b"])
      yield* TestClock.adjust("5 minutes")
      expect(yield* ask(vendor)).toBe("a")
      expect(yield* states(vendor)).toEqual(["usable", "usable"])
    }))

  it.effect("lets one call alone try a key that is due", () =>
    Effect.gen(function*() {
      const gate = yield* Deferred.make<void>()
      const script = scripted({ a: (nth) => nth === 0 ? unauthenticated : Deferred.await(gate) })
      const vendor = yield* pool(["a", "b"], script)
      yield* ask(vendor)
      yield* TestClock.adjust("5 minutes")
      const probe = yield* Effect.forkChild(ask(vendor), { startImmediately: true })
      expect(yield* Effect.all([ask(vendor), ask(vendor)])).toEqual(["b", "b"])
      yield* Deferred.succeed(gate, undefined)
      expect(yield* Fiber.join(probe)).toBe("a")
    }))

  it.effect("pays for one trial a call at most while another key is good", () =>
    Effect.gen(function*() {
      const script = scripted({ a: () => unauthenticated, b: () => unauthenticated })
      const vendor = yield* pool(["a", "b", "c"], script)
      yield* ask(vendor)
      yield* TestClock.adjust("5 minutes")
      script.calls.length = 0
      expect(yield* ask(vendor)).toBe("c")
      expect(script.calls).toHaveLength(2)
    }))

  it.effect("leaves a key due where its trial says nothing of the key", () =>
    Effect.gen(function*() {
      const script = scripted({ a: (nth) => nth === 0 ? unauthenticated : nth === 1 ? serverFault : undefined })
      const vendor = yield* pool(["a"], script)
      yield* Effect.flip(ask(vendor))
      yield* TestClock.adjust("5 minutes")
      expect(yield* Effect.flip(ask(vendor))).toBe(serverFault)
      expect(yield* ask(vendor)).toBe("a")
    }))

  it.effect("keeps a key that one model is denied for the others", () =>
    Effect.gen(function*() {
      const script = scripted({ a: (_nth, model) => model === "big" ? denied : undefined })
      const vendor = yield* pool(["a"], script)
      yield* Effect.flip(ask(vendor, "big"))
      expect(yield* Effect.flip(ask(vendor, "big"))).toMatchObject({ reason: { _tag: "PermissionDenied" } })
      expect(yield* ask(vendor, "small")).toBe("a")
      expect(script.calls).toEqual(["a", "a"])
      expect(yield* vendor.states).toMatchObject([{ state: "rejected", models: ["big"], calls: 2, failures: 1 }])
    }))

  it.effect("asks nobody else once the caller has gone", () =>
    Effect.gen(function*() {
      const script = scripted({ a: () => Effect.onInterrupt(Effect.never, () => Effect.void) })
      const vendor = yield* pool(["a", "b"], script)
      const fiber = yield* Effect.forkChild(ask(vendor), { startImmediately: true })
      expect(yield* inFlight(vendor)).toEqual([1, 0])
      yield* Fiber.interrupt(fiber)
      expect(script.calls).toEqual(["a"])
      expect(yield* inFlight(vendor)).toEqual([0, 0])
      expect(yield* states(vendor)).toEqual(["usable", "usable"])
    }))
})

describe("Failover of a stream", () => {
  const meta: StreamPart = { type: "response-metadata", id: "of-a" }
  const broken = (...before: ReadonlyArray<StreamPart>) => (key: string) =>
    key === "a"
      ? Stream.concat(Stream.rechunk(Stream.fromIterable(before), 1), Stream.fail(rateLimited("1 minute")))
      : Stream.make<Array<StreamPart>>({ type: "text-delta", id: "0", delta: key }, finish)

  it.effect("asks the next key where the stream fails before its first meaningful part, and shows nothing of it", () =>
    Effect.gen(function*() {
      const script = scripted({}, broken(meta, { type: "text-start", id: "0" }))
      const vendor = yield* pool(["a", "b"], script)
      const parts = yield* Effect.scoped(
        Effect.flatMap(vendor.stream(call()), ({ parts }) => Stream.runCollect(parts))
      )
      expect(parts).toEqual([{ type: "text-delta", id: "0", delta: "b" }, finish])
      expect(yield* states(vendor)).toEqual(["coolingDown", "usable"])
    }))

  it.effect("stays with its key once a part was passed on, and leaves the key alone afterwards", () =>
    Effect.gen(function*() {
      const script = scripted({}, broken({ type: "text-delta", id: "0", delta: "half" }))
      const vendor = yield* pool(["a", "b"], script)
      expect(yield* Effect.flip(streamed(vendor))).toMatchObject({ reason: { _tag: "RateLimited" } })
      expect(script.calls).toEqual(["a"])
      expect(yield* states(vendor)).toEqual(["coolingDown", "usable"])
    }))

  it.effect("ends what a key has begun before the next is asked", () =>
    Effect.gen(function*() {
      const events: Array<string> = []
      const script = scripted({})
      const vendor = yield* pool(["a", "b"], script, {
        make: (key) =>
          Effect.map(script.make(key), (made) => ({
            ...made,
            stream: (asked) =>
              Effect.flatMap(made.stream(asked), (answer) => {
                const name = script.calls.at(-1)!
                return Effect.as(
                  Effect.acquireRelease(
                    Effect.sync(() => events.push(`${name} begins`)),
                    () => Effect.sync(() => events.push(`${name} ends`))
                  ),
                  name === "a" ? { ...answer, parts: Stream.fail(unauthenticated) } : answer
                )
              })
          }))
      })
      expect(yield* streamed(vendor)).toBe("b")
      expect(events).toEqual(["a begins", "a ends", "b begins", "b ends"])
    }))

  it.effect("counts a stream as under way until its Scope closes", () =>
    Effect.gen(function*() {
      const vendor = yield* pool(["a"], scripted())
      yield* Effect.scoped(Effect.gen(function*() {
        const { parts } = yield* vendor.stream(call())
        yield* Stream.runDrain(parts)
        expect(yield* inFlight(vendor)).toEqual([1])
      }))
      expect(yield* inFlight(vendor)).toEqual([0])
    }))
})
