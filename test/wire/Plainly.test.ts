import { describe, expect, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import * as fc from "fast-check"
import * as Anthropic from "../../src/vendor/anthropic/Events.ts"
import * as Google from "../../src/vendor/google/Wire.ts"
import * as Ollama from "../../src/vendor/ollama/Wire.ts"
import * as Responses from "../../src/vendor/openai-responses/Wire.ts"
import * as OpenAi from "../../src/vendor/openai/Wire.ts"
import * as Plainly from "../../src/wire/Plainly.ts"
import type { Content } from "../conformance/Content.ts"
import { subjects } from "../conformance/subjects/index.ts"

const schemas: Readonly<Record<string, Schema.ConstraintDecoder<unknown>>> = {
  openai: OpenAi.ChatCompletion,
  anthropic: Anthropic.Message,
  google: Google.GenerateContentResponse,
  ollama: Ollama.ChatResponse,
  "openai-responses": Responses.Response
}

const content: Content = {
  text: "Air scatters blue.",
  finish: "stop",
  usage: { uncached: 12, cacheRead: 3, text: 10, reasoning: 2 }
}

const wholeOf = (name: string): unknown => subjects.find((subject) => subject.name === name)!.answer(content).whole

const replaced = (value: unknown, way: ReadonlyArray<number>, by: unknown): unknown => {
  const [step, ...rest] = way
  if (step === undefined || typeof value !== "object" || value === null) return by
  const keys = Object.keys(value)
  const key = keys[step % Math.max(1, keys.length)]
  if (Array.isArray(value)) {
    return value.map((entry, index) => String(index) === key ? replaced(entry, rest, by) : entry)
  }
  return Object.fromEntries(
    Object.entries(value).map(([name, entry]) => [name, name === key ? replaced(entry, rest, by) : entry])
  )
}

describe("an answer that is plainly right", () => {
  for (const [name, schema] of Object.entries(schemas)) {
    it(`is taken as it came: ${name}`, () => {
      const whole = wholeOf(name)
      expect(Result.getOrThrow(Plainly.decode(schema)(whole))).toBe(whole)
    })

    it(`is one that the Schema takes, which leaves out no field that it knows: ${name}`, () => {
      const decode = Plainly.decode(schema)
      const judge = Schema.decodeUnknownResult(schema)
      const way = fc.array(fc.nat(20), { maxLength: 6 })
      const value = fc.oneof(
        fc.constantFrom<unknown>(null, 1, 1.5, Number.NaN, Infinity, "a", true, [], {}, [null], [{}], undefined),
        fc.jsonValue({ maxDepth: 2 })
      )
      fc.assert(
        fc.property(way, value, (way, value) => {
          const answer = replaced(wholeOf(name), way, value)
          const [made, expected] = [decode(answer), judge(answer)]
          expect(made._tag).toBe(expected._tag)
          if (Result.isSuccess(made) && Result.isSuccess(expected)) {
            expect(made.success).toMatchObject(expected.success!)
          }
        }),
        { numRuns: 500 }
      )
    })
  }
})

describe("a Schema that is not known here", () => {
  it("decodes all", () => {
    const decode = Plainly.decode(Schema.Struct({ at: Schema.FiniteFromString, by: Schema.Literal("a") }))
    expect(decode({ at: "1", by: "a" })).toEqual(Result.succeed({ at: 1, by: "a" }))
    expect(decode({ at: "x", by: "a" })._tag).toBe("Failure")
  })
})
