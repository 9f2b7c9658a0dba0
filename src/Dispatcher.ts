/**
 * One request in, the best vendor's answer out.
 *
 * The way a request takes from here is in `Way.ts`; here are the vendors, the routes and the policies put together, and
 * put together anew while requests run.
 *
 * @since 0.1.0
 */
import { Context, Effect, Exit, Layer, Option, Scope, Semaphore, Stream } from "effect"
import { LanguageModel } from "effect/ai"
import * as Cache from "./cache/Cache.ts"
import type * as Catalog from "./catalog/Catalog.ts"
import type { ConfigError } from "./config/ConfigError.ts"
import * as KeyPool from "./keys/KeyPool.ts"
import * as DispatcherLanguageModel from "./LanguageModel.ts"
import * as Learned from "./Learned.ts"
import * as Policies from "./Policies.ts"
import type * as Request from "./Request.ts"
import type * as Response from "./Response.ts"
import type * as Route from "./Route.ts"
import { make as makeDirectory } from "./router/Directory.ts"
import type { Directory } from "./router/Router.ts"
import type { Rule } from "./router/Rules.ts"
import * as Live from "./stats/Live.ts"
import type * as Stats from "./stats/Stats.ts"
import * as Target from "./Target.ts"
import type { AnyService, Vendor } from "./Vendor.ts"
import type { DispatchError } from "./VendorError.ts"
import * as VendorRegistry from "./VendorRegistry.ts"
import * as Way from "./Way.ts"

export {
  /**
   * @since 0.1.0
   * @category errors
   */
  ConfigError
} from "./config/ConfigError.ts"

export {
  /**
   * @since 0.1.0
   * @category references
   */
  CurrentListener
} from "./policy/Attempt.ts"

/**
 * The dispatcher: requests go in, one answer or one error comes out.
 *
 * @since 0.1.0
 * @category services
 */
export class Dispatcher extends Context.Service<Dispatcher, {
  /** The whole answer. */
  readonly send: (request: Request.RequestInput) => Effect.Effect<Response.Response, DispatchError>
  /** The answer as it comes; its last part is the one `finish` part, and it carries the summary. */
  readonly stream: (request: Request.RequestInput) => Stream.Stream<Response.StreamPart, DispatchError>
  /** Vectors of texts, by whoever makes them. */
  readonly embed: (request: Way.EmbedRequest) => Effect.Effect<Way.EmbedResponse, DispatchError>
  /** Every vendor that can be asked now, the static ones first. */
  readonly vendors: Effect.Effect<ReadonlyArray<Vendor>>
  readonly routes: ReadonlyMap<string, Route.Route>
  /** Who would be asked for a request, with prices and windows as they are known; `now` in epoch milliseconds. */
  readonly targets: (request: Request.Request, now: number) => ReadonlyArray<Target.Target>
  /** How busy and how fast each target is, by its id, as the strategies see it. */
  readonly load: Stats.Stats
  /** What came of the dispatches so far and of late, and how each target stands: now, and as it changes. */
  readonly stats: Pick<Live.Live, "snapshot" | "changes">
  /** Vendors that come and go while requests run. */
  readonly registry: VendorRegistry.VendorRegistry["Service"]
  /**
   * Replaces vendors, routes and policies for every dispatch that begins from now on; those under way end as they began,
   * and what was learned of targets whose vendor stays the same is kept.
   *
   * `next` runs in a Scope that closes once the last dispatch of that configuration is over. Where it fails, or what it
   * gives is no good, nothing changes.
   */
  readonly reconfigure: <E, R>(
    next: Effect.Effect<Reconfiguration, E, R>
  ) => Effect.Effect<void, E | ConfigError, Exclude<R, Scope.Scope>>
}>()("llmdispatcher/Dispatcher") {}

/**
 * How a dispatcher is put together.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options<Vendors extends ReadonlyArray<AnyService> = ReadonlyArray<AnyService>>
  extends Policies.Options
{
  /** The vendors' service classes; their order is the order of trying where no route says another. */
  readonly vendors: Vendors
  /** Names that callers use, the targets behind them and how to choose; `default` serves who names none. */
  readonly routes?: Readonly<Record<string, Route.RouteInput>> | undefined
  /** The first that holds for a request chooses its route, whatever model it asks for. */
  readonly rules?: ReadonlyArray<Rule> | undefined
  /** Prices and windows that go before the catalogue's, for targets that have none of their own. */
  readonly prices?: Catalog.Overlay | undefined
  /** Counts every dispatch, for `stats`; how many names are counted apart, or `false` for no counting. */
  readonly statistics?: Pick<Live.Options, "most"> | false | undefined
}

export type {
  /**
   * A policy around the attempts at one target, for whole answers and streams alike.
   *
   * @since 0.1.0
   * @category models
   */
  TargetPolicy
} from "./Policies.ts"

/**
 * Vendors, routes and policies in the place of those there are; what is left out is as if it had never been set, but
 * for the vendors, which are then those that the dispatcher was made with.
 *
 * @since 0.1.0
 * @category models
 */
export interface Reconfiguration extends Omit<Options, "vendors" | "statistics"> {
  readonly vendors?: ReadonlyArray<Vendor> | undefined
}

/** A dispatcher as it was configured at one time; it lives until the last of its dispatches is over. */
interface Generation {
  readonly ways: Way.Ways
  readonly directory: Directory
  readonly scope: Scope.Closeable
  running: number
  isRetired: boolean
}

