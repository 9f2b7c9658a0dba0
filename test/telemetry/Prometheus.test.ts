import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { PrometheusMetrics } from "effect/observability"
import { instruments } from "../../src/telemetry/Instruments.ts"
import parse from "parse-prometheus-text-format"
import { metered, traffic } from "./support.ts"

const seconds = [
  "0.01",
  "0.02",
  "0.04",
  "0.08",
  "0.16",
  "0.32",
  "0.64",
  "1.28",
  "2.56",
  "5.12",
  "10.24",
  "20.48",
  "40.96",
  "81.92",
  "163.84",
  "327.68",
  "+Inf"
]

const families = Effect.map(
  Effect.andThen(traffic, PrometheusMetrics.format()),
  (text) => new Map(parse(text).map((family) => [family.name, family]))
)

describe("Prometheus text", () => {
  it.effect("has every name with its kind and its help, as a parser reads it", () =>
    Effect.gen(function*() {
      const kinds = Array.from(yield* families, ([name, { help, type }]) => [name, type, help !== ""])
      expect(kinds.toSorted()).toEqual([
        ["gen_ai_client_inference_duration", "HISTOGRAM", true],
        ["gen_ai_client_inference_time_per_output_chunk", "HISTOGRAM", true],
        ["gen_ai_client_inference_time_to_first_chunk", "HISTOGRAM", true],
        ["gen_ai_client_inference_usage_cache_read_input_tokens", "COUNTER", true],
        ["gen_ai_client_inference_usage_cache_write_input_tokens", "COUNTER", true],
        ["gen_ai_client_inference_usage_input_tokens", "COUNTER", true],
        ["gen_ai_client_inference_usage_output_tokens", "COUNTER", true],
        ["gen_ai_client_inference_usage_reasoning_output_tokens", "COUNTER", true],
        ["gen_ai_client_operation_duration", "HISTOGRAM", true],
        ["gen_ai_client_token_usage", "HISTOGRAM", true],
        ["llmdispatcher_attempts", "COUNTER", true],
        ["llmdispatcher_attempts_in_flight", "GAUGE", true],
        ["llmdispatcher_cost", "COUNTER", true],
        ["llmdispatcher_cost_unknown", "COUNTER", true],
        ["llmdispatcher_dispatch_duration", "HISTOGRAM", true],
        ["llmdispatcher_dispatches", "COUNTER", true],
        ["llmdispatcher_fallbacks", "COUNTER", true],
        ["llmdispatcher_skipped", "COUNTER", true]
      ])
    }).pipe(metered))

  it.effect("has the conventions' buckets for times and tokens", () =>
    Effect.gen(function*() {
      const found = yield* families
      const bounds = (name: string) => Object.keys(found.get(name)!.metrics[0]!.buckets ?? {}).toSorted(ascending)
      for (
        const name of [
          "gen_ai_client_inference_duration",
          "gen_ai_client_inference_time_to_first_chunk",
          "gen_ai_client_inference_time_per_output_chunk",
          "gen_ai_client_operation_duration",
          "llmdispatcher_dispatch_duration"
        ]
      ) expect([name, bounds(name)]).toEqual([name, seconds])
      expect(bounds("gen_ai_client_token_usage")).toEqual([
        ...Array.from({ length: 14 }, (_, power) => String(4 ** power)),
        "+Inf"
      ])
    }).pipe(metered))

  it.effect("has the values that were counted", () =>
    Effect.gen(function*() {
      const { metrics } = (yield* families).get("llmdispatcher_dispatches")!
      expect(metrics.map(({ labels, value }) => [labels, value])).toEqual([
        [{ llmdispatcher_route: "default", llmdispatcher_operation: "send" }, "2"],
        [{ llmdispatcher_route: "chat", llmdispatcher_operation: "send" }, "1"],
        [{ llmdispatcher_route: "chat", llmdispatcher_operation: "stream" }, "1"]
      ])
    }).pipe(metered))

  it("has no two instruments of one name", () => {
    const names = Object.values(instruments).map((make) => make({}).id.replaceAll(".", "_"))
    expect(new Set(names).size).toBe(names.length)
  })
})

const ascending = (one: string, other: string) =>
  Number(one.replace("+Inf", "Infinity")) - Number(other.replace("+Inf", "Infinity"))
