import { expect, it } from "@effect/vitest"
import { Effect, Layer, Redacted, Stream } from "effect"
import * as Dispatcher from "llmdispatcher/Dispatcher"
import * as OpenAi from "llmdispatcher/vendor/OpenAi"
import * as NodeHttp from "llmdispatcher/wire/NodeHttp"
import * as RateLimit from "llmdispatcher/policy/RateLimit"
import * as FaultServer from "../wire/FaultServer.ts"
const completion = {
  id: "c1",
  choices: [{ index: 0, message: { content: "Hi" }, finish_reason: "stop" }],
  usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 }
}
const event = { id: "c1", choices: [{ index: 0, delta: { content: "Hi" }, finish_reason: "stop" }] }
for (const op of ["send", "stream"] as const) {
  it.live(op, () =>
    Effect.gen(function*() {
      const told = {
        "x-ratelimit-limit-requests": "2",
        "x-ratelimit-remaining-requests": "0",
        "x-ratelimit-reset-requests": "1m"
      }
      const a = yield* FaultServer.make((response) => {
        if (op === "send") return FaultServer.json(200, completion, told)(response, undefined as any)
        response.writeHead(200, { "content-type": "text/event-stream", ...told })
        response.end(`data: ${JSON.stringify(event)}\n\ndata: [DONE]\n\n`)
      })
      const b = yield* FaultServer.make((r, q) =>
        op === "send"
          ? FaultServer.json(200, completion)(r, q)
          : FaultServer.stream(`data: ${JSON.stringify(event)}\n\n`, "data: [DONE]\n\n")(r, q)
      )
      const client = yield* Layer.build(NodeHttp.layer())
      const vendors = yield* Effect.forEach(
        [a, b],
        ({ url }, i) =>
          OpenAi.make({ name: "v" + i, apiKey: Redacted.make("sk"), baseUrl: url }).pipe(Effect.provide(client))
      )
      const dispatcher = yield* Dispatcher.make({ vendors, target: [yield* RateLimit.make()] })
      for (let i = 0; i < 3; i++) {
        if (op === "send") yield* dispatcher.send({ prompt: "x" })
        else yield* Stream.runDrain(dispatcher.stream({ prompt: "x" }))
      }
      expect([a.requests.length, b.requests.length]).toEqual([1, 2])
    }))
}
