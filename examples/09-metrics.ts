// Counts and times of every dispatch, as Prometheus reads them; examples/grafana/dashboard.json shows them.
import { Console, Effect, Layer, Stream } from "effect"
import { PrometheusMetrics } from "effect/observability"
import { Dispatcher } from "llmdispatcher"
import * as Sandbox from "llmdispatcher/vendor/Sandbox"
import assert from "node:assert/strict"

const Live = Dispatcher.layer({
  vendors: [Sandbox.Flaky, Sandbox.Sandbox],
  routes: { default: ["flaky/sandbox", { vendor: "sandbox", model: "sandbox", price: { input: 0.25, output: 2 } }] }
}).pipe(
  Layer.provide([Sandbox.layerFlaky(), Sandbox.layer({ perWord: 0 })])
)

const program = Effect.gen(function*() {
  const dispatcher = yield* Dispatcher.Dispatcher
  yield* dispatcher.send({ prompt: "Hello" })
  yield* dispatcher.send({ prompt: "Hello again", user: "alice" })
  yield* Stream.runDrain(dispatcher.stream({ prompt: "Tell me more" }))

  // A program that serves HTTP gives this at /metrics with `PrometheusMetrics.layerHttp()`, or posts the same
  // metrics, its spans and its logs to a collector with `Otlp.layerJson({ baseUrl })` from effect/observability.
  const text = yield* PrometheusMetrics.format()
  yield* Console.log(text)
  assert.match(text, /^llmdispatcher_dispatches\{.*operation="send".*\} 2$/m)
  assert.match(text, /^llmdispatcher_fallbacks\{llmdispatcher_target="sandbox\/sandbox"\} /m)
  // Labels are few and bounded: nobody's name, prompt or key is ever one.
  assert.doesNotMatch(text, /alice|Hello/)
})

await Effect.runPromise(program.pipe(Effect.provide(Live)))
