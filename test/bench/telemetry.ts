/**
 * What telemetry costs on the way of a request, on and off, over a vendor that answers at once.
 *
 * `node --expose-gc --max-semi-space-size=128 --conditions=source test/bench/telemetry.ts`
 */
import { Effect, Scope, Stream, Tracer } from "effect"
import * as Dispatcher from "llmdispatcher/Dispatcher"
import type { StreamPart } from "llmdispatcher/Response"
import * as Vendor from "llmdispatcher/Vendor"
import { type Contender, measure, table } from "./Measure.ts"

const parts = 200
const usage = { inputTokens: { uncached: 3, total: 3 }, outputTokens: { text: 2, total: 2 } }
const finish = { type: "finish", reason: "stop", usage } as const
const deltas: ReadonlyArray<StreamPart> = [
  { type: "text-start", id: "0" },
  ...Array.from({ length: parts }, () => ({ type: "text-delta", id: "0", delta: "word " }) as const),
  { type: "text-end", id: "0" },
  finish
]
const vendor = Vendor.make({
  name: "a",
  defaultModel: "m",
  send: () => Effect.succeed({ parts: [{ type: "text", text: "Hello there" }, finish], losses: [] }),
  stream: () => Effect.succeed({ parts: Stream.rechunk(Stream.fromIterable(deltas), 1), losses: [] })
})

interface Mode extends Pick<Dispatcher.Options, "capture" | "metrics"> {
  readonly isTraced?: boolean
}

const modes: Readonly<Record<string, Mode>> = {
  "no telemetry": { metrics: false },
  "metrics": {},
  "metrics and spans": { isTraced: true },
  "metrics, spans and content": {
    isTraced: true,
    capture: { prompts: true, answers: true, redact: (text) => text.replaceAll(/\d{16}/g, "*") }
  }
}

/** Spans as effect has them, seen by whoever provides a tracer, and sent nowhere. */
const tracer = Tracer.make({ span: (options) => new Tracer.NativeSpan(options) })

const scope = Scope.makeUnsafe()
const dispatchers = await Effect.runPromise(
  Effect.forEach(Object.entries(modes), ([name, { isTraced = false, ...options }]) =>
    Effect.map(
      Dispatcher.make({ vendors: [vendor], routes: { default: ["a/m"] }, ...options }),
      (dispatcher) => ({ name, dispatcher, isTraced })
    )).pipe(Scope.provide(scope))
)

const contend = (
  effect: (dispatcher: Dispatcher.Dispatcher["Service"]) => Effect.Effect<unknown, unknown>,
  units: number
): ReadonlyArray<Contender> =>
  dispatchers.map(({ dispatcher, isTraced, name }) => ({
    name,
    units,
    run: (times) => {
      const all = Effect.gen(function*() {
        for (let time = 0; time < times; time++) yield* effect(dispatcher)
      })
      return Effect.runPromise(isTraced ? Effect.provideService(all, Tracer.Tracer, tracer) : all)
    }
  }))

const request = { prompt: "Why is the sky blue?" }
const whole = contend((dispatcher) => dispatcher.send(request), 1)
const streamed = contend((dispatcher) => Stream.runDrain(dispatcher.stream(request)), parts)

console.log(table("a dispatch", await measure(whole, { rounds: 15, times: 2_000 }), "no telemetry"))
console.log(table("a streamed part", await measure(streamed, { rounds: 15, times: 50 }), "no telemetry"))
