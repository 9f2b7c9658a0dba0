import { describe, expect, it } from "vitest"
import { nearest } from "../src/Suggestion.ts"

describe("nearest", () => {
  const known = ["openai", "openai/gpt-5-mini", "openai/gpt-5", "sandbox", "sandbox/slow"]

  it.for(
    [
      ["opanai", ["openai"]],
      ["gpt-5-mimi", ["openai/gpt-5-mini"]],
      ["openai/gpt-5-mino", ["openai/gpt-5-mini"]],
      ["Sandbox/Slow", ["sandbox/slow"]],
      ["claude-opus", []],
      ["x", []],
      ["", []]
    ] as const
  )("to %s is %s", ([typed, names]) => {
    expect(nearest(typed, known)).toEqual(names)
  })
})
