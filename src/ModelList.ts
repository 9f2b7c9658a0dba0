/**
 * A vendor's list of models, kept: asked for once in a while, given at once.
 *
 * @since 0.1.0
 */
import { Cache, Clock, Duration, Effect, Layer, type Scope } from "effect"
import type { Model, ServiceClass, Vendor } from "./Vendor.ts"
import { type AttemptError, retryable } from "./VendorError.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** How long a list is given without asking again. Default 1 hour. */
  readonly timeToLive?: Duration.Input | undefined
  /** How long the vendor is not asked again after it failed. Default and at most 30 seconds. */
  readonly pause?: Duration.Input | undefined
  /** How long the vendor may take. Default 30 seconds. */
  readonly timeout?: Duration.Input | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface ModelList {
  /**
   * The list as it is known. One that is older than its time is given all the same, and asked for anew behind it; only
   * where there has never been any is the vendor waited for, by all who ask in one call.
   */
  readonly models: Vendor["models"]
  /** Asks now, or waits for who does; where that fails, the list that was known stays known. */
  readonly refresh: Vendor["models"]
}

/** Nobody should be told of a failure much longer than it lasts. */
const longestPause = 30_000

/**
 * Keeps the list that `models` gives; it is asked for in the background as long as the Scope is open.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fnUntraced(function*(
  models: Vendor["models"],
  options: Options = {}
): Effect.fn.Return<ModelList, never, Scope.Scope> {
  const timeToLive = Duration.toMillis(options.timeToLive ?? "1 hour")
  const pause = Math.min(Duration.toMillis(options.pause ?? longestPause), longestPause)
  const timeout = Duration.toMillis(options.timeout ?? "30 seconds")
  const scope = yield* Effect.scope
  let known: ReadonlyArray<Model> | undefined
  let freshUntil = -Infinity
  let failure: AttemptError | undefined
  let pausedUntil = -Infinity
  let isRefreshing = false

  const asked = models.pipe(
    Effect.timeoutOrElse({
      duration: timeout,
      orElse: () => Effect.fail(retryable({ _tag: "TimedOut", phase: "total", after: timeout }))
    }),
    Effect.tap((list) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        known = list
        freshUntil = now + timeToLive
        failure = undefined
      })
    ),
    Effect.tapError((error) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        failure = error
        pausedUntil = now + pause
      })
    )
  )
  // It holds nothing: it is what makes one call of those of many, which ends when the last of them goes.
  const flight = yield* Cache.make({ lookup: () => asked, capacity: 1, timeToLive: 0 })
  const refresh = Cache.get(flight, undefined)

  /** That it failed is no news to who has a list. */
  const refreshBehind = Effect.suspend(() => {
    if (isRefreshing) return Effect.void
    isRefreshing = true
    const done = Effect.sync(() => {
      isRefreshing = false
    })
    const behind = Effect.catch(
      refresh,
      (error) => Effect.logDebug("A list of models could not be asked for anew", error.reason._tag)
    )
    return Effect.forkIn(Effect.ensuring(behind, done), scope)
  })

  return {
    models: Effect.flatMap(Clock.currentTimeMillis, (now): Vendor["models"] => {
      if (known !== undefined) {
        return now < freshUntil || now < pausedUntil && failure !== undefined
          ? Effect.succeed(known)
          : Effect.as(refreshBehind, known)
      }
      return failure !== undefined && now < pausedUntil ? Effect.fail(failure) : refresh
    }),
    refresh
  }
})

/**
 * A vendor whose list of models is kept.
 *
 * @since 0.1.0
 * @category models
 */
export interface CachedVendor extends Vendor {
  readonly refreshModels: ModelList["refresh"]
}

/**
 * The same vendor with its list of models kept, as in `Eu.layerOf(ModelList.cached(vendor))`.
 *
 * @since 0.1.0
 * @category combinators
 */
export const cached = (vendor: Vendor, options?: Options): Effect.Effect<CachedVendor, never, Scope.Scope> =>
  Effect.map(make(vendor.models, options), ({ models, refresh }) => ({ ...vendor, models, refreshModels: refresh }))

/**
 * The same for a vendor that comes as a Layer:
 * `ModelList.layer(OpenAi.OpenAi).pipe(Layer.provide(OpenAi.layerConfig()))`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = <Self, Name extends string>(
  service: ServiceClass<Self, Name>,
  options?: Options
): Layer.Layer<Self, never, Self> => Layer.effect(service, Effect.flatMap(service, (vendor) => cached(vendor, options)))
