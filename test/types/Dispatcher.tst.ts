import { Effect, Layer } from "effect"
import type { LanguageModel } from "effect/ai"
import * as Dispatcher from "llmdispatcher/Dispatcher"
import * as Vendor from "llmdispatcher/Vendor"
import { describe, expect, test } from "tstyche"

class A extends Vendor.Service<A>()("a") {}
class B extends Vendor.Service<B>()("b") {}

const program = Effect.flatMap(Dispatcher.Dispatcher, (dispatcher) => dispatcher.send({ prompt: "Hello" }))
const Live = Dispatcher.layer({ vendors: [A, B] })
const any = Vendor.make({ name: "any", send: () => Effect.never })

describe("Dispatcher.layer", () => {
  test("asks for every vendor's Layer", () => {
    expect(Live).type.toBe<Layer.Layer<Dispatcher.Dispatcher, Dispatcher.ConfigError, A | B>>()
  })

  test("does not compile with a vendor's Layer forgotten", () => {
    const without = Effect.provide(program, Live.pipe(Layer.provide(A.layerOf(any))))
    expect(Effect.runPromise).type.not.toBeCallableWith(without)
    const complete = Effect.provide(program, Live.pipe(Layer.provide([A.layerOf(any), B.layerOf(any)])))
    expect(Effect.runPromise).type.toBeCallableWith(complete)
  })

  test("tells two instances of one kind apart", () => {
    expect<Vendor.Vendor>().type.toBeAssignableFrom<(typeof A)["Service"]>()
    expect(A.layerOf(any)).type.toBe<Layer.Layer<A>>()
    expect(A.layerOf(any)).type.not.toBeAssignableTo<Layer.Layer<B>>()
  })

  test("takes vendors only by their classes", () => {
    expect(Dispatcher.layer).type.not.toBeCallableWith({ vendors: [any] })
    expect(Dispatcher.layer).type.toBeCallableWith({ vendors: [A] })
  })
})

describe("Dispatcher.layerLanguageModel", () => {
  test("provides effect/ai's LanguageModel over a dispatcher", () => {
    expect(Dispatcher.layerLanguageModel()).type.toBe<
      Layer.Layer<LanguageModel.LanguageModel, never, Dispatcher.Dispatcher>
    >()
  })
})
