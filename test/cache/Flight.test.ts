import { describe, expect, it } from "@effect/vitest"
import { Cause, Deferred, Effect, Exit, Fiber, Queue, Scope, Stream } from "effect"
import { Persistence } from "effect/persistence"
import { TestClock } from "effect/testing"
import * as Dispatcher from "llmdispatcher/Dispatcher"
import { type StreamPart, summaryOf } from "llmdispatcher/Response"
import { retryable } from "llmdispatcher/VendorError"
import * as Cache from "../../src/cache/Cache.ts"
import { answer, finish, sequence, serverFault, stream, textParts } from "../support/vendors.ts"

const ask = { prompt: "Hello" }

const over = Effect.fnUntraced(function*(dispatcher: Pick<Dispatcher.Dispatcher["Service"], "send" | "stream">) {
  const cache = yield* Effect.provide(Cache.make(), Persistence.layerBackingMemory, { local: true })
  let number = 0
  const newId = Effect.sync(() => `id-${number++}`)
  return { ...cache.through(dispatcher, { newId, deadline: 600_000 }), cache }
})

const cached = Effect.fnUntraced(function*(...args: Parameters<typeof sequence>) {
  const { calls, vendor } = sequence(...args)
  const dispatcher = yield* Dispatcher.make({
    vendors: [vendor],
    routes: { default: [{ vendor: "a", model: "m", price: { input: 2, output: 8 } }] },
    retry: false,
    circuit: false
  })
  return { ...(yield* over(dispatcher)), calls }
})

/** The hash of a key takes real time, which no clock of a test moves. */
const until = (condition: Effect.Effect<boolean>): Effect.Effect<void> =>
  Effect.flatMap(condition, (holds) =>
    holds ? Effect.void : Effect.andThen(
      Effect.promise(() => new Promise((resolve) => setImmediate(resolve))),
      until(condition)
    ))

const aboard = (cache: Cache.Cache["Service"], asking: number) =>
  until(Effect.map(cache.figures, ({ joined, misses }) => joined + misses === asking))

const withoutSummary = (parts: ReadonlyArray<StreamPart>) => parts.map((part) => part.type === "finish" ? finish : part)

