import { describe, expect, it } from "@effect/vitest"
import { Effect, Layer, Logger, Scope, Stream } from "effect"
import { KeyValueStore, Persistence } from "effect/persistence"
import { TestClock } from "effect/testing"
import * as Dispatcher from "llmdispatcher/Dispatcher"
import { type Part, type StreamPart, summaryOf } from "llmdispatcher/Response"
import type * as Vendor from "llmdispatcher/Vendor"
import type { AttemptError } from "llmdispatcher/VendorError"
import { CurrentPrincipal } from "../../src/access/CurrentPrincipal.ts"
import * as Cache from "../../src/cache/Cache.ts"
import { answer, finish, sequence, serverFault, stream, textParts } from "../support/vendors.ts"

const ask = { prompt: "Hello" }

type Steps = ReadonlyArray<Effect.Effect<Vendor.Answer | Vendor.AnswerStream, AttemptError>>

const parts = (...parts: ReadonlyArray<Part>): Effect.Effect<Vendor.Answer> => Effect.succeed({ parts, losses: [] })

/** A dispatcher over one scripted vendor, behind a cache. */
const cached = Effect.fnUntraced(function*(
  steps: Steps,
  options?: Cache.Options,
  backing: Layer.Layer<Persistence.BackingPersistence> = Layer.fresh(Persistence.layerBackingMemory)
) {
  const cache = yield* Effect.flatMap(Effect.scope, (scope) =>
    Layer.buildWithScope(backing, scope).pipe(
      Effect.flatMap((context) => Effect.provideContext(Cache.make(options), context))
    ))
  const { calls, vendor } = sequence("a", steps)
  const dispatcher = yield* Dispatcher.make({
    vendors: [vendor],
    routes: { default: [{ vendor: "a", model: "m", price: { input: 2, output: 8 } }] },
    retry: false,
    circuit: false
  })
  let number = 0
  const newId = Effect.sync(() => `id-${number++}`)
  return { ...cache.through(dispatcher, { newId, deadline: 600_000 }), cache, calls }
})

const collect = (dispatcher: Pick<Dispatcher.Dispatcher["Service"], "stream">, input: any = ask) =>
  Stream.runCollect(dispatcher.stream(input))

const withoutSummary = (parts: ReadonlyArray<StreamPart>) => parts.map((part) => part.type === "finish" ? finish : part)

