// A program is tested by changing only the Layer: the same class, a script in place of the vendor, and no network.
import { Console, Effect, Layer } from "effect"
import { Dispatcher } from "llmdispatcher"
import { ScriptedVendor } from "llmdispatcher/testing"
import * as OpenAi from "llmdispatcher/vendor/OpenAi"
import * as NodeHttp from "llmdispatcher/wire/NodeHttp"
import assert from "node:assert/strict"

const translate = Effect.fn("translate")(function*(text: string) {
  const dispatcher = yield* Dispatcher.Dispatcher
  const response = yield* dispatcher.send({ prompt: `Say in French: ${text}`, temperature: 0 })
  return response.text
})

const Vendors = Dispatcher.layer({ vendors: [OpenAi.OpenAi], retry: { base: "10 millis" } })

// What the program runs on.
export const Live = Vendors.pipe(Layer.provide(OpenAi.layerConfig()), Layer.provide(NodeHttp.layer()))

// What its test runs on: one failure that passes, then an answer to a request that is looked at.
const Test = Vendors.pipe(Layer.provideMerge(ScriptedVendor.layer(OpenAi.OpenAi, [
  ScriptedVendor.fail({ _tag: "Overloaded" }),
  ScriptedVendor.answer("Bonjour").pipe(ScriptedVendor.expect({ prompt: "Say in French: Hello" }))
], { defaultModel: "gpt-5-mini" })))

const test = Effect.gen(function*() {
  assert.equal(yield* translate("Hello"), "Bonjour")
  const { calls, verify } = yield* ScriptedVendor.handle(OpenAi.OpenAi)
  yield* verify
  yield* Console.log(
    `the scripted vendor was called ${calls.length} times: ${calls.map((call) => call.outcome).join(", ")}`
  )
  assert.deepEqual(calls.map((call) => call.request.temperature), [0, 0])
})

await Effect.runPromise(test.pipe(Effect.provide(Test)))
