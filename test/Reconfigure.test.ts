import { expect, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as Dispatcher from "llmdispatcher/Dispatcher"
import type * as Response from "llmdispatcher/Response"
import { answer, overloaded, sequence, stream, textParts, unauthenticated } from "./support/vendors.ts"

const hello = { model: "chat", prompt: "Hello" }

const textOf = (parts: ReadonlyArray<Response.StreamPart>) =>
  parts.map((part) => part.type === "text-delta" ? part.delta : "").join("")

it.effect("gives new dispatches the new routes at once", () =>
  Effect.gen(function*() {
    const first = sequence("first", [answer("one")])
    const second = sequence("second", [answer("two")])
    const dispatcher = yield* Dispatcher.make({ vendors: [first.vendor], routes: { chat: ["first/m"] } })
    const before = yield* dispatcher.send(hello)
    yield* dispatcher.reconfigure(Effect.succeed({ vendors: [second.vendor], routes: { chat: ["second/m"] } }))
    const after = yield* dispatcher.send(hello)
    expect([before.text, after.text]).toEqual(["one", "two"])
    expect((yield* dispatcher.vendors).map(({ name }) => name)).toEqual(["second"])
    expect(Array.from(dispatcher.routes.get("chat")!.targets, ({ id }) => id)).toEqual(["second/m"])
  }))

it.effect("lets what is under way end on the old configuration, and closes its Scope only then", () =>
  Effect.gen(function*() {
    const gate = yield* Deferred.make<void>()
    const closed: Array<string> = []
    const old = sequence("old", [stream(Stream.concat(
      Stream.fromIterable(textParts("begun ", "and ").slice(0, 4)),
      Stream.unwrap(Effect.as(Deferred.await(gate), Stream.fromIterable(textParts("ended").slice(2))))
    ))])
    const young = sequence("young", [answer("new")])
    const dispatcher = yield* Dispatcher.make({ vendors: [] })
    yield* dispatcher.reconfigure(Effect.as(
      Effect.addFinalizer(() => Effect.sync(() => closed.push("old"))),
      { vendors: [old.vendor], routes: { chat: ["old/m"] } }
    ))
    const begun = yield* Deferred.make<void>()
    const streaming = yield* dispatcher.stream(hello).pipe(
      Stream.tap((part) => part.type === "text-delta" ? Deferred.succeed(begun, undefined) : Effect.void),
      Stream.runCollect,
      Effect.forkChild
    )
    yield* Deferred.await(begun)
    yield* dispatcher.reconfigure(Effect.succeed({ vendors: [young.vendor], routes: { chat: ["young/m"] } }))
    const answered = yield* dispatcher.send(hello)
    expect([answered.text, closed]).toEqual(["new", []])
    yield* Deferred.succeed(gate, undefined)
    expect(textOf(yield* Fiber.join(streaming))).toBe("begun and ended")
    yield* TestClock.adjust(0)
    expect(closed).toEqual(["old"])
  }))

it.effect("changes nothing where the new configuration is no good, and closes what was made for it", () =>
  Effect.gen(function*() {
    const closed: Array<string> = []
    const first = sequence("first", [answer("one")])
    const dispatcher = yield* Dispatcher.make({ vendors: [first.vendor], routes: { chat: ["first/m"] } })
    const closing = (name: string) => Effect.addFinalizer(() => Effect.sync(() => closed.push(name)))
    const errors = [
      yield* Effect.flip(dispatcher.reconfigure(Effect.as(closing("a"), { routes: { chat: [] } }))),
      yield* Effect.flip(dispatcher.reconfigure(Effect.as(closing("b"), { maxAttempts: 0 }))),
      yield* Effect.flip(dispatcher.reconfigure(Effect.andThen(closing("c"), Effect.fail("no file"))))
    ]
    expect(errors.map(String)).toEqual([
      "llmdispatcher/ConfigError: routes.chat: must have at least one target",
      "llmdispatcher/ConfigError: maxAttempts: must be a whole number above 0",
      "no file"
    ])
    expect(closed).toEqual(["a", "b", "c"])
    expect((yield* dispatcher.send(hello)).text).toBe("one")
  }))

it.effect("keeps the circuits of vendors that stay, and begins anew with one that takes another's name", () =>
  Effect.gen(function*() {
    const broken = sequence("broken", [Effect.fail(overloaded)])
    const dispatcher = yield* Dispatcher.make({
      vendors: [broken.vendor],
      routes: { chat: ["broken/m"] },
      retry: false,
      circuit: { failures: 2 }
    })
    const reasonOf = Effect.map(Effect.flip(dispatcher.send(hello)), ({ reason }) => reason._tag)
    yield* reasonOf
    yield* reasonOf
    const options = { routes: { chat: ["broken/m"] }, retry: false, circuit: { failures: 2 } } as const
    yield* dispatcher.reconfigure(Effect.succeed({ ...options, vendors: [broken.vendor] }))
    const calls = broken.calls.length
    yield* reasonOf
    expect(broken.calls.length - calls).toBe(0)
    const mended = sequence("broken", [answer("mended")])
    yield* dispatcher.reconfigure(Effect.succeed({ ...options, vendors: [mended.vendor] }))
    expect((yield* dispatcher.send(hello)).text).toBe("mended")
  }))

it.effect("asks a vendor again at once when it comes back with another key", () =>
  Effect.gen(function*() {
    const refused = sequence("keyed", [Effect.fail(unauthenticated)])
    const dispatcher = yield* Dispatcher.make({ vendors: [refused.vendor] })
    yield* Effect.flip(dispatcher.send({ model: "keyed/m", prompt: "Hello" }))
    yield* Effect.flip(dispatcher.send({ model: "keyed/m", prompt: "Hello" }))
    expect(refused.calls.length).toBe(1)
    const accepted = sequence("keyed", [answer("welcome")])
    yield* dispatcher.reconfigure(Effect.succeed({ vendors: [accepted.vendor] }))
    expect((yield* dispatcher.send({ model: "keyed/m", prompt: "Hello" })).text).toBe("welcome")
  }))

it.effect(
  "takes a thousand reloads under load: no request is lost, every configuration but the last is closed",
  () =>
    Effect.gen(function*() {
      let open = 0
      let answered = 0
      const dispatcher = yield* Dispatcher.make({ vendors: [] })
      const reload = (number: number) =>
        dispatcher.reconfigure(Effect.gen(function*() {
          yield* Effect.acquireRelease(Effect.sync(() => open += 1), () => Effect.sync(() => open -= 1))
          const name = `v${number % 7}`
          const { vendor } = sequence(name, [Effect.delay(answer(name), number % 13)])
          return { vendors: [vendor], routes: { chat: [`${name}/m`] } }
        }))
      yield* reload(0)
      const client = Effect.repeat(
        Effect.tap(dispatcher.send(hello), () => Effect.sync(() => answered += 1)),
        { times: 199 }
      )
      const clients = yield* Effect.forkChild(Effect.all(Array.from({ length: 20 }, () => client), {
        concurrency: "unbounded"
      }))
      const reloads = yield* Effect.forkChild(
        Effect.forEach(
          Array.from({ length: 1_000 }, (_, index) => index + 1),
          (number) => Effect.andThen(reload(number), Effect.sleep(1)),
          { discard: true }
        )
      )
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(clients)
      yield* Fiber.join(reloads)
      expect({ answered, open }).toEqual({ answered: 4_000, open: 1 })
    }),
  60_000
)
