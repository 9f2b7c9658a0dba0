/**
 * Answers given before are given again: at once, at no cost, and to all who ask the same at the same time.
 *
 * @since 0.1.0
 */
import { Cause, Context, Duration, Effect, Layer, Result, Scope } from "effect"
import { Digest } from "effect/crypto"
import { Persistence, type Redis } from "effect/persistence"
import { type SqlClient, SqlError } from "effect/sql"
import { ConfigError } from "../config/ConfigError.ts"
import type { Request } from "../Request.ts"
import * as Semantic from "./Semantic.ts"
import type { Dispatching, Figures, Surroundings } from "./Settings.ts"
import * as Store from "./Store.ts"
import { through } from "./Through.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** What becomes of requests that do not say. Default `on`. */
  readonly default?: "on" | "off" | undefined
  /** How long an answer is given again. Default 1 hour. */
  readonly timeToLive?: Duration.Input | undefined
  /** Answers kept, the one used longest ago leaving first; a whole number above 0. Default 10,000. */
  readonly maxEntries?: number | undefined
  /** What all answers may take, as JSON in UTF-8; a whole number of bytes above 0. Default 67,108,864 (64 MiB). */
  readonly maxBytes?: number | undefined
  /** A larger answer is not kept; a whole number of bytes above 0. Default 1,048,576 (1 MiB). */
  readonly maxEntryBytes?: number | undefined
  /**
   * Whether one caller is given what another was answered. Default `false`: each has its own, and all that name no
   * caller are one.
   */
  readonly shared?: boolean | undefined
  /** Who asks. Default `request.user`. */
  readonly caller?: ((request: Request) => string | undefined) | undefined
  /** What else tells answers apart, such as metadata that rules route by; a JSON value. */
  readonly vary?: ((request: Request) => unknown) | undefined
  /** Keeps apart what stands in one store but must not mix, such as two configurations of routes. Default none. */
  readonly namespace?: string | undefined
  /** Whether answers with tool calls are kept. Default `false`: they ask for something to be done, and done again. */
  readonly toolCalls?: boolean | undefined
  /** Whether answers cut at their length are kept. Default `false`. */
  readonly truncated?: boolean | undefined
  /** The time between two parts of a stream that is given again. Default none: all at once. */
  readonly pace?: Duration.Input | undefined
  /** How long the store is waited for. Default 500 ms; one that is slower is then left alone for 5 s. */
  readonly storeTimeout?: Duration.Input | undefined
  /** Gives answers to questions that mean the same, too; by default only to the same request. */
  readonly semantic?:
    | Semantic.Options & {
      /** How long a vector is waited for. Default 2 s. */
      readonly timeout?: Duration.Input | undefined
    }
    | undefined
}

/**
 * The cache of a dispatcher. Answers that failed, broke, were filtered or say nothing are never in it.
 *
 * A request chooses by its `cache`: `on`; `off` neither looks nor keeps; `refresh` asks anew and keeps that; `only` is
 * answered from here or from a call already under way, or fails with `NoCandidate`.
 *
 * @since 0.1.0
 * @category services
 */
export class Cache extends Context.Service<Cache, {
  /** The same dispatcher behind the cache; what it answers from here goes past `dispatcher`. */
  readonly through: (dispatcher: Dispatching, surroundings: Surroundings) => Dispatching
  /** What it did since it was made. */
  readonly figures: Effect.Effect<Figures & Store.Figures>
  /** Forgets all answers of its store. */
  readonly clear: Effect.Effect<void>
}>()("llmdispatcher/Cache") {}

const wholeNumbers = ["maxEntries", "maxBytes", "maxEntryBytes"] as const

const check = Effect.fnUntraced(function*(options: Options): Effect.fn.Return<void, ConfigError> {
  for (const name of wholeNumbers) {
    const value = options[name]
    if (value !== undefined && (!Number.isInteger(value) || value < 1)) {
      return yield* new ConfigError({ path: `cache.${name}`, description: "must be a whole number above 0" })
    }
  }
  const { maxEntries = 1, threshold = 1 } = options.semantic ?? {}
  if (!(threshold > 0 && threshold <= 1)) {
    return yield* new ConfigError({ path: "cache.semantic.threshold", description: "must be above 0 and at most 1" })
  }
  if (!Number.isInteger(maxEntries) || maxEntries < 1) {
    return yield* new ConfigError({ path: "cache.semantic.maxEntries", description: "must be a whole number above 0" })
  }
})

