import { describe, expect, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Layer, Scope, Stream } from "effect"
import { FetchHttpClient } from "effect/http"
import { TestClock } from "effect/testing"
import * as Dispatcher from "llmdispatcher/Dispatcher"
import * as VendorPlugin from "llmdispatcher/VendorPlugin"
import * as VendorRegistry from "llmdispatcher/VendorRegistry"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { fileURLToPath, pathToFileURL } from "node:url"
import { answer, sequence } from "./support/vendors.ts"

// Inside the repository, so that a plugin finds effect and llmdispatcher as an installed one would.
const cache = fileURLToPath(new URL("../node_modules/.cache/llmdispatcher/", import.meta.url))

const folder = Effect.acquireRelease(
  Effect.sync(() => {
    mkdirSync(cache, { recursive: true })
    return mkdtempSync(`${cache}plugin-`)
  }),
  (path) => Effect.sync(() => rmSync(path, { recursive: true }))
)

/** The code of a plugin; `state` is where the test and the plugin meet. */
const code = (parts: { readonly version?: string; readonly layer?: string; readonly name?: string } = {}) => `
import { Effect, Layer, Schema, Stream } from "effect"
import * as Vendor from "llmdispatcher/Vendor"
import * as VendorPlugin from "llmdispatcher/VendorPlugin"
const state = globalThis.pluginState
class P extends Vendor.Service<P>()("${parts.name ?? "p"}") {}
const usage = { inputTokens: {}, outputTokens: {} }
const vendor = (text: string) => Vendor.make({
  name: "p",
  defaultModel: "m",
  send: () => Effect.as(state?.gate ?? Effect.void, {
    parts: [{ type: "text", text }, { type: "finish", reason: "stop", usage }],
    losses: []
  })
})
export default VendorPlugin.make({
  name: "${parts.name ?? "p"}",
  version: "${parts.version ?? "1"}",
  config: Schema.Struct({ text: Schema.String, key: Schema.optionalKey(Schema.Redacted(Schema.String)) }),
  service: P,
  layer: ({ text }) => ${parts.layer ?? "P.layerOf(vendor(text))"}
})
`

const Live = Dispatcher.layer({ vendors: [] }).pipe(
  Layer.provideMerge(VendorRegistry.layer),
  Layer.merge(FetchHttpClient.layer)
)

const write = (content: string) =>
  Effect.map(folder, (path) => {
    writeFileSync(`${path}/plugin.ts`, content)
    return {
      url: pathToFileURL(`${path}/plugin.ts`),
      rewrite: (content: string) => Effect.sync(() => writeFileSync(`${path}/plugin.ts`, content))
    }
  })

const ask = Effect.gen(function*() {
  const dispatcher = yield* Dispatcher.Dispatcher
  return (yield* dispatcher.send({ model: "p/m", prompt: "Hello" })).text
})

/** Holds the plugin's answers back until it is opened. */
const gate = Effect.acquireRelease(
  Effect.gen(function*() {
    const begun = yield* Deferred.make<void>()
    const opened = yield* Deferred.make<void>()
    const wait = Effect.andThen(Deferred.succeed(begun, undefined), Deferred.await(opened))
    ;(globalThis as any).pluginState = { gate: wait }
    return { begun: Deferred.await(begun), open: Deferred.succeed(opened, undefined) }
  }),
  () => Effect.sync(() => delete (globalThis as any).pluginState)
)

