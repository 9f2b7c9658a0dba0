import type { AttemptRecord, DispatchRecord } from "../../../src/stats/Record.ts"

/** Some time in 2026, on a whole hour. */
export const start = 1_790_000_000_000 - 1_790_000_000_000 % 3_600_000

export const attempt = (given: Partial<AttemptRecord> = {}): AttemptRecord => ({
  number: 1,
  vendor: "openai",
  target: "openai/gpt-5-mini",
  model: "gpt-5-mini",
  outcome: "answered",
  occasion: "first",
  startedAfter: 0,
  duration: 800,
  timeToFirstPart: 200,
  usage: {
    inputTokens: { total: 100, uncached: 60, cacheRead: 40, cacheWrite: 0 },
    outputTokens: { total: 20, text: 15, reasoning: 5 }
  },
  cost: 0.000_123_456_789,
  costSource: "genai-prices 1",
  ...given
})

export const dispatch = (id: string, given: Partial<DispatchRecord> = {}): DispatchRecord => ({
  id,
  operation: "stream",
  startedAt: start,
  duration: 900,
  timeToFirstPart: 250,
  route: "default",
  model: "gpt-5-mini",
  caller: "ann",
  outcome: "answered",
  vendor: "openai",
  target: "openai/gpt-5-mini",
  finishReason: "stop",
  isCached: false,
  usage: attempt().usage!,
  cost: attempt().cost,
  attempts: [attempt()],
  ...given
})
