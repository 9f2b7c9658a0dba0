import { assert, describe, it } from "@effect/vitest"
import { Cause, Duration, Effect, Exit, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as Request from "llmdispatcher/Request"
import { fold, type StreamPart } from "llmdispatcher/Response"
import { Conformance, ScriptedVendor } from "llmdispatcher/testing"
import * as Vendor from "llmdispatcher/Vendor"
import { retryable } from "llmdispatcher/VendorError"

class Eu extends Vendor.Service<Eu>()("eu") {}

const callOf = (input: Request.RequestInput = { prompt: "Hello" }, model = "m") =>
  Effect.map(Request.decode(input), (request) => ({ request, model }))

const send = (vendor: Vendor.Vendor, input?: Request.RequestInput, model?: string) =>
  Effect.flatMap(callOf(input, model), vendor.send)

const collect = (vendor: Vendor.Vendor, seen: Array<StreamPart> = []) =>
  Effect.gen(function*() {
    const { parts } = yield* vendor.stream(yield* callOf())
    yield* Stream.runForEach(parts, (part) => Effect.sync(() => seen.push(part)))
    return seen
  }).pipe(Effect.scoped)

const defectOf = <A, E>(exit: Exit.Exit<A, E>): string => {
  assert.isTrue(Exit.isFailure(exit))
  const defect = Cause.squash((exit as Exit.Failure<A, E>).cause)
  assert.instanceOf(defect, ScriptedVendor.ScriptError)
  return defect.message
}

const text = (parts: Iterable<StreamPart>) =>
  Array.from(parts, (part) => part.type === "text-delta" ? part.delta : "").join("")

describe("the way it is used", () => {
  const program = Effect.gen(function*() {
    const vendor = yield* Eu
    return (yield* send(vendor, { prompt: "Hi" }, "gpt-5-mini")).parts
  })

  it.effect("only the Layer changes, and the handle tells what came", () =>
    Effect.gen(function*() {
      const parts = yield* program
      assert.deepStrictEqual(parts, [
        { type: "text", text: "Hello there" },
        { type: "finish", reason: "stop", usage: ScriptedVendor.usage }
      ])
      const eu = yield* ScriptedVendor.handle(Eu)
      yield* eu.verify
      const [call] = eu.calls
      assert.strictEqual(eu.calls.length, 1)
      assert.deepInclude(call, {
        number: 1,
        step: 1,
        operation: "send",
        model: "gpt-5-mini",
        startedAt: 0,
        outcome: "answered",
        duration: 0
      })
      assert.strictEqual(ScriptedVendor.lastText(call!.request), "Hi")
    }).pipe(Effect.provide(ScriptedVendor.layer(Eu, [ScriptedVendor.answer("Hello there")]))))

  it.effect("the script begins anew for each Layer that is built", () =>
    Effect.gen(function*() {
      const layer = ScriptedVendor.layer(Eu, [ScriptedVendor.answer("Hello")])
      yield* Effect.provide(program, layer, { local: true })
      yield* Effect.provide(program, layer, { local: true })
    }))

  it.effect("a vendor that is not scripted has no handle", () =>
    Effect.gen(function*() {
      const exit = yield* Effect.exit(ScriptedVendor.handle(Eu))
      assert.strictEqual(defectOf(exit), "scripted vendor \"eu\": this vendor is not scripted")
    }).pipe(Effect.provide(Eu.layerOf(Vendor.make({ name: "x", send: () => Effect.never })))))

  it.effect("what is not scripted is taken from the options", () =>
    Effect.gen(function*() {
      const script = ScriptedVendor.make([], { name: "own", provider: "openai", serves: (model) => model === "m" })
      assert.strictEqual(script.vendor.name, "own")
      assert.strictEqual(script.vendor.provider, "openai")
      assert.isFalse(script.vendor.serves("n"))
      yield* script.verify
    }))
})

describe("steps", () => {
  it.effect("an answer streams word by word, a part a chunk, and folds to itself", () =>
    Effect.gen(function*() {
      const { vendor } = ScriptedVendor.make([ScriptedVendor.answer("one two  three ").pipe(ScriptedVendor.times(2))])
      const { parts } = yield* vendor.stream(yield* callOf())
      const chunks = yield* Stream.runCollect(Stream.chunks(parts))
      assert.deepStrictEqual(chunks.map((chunk) => chunk.length), chunks.map(() => 1))
      const streamed = chunks.flat()
      assert.deepStrictEqual(
        streamed.flatMap((part) => part.type === "text-delta" ? [part.delta] : []),
        ["one", " two", "  three "]
      )
      assert.deepStrictEqual(fold(streamed), (yield* send(vendor)).parts)
    }).pipe(Effect.scoped))

  it.effect("an answer takes parts, finishes by what they are, and tells losses", () =>
    Effect.gen(function*() {
      const losses = [{ field: "seed", message: "is not known here" }]
      const { vendor } = ScriptedVendor.make([
        ScriptedVendor.answer([{ type: "tool-call", id: "1", name: "f", params: {} }], { losses })
      ])
      const answer = yield* send(vendor)
      assert.deepStrictEqual(answer.losses, losses)
      assert.deepInclude(answer.parts.at(-1), { type: "finish", reason: "tool-calls" })
    }))

  it.effect("fail takes an error or a reason, and the error gets the vendor's name", () =>
    Effect.gen(function*() {
      const limited = retryable({ _tag: "RateLimited" }, { retryAfter: Duration.seconds(2), status: 429 })
      const { calls, vendor, verify } = ScriptedVendor.make([
        ScriptedVendor.fail(limited),
        ScriptedVendor.fail({ _tag: "Overloaded" }),
        ScriptedVendor.fail({ _tag: "ContextLengthExceeded" }),
        ScriptedVendor.malformed
      ], { name: "eu" })
      const errors = [
        yield* Effect.flip(send(vendor)),
        yield* Effect.flip(Effect.scoped(Effect.flatMap(callOf(), vendor.stream))),
        yield* Effect.flip(send(vendor)),
        yield* Effect.flip(collect(vendor))
      ]
      assert.deepStrictEqual(errors.map((error) => [error._tag, error.reason._tag, error.vendor]), [
        ["RetryableError", "RateLimited", "eu"],
        ["RetryableError", "Overloaded", "eu"],
        ["FatalError", "ContextLengthExceeded", "eu"],
        ["RetryableError", "MalformedResponse", "eu"]
      ])
      assert.strictEqual(errors[0]?._tag === "RetryableError" && errors[0].status, 429)
      assert.deepStrictEqual(calls.map((call) => call.outcome), ["failed", "failed", "failed", "failed"])
      yield* verify
    }))

  it.effect("delay waits by the clock before the call is accepted", () =>
    Effect.gen(function*() {
      const { calls, vendor } = ScriptedVendor.make([
        ScriptedVendor.answer("Hello").pipe(ScriptedVendor.delay("2 seconds"), ScriptedVendor.pace("100 millis"))
      ])
      const seen: Array<StreamPart> = []
      const fiber = yield* Effect.forkChild(collect(vendor, seen))
      yield* TestClock.adjust(1_999)
      assert.strictEqual(calls[0]?.outcome, "running")
      yield* TestClock.adjust(101)
      assert.deepStrictEqual(seen.map((part) => part.type), ["text-start"])
      yield* TestClock.adjust(300)
      yield* Fiber.join(fiber)
      assert.deepInclude(calls[0], { outcome: "answered", duration: 2_400 })
    }))

  it.effect("stream sends exactly its parts, with its pauses", () =>
    Effect.gen(function*() {
      const parts: ReadonlyArray<StreamPart> = [
        { type: "text-start", id: "0" },
        { type: "text-delta", id: "0", delta: "Hi" },
        { type: "text-end", id: "0" }
      ]
      const { vendor } = ScriptedVendor.make([
        ScriptedVendor.stream([parts[0]!, Duration.seconds(1), Duration.seconds(1), parts[1]!, parts[2]!])
      ])
      const seen: Array<StreamPart> = []
      const fiber = yield* Effect.forkChild(collect(vendor, seen))
      yield* TestClock.adjust(1_999)
      assert.deepStrictEqual(seen, parts.slice(0, 1))
      yield* TestClock.adjust(1)
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(seen, [...parts])
    }))

  it.effect("cut breaks off after so many parts, with any error; send fails the same", () =>
    Effect.gen(function*() {
      const cut = ScriptedVendor.answer("one two three").pipe(ScriptedVendor.cut(3))
      const { vendor } = ScriptedVendor.make([
        cut,
        cut,
        ScriptedVendor.answer("one two three").pipe(ScriptedVendor.cut(1, { _tag: "Overloaded" }))
      ])
      const seen: Array<StreamPart> = []
      const error = yield* Effect.flip(collect(vendor, seen))
      assert.strictEqual(error.reason._tag, "StreamInterrupted")
      assert.strictEqual(text(seen), "one two")
      assert.strictEqual((yield* Effect.flip(send(vendor))).reason._tag, "StreamInterrupted")
      assert.strictEqual((yield* Effect.flip(collect(vendor))).reason._tag, "Overloaded")
    }))

  it.effect("truncate ends without a finish; send does not take that for an answer", () =>
    Effect.gen(function*() {
      const truncated = ScriptedVendor.answer("one two three").pipe(ScriptedVendor.truncate(3))
      const { vendor } = ScriptedVendor.make([truncated, truncated])
      assert.strictEqual(text(yield* collect(vendor)), "one two")
      assert.strictEqual((yield* Effect.flip(send(vendor))).reason._tag, "StreamInterrupted")
    }))

  it.effect("stall and stallAfter never end, and tell that they were given up", () =>
    Effect.gen(function*() {
      const { calls, vendor } = ScriptedVendor.make([
        ScriptedVendor.stall,
        ScriptedVendor.answer("one two three").pipe(ScriptedVendor.stallAfter(2)),
        ScriptedVendor.answer("one two three").pipe(ScriptedVendor.stallAfter(2))
      ])
      const seen: Array<StreamPart> = []
      const fibers = [
        yield* Effect.forkChild(collect(vendor)),
        yield* Effect.forkChild(collect(vendor, seen)),
        yield* Effect.forkChild(send(vendor))
      ]
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(calls.map((call) => call.outcome), ["running", "running", "running"])
      assert.strictEqual(text(seen), "one")
      yield* Fiber.interruptAll(fibers)
      assert.deepStrictEqual(calls.map((call) => call.outcome), ["interrupted", "interrupted", "interrupted"])
      assert.strictEqual(calls[0]?.duration, 3_600_000)
    }))

  it.effect("a caller who leaves after the finish has not interrupted, one who leaves before has", () =>
    Effect.gen(function*() {
      const { calls, vendor } = ScriptedVendor.make([ScriptedVendor.answer("Hello").pipe(ScriptedVendor.times(2))])
      const until = (type: StreamPart["type"]) =>
        Effect.scoped(
          Effect.flatMap(Effect.flatMap(callOf(), vendor.stream), ({ parts }) =>
            Stream.runDrain(Stream.takeUntil(parts, (part) => part.type === type)))
        )
      yield* until("finish")
      yield* until("text-delta")
      assert.deepStrictEqual(calls.map((call) => call.outcome), ["answered", "interrupted"])
    }))

  it.effect("times and forever", () =>
    Effect.gen(function*() {
      const script = ScriptedVendor.make([
        ScriptedVendor.answer("a").pipe(ScriptedVendor.times(2)),
        ScriptedVendor.answer("b").pipe(ScriptedVendor.forever)
      ])
      assert.strictEqual(script.remaining, Number.POSITIVE_INFINITY)
      const answers: Array<unknown> = []
      for (let call = 0; call < 5; call++) answers.push((yield* send(script.vendor)).parts[0])
      assert.deepStrictEqual(answers, ["a", "a", "b", "b", "b"].map((text) => ({ type: "text", text })))
      yield* script.verify
    }))
})

describe("what is not as the script says is loud", () => {
  it.effect("a call too many", () =>
    Effect.gen(function*() {
      const script = ScriptedVendor.make([ScriptedVendor.answer("Hello")], { name: "eu" })
      yield* send(script.vendor)
      const message = "scripted vendor \"eu\": call 2 (stream m) was not expected, all 1 steps of the script are used"
      assert.strictEqual(defectOf(yield* Effect.exit(collect(script.vendor))), message)
      assert.strictEqual(defectOf(yield* Effect.exit(script.verify)), message)
    }))

  it.effect("a call too few", () =>
    Effect.gen(function*() {
      const script = ScriptedVendor.make([
        ScriptedVendor.answer("Hello").pipe(ScriptedVendor.times(3)),
        ScriptedVendor.stall
      ])
      yield* send(script.vendor)
      assert.strictEqual(script.remaining, 3)
      assert.strictEqual(
        defectOf(yield* Effect.exit(script.verify)),
        "scripted vendor \"scripted\": waits for 3 more calls"
      )
    }))

  const unmet: ReadonlyArray<readonly [name: string, expectation: ScriptedVendor.Expectation, difference: string]> = [
    ["the operation", { operation: "stream" }, "operation should be \"stream\", is \"send\""],
    ["the model", { model: "n" }, "model should be \"n\", is \"m\""],
    ["the prompt", { prompt: "Hi" }, "prompt should be \"Hi\", is \"Hello\""],
    ["a field", { request: { temperature: 0.5 } }, "request.temperature should be 0.5, is 0.2"],
    ["a field that is not there", { request: { seed: 7 } }, "request.seed should be 7, is nothing"],
    [
      "a part of the prompt",
      { request: { prompt: [{ role: "user", content: "Hi" }] } },
      "request.prompt.0.content should be \"Hi\", is \"Hello\""
    ],
    ["the length of a list", { request: { stop: ["a"] } }, "request.stop should be [\"a\"], is [\"a\",\"b\"]"],
    ["a predicate that throws", () => assert.fail("no"), "no"]
  ]
  for (const [name, expectation, difference] of unmet) {
    it.effect(`an expectation of ${name}`, () =>
      Effect.gen(function*() {
        const script = ScriptedVendor.make([ScriptedVendor.answer("Hello").pipe(ScriptedVendor.expect(expectation))])
        const exit = yield* Effect.exit(send(script.vendor, { prompt: "Hello", temperature: 0.2, stop: ["a", "b"] }))
        const message = `scripted vendor "scripted": call 1 (send m) is not what step 1 expects: ${difference}`
        assert.strictEqual(defectOf(exit), message)
        assert.strictEqual(defectOf(yield* Effect.exit(script.verify)), message)
      }))
  }

  it.effect("a predicate that is false", () =>
    Effect.gen(function*() {
      const script = ScriptedVendor.make([ScriptedVendor.answer("Hello").pipe(ScriptedVendor.expect(() => false))])
      assert.include(defectOf(yield* Effect.exit(send(script.vendor))), "its predicate does not hold for {\"prompt\":")
    }))

  it.effect("but what is as expected goes through", () =>
    Effect.gen(function*() {
      const met = ScriptedVendor.answer("Hello").pipe(
        ScriptedVendor.expect({
          operation: "send",
          model: "m",
          prompt: "Hello",
          request: { temperature: 0.2, stop: ["a", "b"], responseFormat: { type: "json" } }
        })
      )
      const script = ScriptedVendor.make([met, ScriptedVendor.answer("Hello").pipe(ScriptedVendor.expect(() => true))])
      const input = { prompt: "Hello", temperature: 0.2, stop: ["a", "b"], responseFormat: { type: "json" } } as const
      yield* send(script.vendor, input)
      yield* send(script.vendor, input)
      yield* script.verify
    }))
})

it("the suite is at hand too", () => assert.isFunction(Conformance.cases))
