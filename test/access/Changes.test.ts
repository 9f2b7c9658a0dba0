import { describe, expect, it } from "@effect/vitest"
import { DateTime, Duration, Redacted } from "effect"
import * as Changes from "../../src/access/Changes.ts"

describe("Changes", () => {
  it("tells what changed, was added or was taken away, and nothing that stayed", () => {
    const before = { cache: { default: "on", entries: 5 }, routes: ["a"], gone: 1, same: { deep: [1, { x: 2 }] } }
    const after = {
      cache: { default: "off", entries: 5 },
      routes: ["a", "b"],
      same: { deep: [1, { x: 2 }] },
      "new": true
    }
    expect(Changes.between(before, after)).toEqual([
      { path: "cache.default", before: "on", after: "off" },
      { path: "routes", before: ["a"], after: ["a", "b"] },
      { path: "gone", before: 1 },
      { path: "new", after: true }
    ])
    expect(Changes.between(before, before)).toEqual([])
    expect(Changes.between(undefined, { a: { b: 1 } })).toEqual([{ path: "a", after: { b: 1 } }])
  })

  it("tells that a secret changed, and neither of them", () => {
    const canary = "sk-canary"
    const changes = Changes.between({
      redacted: Redacted.make(canary),
      apiKey: canary,
      vendors: [{ name: "a", api_key: canary, headers: { authorization: canary } }],
      clientSecret: canary,
      map: new Map([["password", canary]]),
      messages: [{ role: "user", content: canary }],
      token: canary,
      nothing: Redacted.make("same")
    }, {
      redacted: Redacted.make("other"),
      apiKey: "other",
      vendors: [{ name: "b", api_key: "other", headers: { authorization: "other" } }],
      clientSecret: { value: canary },
      map: new Map([["password", "other"]]),
      messages: [],
      token: 5,
      nothing: Redacted.make("same")
    })
    expect(JSON.stringify(changes)).not.toContain(canary)
    expect(changes.map(({ path }) => path)).toEqual([
      "redacted",
      "apiKey",
      "vendors",
      "clientSecret",
      "map.password",
      "messages",
      "token"
    ])
    expect(changes[0]).toEqual({ path: "redacted", before: "<redacted>", after: "<redacted>" })
    expect(changes[2]?.after).toEqual([
      { name: "b", api_key: "<redacted>", headers: { authorization: "<redacted>" } }
    ])
  })

  it("leaves limits and prices readable", () => {
    expect(Changes.between({}, { maxTokens: 5, price: { input: 3 }, tokensPerMinute: 9, keyboard: "x" })).toEqual([
      { path: "maxTokens", after: 5 },
      { path: "price", after: { input: 3 } },
      { path: "tokensPerMinute", after: 9 },
      { path: "keyboard", after: "x" }
    ])
  })

  it("writes what JSON has no word for, and only the beginning of what is long", () => {
    const changes = Changes.between({}, {
      big: 12n,
      at: DateTime.makeUnsafe(0),
      wait: Duration.seconds(5),
      endless: Infinity,
      set: new Set(["a"]),
      rule: () => true,
      long: "x".repeat(2_000)
    })
    expect(changes.slice(0, 6).map(({ after }) => after)).toEqual([
      "12",
      "1970-01-01T00:00:00.000Z",
      "5s",
      "Infinity",
      ["a"],
      "<function>"
    ])
    expect(String(changes[6]?.after).length).toBe(1_001)
  })

  it("reaches no prototype", () => {
    const changes = Changes.between({}, JSON.parse("{\"__proto__\":{\"admin\":true}}"))
    expect(changes).toEqual([{ path: "__proto__", after: { admin: true } }])
    expect(({} as { admin?: boolean }).admin).toBe(undefined)
  })
})
