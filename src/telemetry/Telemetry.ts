/**
 * All that tells of a dispatch beside its spans, put together for the dispatcher: metrics, and content where wanted.
 *
 * @since 0.1.0
 */
import type { AttemptObserver, DispatchObserver, Handler } from "../Policy.ts"
import type { Answer } from "../Vendor.ts"
import type { AttemptError } from "../VendorError.ts"
import type { Committed } from "../wire/Commit.ts"
import * as Capture from "./Capture.ts"
import * as Metrics from "./Metrics.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Kept unless this is `false`. */
  readonly metrics?: Metrics.Options | false | undefined
  /** By default nothing of what was asked or answered leaves the program. */
  readonly capture?: Capture.Options | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Telemetry {
  readonly attempts: ReadonlyArray<AttemptObserver>
  readonly dispatches: ReadonlyArray<DispatchObserver>
  /** Around the vendor's whole answer, inside the attempt's span. */
  readonly send: <R extends { readonly value: Answer }>(next: Handler<R, AttemptError>) => Handler<R, AttemptError>
  /** Around the vendor's stream, inside the attempt's span. */
  readonly stream: <R extends { readonly value: Committed }>(next: Handler<R, AttemptError>) => Handler<R, AttemptError>
}

const same = <A>(value: A): A => value

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = (surroundings: Metrics.Surroundings, { capture, metrics }: Options): Telemetry => {
  const kept = metrics === false ? undefined : Metrics.make(surroundings, metrics)
  const content = capture === undefined ? undefined : Capture.make(capture)
  return {
    attempts: kept === undefined ? [] : [kept.attempt],
    dispatches: kept === undefined ? [] : [kept.dispatch],
    send: content?.send ?? same,
    stream: content?.stream ?? same
  }
}