const time = Effect.fnUntraced(function*(
  path: string,
  input: Duration.Input,
  least: number
): Effect.fn.Return<number, ConfigError> {
  const duration = Duration.fromInput(input)
  const millis = duration._tag === "Some" ? Duration.toMillis(duration.value) : NaN
  if (millis >= least) return millis
  return yield* new ConfigError({ path, description: `must be a time${least > 0 ? " of 1 ms or more" : ""}` })
})

/**
 * Makes a cache over the `BackingPersistence` of the context; calls under way run in its Scope.
 *
 * Fails with `ConfigError` for numbers out of range. One cache serves one dispatcher: two with other routes need two
 * namespaces.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fnUntraced(function*(
  options: Options = {}
): Effect.fn.Return<Cache["Service"], ConfigError, Persistence.BackingPersistence | Scope.Scope> {
  yield* check(options)
  const { maxBytes = 64 * 1024 * 1024, maxEntries = 10_000, maxEntryBytes = 1024 * 1024, semantic } = options
  const backing = yield* Persistence.BackingPersistence.use(({ make }) => make("llmdispatcher_cache"))
  const store = Store.make(backing, {
    timeToLive: yield* time("cache.timeToLive", options.timeToLive ?? "1 hour", 1),
    timeout: yield* time("cache.storeTimeout", options.storeTimeout ?? "500 millis", 1),
    maxEntries,
    maxBytes,
    maxEntryBytes
  })
  const figures: { -readonly [K in keyof Figures]: Figures[K] } = {
    hits: 0,
    similar: 0,
    joined: 0,
    misses: 0,
    refreshed: 0,
    bypassed: 0,
    stored: 0,
    saved: 0
  }
  let epoch = 0
  const settings = {
    epoch: () => epoch,
    scope: yield* Effect.scope,
    digest: yield* Effect.provide(Digest.Digest, Digest.layerWebCrypto),
    store,
    figures,
    index: semantic &&
      Semantic.make(semantic, yield* time("cache.semantic.timeout", semantic.timeout ?? "2 seconds", 1)),
    pace: yield* time("cache.pace", options.pace ?? 0, 0),
    kept: { toolCalls: options.toolCalls ?? false, truncated: options.truncated ?? false },
    wish: options.default ?? "on",
    keyScope: (request: Request, principal: string | undefined) => ({
      namespace: options.namespace ?? "",
      caller: options.shared === true
        ? "shared" as const
        : {
          name: options.caller === undefined ? request.user : options.caller(request),
          ...(principal === undefined ? undefined : { principal })
        },
      vary: options.vary?.(request)
    })
  }
  return Cache.of({
    through: (dispatcher, surroundings) => through(settings, dispatcher, surroundings),
    figures: Effect.sync(() => ({ ...figures, ...store.figures() })),
    clear: Effect.suspend(() => {
      epoch += 1
      return store.clear
    })
  })
})

/**
 * A cache over a store of effect's, such as `Persistence.layerBackingKvs`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options?: Options): Layer.Layer<Cache, ConfigError, Persistence.BackingPersistence> =>
  Layer.effect(Cache, make(options))

/**
 * A cache in memory.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerMemory = (options?: Options): Layer.Layer<Cache, ConfigError> =>
  Layer.provide(layer(options), Layer.fresh(Persistence.layerBackingMemory))

/** effect gives up on a table that cannot be made, and leaves its error as a defect. */
const backingSql: Layer.Layer<Persistence.BackingPersistence, SqlError.SqlError, SqlClient.SqlClient> = Layer
  .catchCause(
    Persistence.layerBackingSql,
    (cause) => {
      const defect = Cause.findDefect(cause)
      return Layer.effectContext(
        Result.isSuccess(defect) && SqlError.isSqlError(defect.success)
          ? Effect.fail(defect.success)
          : Effect.failCause(cause)
      )
    }
  )

/**
 * A cache in a table of a database, `effect_persistence`, which is made where it is not there; several processes may
 * share it, and it survives them all. Rows that have lived their time are deleted every 5 minutes.
 *
 * Fails with `SqlError` where the table cannot be made. A database that fails later is passed by until it is back.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerSql = (
  options?: Options
): Layer.Layer<Cache, ConfigError | SqlError.SqlError, SqlClient.SqlClient> => Layer.provide(layer(options), backingSql)

/**
 * A cache in a Redis, which several processes may share; it deletes what has lived its time itself.
 *
 * Give the client `disableOfflineQueue: true`, as in `NodeRedis.layer({ url, disableOfflineQueue: true })`. Without it
 * a client whose Redis is away holds its commands back: requests wait for `storeTimeout`, and the client's Scope does
 * not close until Redis is there again.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerRedis = (options?: Options): Layer.Layer<Cache, ConfigError, Redis.Redis> =>
  Layer.provide(layer(options), Persistence.layerBackingRedis)
