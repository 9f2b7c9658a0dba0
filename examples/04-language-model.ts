// Programs written for effect/ai run over the dispatcher unchanged: text, objects by a Schema, tools.
import { Console, Effect, Layer, Schema } from "effect"
import { LanguageModel, Tool, Toolkit } from "effect/ai"
import { Dispatcher } from "llmdispatcher"
import * as Sandbox from "llmdispatcher/vendor/Sandbox"
import assert from "node:assert/strict"

const Weather = Toolkit.make(Tool.make("weather", {
  description: "Tells the weather of a city",
  parameters: Schema.Struct({ city: Schema.String }),
  success: Schema.Struct({ celsius: Schema.Number })
}))

const WeatherLive = Weather.toLayer({ weather: ({ city }) => Effect.succeed({ celsius: city.length }) })

const ModelLive = Dispatcher.layerLanguageModel({ temperature: 0, deadline: "30 seconds" }).pipe(
  Layer.provide(Dispatcher.layer({ vendors: [Sandbox.Flaky, Sandbox.Sandbox] })),
  Layer.provide([Sandbox.layerFlaky(), Sandbox.layer({ perWord: 0 })])
)

const program = Effect.gen(function*() {
  const { text } = yield* LanguageModel.generateText({ prompt: "Hello" })
  yield* Console.log(text)

  const { value } = yield* LanguageModel.generateObject({
    prompt: "Name a city",
    schema: Schema.Struct({ name: Schema.String, country: Schema.String })
  })
  yield* Console.log(value)

  const answer = yield* LanguageModel.generateText({ prompt: "How is the weather in Oslo?", toolkit: Weather })
  yield* Console.log(answer.toolCalls.map((call) => call.params), answer.toolResults.map((result) => result.result))
  assert.equal(answer.toolResults.length, 1)
})

await Effect.runPromise(program.pipe(Effect.provide([ModelLive, WeatherLive])))
