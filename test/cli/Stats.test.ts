import { NodeServices } from "@effect/platform-node"
import { describe, expect, it } from "@effect/vitest"
import { Duration, Effect, Option } from "effect"
import { TestClock } from "effect/testing"
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll } from "vitest"
import * as Stats from "../../src/cli/Stats.ts"
import * as Database from "../../src/sql/Database.ts"
import type { DispatchRecord } from "../../src/stats/Record.ts"
import * as Writer from "../../src/stats/sql/Writer.ts"
import { attempt, dispatch, start } from "../stats/sql/records.ts"

const folder = mkdtempSync(join(tmpdir(), "llmdispatcher-stats-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let number = 0
const fresh = () => join(folder, `${number++}.db`)

const flags = (given: Partial<Stats.Flags>): Stats.Flags => ({
  since: Duration.hours(24),
  by: "target",
  database: Option.none(),
  config: Option.none(),
  json: false,
  debug: false,
  ...given
})

const write = (file: string, records: ReadonlyArray<DispatchRecord>) =>
  Effect.gen(function*() {
    const writer = yield* Writer.make()
    records.forEach(writer.record)
    yield* writer.flush
  }).pipe(Effect.scoped, Effect.provide(Database.layer({ sqlite: file })))

const slow = attempt({
  number: 2,
  vendor: "anthropic",
  target: "anthropic/claude-haiku-4-5",
  duration: 61_234,
  timeToFirstPart: 1_234,
  cost: undefined
})

const records: ReadonlyArray<DispatchRecord> = [
  dispatch("a"),
  dispatch("b", {
    caller: "bob",
    attempts: [attempt({ outcome: "failed", reason: "Overloaded" }), slow],
    cost: undefined
  }),
  dispatch("c", { caller: "bob", outcome: "failed", reason: "RateLimited", attempts: [], cost: 12_345.6 }),
  dispatch("old", { startedAt: start - 3_600_000 })
]

const filled = Effect.gen(function*() {
  const file = fresh()
  yield* write(file, records)
  yield* TestClock.setTime(start + 3_000_000)
  return Option.some(file)
})

describe("llmdispatcher stats", () => {
  it.effect("tells of each target that was called since", () =>
    Effect.gen(function*() {
      const report = yield* Stats.read(flags({ database: yield* filled, since: Duration.hours(1) }))
      expect(Stats.table(report)).toBe(
        [
          "TARGET                      CALLS  ANSWERED  FAILED  TOKENS IN  TOKENS OUT        $    P50    P95    P99  FIRST P50    P95",
          "openai/gpt-5-mini               2       50%       1        200          40  0.00025  800ms  800ms  800ms      200ms  200ms",
          "anthropic/claude-haiku-4-5      1      100%                100          20        ?  61.2s  61.2s  61.2s       1.2s   1.2s",
          ""
        ].join("\n")
      )
      expect(Stats.summary(report)).toBe(
        "3 dispatches in the last 1h: 2 answered, 1 failed, $12345.60, 1 without a known price"
      )
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("tells of callers, and fits the terminal", () =>
    Effect.gen(function*() {
      const report = yield* Stats.read(flags({ database: yield* filled, by: "caller" }))
      expect(Stats.table(report, 70)).toBe(
        [
          "CALLER  REQUESTS  ANSWERED  FAILED  TOKENS IN           $    P95",
          "ann            2      100%                200     0.00025  900ms",
          "bob            2       50%       1        200  > 12345.60  900ms",
          ""
        ].join("\n")
      )
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("gives all it knows as one object", () =>
    Effect.gen(function*() {
      const report = yield* Stats.read(flags({ database: yield* filled, by: "vendor", since: Duration.minutes(50) }))
      expect(JSON.parse(JSON.stringify(report))).toEqual({
        since: start,
        until: start + 3_000_001,
        by: "vendor",
        totals: {
          requests: 3,
          answered: 2,
          failures: 1,
          interrupted: 0,
          cached: 0,
          unpriced: 1,
          inputTokens: 300,
          outputTokens: 60,
          cost: Number("12345.600123456789"),
          duration: 900,
          timeToFirstPart: 250
        },
        rows: [
          {
            name: "openai",
            requests: 2,
            answered: 1,
            failures: 1,
            interrupted: 0,
            cached: 0,
            unpriced: 0,
            inputTokens: 200,
            outputTokens: 40,
            cost: 0.000_246_913_578,
            duration: 800,
            timeToFirstPart: 200,
            durations: { p50: 800, p90: 800, p95: 800, p99: 800 },
            timesToFirstPart: { p50: 200, p90: 200, p95: 200, p99: 200 }
          },
          {
            name: "anthropic",
            requests: 1,
            answered: 1,
            failures: 0,
            interrupted: 0,
            cached: 0,
            unpriced: 1,
            inputTokens: 100,
            outputTokens: 20,
            cost: null,
            duration: 61_234,
            timeToFirstPart: 1_234,
            durations: { p50: 61_234, p90: 61_234, p95: 61_234, p99: 61_234 },
            timesToFirstPart: { p50: 1_234, p90: 1_234, p95: 1_234, p99: 1_234 }
          }
        ]
      })
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("says that nothing was dispatched", () =>
    Effect.gen(function*() {
      const file = fresh()
      yield* write(file, [])
      const report = yield* Stats.read(flags({ database: Option.some(file) }))
      expect([Stats.table(report), Stats.summary(report)]).toEqual(["", "nothing was dispatched in the last 1d"])
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("says that there are no statistics yet, and makes no file", () =>
    Effect.gen(function*() {
      const file = fresh()
      const missing = yield* Effect.flip(Stats.read(flags({ database: Option.some(file) })))
      expect([missing.code, missing.message]).toEqual([
        2,
        `there are no statistics in ${file} yet: no dispatcher has written into it`
      ])
      expect(existsSync(file)).toBe(false)
      writeFileSync(file, "")
      const empty = yield* Effect.flip(Stats.read(flags({ database: Option.some(file) })))
      expect(empty.message).toBe(missing.message)
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("says what is wrong with a database", () =>
    Effect.gen(function*() {
      const file = fresh()
      writeFileSync(file, "no database at all, but text that is long enough to be read as one".repeat(20))
      const text = yield* Effect.flip(Stats.read(flags({ database: Option.some(file) })))
      expect([text.code, text.message]).toEqual([4, `${file} cannot be read: SQLite: file is not a database`])
      const away = `postgres://ann:hush@localhost/stats?host=${encodeURIComponent(folder)}`
      const down = yield* Effect.flip(Stats.read(flags({ database: Option.some(away) })))
      expect(down.code).toBe(3)
      expect(down.message).toMatch(/^localhost\/stats cannot be read: /)
      expect(down.message).not.toContain("hush")
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("takes the database of the configuration, from the file's own folder on", () =>
    Effect.gen(function*() {
      const config = join(folder, "llmdispatcher.yaml")
      writeFileSync(config, "statistics:\n  database:\n    sqlite: configured.db\n")
      yield* write(join(folder, "configured.db"), records)
      yield* TestClock.setTime(start + 1)
      const report = yield* Stats.read(flags({ config: Option.some(config) }))
      expect(report.totals.requests).toBe(4)
      writeFileSync(config, "vendors: {}\n")
      const none = yield* Effect.flip(Stats.read(flags({ config: Option.some(config) })))
      expect([none.code, none.message]).toEqual([
        2,
        "no statistics are written down: set statistics.database in the configuration, or name one by --database"
      ])
    }).pipe(Effect.provide(NodeServices.layer)))
})
