import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import * as Dispatcher from "llmdispatcher/Dispatcher"
import type { RequestInput } from "llmdispatcher/Request"
import * as Vendor from "llmdispatcher/Vendor"
import { answer, overloaded, sequence } from "../support/vendors.ts"

const named = (name: string) => sequence(name, [answer(`from ${name}`)]).vendor

const over = (options: Omit<Parameters<typeof Dispatcher.make>[0], "vendors">) =>
  Dispatcher.make({ vendors: [named("a"), named("b"), named("c")], ...options })

const target = (dispatcher: Dispatcher.Dispatcher["Service"], input: Partial<RequestInput> = {}) =>
  Effect.map(dispatcher.send({ prompt: "Hello", ...input } as RequestInput), ({ target }) => target)

describe("routes", () => {
  it.effect("are found by name before pattern, and a pattern hands its part on", () =>
    Effect.gen(function*() {
      const dispatcher = yield* over({
        routes: { "gpt-5": ["c/special"], "gpt-*": ["b/azure-*"], "x/*": { targets: ["a/*"], strategy: "random" } }
      })
      expect(yield* target(dispatcher, { model: "gpt-5" })).toBe("c/special")
      expect(yield* target(dispatcher, { model: "gpt-4.1-mini" })).toBe("b/azure-4.1-mini")
      expect(yield* target(dispatcher, { model: "x/one/two" })).toBe("a/one/two")
      expect(yield* target(dispatcher, { model: "b/plain" })).toBe("b/plain")
    }))

  it.effect("try a larger priority only after all of a smaller one", () =>
    Effect.gen(function*() {
      const failing = (name: string) => sequence(name, [Effect.fail(overloaded)]).vendor
      const dispatcher = yield* Dispatcher.make({
        vendors: [failing("a"), failing("b"), named("c")],
        retry: false,
        routes: {
          default: {
            targets: [
              { vendor: "c", model: "m", priority: 1 },
              { vendor: "a", model: "m" },
              { vendor: "b", model: "m" }
            ],
            strategy: "random"
          }
        }
      })
      for (let time = 0; time < 4; time++) {
        const { attempts } = yield* dispatcher.send({ prompt: "Hello" })
        expect(attempts.map(({ vendor }) => vendor).toSorted()).toEqual(["a", "b", "c"])
        expect(attempts.at(-1)?.vendor).toBe("c")
      }
    }))

  it.effect("may be chosen by code of one's own", () =>
    Effect.gen(function*() {
      const dispatcher = yield* over({
        routes: {
          default: {
            targets: ["a/m", "b/m", "c/m"],
            strategy: (candidates) => (_, taken) => candidates.findLastIndex((_, position) => !taken.has(position))
          }
        }
      })
      expect(yield* target(dispatcher)).toBe("c/m")
    }))

  it.effect("follow a vendor that comes after they were first asked", () =>
    Effect.gen(function*() {
      const dispatcher = yield* over({ routes: { default: ["late/m", "a/m"] } })
      expect(yield* target(dispatcher)).toBe("a/m")
      yield* dispatcher.registry.register(named("late"))
      expect(yield* target(dispatcher)).toBe("late/m")
    }).pipe(Effect.scoped))
})

describe("a model that no vendor says it serves", () => {
  const modest = Vendor.make({ name: "modest", serves: () => false, send: () => answer("Hi") })

  it.effect("is nobody's, unless the request names the vendor too", () =>
    Effect.gen(function*() {
      const dispatcher = yield* Dispatcher.make({ vendors: [modest, named("b")], routes: { known: ["b/m"] } })
      expect(yield* target(dispatcher, { model: "new", vendors: ["modest"] })).toBe("modest/new")
      const error = yield* Effect.flip(target(dispatcher, { model: "known", vendors: ["modest"] }))
      expect(error.reason._tag).toBe("NoCandidate")
      const alone = yield* Dispatcher.make({ vendors: [modest] })
      expect((yield* Effect.flip(target(alone, { model: "new" }))).reason._tag).toBe("NoCandidate")
    }))
})

describe("prices", () => {
  const openai = sequence("mine", [answer("Hi")], { provider: "openai" }).vendor
  const cost = (options: Partial<Parameters<typeof Dispatcher.make>[0]>, model = "mine/gpt-4o-mini") =>
    Effect.gen(function*() {
      const dispatcher = yield* Dispatcher.make({ vendors: [openai], ...options })
      return (yield* dispatcher.send({ prompt: "Hello", model })).cost
    })

  it.effect("are the catalogue's where the target has none, and unknown where nobody knows", () =>
    Effect.gen(function*() {
      // 3 tokens at 0.15 and 2 at 0.60 dollars a million.
      expect(yield* cost({})).toBe(0.00000165)
      expect(yield* cost({}, "mine/nobody-knows")).toBe(undefined)
    }))

  it.effect("are the target's own before all others", () =>
    Effect.gen(function*() {
      const price = { input: 1, output: 10 }
      const routes = { own: [{ vendor: "mine", model: "gpt-4o-mini", price }] }
      expect(yield* cost({ routes }, "own")).toBe(0.000023)
    }))
})

