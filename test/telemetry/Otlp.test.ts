import * as NodeSdk from "@effect/opentelemetry/NodeSdk"
import { describe, expect, it } from "@effect/vitest"
import { JsonMetricsSerializer, ProtobufMetricsSerializer } from "@opentelemetry/otlp-transformer"
import {
  InMemoryMetricExporter,
  PeriodicExportingMetricReader,
  AggregationTemporality
} from "@opentelemetry/sdk-metrics"
import { Effect, Layer, Schema } from "effect"
import { FetchHttpClient } from "effect/http"
import { Otlp, OtlpExporter } from "effect/observability"
import * as NodeHttp from "node:http"
import type { AddressInfo } from "node:net"
import * as AttemptLog from "../../src/telemetry/AttemptLog.ts"
import { metered, traffic } from "./support.ts"

/** A collector: keeps what is posted, by path. */
const collector = Effect.gen(function*() {
  const bodies = new Map<string, Buffer>()
  const server = NodeHttp.createServer((request, response) => {
    const chunks: Array<Buffer> = []
    request.on("data", (chunk: Buffer) => chunks.push(chunk))
    request.on("end", () => {
      bodies.set(request.url!, Buffer.concat(chunks))
      response.writeHead(200, { "content-type": request.headers["content-type"]! }).end()
    })
  })
  yield* Effect.acquireRelease(
    Effect.callback<void>((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void))),
    () => Effect.callback<void>((resume) => void server.close(() => resume(Effect.void)))
  )
  return { bodies, baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
})

/** The same traffic as effect's exporter posted it and as the SDK read it. */
const exported = (make: typeof Otlp.layerJson | typeof Otlp.layerProtobuf) =>
  Effect.gen(function*() {
    const { baseUrl, bodies } = yield* collector
    const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
    const metricReader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 60_000 })
    const Exporters = Layer.merge(
      make({ baseUrl, resource: { serviceName: "test" } }).pipe(Layer.provide(FetchHttpClient.layer)),
      NodeSdk.layer(() => ({ resource: { serviceName: "test" }, metricReader }))
    )
    yield* Effect.gen(function*() {
      yield* traffic
      yield* (yield* OtlpExporter.Flusher).flush
      yield* Effect.promise(() => metricReader.forceFlush())
    }).pipe(Effect.provide([Exporters, AttemptLog.layer]))
    return { bodies, sdk: exporter.getMetrics()[0]! }
  }).pipe(Effect.scoped, metered)

// OTLP's JSON (opentelemetry-proto 1), closed: a field that is not there fails.
const Time = Schema.String.check(Schema.isPattern(/^\d+$/))
const Count = Schema.Union([Schema.Int, Time])
const KeyValue = Schema.Struct({
  key: Schema.String,
  value: Schema.Struct({
    stringValue: Schema.optionalKey(Schema.String),
    intValue: Schema.optionalKey(Count),
    boolValue: Schema.optionalKey(Schema.Boolean),
    doubleValue: Schema.optionalKey(Schema.Finite)
  })
})
const point = { attributes: Schema.Array(KeyValue), startTimeUnixNano: Time, timeUnixNano: Time }
const NumberPoint = Schema.Struct({
  ...point,
  asDouble: Schema.optionalKey(Schema.Finite),
  asInt: Schema.optionalKey(Count)
})
const HistogramPoint = Schema.Struct({
  ...point,
  count: Count,
  sum: Schema.Finite,
  min: Schema.optionalKey(Schema.Finite),
  max: Schema.optionalKey(Schema.Finite),
  bucketCounts: Schema.Array(Count),
  explicitBounds: Schema.Array(Schema.Finite)
})
const MetricData = Schema.Struct({
  name: Schema.String,
  description: Schema.String,
  unit: Schema.String,
  sum: Schema.optionalKey(Schema.Struct({
    dataPoints: Schema.Array(NumberPoint),
    aggregationTemporality: Schema.Literal(2),
    isMonotonic: Schema.Boolean
  })),
  gauge: Schema.optionalKey(Schema.Struct({ dataPoints: Schema.Array(NumberPoint) })),
  histogram: Schema.optionalKey(Schema.Struct({
    dataPoints: Schema.Array(HistogramPoint),
    aggregationTemporality: Schema.Literal(2)
  }))
})
const Request = Schema.Struct({
  resourceMetrics: Schema.Array(Schema.Struct({
    resource: Schema.Struct({
      attributes: Schema.Array(KeyValue),
      droppedAttributesCount: Schema.optionalKey(Schema.Int)
    }),
    scopeMetrics: Schema.Array(Schema.Struct({
      scope: Schema.Struct({ name: Schema.String, version: Schema.optionalKey(Schema.String) }),
      metrics: Schema.Array(MetricData)
    }))
  }))
})

