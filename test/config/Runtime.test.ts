import * as NodeServices from "@effect/platform-node/NodeServices"
import { describe, expect, it } from "@effect/vitest"
import { Effect, FileSystem, Fiber, Layer, Queue, Stream, SubscriptionRef } from "effect"
import * as NodeHttp from "llmdispatcher/wire/NodeHttp"
import * as Runtime from "../../src/config/Runtime.ts"
import * as Watch from "../../src/config/Watch.ts"
import { beginStream, delta, end, openai } from "../cli/run.ts"

const layer = Layer.merge(NodeServices.layer, NodeHttp.layer())

/** A dispatcher of a file in a directory of its own. */
const opened = Effect.fnUntraced(function*(text: string, variables: Readonly<Record<string, string>> = {}) {
  const files = yield* FileSystem.FileSystem
  const directory = yield* files.makeTempDirectoryScoped()
  const file = `${directory}/llmdispatcher.yaml`
  const write = (text: string) => files.writeFileString(file, text)
  yield* write(text)
  const options = {
    directory,
    environment: {
      get: (name: string) => variables[name],
      names: () => Object.keys(variables),
      readFile: (path: string) => files.readFileString(path)
    }
  }
  return { directory, write, runtime: yield* Runtime.make(options, yield* Runtime.load(options)) }
})

const sandbox = (name: string) => `
vendors:
  ${name}: { kind: sandbox, firstWord: 1ms, perWord: 1ms }
routes:
  default: [${name}/sandbox]
`

const answers = Effect.fnUntraced(function*() {
  return yield* Effect.acquireDisposable(Effect.promise(() =>
    openai((response) => {
      beginStream(response)
      response.end(delta("Hello") + end)
    })
  ))
})

const overHttp = (url: string, number: number) => `
vendors:
  steady: { kind: openai-compatible, baseUrl: ${url} }
  moving: { kind: openai-compatible, baseUrl: ${url}, headers: { x-number: "${number}" } }
routes:
  default: { targets: [moving/m, steady/m], strategy: ${number % 2 === 0 ? "ordered" : "round-robin"} }
policies:
  maxAttempts: ${1 + number % 3}
`

