/**
 * All that tells of a dispatch beside its spans, put together for the dispatcher: metrics, and content where wanted.
 *
 * @since 0.1.0
 */
import { Effect } from "effect"
import type { Dispatch, Handler } from "../Policy.ts"
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
  /** Around the attempt's span, inside the attempt. */
  readonly attempt: <A>(next: Handler<A, AttemptError>) => Handler<A, AttemptError>
  /** Around the whole dispatch. */
  readonly dispatch: (dispatch: Dispatch) => <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
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
  const timed = kept === undefined
    ? same
    : <R extends { readonly value: Committed }>(next: Handler<R, AttemptError>): Handler<R, AttemptError> => (call) =>
      Effect.flatMap(
        next(call),
        (reached) => Effect.map(kept.chunks(call, reached.value), (value) => ({ ...reached, value }))
      )
  return {
    attempt: kept?.attempt ?? same,
    dispatch: kept?.dispatch ?? (() => same),
    send: content?.send ?? same,
    stream: (next) => timed(content === undefined ? next : content.stream(next))
  }
}
