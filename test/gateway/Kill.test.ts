import { describe, expect, it } from "@effect/vitest"
import { Effect, Fiber, FileSystem, Path, type Scope } from "effect"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { setTimeout as pause } from "node:timers/promises"
import { type Run, start } from "../cli/run.ts"
import { voices } from "./attack/Gate.ts"
import * as Socket from "./attack/Socket.ts"
import * as Upstream from "./attack/Upstream.ts"
import { json, until } from "./attack/wait.ts"

const vendorKey = "sk-vendor-canary-83hdLq0"
const yaml = (url: string, gateway: string) =>
  `vendors:
  chat: { kind: openai, apiKey: ${vendorKey}, baseUrl: "${url}/v1" }
  responses: { kind: openai, api: responses, apiKey: ${vendorKey}, baseUrl: "${url}/v1" }
  anthropic: { kind: anthropic, apiKey: ${vendorKey}, baseUrl: "${url}/v1" }
  google: { kind: google, apiKey: ${vendorKey}, baseUrl: "${url}/v1beta" }
  ollama: { kind: ollama, apiKey: ${vendorKey}, baseUrl: "${url}" }
policies: { retry: false, circuit: false, cooldown: false }
gateway: ${gateway}
`

interface Served {
  readonly run: Run
  readonly port: number
  readonly upstream: Upstream.Upstream
  readonly file: string
  readonly kill: (signal: NodeJS.Signals) => Effect.Effect<void>
  readonly code: Effect.Effect<number | null>
}

const begin = (file: string, port: number, flags: ReadonlyArray<string> = []): Effect.Effect<Run, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const run = start(["serve", "--open", "--port", String(port), "--config", file, ...flags])
      await run.saw("llmdispatcher listens on ")
      return run
    }),
    (run) =>
      Effect.promise(() => {
        run.child.kill("SIGKILL")
        return run.code
      })
  )

const portOf = (run: Run): number => Number(/listens on http:\/\/127\.0\.0\.1:(\d+)/.exec(run.stderr)![1])

const serve = Effect.fnUntraced(function*(gateway = "{ drain: 10s }", flags: ReadonlyArray<string> = []) {
  const files = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const upstream = yield* Upstream.make
  const file = path.join(yield* files.makeTempDirectoryScoped(), "llmdispatcher.yaml")
  yield* files.writeFileString(file, yaml(upstream.url, gateway))
  const run = yield* begin(file, 0, flags)
  return {
    run,
    upstream,
    file,
    port: portOf(run),
    kill: (signal) => Effect.sync(() => run.child.kill(signal)),
    code: Effect.promise(() => Promise.race([run.code, pause(15_000, "still running" as never)]))
  } satisfies Served as Served
})

/** A stream of every dialect, each with its first word there. */
const streams = Effect.fnUntraced(function*({ port }: Served, prompt: string, times = 1) {
  const begun = yield* Effect.forEach(
    Array.from({ length: times }).flatMap(() => voices),
    (voice) =>
      Effect.map(Socket.open(port), (socket) => {
        socket.write(Socket.request("POST", voice.path(true), json, JSON.stringify(voice.body(prompt, true))))
        return { socket, voice }
      })
  )
  for (const { socket } of begun) yield* socket.until((text) => text.includes("Once"), 10_000)
  return begun
})

const ended = Effect.fnUntraced(function*(begun: Effect.Success<ReturnType<typeof streams>>) {
  const texts = yield* Effect.forEach(begun, ({ socket }) => socket.closed(10_000), { concurrency: "unbounded" })
  return texts.map((text, at) => {
    const { failed, name } = begun[at]!.voice
    const [answer] = Socket.answers(text)
    return { name, status: answer?.status, failed: failed.test(answer?.body ?? "") }
  })
})

/** Asks again and again on connections that it keeps, until no new one is taken; counts what came of it. */
const asking = Effect.fnUntraced(function*(port: number, counts: { whole: number; lost: number }) {
  const voice = voices[0]!
  const bytes = Socket.request("POST", voice.path(false), json, JSON.stringify(voice.body("Hello")))
  for (let isTaken = true; isTaken;) {
    isTaken = yield* Effect.scoped(Effect.gen(function*() {
      const socket = yield* Socket.open(port)
      for (let asked = 1;; asked++) {
        socket.write(bytes)
        const answers = Socket.answers(yield* socket.until((text) => Socket.answers(text).length === asked, 10_000))
        const last = answers[asked - 1]
        if (last?.status === 200) counts.whole += 1
        else counts.lost += 1
        if (last === undefined || last.headers.get("connection") === "close") return
        yield* Effect.sleep("20 millis")
      }
    })).pipe(Effect.as(true), Effect.catchDefect(() => Effect.succeed(false)))
  }
})

