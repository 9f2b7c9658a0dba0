/**
 * Shortens a conversation to a window, its oldest turns first.
 *
 * @since 0.1.0
 */
import { Effect } from "effect"
import type { Preparation } from "../Policy.ts"
import type { Request } from "../Request.ts"
import type { Fatal } from "../VendorError.ts"
import * as Cuts from "./Cuts.ts"
import { measure, type Measured } from "./Tokens.ts"
import * as Window from "./Window.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface Options extends Window.Options {
  /**
   * Leave out multiples of so many tokens: then a growing conversation keeps its beginning for several turns, and the
   * vendors' prompt caches hit. Default 0, which is no more than must be.
   */
  readonly step?: number | undefined
}

/**
 * Trims a request that is measured already.
 *
 * @since 0.1.0
 * @category combinators
 */
export const trimmed = (
  request: Request,
  measured: Measured,
  room: Window.Room,
  step = 0
): Effect.Effect<Request, Fatal<"ContextLengthExceeded">> => {
  const excess = measured.total - room.available
  if (excess <= 0) return Effect.succeed(request)
  const conversation = Cuts.make(request.prompt.content, measured)
  const kept = Cuts.longest(conversation, room.available, step > 0 ? Math.ceil(excess / step) * step : 0)
  const tokens = Cuts.tokensOf(conversation, kept)
  return tokens <= room.available
    ? Effect.succeed(Cuts.apply(request, conversation, kept))
    : Effect.fail(Window.exceeded(tokens, room))
}

/**
 * Leaves out the oldest turns of a conversation that is longer than the window, whole: a turn is a user's message and
 * what came of it, with its reasoning, calls and results.
 *
 * System messages, the last user message and the last step after it always stay, and what stays begins with a user
 * message. Where one turn alone is too long, the oldest steps of its tools are left out, each with its results. A
 * request that fits goes on as it is. Fails with `ContextLengthExceeded`, which tells the numbers, where even what has to
 * stay is too long.
 *
 * @since 0.1.0
 * @category preparations
 */
export const trim = (options: Options): Preparation => (request) => {
  const room = Window.roomOf(options, request)
  return room === undefined
    ? Effect.succeed(request)
    : trimmed(request, measure(request, options), room, options.step)
}
