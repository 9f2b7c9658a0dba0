import { describe, expect, it } from "vitest"
import * as Pattern from "../../src/router/Pattern.ts"

describe("Pattern", () => {
  it.each([
    ["gpt-*", "gpt-5-mini", "5-mini"],
    ["gpt-*", "gpt-", ""],
    ["gpt-*", "claude", undefined],
    ["*", "any/thing", "any/thing"],
    ["*-mini", "gpt-5-mini", "gpt-5"],
    ["a*a", "a", undefined],
    ["openai/*-2025-*", "openai/gpt-5-2025-08-07", "gpt-5"],
    ["x*y*z", "xyz", ""],
    ["x*y*z", "xz", undefined],
    ["plain", "plain", ""],
    ["plain", "plainer", undefined]
  ])("%s and %s: %s", (pattern, name, part) => {
    expect(Pattern.match(pattern, name)).toBe(part)
  })
})
