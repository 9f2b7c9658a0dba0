import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import * as fc from "fast-check"
import * as cl100k from "gpt-tokenizer/encoding/cl100k_base"
import * as o200k from "gpt-tokenizer/encoding/o200k_base"
import { chatModelParams, DEFAULT_ENCODING, modelToEncodingMap } from "gpt-tokenizer/mapping"
import * as gpt4o from "gpt-tokenizer/model/gpt-4o"
import { encodingOf, familyOf } from "../../src/context/Family.ts"
import * as GptTokenizer from "../../src/context/GptTokenizer.ts"
import { inputTokens, measure } from "../../src/context/Tokens.ts"
import { assistant, characters, request, system, user } from "./conversations.ts"

const asText = { disallowedSpecial: new Set<string>() }
const counter = Effect.runSync(Effect.cached(GptTokenizer.make({ otherwise: characters })))

describe("GptTokenizer", () => {
  it("knows of every OpenAI model for chats which encoding it has", () => {
    const names = new Set([...Object.keys(modelToEncodingMap), ...Object.keys(chatModelParams)])
    const models = Array.from(names)
      .filter((model) => /^(gpt-[3-9]|o\d|chatgpt)/.test(model))
      .map((model) => [model, (modelToEncodingMap as Record<string, string>)[model] ?? DEFAULT_ENCODING] as const)
    expect(models.length).toBeGreaterThan(80)
    expect(models.filter(([model]) => familyOf(model) !== "openai").map(([model]) => model)).toEqual([])
    const wrong = models.filter(([model, encoding]) => encodingOf(model) !== encoding.replace("harmony", "base"))
    expect(wrong.map(([model]) => model)).toEqual([])
  })

  it("knows the vendors of models by their names", () => {
    const names = {
      openai: ["gpt-5-mini", "openai/o3", "azure/gpt-4o-eu", "ft:gpt-4o:acme::1", "openai/gpt-oss-120b", "codex-mini"],
      anthropic: ["claude-sonnet-4-5", "us.anthropic.claude-opus-4-v1:0"],
      google: ["gemini-2.5-pro", "models/gemini-3-flash"],
      other: ["llama-3.3-70b", "chat", "mistral-large", "solo1", "default"]
    }
    for (const [family, models] of Object.entries(names)) {
      expect(models.map(familyOf)).toEqual(models.map(() => family))
    }
    expect(familyOf(undefined)).toBe("other")
  })

  it.effect("counts a chat of OpenAI's exactly", () =>
    Effect.gen(function*() {
      const chat = request([system("You are kind."), user("Wie geht es?"), assistant("Gut."), user("你好")])
      const messages = [
        { role: "system", content: "You are kind." },
        { role: "user", content: "Wie geht es?" },
        { role: "assistant", content: "Gut." },
        { role: "user", content: "你好" }
      ] as const
      expect(inputTokens(chat, { counter: yield* counter, model: "gpt-4o" })).toBe(gpt4o.countTokens(messages))
    }))

  it.effect("counts texts in the encoding of the model, and other vendors' by the other counter", () =>
    Effect.gen(function*() {
      const { text } = yield* counter
      const words = "Donaudampfschifffahrtsgesellschaft 123456 naïve 数据"
      expect(text(words, "gpt-5-mini")).toBe(o200k.countTokens(words))
      expect(text(words, "gpt-4-turbo")).toBe(cl100k.countTokens(words))
      expect(text(words, "gpt-4-turbo")).not.toBe(o200k.countTokens(words))
      expect(text(words, "claude-sonnet-4-5")).toBe(words.length)
      expect(text(words, undefined)).toBe(words.length)
    }))

  it.effect("takes the names of special tokens for text, where the package would throw", () =>
    Effect.gen(function*() {
      const { text } = yield* counter
      expect(() => o200k.countTokens("<|endoftext|>")).toThrow()
      expect(text("<|endoftext|><|im_start|>", "gpt-5")).toBeGreaterThan(6)
    }))

  it.effect("law: it is exact for any text without very long runs", () =>
    Effect.gen(function*() {
      const { text } = yield* counter
      fc.assert(fc.property(fc.string({ unit: "grapheme", maxLength: 120 }), (words) => {
        const repeated = `${words} ${words}`
        expect(text(words, "gpt-5")).toBe(words === "" ? 0 : o200k.countTokens(words, asText))
        expect(text(repeated, "gpt-4")).toBe(cl100k.countTokens(repeated, asText))
      }))
    }))

  it.effect("counts a very long run in pieces, nearly right", () =>
    Effect.gen(function*() {
      const { text } = yield* counter
      for (const run of ["语言是人的家园思想是通往他人的道路", "abcdefghij", "=-", " ", "\n", "a,"]) {
        const long = run.repeat(Math.ceil(2_000 / run.length))
        const exact = o200k.countTokens(long)
        const pieces = Math.ceil(long.length / 128)
        expect(Math.abs(text(long, "gpt-5") - exact)).toBeLessThanOrEqual(2 * pieces)
      }
      const sentences = "一二三四五六七八九十，".repeat(500)
      expect(text(sentences, "gpt-5")).toBe(o200k.countTokens(sentences))
    }))

  it.effect("gives the package no very long run, for which it would take minutes, and no text in vain pieces", () =>
    Effect.gen(function*() {
      const given: Array<string> = []
      const countTokens = (text: string) => given.push(text)
      const { text } = yield* GptTokenizer.make({ load: () => Effect.succeed({ countTokens }) })
      const long = `x ${"语".repeat(1_000)} y ${" ".repeat(1_000)}${"=".repeat(1_000)}${"1".repeat(1_000)}`
      text(long, "gpt-5")
      expect(given.join("")).toBe(long)
      const runs = given.flatMap((piece) => piece.match(/\p{L}+|\s+|[^\s\p{L}\p{N}]+/gu) ?? [])
      expect(Math.max(...runs.map((run) => run.length))).toBe(128)
      given.length = 0
      text("word ".repeat(1_000), "gpt-5")
      expect(given.length).toBe(1)
    }))

  it.effect("counts tools at least as high as OpenAI's format takes them", () =>
    Effect.gen(function*() {
      const parameters = {
        type: "object",
        properties: {
          city: { type: "string", description: "The city's name" },
          unit: { type: "string", enum: ["celsius", "fahrenheit"] },
          days: { type: "array", items: { type: "integer" } },
          options: { type: "object", properties: { deep: { type: "boolean" } }, required: ["deep"] }
        },
        required: ["city"]
      }
      const tools = ["weather", "forecast"].map((name) => ({ name, description: "Tells the weather", parameters }))
      const exact = gpt4o.countChatCompletionTokens!({
        messages: [{ role: "user", content: "hi" }],
        functions: tools as any
      })
      const ours = measure(request([user("hi")], { tools }), { counter: yield* counter, model: "gpt-4o" }).total
      expect(ours / exact).toBeGreaterThanOrEqual(1)
      expect(ours / exact).toBeLessThan(2)
    }))

  it.effect("fails where the package is not there, or is not what it was", () =>
    Effect.gen(function*() {
      const missing = yield* Effect.flip(GptTokenizer.make({ load: () => Effect.fail("no such package") }))
      const strange = yield* Effect.flip(GptTokenizer.make({ load: () => Effect.succeed({ countTokens: 1 }) }))
      expect(missing.message).toBe(
        "gpt-tokenizer: could not be loaded: install it beside llmdispatcher (npm i gpt-tokenizer)"
      )
      expect(strange.message).toBe(missing.message)
    }))
})
