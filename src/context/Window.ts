/**
 * The window that a conversation has to fit into, and how much of it is kept for the answer.
 *
 * @since 0.1.0
 */
import type { Request } from "../Request.ts"
import * as Route from "../Route.ts"
import type { Target } from "../Target.ts"
import type { Capabilities } from "../Vendor.ts"
import { type Fatal, fatal } from "../VendorError.ts"
import { type Amount, amountOf, type Options as Counting } from "./Tokens.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface Options extends Counting {
  /** Input and answer together, in tokens; where it is `undefined` for a request, that goes on unchanged. */
  readonly window: Amount
  /**
   * Tokens of the window kept for the answer. Default the request's `maxTokens`, else 1,000 (the longest of 19,366
   * answers in Azure's public trace of conversations), at most a quarter of the window.
   */
  readonly reserve?: Amount | undefined
}

const usualReserve = 1_000

/**
 * What of the window is left for input, in tokens; `undefined` where there is none for the request.
 *
 * @since 0.1.0
 * @category models
 */
export interface Room {
  readonly window: number
  readonly reserve: number
  readonly available: number
}

/**
 * @since 0.1.0
 * @category accessors
 */
export const roomOf = (options: Options, request: Request): Room | undefined => {
  const window = amountOf(options.window, request)
  if (window === undefined) return undefined
  const reserve = amountOf(options.reserve, request) ?? request.maxTokens ??
    Math.min(usualReserve, Math.floor(window / 4))
  return { window, reserve, available: window - reserve }
}

/**
 * The failure of a conversation of which not even the part that has to stay fits.
 *
 * @since 0.1.0
 * @category errors
 */
export const exceeded = (least: number, { available, reserve, window }: Room): Fatal<"ContextLengthExceeded"> =>
  fatal({
    _tag: "ContextLengthExceeded",
    description:
      `the part that has to be sent has ${least} tokens, ${Math.max(available, 0)} are left of a window of ` +
      `${window} with ${reserve} kept for the answer`
  })

/**
 * A window by the targets of the route that a request names: its `smallest`, so that every target can serve what is
 * sent, or its `largest`, so that no more is left out than must be; targets whose window nobody told are not looked at.
 *
 * `routes` and `vendors` are those of the dispatcher; `otherwise` is the window of requests for anything else.
 *
 * @since 0.1.0
 * @category constructors
 */
export const ofRoutes = (options: {
  readonly routes: Readonly<Record<string, Route.RouteInput>>
  readonly pick: "smallest" | "largest"
  readonly vendors?:
    | ReadonlyArray<{ readonly name: string; readonly capabilities: (model: string) => Capabilities }>
    | undefined
  readonly otherwise?: number | undefined
}): (request: Request) => number | undefined => {
  const windowOf = (target: Target) =>
    target.contextWindow ??
      options.vendors?.find(({ name }) => name === target.vendor)?.capabilities(target.model).contextWindow
  const windows = new Map(
    Object.entries(options.routes).map(([name, input]) => {
      const known = Route.make(name, input).targets.map(windowOf).filter((window) => window !== undefined)
      const pick = options.pick === "smallest" ? Math.min : Math.max
      return [name, known.length === 0 ? options.otherwise : pick(...known)] as const
    })
  )
  return (request) => {
    const name = request.model ?? request.mode ?? "default"
    return windows.has(name) ? windows.get(name) : options.otherwise
  }
}