describe("Cache, kept answers", () => {
  it.effect("gives an answer again at no cost, as it was, in its own time", () =>
    Effect.gen(function*() {
      const { cache, calls, send } = yield* cached([answer("Hi"), answer("Ho")])
      const first = yield* send(ask)
      expect(first.cached).toBe(undefined)
      yield* TestClock.adjust("1 minute")
      const { id, parts, ...rest } = yield* send({ messages: [{ role: "user", content: "Hello" }] })
      expect(id).toBe("id-1")
      expect(parts).toEqual(first.parts)
      expect(rest).toEqual({
        vendor: "a",
        target: "a/m",
        model: "m",
        finishReason: "stop",
        usage: finish.usage,
        cost: 0,
        timings: { startedAt: 60_000, total: 0 },
        attempts: [],
        losses: [],
        cached: { id: first.id, age: 60_000 }
      })
      expect(calls.length).toBe(1)
      expect(yield* cache.figures).toMatchObject({
        hits: 1,
        misses: 1,
        stored: 1,
        saved: first.cost,
        entries: 1
      })
    }))

  it.effect("calls again when the answer has lived its time", () =>
    Effect.gen(function*() {
      const { calls, send } = yield* cached([answer("Hi"), answer("Ho")], { timeToLive: "1 minute" })
      yield* send(ask)
      yield* TestClock.adjust("59 seconds")
      expect((yield* send(ask)).text).toBe("Hi")
      yield* TestClock.adjust("1 second")
      expect((yield* send(ask)).text).toBe("Ho")
      expect(calls.length).toBe(2)
    }))

  it.effect("gives each caller its own answers, and everyone everybody's when they are shared", () =>
    Effect.gen(function*() {
      const own = yield* cached([answer("Hi")])
      for (const user of ["ada", "bob", "ada", undefined, "bob", undefined]) {
        yield* own.send(user === undefined ? ask : { ...ask, user })
      }
      expect(own.calls.length).toBe(3)
      const shared = yield* cached([answer("Hi")], { shared: true })
      for (const user of ["ada", "bob"]) yield* shared.send({ ...ask, user })
      expect(shared.calls.length).toBe(1)
    }))

  it.effect("keeps principals apart, whatever user they name", () =>
    Effect.gen(function*() {
      const { calls, send } = yield* cached([answer("Hi")])
      for (const id of ["one", "two", "one"]) {
        yield* Effect.provideService(send({ ...ask, user: "ada" }), CurrentPrincipal, { id })
      }
      expect(calls.length).toBe(2)
    }))

  it.effect("tells answers apart by what it is told to", () =>
    Effect.gen(function*() {
      const { calls, send } = yield* cached([answer("Hi")], { vary: ({ metadata }) => metadata?.["tier"] })
      for (const tier of ["free", "paid", "free"]) yield* send({ ...ask, metadata: { tier, run: String(Math.E) } })
      expect(calls.length).toBe(2)
    }))

  it.effect("does as the request wishes: off, only, refresh", () =>
    Effect.gen(function*() {
      const { cache, calls, send, stream } = yield* cached([answer("1"), answer("2"), answer("3")])
      const error = yield* Effect.flip(send({ ...ask, cache: "only" }))
      expect(error.reason).toEqual({
        _tag: "NoCandidate",
        description: "the cache has no answer to this request, which is to be answered from there only",
        known: []
      })
      expect((yield* Effect.flip(Stream.runDrain(stream({ ...ask, cache: "only" })))).reason._tag).toBe("NoCandidate")
      expect(calls.length).toBe(0)
      expect((yield* send({ ...ask, cache: "off" })).text).toBe("1")
      expect((yield* send(ask)).text).toBe("2")
      expect((yield* send({ ...ask, cache: "only" })).text).toBe("2")
      expect((yield* send({ ...ask, cache: "refresh" })).text).toBe("3")
      expect((yield* send(ask)).text).toBe("3")
      expect(yield* cache.figures).toMatchObject({ bypassed: 1, misses: 1, refreshed: 1, hits: 2 })
    }))

  it.effect("is off unless asked for where it is told so", () =>
    Effect.gen(function*() {
      const { calls, send } = yield* cached([answer("Hi")], { default: "off" })
      yield* send(ask)
      yield* send({ ...ask, cache: "on" })
      yield* send({ ...ask, cache: "on" })
      yield* send(ask)
      expect(calls.length).toBe(3)
    }))

  it.effect("refuses what is no request before it looks anything up", () =>
    Effect.gen(function*() {
      const { cache, send } = yield* cached([answer("Hi")])
      expect((yield* Effect.flip(send({ ...ask, temperature: 3 }))).reason._tag).toBe("InvalidRequest")
      expect(yield* cache.figures).toMatchObject({ misses: 0, hits: 0 })
    }))

  it.effect("asks whether this caller may have an answer before it gives one", () =>
    Effect.gen(function*() {
      const cache = yield* Effect.provide(Cache.make({ shared: true }), Persistence.layerBackingMemory, { local: true })
      const { vendor } = sequence("a", [answer("Hi")])
      const dispatcher = yield* Dispatcher.make({ vendors: [vendor] })
      const { send } = cache.through(dispatcher, {
        newId: Effect.succeed("id"),
        deadline: Infinity,
        admit: ({ user }) => user === "eve" ? Effect.fail(serverFault) : Effect.void
      })
      yield* send({ ...ask, user: "ada" })
      expect((yield* send({ ...ask, user: "bob" })).text).toBe("Hi")
      expect((yield* Effect.flip(send({ ...ask, user: "eve" }))).reason._tag).toBe("ServerFault")
    }))

  it.effect("forgets what it is told to forget", () =>
    Effect.gen(function*() {
      const { cache, calls, send } = yield* cached([answer("Hi")])
      yield* send(ask)
      yield* cache.clear
      yield* send(ask)
      expect(calls.length).toBe(2)
    }))

  it.effect("fails for options out of range", () =>
    Effect.gen(function*() {
      const errors = yield* Effect.forEach([
        { maxEntries: 0 },
        { maxBytes: 1.5 },
        { maxEntryBytes: -1 },
        { timeToLive: 0 },
        { semantic: { embed: () => Effect.succeed([1]), threshold: 2 } }
      ], (options) => Effect.flip(Cache.make(options)).pipe(Effect.provide(Persistence.layerBackingMemory)))
      expect(errors.map(({ message }) => message)).toEqual([
        "cache.maxEntries: must be a whole number above 0",
        "cache.maxBytes: must be a whole number above 0",
        "cache.maxEntryBytes: must be a whole number above 0",
        "cache.timeToLive: must be a time of 1 ms or more",
        "cache.semantic.threshold: must be above 0 and at most 1"
      ])
    }))
})

