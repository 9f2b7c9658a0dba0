import { describe, expect, it } from "@effect/vitest"
import { Effect, Layer, Schema, Stream } from "effect"
import { AiError, Chat, LanguageModel, Tool, Toolkit } from "effect/ai"
import * as DispatcherError from "llmdispatcher/AiError"
import * as Dispatcher from "llmdispatcher/Dispatcher"
import * as Response from "llmdispatcher/Response"
import * as Vendor from "llmdispatcher/Vendor"
import { finish, overloaded, sequence, textParts } from "./support/vendors.ts"

const Weather = Tool.make("Weather", {
  description: "Tells the weather of a city",
  parameters: Schema.Struct({ city: Schema.String }),
  success: Schema.String
})
const Kit = Toolkit.make(Weather)
const KitLive = Kit.toLayer({ Weather: ({ city }) => Effect.succeed(`sunny in ${city}`) })

const call = { type: "tool-call", id: "call_1", name: "Weather", params: { city: "Rome" } } as const

class Inner extends Vendor.Service<Inner>()("inner") {}
class Outer extends Vendor.Service<Outer>()("outer") {}

/** Answers by what it is asked for: JSON, a tool call, what the tool told, or text. */
const requests: Array<Vendor.Call["request"]> = []
const clever = Vendor.make({
  name: "clever",
  defaultModel: "m",
  send: ({ request }) =>
    Effect.sync(() => {
      requests.push(request)
      const last = request.prompt.content[request.prompt.content.length - 1]!
      const parts: ReadonlyArray<Response.Part> = request.responseFormat?.type === "json-schema"
        ? [{ type: "text", text: JSON.stringify({ answer: 42 }) }, finish]
        : last.role === "tool"
        ? [{ type: "text", text: `It is ${(last.content[0] as any).result}.` }, finish]
        : request.tools !== undefined
        ? [call, { ...finish, reason: "tool-calls" }]
        : [{ type: "text", text: "Hello" }, finish]
      return { parts, losses: [] }
    })
})

const overDispatcher = Dispatcher.layerLanguageModel({ model: "inner/m", temperature: 0.5 }).pipe(
  Layer.provide(Dispatcher.layer({ vendors: [Inner] })),
  Layer.provide(Inner.layerOf(clever))
)

/** A dispatcher over a LanguageModel that is itself a dispatcher. */
const nested = Dispatcher.layerLanguageModel({ model: "outer/any" }).pipe(
  Layer.provide(Dispatcher.layer({ vendors: [Outer] })),
  Layer.provide(Outer.layerOf(Vendor.fromLanguageModel({ name: "outer" }))),
  Layer.provide(overDispatcher)
)

describe.each([["the dispatcher", overDispatcher], ["a dispatcher over a LanguageModel", nested]] as const)(
  "LanguageModel over %s",
  (_, model) => {
    it.effect("generates text", () =>
      Effect.gen(function*() {
        const response = yield* LanguageModel.generateText({ prompt: "Hi" })
        expect(response.text).toBe("Hello")
        expect(response.finishReason).toBe("stop")
        expect(response.usage.inputTokens.total).toBe(3)
      }).pipe(Effect.provide(model)))

    it.effect("generates objects", () =>
      Effect.gen(function*() {
        const { value } = yield* LanguageModel.generateObject({
          prompt: "Hi",
          schema: Schema.Struct({ answer: Schema.Number })
        })
        expect(value).toEqual({ answer: 42 })
        expect(requests[requests.length - 1]?.responseFormat).toMatchObject({
          type: "json-schema",
          schema: { type: "object", properties: { answer: {} }, required: ["answer"] }
        })
      }).pipe(Effect.provide(model)))

    it.effect("streams text", () =>
      Effect.gen(function*() {
        const parts = yield* Stream.runCollect(LanguageModel.streamText({ prompt: "Hi" }))
        expect(parts.map(({ type }) => type)).toEqual(["text-start", "text-delta", "text-end", "finish"])
      }).pipe(Effect.provide(model)))

    it.effect("runs a toolkit", () =>
      Effect.gen(function*() {
        const response = yield* LanguageModel.generateText({ prompt: "The weather?", toolkit: Kit })
        expect(response.toolResults.map(({ result }) => result)).toEqual(["sunny in Rome"])
        expect(requests[requests.length - 1]?.tools).toMatchObject([{
          name: "Weather",
          description: "Tells the weather of a city",
          parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] }
        }])
      }).pipe(Effect.provide([model, KitLive])))

    it.effect("carries a chat on with its tool's result", () =>
      Effect.gen(function*() {
        const chat = yield* Chat.empty
        yield* chat.generateText({ prompt: "The weather?", toolkit: Kit })
        const response = yield* chat.generateText({ prompt: [], toolkit: Kit })
        expect(response.text).toBe("It is sunny in Rome.")
      }).pipe(Effect.provide([model, KitLive])))

    it.effect("fails with an AiError that gives back our own", () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(LanguageModel.generateText({ prompt: " " }))
        expect(error.reason).toBeInstanceOf(AiError.InvalidRequestError)
        expect(DispatcherError.fromAiError(error).reason).toEqual({
          _tag: "InvalidRequest",
          issues: [{ field: "prompt.0.content", message: "must not be empty" }]
        })
      }).pipe(Effect.provide(model)))
  }
)

describe("Vendor.fromLanguageModel", () => {
  it.effect("falls back from a LanguageModel as from any vendor, and tells its losses", () =>
    Effect.gen(function*() {
      const model = yield* LanguageModel.make({
        generateText: () => Effect.succeed([{ type: "text", text: "Hello" }, finish]),
        streamText: () => Stream.fromIterable(textParts("Hello"))
      })
      const second = yield* Effect.provideService(
        Vendor.fromLanguageModel({ name: "local" }),
        LanguageModel.LanguageModel,
        model
      )
      const first = sequence("a", [Effect.fail(overloaded)])
      const dispatcher = yield* Dispatcher.make({ vendors: [first.vendor, second], retry: false })
      const response = yield* dispatcher.send({ prompt: "Hi", seed: 1 })
      expect(response.text).toBe("Hello")
      expect(response.target).toBe("local/local")
      expect(response.losses).toEqual([{
        field: "seed",
        message: "an effect/ai LanguageModel takes it when it is made, not with a request"
      }])
    }))

  it.effect("classifies its errors as ours", () =>
    Effect.gen(function*() {
      const limited = AiError.make({
        module: "Test",
        method: "generateText",
        reason: new AiError.RateLimitError({})
      })
      const model = yield* LanguageModel.make({
        generateText: () => Effect.fail(limited),
        streamText: () => Stream.fail(limited)
      })
      const vendor = yield* Effect.provideService(
        Vendor.fromLanguageModel({ name: "local" }),
        LanguageModel.LanguageModel,
        model
      )
      const dispatcher = yield* Dispatcher.make({ vendors: [vendor], retry: false, cooldown: false })
      expect((yield* Effect.flip(dispatcher.send({ prompt: "Hi" }))).reason._tag).toBe("RateLimited")
      expect((yield* Effect.flip(Stream.runDrain(dispatcher.stream({ prompt: "Hi" })))).reason._tag).toBe("RateLimited")
    }))
})
