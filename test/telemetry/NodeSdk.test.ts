import * as NodeSdk from "@effect/opentelemetry/NodeSdk"
import { describe, expect, it } from "@effect/vitest"
import { InMemoryLogRecordExporter, SimpleLogRecordProcessor } from "@opentelemetry/sdk-logs"
import {
  AggregationTemporality,
  DataPointType,
  InMemoryMetricExporter,
  PeriodicExportingMetricReader
} from "@opentelemetry/sdk-metrics"
import { InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base"
import { Effect, Layer } from "effect"
import * as AttemptLog from "../../src/telemetry/AttemptLog.ts"
import { metered, traffic } from "./support.ts"

/** What the SDK's exporters got of the traffic. */
const exported = Effect.gen(function*() {
  const spans = new InMemorySpanExporter()
  const logs = new InMemoryLogRecordExporter()
  const metrics = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const reader = new PeriodicExportingMetricReader({ exporter: metrics, exportIntervalMillis: 60_000 })
  const Sdk = NodeSdk.layer(() => ({
    resource: { serviceName: "test" },
    spanProcessor: new SimpleSpanProcessor(spans),
    metricReader: reader,
    logRecordProcessor: new SimpleLogRecordProcessor({ exporter: logs })
  }))
  return yield* Effect.gen(function*() {
    yield* traffic
    yield* Effect.promise(() => reader.forceFlush())
    return {
      spans: spans.getFinishedSpans(),
      logs: logs.getFinishedLogRecords(),
      metrics: metrics.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics))
    }
  }).pipe(Effect.provide(Layer.merge(Sdk, AttemptLog.layer)))
}).pipe(metered)

describe("the OpenTelemetry SDK", () => {
  it.live("gets every metric with its unit, description and kind", () =>
    Effect.gen(function*() {
      const { metrics } = yield* exported
      const told = metrics.map((metric) => {
        const kind = metric.dataPointType === DataPointType.SUM && metric.isMonotonic
          ? "COUNTER"
          : DataPointType[metric.dataPointType]
        return `${metric.descriptor.name} ${metric.descriptor.unit} ${kind}`
      })
      expect(told.toSorted()).toEqual([
        "gen_ai.client.inference.duration s HISTOGRAM",
        "gen_ai.client.inference.time_per_output_chunk s HISTOGRAM",
        "gen_ai.client.inference.time_to_first_chunk s HISTOGRAM",
        "gen_ai.client.inference.usage.cache_read.input_tokens {token} COUNTER",
        "gen_ai.client.inference.usage.cache_write.input_tokens {token} COUNTER",
        "gen_ai.client.inference.usage.input_tokens {token} COUNTER",
        "gen_ai.client.inference.usage.output_tokens {token} COUNTER",
        "gen_ai.client.inference.usage.reasoning.output_tokens {token} COUNTER",
        "gen_ai.client.operation.duration s HISTOGRAM",
        "gen_ai.client.token.usage {token} HISTOGRAM",
        "llmdispatcher.attempts {attempt} COUNTER",
        "llmdispatcher.attempts.in_flight {attempt} GAUGE",
        "llmdispatcher.cost {USD} COUNTER",
        "llmdispatcher.cost.unknown {attempt} COUNTER",
        "llmdispatcher.dispatch.duration s HISTOGRAM",
        "llmdispatcher.dispatches {dispatch} COUNTER",
        "llmdispatcher.fallbacks {attempt} COUNTER",
        "llmdispatcher.skipped {target} COUNTER"
      ])
      expect(metrics.filter(({ descriptor }) => descriptor.description === "")).toEqual([])
    }))

  it.live("gets the spans and the logs of a dispatch under one trace", () =>
    Effect.gen(function*() {
      const { logs, spans } = yield* exported
      const dispatch = spans.find(({ name }) => name === "llmdispatcher.dispatch")!
      const warning = logs.find(({ severityText }) => severityText === "Warn")!
      expect([warning.body, warning.attributes["error.type"], warning.attributes["llmdispatcher.target"]]).toEqual([
        "attempt failed",
        "RateLimited",
        "failing/m"
      ])
      expect([warning.spanContext?.traceId, warning.spanContext?.spanId]).toEqual([
        dispatch.spanContext().traceId,
        dispatch.spanContext().spanId
      ])
    }))
})
