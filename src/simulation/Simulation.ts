/**
 * Runs a scenario under virtual time: the same seed gives the same bytes, and a day takes seconds.
 *
 * @since 0.1.0
 */
import { Cause, Clock, Duration, Effect, Exit, Random, References, Scope, Stream } from "effect"
import { Prompt } from "effect/ai"
import type { ConfigError } from "../config/ConfigError.ts"
import type { Candidate } from "../Policy.ts"
import { Request } from "../Request.ts"
import { isMeaningful } from "../Response.ts"
import type { RouteInput } from "../Route.ts"
import * as Target from "../Target.ts"
import type { Vendor } from "../Vendor.ts"
import { isVendorError, retryable } from "../VendorError.ts"
import * as Ledger from "./Ledger.ts"
import type { Contender, Dispatching } from "./policies/Contender.ts"
import { type Scenario, usualDeadline } from "./Scenario.ts"
import { arrivalKey, make as makeVendor } from "./SimulatedVendor.ts"
import type { TraceLine } from "./Trace.ts"
import * as Traffic from "./Traffic.ts"
import * as VirtualTime from "./VirtualTime.ts"

/** 2026-01-01T00:00:00Z: a Thursday, at midnight, so that rules over the time of day mean something. */
const epoch = 1_767_225_600_000

/** Steps in which time goes on; between two the progress is told and the process hears its signals. */
const steps = 200

/** Long enough for every answer that was begun to end after the last arrival, in milliseconds. */
const longestTail = 900_000

/**
 * One scenario, ready to be run by any policy.
 *
 * @since 0.1.0
 * @category models
 */
export interface Prepared {
  readonly scenario: Scenario
  readonly seed: number
  readonly arrivals: ReadonlyArray<Traffic.Arrival>
  readonly targets: ReadonlyArray<Target.Target>
}

/**
 * What came of a policy in a scenario.
 *
 * @since 0.1.0
 * @category models
 */
export interface Run {
  readonly prepared: Prepared
  readonly policy: string
  readonly ledger: Ledger.Ledger
}

/** Each of its own, so that what one draws changes nothing for the others. */
const generator = (seed: string): Effect.Effect<Random.Random> => Random.withSeed(Random.Random, seed)

/**
 * Makes the traffic of a scenario; a trace takes the place of its own. Where `wholeTrace` is set the trace tells how long
 * it lasts.
 *
 * @since 0.1.0
 * @category constructors
 */
export const prepare = Effect.fnUntraced(function*(scenario: Scenario, options: {
  readonly seed?: number | undefined
  readonly trace?: ReadonlyArray<TraceLine> | undefined
  readonly wholeTrace?: boolean | undefined
} = {}): Effect.fn.Return<Prepared> {
  const seed = options.seed ?? scenario.seed ?? 1
  const end = options.trace === undefined
    ? Infinity
    : Math.ceil(options.trace[options.trace.length - 1]!.second + 1) * 1_000
  const duration = options.wholeTrace === true ? end : Math.min(end, scenario.duration)
  const lasting = { ...scenario, duration }
  return {
    scenario: lasting,
    seed,
    arrivals: Traffic.arrivals(lasting, options.trace, yield* generator(`${seed}/traffic`)),
    targets: scenario.vendors.map(({ contextWindow, model = "model", name, price }) => ({
      id: `${name}/${model}`,
      vendor: name,
      model,
      ...(contextWindow === undefined ? undefined : { contextWindow }),
      ...(price === undefined ? undefined : { price })
    }))
  }
})

type RouteEntry = NonNullable<Scenario["routes"]>[string] | { readonly targets: ReadonlyArray<string> }

const routesOf = ({ scenario, targets }: Prepared): Readonly<Record<string, RouteInput>> => {
  const entries = Object.entries<RouteEntry>(scenario.routes ?? { default: { targets: targets.map(({ id }) => id) } })
  return Object.fromEntries(entries.map(([name, route]) => [name, {
    targets: route.targets.map((entry) => {
      const { target: id, ...choice } = typeof entry === "string" ? { target: entry } : entry
      const known = targets.find((target) => target.id === id || target.vendor === id)
      return { ...(known ?? Target.make(id)), ...choice }
    }),
    ...("strategy" in route && route.strategy !== undefined ? { strategy: route.strategy } : undefined),
    ...("onInterrupted" in route && route.onInterrupted !== undefined
      ? { onInterrupted: route.onInterrupted }
      : undefined)
  }]))
}

/** The targets that a request may go to, as a way of dispatching without routes of its own would have them set. */
const candidatesOf = (
  routes: Readonly<Record<string, RouteInput>>,
  model: string,
  vendors: ReadonlyArray<Vendor>
): ReadonlyArray<Candidate> => {
  const route = routes[model]
  const targets = route === undefined
    ? [Target.make(model)]
    : ("targets" in route ? route.targets : route).map(Target.make)
  return targets.toSorted((a, b) => (a.priority ?? 0) - (b.priority ?? 0)).flatMap((target) => {
    const vendor = vendors.find(({ name }) => name === target.vendor)
    return vendor === undefined ? [] : [{ target, vendor }]
  })
}

const charactersPerToken = 4

