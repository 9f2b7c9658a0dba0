import { Result } from "effect"
import * as FastCheck from "fast-check"
import { describe, expect, it } from "vitest"
import type { Path } from "../../src/config/Fault.ts"
import * as Json from "../../src/config/Json.ts"

/** Every path of a value, with its line where `JSON.stringify` gives each key and item a line of its own. */
const laidOut = (value: unknown): ReadonlyArray<readonly [Path, number]> => {
  const places: Array<readonly [Path, number]> = []
  let line = 1
  const walk = (value: unknown, path: Path) => {
    if (typeof value !== "object" || value === null) return
    const entries = Object.entries(value)
    for (const [key, inner] of entries) {
      line++
      const at = [...path, Array.isArray(value) ? Number(key) : key]
      places.push([at, line])
      walk(inner, at)
    }
    if (entries.length > 0) line++
  }
  walk(value, [])
  return places
}

describe("parse", () => {
  it("reads what JSON.stringify writes, and knows each line", () => {
    FastCheck.assert(
      FastCheck.property(FastCheck.jsonValue(), (value) => {
        const parsed = Result.getOrThrow(Json.parse(JSON.stringify(value, null, 2), 64))
        expect(parsed.value).toEqual(JSON.parse(JSON.stringify(value)))
        const places = laidOut(value)
        expect(places.map(([path]) => [path, parsed.lineOf(path)])).toEqual(places)
      })
    )
  })

  it("accepts a text exactly where JSON.parse does, but for keys that stand twice", () => {
    const piece = FastCheck.constantFrom(
      "{",
      "}",
      "[",
      "]",
      ",",
      ":",
      "\"a\"",
      "\"b\"",
      "1",
      "-",
      "0",
      ".5",
      "e3",
      "true",
      "nul",
      "null",
      " ",
      "\n",
      "\\",
      "\""
    )
    FastCheck.assert(
      FastCheck.property(FastCheck.array(piece, { maxLength: 9 }).map((pieces) => pieces.join("")), (text) => {
        const expected = Result.getOrUndefined(Result.try(() => ({ value: JSON.parse(text) as unknown })))
        const parsed = Json.parse(text, 64)
        const isTwice = Result.isFailure(parsed) && parsed.failure.description.endsWith("twice")
        FastCheck.pre(!isTwice)
        expect(Result.isSuccess(parsed) ? { value: parsed.success.value } : undefined).toEqual(expected)
      }),
      { numRuns: 5_000 }
    )
  })

  it.for(
    [
      ["", 1, 1, "ends where a value is expected"],
      ["{\"a\": 1,\n \"a\": 2}", 2, 2, "`a` stands here twice"],
      ["{\"a\": 1,}", 1, 9, "`,` before `}`"],
      ["{\"a\" 1}", 1, 6, "expected `:` after a key"],
      ["{a: 1}", 1, 2, "expected a key in double quotes"],
      ["[1 2]", 1, 4, "expected `,` or `]` after an item"],
      ["{\"a\": sk-secret}", 1, 7, "expected a value"],
      ["\"sk-secret", 1, 1, "a text does not end, or holds an escape or a character that JSON does not know"],
      ["1 sk-secret", 1, 3, "nothing may follow the value"]
    ] as const
  )("of %s tells where it breaks off, and nothing that it holds", ([text, line, column, description]) => {
    expect(Json.parse(text, 64)).toEqual(Result.fail({ line, column, description }))
  })
})