describe("VendorPlugin", () => {
  it.live("answers from the time it is loaded until its Scope closes", () =>
    Effect.gen(function*() {
      const { url } = yield* write(code())
      const scope = yield* Scope.make()
      const plugin = yield* Scope.provide(VendorPlugin.load(url, { text: "Hi" }), scope)
      expect([plugin.name, plugin.version(), yield* ask]).toEqual(["p", "1", "Hi"])
      yield* Scope.close(scope, Exit.void)
      expect((yield* Effect.flip(ask)).reason._tag).toBe("NoCandidate")
    }).pipe(Effect.provide(Live)))

  it.live("is loaded anew with new code, and what has begun ends on the old", () =>
    Effect.gen(function*() {
      const { rewrite, url } = yield* write(code())
      const { begun, open } = yield* gate
      const plugin = yield* VendorPlugin.load(url, { text: "old" })
      const fiber = yield* Effect.forkChild(ask)
      yield* begun
      yield* rewrite(
        code({ version: "2", layer: "P.layerOf(Vendor.make({ ...vendor(text), send: vendor(text + '!').send }))" })
      )
      yield* plugin.reload({ text: "new" })
      expect(plugin.version()).toBe("2")
      yield* open
      expect([yield* Fiber.join(fiber), yield* ask]).toEqual(["old", "new!"])
    }).pipe(Effect.provide(Live)))

  it.live("keeps its configuration when it is loaded anew without one", () =>
    Effect.gen(function*() {
      const { url } = yield* write(code())
      const plugin = yield* VendorPlugin.load(url, { text: "same" })
      yield* plugin.reload()
      expect(yield* ask).toBe("same")
    }).pipe(Effect.provide(Live)))

  it.live("ends its Layer only when the requests that have begun are done", () =>
    Effect.gen(function*() {
      const { url } = yield* write(code({
        layer: `Layer.merge(P.layerOf(vendor(text)), Layer.effectDiscard(Effect.addFinalizer(() =>
          Effect.sync(() => { state.ended = true }))))`
      }))
      const { begun, open } = yield* gate
      const scope = yield* Scope.make()
      yield* Scope.provide(VendorPlugin.load(url, { text: "Hi" }), scope)
      const fiber = yield* Effect.forkChild(ask)
      yield* begun
      const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void), { startImmediately: true })
      yield* Effect.yieldNow
      expect((globalThis as any).pluginState.ended).toBeUndefined()
      yield* open
      expect(yield* Fiber.join(fiber)).toBe("Hi")
      yield* Fiber.join(closing)
      expect((globalThis as any).pluginState.ended).toBe(true)
    }).pipe(Effect.provide(Live)))

  it.effect("waits no longer than it was told to", () =>
    Effect.gen(function*() {
      const { url } = yield* write(code())
      const { begun } = yield* gate
      const scope = yield* Scope.make()
      yield* Scope.provide(VendorPlugin.load(url, { text: "Hi" }, { drain: "5 seconds" }), scope)
      yield* Effect.forkChild(ask)
      yield* begun
      const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void), { startImmediately: true })
      yield* TestClock.adjust("4999 millis")
      expect(closing.pollUnsafe()).toBeUndefined()
      yield* TestClock.adjust("1 millis")
      yield* Fiber.join(closing)
    }).pipe(Effect.provide(Live)))

  const broken: ReadonlyArray<readonly [name: string, code: string, config: unknown, step: string, words: string]> = [
    ["code that cannot be read", "export default {", {}, "import", ""],
    ["code that throws", "throw new Error('not today')", {}, "import", "not today"],
    ["a module that exports something else", "export default 5", {}, "shape", "exports no VendorPlugin"],
    ["a wrong configuration", code(), { text: 5 }, "config", "config.text"],
    [
      "a Layer that fails",
      code({ layer: "Layer.effect(P, Effect.fail(new Error('no gpu')))" }),
      { text: "x" },
      "layer",
      "no gpu"
    ],
    ["a Layer that throws", code({ layer: "{ throw new Error('no disk') }" }), { text: "x" }, "layer", "no disk"]
  ]

  it.live.each(broken)(
    "says of %s what is wrong, and takes nothing down",
    ([, content, config, step, words]) =>
      Effect.gen(function*() {
        const { rewrite, url } = yield* write(content)
        const error = yield* Effect.flip(VendorPlugin.load(url, config))
        expect([error._tag, error.step]).toEqual(["PluginError", step])
        expect(error.description).toContain(words)
        const registry = yield* VendorRegistry.VendorRegistry
        expect(yield* registry.all).toEqual([])
        // An engine keeps a module that failed under its address too, so the next load is of another file.
        yield* rewrite(code())
        const good = yield* write(code())
        const plugin = yield* VendorPlugin.load(good.url, { text: "fine" })
        yield* Effect.flip(VendorPlugin.load(url, config))
        expect(yield* ask).toBe("fine")
        expect(plugin.version()).toBe("1")
      }).pipe(Effect.provide(Live))
  )

  it.live("never tells a configured value", () =>
    Effect.gen(function*() {
      const { url } = yield* write(code())
      const error = yield* Effect.flip(VendorPlugin.load(url, { text: 5, key: { secret: "sk-canary" } }))
      expect(error.step).toBe("config")
      expect(JSON.stringify(error) + error.message).not.toContain("sk-canary")
    }).pipe(Effect.provide(Live)))

  it.live("refuses a name that is taken, and a new name when it is loaded anew", () =>
    Effect.gen(function*() {
      const one = yield* write(code())
      const two = yield* write(code())
      const plugin = yield* VendorPlugin.load(one.url, { text: "one" })
      const taken = yield* Effect.flip(VendorPlugin.load(two.url, { text: "two" }))
      expect([taken.step, taken.description]).toEqual([
        "register",
        "a vendor with the name \"p\" is registered already"
      ])
      yield* one.rewrite(code({ name: "q" }))
      const renamed = yield* Effect.flip(plugin.reload())
      expect([renamed.step, yield* ask]).toEqual(["register", "one"])
    }).pipe(Effect.provide(Live)))

  it.live("fails only its own attempt when it throws", () =>
    Effect.gen(function*() {
      const { url } = yield* write(code({
        layer: `P.layerOf(Vendor.make({ ...vendor(text), send: () => { throw new Error("oops") },
          stream: () => Effect.die("oops"), serves: () => { throw new Error("oops") } }))`
      }))
      yield* VendorPlugin.load(url, { text: "x" })
      const registry = yield* VendorRegistry.VendorRegistry
      const { vendor } = sequence("other", [answer("from the other")])
      const dispatcher = yield* Dispatcher.make({
        vendors: [vendor],
        registry,
        retry: false,
        routes: { all: ["p/m", "other/m"] }
      })
      const response = yield* dispatcher.send({ model: "all", prompt: "Hello" })
      expect(response.text).toBe("from the other")
      expect(response.attempts[0]).toMatchObject({ vendor: "p", reason: "ServerFault" })
      expect(response.attempts[0]?.message).toContain("the plugin failed: oops")
      const error = yield* Effect.flip(Stream.runDrain(dispatcher.stream({ model: "p/m", prompt: "Hello" })))
      expect(error.reason._tag).toBe("ServerFault")
    }).pipe(Effect.provide(Live)))
})
