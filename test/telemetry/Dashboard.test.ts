import { describe, expect, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { instruments } from "../../src/telemetry/Instruments.ts"

const dashboard = JSON.parse(readFileSync(new URL("../../examples/grafana/dashboard.json", import.meta.url), "utf8"))

/** Every name that Prometheus gets, a histogram's three among them. */
const exported = new Set(
  Object.values(instruments).flatMap((make) => {
    const metric = make({})
    const name = metric.id.replaceAll(".", "_")
    return metric.type === "Histogram" ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name]
  })
)

const labels = new Set([
  "error_type",
  "gen_ai_provider_name",
  "gen_ai_request_model",
  "le",
  "llmdispatcher_outcome",
  "llmdispatcher_route",
  "llmdispatcher_target"
])

const queries: ReadonlyArray<string> = [
  ...dashboard.panels.flatMap(({ targets }: any) => targets.map(({ expr }: any) => expr)),
  ...dashboard.templating.list.flatMap(({ definition }: any) => definition === undefined ? [] : [definition])
]

/** Everything in a query that could be one of ours. */
const words = queries.flatMap((query) => query.match(/\b(gen_ai|llmdispatcher)_\w+/g) ?? [])

describe("The Grafana dashboard", () => {
  it("asks only for metrics and labels that are exported", () => {
    expect(words.filter((word) => !exported.has(word) && !labels.has(word))).toEqual([])
  })

  it("asks in every query for one of our metrics", () => {
    expect(queries.filter((query) => !(query.match(/\w+/g) ?? []).some((word) => exported.has(word)))).toEqual([])
    expect(queries.length).toBeGreaterThan(20)
  })

  it("shows every metric of our own", () => {
    const own = Array.from(exported).filter((name) => name.startsWith("llmdispatcher_") && !/_(sum|count)$/.test(name))
    expect(own.filter((name) => !words.includes(name))).toEqual([])
  })

  it("puts no panel over another", () => {
    const cells = dashboard.panels.flatMap(({ gridPos: { h, w, x, y } }: any) =>
      Array.from({ length: w * h }, (_, index) => `${x + index % w} ${y + Math.floor(index / w)}`)
    )
    expect(new Set(cells).size).toBe(cells.length)
  })
})
