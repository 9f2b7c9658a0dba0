/**
 * Keeps the metrics of attempts, streams and dispatches through effect's `Metric`, so that any exporter reads them.
 *
 * Labels are few and bounded: provider, model, operation, error, target, route; never a user, a tenant or a key.
 *
 * @since 0.1.0
 */
import type { Context, Exit } from "effect"
import type { AttemptObserver, Call, Dispatch, DispatchObserver } from "../Policy.ts"
import type { Request } from "../Request.ts"
import { type StreamPart, unknownUsage, type Usage } from "../Response.ts"
import * as Target from "../Target.ts"
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
  readonly attempt: AttemptObserver
  readonly dispatch: DispatchObserver
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
      const cost = Target.cost(target, usage, { at: journal.startedAt })
      const name = all.nameOf(target.vendor, target.id)
      if (cost === undefined) series.unpriced(name).updateUnsafe(1, context)
      else series.cost(name).updateUnsafe(cost, context)
    }
  }

  return {
    attempt: {
      begun: ({ call, context }) => {
        const series = all.ofTarget(call.candidate)
        series.inFlight.modifyUnsafe(1, context)
        const occasion = call.journal.occasions.get(call.observed.attempt ?? 1)
        if (occasion !== undefined) series.occasions[occasion]?.updateUnsafe(1, context)
      },
      received: ({ call, context }, parts, waited) => {
        const count = chunksOf(parts)
        if (count === 0) return
        const { timePerOutputChunk } = all.ofTarget(call.candidate)
        // Parts that came in one read share its time.
        const each = waited / 1000 / count
        for (let chunk = 0; chunk < count; chunk++) timePerOutputChunk.updateUnsafe(each, context)
      },
      ended: ({ call, context, startedAt }, exit, now) =>
        endAttempt(call, all.ofTarget(call.candidate), exit, (now - startedAt) / 1000, context)
    },
    dispatch: {
      ended: (dispatch, _reached, exit, now, context) =>
        endDispatch(dispatch, exit, (now - dispatch.journal.startedAt) / 1000, context)
    }
  }
}