/** What callers send; the texts are slices of one, which takes no room. */
const requests = ({ arrivals, scenario }: Prepared, model: string) => {
  const deadline = Duration.millis(deadlineOf(scenario))
  const longest = arrivals.reduce((most, { input }) => Math.max(most, input), 1)
  const text = "word ".repeat(Math.ceil(longest * charactersPerToken / 5))
  return (index: number): Request =>
    new Request({
      model,
      prompt: Prompt.make(text.slice(0, arrivals[index]!.input * charactersPerToken)),
      metadata: { [arrivalKey]: String(index) },
      deadline
    }, { disableChecks: true })
}

const deadlineOf = ({ traffic }: Scenario): number => traffic?.deadline ?? usualDeadline

const failed = (exit: Exit.Failure<unknown, unknown>): Pick<Ledger.Outcome, "class" | "reason"> => {
  const error = Cause.squash(exit.cause)
  return isVendorError(error)
    ? { class: error._tag === "FatalError" ? "fatal" : "retryable", reason: error.reason._tag }
    : { class: "fatal", reason: "Defect" }
}

/** A caller: asks, reads the whole answer, gives up at its deadline. */
const ask = (dispatching: Dispatching, request: Request, streaming: boolean, deadline: number | undefined) =>
  Effect.flatMap(Clock.currentTimeMillis, (startedAt) => {
    let firstToken: number | undefined
    const answer = streaming
      ? Stream.runForEachArray(
        dispatching.stream(request),
        (parts) =>
          firstToken !== undefined || !parts.some(isMeaningful) ?
            Effect.void :
            Effect.map(Clock.currentTimeMillis, (now) => {
              firstToken = now - startedAt
            })
      )
      : dispatching.send(request)
    const patient = deadline === undefined ? answer : Effect.timeoutOrElse(answer, {
      duration: deadline,
      orElse: () => Effect.fail(retryable({ _tag: "DeadlineExceeded", after: deadline }))
    })
    return Effect.flatMap(
      Effect.exit<unknown, unknown, never>(patient),
      (exit) =>
        Effect.map(Clock.currentTimeMillis, (now): Ledger.Outcome => ({
          ...(Exit.isSuccess(exit) ? { class: "answered", reason: undefined } : failed(exit)),
          firstToken,
          total: now - startedAt
        }))
    )
  })

/**
 * Runs one policy through a scenario, and tells of its progress from 0 to 1.
 *
 * @since 0.1.0
 * @category running
 */
export const run = (
  prepared: Prepared,
  policy: string,
  contender: Contender,
  options: {
    readonly onProgress?: ((share: number) => Effect.Effect<void>) | undefined
    readonly time?: VirtualTime.VirtualTime | undefined
  } = {}
): Effect.Effect<Run, ConfigError> => {
  const { arrivals, scenario, seed } = prepared
  const deadline = contender.keepsDeadline === true ? undefined : deadlineOf(scenario)
  const onProgress = options.onProgress ?? (() => Effect.void)
  const ledger = Ledger.make(arrivals.length)

  const begin = Effect.gen(function*() {
    const scope = yield* Scope.Scope
    const world = { arrivals, incidents: scenario.incidents ?? [], ledger, epoch, scope }
    const vendors = yield* Effect.forEach(scenario.vendors, (model, position) =>
      Effect.map(
        generator(`${seed}/vendor/${model.name}`),
        (random) => makeVendor(model, position, world, random)
      ))
    const routes = routesOf(prepared)
    const model = scenario.traffic?.model ?? Object.keys(routes)[0]!
    const dispatching = yield* contender.make({ vendors, routes, candidates: candidatesOf(routes, model, vendors) })
    const requestOf = requests(prepared, model)
    const caller = (index: number) =>
      Effect.map(ask(dispatching, requestOf(index), arrivals[index]!.streaming, deadline), (outcome) => {
        ledger.outcomes[index] = outcome
        open -= 1
      })
    for (let index = 0; index < arrivals.length; index++) {
      const wait = epoch + arrivals[index]!.at - (yield* Clock.currentTimeMillis)
      if (wait > 0) yield* Effect.sleep(wait)
      yield* Effect.forkIn(caller(index), scope)
    }
  })

  let open = arrivals.length
  const time = options.time ?? VirtualTime.make(epoch)
  return Effect.gen(function*() {
    const scope = yield* Scope.Scope
    const traffic = yield* begin.pipe(
      Scope.provide(scope),
      Random.withSeed(`${seed}/dispatcher`),
      Effect.provideService(References.TracerEnabled, false),
      Effect.provideContext(time.context),
      Effect.forkIn(scope)
    )
    const step = Math.max(1, Math.ceil(scenario.duration / steps))
    const isOpen = (at: number) => at < scenario.duration || open > 0 && at < scenario.duration + longestTail
    for (let at = 0; isOpen(at); at += step) {
      yield* Effect.yieldNow
      yield* time.advance(epoch + at + step)
      yield* onProgress(Math.min(1, (at + step) / scenario.duration))
      const ended = traffic.pollUnsafe()
      if (ended !== undefined && Exit.isFailure(ended)) yield* ended
    }
    return { prepared, policy, ledger }
  }).pipe(Effect.scoped)
}