/**
 * Makes a dispatcher of vendors that are at hand; {@link layer} takes them from their services.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fnUntraced(function*(
  options: Omit<Options, "vendors"> & {
    readonly vendors: ReadonlyArray<Vendor>
    readonly registry?: VendorRegistry.VendorRegistry["Service"] | undefined
    readonly cache?: Cache.Cache["Service"] | undefined
  }
): Effect.fn.Return<Dispatcher["Service"], ConfigError, Scope.Scope> {
  const { cache, registry = VendorRegistry.make(), vendors } = options
  const learned = Learned.make()
  const candidateOf = (id: string) => {
    const target = Target.make(id)
    const vendor = current.directory.vendor(target.vendor)
    return vendor && { target, vendor }
  }
  const live = yield* Live.make({
    ...options.statistics === false ? undefined : options.statistics,
    surroundings: {
      targets: () =>
        Array.from(current.directory.routes.values()).flatMap(({ targets }) => targets.map(({ id }) => id)),
      inFlight: (id) => learned.stats.of(id).inFlight,
      circuit: (id) => {
        const candidate = candidateOf(id)
        return candidate === undefined ? Effect.undefined : learned.circuitState(candidate)
      },
      cooldownUntil: (id) => {
        const candidate = candidateOf(id)
        return candidate && learned.cooldownUntil(candidate)
      }
    }
  })
  const counting = options.statistics === false ? [] : [live]
  const outer = yield* Effect.scope
  const generations = new Set<Generation>()

  const end = (generation: Generation) =>
    Effect.suspend(() => {
      generations.delete(generation)
      return Scope.close(generation.scope, Exit.void)
    })

  const generate = Effect.fnUntraced(function*(
    options: Reconfiguration,
    scope: Scope.Closeable
  ): Effect.fn.Return<Generation, ConfigError> {
    yield* Policies.check(options)
    const directory = yield* makeDirectory(
      { ...options, vendors: options.vendors ?? vendors },
      registry,
      learned.stats
    )
    const ended = () => {
      generation.running -= 1
      return generation.isRetired && generation.running === 0
        ? Effect.asVoid(Effect.forkIn(end(generation), outer))
        : undefined
    }
    // A pool that was refused with every key is asked again as soon as it has another.
    for (const vendor of options.vendors ?? vendors) {
      if (!KeyPool.isKeyPool(vendor)) continue
      const readmit = (states: ReadonlyArray<KeyPool.KeyState>) =>
        Effect.sync(() => {
          if (states.some(({ state }) => state === "usable")) learned.readmit(vendor)
        })
      yield* Effect.forkIn(Stream.runForEach(vendor.changes, readmit), scope)
    }
    const begin = () => {
      generation.running += 1
    }
    const recorders = [...counting, ...options.recorders ?? []]
    const ways = Way.make({ directory, learned, cache, begin, ended }, { ...options, recorders })
    const generation: Generation = { ways, directory, scope, running: 0, isRetired: false }
    generations.add(generation)
    return generation
  })

  let current: Generation = yield* generate(options, Scope.makeUnsafe())
  yield* Effect.addFinalizer(() => Effect.forEach(Array.from(generations), end, { discard: true }))
  const turn = yield* Semaphore.make(1)

  return Dispatcher.of({
    send: (request) => Effect.suspend(() => current.ways.send(request)),
    stream: (request) => Stream.suspend(() => current.ways.stream(request)),
    embed: (request) => Effect.suspend(() => current.ways.embed(request)),
    vendors: Effect.sync(() => Array.from(current.directory.vendors())),
    get routes() {
      return current.directory.routes
    },
    targets: (request, now) => current.ways.targets(request, now),
    load: learned.stats,
    stats: { snapshot: live.snapshot, changes: live.changes },
    registry,
    reconfigure: (next) =>
      turn.withPermit(
        // What is replaced and what replaces it must not be parted by an interruption.
        Effect.uninterruptibleMask((restore) =>
          Effect.flatMap(Scope.make(), (scope) =>
            restore(Scope.provide(next, scope)).pipe(
              Effect.flatMap((options) => generate(options, scope)),
              Effect.onError((cause) => Scope.close(scope, Exit.failCause(cause))),
              Effect.flatMap((generation) => {
                const before = current
                current = generation
                before.isRetired = true
                return before.running === 0 ? end(before) : Effect.void
              })
            ))
        )
      )
  })
})

/**
 * The dispatcher over the given vendors; each vendor's own Layer has to be provided, or the program does not compile.
 *
 * Fails with `ConfigError` when two vendors have one name, a route is empty or a number is out of range. A
 * `VendorRegistry` in the context is used, else the dispatcher has one of its own.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = <const Vendors extends ReadonlyArray<AnyService>>(
  options: Options<Vendors>
): Layer.Layer<Dispatcher, ConfigError, Context.Service.Identifier<Vendors[number]>> =>
  Layer.effect(
    Dispatcher,
    Effect.gen(function*() {
      const vendors: Array<Vendor> = []
      for (const service of options.vendors) vendors.push(yield* service)
      const registry = Option.getOrUndefined(yield* Effect.serviceOption(VendorRegistry.VendorRegistry))
      const cache = Option.getOrUndefined(yield* Effect.serviceOption(Cache.Cache))
      return yield* make({ ...options, vendors, registry, cache })
    })
  )

/**
 * The dispatcher as `effect/ai`'s `LanguageModel`, for programs, toolkits and chats written for that.
 *
 * `defaults` is what each request has beside its prompt, tools and format: a model or route, sampling, a deadline. Its
 * errors are `AiError`s; `AiError.fromAiError` gives back ours.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerLanguageModel = (
  defaults?: DispatcherLanguageModel.Defaults
): Layer.Layer<LanguageModel.LanguageModel, never, Dispatcher> =>
  Layer.effect(
    LanguageModel.LanguageModel,
    Effect.flatMap(Dispatcher, (dispatcher) => DispatcherLanguageModel.make(dispatcher, defaults))
  )
