import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Scope, Stream } from "effect"
import * as Request from "llmdispatcher/Request"
import type { Part, StreamPart } from "llmdispatcher/Response"
import * as Vendor from "llmdispatcher/Vendor"
import { retryable } from "llmdispatcher/VendorError"

const finish = { type: "finish", reason: "stop", usage: { inputTokens: {}, outputTokens: {} } } as const
const whole: ReadonlyArray<Part> = [{ type: "text", text: "Hello there" }, finish]
const streamed: ReadonlyArray<StreamPart> = [
  { type: "text-start", id: "0" },
  { type: "text-delta", id: "0", delta: "Hello" },
  { type: "text-delta", id: "0", delta: " there" },
  { type: "text-end", id: "0" },
  finish
]
const losses = [{ field: "seed", message: "is not known here" }]
const overloaded = retryable({ _tag: "Overloaded" })
const call = Effect.map(Request.decode({ prompt: "Hi" }), (request) => ({ request, model: "m" }))

describe("make", () => {
  it.effect("of send alone, streams what it sends", () =>
    Effect.gen(function*() {
      const vendor = Vendor.make({ name: "a", send: () => Effect.succeed({ parts: whole, losses }) })
      const stream = yield* vendor.stream(yield* call)
      assert.deepStrictEqual(stream.losses, losses)
      const types = (yield* Stream.runCollect(stream.parts)).map((part) => part.type)
      assert.deepStrictEqual(types, ["text-start", "text-delta", "text-end", "finish"])
    }).pipe(Effect.scoped))

  it.effect("of stream alone, sends what it streams", () =>
    Effect.gen(function*() {
      let closed = 0
      const vendor = Vendor.make({
        name: "a",
        stream: () =>
          Effect.as(Effect.addFinalizer(() => Effect.sync(() => closed++)), {
            parts: Stream.fromIterable(streamed),
            losses
          })
      })
      assert.deepStrictEqual(yield* vendor.send(yield* call), { parts: [...whole], losses })
      assert.strictEqual(closed, 1)
    }))

  it.effect("an error comes through either way", () =>
    Effect.gen(function*() {
      const sends = Vendor.make({ name: "a", send: () => Effect.fail(overloaded) })
      assert.strictEqual(yield* Effect.flip(Effect.scoped(sends.stream(yield* call))), overloaded)
      const refuses = Vendor.make({ name: "a", stream: () => Effect.fail(overloaded) })
      assert.strictEqual(yield* Effect.flip(refuses.send(yield* call)), overloaded)
      const parts = Stream.concat(Stream.fromIterable(streamed.slice(0, 2)), Stream.fail(overloaded))
      const breaks = Vendor.make({ name: "a", stream: () => Effect.succeed({ parts, losses }) })
      assert.strictEqual(yield* Effect.flip(breaks.send(yield* call)), overloaded)
    }))

  it.effect("a stream that just ends is no answer", () =>
    Effect.gen(function*() {
      const parts = Stream.fromIterable(streamed.slice(0, 3))
      const vendor = Vendor.make({ name: "a", stream: () => Effect.succeed({ parts, losses }) })
      assert.strictEqual((yield* Effect.flip(vendor.send(yield* call))).reason._tag, "StreamInterrupted")
    }))

  it.effect("the rest has defaults", () =>
    Effect.gen(function*() {
      const vendor = Vendor.make({ name: "a", send: () => Effect.never })
      assert.strictEqual(vendor.provider, "a")
      assert.deepStrictEqual(vendor.capabilities("m"), {})
      assert.isTrue(vendor.serves("anything"))
      assert.isTrue(yield* vendor.isAvailable)
      assert.deepStrictEqual(yield* vendor.models, [])
      const error = yield* Effect.flip(vendor.embed({ model: "m", inputs: ["a"] }))
      assert.deepInclude(error, { _tag: "FatalError", vendor: "a" })
      assert.strictEqual(error.reason._tag, "UnsupportedFeature")
      const named = Vendor.make({ name: "a", defaultModel: "m", send: () => Effect.never })
      assert.deepStrictEqual(yield* named.models, [{ id: "m" }])
    }))
})

describe("Service", () => {
  class Eu extends Vendor.Service<Eu>()("eu") {}
  class Us extends Vendor.Service<Us>()("us") {}
  const vendor = Vendor.make({ name: "any", send: () => Effect.succeed({ parts: whole, losses: [] }) })

  it.effect("each class is a service of its own, named by its class", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* Eu).name, "eu")
      assert.strictEqual((yield* Us).name, "us")
      assert.strictEqual(Eu.vendorName, "eu")
      assert.strictEqual(Eu.key, "llmdispatcher/Vendor/eu")
    }).pipe(Effect.provide(Layer.merge(Eu.layerOf(vendor), Us.layerOf(Effect.succeed(vendor))))))

  it.effect("a vendor that is made holds what it needs until the Layer closes", () =>
    Effect.gen(function*() {
      const events: Array<string> = []
      class Key extends Context.Service<Key, string>()("test/Key") {}
      const made = Effect.gen(function*() {
        events.push(`open ${yield* Key}`)
        yield* Effect.addFinalizer(() => Effect.sync(() => events.push("close")))
        return vendor
      })
      const layer: Layer.Layer<Eu, never, Key> = Eu.layerOf(made)
      yield* Eu.pipe(
        Effect.tap(() => Effect.sync(() => events.push("use"))),
        Effect.provide(Layer.provide(layer, Layer.succeed(Key, "k")))
      )
      assert.deepStrictEqual(events, ["open k", "use", "close"])
    }))

  it.effect("what making a vendor fails with is the Layer's error", () =>
    Effect.gen(function*() {
      const layer: Layer.Layer<Eu, "no key"> = Eu.layerOf(Effect.fail("no key" as const))
      assert.strictEqual(yield* Effect.flip(Effect.provide(Eu, layer)), "no key")
    }))

  it.effect("a stream closes with its Scope", () =>
    Effect.gen(function*() {
      let closed = false
      const vendor = Vendor.make({
        name: "a",
        stream: () =>
          Effect.as(Effect.addFinalizer(() => Effect.sync(() => void (closed = true))), {
            parts: Stream.never,
            losses: []
          })
      })
      const scope = yield* Scope.make()
      yield* Scope.provide(vendor.stream(yield* call), scope)
      assert.isFalse(closed)
      yield* Effect.flatMap(Effect.exit(Effect.void), (exit) => Scope.close(scope, exit))
      assert.isTrue(closed)
    }))
})
