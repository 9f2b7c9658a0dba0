import { describe, expect, it } from "@effect/vitest"
import { Cause, Deferred, Effect, Exit, Fiber, Layer, Scope, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as Dispatcher from "llmdispatcher/Dispatcher"
import { CurrentListener } from "llmdispatcher/Dispatcher"
import { type StreamPart, summaryOf } from "llmdispatcher/Response"
import * as Vendor from "llmdispatcher/Vendor"
import { type AttemptError, retryable } from "llmdispatcher/VendorError"
import * as VendorRegistry from "llmdispatcher/VendorRegistry"
import { answer, finish, overloaded, sequence, serverFault, stream, textParts } from "./support/vendors.ts"

const only = { retry: false, circuit: false } as const
const ask = { prompt: "Hello" }
const text = (parts: Iterable<StreamPart>) =>
  Array.from(parts, (part) => part.type === "text-delta" ? part.delta : "").join("")

describe("Dispatcher.send", () => {
  it.effect("answers with who, what, tokens, cost, times and attempts", () =>
    Effect.gen(function*() {
      const first = sequence("a", [Effect.delay(Effect.fail(overloaded), "100 millis")])
      const second = sequence("b", [Effect.delay(answer("Hi"), "250 millis")])
      const dispatcher = yield* Dispatcher.make({
        vendors: [first.vendor, second.vendor],
        routes: {
          small: ["a/m", { vendor: "b", model: "n", price: { input: 2, output: 8 } }]
        },
        ...only
      })
      const fiber = yield* Effect.forkChild(dispatcher.send({ model: "small", prompt: "Hello" }))
      yield* TestClock.adjust("1 second")
      const { id, parts, ...rest } = yield* Fiber.join(fiber)
      expect(id).toMatch(/^dsp_[0-9a-z]{22}$/)
      expect(parts).toEqual([{ type: "text", text: "Hi" }, finish])
      expect(rest).toEqual({
        vendor: "b",
        target: "b/n",
        model: "n",
        finishReason: "stop",
        usage: finish.usage,
        cost: (3 * 2 + 2 * 8) / 1_000_000,
        timings: { startedAt: 0, total: 350 },
        attempts: [
          {
            number: 1,
            vendor: "a",
            target: "a/m",
            model: "m",
            outcome: "failed",
            reason: "Overloaded",
            message: "a/m: overloaded",
            status: 503,
            startedAfter: 0,
            duration: 100
          },
          { number: 2, vendor: "b", target: "b/n", model: "n", outcome: "answered", startedAfter: 100, duration: 250 }
        ],
        losses: []
      })
    }))

  it.effect("sends nothing invalid to a vendor", () =>
    Effect.gen(function*() {
      const { calls, vendor } = sequence("a", [answer("Hi")])
      const dispatcher = yield* Dispatcher.make({ vendors: [vendor] })
      const error = yield* Effect.flip(dispatcher.send({ prompt: "Hello", temperature: 3 }))
      expect(error.reason).toEqual({
        _tag: "InvalidRequest",
        issues: [{ field: "temperature", message: "must be from 0 to 2, got 3" }]
      })
      expect(calls.length).toBe(0)
    }))

  it.effect("fails with the deadline when that is over, telling the attempts, and makes no call after it", () =>
    Effect.gen(function*() {
      const { calls, vendor } = sequence("a", [Effect.fail(serverFault), Effect.never])
      const dispatcher = yield* Dispatcher.make({ vendors: [vendor] })
      const fiber = yield* Effect.forkChild(Effect.flip(dispatcher.send({ prompt: "Hello", deadline: "10 seconds" })))
      yield* TestClock.adjust("1 minute")
      const error = yield* Fiber.join(fiber)
      expect(error.message).toBe("the time allowed ran out (10s)")
      expect(error.attempts?.map(({ outcome }) => outcome)).toEqual(["failed", "interrupted"])
      expect(calls.length).toBe(2)
    }))

  it.effect("has a deadline of its own where the request sets none", () =>
    Effect.gen(function*() {
      const { vendor } = sequence("a", [Effect.never])
      const dispatcher = yield* Dispatcher.make({
        vendors: [vendor],
        deadline: "7 seconds"
      })
      const fiber = yield* Effect.forkChild(Effect.flip(dispatcher.send(ask)))
      yield* TestClock.adjust("7 seconds")
      expect((yield* Fiber.join(fiber)).reason).toEqual({ _tag: "DeadlineExceeded", after: 7_000 })
    }))

  it.effect("interrupts the vendor when the caller goes", () =>
    Effect.gen(function*() {
      const begun = yield* Deferred.make<void>()
      const ended = yield* Deferred.make<void>()
      const { vendor } = sequence("a", [
        Deferred.succeed(begun, undefined).pipe(
          Effect.andThen(Effect.never),
          Effect.onInterrupt(() => Deferred.succeed(ended, undefined))
        )
      ])
      const dispatcher = yield* Dispatcher.make({ vendors: [vendor] })
      const fiber = yield* Effect.forkChild(dispatcher.send(ask))
      yield* Deferred.await(begun)
      yield* Fiber.interrupt(fiber)
      yield* Deferred.await(ended)
    }))

  it.effect("lets a vendor's defect be a defect", () =>
    Effect.gen(function*() {
      const { vendor } = sequence("a", [Effect.die("bug")])
      const dispatcher = yield* Dispatcher.make({ vendors: [vendor] })
      const exit = yield* Effect.exit(dispatcher.send(ask))
      expect(Exit.isFailure(exit) && Cause.squash(exit.cause)).toBe("bug")
    }))
})

describe("Dispatcher.stream", () => {
  it.effect("passes on every part in order, and the summary on the one finish part, which is last", () =>
    Effect.gen(function*() {
      const { vendor } = sequence("a", [stream(textParts("Hel", "lo"))])
      const dispatcher = yield* Dispatcher.make({ vendors: [vendor] })
      const parts = yield* Stream.runCollect(dispatcher.stream(ask))
      expect(parts.slice(0, -1)).toEqual(textParts("Hel", "lo").slice(0, -1))
      const { id: _, ...summary } = summaryOf(parts[parts.length - 1]!)!
      expect(summary).toEqual({
        vendor: "a",
        target: "a/m",
        model: "model-2026",
        finishReason: "stop",
        usage: finish.usage,
        timings: { startedAt: 0, timeToFirstPart: 0, total: 0 },
        attempts: [{
          number: 1,
          vendor: "a",
          target: "a/m",
          model: "m",
          outcome: "answered",
          startedAfter: 0,
          timeToFirstPart: 0,
          duration: 0
        }],
        losses: []
      })
    }))

  it.effect("falls back unseen while nothing meaningful came", () =>
    Effect.gen(function*() {
      const opening: ReadonlyArray<StreamPart> = [
        { type: "response-metadata", id: "lost" },
        { type: "text-start", id: "0" },
        { type: "text-delta", id: "0", delta: "" }
      ]
      const first = sequence("a", [
        stream(Stream.concat(Stream.fromIterable(opening), Stream.fail<AttemptError>(serverFault)))
      ])
      const second = sequence("b", [stream(textParts("Hello"))])
      const dispatcher = yield* Dispatcher.make({ vendors: [first.vendor, second.vendor], ...only })
      const parts = yield* Stream.runCollect(dispatcher.stream(ask))
      expect(parts.slice(0, -1)).toEqual(textParts("Hello").slice(0, -1))
      expect(summaryOf(parts[parts.length - 1]!)?.attempts.map(({ outcome }) => outcome)).toEqual([
        "failed",
        "answered"
      ])
    }))

  it.effect("never takes a cut stream for a success", () =>
    Effect.gen(function*() {
      const { vendor } = sequence("a", [stream(textParts("Hel", "lo").slice(0, 4))])
      const dispatcher = yield* Dispatcher.make({ vendors: [vendor] })
      const seen: Array<StreamPart> = []
      const error = yield* dispatcher.stream(ask).pipe(
        Stream.runForEach((part) => Effect.sync(() => seen.push(part))),
        Effect.flip
      )
      expect(text(seen)).toBe("Hello")
      expect(error.message).toBe(
        "a/m: broke off in the middle of its answer: the stream ended without its terminal event"
      )
      expect(error.attempts?.map(({ outcome, reason }) => [outcome, reason])).toEqual([
        ["failed", "StreamInterrupted"]
      ])
    }))

  it.effect("does not switch vendors once the answer has begun", () =>
    Effect.gen(function*() {
      const cut = Stream.concat(
        Stream.fromIterable(textParts("Hel").slice(0, 3)),
        Stream.fail<AttemptError>(retryable({ _tag: "NetworkFault" }))
      )
      const first = sequence("a", [stream(cut)])
      const second = sequence("b", [stream(textParts("Hello"))])
      const dispatcher = yield* Dispatcher.make({ vendors: [first.vendor, second.vendor] })
      const error = yield* Effect.flip(Stream.runDrain(dispatcher.stream(ask)))
      expect(error.reason._tag).toBe("NetworkFault")
      expect(second.calls.length).toBe(0)
    }))

  it.effect("has exactly one terminal part even where the vendor sends two and more after it", () =>
    Effect.gen(function*() {
      const { vendor } = sequence("a", [stream([...textParts("Hello"), finish, ...textParts("again")])])
      const dispatcher = yield* Dispatcher.make({ vendors: [vendor] })
      const parts = yield* Stream.runCollect(dispatcher.stream(ask))
      expect(parts.map(({ type }) => type)).toEqual([
        "response-metadata",
        "text-start",
        "text-delta",
        "text-end",
        "finish"
      ])
    }))

  it.effect("fails where the vendor puts an error among its parts", () =>
    Effect.gen(function*() {
      const { vendor } = sequence("a", [stream([...textParts("Hel").slice(0, 3), { type: "error", error: "secret" }])])
      const dispatcher = yield* Dispatcher.make({ vendors: [vendor], ...only })
      const error = yield* Effect.flip(Stream.runDrain(dispatcher.stream(ask)))
      expect(error.reason._tag).toBe("ServerFault")
      expect(JSON.stringify(error)).not.toContain("secret")
    }))

  it.effect("closes the upstream when the caller takes only a part, and when the caller is interrupted", () =>
    Effect.gen(function*() {
      const closed: Array<string> = []
      const upstream = Effect.gen(function*() {
        yield* Effect.addFinalizer((exit) => Effect.sync(() => closed.push(exit._tag)))
        return {
          losses: [],
          parts: Stream.concat(Stream.fromIterable(textParts("Hel").slice(0, 3)), Stream.never)
        }
      })
      const vendor = Vendor.make({ name: "a", defaultModel: "m", stream: () => upstream })
      const dispatcher = yield* Dispatcher.make({ vendors: [vendor] })
      yield* Stream.runDrain(Stream.take(dispatcher.stream(ask), 1))
      expect(closed).toEqual(["Failure"])
      const begun = yield* Deferred.make<void>()
      const fiber = yield* dispatcher.stream(ask).pipe(
        Stream.runForEach(() => Deferred.succeed(begun, undefined)),
        Effect.forkChild
      )
      yield* Deferred.await(begun)
      yield* Fiber.interrupt(fiber)
      expect(closed).toEqual(["Failure", "Failure"])
    }))

  it.effect("ends with the deadline in the middle of an answer", () =>
    Effect.gen(function*() {
      const endless = Stream.mapEffect(
        Stream.forever(Stream.succeed<StreamPart>({ type: "text-delta", id: "0", delta: "a" })),
        (part) => Effect.delay(Effect.succeed(part), "3 seconds")
      )
      const { vendor } = sequence("a", [stream(endless)])
      const dispatcher = yield* Dispatcher.make({ vendors: [vendor] })
      const seen: Array<StreamPart> = []
      const fiber = yield* dispatcher.stream({ ...ask, deadline: "10 seconds" }).pipe(
        Stream.runForEach((part) => Effect.sync(() => seen.push(part))),
        Effect.flip,
        Effect.forkChild
      )
      yield* TestClock.adjust("10 seconds")
      const error = yield* Fiber.join(fiber)
      expect(error.message).toBe("the time allowed ran out (10s)")
      expect(text(seen)).toBe("aaa")
    }))

  it.effect("tells a listener of each attempt as it happens, before the first part", () =>
    Effect.gen(function*() {
      const first = sequence("a", [Effect.fail(overloaded)])
      const second = sequence("b", [stream(textParts("Hello"))])
      const dispatcher = yield* Dispatcher.make({ vendors: [first.vendor, second.vendor], ...only })
      const log: Array<string> = []
      yield* dispatcher.stream(ask).pipe(
        Stream.runForEach((part) => Effect.sync(() => log.push(part.type))),
        Effect.provideService(CurrentListener, (attempt) =>
          Effect.sync(() => log.push(`${attempt.vendor} ${attempt.outcome}`)))
      )
      expect(log.slice(0, 3)).toEqual(["a failed", "b answered", "response-metadata"])
    }))
})

describe("Dispatcher's routes", () => {
  const named = (name: string, models?: ReadonlyArray<string>) =>
    sequence(name, [answer(name)], models === undefined ? {} : { serves: (model) => models.includes(model) }).vendor

  it.effect("take a name, vendor/model, a model that a vendor serves, or the default", () =>
    Effect.gen(function*() {
      const dispatcher = yield* Dispatcher.make({
        vendors: [named("a", ["x"]), named("b", ["y"])],
        routes: { quick: ["b/x"], default: ["b/y"] }
      })
      const target = (model?: string) =>
        Effect.map(dispatcher.send({ prompt: "Hello", ...(model === undefined ? {} : { model }) }), (_) => _.target)
      expect(yield* target("quick")).toBe("b/x")
      expect(yield* target("a/anything/at:all")).toBe("a/anything/at:all")
      expect(yield* target("y")).toBe("b/y")
      expect(yield* target()).toBe("b/y")
    }))

  it.effect("tell what could be asked when nobody serves the request", () =>
    Effect.gen(function*() {
      const dispatcher = yield* Dispatcher.make({ vendors: [named("a", ["x"]), named("b", [])] })
      const unknownModel = yield* Effect.flip(dispatcher.send({ model: "z", prompt: "Hello" }))
      expect(unknownModel.reason).toEqual({
        _tag: "NoCandidate",
        description: "the model \"z\" is served by none of a, b",
        known: ["a/m", "b/m"]
      })
      const unknownVendor = yield* Effect.flip(dispatcher.send({ vendors: ["c"], prompt: "Hello" }))
      expect(unknownVendor.message).toBe("nobody serves this request: there is no vendor \"c\"; there is a, b")
    }))

  it.effect("keep to the vendors that the request names", () =>
    Effect.gen(function*() {
      const dispatcher = yield* Dispatcher.make({ vendors: [named("a"), named("b")] })
      expect((yield* dispatcher.send({ prompt: "Hello", vendors: ["b"] })).vendor).toBe("b")
    }))
})

describe("Dispatcher's making", () => {
  class A extends Vendor.Service<A>()("a") {}
  class B extends Vendor.Service<B>()("b") {}

  it.effect("takes vendors from their Layers, so a test swaps them by another Layer", () =>
    Effect.gen(function*() {
      const program = Effect.flatMap(Dispatcher.Dispatcher, (dispatcher) => dispatcher.send(ask))
      const Live = Dispatcher.layer({ vendors: [A, B], ...only })
      const run = (a: Layer.Layer<A>, b: Layer.Layer<B>) => Effect.provide(program, Live.pipe(Layer.provide([a, b])))
      const good = (text: string) => Vendor.make({ name: "any", defaultModel: "m", send: () => answer(text) })
      const bad = Vendor.make({ name: "any", defaultModel: "m", send: () => Effect.fail(overloaded) })
      expect((yield* run(A.layerOf(good("one")), B.layerOf(good("two")))).text).toBe("one")
      const second = yield* run(A.layerOf(bad), B.layerOf(good("two")))
      expect(second.text).toBe("two")
      expect(second.attempts.map(({ vendor }) => vendor)).toEqual(["a", "b"])
    }))

  it.effect("refuses two vendors of one name, an empty route and numbers out of range", () =>
    Effect.gen(function*() {
      const { vendor } = sequence("a", [answer("Hi")])
      const message = (options: Parameters<typeof Dispatcher.make>[0]) =>
        Effect.map(Effect.flip(Dispatcher.make(options)), (error) => error.message)
      expect(yield* message({ vendors: [vendor, vendor] })).toBe("vendors.1: \"a\" is there already")
      expect(yield* message({ vendors: [vendor], routes: { x: [] } })).toBe(
        "routes.x: must have at least one target"
      )
      expect(yield* message({ vendors: [vendor], maxAttempts: 0 })).toBe("maxAttempts: must be a whole number above 0")
    }))

  it.effect("lets vendors come and go while requests run", () =>
    Effect.gen(function*() {
      const registry = yield* VendorRegistry.VendorRegistry
      const dispatcher = yield* Dispatcher.Dispatcher
      const ready = yield* Deferred.make<void>()
      const go = yield* Deferred.make<void>()
      const slow = sequence("late", [
        Deferred.succeed(ready, undefined).pipe(
          Effect.andThen(Deferred.await(go)),
          Effect.andThen(answer("still here"))
        )
      ])
      const before = yield* Effect.flip(dispatcher.send(ask))
      expect(before.message).toBe("nobody serves this request: there is no vendor")
      const scope = yield* Scope.make()
      yield* Scope.provide(registry.register(slow.vendor), scope)
      expect((yield* dispatcher.vendors).map(({ name }) => name)).toEqual(["late"])
      const running = yield* Effect.forkChild(dispatcher.send(ask))
      yield* Deferred.await(ready)
      yield* Scope.close(scope, Exit.void)
      expect(yield* dispatcher.vendors).toEqual([])
      yield* Deferred.succeed(go, undefined)
      expect((yield* Fiber.join(running)).text).toBe("still here")
    }).pipe(
      Effect.provide(Dispatcher.layer({ vendors: [] }).pipe(Layer.provideMerge(VendorRegistry.layer)))
    ))
})
