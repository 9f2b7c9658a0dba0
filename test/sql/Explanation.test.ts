import { describe, expect, it } from "vitest"
import { explain } from "../../src/sql/Explanation.ts"

describe("explain", () => {
  it.each([
    [
      new Error("Query failed", { cause: new Error("relation \"t\" does not exist") }),
      "Query failed: relation \"t\" does not exist"
    ],
    [new Error("SQLite: no such table: t", { cause: new Error("no such table: t") }), "SQLite: no such table: t"],
    [new Error("", { cause: new Error("refused") }), "refused"],
    ["a word", "a word"]
  ])("says in one line what %s means", (error, words) => {
    expect(explain(error)).toBe(words)
  })

  it("ends where an error is its own cause", () => {
    const error = new Error("again")
    error.cause = error
    expect(explain(error)).toBe("again")
  })
})
