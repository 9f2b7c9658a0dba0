/**
 * Keeps the metrics of attempts, streams and dispatches through effect's `Metric`, so that any exporter reads them.
 *
 * Labels are few and bounded: provider, model, operation, error, target, route; never a user, a tenant or a key.
 *
 * @since 0.1.0
 */
import { Clock, type Context, Effect, type Exit, Scope } from "effect"
import type { Call, Dispatch, Handler } from "../Policy.ts"
import type { Request } from "../Request.ts"
import { type StreamPart, unknownUsage, type Usage } from "../Response.ts"
import * as Target from "../Target.ts"
import type { AttemptError } from "../VendorError.ts"
import type { Committed } from "../wire/Commit.ts"
import { errorType } from "./ErrorType.ts"
import * as Series from "./Series.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * How many targets that no route names have metrics of their own; the others of a vendor are counted together as
   * `_OTHER`. Default 100.
   */
  readonly maxTargets?: number | undefined
}

/**
 * What the metrics have to know of the dispatcher.
 *
 * @since 0.1.0
 * @category models
 */
export interface Surroundings {
  /** The name, out of few, of the route that serves the request. */
  readonly routeOf: (request: Request, now: number) => string | undefined
  /** The ids of targets that always have metrics of their own. */
  readonly targets: Iterable<string>
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Metrics {
  /** Around the vendor's call, inside the attempt. */
  readonly attempt: <A>(next: Handler<A, AttemptError>) => Handler<A, AttemptError>
  /** Around the whole dispatch; counts it when its Scope closes. */
  readonly dispatch: (dispatch: Dispatch) => <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /** Times the parts of a stream after the first. */
  readonly chunks: (call: Call, committed: Committed) => Effect.Effect<Committed>
}

type Registry = Context.Context<never>

const tellUsage = (series: Series.TargetSeries, { inputTokens, outputTokens }: Usage, context: Registry): void => {
  // The conventions want a 0 where the vendor told nothing.
  series.inputTokens.updateUnsafe(inputTokens.total ?? 0, context)
  series.outputTokens.updateUnsafe(outputTokens.total ?? 0, context)
  if (inputTokens.cacheRead !== undefined) series.cacheReadTokens.updateUnsafe(inputTokens.cacheRead, context)
  if (inputTokens.cacheWrite !== undefined) series.cacheWriteTokens.updateUnsafe(inputTokens.cacheWrite, context)
  if (outputTokens.reasoning !== undefined) series.reasoningTokens.updateUnsafe(outputTokens.reasoning, context)
  if (inputTokens.total !== undefined) series.inputUsage.updateUnsafe(inputTokens.total, context)
  if (outputTokens.total !== undefined) series.outputUsage.updateUnsafe(outputTokens.total, context)
}

const chunksOf = (parts: ReadonlyArray<StreamPart>): number => {
  let count = 0
  for (const { type } of parts) {
    if (type === "text-delta" || type === "reasoning-delta" || type === "tool-params-delta") count += 1
  }
  return count
}

/** Runs `end` with the fate of the Scope and the time it took until then. */
const timed = <A, E, R>(
  scope: Scope.Scope,
  begin: (context: Registry) => void,
  end: (exit: Exit.Exit<unknown, unknown>, seconds: number, context: Registry) => void,
  effect: () => Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  Effect.withFiber((fiber) => {
    const { context } = fiber
    const clock = fiber.getRef(Clock.Clock)
    const startedAt = clock.currentTimeMillisUnsafe()
    begin(context)
    return Effect.andThen(
      Scope.addFinalizerExit(scope, (exit) =>
        Effect.sync(() => end(exit, (clock.currentTimeMillisUnsafe() - startedAt) / 1000, context))),
      effect
    )
  })

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = ({ routeOf, targets }: Surroundings, options: Options = {}): Metrics => {
  const all = Series.make(options.maxTargets ?? 100, targets)

  const endAttempt = (
    { observed }: Call,
    series: Series.TargetSeries,
    exit: Exit.Exit<unknown, unknown>,
    seconds: number,
    context: Registry
  ): void => {
    const ended = series.ended(errorType(exit))
    series.inFlight.modifyUnsafe(-1, context)
    ended.attempts.updateUnsafe(1, context)
    ended.duration.updateUnsafe(seconds, context)
    ended.operationDuration.updateUnsafe(seconds, context)
    if (observed.timeToFirstPart !== undefined) {
      series.timeToFirstChunk.updateUnsafe(observed.timeToFirstPart / 1000, context)
    }
    tellUsage(series, observed.usage ?? unknownUsage, context)
  }

  const endDispatch = (
    { journal, operation, request }: Dispatch,
    exit: Exit.Exit<unknown, unknown>,
    seconds: number,
    context: Registry
  ): void => {
    const series = all.ofRoute(operation, routeOf(request, journal.startedAt))
    const ended = series.ended(errorType(exit))
    ended.dispatches.updateUnsafe(1, context)
    ended.duration.updateUnsafe(seconds, context)
    for (const { outcome, reason, target, vendor } of journal.attempts) {
      if (outcome === "skipped") all.skipped(vendor, target, reason ?? "_OTHER").updateUnsafe(1, context)
    }
    // Of every attempt, since vendors bill those that broke as well.
    for (const { target, usage } of journal.usages) {
      const cost = Target.cost(target, usage)
      const name = all.nameOf(target.vendor, target.id)
      if (cost === undefined) series.unpriced(name).updateUnsafe(1, context)
      else series.cost(name).updateUnsafe(cost, context)
    }
  }

  return {
    attempt: (next) => (call) => {
      const series = all.ofTarget(call.candidate)
      return timed(
        call.scope,
        (context) => {
          series.inFlight.modifyUnsafe(1, context)
          const occasion = call.journal.occasions.get(call.observed.attempt ?? 1)
          if (occasion !== undefined) series.occasions[occasion]?.updateUnsafe(1, context)
        },
        (exit, seconds, context) => endAttempt(call, series, exit, seconds, context),
        () => next(call)
      )
    },
    dispatch: (dispatch) => (effect) =>
      timed(
        dispatch.scope,
        () => {},
        (exit, seconds, context) => endDispatch(dispatch, exit, seconds, context),
        () => effect
      ),
    chunks: (call, committed) =>
      Effect.withFiber((fiber) => {
        const { context } = fiber
        const { timePerOutputChunk } = all.ofTarget(call.candidate)
        const clock = fiber.getRef(Clock.Clock)
        let askedAt = 0
        // Made once for all pulls: a stream has thousands.
        const timed = Effect.map(committed.rest, (parts) => {
          const count = chunksOf(parts)
          // Parts that came in one read share its time.
          const each = count === 0 ? 0 : (clock.currentTimeMillisUnsafe() - askedAt) / 1000 / count
          for (let chunk = 0; chunk < count; chunk++) timePerOutputChunk.updateUnsafe(each, context)
          return parts
        })
        const rest = Effect.suspend(() => {
          // From the pull on: how long the caller took to ask for more is not the vendor's time.
          askedAt = clock.currentTimeMillisUnsafe()
          return timed
        })
        return Effect.succeed({ ...committed, rest })
      })
  }
}
