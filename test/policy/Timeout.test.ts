import { describe, expect, it } from "@effect/vitest"
import { Effect, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as Dispatcher from "llmdispatcher/Dispatcher"
import type { StreamPart } from "llmdispatcher/Response"
import { answer, finish, sequence, stream, textParts } from "../support/vendors.ts"

const delta = (text: string): StreamPart => ({ type: "text-delta", id: "0", delta: text })

/** Parts, each after the given number of seconds. */
const timed = (...parts: ReadonlyArray<readonly [seconds: number, part: StreamPart]>) =>
  Stream.mapEffect(Stream.fromIterable(parts), ([seconds, part]) => Effect.delay(Effect.succeed(part), seconds * 1000))

const only = { retry: false, circuit: false } as const

describe("Timeout", () => {
  it.effect("bounds how long a vendor may take to accept a stream's request", () =>
    Effect.gen(function*() {
      const { vendor } = sequence("a", [Effect.never])
      const dispatcher = yield* Dispatcher.make({ vendors: [vendor], ...only })
      const fiber = yield* Effect.forkChild(Effect.flip(Stream.runDrain(dispatcher.stream({ prompt: "Hello" }))))
      yield* TestClock.adjust("30 seconds")
      const error = yield* Fiber.join(fiber)
      expect(error.reason).toEqual({ _tag: "TimedOut", phase: "connect", after: 30_000 })
      expect(error.message).toBe("a/m: took too long to accept the request (30s)")
    }))

  it.effect("bounds how long it may take to its first meaningful part", () =>
    Effect.gen(function*() {
      const opening = Stream.fromIterable(textParts("x").slice(0, 2))
      const { vendor } = sequence("a", [stream(Stream.concat(opening, Stream.never))])
      const dispatcher = yield* Dispatcher.make({ vendors: [vendor], ...only })
      const fiber = yield* Effect.forkChild(Effect.flip(Stream.runDrain(dispatcher.stream({ prompt: "Hello" }))))
      yield* TestClock.adjust("2 minutes")
      expect((yield* Fiber.join(fiber)).reason).toEqual({ _tag: "TimedOut", phase: "firstPart", after: 120_000 })
    }))

  it.effect("falls back when the first part does not come, and the caller sees one whole answer", () =>
    Effect.gen(function*() {
      const silent = sequence("a", [stream(Stream.never)])
      const good = sequence("b", [stream(textParts("Hel", "lo"))])
      const dispatcher = yield* Dispatcher.make({ vendors: [silent.vendor, good.vendor], ...only })
      const fiber = yield* Effect.forkChild(Stream.runCollect(dispatcher.stream({ prompt: "Hello" })))
      yield* TestClock.adjust("2 minutes")
      const parts = yield* Fiber.join(fiber)
      expect(parts.filter((part) => part.type === "text-delta").map((part) => part.delta)).toEqual(["Hel", "lo"])
    }))

  it.effect("bounds the gap between two parts, not the stream's length", () =>
    Effect.gen(function*() {
      const slow = timed([0, delta("a")], [59, delta("b")], [59, delta("c")], [59, finish])
      const { vendor } = sequence("a", [stream(slow)])
      const dispatcher = yield* Dispatcher.make({ vendors: [vendor], ...only })
      const fiber = yield* Effect.forkChild(Stream.runCollect(dispatcher.stream({ prompt: "Hello" })))
      yield* TestClock.adjust("3 minutes")
      expect((yield* Fiber.join(fiber)).map((part) => part.type)).toEqual([
        "text-delta",
        "text-delta",
        "text-delta",
        "finish"
      ])
    }))

  it.effect("ends a stalled stream with one error, after all that came", () =>
    Effect.gen(function*() {
      const stalled = timed([0, delta("a")], [59, delta("b")], [61, delta("c")])
      const { vendor } = sequence("a", [stream(stalled)])
      const dispatcher = yield* Dispatcher.make({ vendors: [vendor], ...only })
      const seen: Array<string> = []
      const fiber = yield* Effect.forkChild(
        dispatcher.stream({ prompt: "Hello" }).pipe(
          Stream.runForEach((part) => Effect.sync(() => seen.push(part.type))),
          Effect.flip
        )
      )
      yield* TestClock.adjust("119 seconds")
      const error = yield* Fiber.join(fiber)
      expect(error.reason).toEqual({ _tag: "TimedOut", phase: "idle", after: 60_000 })
      expect(seen).toEqual(["text-delta", "text-delta"])
      expect(error.attempts?.map(({ outcome, reason }) => [outcome, reason])).toEqual([["failed", "TimedOut"]])
    }))

  it.effect("bounds a whole answer, and a stream to its end", () =>
    Effect.gen(function*() {
      const endless = Stream.mapEffect(Stream.forever(Stream.succeed(delta("a"))), (part) =>
        Effect.delay(Effect.succeed(part), "10 seconds"))
      const { vendor } = sequence("a", [Effect.never, stream(endless)])
      const dispatcher = yield* Dispatcher.make({ vendors: [vendor], timeouts: { total: "5 minutes" }, ...only })
      const whole = yield* Effect.forkChild(Effect.flip(dispatcher.send({ prompt: "Hello" })))
      yield* TestClock.adjust("5 minutes")
      expect((yield* Fiber.join(whole)).reason).toEqual({ _tag: "TimedOut", phase: "total", after: 300_000 })
      const streamed = yield* Effect.forkChild(Effect.flip(Stream.runDrain(dispatcher.stream({ prompt: "Hello" }))))
      yield* TestClock.adjust("5 minutes")
      expect((yield* Fiber.join(streamed)).reason).toEqual({ _tag: "TimedOut", phase: "total", after: 300_000 })
    }))

  it.effect("leaves time to the others: a silent vendor gets no more than its share of what is left", () =>
    Effect.gen(function*() {
      const silent = sequence("a", [stream(Stream.never)]).vendor
      const good = sequence("b", [stream(textParts("Hi"))]).vendor
      const dispatcher = yield* Dispatcher.make({ vendors: [silent, good], ...only })
      const fiber = yield* Effect.forkChild(
        Stream.runCollect(dispatcher.stream({ prompt: "Hello", deadline: "20 seconds" }))
      )
      yield* TestClock.adjust("10 seconds")
      const parts = yield* Fiber.join(fiber)
      expect(parts.flatMap((part) => part.type === "text-delta" ? [part.delta] : [])).toEqual(["Hi"])
    }))

  it.effect("retries after a timeout where no other candidate is left", () =>
    Effect.gen(function*() {
      const { calls, vendor } = sequence("a", [Effect.never, answer("Hi")])
      const dispatcher = yield* Dispatcher.make({ vendors: [vendor], timeouts: { total: "1 minute" } })
      const fiber = yield* Effect.forkChild(dispatcher.send({ prompt: "Hello" }))
      yield* TestClock.adjust("1 minute")
      yield* TestClock.adjust("500 millis")
      expect((yield* Fiber.join(fiber)).text).toBe("Hi")
      expect(calls.length).toBe(2)
    }))
})
