import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { Digest } from "effect/crypto"
import * as fc from "fast-check"
import * as Request from "llmdispatcher/Request"
import * as Key from "../../src/cache/Key.ts"

const own = (name: string | undefined): Key.Scope => ({ namespace: "", caller: { name }, vary: undefined })
const shared: Key.Scope = { namespace: "", caller: "shared", vary: undefined }

const keyOf = (input: Request.RequestInput, scope: Key.Scope = shared) =>
  Effect.gen(function*() {
    const digest = yield* Digest.Digest
    return yield* Key.hash(digest, Key.textOf(yield* Request.decode(input), scope))
  }).pipe(Effect.provide(Digest.layerWebCrypto))

/** The same value with the keys of each object the other way round. */
const reversed = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(reversed)
  if (typeof value !== "object" || value === null) return value
  return Object.fromEntries(Object.entries(value).reverse().map(([key, entry]) => [key, reversed(entry)]))
}

const whole = {
  model: "small",
  mode: "fast",
  prompt: [{ role: "user", content: "Hello" }],
  vendors: ["a", "b"],
  maxTokens: 100,
  temperature: 0.5,
  topP: 0.5,
  topK: 5,
  frequencyPenalty: 0.5,
  presencePenalty: 0.5,
  seed: 7,
  stop: ["END"],
  reasoningEffort: "low",
  tools: [{ name: "add", description: "adds", parameters: { type: "object", properties: { a: {}, b: {} } } }],
  toolChoice: "auto",
  parallelToolCalls: true,
  responseFormat: { type: "json" },
  losses: "warn",
  options: { a: { x: 1, y: { z: [1, 2] } } }
} as const satisfies Request.RequestInput

const changes: ReadonlyArray<Partial<Request.RequestInput>> = [
  { model: "large" },
  { mode: "auto" },
  { prompt: "Hello!" },
  { prompt: [{ role: "system", content: "Be short" }, { role: "user", content: "Hello" }] },
  { prompt: [{ role: "user", content: "Hello", options: { a: { cache: true } } }] },
  { prompt: [{ role: "user", content: [{ type: "file", mediaType: "image/png", data: new Uint8Array([1]) }] }] },
  { prompt: [{ role: "user", content: [{ type: "file", mediaType: "image/png", data: new Uint8Array([2]) }] }] },
  { prompt: [{ role: "user", content: [{ type: "file", mediaType: "image/png", data: "AQ==" }] }] },
  { vendors: ["a"] },
  { maxTokens: 101 },
  { temperature: 0.6 },
  { topP: 0.6 },
  { topK: 6 },
  { frequencyPenalty: 0.6 },
  { presencePenalty: 0.6 },
  { seed: 8 },
  { stop: ["STOP"] },
  { reasoningEffort: "high" },
  { tools: [{ name: "add", parameters: { type: "object" } }] },
  { toolChoice: "none" },
  { parallelToolCalls: false },
  { responseFormat: { type: "text" } },
  { losses: "ignore" },
  { options: { a: { x: 1, y: { z: [2, 1] } } } }
]

describe("Key.canonical", () => {
  it("does not depend on the order of keys", () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => {
      expect(Key.canonical(reversed(value))).toBe(Key.canonical(value))
    }))
  })

  it("is one text only of equal values", () => {
    fc.assert(fc.property(fc.jsonValue(), fc.jsonValue(), (one, other) => {
      const equal = JSON.stringify(JSON.parse(Key.canonical(one))) === JSON.stringify(JSON.parse(Key.canonical(other)))
      expect(Key.canonical(one) === Key.canonical(other)).toBe(equal)
      expect(JSON.parse(Key.canonical(one))).toEqual(JSON.parse(JSON.stringify(one)))
    }))
  })

  it("tells bytes, URLs, texts and halves of surrogate pairs apart", () => {
    const values = [new Uint8Array([1]), "AQ==", "b\"AQ==\"", new URL("http://x/"), "http://x/", "\ud800", "\ud801"]
    expect(new Set(values.map((value) => Key.canonical(value))).size).toBe(values.length)
  })
})

describe("Key.textOf", () => {
  it.effect("is the same for the short and the long form, whatever the order of fields", () =>
    Effect.gen(function*() {
      const key = yield* keyOf({ model: "small", prompt: "Hello", temperature: 1 })
      expect(yield* keyOf({ temperature: 1, messages: [{ role: "user", content: "Hello" }], model: "small" })).toBe(key)
      expect(yield* keyOf(reversed(whole) as Request.RequestInput)).toBe(yield* keyOf(whole))
      expect(key).toMatch(/^[0-9a-f]{64}$/)
    }))

  it.effect("is another for any change of what is asked", () =>
    Effect.gen(function*() {
      const keys = [yield* keyOf(whole)]
      for (const change of changes) keys.push(yield* keyOf({ ...whole, ...change } as Request.RequestInput))
      expect(new Set(keys).size).toBe(keys.length)
      for (const field of Object.keys(whole)) {
        if (field === "prompt") continue
        const { [field as "seed"]: _, ...without } = whole
        keys.push(yield* keyOf(without))
      }
      expect(new Set(keys).size).toBe(keys.length)
    }))

  it.effect("does not depend on who asks, how urgently and with which labels", () =>
    Effect.gen(function*() {
      const key = yield* keyOf(whole)
      for (
        const aside of [
          { user: "ada" },
          { metadata: { run: "1" } },
          { priority: 9 },
          { deadline: "3 seconds" },
          { cache: "refresh" }
        ] as const
      ) expect(yield* keyOf({ ...whole, ...aside })).toBe(key)
    }))

  it.effect("tells callers, namespaces and what else varies apart", () =>
    Effect.gen(function*() {
      const keys = yield* Effect.forEach(
        [
          shared,
          own(undefined),
          own("ada"),
          own("bob"),
          own("shared"),
          { ...shared, namespace: "b" },
          { ...shared, vary: { tier: 1 } }
        ],
        (scope) => keyOf(whole, scope)
      )
      expect(new Set(keys).size).toBe(keys.length)
    }))
})
