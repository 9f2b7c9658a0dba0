import { Duration, Option } from "effect"
import { describe, expect, it } from "vitest"
import { parseDuration } from "../../src/cli/Flags.ts"

describe("parseDuration", () => {
  it.for(
    [
      ["30s", 30_000],
      ["500ms", 500],
      ["1.5", 1_500],
      ["30 seconds", 30_000],
      ["500 millis", 500],
      ["2 minutes", 120_000],
      ["2M", 120_000],
      ["1 hour", 3_600_000]
    ] as const
  )("reads %s as %i ms", ([text, millis]) => {
    expect(Option.map(parseDuration(text), Duration.toMillis)).toEqual(Option.some(millis))
  })

  it.for(["", "0", "0s", "-1s", "soon", "s", "1 fortnight", "1s2", "Infinity", "1e3", "2 constructors"])(
    "refuses \"%s\"",
    (text) => {
      expect(parseDuration(text)).toEqual(Option.none())
    }
  )
})
