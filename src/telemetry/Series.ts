/**
 * The metrics of each target and route, made once and kept, so that an update is a look-up and an addition.
 *
 * @since 0.1.0
 */
import type { Metric } from "effect"
import type { Candidate } from "../Policy.ts"
import type { Occasion } from "../stats/Record.ts"
import { type Attributes, instruments } from "./Instruments.ts"

/** Holds one value a key and makes it when it is first wanted. */
const kept = <K, V>(make: (key: K) => V): (key: K) => V => {
  const values = new Map<K, V>()
  return (key) => {
    let value = values.get(key)
    if (value === undefined) {
      value = make(key)
      values.set(key, value)
    }
    return value
  }
}

const withError = (attributes: Attributes, error: string | undefined): Attributes =>
  error === undefined ? attributes : { ...attributes, "error.type": error }

const makeTarget = (provider: string, model: string, target: string) => {
  const inference: Attributes = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": provider,
    "gen_ai.request.model": model
  }
  // Required by the conventions; no vendor's usage is told by modality in our own.
  const counted: Attributes = { ...inference, "gen_ai.token.modality": "unknown" }
  const own: Attributes = { "llmdispatcher.target": target }
  return {
    timeToFirstChunk: instruments.timeToFirstChunk(inference),
    timePerOutputChunk: instruments.timePerOutputChunk(inference),
    inputTokens: instruments.inputTokens(counted),
    outputTokens: instruments.outputTokens(counted),
    cacheReadTokens: instruments.cacheReadTokens(counted),
    cacheWriteTokens: instruments.cacheWriteTokens(counted),
    reasoningTokens: instruments.reasoningTokens(counted),
    inputUsage: instruments.tokenUsage({ ...inference, "gen_ai.token.type": "input" }),
    outputUsage: instruments.tokenUsage({ ...inference, "gen_ai.token.type": "output" }),
    inFlight: instruments.inFlight(own),
    occasions: {
      first: undefined,
      retry: instruments.retries(own),
      fallback: instruments.fallbacks(own),
      hedge: instruments.hedges(own),
      resume: instruments.resumes(own)
    } satisfies Record<Occasion, Metric.Counter<number> | undefined>,
    /** What is told apart by how the attempt ended. */
    ended: kept((error: string | undefined) => ({
      duration: instruments.duration(withError(inference, error)),
      operationDuration: instruments.operationDuration(withError(inference, error)),
      attempts: instruments.attempts(withError({
        ...own,
        "llmdispatcher.outcome": error === undefined ? "answered" : error === "Interrupted" ? "interrupted" : "failed"
      }, error))
    }))
  }
}

/**
 * @since 0.1.0
 * @category models
 */
export type TargetSeries = ReturnType<typeof makeTarget>

const makeRoute = (operation: string, route: string | undefined) => {
  const placed: Attributes = route === undefined ? {} : { "llmdispatcher.route": route }
  const asked: Attributes = { ...placed, "llmdispatcher.operation": operation }
  return {
    ended: kept((error: string | undefined) => ({
      dispatches: instruments.dispatches(withError(asked, error)),
      duration: instruments.dispatchDuration(withError(asked, error))
    })),
    cost: kept((target: string) => instruments.cost({ ...placed, "llmdispatcher.target": target })),
    unpriced: kept((target: string) => instruments.unpriced({ ...placed, "llmdispatcher.target": target }))
  }
}

/**
 * @since 0.1.0
 * @category models
 */
export type RouteSeries = ReturnType<typeof makeRoute>

/**
 * @since 0.1.0
 * @category models
 */
export interface Series {
  readonly ofTarget: (candidate: Candidate) => TargetSeries
  readonly ofRoute: (operation: "send" | "stream", route: string | undefined) => RouteSeries
  readonly skipped: (vendor: string, target: string, reason: string) => Metric.Counter<number>
  /** The name under which a target is counted: its id, or `vendor/_OTHER` where there are too many. */
  readonly nameOf: (vendor: string, target: string) => string
}

/**
 * At most `most` targets have metrics of their own beside those in `known`, since callers may make up any
 * `vendor/model`; all further ones of a vendor share one.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (most: number, known: Iterable<string>): Series => {
  const reserved = new Set(known)
  const names = new Set<string>()
  const nameOf = (vendor: string, target: string) => {
    if (reserved.has(target) || names.has(target)) return target
    if (names.size >= most) return `${vendor}/_OTHER`
    names.add(target)
    return target
  }
  const targets = new Map<string, TargetSeries>()
  const routes = {
    send: kept((route?: string) => makeRoute("send", route)),
    stream: kept((route?: string) => makeRoute("stream", route))
  }
  const skips = kept((target: string) =>
    kept((reason: string) => instruments.skipped({ "llmdispatcher.target": target, "error.type": reason }))
  )
  return {
    nameOf,
    ofTarget: ({ target, vendor }) => {
      const name = nameOf(vendor.name, target.id)
      let series = targets.get(name)
      if (series === undefined) {
        series = makeTarget(vendor.provider, name === target.id ? target.model : "_OTHER", name)
        targets.set(name, series)
      }
      return series
    },
    ofRoute: (operation, route) => routes[operation](route),
    skipped: (vendor, target, reason) => skips(nameOf(vendor, target))(reason)
  }
}