describe("modes", () => {
  const price = (output: number) => ({ input: output / 4, output })
  const routes = {
    default: {
      targets: [
        { vendor: "a", model: "m", price: price(10) },
        { vendor: "b", model: "m", price: price(1) },
        { vendor: "c", model: "m", price: price(60) }
      ]
    }
  }

  it.effect("choose for callers who name no model", () =>
    Effect.gen(function*() {
      const dispatcher = yield* over({ routes })
      expect(yield* target(dispatcher, { mode: "auto" })).toBe("a/m")
      expect(yield* target(dispatcher, { mode: "cost_saving" })).toBe("b/m")
      expect(yield* target(dispatcher, { mode: "sophisticated" })).toBe("c/m")
      dispatcher.load.sample("a/m", "send", 900, 0)
      dispatcher.load.sample("c/m", "send", 900, 0)
      expect(["a/m", "b/m", "c/m"]).toContain(yield* target(dispatcher, { mode: "fast" }))
    }))

  it.effect("are a route where there is one of their name", () =>
    Effect.gen(function*() {
      const dispatcher = yield* over({ routes: { ...routes, fast: ["c/quick"] } })
      expect(yield* target(dispatcher, { mode: "fast" })).toBe("c/quick")
    }))
})

describe("rules", () => {
  const rules = [
    { when: { hours: { from: 22, to: 6 } }, route: "c/night" },
    { when: { metadata: { team: "data-*" } }, route: "b/data" },
    { when: { user: "vip" }, route: "b/vip" },
    { when: { tools: true }, route: "b/tools" },
    { when: { images: true }, route: "b/images" },
    { when: { model: "old-*" }, route: "b/new" },
    { when: { minTokens: 1_000 }, route: "b/long" },
    { when: { minPriority: 9 }, route: "b/first" },
    { when: (request: { readonly seed?: number }) => request.seed === 7, route: "b/code" }
  ]

  const noon = TestClock.setTime(12 * 3_600_000)

  it.effect.each<[string, Partial<RequestInput>]>([
    ["b/data", { metadata: { team: "data-science" } }],
    ["b/vip", { user: "vip" }],
    ["b/tools", { tools: [{ name: "now", parameters: {} }] }],
    ["b/images", { prompt: [{ role: "user", content: [{ type: "file", mediaType: "image/png", data: "aGk=" }] }] }],
    ["b/new", { model: "old-1" }],
    ["b/long", { prompt: "x".repeat(4_000) }],
    ["b/first", { priority: 9 }],
    ["b/code", { seed: 7 }],
    ["a/m", { metadata: { team: "sales" }, priority: 8 }]
  ])("send to %s what they say", ([route, input]) =>
    Effect.gen(function*() {
      yield* noon
      expect(yield* target(yield* over({ rules }), input)).toBe(route)
    }))

  it.effect("look at the hour, over midnight too", () =>
    Effect.gen(function*() {
      const dispatcher = yield* over({ rules })
      for (
        const [hour, route] of [[23, "c/night"], [29, "c/night"], [30, "a/m"], [45, "a/m"], [46, "c/night"]] as const
      ) {
        yield* TestClock.setTime(hour * 3_600_000)
        expect(yield* target(dispatcher)).toBe(route)
      }
    }))
})

describe("a route of a thousand targets", () => {
  it.effect("hands out each once, and asks for the capabilities of those only that it hands out", () =>
    Effect.gen(function*() {
      let asked = 0
      const vendor = Vendor.make({
        name: "many",
        capabilities: () => {
          asked += 1
          return {}
        },
        send: () => Effect.fail(overloaded)
      })
      const targets = Array.from({ length: 1_000 }, (_, index) => `many/m${index}`)
      const dispatcher = yield* Dispatcher.make({
        vendors: [vendor],
        routes: { default: { targets, strategy: "random" } },
        maxAttempts: 50,
        retry: false
      })
      yield* Effect.flip(dispatcher.send({ prompt: "Hello" }))
      asked = 0
      const error = yield* Effect.flip(dispatcher.send({ prompt: "Hello" }))
      expect(new Set(error.attempts?.map(({ target }) => target)).size).toBe(50)
      expect(asked).toBe(50)
    }))
})
