import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Request from "llmdispatcher/Request"
import * as Route from "llmdispatcher/Route"
import * as RouteName from "../../src/router/RouteName.ts"

const routes = new Map(
  ["default", "chat", "gpt-*"].map((name) => [name, Route.make(name, ["a/m"])] as const)
)

const nameOf = RouteName.make(routes, [{ when: { user: "vip" }, route: "chat" }, {
  when: { user: "raw" },
  route: "a/m"
}])

const asked = (ask: Partial<Request.RequestInput>) =>
  nameOf(Effect.runSync(Request.decode({ prompt: "Hello", ...ask } as Request.RequestInput)), 0)

describe("RouteName", () => {
  it("is the route's own, a pattern's, a rule's, or the default's where no model is named", () => {
    expect([
      asked({ model: "chat" }),
      asked({ model: "gpt-7" }),
      asked({ model: "gpt-8" }),
      asked({ user: "vip", model: "gpt-7" }),
      asked({}),
      asked({ mode: "fast" })
    ]).toEqual(["chat", "gpt-*", "gpt-*", "chat", "default", "default"])
  })

  it("is none where a target was asked for, whatever callers make up", () => {
    expect([asked({ model: "a/m" }), asked({ model: "made-up" }), asked({ user: "raw", model: "chat" })]).toEqual([
      undefined,
      undefined,
      undefined
    ])
  })

  it("is none where there are no routes", () => {
    const request = Effect.runSync(Request.decode({ prompt: "Hello" }))
    expect(RouteName.make(new Map(), [])(request, 0)).toBe(undefined)
  })
})
