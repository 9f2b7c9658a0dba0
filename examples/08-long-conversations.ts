// A conversation longer than the window: a cheap vendor sums up its beginning once, and every turn after that fits.
import { Console, Effect } from "effect"
import { Dispatcher } from "llmdispatcher"
import * as Limit from "llmdispatcher/context/Limit"
import * as Summarise from "llmdispatcher/context/Summarise"
import { ScriptedVendor } from "llmdispatcher/testing"
import assert from "node:assert/strict"

const { answer } = ScriptedVendor
const cheap = ScriptedVendor.make([answer("They plan a week in Rome.")], { name: "cheap", defaultModel: "tiny" })
const good = ScriptedVendor.make([answer("Then take a hat."), answer("You do.")], { name: "good", defaultModel: "big" })

const days = Array.from({ length: 15 }, (_, day) =>
  [
    { role: "user", content: `What shall we do on day ${day} of our week in Rome, if the weather is good?` },
    { role: "assistant", content: `On day ${day} you could walk along the river and eat an ice cream.` }
  ] as const).flat()

const program = Effect.gen(function*() {
  const summaries = yield* Dispatcher.make({ vendors: [cheap.vendor] })
  const summarise = yield* Summarise.make({
    window: 800,
    summary: (messages, maxTokens) => Effect.map(summaries.send({ messages, maxTokens }), ({ text }) => text)
  })
  const dispatcher = yield* Dispatcher.make({
    vendors: [good.vendor],
    prepare: [Limit.limit({ input: 100_000, output: 200 }), summarise]
  })
  for (const question of ["Is it hot there?", "Do I need a hat?"]) {
    const { text } = yield* dispatcher.send({ messages: [...days, { role: "user", content: question }] })
    yield* Console.log(`${question} ${text}`)
  }
  const sent = good.calls.map(({ request }) => request.prompt.content.length)
  yield* Console.log(`${days.length + 1} messages, ${sent.join(" and ")} of them sent`)
  assert.deepEqual([sent, cheap.calls.length], [[8, 8], 1])
})

await Effect.runPromise(Effect.scoped(program))