describe("Cache, what is never kept", () => {
  const toolCall = { type: "tool-call", id: "1", name: "add", params: {} } as const
  const twice = Effect.fnUntraced(function*(step: Steps[number], options?: Cache.Options) {
    const { calls, send } = yield* cached([step], options)
    yield* Effect.exit(send(ask))
    yield* Effect.exit(send(ask))
    return calls.length
  })

  it.effect("an error", () =>
    Effect.gen(function*() {
      const { send } = yield* cached([Effect.fail(serverFault), answer("Hi")])
      expect((yield* Effect.flip(send(ask))).reason._tag).toBe("ServerFault")
      expect((yield* send(ask)).text).toBe("Hi")
    }))

  it.effect("a stream that broke", () =>
    Effect.gen(function*() {
      const broken = Stream.concat(Stream.fromIterable(textParts("Hi").slice(0, 3)), Stream.fail(serverFault))
      const dispatcher = yield* cached([stream(broken), stream(textParts("Ho"))])
      yield* Effect.flip(collect(dispatcher))
      expect(withoutSummary(yield* collect(dispatcher))).toEqual(textParts("Ho"))
      expect(dispatcher.calls.length).toBe(2)
    }))

  it.effect("a tool call, unless asked for", () =>
    Effect.gen(function*() {
      const step = parts(toolCall, { ...finish, reason: "tool-calls" })
      expect(yield* twice(step)).toBe(2)
      expect(yield* twice(parts({ type: "text", text: "Hi" }, toolCall, finish))).toBe(2)
      expect(yield* twice(step, { toolCalls: true })).toBe(1)
    }))

  it.effect("an answer cut at its length, unless asked for", () =>
    Effect.gen(function*() {
      const step = parts({ type: "text", text: "Hi" }, { ...finish, reason: "length" })
      expect(yield* twice(step)).toBe(2)
      expect(yield* twice(step, { truncated: true })).toBe(1)
    }))

  it.effect("an answer that was filtered, or says nothing", () =>
    Effect.gen(function*() {
      expect(yield* twice(parts({ type: "text", text: "Hi" }, { ...finish, reason: "content-filter" }))).toBe(2)
      expect(yield* twice(parts(finish))).toBe(2)
    }))
})

