import { Clock, Effect } from "effect"
import * as fc from "fast-check"
import type { Usage } from "llmdispatcher/Response"
import * as Live from "../../src/stats/Live.ts"
import type { AttemptRecord, DispatchRecord } from "../../src/stats/Record.ts"
import { unknownUsage } from "llmdispatcher/Response"

const usage: Usage = {
  inputTokens: { uncached: 10, cacheRead: 4, total: 14 },
  outputTokens: { text: 5, reasoning: 2, total: 7 }
}

export const attempt = (fields: Partial<AttemptRecord> = {}): AttemptRecord => ({
  number: 1,
  vendor: "a",
  target: "a/m",
  model: "m",
  outcome: "answered",
  occasion: "first",
  startedAfter: 0,
  duration: 100,
  timeToFirstPart: 40,
  usage,
  cost: 0.001,
  ...fields
})

/** What nobody answered: no usage, no cost, no first part. */
export const refused = (fields: Partial<AttemptRecord> = {}): AttemptRecord =>
  attempt({
    outcome: "failed",
    reason: "Overloaded",
    timeToFirstPart: undefined!,
    usage: undefined,
    cost: undefined,
    ...fields
  })

export const dispatch = (fields: Partial<DispatchRecord> = {}): DispatchRecord => ({
  id: "d",
  operation: "send",
  startedAt: 0,
  duration: 100,
  timeToFirstPart: 40,
  route: "default",
  caller: "ann",
  outcome: "answered",
  vendor: "a",
  target: "a/m",
  isCached: false,
  usage,
  cost: 0.001,
  attempts: [attempt()],
  ...fields
})

/** An answer of 100 ms that came at `at`. */
export const endedAt = (at: number, fields: Partial<DispatchRecord> = {}): DispatchRecord =>
  dispatch({ startedAt: at - 100, duration: 100, ...fields })

const reasons = fc.constantFrom("RateLimited", "Overloaded", "TimedOut")
const tokens = fc.option(fc.nat(1_000), { nil: undefined })
const costs = fc.option(fc.double({ min: 0, max: 50, noNaN: true }), { nil: undefined })
const millis = fc.integer({ min: 0, max: 100_000 })

const attempts: fc.Arbitrary<AttemptRecord> = fc.record({
  number: fc.constant(1),
  vendor: fc.constantFrom("a", "b"),
  target: fc.constantFrom("m", "n"),
  model: fc.constant("m"),
  outcome: fc.constantFrom("answered", "failed", "skipped", "interrupted"),
  occasion: fc.constantFrom("first", "retry", "fallback", "hedge", "resume"),
  reason: reasons,
  startedAfter: fc.constant(0),
  duration: millis,
  timeToFirstPart: millis,
  usage: fc.option(
    fc.record({
      inputTokens: fc.record({ uncached: tokens, total: tokens, cacheRead: tokens, cacheWrite: tokens }),
      outputTokens: fc.record({ text: tokens, total: tokens, reasoning: tokens })
    }),
    { nil: undefined }
  ),
  cost: costs
}, { requiredKeys: ["number", "vendor", "target", "model", "outcome", "startedAfter", "duration"] })
  .map((attempt) => ({ ...attempt, target: `${attempt.vendor}/${attempt.target}` }) as AttemptRecord)

/** Dispatches that ended from `from` on and before `to`. */
export const dispatches = (from: number, to: number): fc.Arbitrary<DispatchRecord> =>
  fc.record({
    at: fc.integer({ min: from, max: to - 1 }),
    duration: millis,
    timeToFirstPart: fc.option(millis, { nil: undefined }),
    route: fc.constantFrom(undefined, "fast", "best"),
    caller: fc.constantFrom(undefined, "ann", "bob", "__proto__", "_OTHER"),
    outcome: fc.constantFrom("answered" as const, "failed" as const, "interrupted" as const),
    reason: reasons,
    isCached: fc.boolean(),
    attempts: fc.array(attempts, { maxLength: 4 })
  }).map(({ at, attempts, duration, isCached, outcome, reason, ...rest }): DispatchRecord => ({
    id: "d",
    operation: "send",
    startedAt: at - duration,
    duration,
    outcome: isCached ? "answered" : outcome,
    reason: outcome === "failed" && !isCached ? reason : undefined,
    isCached,
    usage: unknownUsage,
    attempts: isCached ? [] : attempts,
    ...rest
  }))

/** Live statistics of a clock that stands still where it is set, for tests that are no effects. */
export const atTime = (options: Live.Options = {}) => {
  let now = 0
  const clock: Clock.Clock = {
    currentTimeMillisUnsafe: () => now,
    currentTimeMillis: Effect.sync(() => now),
    currentTimeNanosUnsafe: () => BigInt(now) * 1_000_000n,
    currentTimeNanos: Effect.sync(() => BigInt(now) * 1_000_000n),
    monotonicTimeNanosUnsafe: () => BigInt(now) * 1_000_000n,
    monotonicTimeNanos: Effect.sync(() => BigInt(now) * 1_000_000n),
    sleep: () => Effect.never
  }
  const live = Effect.runSync(Effect.provideService(Effect.scoped(Live.make(options)), Clock.Clock, clock))
  return {
    ...live,
    snapshotAt: (at: number) => {
      now = at
      return Effect.runSync(live.snapshot)
    },
    set: (at: number) => {
      now = at
    }
  }
}
