/**
 * Whether the process serves, and whether calls should be sent to it: for those who start it, watch it and balance load.
 *
 * @since 0.1.0
 */
import { Effect } from "effect"
import { HttpServerResponse } from "effect/http"
import type { Dispatcher } from "../Dispatcher.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly dispatcher: Pick<Dispatcher["Service"], "vendors">
  /** Whether the server still takes calls. */
  readonly isReady: () => boolean
}

const answer = (status: number, body: object) =>
  HttpServerResponse.jsonUnsafe(body, { status, headers: { "cache-control": "no-store" } })

/**
 * 200 as long as the process answers at all: else it is to be started anew.
 *
 * @since 0.1.0
 * @category constructors
 */
export const liveness: Effect.Effect<HttpServerResponse.HttpServerResponse> = Effect.sync(() =>
  answer(200, { status: "ok" })
)

/**
 * 503 while the server stops, and while there is no vendor to be asked. A vendor that fails is no reason: others may
 * answer, and a gateway beside this one would find it failing as well.
 *
 * @since 0.1.0
 * @category constructors
 */
export const readiness = (
  { dispatcher, isReady }: Options
): Effect.Effect<HttpServerResponse.HttpServerResponse> =>
  Effect.map(dispatcher.vendors, (vendors) => {
    if (!isReady()) return answer(503, { status: "stopping" })
    return vendors.length === 0
      ? answer(503, { status: "no vendor" })
      : answer(200, { status: "ok", vendors: vendors.length })
  })
