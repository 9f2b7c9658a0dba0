import { describe, expect, it } from "@effect/vitest"
import * as fc from "fast-check"
import * as Models from "../../src/access/Models.ts"
import * as Pattern from "../../src/router/Pattern.ts"
import { name, pattern } from "./grants.ts"

const list = fc.array(pattern, { maxLength: 4 })
const lists = fc.array(list, { maxLength: 3 })

const isIn = (patterns: ReadonlyArray<string>, name: string) =>
  patterns.some((pattern) => Pattern.matches(pattern, name))

describe("Models", () => {
  it("matches as the router does", () => {
    fc.assert(
      fc.property(pattern, name, (pattern, name) => {
        expect(Models.matches(pattern, name)).toBe(Pattern.matches(pattern, name))
      }),
      { numRuns: 5_000 }
    )
  })

  it("leaves exactly the names that are in every list", () => {
    fc.assert(
      fc.property(lists, name, (lists, name) => {
        expect(Models.allows(Models.make(lists), [name])).toBe(lists.every((list) => isIn(list, name)))
      }),
      { numRuns: 1_000 }
    )
  })

  it("says that a pattern is covered only where every name of it is", () => {
    fc.assert(
      fc.property(list, pattern, fc.array(name, { maxLength: 20 }), (wide, narrow, names) => {
        fc.pre(Models.covers(wide, narrow))
        for (const name of [...names, narrow.replaceAll("*", ""), narrow.replaceAll("*", "ab")]) {
          if (Pattern.matches(narrow, name)) expect(isIn(wide, name)).toBe(true)
        }
      }),
      { numRuns: 1_000 }
    )
  })

  it.each([
    [["gpt-*"], "gpt-5", true],
    [["gpt-*"], "gpt-5-*", true],
    [["gpt-5"], "gpt-*", false],
    [["a*", "*b"], "a*b", true],
    [["*/a", "a/*"], "*", false],
    [["*"], "**", true],
    [["a*b"], "a*c*b", true],
    [["a*c*b"], "a*b", false],
    [[], "a", false]
  ])("%j cover %s: %s", (wide, narrow, covered) => {
    expect(Models.covers(wide, narrow)).toBe(covered)
  })

  it("writes lists that grant the same in the same way", () => {
    expect(Models.make([["b", "a*", "ab", "a**"], ["*"], ["a*", "b"]])).toEqual([["a*", "b"]])
    expect(Models.make([["*a"], ["b*"]])).toEqual([["*a"], ["b*"]])
  })

  it("tells only what is granted as a whole", () => {
    expect(Models.granted([])).toEqual(["*"])
    expect(Models.granted([["cheap", "gpt-*"], ["gpt-5", "cheap", "claude"]])).toEqual(["cheap", "gpt-5"])
    expect(Models.granted([["a*"], ["*b"]])).toEqual([])
  })
})
