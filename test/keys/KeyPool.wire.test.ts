import { NodeServices } from "@effect/platform-node"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Exit, Fiber, FileSystem, Scope, Stream } from "effect"
import * as OpenAi from "llmdispatcher/vendor/OpenAi"
import * as KeyPool from "../../src/keys/KeyPool.ts"
import * as KeySource from "../../src/keys/KeySource.ts"
import * as NodeHttp from "../../src/wire/NodeHttp.ts"
import * as FaultServer from "../wire/FaultServer.ts"
import { call, secret, sent, states, streamed } from "./support.ts"

const chunk = (data: unknown) => `data: ${JSON.stringify(data)}\n\n`

const answered = (text: string) =>
  FaultServer.either(
    FaultServer.json(200, {
      id: "1",
      model: "gpt-5-mini",
      choices: [{ index: 0, message: { role: "assistant", content: text }, finish_reason: "stop" }]
    }),
    FaultServer.stream(
      chunk({ id: "1", choices: [{ index: 0, delta: { role: "assistant", content: text } }] }),
      chunk({ id: "1", choices: [{ index: 0, delta: {}, finish_reason: "stop" }] }),
      "data: [DONE]\n\n"
    )
  )

/** Does with each key what is said of it. */
const server = (byKey: Readonly<Record<string, FaultServer.Handler>>) =>
  FaultServer.make((response, request) =>
    byKey[request.headers.authorization!.slice("Bearer ".length)]!(response, request)
  )

const pooled = (url: string, keys: ReadonlyArray<string>) =>
  KeyPool.make({
    name: "openai",
    keys: KeySource.ofKeys(keys.map(secret)),
    make: (apiKey) => OpenAi.make({ apiKey, baseUrl: url })
  })

const wrong = FaultServer.json(401, { error: { message: "no", code: "invalid_api_key" } })
const limited = FaultServer.json(429, { error: { message: "slow", code: "rate_limit_exceeded" } }, {
  "retry-after": "7"
})
const spent = FaultServer.json(429, {
  error: { message: "pay", code: "insufficient_quota", type: "insufficient_quota" }
})

const http = NodeHttp.layer()

