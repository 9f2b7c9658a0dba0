import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { limit } from "../../src/context/Limit.ts"
import { characters, request, user } from "./conversations.ts"

const counter = characters

describe("Limit", () => {
  it.effect("lets through what is within the limits, unchanged", () =>
    Effect.gen(function*() {
      const chat = request([user("12345")], { maxTokens: 10 })
      expect(yield* limit({ counter, input: 12, output: 10 })(chat)).toBe(chat)
      expect(yield* limit({ counter })(chat)).toBe(chat)
    }))

  it.effect("refuses what is beyond them, with all the numbers", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(
        limit({ counter, input: 11, output: 9 })(request([user("12345")], { maxTokens: 10 }))
      )
      expect(error._tag).toBe("FatalError")
      expect(error.message).toBe(
        "the request is not valid: prompt must have at most 11 tokens with all that goes with it, has 12; " +
          "maxTokens must be at most 9, is 10"
      )
    }))

  it.effect("gives the longest answer allowed to whoever names none", () =>
    Effect.gen(function*() {
      const chat = request([user("1")], { model: "m" })
      const limited = yield* limit({ output: 9 })(chat)
      expect([limited.maxTokens, limited.model, limited.prompt]).toEqual([9, "m", chat.prompt])
      expect(limited).toBeInstanceOf(chat.constructor)
    }))

  it.effect("takes limits that depend on the request", () =>
    Effect.gen(function*() {
      const limits = limit({ counter, input: ({ model }) => model === "small" ? 5 : undefined })
      const chat = (model: string) => request([user("123456")], { model })
      expect(yield* limits(chat("large"))).toMatchObject({ model: "large" })
      expect((yield* Effect.flip(limits(chat("small")))).reason._tag).toBe("InvalidRequest")
    }))
})