describe("Single flight of whole answers", () => {
  it.effect("makes one call for all who ask the same, and one of them pays", () =>
    Effect.gen(function*() {
      const latch = yield* Deferred.make<void>()
      const { cache, calls, send } = yield* cached("a", [Effect.andThen(Deferred.await(latch), answer("Hi"))])
      const fibers = yield* Effect.forEach(Array.from({ length: 100 }), () => Effect.forkChild(send(ask)))
      yield* aboard(cache, 100)
      yield* Deferred.succeed(latch, undefined)
      const responses = yield* Effect.forEach(fibers, (fiber) => Fiber.join(fiber))
      expect(calls.length).toBe(1)
      const paid = responses.filter((response) => response.cached === undefined)
      expect(paid.length).toBe(1)
      expect(responses.map(({ text }) => text)).toEqual(responses.map(() => "Hi"))
      expect(responses.reduce((sum, { cost }) => sum + cost!, 0)).toBe(paid[0]!.cost)
      expect(new Set(responses.map(({ id }) => id)).size).toBe(100)
      expect(responses.find((response) => response !== paid[0])?.cached).toEqual({ id: paid[0]!.id, age: 0 })
    }))

  it.effect("goes on for the others when who began it goes", () =>
    Effect.gen(function*() {
      const latch = yield* Deferred.make<void>()
      const { cache, calls, send } = yield* cached("a", [Effect.andThen(Deferred.await(latch), answer("Hi"))])
      const first = yield* Effect.forkChild(send(ask))
      yield* aboard(cache, 1)
      const second = yield* Effect.forkChild(send(ask))
      yield* aboard(cache, 2)
      yield* Fiber.interrupt(first)
      yield* Deferred.succeed(latch, undefined)
      expect((yield* Fiber.join(second)).text).toBe("Hi")
      expect(calls.length).toBe(1)
    }))

  it.effect("interrupts the call when the last has gone, and asks anew for who comes after", () =>
    Effect.gen(function*() {
      const ended = yield* Deferred.make<void>()
      const begun = yield* Deferred.make<void>()
      const hanging = Deferred.succeed(begun, undefined).pipe(
        Effect.andThen(Effect.never),
        Effect.onInterrupt(() => Deferred.succeed(ended, undefined))
      )
      const { cache, calls, send } = yield* cached("a", [hanging, answer("Hi")])
      const fibers = [yield* Effect.forkChild(send(ask)), yield* Effect.forkChild(send(ask))]
      yield* aboard(cache, 2)
      yield* Deferred.await(begun)
      yield* Fiber.interrupt(fibers[0]!)
      expect(yield* Deferred.isDone(ended)).toBe(false)
      yield* Fiber.interrupt(fibers[1]!)
      expect(yield* Deferred.isDone(ended)).toBe(true)
      expect((yield* send(ask)).text).toBe("Hi")
      expect(calls.length).toBe(2)
    }))

  it.effect("gives a failure of what was asked to all, without a call for each", () =>
    Effect.gen(function*() {
      const latch = yield* Deferred.make<void>()
      const { cache, calls, send } = yield* cached("a", [
        Effect.andThen(Deferred.await(latch), Effect.fail(serverFault))
      ])
      const fibers = yield* Effect.forEach([1, 2, 3], () => Effect.forkChild(Effect.flip(send(ask))))
      yield* aboard(cache, 3)
      yield* Deferred.succeed(latch, undefined)
      const errors = yield* Effect.forEach(fibers, (fiber) => Fiber.join(fiber))
      expect(errors.map(({ reason }) => reason._tag)).toEqual(["ServerFault", "ServerFault", "ServerFault"])
      expect(calls.length).toBe(1)
    }))

  it.effect("lets the others try where who began it had too little time", () =>
    Effect.gen(function*() {
      const { cache, calls, send } = yield* cached("a", [Effect.never, answer("Hi")])
      const first = yield* Effect.forkChild(Effect.flip(send({ ...ask, deadline: "1 second" })))
      yield* aboard(cache, 1)
      const others = yield* Effect.forEach([1, 2, 3], () => Effect.forkChild(send(ask)))
      yield* aboard(cache, 4)
      yield* TestClock.adjust("1 second")
      expect((yield* Fiber.join(first)).reason._tag).toBe("DeadlineExceeded")
      const responses = yield* Effect.forEach(others, (fiber) => Fiber.join(fiber))
      expect(responses.map(({ text }) => text)).toEqual(["Hi", "Hi", "Hi"])
      expect(calls.length).toBe(2)
    }))

  it.effect("keeps who waits to its own deadline, which counts from when it asked", () =>
    Effect.gen(function*() {
      const { cache, send } = yield* cached("a", [Effect.never])
      yield* Effect.forkChild(send({ ...ask, deadline: "2 seconds" }))
      yield* aboard(cache, 1)
      const short = yield* Effect.forkChild(Effect.flip(send({ ...ask, deadline: "1 second" })))
      const long = yield* Effect.forkChild(Effect.flip(send({ ...ask, deadline: "5 seconds" })))
      yield* aboard(cache, 3)
      yield* TestClock.adjust("1 second")
      expect((yield* Fiber.join(short)).reason).toEqual({ _tag: "DeadlineExceeded", after: 1_000 })
      yield* TestClock.adjust("1 second")
      yield* aboard(cache, 4)
      yield* TestClock.adjust("3 seconds")
      expect((yield* Fiber.join(long)).reason._tag).toBe("DeadlineExceeded")
    }))

  it.effect("lets a defect be everyone's defect, and is ready for the next", () =>
    Effect.gen(function*() {
      const { send } = yield* cached("a", [Effect.die("bug"), answer("Hi")])
      const exit = yield* Effect.exit(send(ask))
      expect(Exit.isFailure(exit) && Cause.squash(exit.cause)).toBe("bug")
      expect((yield* send(ask)).text).toBe("Hi")
    }))

  it.effect("does not wait for a call under way where it is to ask anew, and may where nobody may be called", () =>
    Effect.gen(function*() {
      const latch = yield* Deferred.make<void>()
      const { cache, calls, send } = yield* cached("a", [
        Effect.andThen(Deferred.await(latch), answer("1")),
        answer("2")
      ])
      const first = yield* Effect.forkChild(send(ask))
      yield* aboard(cache, 1)
      const only = yield* Effect.forkChild(send({ ...ask, cache: "only" }))
      yield* aboard(cache, 2)
      expect((yield* send({ ...ask, cache: "refresh" })).text).toBe("2")
      yield* Deferred.succeed(latch, undefined)
      expect([(yield* Fiber.join(first)).text, (yield* Fiber.join(only)).text]).toEqual(["1", "1"])
      expect(calls.length).toBe(2)
    }))

  it.effect("does not leave anyone waiting when the cache's Scope closes", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const { cache, send } = yield* Scope.provide(cached("a", [Effect.never]), scope)
      const fiber = yield* Effect.forkChild(Effect.exit(send(ask)))
      yield* aboard(cache, 1)
      yield* Scope.close(scope, Exit.void)
      const exit = yield* Fiber.join(fiber)
      expect(Exit.isFailure(exit) && Cause.hasInterrupts(exit.cause)).toBe(true)
    }))
})

