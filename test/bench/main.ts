/**
 * What a dispatch and a streamed part cost in the process, over a vendor that answers at once, beside a plain async
 * function, a bare `Effect.succeed` and the AI SDK.
 *
 * `npm run bench`; takes about a minute.
 */
import { generateText, streamText } from "ai"
import { MockLanguageModelV3 } from "ai/test"
import { Effect, Exit, Scope, Stream } from "effect"
import * as Dispatcher from "llmdispatcher/Dispatcher"
import type { StreamPart } from "llmdispatcher/Response"
import * as Vendor from "llmdispatcher/Vendor"
import { cpus } from "node:os"
import { type Contender, measure, table } from "./Measure.ts"

const parts = 200
const text = "Hello there"
const usage = { inputTokens: { uncached: 3, total: 3 }, outputTokens: { text: 2, total: 2 } }
const finish = { type: "finish", reason: "stop", usage } as const
const answer: Vendor.Answer = { parts: [{ type: "text", text }, finish], losses: [] }
const deltas: ReadonlyArray<StreamPart> = [
  { type: "text-start", id: "0" },
  ...Array.from({ length: parts }, () => ({ type: "text-delta", id: "0", delta: "word " }) as const),
  { type: "text-end", id: "0" },
  finish
]

/** `size` parts come together, as they do where a network chunk holds several events. */
const vendor = (name: string, size: number) =>
  Vendor.make({
    name,
    defaultModel: "m",
    send: () => Effect.succeed(answer),
    stream: () => Effect.succeed({ parts: Stream.rechunk(Stream.fromIterable(deltas), size), losses: [] })
  })

const scope = Scope.makeUnsafe()
const dispatcher = await Effect.runPromise(
  Scope.provide(Dispatcher.make({ vendors: [vendor("one", 1), vendor("sixteen", 16)] }), scope)
)

/** The same vendor behind routes of more and more targets, chosen by what they are doing. */
const sizes = [1, 10, 100, 1_000]
const routed = await Effect.runPromise(
  Scope.provide(
    Dispatcher.make({
      vendors: [vendor("one", 1)],
      routes: Object.fromEntries(sizes.map((size) => [
        `${size} targets`,
        { targets: Array.from({ length: size }, (_, index) => `one/m${index}`), strategy: "fastest" as const }
      ]))
    }),
    scope
  )
)

const sdkUsage = {
  inputTokens: { total: 3, noCache: 3, cacheRead: undefined, cacheWrite: undefined },
  outputTokens: { total: 2, text: 2, reasoning: undefined }
}
const sdkFinish = { unified: "stop", raw: "stop" } as const
const sdkModel = new MockLanguageModelV3({
  doGenerate: async () => ({
    content: [{ type: "text", text }],
    finishReason: sdkFinish,
    usage: sdkUsage,
    warnings: []
  }),
  doStream: async () => ({
    stream: new ReadableStream({
      start(controller) {
        controller.enqueue({ type: "text-start", id: "0" })
        for (let part = 0; part < parts; part++) controller.enqueue({ type: "text-delta", id: "0", delta: "word " })
        controller.enqueue({ type: "text-end", id: "0" })
        controller.enqueue({ type: "finish", finishReason: sdkFinish, usage: sdkUsage })
        controller.close()
      }
    })
  })
})

/** Repeats an effect in one fiber, so that starting fibers from outside is not what is measured. */
const repeated = <A, E>(effect: Effect.Effect<A, E>) => (times: number) =>
  Effect.runPromise(Effect.gen(function*() {
    for (let time = 0; time < times; time++) yield* effect
  }))

const promised = (work: () => Promise<unknown>) => async (times: number) => {
  for (let time = 0; time < times; time++) await work()
}

const request = { model: "one/m", prompt: "Hello there" }
const plain = async () => answer
async function* generated() {
  yield* deltas
}

const wholes: ReadonlyArray<Contender> = [
  { name: "plain async function", run: promised(plain) },
  { name: "Effect.succeed", run: repeated(Effect.succeed(answer)) },
  { name: "Dispatcher.send, all policies", run: repeated(dispatcher.send(request)) },
  { name: "AI SDK generateText", run: promised(() => generateText({ model: sdkModel, prompt: "Hello there" })) }
]

const streams: ReadonlyArray<Contender> = [
  {
    name: "plain async generator",
    units: parts,
    run: promised(async () => {
      for await (const _ of generated());
    })
  },
  {
    name: "Effect Stream, a part at a time",
    units: parts,
    run: repeated(Stream.runDrain(Stream.rechunk(Stream.fromIterable(deltas), 1)))
  },
  {
    name: "Dispatcher.stream, a part at a time",
    units: parts,
    run: repeated(Stream.runDrain(dispatcher.stream(request)))
  },
  {
    name: "Dispatcher.stream, 16 parts a chunk",
    units: parts,
    run: repeated(Stream.runDrain(dispatcher.stream({ ...request, model: "sixteen/m" })))
  },
  {
    name: "AI SDK streamText",
    units: parts,
    run: promised(async () => {
      for await (const _ of streamText({ model: sdkModel, prompt: "Hello there" }).fullStream);
    })
  }
]

console.log(`Node ${process.version}, ${cpus()[0]?.model ?? "unknown processor"} × ${cpus().length}\n`)
console.log(table("a dispatch", await measure(wholes, { rounds: 15, times: 2_000 }), "Dispatcher.send, all policies"))
console.log()
console.log(
  table(
    `a part of ${parts}`,
    await measure(streams, { rounds: 15, times: 50 }),
    "Dispatcher.stream, a part at a time"
  )
)
console.log()
console.log(
  table(
    "a dispatch by a route",
    await measure(
      sizes.map((size) => ({
        name: `of ${size}`,
        run: repeated(routed.send({ model: `${size} targets`, prompt: "Hello there" }))
      })),
      { rounds: 15, times: 2_000 }
    ),
    "of 1"
  )
)
await Effect.runPromise(Scope.close(scope, Exit.void))
