/**
 * The dispatcher itself, as it is in production.
 *
 * @since 0.1.0
 */
import { Effect } from "effect"
import * as Dispatcher from "../../Dispatcher.ts"
import type { RouteInput } from "../../Route.ts"
import type { PolicyOptions } from "../PolicyOptions.ts"
import type { Contender } from "./Contender.ts"

const routed = (route: RouteInput, choice: Pick<PolicyOptions, "strategy" | "onInterrupted">): RouteInput =>
  "targets" in route ? { ...route, ...choice } : { targets: route, ...choice }

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = (description: string, { onInterrupted, strategy, ...options }: PolicyOptions = {}): Contender => ({
  description,
  keepsDeadline: true,
  make: ({ routes, vendors }) => {
    const choice = {
      ...(strategy === undefined ? undefined : { strategy }),
      ...(onInterrupted === undefined ? undefined : { onInterrupted })
    }
    return Effect.map(
      Dispatcher.make({
        ...options,
        vendors,
        routes: Object.fromEntries(Object.entries(routes).map(([name, route]) => [name, routed(route, choice)]))
      }),
      ({ send, stream }) => ({ send, stream })
    )
  }
})
