/**
 * What a configuration asks for around the dispatcher: a cache, a database of what came to pass, telemetry that goes out.
 *
 * Each is loaded only where it is asked for.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Path from "effect/Path"
import * as Redacted from "effect/Redacted"
import * as References from "effect/References"
import type * as Scope from "effect/Scope"
import type { SqlClient } from "effect/sql"
import * as Cache from "../cache/Cache.ts"
import type { DispatcherConfig } from "../config/DispatcherConfig.ts"
import type { Loaded } from "../config/Runtime.ts"
import type * as Database from "../sql/Database.ts"
import type { Recorder } from "../stats/Record.ts"
import type { DispatchError } from "../VendorError.ts"
import { type Failure, usage } from "./ExitCode.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface Equipment {
  readonly cache: Cache.Cache["Service"] | undefined
  readonly recorders: ReadonlyArray<Recorder>
  /** The client of the statistics' database, where there is one. */
  readonly database: Context.Context<SqlClient.SqlClient> | undefined
}

/** Makes the vector of a text, by a `vendor/model`. */
type Embed = (model: string, text: string) => Effect.Effect<ReadonlyArray<number>, DispatchError>

const unusable = (setting: string) => (error: { readonly message: string }): Failure =>
  usage(`${setting} cannot be used: ${error.message}`)

const databaseLayer = (database: Database.Database) =>
  Layer.unwrap(Effect.map(Effect.promise(() => import("../sql/Database.ts")), ({ layer }) => layer(database)))

/** A file's place as the configuration means it: from its own directory on. */
const placed = (directory: string, database: Database.Database) =>
  Effect.map(Path.Path, (path): Database.Database =>
    "sqlite" in database && database.sqlite !== ":memory:"
      ? { sqlite: path.resolve(directory, database.sqlite) }
      : database)

const cacheOf = Effect.fnUntraced(function*(
  config: Exclude<DispatcherConfig["cache"], false | undefined>,
  directory: string,
  embed: Embed
): Effect.fn.Return<Layer.Layer<Cache.Cache, { readonly message: string }>, never, Path.Path> {
  const { semantic, store = "memory", ...rest } = config
  const options: Cache.Options = {
    ...rest,
    semantic: semantic && {
      threshold: semantic.threshold,
      maxEntries: semantic.maxEntries,
      embed: (text) => embed(semantic.embedding, text)
    }
  }
  if (store === "memory") return Cache.layerMemory(options)
  if ("sqlite" in store) {
    return Layer.provide(Cache.layerSql(options), databaseLayer(yield* placed(directory, store)))
  }
  const url = Redacted.value(store.redis)
  return Layer.provide(
    Cache.layerRedis(options),
    Layer.unwrap(Effect.map(
      Effect.promise(() => import("@effect/platform-node/NodeRedis")),
      ({ layer }) => layer({ url, disableOfflineQueue: true })
    ))
  )
})

const levels = { debug: "Debug", info: "Info", warn: "Warn", error: "Error", none: "None" } as const

/**
 * Where what programs tell of themselves goes: the log's level, and OpenTelemetry where it is asked for.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerTelemetry = (telemetry: DispatcherConfig["telemetry"]) => {
  const level = telemetry?.logLevel === undefined
    ? Layer.empty
    : Layer.succeed(References.MinimumLogLevel, levels[telemetry.logLevel])
  if (telemetry?.otlp === undefined) return level
  const { endpoint, headers = {}, interval, serviceName = "llmdispatcher" } = telemetry.otlp
  const otlp = Layer.unwrap(
    Effect.map(Effect.promise(() => import("effect/observability")), ({ Otlp }) =>
      Otlp.layerProtobuf({
        baseUrl: endpoint,
        resource: { serviceName },
        headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, Redacted.value(value)])),
        loggerMergeWithExisting: true,
        tracerExportInterval: interval,
        metricsExportInterval: interval,
        loggerExportInterval: interval
      }))
  )
  return Layer.merge(level, otlp)
}

/**
 * Makes what is asked for, until the Scope closes; fails where it cannot be used, naming the setting.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fnUntraced(function*(
  { config: { cache, statistics }, directory }: Loaded,
  embed: Embed
): Effect.fn.Return<Equipment, Failure, Path.Path | Scope.Scope> {
  const kept = cache === undefined || cache === false
    ? undefined
    : Context.get(
      yield* Effect.mapError(Layer.build(yield* cacheOf(cache, directory, embed)), unusable("cache")),
      Cache.Cache
    )
  const { database = false, keep } = statistics ?? {}
  if (database === false) return { cache: kept, recorders: [], database: undefined }
  const client = yield* Effect.mapError(
    Layer.build(databaseLayer(yield* placed(directory, database))),
    unusable("statistics.database")
  )
  const { Retention, Writer } = yield* Effect.promise(async () => ({
    Writer: await import("../stats/sql/Writer.ts"),
    Retention: await import("../stats/sql/Retention.ts")
  }))
  const writer = yield* Layer.build(Layer.merge(Writer.layer(), Retention.layer({ keep }))).pipe(
    Effect.provideContext(client),
    Effect.mapError(unusable("statistics"))
  )
  return { cache: kept, recorders: [Context.get(writer, Writer.Writer)], database: client }
})
