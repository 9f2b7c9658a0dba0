import { describe, expect, it } from "@effect/vitest"
import * as Counts from "../../../src/gateway/openai/Counts.ts"
import type { Usage } from "../../../src/Response.ts"

describe("counts", () => {
  it.each<[string, Usage, Counts.Counts | undefined]>([
    ["totals as they are told", { inputTokens: { total: 5, uncached: 3 }, outputTokens: { total: 2 } }, {
      input: 5,
      output: 2,
      cacheRead: undefined,
      cacheWrite: undefined,
      reasoning: undefined
    }],
    ["totals out of their disjoint parts", {
      inputTokens: { uncached: 70, cacheRead: 20, cacheWrite: 10 },
      outputTokens: { text: 18, reasoning: 32 }
    }, { input: 100, output: 50, cacheRead: 20, cacheWrite: 10, reasoning: 32 }],
    ["nothing where the input is not known", { inputTokens: { cacheRead: 5 }, outputTokens: { total: 2 } }, undefined],
    ["nothing where the output is not known", { inputTokens: { total: 5 }, outputTokens: {} }, undefined]
  ])("are %s", (_, usage, expected) => {
    expect(Counts.of(usage)).toEqual(expected)
  })
})