describe("a dispatcher of a file", () => {
  it.layer(layer, { excludeTestServices: true })((it) => {
    it.effect("asks vendors in the file's order", () =>
      Effect.gen(function*() {
        const { runtime } = yield* opened(
          "vendors:\n  zebra: { kind: sandbox }\n  sandbox: {}\n  ant: { kind: sandbox }\n"
        )
        expect((yield* runtime.dispatcher.vendors).map(({ name }) => name)).toEqual(["zebra", "sandbox", "ant"])
      }))

    it.effect("lets the environment go before the file, and LLMDISPATCHER_ variables before both", () =>
      Effect.gen(function*() {
        const { runtime } = yield* opened("policies: { maxAttempts: 2 }\nstrategy: fastest\n", {
          LLMDISPATCHER_POLICIES_MAX_ATTEMPTS: "5"
        })
        const { config } = yield* SubscriptionRef.get(runtime.loaded)
        expect(config).toEqual({ policies: { maxAttempts: 5 }, strategy: "fastest" })
      }))

    it.effect("keeps the vendors whose settings stay, and makes those anew whose settings change", () =>
      Effect.gen(function*() {
        const { runtime, write } = yield* opened(sandbox("one"))
        const [before] = yield* runtime.dispatcher.vendors
        yield* write(`${sandbox("one")}policies: { maxAttempts: 1 }\n`)
        expect(yield* runtime.reload).toEqual({ _tag: "Applied", restart: [] })
        const [same] = yield* runtime.dispatcher.vendors
        yield* write(sandbox("one").replace("perWord: 1ms", "perWord: 2ms"))
        yield* runtime.reload
        const [other] = yield* runtime.dispatcher.vendors
        expect([same === before, other === before]).toEqual([true, false])
      }))

    it.effect("changes nothing by a file that is broken or gone, and tells why", () =>
      Effect.gen(function*() {
        const { directory, runtime, write } = yield* opened(sandbox("one"))
        const events = yield* Queue.unbounded<Runtime.Reload>()
        yield* Effect.forkScoped(Stream.runForEach(runtime.reloads, (event) => Queue.offer(events, event)))
        yield* Effect.yieldNow
        yield* write(sandbox("one").replace("sandbox,", "sandbx,"))
        const broken = yield* runtime.reload
        expect(broken._tag === "Rejected" && broken.message.replace(`${directory}/`, "").split(", got")[0]).toMatch(
          /^llmdispatcher\.yaml:3: vendors\.one\.kind: must be one of openai, /
        )
        yield* FileSystem.FileSystem.use((files) => files.remove(`${directory}/llmdispatcher.yaml`))
        const gone = yield* runtime.reload
        expect(gone).toEqual({
          _tag: "Rejected",
          message: `${directory}/llmdispatcher.yaml: there is no such file`
        })
        expect((yield* runtime.dispatcher.send({ prompt: "Hi" })).target).toBe("one/sandbox")
        expect((yield* Queue.takeAll(events)).map(({ _tag }) => _tag)).toEqual(["Rejected", "Rejected"])
      }))

    it.effect("names what holds only at the next start", () =>
      Effect.gen(function*() {
        const { runtime, write } = yield* opened(sandbox("one"))
        yield* write(`${sandbox("one")}gateway: { port: 9000 }\nstatistics: { keep: 1d }\n`)
        expect(yield* runtime.reload).toEqual({ _tag: "Applied", restart: ["statistics", "gateway"] })
      }))

    it.effect("follows what is written to the file", () =>
      Effect.gen(function*() {
        const { runtime, write } = yield* opened(sandbox("one"))
        yield* Watch.follow(runtime, { every: "200 millis", settle: "20 millis" })
        const changed = yield* Effect.forkChild(
          Stream.runHead(
            Stream.filter(SubscriptionRef.changes(runtime.loaded), ({ entries }) => entries[0]?.name === "two")
          )
        )
        yield* Effect.sleep("50 millis")
        yield* write(sandbox("two"))
        yield* Fiber.join(changed).pipe(Effect.timeout("10 seconds"))
        expect((yield* runtime.dispatcher.send({ prompt: "Hi" })).target).toBe("two/sandbox")
      }))

    it.effect("replaces keys that a file holds", () =>
      Effect.gen(function*() {
        const files = yield* FileSystem.FileSystem
        const { directory, runtime, write } = yield* opened(sandbox("one"))
        yield* files.writeFileString(`${directory}/key`, "sk-first\n")
        yield* write("vendors:\n  openai: { apiKey: \"${file:./key}\" }\n")
        yield* runtime.reload
        const [first] = yield* runtime.dispatcher.vendors
        yield* files.writeFileString(`${directory}/key`, "sk-second\n")
        expect(yield* runtime.reload).toEqual({ _tag: "Applied", restart: [] })
        const [second] = yield* runtime.dispatcher.vendors
        expect(first === second).toBe(false)
        expect(yield* runtime.reload).toEqual({ _tag: "Unchanged" })
      }))

    it.effect("loses no request in a hundred reloads under load", () =>
      Effect.gen(function*() {
        const server = yield* answers()
        const { runtime, write } = yield* opened(overHttp(server.env["OPENAI_BASE_URL"]!, 0))
        let answered = 0
        let running = true
        const client = Effect.gen(function*() {
          while (running) {
            const response = yield* runtime.dispatcher.stream({ prompt: "Hi" }).pipe(
              Stream.runFold(() => "", (text, part) => part.type === "text-delta" ? text + part.delta : text)
            )
            expect(response).toBe("Hello")
            answered += 1
          }
        })
        const clients = yield* Effect.forkChild(
          Effect.all(Array.from({ length: 10 }, () => client), { concurrency: "unbounded" })
        )
        for (let number = 1; number <= 100; number++) {
          yield* write(overHttp(server.env["OPENAI_BASE_URL"]!, number))
          expect(yield* runtime.reload).toEqual({ _tag: "Applied", restart: [] })
        }
        running = false
        yield* Fiber.join(clients)
        expect(answered).toBeGreaterThan(100)
      }), 60_000)
  })
})
