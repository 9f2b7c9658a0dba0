import { describe, expect, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import * as Key from "../../src/keys/Key.ts"

const secret = (key: string) => Redacted.make(key)

describe("Key", () => {
  it.effect("knows a key by its SHA-256 and speaks of it by the first 8 digits", () =>
    Effect.gen(function*() {
      const [key] = yield* Key.make([secret("abc")], "K")
      expect(key).toMatchObject({
        id: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        fingerprint: "ba7816bf",
        weight: 1
      })
    }))

  it.effect("joins keys that are the same and keeps the weight that was said last", () =>
    Effect.gen(function*() {
      const keys = yield* Key.make([secret("a"), { key: secret("b") }, { key: secret("a"), weight: 3 }], "K")
      expect(keys.map(({ key, weight }) => [Redacted.value(key), weight])).toEqual([["a", 3], ["b", 1]])
    }))

  it.effect.each([
    [[], "K: must hold at least one key"],
    [[secret("good"), secret("  ")], "K[1]: is empty"],
    [
      [secret("canary\n")],
      "K[0]: holds spaces around it, a line break or another character that headers cannot carry"
    ],
    [[secret("canäry")], "K[0]: holds spaces around it, a line break or another character that headers cannot carry"],
    [[{ key: secret("canary"), weight: 0 }], "K[0]: has a weight that is not above 0"],
    [[{ key: secret("canary"), weight: Infinity }], "K[0]: has a weight that is not above 0"]
  ] as ReadonlyArray<readonly [ReadonlyArray<Key.KeyInput>, string]>)(
    "refuses keys that are no good without showing them (%#)",
    ([inputs, message]) =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(Key.make(inputs, "K"))
        expect(error.message).toBe(message)
        expect(JSON.stringify(error)).not.toMatch(/canary|canäry/)
      })
  )
})