describe("KeyPool over OpenAI's protocol", () => {
  it.live.each([["send", sent], ["stream", streamed]] as const)(
    "goes from key to key by %s",
    ([, ask]) =>
      Effect.gen(function*() {
        const { requests, url } = yield* server({ a: wrong, b: limited, c: spent, d: answered("from d") })
        const vendor = yield* pooled(url, ["a", "b", "c", "d"])
        expect(yield* ask(vendor, "gpt-5-mini")).toBe("from d")
        expect(yield* ask(vendor, "gpt-5-mini")).toBe("from d")
        expect(requests.map(({ headers }) => headers.authorization)).toEqual(
          ["a", "b", "c", "d", "d"].map((key) => `Bearer ${key}`)
        )
        expect(yield* states(vendor)).toEqual(["rejected", "coolingDown", "exhausted", "usable"])
      }).pipe(Effect.scoped, Effect.provide(http))
  )

  it.live("shares connections among its keys", () =>
    Effect.gen(function*() {
      const keys = ["a", "b", "c", "d", "e", "f", "g", "h"]
      const { connections, requests, url } = yield* server(Object.fromEntries(keys.map((key) => [key, answered(key)])))
      const vendor = yield* pooled(url, keys)
      const answers = yield* Effect.forEach(keys, () => sent(vendor, "gpt-5-mini"))
      expect(answers).toEqual(keys)
      expect(requests).toHaveLength(8)
      // Not always one: a connection comes back a moment after its answer.
      expect(connections()).toBeLessThan(8)
    }).pipe(Effect.scoped, Effect.provide(http)))

  it.live("asks another key where the limit is told inside the stream, before any word", () =>
    Effect.gen(function*() {
      const inside = FaultServer.stream(
        chunk({ id: "1", choices: [{ index: 0, delta: { role: "assistant", content: "" } }] }),
        chunk({ error: { message: "slow", code: "rate_limit_exceeded", type: "requests" } })
      )
      const { requests, url } = yield* server({ a: inside, b: answered("from b") })
      const vendor = yield* pooled(url, ["a", "b"])
      expect(yield* streamed(vendor, "gpt-5-mini")).toBe("from b")
      expect(requests).toHaveLength(2)
      expect(yield* states(vendor)).toEqual(["coolingDown", "usable"])
    }).pipe(Effect.scoped, Effect.provide(http)))

  it.live("aborts the upstream of a stream that outlives its key", () =>
    Effect.gen(function*() {
      const { arrived, url } = yield* server({
        a: FaultServer.stall(chunk({ choices: [{ delta: { content: "half" } }] }))
      })
      const vendor = yield* KeyPool.make({
        name: "openai",
        keys: KeySource.ofKeys([secret("a")]),
        make: (apiKey) => OpenAi.make({ apiKey, baseUrl: url }),
        drain: "50 millis"
      })
      const running = yield* Effect.forkChild(Effect.flip(streamed(vendor, "gpt-5-mini")), { startImmediately: true })
      const { aborted } = yield* arrived
      yield* vendor.rotate([secret("b")])
      yield* aborted
      expect((yield* Fiber.join(running)).message).toContain("its key was replaced")
    }).pipe(Effect.scoped, Effect.provide(http)))

  it.live("aborts the upstream of a stream whose caller goes", () =>
    Effect.gen(function*() {
      const { arrived, url } = yield* server({ a: FaultServer.stall(chunk({ id: "1", choices: [{ delta: {} }] })) })
      const vendor = yield* pooled(url, ["a"])
      const scope = yield* Scope.make()
      const { parts } = yield* Scope.provide(vendor.stream(call("gpt-5-mini")), scope)
      yield* Effect.forkScoped(Stream.runDrain(parts))
      const { aborted } = yield* arrived
      yield* Scope.close(scope, Exit.void)
      yield* aborted
    }).pipe(Effect.scoped, Effect.provide(http)))
})

describe("KeyPool over a file", () => {
  it.live("takes on the keys of a file that another is renamed over, and keeps them when it is gone", () =>
    Effect.gen(function*() {
      const files = yield* FileSystem.FileSystem
      const directory = yield* files.makeTempDirectoryScoped()
      const path = `${directory}/keys`
      yield* files.writeFileString(path, "# ours\nfirst\n")
      const vendor = yield* KeyPool.make({
        name: "openai",
        keys: KeySource.fromFile(path, { every: "20 millis" }),
        make: (apiKey) => OpenAi.make({ apiKey, baseUrl: "http://127.0.0.1:1" })
      })
      const fingerprints = Effect.map(vendor.states, (all) => all.map(({ fingerprint }) => fingerprint))
      /** Ends with the test where it never comes. */
      const become = (keys: ReadonlyArray<string>) =>
        vendor.changes.pipe(
          Stream.filter((all) => all.map(({ fingerprint }) => fingerprint).join() === keys.join()),
          Stream.runHead
        )
      const faulty = (is: boolean) =>
        Effect.repeat(Effect.sleep(5), {
          until: () => Effect.map(vendor.fault, (fault) => (fault !== undefined) === is)
        })
      expect(yield* fingerprints).toEqual(["a7937b64"])
      yield* files.writeFileString(`${path}.new`, "first\r\nsecond\r\n")
      yield* files.rename(`${path}.new`, path)
      yield* become(["a7937b64", "16367aac"])
      yield* files.remove(path)
      yield* faulty(true)
      expect(yield* vendor.fault).toBe(`${path}: could not be read (NotFound)`)
      expect(yield* fingerprints).toEqual(["a7937b64", "16367aac"])
      yield* files.writeFileString(path, "second")
      yield* become(["16367aac"])
      yield* faulty(false)
    }).pipe(Effect.scoped, Effect.provide([http, NodeServices.layer])))
})