describe("Single flight of streams", () => {
  it.effect("is read along from the first part on, as the parts come", () =>
    Effect.gen(function*() {
      const queue = yield* Queue.unbounded<StreamPart, Cause.Done>()
      const { cache, calls, stream: open } = yield* cached("a", [stream(Stream.fromQueue(queue))])
      const seen: [Array<StreamPart>, Array<StreamPart>] = [[], []]
      const read = (index: 0 | 1) =>
        Effect.forkChild(Stream.runForEach(open(ask), (part) => Effect.sync(() => seen[index].push(part))))
      const all = textParts("Hel", "lo")
      yield* Queue.offerAll(queue, all.slice(0, 3))
      const first = yield* read(0)
      yield* until(Effect.sync(() => seen[0].length === 3))
      const second = yield* read(1)
      yield* until(Effect.sync(() => seen[1].length === 3))
      yield* aboard(cache, 2)
      yield* Queue.offerAll(queue, all.slice(3))
      yield* Queue.end(queue)
      yield* Fiber.join(first)
      yield* Fiber.join(second)
      expect(seen.map(withoutSummary)).toEqual([all, all])
      const [paid, free] = seen.map((parts) => summaryOf(parts[parts.length - 1]!)!)
      expect(paid?.cached).toBe(undefined)
      expect(paid!.cost).toBeGreaterThan(0)
      expect(free?.cached).toEqual({ id: paid!.id, age: 0 })
      expect(free).toMatchObject({ cost: 0, attempts: [], usage: finish.usage })
      expect(calls.length).toBe(1)
    }))

  it.effect("goes on for the others when who began it goes, and ends when the last goes", () =>
    Effect.gen(function*() {
      const ended = yield* Deferred.make<void>()
      const endless = Stream.concat(Stream.fromIterable(textParts("Hi").slice(0, 3)), Stream.never).pipe(
        Stream.ensuring(Deferred.succeed(ended, undefined))
      )
      const { cache, stream: open } = yield* cached("a", [stream(endless)])
      const seen: Array<StreamPart> = []
      const first = yield* Effect.forkChild(Stream.runDrain(open(ask)))
      yield* aboard(cache, 1)
      const second = yield* Effect.forkChild(
        Stream.runForEach(open(ask), (part) => Effect.sync(() => seen.push(part)))
      )
      yield* aboard(cache, 2)
      yield* Fiber.interrupt(first)
      yield* until(Effect.sync(() => seen.length === 3))
      expect(yield* Deferred.isDone(ended)).toBe(false)
      yield* Fiber.interrupt(second)
      expect(yield* Deferred.isDone(ended)).toBe(true)
    }))

  it.effect("breaks for all when it breaks after its first part", () =>
    Effect.gen(function*() {
      const latch = yield* Deferred.make<void>()
      const broken = Stream.concat(
        Stream.fromIterable(textParts("Hi").slice(0, 3)),
        Stream.fromEffect(Effect.andThen(Deferred.await(latch), Effect.fail(serverFault)))
      )
      const { cache, calls, stream: open } = yield* cached("a", [stream(broken)])
      const fibers = yield* Effect.forEach([1, 2], () => Effect.forkChild(Effect.flip(Stream.runDrain(open(ask)))))
      yield* aboard(cache, 2)
      yield* Deferred.succeed(latch, undefined)
      const errors = yield* Effect.forEach(fibers, (fiber) => Fiber.join(fiber))
      expect(errors.map(({ reason }) => reason._tag)).toEqual(["ServerFault", "ServerFault"])
      expect(calls.length).toBe(1)
    }))

  it.effect("is begun again by one of the others where who began it was refused for itself", () =>
    Effect.gen(function*() {
      const latch = yield* Deferred.make<void>()
      let calls = 0
      const { cache, stream: open } = yield* over({
        send: () => Effect.die("not asked"),
        stream: () => {
          calls += 1
          return calls === 1
            ? Stream.fromEffect(
              Effect.andThen(Deferred.await(latch), Effect.fail(retryable({ _tag: "CallerLimited" })))
            )
            : Stream.fromIterable(textParts("Hi"))
        }
      })
      const first = yield* Effect.forkChild(Effect.flip(Stream.runDrain(open(ask))))
      yield* aboard(cache, 1)
      const others = yield* Effect.forEach([1, 2], () => Effect.forkChild(Stream.runCollect(open(ask))))
      yield* aboard(cache, 3)
      yield* Deferred.succeed(latch, undefined)
      expect((yield* Fiber.join(first)).reason._tag).toBe("CallerLimited")
      expect(yield* Effect.forEach(others, (fiber) => Fiber.join(fiber))).toEqual([textParts("Hi"), textParts("Hi")])
      expect(calls).toBe(2)
    }))
})
