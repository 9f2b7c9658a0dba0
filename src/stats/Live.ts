/**
 * Statistics of what a dispatcher does now: counts, costs, rates and quantiles by vendor, target, route and caller, since
 * the start and in sliding windows.
 *
 * Counting is a few plain additions on the one thread there is, in a time and a memory that do not grow with what was
 * counted before.
 *
 * @since 0.1.0
 */
import { Cause, Clock, Deferred, Duration, Effect, Latch, type Scope, Stream } from "effect"
import { ConfigError } from "../config/ConfigError.ts"
import * as Change from "./Change.ts"
import * as Names from "./Names.ts"
import type { DispatchRecord, Recorder } from "./Record.ts"
import * as Series from "./Series.ts"
import type * as Snapshot from "./Snapshot.ts"

/**
 * What others know of the targets; asked when a snapshot is taken, with a target's id. What is left out is not told.
 *
 * @since 0.1.0
 * @category models
 */
export interface Surroundings {
  /** Targets that are told of even where nothing was counted. */
  readonly targets?: (() => Iterable<string>) | undefined
  /** Calls under way. */
  readonly inFlight?: ((target: string) => number | undefined) | undefined
  readonly circuit?: ((target: string) => Effect.Effect<Snapshot.CircuitState | undefined>) | undefined
  /** Epoch milliseconds. */
  readonly cooldownUntil?: ((target: string) => number | undefined) | undefined
  /** By what is limited. */
  readonly limits?: ((target: string) => Readonly<Record<string, Snapshot.Limit>> | undefined) | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** How many names are counted apart, each at least 1; further ones are counted together as `_OTHER`. */
  readonly most?: {
    /** Default 100. */
    readonly vendors?: number | undefined
    /** Default 100. */
    readonly targets?: number | undefined
    /** Default 100. */
    readonly routes?: number | undefined
    /** Default 100. */
    readonly callers?: number | undefined
  } | undefined
  readonly surroundings?: Surroundings | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Live extends Recorder {
  /** A dispatch is under way until its record comes, or its end. */
  readonly begin: (dispatch: { readonly id: string }) => void
  /** A dispatch that will have no record is over. */
  readonly end: (dispatch: { readonly id: string }) => void
  readonly snapshot: Effect.Effect<Snapshot.Snapshot>
  /**
   * The snapshot at once, then a new one whenever something was counted or a window forgot something, at most one in
   * `every` (default 1 s). Who reads slowly misses some and gets the newest. Ends when the statistics' Scope closes.
   */
  readonly changes: (every?: Duration.Input) => Stream.Stream<Snapshot.Snapshot>
}

/** Under which dispatches are counted that have no route or no caller. */
const none = "_NONE"

const defaults = { vendors: 100, targets: 100, routes: 100, callers: 100 }

const bounds = Effect.fnUntraced(function*(
  most: Options["most"] = {}
): Effect.fn.Return<typeof defaults, ConfigError> {
  const bounds = { ...defaults }
  for (const name of ["vendors", "targets", "routes", "callers"] as const) {
    const bound = most[name] ?? defaults[name]
    if (!Number.isInteger(bound) || bound < 1) {
      return yield* new ConfigError({ path: `stats.most.${name}`, description: "must be a whole number above 0" })
    }
    bounds[name] = bound
  }
  return bounds
})

/** What is known of a target beside its figures. */
const stateOf = (
  { circuit, cooldownUntil, inFlight, limits }: Surroundings,
  target: string,
  now: number
): Effect.Effect<Omit<Snapshot.Target, keyof Snapshot.Group>> => {
  const until = cooldownUntil?.(target)
  const calls = inFlight?.(target)
  const limited = limits?.(target)
  return Effect.map(circuit?.(target) ?? Effect.undefined, (state) => ({
    ...(calls === undefined ? undefined : { inFlight: calls }),
    ...(state === undefined ? undefined : { circuit: state }),
    ...(until === undefined || until <= now ? undefined : { coolingDownUntil: until }),
    ...(limited === undefined ? undefined : { limits: limited })
  }))
}

/**
 * Begins to count; fails with `ConfigError` for a bound that is no whole number above 0.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fnUntraced(function*(
  options: Options = {}
): Effect.fn.Return<Live, ConfigError, Scope.Scope> {
  const { surroundings = {} } = options
  const most = yield* bounds(options.most)
  const clock = yield* Clock.Clock
  const now = () => clock.currentTimeMillisUnsafe()
  const startedAt = now()
  const total = Series.make()
  const vendors = Names.make(most.vendors, now)
  const targets = Names.make(most.targets, now)
  const routes = Names.make(most.routes, now)
  const callers = Names.make(most.callers, now)
  const underWay = new Set<string>()
  const change = Change.make()
  let version = 0
  const changed = Latch.makeUnsafe()
  const closed = yield* Effect.acquireRelease(Deferred.make<void>(), (closed) => Deferred.succeed(closed, undefined))

  const ended = Effect.andThen(Deferred.await(closed), Cause.done())

  const tell = () => {
    version += 1
    changed.openUnsafe()
  }

  const toTarget = (vendor: string, target: string, at: number) => {
    Series.add(vendors.of(vendor, at), change, at, now)
    Series.add(targets.of(target, at), change, at, now)
  }

  const record = (record: DispatchRecord) => {
    const at = record.startedAt + record.duration
    Change.setDispatch(change, record)
    Series.add(total, change, at, now)
    Series.add(routes.of(record.route ?? none, at), change, at, now)
    Series.add(callers.of(record.caller ?? none, at), change, at, now)
    for (const attempt of record.attempts) {
      Change.setAttempt(change, attempt)
      toTarget(attempt.vendor, attempt.target, at)
    }
    if (record.isCached && record.vendor !== undefined && record.target !== undefined) {
      Change.setCached(change)
      toTarget(record.vendor, record.target, at)
    }
    underWay.delete(record.id)
    tell()
  }

  const groupOf = (series: Series.Series, at: number): Snapshot.Group => {
    Series.settle(series, now)
    return Series.toSnapshot(series, at, startedAt)
  }

  const groups = (names: Names.Names, at: number) =>
    Object.fromEntries(names.all().map(([name, series]) => [name, groupOf(series, at)]))

  const snapshot = Effect.suspend(() => {
    const at = now()
    const byTarget = new Map(targets.all())
    for (const target of surroundings.targets?.() ?? []) {
      if (!byTarget.has(target)) byTarget.set(target, Series.make())
    }
    const counted = {
      at,
      startedAt,
      windows: Series.windows,
      total: { ...groupOf(total, at), inFlight: underWay.size },
      vendors: groups(vendors, at),
      routes: groups(routes, at),
      callers: groups(callers, at)
    }
    const figures = Array.from(byTarget, ([name, series]) => [name, groupOf(series, at)] as const)
    return Effect.map(
      Effect.forEach(figures, ([name, group]) =>
        name === Change.other
          ? Effect.succeed([name, group] as const)
          : Effect.map(stateOf(surroundings, name, at), (state) => [name, { ...group, ...state }] as const)),
      (targets): Snapshot.Snapshot => ({ ...counted, targets: Object.fromEntries(targets) })
    )
  })

  /** Until there is something that the snapshot of `at` does not tell. */
  const news = (seen: number, at: number) =>
    Effect.suspend(() => {
      if (version !== seen) return Effect.void
      changed.closeUnsafe()
      const forgetsAt = Series.forgetsAt(total, at)
      return forgetsAt === undefined
        ? changed.await
        : Effect.raceFirst(changed.await, Effect.sleep(Math.max(0, forgetsAt - now())))
    })

  const changes = (every: Duration.Input = "1 second") => {
    const interval = Duration.toMillis(every)
    return Stream.fromPull(Effect.sync(() => {
      let seen = { version: -1, at: -Infinity }
      const next = Effect.gen(function*() {
        const early = seen.at + interval - now()
        if (early > 0) yield* Effect.sleep(early)
        if (seen.version >= 0) yield* news(seen.version, seen.at)
        const before = version
        const taken = yield* snapshot
        seen = { version: before, at: taken.at }
        return [taken] as const
      })
      // Not `Stream.interruptWhen`: it would take the next snapshot before it is asked for.
      return Effect.raceFirst(ended, next)
    }))
  }

  return {
    begin: ({ id }) => {
      underWay.add(id)
      tell()
    },
    end: ({ id }) => {
      if (underWay.delete(id)) tell()
    },
    record,
    snapshot,
    changes
  }
})