/** Whether a new connection is taken. */
const isOpen = (port: number): Effect.Effect<boolean> =>
  Effect.scoped(Socket.open(port)).pipe(Effect.as(true), Effect.catchDefect(() => Effect.succeed(false)))

// Each has a process of its own, whose start takes most of the time.
describe.concurrent("llmdispatcher serve", () => {
  const test = (name: string, body: Effect.Effect<void, unknown, Scope.Scope | FileSystem.FileSystem | Path.Path>) =>
    it.live(name, () => Effect.provide(Effect.scoped(body), NodeServices.layer), 60_000)

  test(
    "ends its streams at SIGTERM, takes no new connection meanwhile, and exits with 0",
    Effect.gen(function*() {
      const served = yield* serve("{ drain: 1m }")
      const begun = yield* streams(served, "!hold", 5)
      const watching = yield* Socket.open(served.port)
      const ask = Effect.fnUntraced(function*(path: string, asked: number) {
        watching.write(Socket.request("GET", path, { host: "localhost" }))
        const last = Socket.answers(yield* watching.until((text) => Socket.answers(text).length === asked)).at(-1)
        return [last?.status, last?.headers.get("connection")]
      })
      expect(yield* ask("/healthz", 1)).toEqual([200, "keep-alive"])
      expect(yield* ask("/readyz", 2)).toEqual([200, "keep-alive"])
      const counts = Array.from({ length: 8 }, () => ({ whole: 0, lost: 0 }))
      const busy = yield* Effect.forEach(counts, (count) => Effect.forkChild(asking(served.port, count)))
      yield* until(() => counts.every(({ whole }) => whole > 2))
      yield* served.kill("SIGTERM")
      while (yield* isOpen(served.port)) yield* Effect.sleep("20 millis")
      expect(yield* ask("/readyz", 3)).toEqual([503, "close"])
      yield* Effect.forEach(busy, Fiber.join)
      expect(counts.map(({ lost }) => lost)).toEqual(counts.map(() => 0))
      served.upstream.release()
      const ends = yield* ended(begun)
      expect(ends).toEqual(begun.map(({ voice }) => ({ name: voice.name, status: 200, failed: false })))
      expect(yield* served.code).toBe(0)
    })
  )

  test(
    "tells whoever is still there when the time to end is over, and exits",
    Effect.gen(function*() {
      const served = yield* serve("{ drain: 300ms }")
      const begun = yield* streams(served, "!hold")
      const at = performance.now()
      yield* served.kill("SIGTERM")
      const ends = yield* ended(begun)
      expect(ends).toEqual(begun.map(({ voice }) => ({ name: voice.name, status: 200, failed: true })))
      expect(yield* served.code).toBe(0)
      expect(performance.now() - at).toBeLessThan(15_000)
      expect(served.upstream.received.every(({ isOver }) => isOver)).toBe(true)
    })
  )

  test(
    "does not wait any longer at a second SIGTERM",
    Effect.gen(function*() {
      const served = yield* serve("{ drain: 1m }")
      const begun = yield* streams(served, "!hold")
      yield* served.kill("SIGTERM")
      yield* Effect.sleep("300 millis")
      const at = performance.now()
      yield* served.kill("SIGTERM")
      const ends = yield* ended(begun)
      expect(ends).toEqual(begun.map(({ voice }) => ({ name: voice.name, status: 200, failed: true })))
      expect(typeof (yield* served.code)).toBe("number")
      expect(performance.now() - at).toBeLessThan(15_000)
    })
  )

  test(
    "begins again on the same port after SIGKILL",
    Effect.gen(function*() {
      const served = yield* serve()
      const begun = yield* streams(served, "!hold")
      yield* served.kill("SIGKILL")
      yield* served.code
      yield* ended(begun)
      yield* until(() => served.upstream.received.every(({ isOver }) => isOver))
      const again = yield* begin(served.file, served.port)
      expect(portOf(again)).toBe(served.port)
      yield* ended(
        yield* streams(served, "!words1").pipe(Effect.tap((begun) =>
          Effect.sync(() => {
            for (const { socket } of begun) socket.node.end()
          })
        ))
      )
      const lines = again.stderr.split("\n").filter((line) => line !== "")
      expect(lines).toEqual([`llmdispatcher listens on http://127.0.0.1:${served.port}`])
    })
  )

  test(
    "reads its file anew at SIGHUP; a broken one is told, and streams go on either way",
    Effect.gen(function*() {
      const files = yield* FileSystem.FileSystem
      const served = yield* serve()
      const begun = yield* streams(served, "!hold")
      const ask = (model: string) =>
        Effect.scoped(Effect.gen(function*() {
          const socket = yield* Socket.open(served.port)
          const voice = voices[0]!
          socket.write(Socket.request("POST", voice.path(false), json, JSON.stringify({ ...voice.body("Hi"), model })))
          return Socket.answers(yield* socket.until((text) => Socket.answers(text).length > 0))[0]?.status
        }))
      expect(yield* ask("new-route")).toBe(404)
      yield* files.writeFileString(served.file, "vendors: { chat: { kind: opnai } }\n")
      yield* served.kill("SIGHUP")
      yield* until(() => served.run.stderr.includes("opnai") || served.run.stderr.includes("kind"))
      expect(served.run.stderr).toMatch(/kind/)
      expect(yield* ask("chat/gpt-5-mini")).toBe(200)
      const text = yaml(served.upstream.url, "{ drain: 10s }")
      yield* files.writeFileString(served.file, `${text}routes:\n  new-route: [chat/gpt-5-mini]\n`)
      yield* served.kill("SIGHUP")
      let status: number | undefined
      for (let tries = 0; tries < 100 && status !== 200; tries++) {
        status = yield* ask("new-route")
        yield* Effect.sleep("50 millis")
      }
      expect(status).toBe(200)
      served.upstream.release()
      const whole = yield* Effect.forEach(
        begun,
        ({ socket }) => socket.until((text) => Socket.answers(text).length === 1),
        { concurrency: "unbounded" }
      )
      expect(whole.map((text, at) => [begun[at]!.voice.name, begun[at]!.voice.failed.test(text)])).toEqual(
        begun.map(({ voice }) => [voice.name, false])
      )
    })
  )

  for (const flags of [[], ["--debug"]]) {
    test(
      `writes neither a prompt, an answer nor a key anywhere ${flags.join()}`,
      Effect.gen(function*() {
        const served = yield* serve("{ drain: 100ms }", flags)
        const callerKey = "sk-caller-canary-5Kp2"
        const post = (path: string, body: string, headers: Record<string, string> = {}) =>
          Effect.scoped(Effect.gen(function*() {
            const socket = yield* Socket.open(served.port)
            const keys = { authorization: `Bearer ${callerKey}`, "x-api-key": callerKey, cookie: callerKey }
            socket.write(Socket.request("POST", path, { ...json, ...keys, ...headers }, body))
            return yield* socket.until((text) => Socket.answers(text).length > 0)
          }))
        const prompt = "prompt-canary-Zx81"
        let told = ""
        for (const voice of voices) {
          for (const stream of [false, true]) {
            for (const word of ["", "!fail401 ", "!fail500 ", "!fail400 ", "!fail429 "]) {
              told += yield* post(voice.path(stream), JSON.stringify(voice.body(word + prompt, stream)))
            }
          }
          told += yield* post(voice.path(false), JSON.stringify({ ...voice.body(prompt), temperature: prompt }))
          told += yield* post(voice.path(false), `{"${prompt}`)
          told += yield* post(`/nowhere?key=${callerKey}&q=${prompt}`, "{}")
          told += yield* post(voice.path(false), JSON.stringify(voice.body(prompt)), { host: "evil.test" })
        }
        const begun = yield* streams(served, `!hold ${prompt}`)
        yield* served.kill("SIGTERM")
        yield* ended(begun)
        yield* served.code
        const output = served.run.stdout + served.run.stderr
        expect(output).not.toMatch(/canary/)
        // The vendors echo our key where they complain; callers must not learn it.
        expect(told).not.toContain(vendorKey)
        expect(served.upstream.received.some(({ headers }) => headers["authorization"]?.includes(vendorKey))).toBe(true)
      })
    )
  }

  it.live("is open to nobody but this machine", () =>
    Effect.gen(function*() {
      const run = start(["serve", "--open", "--host", "0.0.0.0", "--port", "0"])
      expect(yield* Effect.promise(() => run.code)).toBe(2)
      expect(run.stderr).toContain("for this machine only")
    }), 30_000)
})
