// A vendor that is loaded while the program runs, loaded anew with another configuration, and unloaded.
import { Console, Effect, Layer } from "effect"
import { FetchHttpClient } from "effect/http"
import { Dispatcher, VendorPlugin, VendorRegistry } from "llmdispatcher"
import assert from "node:assert/strict"

const Live = Dispatcher.layer({ vendors: [] }).pipe(Layer.provideMerge(VendorRegistry.layer))

const program = Effect.gen(function*() {
  const dispatcher = yield* Dispatcher.Dispatcher
  const ask = Effect.map(dispatcher.send({ model: "echo/echo-1", prompt: "Hello" }), ({ text }) => text)

  yield* Effect.scoped(Effect.gen(function*() {
    const plugin = yield* VendorPlugin.load(new URL("plugins/echo.ts", import.meta.url), { prefix: "You said:" })
    yield* Console.log(`${plugin.name} ${plugin.version()} answers: ${yield* ask}`)

    yield* plugin.reload({ prefix: "Again:" })
    assert.equal(yield* ask, "Again: Hello")

    // What is wrong leaves the plugin as it was.
    const error = yield* Effect.flip(plugin.reload({ prefix: 5 }))
    yield* Console.log(error.message.replace(error.specifier, "echo.ts"))
    assert.equal(yield* ask, "Again: Hello")
  }))

  const gone = yield* Effect.flip(ask)
  yield* Console.log(`unloaded: ${gone.message}`)
  assert.equal(gone.reason._tag, "NoCandidate")
})

await Effect.runPromise(program.pipe(Effect.provide([Live, FetchHttpClient.layer])))
