/**
 * What a configuration comes to: its routes checked against its vendors, its limits and policies put together.
 *
 * Limits and budgets go on counting where they were when a new configuration changes something else.
 *
 * @since 0.1.0
 */
import { Effect, Equal } from "effect"
import { RateLimiter } from "effect/persistence"
import * as Limit from "../context/Limit.ts"
import * as Trim from "../context/Trim.ts"
import type { Reconfiguration } from "../Dispatcher.ts"
import * as Budget from "../policy/Budget.ts"
import * as CallerLimit from "../policy/CallerLimit.ts"
import * as Concurrency from "../policy/Concurrency.ts"
import * as LimiterStore from "../policy/LimiterStore.ts"
import * as Queue from "../policy/Queue.ts"
import * as RateLimit from "../policy/RateLimit.ts"
import type { Admission, Preparation } from "../Policy.ts"
import type { Request } from "../Request.ts"
import type { RouteInput } from "../Route.ts"
import { nearest } from "../Suggestion.ts"
import * as Target from "../Target.ts"
import type { Vendor } from "../Vendor.ts"
import type { TargetPolicy } from "../Policies.ts"
import { ConfigError } from "./ConfigError.ts"
import type { DispatcherConfig } from "./DispatcherConfig.ts"

/**
 * Puts configurations together, one after the other.
 *
 * @since 0.1.0
 * @category models
 */
export interface Assembly {
  /** Fails with `ConfigError`, which names the setting. */
  readonly assemble: (
    config: DispatcherConfig,
    vendors: ReadonlyArray<Vendor>
  ) => Effect.Effect<Reconfiguration, ConfigError>
  /** Of the budgets that are now, where there are any. */
  readonly spending: (caller: string) => Effect.Effect<Budget.Spending | undefined>
}

/** Makes anew only what is asked for with other options. */
const kept = <Options, A, E>(make: (options: Options) => Effect.Effect<A, E>) => {
  let last: { readonly options: Options; readonly value: A } | undefined
  return (options: Options): Effect.Effect<A, E> =>
    last !== undefined && Equal.equals(last.options, options)
      ? Effect.succeed(last.value)
      : Effect.map(make(options), (value) => {
        last = { options, value }
        return value
      })
}

const didYouMean = (typed: string, known: Iterable<string>): string => {
  const [name] = nearest(typed, known)
  return name === undefined ? "" : `; did you mean \`${name}\`?`
}

const fault = (path: string, description: string) => Effect.fail(new ConfigError({ path, description }))

/** A target of a route with what is true of it in every route. */
const complete = (config: DispatcherConfig, input: Target.TargetInput): Target.Target => {
  const target = Target.make(input)
  return { ...config.targets?.[target.id], ...target }
}

const routesOf = (config: DispatcherConfig): Readonly<Record<string, RouteInput>> => {
  const routes: Record<string, RouteInput> = {}
  for (const [name, route] of Object.entries(config.routes ?? {})) {
    const { onInterrupted = config.onInterrupted, strategy = config.strategy, targets } = "targets" in route
      ? route
      : { targets: route }
    routes[name] = { targets: targets.map((target) => complete(config, target)), strategy, onInterrupted }
  }
  return routes
}

/** Every vendor and route that is spoken of must be there: a slip would otherwise only be seen by callers. */
const check = Effect.fnUntraced(function*(
  config: DispatcherConfig,
  vendors: ReadonlyArray<Vendor>
): Effect.fn.Return<void, ConfigError> {
  const names = vendors.map(({ name }) => name)
  const vendor = (path: string, name: string) =>
    names.includes(name)
      ? Effect.void
      : fault(path, `there is no vendor "${name}"${didYouMean(name, names) || `; there is ${names.join(", ")}`}`)
  for (const [name, route] of Object.entries(config.routes ?? {})) {
    const [path, targets] = "targets" in route
      ? [`routes.${name}.targets`, route.targets]
      : [`routes.${name}`, route]
    for (const [index, target] of targets.entries()) yield* vendor(`${path}.${index}`, Target.make(target).vendor)
  }
  const routes = Object.keys(config.routes ?? {})
  for (const [index, { route }] of (config.rules ?? []).entries()) {
    if (routes.includes(route)) continue
    const path = `rules.${index}.route`
    if (!route.includes("/")) return yield* fault(path, `there is no route "${route}"${didYouMean(route, routes)}`)
    yield* vendor(path, Target.make(route).vendor)
  }
  const limits = config.limits ?? {}
  for (const name of Object.keys(limits.vendors ?? {})) yield* vendor(`limits.vendors.${name}`, name)
  const ids = [
    ...Object.keys(config.targets ?? {}).map((id) => [`targets.${id}`, id] as const),
    ...Object.keys(limits.targets ?? {}).map((id) => [`limits.targets.${id}`, id] as const),
    ...Object.keys(limits.concurrency?.targets ?? {}).map((id) => [`limits.concurrency.targets.${id}`, id] as const)
  ]
  for (const [path, id] of ids) yield* vendor(path, Target.make(id).vendor)
})

