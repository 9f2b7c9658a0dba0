import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { parse } from "../../src/simulation/Trace.ts"

const fault = (text: string) => Effect.map(Effect.flip(parse(text)), ({ message }) => message)

describe("Trace", () => {
  it.effect("reads lines with and without a header, in the order of their seconds, from the first one on", () =>
    Effect.gen(function*() {
      const lines = [{ second: 0, input: 10, output: 20 }, { second: 2.5, input: 30, output: 40 }]
      expect(yield* parse("second,in,out\r\n102.5,30,40\r\n100,10,20\r\n")).toEqual(lines)
      expect(yield* parse("100,10,20,more\n102.5,30,40,more\n\n")).toEqual(lines)
    }))

  it.effect("names the line that is wrong", () =>
    Effect.gen(function*() {
      expect(yield* fault("1,2\n")).toBe("line 1 must have three columns: arrival second, input tokens, output tokens")
      expect(yield* fault("s,i,o\n1,2,3\n2,x,3\n")).toBe("line 3 \"x\" is not a number of input tokens")
      expect(yield* fault("s,i,o\n-1,2,3\n")).toBe("line 2 \"-1\" is not an arrival second")
      expect(yield* fault("s,i,o\n")).toBe("holds no line of arrival second, input tokens, output tokens")
    }))
})
