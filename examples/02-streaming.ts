// The answer as it comes; the last part tells who gave it, what it took, and when the first word was there.
import { Console, Effect, Layer, Stream } from "effect"
import { Dispatcher, Response } from "llmdispatcher"
import * as Sandbox from "llmdispatcher/vendor/Sandbox"
import assert from "node:assert/strict"

const Live = Dispatcher.layer({ vendors: [Sandbox.Flaky, Sandbox.Sandbox] }).pipe(
  Layer.provide([Sandbox.layerFlaky(), Sandbox.layer({ perWord: "10 millis" })])
)

const program = Effect.gen(function*() {
  const dispatcher = yield* Dispatcher.Dispatcher
  let summary: Response.Summary | undefined

  // A vendor that fails before its first word is replaced unseen; afterwards the stream itself fails.
  yield* dispatcher.stream({ prompt: "Tell me a story", maxTokens: 60 }).pipe(
    Stream.runForEach((part) =>
      Effect.sync(() => {
        if (part.type === "text-delta") process.stdout.write(part.delta)
        summary ??= Response.summaryOf(part)
      })
    )
  )

  assert(summary !== undefined)
  yield* Console.log(`\n${summary.target}: ${summary.usage.outputTokens.total} tokens, ${summary.finishReason}`)
  yield* Console.log(`first word after ${summary.timings.timeToFirstPart} ms, all after ${summary.timings.total} ms`)
})

await Effect.runPromise(program.pipe(Effect.provide(Live)))
