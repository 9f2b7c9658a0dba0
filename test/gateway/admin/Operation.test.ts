import { describe, expect, it } from "@effect/vitest"
import { Effect, Fiber, Stream } from "effect"
import * as KeyPool from "../../../src/keys/KeyPool.ts"
import { openai } from "../../cli/run.ts"
import { adminKey, layer, serve, text, vendorKeys } from "./gateway.ts"

describe("the operation of a gateway over HTTP", () => {
  it.layer(layer, { excludeTestServices: true })((it) => {
    it.effect("tells vendors with their keys' states and how their targets stand", () =>
      Effect.gen(function*() {
        const { client, runtime } = yield* serve()
        const { vendors } = yield* client(adminKey)
        const told = yield* vendors.list()
        const [openai] = yield* runtime.dispatcher.vendors
        const states = KeyPool.isKeyPool(openai!) ? yield* openai.states : []
        expect(told).toEqual([
          {
            name: "openai",
            provider: "openai",
            kind: "openai",
            address: { host: "api.openai.com", port: 443 },
            defaultModel: expect.any(String),
            keys: states,
            targets: [{ target: "openai/gpt-5-mini", inFlight: 0, circuit: "Closed" }]
          },
          {
            name: "sandbox",
            provider: "llmdispatcher.sandbox",
            kind: "sandbox",
            defaultModel: "sandbox",
            targets: [{ target: "sandbox/sandbox", inFlight: 0, circuit: "Closed" }]
          }
        ])
        expect(yield* vendors.get({ params: { name: "sandbox" } })).toEqual(told[1])
        expect(yield* vendors.circuits()).toEqual([...told[1]!.targets, ...told[0]!.targets])
        expect(yield* Effect.flip(vendors.get({ params: { name: "constructor" } }))).toMatchObject({ _tag: "Missing" })
      }))

    it.effect("uses a refused key of a vendor again when it is told to, and writes that down", () =>
      Effect.gen(function*() {
        const server = yield* Effect.acquireDisposable(Effect.promise(() =>
          openai((response) => {
            response.writeHead(401, { "content-type": "application/json" }).end("{\"error\":{\"message\":\"no\"}}")
          })
        ))
        const { audit, client, runtime } = yield* serve({
          text: `
vendors:
  openai: { baseUrl: "${server.env["OPENAI_BASE_URL"]}", apiKeys: [${vendorKeys.join(", ")}] }
  sandbox: {}
`
        })
        const { vendors } = yield* client(adminKey)
        yield* Effect.flip(runtime.dispatcher.send({ model: "openai/gpt-5-mini", prompt: "Hello" }))
        const { keys = [] } = yield* vendors.get({ params: { name: "openai" } })
        expect(keys.map(({ state }) => state)).toEqual(["rejected", "rejected"])
        const { fingerprint } = keys[1]!
        const key = yield* vendors.resetKey({ params: { name: "openai", fingerprint } })
        expect(key).toMatchObject({ fingerprint, state: "usable" })
        const { keys: after = [] } = yield* vendors.get({ params: { name: "openai" } })
        expect(after.map(({ state }) => state)).toEqual(["rejected", "usable"])
        expect(yield* audit.recent()).toMatchObject([
          { action: "vendor-key.reset", subject: `vendor-key:openai/${fingerprint}`, actor: "root", outcome: "done" }
        ])
        const missing = yield* Effect.forEach(
          [{ name: "openai", fingerprint: "00000000" }, { name: "sandbox", fingerprint }, {
            name: "none",
            fingerprint
          }],
          (params) => Effect.flip(vendors.resetKey({ params }))
        )
        expect(missing.map(({ _tag }) => _tag)).toEqual(["Missing", "Missing", "Missing"])
      }))

    it.effect("tells routes, and who would be asked", () =>
      Effect.gen(function*() {
        const { client } = yield* serve()
        const { routes } = yield* client(adminKey)
        expect(yield* routes.list()).toMatchObject([
          { name: "default", strategy: "ordered", onInterrupted: "fail", targets: [{ id: "sandbox/sandbox" }, {}] }
        ])
        const asked = yield* routes.targets({ query: { model: "gpt-5-mini" } })
        expect(asked).toMatchObject([{ id: "openai/gpt-5-mini", price: { input: expect.any(Number) } }])
        expect((yield* routes.targets({ query: {} })).map(({ id }) => id)).toEqual([
          "sandbox/sandbox",
          "openai/gpt-5-mini"
        ])
        expect(yield* routes.targets({ query: { model: "nobody-has-this" } })).toEqual([])
      }))

    it.effect("tells the configuration without a single secret", () =>
      Effect.gen(function*() {
        const { call, client } = yield* serve()
        const { configuration } = yield* client(adminKey)
        const told = yield* configuration.get()
        expect(told.config).toEqual({
          vendors: {
            openai: { apiKeys: ["<redacted>", "<redacted>"], headers: { "x-team": "<redacted>" } },
            sandbox: { firstWord: 1, perWord: 1 }
          },
          routes: { default: { targets: ["sandbox/sandbox", "openai/gpt-5-mini"], strategy: "ordered" } },
          gateway: { adminKey: "<redacted>" }
        })
        expect(told).toMatchObject({
          vendors: [{ name: "openai", kind: "openai" }, { name: "sandbox", kind: "sandbox" }],
          warnings: []
        })
        const all = yield* Effect.forEach(
          ["vendors", "circuits", "routes", "targets", "stats", "config", "audit", "me", "keys", "principals"],
          (path) => Effect.map(call("GET", `/admin/v1/${path}`, { key: adminKey }), ({ text }) => text)
        )
        for (const secret of [...vendorKeys, "header-canary", adminKey]) expect(all.join()).not.toContain(secret)
      }))

    it.effect("reads the file anew, or says why not", () =>
      Effect.gen(function*() {
        const { audit, client, write } = yield* serve()
        const { configuration, routes } = yield* client(adminKey)
        expect(yield* configuration.reload()).toEqual({ _tag: "Unchanged" })
        yield* write(text.replace("strategy: ordered", "strategy: fastest").replace(vendorKeys[0], "sk-rotated"))
        expect(yield* configuration.reload()).toEqual({ _tag: "Applied", restart: [] })
        expect((yield* routes.list())[0]?.strategy).toBe("fastest")
        yield* write("vendors: { openai: { aipKey: x } }")
        const rejected = yield* configuration.reload()
        expect(rejected).toMatchObject({ _tag: "Rejected", message: expect.stringContaining("apiKey") })
        expect((yield* routes.list())[0]?.strategy).toBe("fastest")
        const events = yield* audit.recent({ action: "config.reload" })
        expect(events.map(({ actor, outcome, reason }) => [actor, outcome, reason])).toEqual([
          ["root", "refused", "Rejected"],
          ["root", "done", "Applied"],
          ["root", "done", "Unchanged"]
        ])
      }))

    it.effect("writes down what changed, whoever brought it", () =>
      Effect.gen(function*() {
        const { audit, runtime, write } = yield* serve()
        const told = yield* audit.events.pipe(Stream.take(1), Stream.runCollect, Effect.forkChild)
        yield* Effect.yieldNow
        yield* write(text.replace("strategy: ordered", "strategy: fastest").replace(vendorKeys[0], "sk-rotated"))
        yield* runtime.reload
        const [event] = yield* Fiber.join(told)
        expect(event).toMatchObject({ action: "config.change", actor: "root", outcome: "done" })
        expect(event?.changes).toEqual([
          {
            path: "vendors.openai.apiKeys",
            before: ["<redacted>", "<redacted>"],
            after: ["<redacted>", "<redacted>"]
          },
          { path: "routes.default.strategy", before: "ordered", after: "fastest" }
        ])
      }))

    it.effect("checks a text without a look at any file or a word of the environment", () =>
      Effect.gen(function*() {
        const { client } = yield* serve()
        const { configuration } = yield* client(adminKey)
        const check = (payload: string) => configuration.check({ payload })
        expect(yield* check("vendors: { openai: { apiKey: \"${file:/nowhere/at/all}\" } }")).toEqual({
          faults: [],
          warnings: []
        })
        const { faults } = yield* check("gateway:\n  port: \"${SECRET_NUMBER}\"\nroutse: {}\n")
        expect(faults).toEqual([
          {
            file: "the text",
            line: 2,
            path: "gateway.port",
            description: "must be a whole number, got ${SECRET_NUMBER}"
          },
          {
            file: "the text",
            line: 3,
            path: "routse",
            description: expect.stringContaining("routes")
          }
        ])
        expect(JSON.stringify(faults)).not.toContain("canary-of-the-environment")
        expect((yield* check("a: [")).faults).toHaveLength(1)
      }))

    it.effect("counts what was asked, and tells a caller of nobody but itself", () =>
      Effect.gen(function*() {
        const { caller, client, runtime } = yield* serve()
        const own = yield* caller("own", { scopes: ["stats:read"] })
        const other = yield* caller("other", {})
        for (const user of [own.principal.id, other.principal.id, "somebody"]) {
          yield* runtime.dispatcher.send({ model: "sandbox/sandbox", prompt: "Hello", user })
        }
        const seenByRoot = yield* (yield* client(adminKey)).stats.snapshot()
        expect(Object.keys(seenByRoot.callers).toSorted()).toEqual(
          [own.principal.id, other.principal.id, "somebody"].toSorted()
        )
        const seen = yield* (yield* client(own.token)).stats.snapshot()
        expect(Object.keys(seen.callers)).toEqual([own.principal.id])
        expect(seen.total.sinceStart.successes).toBe(3)
      }))
  })
})