describe("Cache, streams", () => {
  it.effect("gives a stream again with the same parts in the same order, at once", () =>
    Effect.gen(function*() {
      const dispatcher = yield* cached([stream(textParts("Hel", "lo", "!"))])
      const first = yield* collect(dispatcher)
      yield* TestClock.adjust("10 seconds")
      const second = yield* collect(dispatcher)
      expect(withoutSummary(second)).toEqual(textParts("Hel", "lo", "!"))
      const last = second[second.length - 1]!
      expect(summaryOf(last)).toEqual({
        ...summaryOf(first[first.length - 1]!),
        id: "id-1",
        cost: 0,
        attempts: [],
        timings: { startedAt: 10_000, timeToFirstPart: 0, total: 0 },
        cached: { id: summaryOf(first[first.length - 1]!)!.id, age: 10_000 }
      })
      expect(dispatcher.calls.length).toBe(1)
    }))

  it.effect("gives a stream again at a pace where it is told one", () =>
    Effect.gen(function*() {
      const dispatcher = yield* cached([stream(textParts("Hel", "lo"))], { pace: "10 millis" })
      yield* collect(dispatcher)
      const times: Array<number> = []
      yield* Effect.forkChild(Stream.runForEach(dispatcher.stream(ask), () =>
        Effect.map(
          Effect.clockWith((clock) => clock.currentTimeMillis),
          (now) => times.push(now)
        )))
      while (times.length === 0) {
        yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
      }
      yield* TestClock.adjust("1 second")
      expect(times).toEqual([0, 10, 20, 30, 40, 50])
    }))

  it.effect("answers a whole answer from a stream and a stream from a whole answer", () =>
    Effect.gen(function*() {
      const streamed = yield* cached([stream(textParts("Hel", "lo"))])
      yield* collect(streamed)
      expect((yield* streamed.send(ask)).parts).toEqual([
        { type: "response-metadata", id: "upstream-1", modelId: "model-2026" },
        { type: "text", text: "Hello" },
        finish
      ])
      const sent = yield* cached([answer("Hello")])
      yield* sent.send(ask)
      expect(withoutSummary(yield* collect(sent))).toEqual([
        { type: "text-start", id: "0" },
        { type: "text-delta", id: "0", delta: "Hello" },
        { type: "text-end", id: "0" },
        finish
      ])
    }))

  it.effect("keeps a stream whose reader stops at its last part", () =>
    Effect.gen(function*() {
      const { calls, send, stream: open } = yield* cached([stream(textParts("Hi"))])
      yield* Stream.runDrain(Stream.takeUntil(open(ask), ({ type }) => type === "finish"))
      expect((yield* send(ask)).text).toBe("Hi")
      expect(calls.length).toBe(1)
    }))
})

describe("Cache, questions that mean the same", () => {
  const vectors: Record<string, ReadonlyArray<number>> = {
    "How tall is Everest?": [1, 0.1],
    "What is the height of Everest?": [1, 0.12],
    "Who climbed Everest?": [0.1, 1]
  }
  const semantic = { embed: (text: string) => text in vectors ? Effect.succeed(vectors[text]!) : Effect.fail("away") }
  const [tall, height, climbed] = Object.keys(vectors).map((prompt) => ({ prompt }))

  it.effect("answers a near question, and neither a far one nor one asked otherwise", () =>
    Effect.gen(function*() {
      const { cache, calls, send } = yield* cached([answer("8,849 m"), answer("Hillary and Norgay")], { semantic })
      const first = yield* send(tall!)
      const near = yield* send(height!)
      expect(near.text).toBe("8,849 m")
      expect(near.cached).toEqual({ id: first.id, age: 0 })
      expect((yield* send(climbed!)).text).toBe("Hillary and Norgay")
      yield* send({ ...height!, temperature: 1 })
      yield* send({ ...height!, user: "ada" })
      expect(calls.length).toBe(4)
      expect(yield* cache.figures).toMatchObject({ hits: 1, similar: 1 })
    }))

  it.effect("is not asked by default", () =>
    Effect.gen(function*() {
      const { calls, send } = yield* cached([answer("8,849 m")])
      yield* send(tall!)
      yield* send(height!)
      expect(calls.length).toBe(2)
    }))

  it.effect("goes on without vectors where none can be made", () =>
    Effect.gen(function*() {
      const { calls, send } = yield* cached([answer("Hi")], { semantic })
      yield* send(ask)
      yield* send(ask)
      yield* send({ prompt: "Hello!" })
      expect(calls.length).toBe(2)
    }))
})

