/**
 * `npm run soak:reload`: a thousand reloads of a real file while clients stream over real sockets; tells what was lost
 * and what stayed in memory. A vendor, the strategy and a policy change each time.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Clock, Effect, Fiber, FileSystem, Layer, Stream } from "effect"
import * as NodeHttp from "llmdispatcher/wire/NodeHttp"
import { once } from "node:events"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { cpus } from "node:os"
import * as Runtime from "../../src/config/Runtime.ts"
import { beginStream, delta, end } from "../cli/run.ts"

const reloads = 1_000
const clients = 20

const server = createServer((request, response) => {
  request.resume().on("end", () => {
    beginStream(response)
    response.end(delta("Hello") + end)
  })
}).listen(0, "127.0.0.1")
await once(server, "listening")
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`

const text = (number: number) => `
vendors:
  steady: { kind: openai-compatible, baseUrl: ${url} }
  moving: { kind: openai-compatible, baseUrl: ${url}, headers: { x-number: "${number}" } }
routes:
  default: { targets: [moving/m, steady/m], strategy: ${number % 2 === 0 ? "ordered" : "round-robin"} }
policies:
  maxAttempts: ${1 + number % 3}
limits:
  vendors: { steady: { requestsPerMinute: ${1_000_000 + number} } }
`

const heap = Effect.sync(() => {
  globalThis.gc?.()
  globalThis.gc?.()
  return process.memoryUsage().heapUsed / 1e6
})

const program = Effect.gen(function*() {
  const files = yield* FileSystem.FileSystem
  const directory = yield* files.makeTempDirectoryScoped()
  const file = `${directory}/llmdispatcher.yaml`
  yield* files.writeFileString(file, text(0))
  const options = {
    directory,
    environment: { get: () => undefined, names: () => [], readFile: (path: string) => files.readFileString(path) }
  }
  const runtime = yield* Runtime.make(options, yield* Runtime.load(options))
  const counts = { answered: 0, failed: 0, wrong: 0 }
  let running = true
  const client = Effect.gen(function*() {
    while (running) {
      const answer = yield* runtime.dispatcher.stream({ prompt: "Hi" }).pipe(
        Stream.runFold(() => "", (text, part) => part.type === "text-delta" ? text + part.delta : text),
        Effect.result
      )
      if (answer._tag === "Failure") counts.failed += 1
      else if (answer.success === "Hello") counts.answered += 1
      else counts.wrong += 1
    }
  })
  const load = yield* Effect.forkChild(
    Effect.all(Array.from({ length: clients }, () => client), { concurrency: "unbounded", discard: true })
  )
  console.log(`Node ${process.version}, ${cpus()[0]?.model ?? "unknown processor"} × ${cpus().length}\n`)
  console.log("| reloads | answered | failed | wrong | heap, MB |")
  console.log("| ------: | -------: | -----: | ----: | -------: |")
  const row = (number: number) =>
    Effect.map(heap, (heap) =>
      console.log(
        `| ${number} | ${counts.answered} | ${counts.failed} | ${counts.wrong} | ${heap.toFixed(1)} |`
      ))
  const startedAt = yield* Clock.currentTimeMillis
  yield* Effect.sleep("1 second")
  yield* row(0)
  for (let number = 1; number <= reloads; number++) {
    yield* files.writeFileString(file, text(number))
    const reload = yield* runtime.reload
    if (reload._tag !== "Applied") console.log(`reload ${number}: ${JSON.stringify(reload)}`)
    if (number % 200 === 0) yield* row(number)
  }
  running = false
  yield* Fiber.await(load)
  const seconds = ((yield* Clock.currentTimeMillis) - startedAt) / 1000
  yield* row(reloads)
  console.log(
    `\n${(reloads / seconds).toFixed(0)} reloads/s beside ${(counts.answered / seconds).toFixed(0)} requests/s`
  )
  process.exitCode = counts.failed + counts.wrong === 0 ? 0 : 1
})

await Effect.runPromise(
  program.pipe(Effect.scoped, Effect.provide(Layer.merge(NodeServices.layer, NodeHttp.layer())))
)
server.closeAllConnections()
server.close()
