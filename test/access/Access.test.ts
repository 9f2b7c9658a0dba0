import { describe, expect, it } from "@effect/vitest"
import { Deferred, Duration, Effect, Fiber, Layer, Stream } from "effect"
import { RateLimiter } from "effect/persistence"
import { TestClock } from "effect/testing"
import * as Cache from "../../src/cache/Cache.ts"
import * as Dispatcher from "llmdispatcher/Dispatcher"
import type { RequestInput } from "llmdispatcher/Request"
import { fatal } from "llmdispatcher/VendorError"
import * as Access from "../../src/access/Access.ts"
import { StoreUnavailable } from "../../src/access/AccessError.ts"
import * as Principals from "../../src/access/Principals.ts"
import * as Spending from "../../src/access/Spending.ts"
import * as Request from "../../src/Request.ts"
import { dispatchOf } from "../support/calls.ts"
import { answer, finish, sequence, textParts } from "../support/vendors.ts"
import { as, keptIn, principal, reasonOf } from "./support.ts"

/** Three tokens in and two out, at a dollar a token. */
const price = { input: 1_000_000, output: 1_000_000 }

type Routing = Pick<Dispatcher.Options, "routes" | "rules">

/** A dispatcher over `one` and `two` behind access, and the calls that reached them. */
const dispatcherOf = Effect.fnUntraced(function*(
  routing: Routing = { routes: { cheap: [{ vendor: "one", model: "small", price }], big: ["two/large"] } },
  options: Partial<Parameters<typeof Dispatcher.make>[0]> = {}
) {
  const access = yield* Access.Access
  const vendors = [sequence("one", [answer("1")]), sequence("two", [answer("2")])]
  const dispatcher = yield* Dispatcher.make({
    ...routing,
    ...options,
    vendors: vendors.map(({ vendor }) => vendor),
    admission: [access.admission],
    prepare: [...options.prepare ?? [], access.prepare]
  })
  const ask = (id: string, request: Partial<Omit<RequestInput, "prompt" | "messages">> = {}) =>
    reasonOf(dispatcher.send({ model: "cheap", prompt: "Hello", ...request })).pipe(as(id))
  return { access, dispatcher, ask, calls: () => vendors.flatMap(({ calls }) => calls) }
})

const denied = (description: string) => ({ _tag: "PermissionDenied", description })

