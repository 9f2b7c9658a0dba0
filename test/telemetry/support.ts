import { Duration, Effect, Metric, Stream } from "effect"
import * as Dispatcher from "llmdispatcher/Dispatcher"
import * as Vendor from "llmdispatcher/Vendor"
import { retryable } from "llmdispatcher/VendorError"
import { answer, sequence, stream, textParts } from "../support/vendors.ts"

/** Runs with metrics of its own, so that no other test's are seen. */
export const metered = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.provideService(effect, Metric.MetricRegistry, new Map())

/** A metric's series as what they are labelled with and hold; a histogram's as how many and their sum. */
export const read = (name: string) =>
  Effect.map(
    Metric.snapshot,
    (all) =>
      all.filter(({ id }) => id === name).map(({ attributes, state }) => {
        const labels = Object.fromEntries(Object.entries(attributes ?? {}).filter(([name]) => name !== "unit"))
        if ("sum" in state) return [labels, state.count, Math.round(state.sum * 1e6) / 1e6]
        return [labels, "count" in state ? state.count : "value" in state ? state.value : undefined]
      })
  )

export const inference = (provider: string, model: string) => ({
  "gen_ai.operation.name": "chat",
  "gen_ai.provider.name": provider,
  "gen_ai.request.model": model
})

const usage = {
  inputTokens: { uncached: 10, cacheRead: 20, cacheWrite: 5, total: 35 },
  outputTokens: { text: 6, reasoning: 4, total: 10 }
}

const price = { input: 1, output: 2, cacheRead: 0.1, cacheWrite: 1.25 }

/** Answers with every kind of token, whole and streamed. */
const talkative = Vendor.make({
  name: "talkative",
  provider: "openai",
  defaultModel: "m",
  send: () =>
    Effect.succeed({ parts: [{ type: "text", text: "Hi" }, { type: "finish", reason: "stop", usage }], losses: [] }),
  stream: () =>
    stream(Stream.rechunk(
      Stream.fromIterable([...textParts("Hi", " there").slice(0, -1), { type: "finish", reason: "stop", usage }]),
      1
    ))
})

/** Dispatches that touch every metric but hedges and resumes. */
export const traffic = Effect.gen(function*() {
  const failing = sequence("failing", [
    Effect.fail(retryable({ _tag: "RateLimited" }, { retryAfter: Duration.minutes(1) }))
  ])
  const plain = sequence("plain", [answer("Hello")])
  const dispatcher = yield* Dispatcher.make({
    vendors: [failing.vendor, plain.vendor, talkative],
    routes: {
      default: ["failing/m", { vendor: "plain", model: "m" }],
      chat: [{ vendor: "talkative", model: "m", price }]
    },
    retry: false
  })
  yield* dispatcher.send({ prompt: "a secret question" })
  // The target that failed is left alone now.
  yield* dispatcher.send({ prompt: "a secret question", user: "alice" })
  yield* dispatcher.send({ model: "chat", prompt: "a secret question" })
  yield* Stream.runDrain(dispatcher.stream({ model: "chat", prompt: "a secret question" }))
}).pipe(Effect.scoped)
