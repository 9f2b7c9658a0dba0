import { describe, expect, it } from "@effect/vitest"
import { ofRoutes } from "../../src/context/Window.ts"
import { request, user } from "./conversations.ts"

const routes = {
  default: [{ vendor: "a", model: "m", contextWindow: 100 }, { vendor: "b", model: "m", contextWindow: 300 }],
  chat: ["a/known", "a/unknown", { vendor: "b", model: "known", contextWindow: 50 }],
  fast: ["a/unknown"]
} as const

const vendors = [{ name: "a", capabilities: (model: string) => model === "known" ? { contextWindow: 70 } : {} }]

const windows = (pick: "smallest" | "largest") => {
  const window = ofRoutes({ routes, vendors, pick, otherwise: 9 })
  return [{}, { model: "chat" }, { model: "fast" }, { model: "a/m" }].map((fields) =>
    window(request([user("x")], fields))
  )
}

describe("Window", () => {
  it("is the smallest or the largest of the route's targets, as far as they are known", () => {
    expect(windows("smallest")).toEqual([100, 50, 9, 9])
    expect(windows("largest")).toEqual([300, 70, 9, 9])
  })

  it("is none where nothing is known", () => {
    expect(ofRoutes({ routes: { fast: ["a/unknown"] }, pick: "smallest" })(request([user("x")]))).toBeUndefined()
  })
})