describe("Cache, stores", () => {
  const failing = Layer.succeed(Persistence.BackingPersistence, {
    make: () => {
      const away = Effect.fail(
        new Persistence.PersistenceError({ message: "canary-secret", cause: new Error("canary-secret") })
      )
      return Effect.succeed({
        get: () => away,
        getMany: () => away,
        set: () => away,
        setMany: () => away,
        remove: () => away,
        clear: away
      })
    }
  })

  it.effect("passes by a store that fails, and says so once, without what was to be kept", () =>
    Effect.gen(function*() {
      const lines: Array<string> = []
      const logger = Logger.make(({ cause, message }) => void lines.push(`${String(message)} ${JSON.stringify(cause)}`))
      const { cache, calls, send } = yield* cached([answer("canary-secret")], {}, failing)
      yield* Effect.gen(function*() {
        for (let times = 0; times < 3; times++) yield* send({ prompt: "canary-secret" })
      }).pipe(Effect.provide(Logger.layer([logger])))
      expect(calls.length).toBe(3)
      yield* TestClock.adjust(1)
      expect(yield* cache.figures).toMatchObject({ failures: 6, stored: 0, misses: 3 })
      expect(lines.length).toBe(1)
      expect(lines.join()).toContain("The cache's store fails and is passed by: get failed")
      expect(lines.join()).not.toContain("canary")
    }))

  it.effect("answers from what another process left in the same store, under keys that tell nothing", () =>
    Effect.gen(function*() {
      const map = new Map<string, string>()
      const kvs = Layer.succeed(
        KeyValueStore.KeyValueStore,
        KeyValueStore.makeStringOnly({
          get: (key) => Effect.sync(() => map.get(key)),
          set: (key, value) => Effect.asVoid(Effect.sync(() => map.set(key, value))),
          remove: (key) => Effect.asVoid(Effect.sync(() => map.delete(key))),
          clear: Effect.sync(() => map.clear()),
          size: Effect.sync(() => map.size),
          keys: Effect.sync(() => Array.from(map.keys()))
        })
      )
      const backing = Layer.provide(Layer.fresh(Persistence.layerBackingKvs), kvs)
      const request = { prompt: "canary-prompt", user: "canary-user", options: { a: { token: "canary-token" } } }
      const first = yield* cached([stream(textParts("Hi"))], {}, backing)
      yield* collect(first, request)
      const second = yield* cached([], {}, backing)
      expect(withoutSummary(yield* collect(second, request))).toEqual(textParts("Hi"))
      expect(map.size).toBe(1)
      expect(JSON.stringify(Array.from(map))).not.toContain("canary")
    }))

  it.effect("is a Layer in memory of its own", () =>
    Effect.gen(function*() {
      const scope = yield* Effect.scope
      const build = Layer.buildWithScope(Cache.layerMemory(), scope)
      const [one, other] = [yield* build, yield* build]
      const through = (context: typeof one) =>
        Effect.gen(function*() {
          const { calls, vendor } = sequence("a", [answer("Hi")])
          const dispatcher = yield* Dispatcher.make({ vendors: [vendor] })
          const cache = yield* Cache.Cache
          yield* cache.through(dispatcher, { newId: Effect.succeed("id"), deadline: Infinity }).send(ask)
          return calls.length
        }).pipe(Effect.provideContext(one === context ? one : other), Scope.provide(scope))
      expect([yield* through(one), yield* through(other)]).toEqual([1, 1])
    }))
})
