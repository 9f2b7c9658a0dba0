// Two classes of error, retryable and fatal, and reasons named by the situation: what is handled leaves the type.
import { Console, Duration, Effect, Layer } from "effect"
import { Dispatcher } from "llmdispatcher"
import * as Sandbox from "llmdispatcher/vendor/Sandbox"
import assert from "node:assert/strict"

const Live = Dispatcher.layer({ vendors: [Sandbox.Sandbox], retry: false }).pipe(Layer.provide(Sandbox.layer()))

// Each model of the sandbox fails in the way it is named for.
const ask = Effect.fn("ask")(function*(model: string) {
  const dispatcher = yield* Dispatcher.Dispatcher
  const response = yield* dispatcher.send({ model, prompt: "Hello", deadline: "1 second" })
  return response.text
}, (effect) =>
  effect.pipe(
    Effect.catchReason("FatalError", "ContextLengthExceeded", () => Effect.succeed("shorten the conversation")),
    Effect.catchReason("FatalError", "NoCandidate", ({ known }) => Effect.succeed(`ask for ${known.join(" or ")}`)),
    Effect.catchReason("RetryableError", "DeadlineExceeded", ({ after }) => Effect.succeed(`no answer in ${after} ms`)),
    Effect.catchTag("RetryableError", ({ retryAfter }) =>
      Effect.succeed(retryAfter === undefined ? "try later" : `try again in ${Duration.format(retryAfter)}`)),
    Effect.catchTag("FatalError", (error) =>
      Effect.succeed(`give up: ${error.message}`))
  ))

const program = Effect.gen(function*() {
  const answers: Record<string, string> = {}
  for (const model of ["too-long", "sandboks", "silent", "rate-limited", "out-of-quota"]) {
    answers[model] = yield* ask(model)
  }
  yield* Console.log(answers)
  assert.equal(answers["rate-limited"], "try again in 2s")
  assert.equal(answers["silent"], "no answer in 1000 ms")
})

await Effect.runPromise(program.pipe(Effect.provide(Live)))
