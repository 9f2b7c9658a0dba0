/**
 * Lets through what the current principal may ask, and nothing else.
 *
 * Three places of a dispatcher ask it: `admission` before a request is routed, `prepare` after all else that prepares
 * it, so that what is authorised is what is sent, and `permit` where an answer is given past both, as from a cache.
 *
 * @since 0.1.0
 */
import { Clock, Context, Effect, Layer } from "effect"
import type { Admission, Dispatch, Preparation } from "../Policy.ts"
import * as Request from "../Request.ts"
import { type DispatchError, fatal, retryable } from "../VendorError.ts"
import * as Budgets from "./Budgets.ts"
import { CurrentPrincipal } from "./CurrentPrincipal.ts"
import type { Feature } from "./Feature.ts"
import * as Limits from "./Limits.ts"
import * as Models from "./Models.ts"
import * as Permission from "./Permission.ts"
import { Principals, type Resolved } from "./Principals.ts"
import { Spending } from "./Spending.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface Options extends Budgets.Options {
  /**
   * The dispatcher's own routes and rules, or how to find them where they change. Without them a rule may lead a request
   * to a route that is not granted.
   */
  readonly routing?: Permission.Routing | (() => Permission.Routing) | undefined
}

/**
 * Something other than a request to a dispatcher that a principal asks for, such as embeddings.
 *
 * @since 0.1.0
 * @category models
 */
export interface Use {
  readonly model: string
  readonly vendors?: ReadonlyArray<string> | undefined
  readonly features?: ReadonlyArray<Feature> | undefined
}

/**
 * Whoever is not named, revoked or out of its time is `Unauthenticated`; what is not granted is `PermissionDenied`,
 * limits are `CallerLimited` and budgets `BudgetExceeded`.
 *
 * @since 0.1.0
 * @category services
 */
export class Access extends Context.Service<Access, {
  /** For a dispatcher's `admission`: what may be asked, then limits, then budgets. */
  readonly admission: Admission
  /** For a dispatcher's `prepare`, as the last: looks again at what was changed, and leaves only what is granted. */
  readonly prepare: Preparation
  /** Whether the request may be asked, limits and budgets aside. */
  readonly permit: (
    request: Request.Request,
    operation?: Dispatch["operation"]
  ) => Effect.Effect<void, DispatchError>
  readonly permitUse: (use: Use) => Effect.Effect<void, DispatchError>
  /** Those of the names, routes or `vendor/model`, that the principal may know of. */
  readonly visible: (names: Iterable<string>) => Effect.Effect<ReadonlyArray<string>, DispatchError>
  /** The same error without models and vendors that the principal may not know of. */
  readonly conceal: (error: DispatchError) => Effect.Effect<DispatchError>
}>()("llmdispatcher/access/Access") {}

const unauthenticated = (description: string) => fatal({ _tag: "Unauthenticated", description })

const isVisible = ({ effective: { models, vendors } }: Resolved) => (name: string): boolean => {
  const slash = name.indexOf("/")
  return Models.allows(models, [name]) && (vendors === undefined || slash < 0 || vendors.has(name.slice(0, slash)))
}

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fnUntraced(function*(
  options: Options = {}
): Effect.fn.Return<Access["Service"], never, Principals | Spending> {
  const principals = yield* Principals
  const limit = yield* Limits.make
  const spend = Budgets.make(yield* Spending, options)
  const { routing = {} } = options
  const routingOf = typeof routing === "function" ? routing : () => routing

  const current: Effect.Effect<Resolved, DispatchError> = Effect.flatMap(
    CurrentPrincipal,
    (caller) =>
      caller === undefined
        ? Effect.fail(unauthenticated("nobody is named who asks"))
        : Effect.mapError(principals.resolve(caller.id), (error) =>
          error._tag === "StoreUnavailable"
            ? retryable({ _tag: "ServerFault", description: error.message })
            : unauthenticated(error.message))
  )

  const check = ({ effective }: Resolved, asked: Permission.Asked): Effect.Effect<void, DispatchError> => {
    const refused = Permission.refusals(effective, asked)
    return refused.length === 0
      ? Effect.void
      : Effect.fail(fatal({ _tag: "PermissionDenied", description: refused.join("; ") }))
  }

  return Access.of({
    admission: Effect.fnUntraced(function*(dispatch) {
      const resolved = yield* current
      const { journal, operation, request } = dispatch
      // By the time at which the router will look.
      yield* check(resolved, Permission.of(request, operation, routingOf(), journal.startedAt))
      yield* limit(resolved.chain, dispatch)
      // Last, for it may ask a database, which limits protect.
      yield* spend(resolved.chain, dispatch)
    }),
    prepare: Effect.fnUntraced(function*(request) {
      const resolved = yield* current
      const { limits: { maxOutputTokens }, vendors } = resolved.effective
      // A request that was trimmed may fall under another rule. Whether it streams was looked at before.
      yield* check(resolved, Permission.of(request, "send", routingOf(), yield* Clock.currentTimeMillis))
      const fields = {
        ...(vendors !== undefined && request.vendors === undefined && { vendors: Array.from(vendors) }),
        ...(maxOutputTokens !== undefined && request.maxTokens === undefined && { maxTokens: maxOutputTokens })
      }
      // Taken as they are: the constructor would look through the whole conversation again.
      return Object.keys(fields).length === 0
        ? request
        : Object.assign(Object.create(Request.Request.prototype), request, fields)
    }),
    permit: Effect.fnUntraced(function*(request, operation = "send") {
      const asked = Permission.of(request, operation, routingOf(), yield* Clock.currentTimeMillis)
      yield* check(yield* current, asked)
    }),
    permitUse: Effect.fnUntraced(function*({ features = [], model, vendors }) {
      const asked = { names: [model], model, isLed: false, vendors, features: new Set(features), size: () => 0 }
      yield* check(yield* current, asked)
    }),
    visible: (names) => Effect.map(current, (resolved) => Array.from(names).filter(isVisible(resolved))),
    conceal: (error) => {
      const { reason } = error
      if (reason._tag !== "NoCandidate") return Effect.succeed(error)
      return Effect.map(
        Effect.match(current, { onSuccess: isVisible, onFailure: () => () => false }),
        (isVisible) =>
          fatal({
            _tag: "NoCandidate",
            description: "no vendor that is granted serves this request",
            known: reason.known.filter(isVisible)
          })
      )
    }
  })
})

/**
 * @since 0.1.0
 * @category layers
 */
export const layer = (options?: Options): Layer.Layer<Access, never, Principals | Spending> =>
  Layer.effect(Access, make(options))
