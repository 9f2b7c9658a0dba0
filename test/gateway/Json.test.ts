import { describe, expect, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import * as fc from "fast-check"
import * as Json from "../../src/gateway/Json.ts"

const limits = { maxDepth: 5, maxValues: 20 }
const parse = (text: string | Uint8Array, given: Json.Limits = limits) =>
  Effect.runSync(Effect.result(Json.parse(typeof text === "string" ? new TextEncoder().encode(text) : text, given)))

const messageOf = (text: string | Uint8Array) =>
  Result.match(parse(text), {
    onFailure: ({ kind, message, status }) => [kind, status, message],
    onSuccess: (value) => value
  })

describe("a body", () => {
  it("is read as JSON.parse reads it, of two keys the last", () => {
    for (
      const text of [
        "null",
        "{\"a\":[1,\"}]\\\"[\"]}",
        "{\"a\":1,\"a\":2}",
        " \n[ ] ",
        "\ufeff{\"a\":1}",
        "\"\\u007b\\\\\""
      ]
    ) {
      expect(parse(text)).toEqual(Result.succeed(JSON.parse(text.replace("\ufeff", ""))))
    }
    expect(parse("")).toEqual(Result.succeed(undefined))
  })

  it("may be nested as deep as is allowed, and not deeper", () => {
    expect(parse("[[[[[]]]]]")).toEqual(Result.succeed([[[[[]]]]]))
    expect(messageOf("[[[[[[]]]]]]")).toEqual(["invalid-request", 400, "the body is nested more than 5 deep"])
    expect(messageOf("[".repeat(1_000_000))).toEqual(["invalid-request", 400, "the body is nested more than 5 deep"])
    expect(parse(`["${"[".repeat(100)}\\"${"{".repeat(100)}"]`)._tag).toBe("Success")
  })

  it("may have as many values as are allowed, and no more", () => {
    const list = (length: number) => JSON.stringify(Array.from({ length }, () => 0))
    expect(parse(list(20))._tag).toBe("Success")
    expect(messageOf(list(21))).toEqual(["invalid-request", 400, "the body has more than 20 values"])
    expect(messageOf("{},".repeat(30))).toEqual(["invalid-request", 400, "the body has more than 20 values"])
    expect(messageOf(`[${"[],".repeat(10)}[]]`)).toEqual(["invalid-request", 400, "the body has more than 20 values"])
    expect(parse(`["${",".repeat(100)}"]`)._tag).toBe("Success")
  })

  it("has the values that it has, however long and full of quotes its texts are", () => {
    const sign = fc.constantFrom("\"", "\\", ",", "[", "{", "a", "ä", "😀")
    const text = fc.array(fc.oneof(sign, fc.constant("a".repeat(63))), { maxLength: 200 }).map((signs) =>
      signs.join("")
    )
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 24 }), (texts) => {
        expect(parse(JSON.stringify(texts))).toEqual(
          texts.length <= 20
            ? Result.succeed(texts)
            : Result.fail(expect.objectContaining({ message: "the body has more than 20 values" }))
        )
        // What it is cut short to is told as no JSON, or as too much of it.
        expect(parse(JSON.stringify(texts).slice(0, -2))._tag).toBe("Failure")
      }),
      { numRuns: 300 }
    )
  })

  it("that is no JSON in UTF-8 is told without a word of it", () => {
    const wrong = ["invalid-request", 400, "the body is not JSON in UTF-8"]
    for (const text of ["{", "secret", "{\"secret\"", "[1,]", "NaN", "'a'", "\u0000", "{}{}", "]"]) {
      expect([text, messageOf(text)]).toEqual([text, wrong])
    }
    for (
      const bytes of [[0xff], [0x22, 0xc3, 0x22], [0x22, 0xed, 0xa0, 0x80, 0x22], [0x22, 0xc0, 0xaf, 0x22], [
        0xff,
        0xfe,
        0x7b,
        0
      ]]
    ) {
      expect(messageOf(Uint8Array.from(bytes))).toEqual(wrong)
    }
  })

  it("with names of prototypes has them as its own, and changes nobody's", () => {
    const value = Result.getOrThrow(
      parse("{\"__proto__\":{\"polluted\":1},\"constructor\":{\"prototype\":{\"polluted\":1}}}")
    )
    expect(Object.keys(value as object)).toEqual(["__proto__", "constructor"])
    expect(({} as { polluted?: number }).polluted).toBeUndefined()
  })

  it("that is JSON within the limits is never refused, and none beyond them accepted", () => {
    const measure = (value: unknown): { depth: number; values: number } => {
      if (typeof value !== "object" || value === null) return { depth: 0, values: 0 }
      const inner = Object.values(value).map(measure)
      return {
        depth: 1 + Math.max(0, ...inner.map(({ depth }) => depth)),
        // One for itself, and one for each that follows another.
        values: inner.reduce((sum, { values }) => sum + values, Math.max(1, inner.length))
      }
    }
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 8 }), fc.boolean(), (value, isSpaced) => {
        const { depth, values } = measure(value)
        const isFine = depth <= 5 && values <= 20
        expect(parse(JSON.stringify(value, null, isSpaced ? 1 : 0))._tag).toBe(isFine ? "Success" : "Failure")
      }),
      { numRuns: 2_000 }
    )
  })
})
