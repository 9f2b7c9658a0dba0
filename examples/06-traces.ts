// Every dispatch is a span, every attempt one inside it, named as OpenTelemetry's GenAI conventions say.
import * as NodeSdk from "@effect/opentelemetry/NodeSdk"
import { InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base"
import { Console, Effect, Layer } from "effect"
import { Dispatcher } from "llmdispatcher"
import * as Sandbox from "llmdispatcher/vendor/Sandbox"
import assert from "node:assert/strict"

// A program that runs for long has a BatchSpanProcessor over an OTLP exporter here.
const exporter = new InMemorySpanExporter()
const Traces = NodeSdk.layer(() => ({
  resource: { serviceName: "example" },
  spanProcessor: new SimpleSpanProcessor(exporter)
}))

const Live = Dispatcher.layer({ vendors: [Sandbox.Flaky, Sandbox.Sandbox] }).pipe(
  Layer.provide([Sandbox.layerFlaky(), Sandbox.layer({ perWord: 0 })])
)

const program = Effect.gen(function*() {
  const dispatcher = yield* Dispatcher.Dispatcher
  yield* dispatcher.send({ prompt: "Hello" }).pipe(Effect.withSpan("answer a customer"))

  // A span is exported when it ends, so the outermost comes last.
  const spans = exporter.getFinishedSpans()
  const nameOf = new Map(spans.map((span) => [span.spanContext().spanId, span.name]))
  for (const { attributes, name, parentSpanContext } of spans) {
    const error = attributes["error.type"] === undefined ? "" : `failed by ${attributes["error.type"]}, `
    yield* Console.log(`${name}: ${error}inside ${nameOf.get(parentSpanContext?.spanId ?? "") ?? "nothing"}`)
  }
  assert.deepEqual(spans.map((span) => span.attributes["error.type"]).slice(0, 2), ["Overloaded", "Overloaded"])
  assert.equal(spans.length, 5)
})

await Effect.runPromise(program.pipe(Effect.provide([Live, Traces])))
