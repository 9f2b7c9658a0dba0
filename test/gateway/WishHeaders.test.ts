import { describe, expect, it } from "@effect/vitest"
import { Result } from "effect"
import * as WishHeaders from "../../src/gateway/WishHeaders.ts"

const read = (wishes: Record<string, string>) =>
  Result.match(
    WishHeaders.read(
      Object.fromEntries(Object.entries(wishes).map(([name, value]) => [`llmdispatcher-${name}`, value]))
    ),
    {
      onFailure: ({ field, kind, message }) => ({ field, kind, message }),
      onSuccess: (fields) => fields
    }
  )

describe("wishes by header", () => {
  it("are none where no header is one", () => {
    expect(read({})).toBeUndefined()
    expect(Result.getOrThrow(WishHeaders.read({ "x-llmdispatcher-route": "a", route: "b" }))).toBeUndefined()
  })

  it("become the request's fields", () => {
    expect(read({ route: "openai/gpt-5", priority: "10", deadline: "1500", cache: "only", losses: "reject" })).toEqual({
      model: "openai/gpt-5",
      priority: 10,
      deadline: 1_500,
      cache: "only",
      losses: "reject"
    })
    expect(read({ deadline: "30s" })).toEqual({ deadline: 30_000 })
    expect(read({ vendors: " a, b ,,c" })).toEqual({ vendors: ["a", "b", "c"] })
  })

  it("for a mode take the model's place, unless a route is wished too", () => {
    expect(read({ mode: "fast" })).toEqual({ mode: "fast", model: undefined })
    expect(read({ mode: "fast", route: "a" })).toEqual({ mode: "fast", model: "a" })
  })

  it("that are no numbers or times are refused by their name", () => {
    for (const priority of ["-1", "1.5", "100", "", "1e1", "0x1", " 1", "1,1", "١"]) {
      expect(read({ priority })).toEqual({
        field: "llmdispatcher-priority",
        kind: "invalid-request",
        message: "the header llmdispatcher-priority must be a whole number from 0 to 10"
      })
    }
    for (const deadline of ["", "soon", "-1", "1e9", "30s30s", "Infinity", "NaN", "30 fortnights", "1500 "]) {
      expect([deadline, (read({ deadline }) as { field?: string } | undefined)?.field]).toEqual([
        deadline,
        "llmdispatcher-deadline"
      ])
    }
  })

  it("cannot set any other field", () => {
    for (const name of ["__proto__", "options", "base-url", "api-key", "user", "metadata", "messages", "constructor"]) {
      expect(read({ [name]: "x" })).toBeUndefined()
    }
  })
})