/** What both encoders must say alike: all but the times. */
const comparable = (request: typeof Request.Type) =>
  request.resourceMetrics.flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics)).map((
    metric
  ) => ({
    name: metric.name,
    unit: metric.unit,
    description: metric.description,
    isMonotonic: metric.sum?.isMonotonic,
    points: (metric.sum ?? metric.gauge ?? metric.histogram)!.dataPoints.map((point) => {
      const { attributes, startTimeUnixNano: _, timeUnixNano: __, ...rest } = point
      return { ...rest, attributes: Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue])) }
    })
  })).toSorted((one, other) => one.name < other.name ? -1 : 1)

interface Field {
  readonly number: number
  readonly value: Buffer | undefined
}

/** The fields of a protobuf message; of those that are not lengths and bytes only the number. */
const fields = (bytes: Buffer): ReadonlyArray<Field> => {
  const found: Array<Field> = []
  let at = 0
  const varint = () => {
    let value = 0
    for (let shift = 1;; shift *= 128) {
      const byte = bytes[at++]!
      value += (byte & 127) * shift
      if (byte < 128) return value
    }
  }
  while (at < bytes.length) {
    const tag = varint()
    const kind = tag & 7
    let value: Buffer | undefined
    if (kind === 0) varint()
    else if (kind === 1) at += 8
    else if (kind === 5) at += 4
    else {
      const length = varint()
      value = bytes.subarray(at, at + length)
      at += length
    }
    found.push({ number: Math.floor(tag / 8), value })
  }
  return found
}

const within = (bytes: ReadonlyArray<Buffer>, number: number): ReadonlyArray<Buffer> =>
  bytes.flatMap((message) => fields(message).flatMap((field) => field.number === number ? [field.value!] : []))

/** Name, description and unit (fields 1, 2, 3) of ExportMetricsServiceRequest's 1.2.2, and which kind of data it has. */
const metricsOf = (request: Uint8Array) =>
  within(within(within([Buffer.from(request)], 1), 2), 2).map((metric) =>
    [...[1, 2, 3].map((number) => within([metric], number)[0]?.toString("utf8")), fields(metric).at(-1)!.number].join(
      "|"
    )
  ).toSorted()

describe("effect's own OTLP exporter", () => {
  it.live("posts metrics as the protocol lays them out, with the same values as the SDK's serializer", () =>
    Effect.gen(function*() {
      const { bodies, sdk } = yield* exported(Otlp.layerJson)
      const decode = Schema.decodeUnknownEffect(Schema.fromJsonString(Request), { onExcessProperty: "error" })
      const posted = comparable(yield* decode(bodies.get("/v1/metrics")!.toString("utf8")))
      const reference = comparable(
        JSON.parse(Buffer.from(JsonMetricsSerializer.serializeRequest(sdk)!).toString("utf8"))
      )
      expect(posted.length).toBe(18)
      expect(posted).toEqual(reference)
      const duration = posted.find(({ name }) => name === "gen_ai.client.inference.duration")!
      expect([duration.unit, (duration.points[0] as any).explicitBounds]).toEqual([
        "s",
        Array.from({ length: 16 }, (_, power) => 0.01 * 2 ** power)
      ])
    }))

  it.live("posts the same metrics as protobuf", () =>
    Effect.gen(function*() {
      const { bodies, sdk } = yield* exported(Otlp.layerProtobuf)
      const posted = metricsOf(bodies.get("/v1/metrics")!)
      expect(posted.length).toBe(18)
      expect(posted).toEqual(metricsOf(ProtobufMetricsSerializer.serializeRequest(sdk)!))
    }))

  it.live("posts a dispatch's log lines with the ids of its trace and span", () =>
    Effect.gen(function*() {
      const { bodies } = yield* exported(Otlp.layerJson)
      const spans = JSON.parse(bodies.get("/v1/traces")!.toString("utf8"))
        .resourceSpans.flatMap((one: any) => one.scopeSpans.flatMap((one: any) => one.spans))
      const lines = JSON.parse(bodies.get("/v1/logs")!.toString("utf8"))
        .resourceLogs.flatMap((one: any) => one.scopeLogs.flatMap((one: any) => one.logRecords))
      const failed = lines.find((line: any) => line.severityText === "Warn")
      const dispatch = spans.find(({ spanId }: any) => spanId === failed.spanId)
      expect([dispatch.name, dispatch.traceId]).toEqual(["llmdispatcher.dispatch", failed.traceId])
      const attempt = spans.find(({ parentSpanId }: any) => parentSpanId === dispatch.spanId)
      expect([attempt.name, attempt.kind]).toEqual(["chat m", 3])
      expect(lines.every(({ traceId }: any) => /^[0-9a-f]{32}$/.test(traceId))).toBe(true)
    }))
})
