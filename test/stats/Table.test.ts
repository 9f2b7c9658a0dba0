import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import * as fc from "fast-check"
import { render } from "../../src/stats/Table.ts"
import { attempt, atTime, dispatches, endedAt, refused } from "./support.ts"

const minute = 60_000
const second = 1_000

/** Five minutes of traffic at two targets, one of which had a bad minute. */
const busy = () => {
  const { begin, record, snapshotAt } = atTime({
    surroundings: {
      inFlight: (target) => target === "openai/gpt-5-mini" ? 4 : 0,
      circuit: (target) => Effect.succeed(target === "anthropic/claude" ? "HalfOpen" : "Closed"),
      cooldownUntil: (target) => target === "groq/llama" ? 5 * minute + 12 * second : undefined,
      targets: () => ["openai/gpt-5-mini", "anthropic/claude", "groq/llama"]
    }
  })
  begin({ id: "1" })
  for (let at = second; at <= 5 * minute; at += second) {
    const isBad = at > 2 * minute && at <= 3 * minute
    const first = { vendor: "openai", target: "openai/gpt-5-mini" }
    const second = { vendor: "anthropic", target: "anthropic/claude", occasion: "fallback" as const }
    record(endedAt(at, {
      caller: at % 2_000 === 0 ? "ann" : "bob",
      attempts: isBad ? [refused(first), attempt({ ...second, cost: undefined })] : [attempt(first)]
    }))
  }
  return snapshotAt(5 * minute)
}

const lines = (text: string) => text.split("\n")

describe("Table", () => {
  it("shows the busiest first, with what is not as it should be", () => {
    expect(lines(render(busy(), { group: "targets", width: 160 }))).toEqual([
      "last 5m · 300 requests · 1.0/s · 100% ok · 1 under way · 60 fallbacks · ≥$0.24",
      "",
      "target             requests    /s     ok    p50    p95  first p50  first p95     in    out   cost  busy  state" +
      "        failures        trend",
      "openai/gpt-5-mini       300   1.0  80.0%  100ms  100ms       40ms       40ms  3,360  1,680  $0.24     4" +
      "               Overloaded ×60  ████████████▁",
      "anthropic/claude         60  0.20   100%  100ms  100ms       40ms       40ms    840    420      ?" +
      "        half-open                        ▂██▂",
      "groq/llama                0     0      –      –      –          –          –      0      0     $0" +
      "        cools 12.0s",
      ""
    ])
  })

  it("leaves out what has no room, the least wanted first", () => {
    const titles = (width: number) => lines(render(busy(), { group: "targets", width }))[2]!.split(/ {2,}/)
    expect(titles(120)).toEqual(
      ["target", "requests", "/s", "ok", "p50", "p95", "first p50", "first p95", "in", "cost", "state", "failures"]
    )
    expect(titles(60)).toEqual(["target", "requests", "ok", "p50", "p95", "cost"])
    expect(titles(30)).toEqual(["target", "requests"])
    expect(titles(6)).toEqual(["target"])
  })

  it("tells of another window, or of all since the start", () => {
    const { record, snapshotAt } = atTime()
    record(endedAt(0, { outcome: "failed", reason: "TimedOut", attempts: [] }))
    record(endedAt(90 * minute, { isCached: true, attempts: [] }))
    const snapshot = snapshotAt(90 * minute)
    expect(lines(render(snapshot, { group: "callers", window: "1h" }))[0]).toBe(
      "last 1h · 1 request · <0.01/s · 100% ok · 0 under way · 1 cached · $0"
    )
    expect(lines(render(snapshot, { group: "callers", window: "start" }))).toEqual([
      "since the start 1h 30m ago · 2 requests · 50.0% ok · 0 under way · 1 cached · $0",
      "",
      "caller  requests     ok    p50    p95  first p50  first p95  in  out  cost  failures",
      "ann            2  50.0%  100ms  100ms       40ms       40ms   0    0    $0  TimedOut ×1",
      ""
    ])
  })

  it("names the most frequent reason and how many others there are", () => {
    const { record, snapshotAt } = atTime()
    for (const reason of ["TimedOut", "Overloaded", "Overloaded"]) {
      record(endedAt(0, { outcome: "failed", reason, attempts: [] }))
    }
    expect(lines(render(snapshotAt(0), { group: "routes" }))[3]).toMatch(/ Overloaded ×2 \+1 /)
  })

  it("puts `_OTHER` last however much there is of it", () => {
    const { record, snapshotAt } = atTime({ most: { callers: 1 } })
    record(endedAt(0))
    for (let caller = 0; caller < 9; caller++) record(endedAt(0, { caller: `c${caller}` }))
    const rows = lines(render(snapshotAt(0), { group: "callers" })).slice(3, 5)
    expect(rows.map((row) => row.split(/ +/).slice(0, 2))).toEqual([["ann", "1"], ["_OTHER", "9"]])
  })

  it("shows a heading alone where nothing was counted", () => {
    expect(render(atTime().snapshotAt(0), { group: "targets" })).toBe("last 5m · 0 requests · 0/s · 0 under way · $0\n")
  })

  it("lets no name steer the terminal or break a line", () => {
    const { record, snapshotAt } = atTime()
    record(endedAt(0, { caller: "a\n\u001b[31mb\u009b" }))
    const rows = lines(render(snapshotAt(0), { group: "callers" }))
    expect(rows.length).toBe(5)
    expect(rows[3]!.startsWith("a\ufffd\ufffd[31mb\ufffd ")).toBe(true)
  })

  it("never writes a line that is too long", () => {
    const groups = fc.constantFrom("targets" as const, "vendors" as const, "routes" as const, "callers" as const)
    const windows = fc.constantFrom("1m" as const, "1h" as const, "start" as const)
    fc.assert(fc.property(
      fc.array(dispatches(0, 2 * 60 * minute), { maxLength: 20 }),
      groups,
      windows,
      fc.integer({ min: 1, max: 200 }),
      fc.string({ maxLength: 80 }),
      (records, group, window, width, caller) => {
        const { record, set, snapshotAt } = atTime()
        set(120 * minute)
        for (const each of records) record(each)
        record(endedAt(120 * minute, { caller, route: caller }))
        const widths = lines(render(snapshotAt(120 * minute), { group, window, width })).map(({ length }) => length)
        expect(Math.max(...widths)).toBeLessThanOrEqual(width)
      }
    ))
  })
})
