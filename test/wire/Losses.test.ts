import { describe, expect, it } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import { FetchHttpClient } from "effect/http"
import * as Dispatcher from "llmdispatcher/Dispatcher"
import * as OpenAi from "llmdispatcher/vendor/OpenAi"
import { answer, sequence } from "../support/vendors.ts"
import * as FaultServer from "./FaultServer.ts"

const completion = {
  choices: [{ index: 0, message: { role: "assistant", content: "Hi" }, finish_reason: "stop" }]
}

const ask = { prompt: "Hello", topK: 5 } as const
const loss = { field: "topK", message: "Chat Completions has no top-k" }

const over = Effect.gen(function*() {
  const server = yield* FaultServer.make(FaultServer.json(200, completion))
  const client = yield* Layer.build(FetchHttpClient.layer)
  const openai = yield* Effect.provide(OpenAi.make({ apiKey: Redacted.make("sk"), baseUrl: server.url }), client)
  const other = sequence("other", [answer("from the other")]).vendor
  return {
    server,
    dispatcher: yield* Dispatcher.make({ vendors: [openai, other], routes: { all: ["openai/gpt-4o", "other/m"] } })
  }
})

describe("Losses", () => {
  it.live("are told with the answer, unless the request says otherwise", () =>
    Effect.gen(function*() {
      const { dispatcher } = yield* over
      expect((yield* dispatcher.send({ ...ask, model: "all" })).losses).toEqual([loss])
      expect((yield* dispatcher.send({ ...ask, model: "all", losses: "warn" })).losses).toEqual([loss])
    }))

  it.live("are not told when they are ignored", () =>
    Effect.gen(function*() {
      const { dispatcher } = yield* over
      const response = yield* dispatcher.send({ ...ask, model: "all", losses: "ignore" })
      expect([response.vendor, response.losses]).toEqual(["openai", []])
    }))

  it.live("send the request to a vendor that can, before anything is sent to the one that cannot", () =>
    Effect.gen(function*() {
      const { dispatcher, server } = yield* over
      const response = yield* dispatcher.send({ ...ask, model: "all", losses: "reject" })
      expect(response.text).toBe("from the other")
      expect(response.attempts[0]).toMatchObject({ outcome: "failed", reason: "UnsupportedFeature" })
      const error = yield* Effect.flip(dispatcher.send({ ...ask, model: "openai/gpt-4o", losses: "reject" }))
      expect(error.reason).toEqual({ _tag: "UnsupportedFeature", description: "topK: Chat Completions has no top-k" })
      expect(server.requests.length).toBe(0)
    }))
})
