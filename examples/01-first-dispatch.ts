// One request over two vendors: the first has no capacity, so the second answers. No key is needed.
import { Console, Effect, Layer } from "effect"
import { Dispatcher } from "llmdispatcher"
import * as Sandbox from "llmdispatcher/vendor/Sandbox"
import assert from "node:assert/strict"

// Their order is the order of trying. Leave one of the Layers out, and this does not compile.
const Live = Dispatcher.layer({ vendors: [Sandbox.Flaky, Sandbox.Sandbox] }).pipe(
  Layer.provide([Sandbox.layerFlaky(), Sandbox.layer()])
)

const program = Effect.gen(function*() {
  const dispatcher = yield* Dispatcher.Dispatcher
  const response = yield* dispatcher.send({ prompt: "Why is the sky blue?" })

  yield* Console.log(response.text)
  for (const { number, outcome, reason, target } of response.attempts) {
    yield* Console.log(`attempt ${number}: ${target} ${outcome}${reason === undefined ? "" : ` (${reason})`}`)
  }
  assert.equal(response.vendor, "sandbox")
  assert.equal(response.attempts[0]?.reason, "Overloaded")
})

await Effect.runPromise(program.pipe(Effect.provide(Live)))
