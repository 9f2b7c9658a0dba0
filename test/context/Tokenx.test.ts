import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { estimateTokenCount } from "tokenx"
import * as GptTokenizer from "../../src/context/GptTokenizer.ts"
import * as Tokenx from "../../src/context/Tokenx.ts"

const texts = ["Änderungen bedürfen der Schriftform.", "const a = { b: [1, 2] }", "", "语言是人的家园"]

describe("Tokenx", () => {
  it.effect("counts as the package does, for any model", () =>
    Effect.gen(function*() {
      const counter = yield* Tokenx.make()
      expect(texts.map((text) => counter.text(text, "claude-sonnet-4-5"))).toEqual(
        texts.map((text) => estimateTokenCount(text))
      )
    }))

  it.effect("counts beside gpt-tokenizer for whom that is not exact", () =>
    Effect.gen(function*() {
      const counter = yield* GptTokenizer.make({ otherwise: yield* Tokenx.make() })
      const text = "internationalisation"
      expect(counter.text(text, "gemini-2.5-pro")).toBe(estimateTokenCount(text))
      expect(counter.text(text, "gpt-5")).not.toBe(estimateTokenCount(text))
    }))

  it.effect("fails where the package is not there", () =>
    Effect.gen(function*() {
      const { message } = yield* Effect.flip(Tokenx.make({ load: Effect.fail("no such package") }))
      expect(message).toBe("tokenx: could not be loaded: install it beside llmdispatcher (npm i tokenx)")
    }))
})
