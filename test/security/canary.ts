/**
 * One secret, the forms in which it could leak, and a place where everything is gathered that anybody gets to see.
 */
import * as NodeSdk from "@effect/opentelemetry/NodeSdk"
import { InMemoryLogRecordExporter, SimpleLogRecordProcessor } from "@opentelemetry/sdk-logs"
import { InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base"
import { Cause, Context, Effect, Exit, Layer, Logger, Metric, References, type Scope } from "effect"
import { HttpClient } from "effect/http"
import { Persistence } from "effect/persistence"
import * as Dispatcher from "llmdispatcher/Dispatcher"
import { inspect } from "node:util"
import * as AttemptLog from "../../src/telemetry/AttemptLog.ts"

/** No pattern of keys fits it, and it looks another way in JSON and in a URL. */
export const canary = "Kanarien\"vogel/im+Bergwerk=4711~zwitschert"

/** What of a text's base64 does not depend on the bytes around it. */
const base64Of = (text: string): ReadonlyArray<string> =>
  [0, 1, 2].flatMap((offset) => {
    const encoded = Buffer.from("_".repeat(offset) + text).toString("base64").slice(offset === 0 ? 0 : 4, -4)
    return [encoded, encoded.replaceAll("+", "-").replaceAll("/", "_")]
  })

/** Any piece of it is a leak: the words stand in each third of it, and in its URL and JSON forms as well. */
const traces: ReadonlyArray<string> = [
  "kanarien",
  "vogel",
  "bergwerk",
  "zwitschert",
  ...base64Of(canary),
  ...base64Of(encodeURIComponent(canary)),
  Buffer.from(canary).toString("hex")
].map((trace) => trace.toLowerCase())

/** The places of a leak, each with what stands around it. */
export const leaks = (texts: ReadonlyArray<string>): ReadonlyArray<string> =>
  texts.flatMap((text) => {
    const lower = text.toLowerCase()
    return traces.flatMap((trace) => {
      const at = lower.indexOf(trace)
      return at < 0 ? [] : [`${trace} in: ${text.slice(Math.max(0, at - 150), at + 100)}`]
    }).slice(0, 1)
  })

/** The secret as a vendor may echo it. */
export const echoes: ReadonlyArray<string> = [
  canary,
  encodeURIComponent(canary),
  Buffer.from(canary).toString("base64"),
  Buffer.from(canary).toString("base64url"),
  `Bearer ${canary}`,
  JSON.stringify({ authorization: `Bearer ${canary}` })
]

/** A value in each way that people print it. */
export const printed = (value: unknown): ReadonlyArray<string> => {
  const all = [String(value), inspect(value, { depth: 10, showHidden: true })]
  const json = JSON.stringify(value)
  if (json !== undefined) all.push(json)
  if (value instanceof Error) all.push(value.stack ?? "", value.message, ...printed(value.cause))
  return all
}

export const ofExit = (exit: Exit.Exit<unknown, unknown>): ReadonlyArray<string> =>
  Exit.isSuccess(exit) ? [] : [
    Cause.pretty(exit.cause),
    ...printed(exit.cause),
    ...printed(exit),
    ...exit.cause.reasons.flatMap((reason) =>
      reason._tag === "Fail" ? printed(reason.error) : reason._tag === "Die" ? printed(reason.defect) : []
    )
  ]

export interface Sinks {
  readonly texts: Array<string>
  /** Everything that was written until now: logs, spans, metrics, what the cache keeps. */
  readonly gathered: Effect.Effect<ReadonlyArray<string>>
  readonly layer: Layer.Layer<Persistence.BackingPersistence>
}

/** Every sink there is, open as wide as it goes. */
export const sinks: Effect.Effect<Sinks, never, Scope.Scope> = Effect.gen(function*() {
  const texts: Array<string> = []
  const logger = Logger.make((options) => {
    const { cause, message } = options
    texts.push(inspect([message, cause], { depth: 10 }))
    for (const format of [Logger.formatJson, Logger.formatLogFmt, Logger.formatSimple]) {
      texts.push(format.log(options))
    }
  })
  const spans = new InMemorySpanExporter()
  const records = new InMemoryLogRecordExporter()
  const Sdk = NodeSdk.layer(() => ({
    resource: { serviceName: "test" },
    spanProcessor: new SimpleSpanProcessor(spans),
    logRecordProcessor: new SimpleLogRecordProcessor({ exporter: records })
  }))
  const logged = yield* Effect.map(Layer.build(AttemptLog.layer), Context.get(Dispatcher.CurrentListener))
  const Listening = Layer.succeed(Dispatcher.CurrentListener, (attempt) => {
    texts.push(...printed(attempt))
    return logged(attempt)
  })
  const memory = yield* Effect.map(
    Layer.build(Persistence.layerBackingMemory),
    Context.get(Persistence.BackingPersistence)
  )
  const Kept = Layer.succeed(Persistence.BackingPersistence, {
    make: (id) =>
      Effect.map(memory.make(id), (store) => ({
        ...store,
        set: (key, value, ttl) => {
          texts.push(key, ...printed({ entry: value }))
          return store.set(key, value, ttl)
        }
      }))
  })
  return {
    texts,
    gathered: Effect.map(Metric.snapshot, (metrics) => [
      ...texts,
      ...spans.getFinishedSpans().flatMap(({ attributes, events, name, status }) =>
        printed({ attributes, events, name, status })
      ),
      ...records.getFinishedLogRecords().flatMap(({ attributes, body }) => printed({ attributes, body })),
      ...printed(metrics)
    ]),
    layer: Layer.mergeAll(
      // The SDK adds its own to the one that keeps the lines.
      Layer.provideMerge(Sdk, Logger.layer([logger])),
      Listening,
      Layer.succeed(References.MinimumLogLevel, "All"),
      Kept
    )
  }
})

/** A client whose user logs each request and each answer, as one does while looking for a fault. */
export const talkative = Layer.effect(
  HttpClient.HttpClient,
  Effect.map(HttpClient.HttpClient, (client) =>
    client.pipe(
      HttpClient.tapRequest((request) =>
        Effect.andThen(Effect.logDebug(request), Effect.logDebug(inspect(request, { depth: 10 })))
      ),
      HttpClient.tap((response) => Effect.logDebug(inspect(response.request.headers, { depth: 10 })))
    ))
)
