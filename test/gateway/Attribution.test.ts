import { describe, expect, it } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import * as Access from "../../src/access/Access.ts"
import * as Audit from "../../src/access/Audit.ts"
import { CurrentPrincipal } from "../../src/access/CurrentPrincipal.ts"
import * as Principals from "../../src/access/Principals.ts"
import * as Spending from "../../src/access/Spending.ts"
import * as Cache from "../../src/cache/Cache.ts"
import * as Dispatcher from "../../src/Dispatcher.ts"
import * as Attribution from "../../src/gateway/Attribution.ts"
import type { DispatchRecord } from "../../src/stats/Record.ts"
import { answer, sequence } from "../support/vendors.ts"

const services = Access.layer().pipe(
  Layer.provideMerge(Principals.layerMemory()),
  Layer.provide(Layer.merge(Audit.layerMemory(), Spending.layerMemory))
)

/** A dispatcher with a cache for principals, and what it records. */
const opened = Effect.gen(function*() {
  const principals = yield* Principals.Principals
  const { vendor } = sequence("a", [answer("Hello")])
  const records: Array<DispatchRecord> = []
  const cache = Context.get(yield* Layer.build(Cache.layerMemory({ shared: true })), Cache.Cache)
  const dispatcher = yield* Dispatcher.make({
    vendors: [vendor],
    cache,
    recorders: [{ record: (record) => records.push(record) }],
    ...Attribution.make(yield* Access.Access)
  })
  const send = (id: string, request: Parameters<typeof dispatcher.send>[0]) =>
    Effect.provideService(dispatcher.send(request), CurrentPrincipal, { id })
  const create = (name: string, models: ReadonlyArray<string>) =>
    Effect.provideService(principals.create({ id: name, name, kind: "team", grant: { models } }), CurrentPrincipal, {
      id: "root"
    })
  yield* create("ann", ["a/*"])
  yield* create("eve", ["b/*"])
  return { dispatcher, records, send }
})

describe("a dispatcher for principals", () => {
  it.effect("counts each dispatch for whoever asked, whatever user the request names", () =>
    Effect.gen(function*() {
      const { records, send } = yield* opened
      yield* send("ann", { model: "a/m", prompt: "Hello", user: "eve", cache: "on" })
      yield* send("ann", { model: "a/m", prompt: "Hello", user: "eve", cache: "on" })
      expect(records.map(({ caller, isCached }) => [caller, isCached])).toEqual([["ann", false], ["ann", true]])
    }).pipe(Effect.provide(services)))

  it.effect("gives nobody out of the cache what it may not ask", () =>
    Effect.gen(function*() {
      const { records, send } = yield* opened
      yield* send("ann", { model: "a/m", prompt: "Hello" })
      const refused = yield* Effect.flip(send("eve", { model: "a/m", prompt: "Hello" }))
      expect(refused.reason._tag).toBe("PermissionDenied")
      expect(records.filter(({ isCached }) => isCached)).toEqual([])
    }).pipe(Effect.provide(services)))

  it.effect("answers nobody who is not named", () =>
    Effect.gen(function*() {
      const { dispatcher } = yield* opened
      const refused = yield* Effect.flip(dispatcher.send({ model: "a/m", prompt: "Hello" }))
      expect(refused.reason._tag).toBe("Unauthenticated")
    }).pipe(Effect.provide(services)))
})