describe.each(keptIn)("Access in $name", { timeout: 30_000 }, ({ skip, start }) => {
  const test = it.effect.skipIf(skip)
  const everything = start()

  test("lets through what is granted: a route grants its targets, which are not named", () =>
    Effect.gen(function*() {
      yield* principal("app", { models: ["cheap"] })
      const { ask, calls } = yield* dispatcherOf()
      expect(yield* ask("app")).toBe(undefined)
      expect(calls().map(({ model }) => model)).toEqual(["small"])
    }).pipe(Effect.provide(everything())))

  test("refuses who is not named, not known, revoked or out of time", () =>
    Effect.gen(function*() {
      yield* principal("app", {})
      const { ask, calls, dispatcher } = yield* dispatcherOf()
      const nobody = yield* reasonOf(dispatcher.send({ prompt: "Hello" }))
      expect(nobody).toEqual({ _tag: "Unauthenticated", description: "nobody is named who asks" })
      expect((yield* ask("ghost"))?._tag).toBe("Unauthenticated")
      yield* Principals.Principals.use(({ revoke }) => revoke("app")).pipe(as("root"))
      expect(yield* ask("app")).toEqual({ _tag: "Unauthenticated", description: "the principal \"app\" is revoked" })
      expect(calls()).toEqual([])
    }).pipe(Effect.provide(everything())))

  test("refuses a model that is not granted in the same words whether there is one or not", () =>
    Effect.gen(function*() {
      yield* principal("app", { models: ["cheap", "gpt-*"] })
      const { ask, calls } = yield* dispatcherOf()
      for (const model of ["big", "two/large", "nothing"]) {
        expect(yield* ask("app", { model })).toEqual(
          denied(`the model "${model}" is not granted, granted are: cheap, gpt-*`)
        )
      }
      expect(calls()).toEqual([])
    }).pipe(Effect.provide(everything())))

  test("sends only to vendors that are granted, and refuses a wish for others", () =>
    Effect.gen(function*() {
      yield* principal("app", { vendors: ["two"], features: ["vendorChoice"] })
      yield* principal("none", { vendors: [] })
      const { ask, calls } = yield* dispatcherOf({ routes: { cheap: ["one/small", "two/small"] } })
      expect(yield* ask("app")).toBe(undefined)
      expect(calls()[0]?.request.vendors).toEqual(["two"])
      expect(calls().length).toBe(1)
      expect(yield* ask("app", { vendors: ["two", "one"] })).toEqual(
        denied("the vendors one are not granted, granted are: two")
      )
      expect(yield* ask("none")).toEqual(denied("no vendor is granted"))
    }).pipe(Effect.provide(everything())))

  it.effect.each<[string, Partial<Omit<RequestInput, "prompt" | "messages">>]>([
    ["tools", { tools: [{ name: "t", parameters: { type: "object" } }] }],
    ["structuredOutput", { responseFormat: { type: "json" } }],
    ["reasoning", { reasoningEffort: "low" }],
    ["vendorOptions", { options: { one: { models: ["big"] } } }],
    ["cacheBypass", { cache: "off" }],
    ["vendorChoice", { vendors: ["one"] }],
    ["priority", { priority: 6 }]
  ])("refuses %s where it is not granted, and only there", ([feature, request]) =>
    Effect.gen(function*() {
      yield* principal("less", { features: [] })
      yield* principal("more", {})
      const { ask } = yield* dispatcherOf()
      expect(yield* ask("less", request)).toEqual(denied(`the feature "${feature}" is not granted`))
      expect(yield* ask("more", request)).toBe(undefined)
      expect(yield* ask("less")).toBe(undefined)
    }).pipe(Effect.provide(everything())))

  test("refuses files by their kind, wherever they stand", () =>
    Effect.gen(function*() {
      yield* principal("app", { features: ["documents"] })
      const { dispatcher } = yield* dispatcherOf()
      const file = (mediaType: string) => ({ type: "file", mediaType, data: new Uint8Array(1) }) as const
      const refusal = (mediaType: string) =>
        reasonOf(dispatcher.send({ model: "cheap", messages: [{ role: "user", content: [file(mediaType)] }] })).pipe(
          as("app")
        )
      expect(yield* refusal("image/png")).toEqual(denied("the feature \"images\" is not granted"))
      expect(yield* refusal("audio/wav")).toEqual(denied("the feature \"audio\" is not granted"))
    }).pipe(Effect.provide(everything())))

  test("refuses to stream where that is not granted", () =>
    Effect.gen(function*() {
      yield* principal("app", { features: [] })
      const { dispatcher } = yield* dispatcherOf()
      const stream = dispatcher.stream({ model: "cheap", prompt: "Hello" })
      expect(yield* reasonOf(Stream.runDrain(stream)).pipe(as("app"))).toEqual(
        denied("the feature \"streaming\" is not granted")
      )
    }).pipe(Effect.provide(everything())))

  test("bounds answers that set no bound, and refuses a larger one and a larger request", () =>
    Effect.gen(function*() {
      yield* principal("app", { limits: { maxOutputTokens: 100, maxRequestSize: 500 } })
      const { ask, calls } = yield* dispatcherOf()
      expect(yield* ask("app")).toBe(undefined)
      expect(yield* ask("app", { maxTokens: 50 })).toBe(undefined)
      expect(calls().map(({ request }) => request.maxTokens)).toEqual([100, 50])
      expect(yield* ask("app", { maxTokens: 101 })).toEqual(
        denied("answers of at most 100 tokens are granted, 101 are asked for")
      )
      expect((yield* ask("app", { metadata: { long: "x".repeat(500) } }))?._tag).toBe("PermissionDenied")
    }).pipe(Effect.provide(everything())))

  test("looks at the route to which a rule leads, not at the one asked for, and does not tell it", () => {
    const routing: Routing = {
      routes: { cheap: ["one/small"], big: ["two/large"] },
      rules: [{ when: { metadata: { tier: "gold" } }, route: "big" }, { when: { model: "old" }, route: "cheap" }]
    }
    return Effect.gen(function*() {
      yield* principal("app", { models: ["cheap"] })
      const { ask, calls } = yield* dispatcherOf(routing)
      expect(yield* ask("app", { metadata: { tier: "gold" } })).toEqual(
        denied("a rule leads this request to a route that is not granted")
      )
      expect(yield* ask("app", { model: "old" })).toBe(undefined)
      expect(calls().map(({ model }) => model)).toEqual(["small"])
    }).pipe(Effect.provide(everything({ routing })))
  })

  test("looks again at a request that was changed on its way", () => {
    const routing: Routing = {
      routes: { cheap: ["one/small"], big: ["two/large"] },
      rules: [{ when: ({ maxTokens }) => maxTokens === 7, route: "big" }]
    }
    return Effect.gen(function*() {
      yield* principal("app", { models: ["cheap"] })
      const { ask, calls } = yield* dispatcherOf(routing, {
        prepare: [(request) => Effect.succeed(new Request.Request({ ...request, maxTokens: 7 }))]
      })
      expect((yield* ask("app"))?._tag).toBe("PermissionDenied")
      expect(calls()).toEqual([])
    }).pipe(Effect.provide(everything({ routing })))
  })

  test("takes `default` for requests without a model, and a mode that is no route for the same", () => {
    const routing: Routing = { routes: { "default": ["one/small"], fast: ["two/large"] } }
    return Effect.gen(function*() {
      yield* principal("app", { models: ["default"] })
      const { calls, dispatcher } = yield* dispatcherOf(routing)
      const ask = (mode?: "fast" | "auto") =>
        reasonOf(dispatcher.send({ prompt: "Hello", ...(mode && { mode }) })).pipe(as("app"))
      expect([yield* ask(), yield* ask("auto")]).toEqual([undefined, undefined])
      expect(yield* ask("fast")).toEqual(
        denied("a request without a model (\"fast\") is not granted, granted are: default")
      )
      expect(calls().map(({ model }) => model)).toEqual(["small", "small"])
    }).pipe(Effect.provide(everything({ routing })))
  })

  test("counts a child's requests for all above it, and tells it only its own limit", () =>
    Effect.gen(function*() {
      yield* principal("acme", { limits: { requestsPerMinute: 3 } })
      yield* principal("ann", { limits: { requestsPerMinute: 2 } }, "acme")
      yield* principal("bob", {}, "acme")
      const { ask, dispatcher } = yield* dispatcherOf()
      expect([yield* ask("ann"), yield* ask("ann")]).toEqual([undefined, undefined])
      const own = yield* Effect.flip(dispatcher.send({ prompt: "Hello", model: "cheap" })).pipe(as("ann"))
      expect(own.reason).toEqual({ _tag: "CallerLimited", description: "at most 2 requests in 1m" })
      expect(own._tag === "RetryableError" && own.retryAfter).toEqual(Duration.seconds(30))
      expect(yield* ask("bob")).toBe(undefined)
      expect(yield* ask("bob")).toEqual({
        _tag: "CallerLimited",
        description: "a limit that is shared with others is reached"
      })
      yield* TestClock.adjust("20 seconds")
      expect(yield* ask("bob")).toBe(undefined)
    }).pipe(Effect.provide(everything())))

  test("takes nothing of a child's limit for what its parent refuses", () =>
    Effect.gen(function*() {
      yield* principal("acme", { limits: { requestsPerMinute: 1 } })
      yield* principal("ann", { limits: { requestsPerMinute: 1 } }, "acme")
      const { ask } = yield* dispatcherOf()
      const { update } = yield* Principals.Principals
      yield* principal("bob", {}, "acme")
      expect(yield* ask("bob")).toBe(undefined)
      expect((yield* ask("ann"))?._tag).toBe("CallerLimited")
      yield* update("acme", { grant: {} }).pipe(as("root"))
      expect(yield* ask("ann")).toBe(undefined)
    }).pipe(Effect.provide(everything())))

  test("takes tokens as estimated, and gives back what was not taken", () =>
    Effect.gen(function*() {
      yield* principal("app", { limits: { tokensPerMinute: 1_000 } })
      const { ask } = yield* dispatcherOf()
      for (const _ of Array.from({ length: 20 })) expect(yield* ask("app", { maxTokens: 900 })).toBe(undefined)
      expect(yield* ask("app", { maxTokens: 9_000 })).toEqual({
        _tag: "CallerLimited",
        description: "at most 1000 tokens in 1m"
      })
    }).pipe(Effect.provide(everything())))

  test("gives all tokens back where nobody was called, and lets the estimate stand where nobody told", () =>
    Effect.gen(function*() {
      yield* principal("app", { limits: { tokensPerMinute: 1_000 } })
      const { admission } = yield* Access.Access
      const ask = Effect.fnUntraced(function*(calls: number) {
        const { dispatch, end } = dispatchOf({ maxTokens: 900 })
        const reason = yield* reasonOf(admission(dispatch)).pipe(as("app"))
        dispatch.journal.calls = calls
        yield* end
        return reason?._tag
      })
      expect([yield* ask(0), yield* ask(1), yield* ask(0)]).toEqual([undefined, undefined, "CallerLimited"])
    }).pipe(Effect.provide(everything())))

  test("counts dispatches under way, streams until they end, for all above", () =>
    Effect.gen(function*() {
      yield* principal("acme", { limits: { concurrency: 2 } })
      yield* principal("ann", { limits: { concurrency: 1 } }, "acme")
      yield* principal("bob", {}, "acme")
      const access = yield* Access.Access
      const open = yield* Deferred.make<void>()
      const parts = Stream.fromIterable(textParts("a")).pipe(
        Stream.mapEffect((part) => part === finish ? Effect.as(Deferred.await(open), part) : Effect.succeed(part))
      )
      const { calls, vendor } = sequence("one", [Effect.succeed({ parts, losses: [] })])
      const dispatcher = yield* Dispatcher.make({ vendors: [vendor], admission: [access.admission] })
      const run = (id: string) => reasonOf(Stream.runDrain(dispatcher.stream({ prompt: "Hello" }))).pipe(as(id))
      // A database answers in its own time.
      const reached = (times: number) =>
        Effect.repeat(TestClock.withLive(Effect.sleep("1 millis")), { until: () => calls.length === times })
      const first = yield* Effect.forkChild(run("ann"))
      const second = yield* Effect.forkChild(run("bob"))
      yield* reached(2)
      yield* TestClock.adjust("1 second")
      const own = { _tag: "CallerLimited", description: "at most 1 requests at once" }
      const shared = { _tag: "CallerLimited", description: "a limit that is shared with others is reached" }
      expect([yield* run("ann"), yield* run("bob")]).toEqual([own, shared])
      yield* Fiber.interrupt(second)
      const third = yield* Effect.forkChild(run("bob"))
      yield* reached(3)
      yield* TestClock.adjust("1 second")
      expect(yield* run("bob")).toEqual(shared)
      yield* Deferred.succeed(open, undefined)
      expect([yield* Fiber.join(first), yield* Fiber.join(third)]).toEqual([undefined, undefined])
      expect(yield* run("ann")).toBe(undefined)
    }).pipe(Effect.provide(everything())))

  test("lets a child exhaust its parent's budget, for all below it, to the cent", () =>
    Effect.gen(function*() {
      yield* principal("acme", { budget: { total: 12_000_000_000_000n } })
      yield* principal("ann", { budget: { day: 11_000_000_000_000n } }, "acme")
      yield* principal("bob", {}, "acme")
      yield* principal("other", {})
      const { ask, calls } = yield* dispatcherOf()
      const { spent } = yield* Spending.Spending
      expect([yield* ask("ann"), yield* ask("ann")]).toEqual([undefined, undefined])
      expect((yield* spent("acme", "total")).spent).toBe(10_000_000_000_000n)
      expect(yield* ask("bob")).toBe(undefined)
      expect((yield* spent("acme", "total")).spent).toBe(15_000_000_000_000n)
      const shared = { _tag: "BudgetExceeded", description: "a budget that is shared with others is spent" }
      expect([yield* ask("bob"), yield* ask("ann")]).toEqual([shared, shared])
      expect(yield* ask("other")).toBe(undefined)
      expect(calls().length).toBe(4)
    }).pipe(Effect.provide(everything())))

  test("reserves what is estimated, so that no more run at once than the budget has for", () =>
    Effect.gen(function*() {
      yield* principal("app", { budget: { day: 25_000_000_000_000n } })
      const { admission } = yield* Access.Access
      const { spent } = yield* Spending.Spending
      const dispatches = Array.from({ length: 5 }, () => dispatchOf())
      const outcomes = yield* Effect.forEach(dispatches, ({ dispatch }) => reasonOf(admission(dispatch)), {
        concurrency: "unbounded"
      }).pipe(as("app"))
      expect(outcomes.filter((reason) => reason === undefined).length).toBe(2)
      expect(outcomes[2]).toEqual({
        _tag: "BudgetExceeded",
        description: "$0 of $25 a day is spent and $20 is reserved by requests under way; it begins anew at " +
          "1970-01-02T00:00:00.000Z, this request may cost $10"
      })
      yield* Effect.forEach(dispatches, ({ end }) => end)
      expect(yield* spent("app", "day")).toEqual({ spent: 0n, reserved: 0n, unknown: 0, resetsAt: 86_400_000 })
    }).pipe(Effect.provide(everything({ estimate: () => 10 }))))

  test("takes a narrower grant into account from the next request on", () =>
    Effect.gen(function*() {
      yield* principal("app", {})
      const { ask } = yield* dispatcherOf()
      expect(yield* ask("app")).toBe(undefined)
      yield* Principals.Principals.use(({ update }) => update("app", { grant: { models: ["gpt-5"] } })).pipe(as("root"))
      expect((yield* ask("app"))?._tag).toBe("PermissionDenied")
    }).pipe(Effect.provide(everything())))

  test("refuses, to be tried again, while principals or accounts cannot be reached", () =>
    Effect.gen(function*() {
      yield* principal("app", { budget: { day: 1n } })
      const away = () => Effect.fail(new StoreUnavailable({ store: "things" }))
      const reason = { _tag: "ServerFault", description: "the store of things cannot be reached" }
      const principals = yield* Principals.Principals
      const blind = yield* Access.make().pipe(
        Effect.provideService(Principals.Principals, { ...principals, resolve: away })
      )
      expect(yield* reasonOf(blind.admission(dispatchOf().dispatch)).pipe(as("app"))).toEqual(reason)
      const poor = yield* Access.make().pipe(
        Effect.provideService(Spending.Spending, { reserve: away, spent: away })
      )
      expect(yield* reasonOf(poor.admission(dispatchOf().dispatch)).pipe(as("app"))).toEqual(reason)
    }).pipe(Effect.provide(everything())))

  test("shares limits through the store of limits in the context", () =>
    Effect.gen(function*() {
      yield* principal("app", { limits: { requestsPerMinute: 1 } })
      const [one, two] = [yield* Access.make(), yield* Access.make()]
      const ask = (access: Access.Access["Service"]) =>
        reasonOf(access.admission(dispatchOf().dispatch)).pipe(as("app"))
      expect(yield* ask(one)).toBe(undefined)
      expect((yield* ask(two))?._tag).toBe("CallerLimited")
    }).pipe(Effect.provide(Layer.mergeAll(everything(), RateLimiter.layerStoreMemory))))

  test("tells names and errors without what may not be known", () =>
    Effect.gen(function*() {
      yield* principal("app", { models: ["cheap", "one/*", "two/*"], vendors: ["one"] })
      const { conceal, permitUse, visible } = yield* Access.Access
      const known = ["cheap", "big", "one/small", "two/large"]
      expect(yield* visible(known).pipe(as("app"))).toEqual(["cheap", "one/small"])
      const error = fatal({ _tag: "NoCandidate", description: "served by none of one, two", known })
      expect((yield* conceal(error).pipe(as("app"))).reason).toEqual({
        _tag: "NoCandidate",
        description: "no vendor that is granted serves this request",
        known: ["cheap", "one/small"]
      })
      expect((yield* conceal(error)).reason).toMatchObject({ known: [] })
      expect(yield* reasonOf(permitUse({ model: "big", features: ["embeddings"] })).pipe(as("app"))).toEqual(
        denied("the model \"big\" is not granted, granted are: cheap, one/*, two/*")
      )
    }).pipe(Effect.provide(everything())))

  test("knows behind a cache who asks", () =>
    Effect.gen(function*() {
      yield* principal("app", { models: ["cheap"] })
      yield* principal("less", { models: ["big"] })
      const { ask, calls } = yield* dispatcherOf(undefined, { cache: yield* Cache.Cache })
      expect((yield* ask("less"))?._tag).toBe("PermissionDenied")
      expect([yield* ask("app"), yield* ask("app")]).toEqual([undefined, undefined])
      expect(calls().length).toBe(1)
    }).pipe(Effect.provide(Layer.mergeAll(everything(), Cache.layerMemory()))))

  test("keeps answers from a cache from who may not ask, where the cache asks for permission", () =>
    Effect.gen(function*() {
      yield* principal("app", { models: ["cheap"] })
      yield* principal("less", { models: ["big"] })
      const { access, calls, dispatcher } = yield* dispatcherOf()
      const { through } = yield* Cache.Cache
      const { permit } = access
      const cached = through(dispatcher, { newId: Effect.succeed("dsp"), deadline: 60_000, admit: permit })
      const ask = (id: string) => reasonOf(cached.send({ model: "cheap", prompt: "Hello" })).pipe(as(id))
      expect([yield* ask("app"), yield* ask("app")]).toEqual([undefined, undefined])
      expect((yield* ask("less"))?._tag).toBe("PermissionDenied")
      expect(calls().length).toBe(1)
    }).pipe(Effect.provide(Layer.mergeAll(everything(), Cache.layerMemory()))))
})