const minute = (limit: number | undefined) => limit === undefined ? undefined : { limit, per: "1 minute" as const }

const perMinute = (limits: {
  readonly requestsPerMinute?: number
  readonly tokensPerMinute?: number
}): CallerLimit.Limits => ({
  requests: minute(limits.requestsPerMinute),
  tokens: minute(limits.tokensPerMinute)
})

type Limits = NonNullable<DispatcherConfig["limits"]>

/**
 * `targetsOf` tells who would be asked, with prices and windows as they are known, for estimates.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (targetsOf: (request: Request) => ReadonlyArray<Target.Target>): Assembly => {
  // One store for good, so that what was counted stays counted.
  const store = LimiterStore.make()
  const rateLimit = kept(({ learn, targets, vendors }: Limits) =>
    Effect.provideService(RateLimit.make({ learn, targets, vendors }), RateLimiter.RateLimiterStore, store)
  )
  const concurrency = kept((options: NonNullable<Limits["concurrency"]>) => Concurrency.make(options))
  const callers = kept(({ single = {}, ...usual }: NonNullable<Limits["callers"]>) =>
    Effect.provideService(
      CallerLimit.make({
        ...perMinute(usual),
        callers: Object.fromEntries(Object.entries(single).map(([name, limits]) => [name, perMinute(limits)]))
      }),
      RateLimiter.RateLimiterStore,
      store
    )
  )
  const queue = kept((options: NonNullable<Limits["queue"]>) => Queue.make(options))

  let budgets: DispatcherConfig["budgets"]
  let spent: Budget.Budget | undefined
  const budget = kept((options: Pick<Budget.Options, "period" | "unpriced">) =>
    Budget.make({
      ...options,
      // Read anew for each request: another budget must not forget what was spent.
      budget: (caller) => budgets?.callers?.[caller] ?? budgets?.perCaller,
      targets: targetsOf
    })
  )

  const windowOf = (request: Request): number | undefined => {
    const windows = targetsOf(request).map(({ contextWindow }) => contextWindow)
    return windows.length === 0 || windows.includes(undefined) ? undefined : Math.max(...windows as Array<number>)
  }

  return {
    spending: (caller) => Effect.suspend(() => spent === undefined ? Effect.undefined : spent.spending(caller)),
    assemble: Effect.fnUntraced(function*(config, vendors) {
      yield* check(config, vendors)
      const { context = {}, limits, policies = {}, telemetry = {} } = config
      const target: Array<TargetPolicy> = []
      const admission: Array<Admission> = []
      const prepare: Array<Preparation> = []
      let made: Budget.Budget | undefined
      if (limits !== undefined) target.push(yield* rateLimit(limits))
      if (limits?.concurrency !== undefined) target.push(yield* concurrency(limits.concurrency))
      if (limits?.callers !== undefined) admission.push(yield* callers(limits.callers))
      if (config.budgets !== undefined) {
        const { period, unpriced } = config.budgets
        made = yield* budget({ period, unpriced })
        admission.push(made.admit)
      }
      // Last, so that nobody waits who is refused afterwards.
      if (limits?.queue !== undefined) admission.push(yield* queue(limits.queue))
      const { maxInputTokens: input, maxOutputTokens: output, trim } = context
      if (input !== undefined || output !== undefined) prepare.push(Limit.limit({ input, output }))
      if (trim === true) prepare.push(Trim.trim({ window: windowOf }))
      // Only now that nothing can fail any more.
      budgets = config.budgets
      spent = made
      return {
        ...policies,
        vendors,
        routes: routesOf(config),
        rules: config.rules,
        prices: config.prices,
        admission,
        prepare,
        target,
        metrics: telemetry.metrics === false ? false : undefined,
        capture: telemetry.capture
      }
    })
  }
}
