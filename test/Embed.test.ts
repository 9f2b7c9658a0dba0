import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Dispatcher from "llmdispatcher/Dispatcher"
import * as Vendor from "llmdispatcher/Vendor"
import { answer, overloaded } from "./support/vendors.ts"

const usage = { inputTokens: { uncached: 4, total: 4 }, outputTokens: {} }

it.effect("asks the next candidate for vectors where the first cannot make them", () =>
  Effect.gen(function*() {
    const asked: Array<Vendor.EmbedCall> = []
    const without = Vendor.make({ name: "without", send: () => answer("no") })
    const busy = Vendor.make({ name: "busy", send: () => answer("no"), embed: () => Effect.fail(overloaded) })
    const able = Vendor.make({
      name: "able",
      send: () => answer("no"),
      embed: (call) =>
        Effect.sync(() => {
          asked.push(call)
          return { vectors: [[1, 0], [0, 1]], usage }
        })
    })
    const dispatcher = yield* Dispatcher.make({
      vendors: [without, busy, able],
      retry: false,
      routes: { embedding: ["without/e", "busy/e", { vendor: "able", model: "e", price: { input: 0.5, output: 0 } }] }
    })
    const { attempts, cost, target, vectors } = yield* dispatcher.embed({ model: "embedding", inputs: ["a", "b"] })
    expect({ asked, attempts: attempts.map(({ reason }) => reason), cost, target, vectors }).toEqual({
      asked: [{ model: "e", inputs: ["a", "b"] }],
      attempts: ["UnsupportedFeature", "Overloaded", undefined],
      cost: 0.000002,
      target: "able/e",
      vectors: [[1, 0], [0, 1]]
    })
    expect((yield* dispatcher.stats.snapshot).total.sinceStart.successes).toBe(1)
  }))

it.effect("refuses to make vectors of nothing", () =>
  Effect.gen(function*() {
    const dispatcher = yield* Dispatcher.make({ vendors: [] })
    const error = yield* Effect.flip(dispatcher.embed({ model: "embedding", inputs: [] }))
    expect(error.reason._tag).toBe("InvalidRequest")
  }))
