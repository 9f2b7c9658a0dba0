/**
 * Spends from the budgets of a principal and of all above it.
 *
 * @since 0.1.0
 */
import { Effect, Scope } from "effect"
import * as Cost from "../catalog/Cost.ts"
import * as Money from "../catalog/Money.ts"
import * as Budget from "../policy/Budget.ts"
import * as Estimate from "../policy/Estimate.ts"
import type { Dispatch, Journal } from "../Policy.ts"
import type { Request } from "../Request.ts"
import type { Target } from "../Target.ts"
import { type DispatchError, fatal, retryable } from "../VendorError.ts"
import type { Principal } from "./Principal.ts"
import type { Claim, Spending } from "./Spending.ts"

/**
 * As `policy/Budget` has them.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The targets that may serve a request; the dearest of them is what it is estimated to cost. */
  readonly targets?: ((request: Request) => Iterable<Target>) | undefined
  /** What a request may cost in US dollars, `undefined` where unknown, in the place of the estimate by `targets`. */
  readonly estimate?: ((request: Request) => number | undefined) | undefined
  /** What an answer of a target without a price costs: nothing (default), or what was estimated. */
  readonly unpriced?: "free" | "estimate" | undefined
}

const periods = ["day", "month", "total"] as const

const claimsOf = (chain: ReadonlyArray<Principal>): ReadonlyArray<Claim> =>
  chain.toReversed().flatMap(({ grant: { budget }, id }) =>
    periods.flatMap((period) => {
      const limit = budget?.[period]
      return limit === undefined ? [] : [{ principal: id, period, limit }]
    })
  )

/** What all attempts cost, an answer that was begun and did not tell what it took as much as was reserved. */
const tookOf = (journal: Journal, reserved: Money.Money, unpriced: Options["unpriced"]) => {
  let spent = 0n
  let unknown = 0
  for (const { target, usage } of journal.usages) {
    const cost = target.price && Cost.cost(target.price, usage, { at: journal.startedAt })
    spent += cost?.amount ?? (unpriced === "estimate" || target.price !== undefined ? reserved : 0n)
    if (cost === undefined) unknown += 1
  }
  const billed = journal.attempts.filter(({ outcome, timeToFirstPart }) =>
    outcome === "answered" || outcome === "interrupted" || timeToFirstPart !== undefined
  )
  const untold = Math.max(0, billed.length - journal.usages.length)
  return { spent: spent + BigInt(untold) * reserved, unknown: unknown + untold }
}

/**
 * Reserves what the request may cost on every budget of the chain, or fails with `BudgetExceeded`; when the dispatch
 * ends, what it did cost takes the place of that.
 *
 * Of a budget above the principal it is told that it is spent, not how large it is. While the accounts cannot be
 * reached nothing is spent: that is a `ServerFault`, which is retryable.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (spending: Spending["Service"], options: Options = {}) => {
  const estimate = options.estimate ??
    ((request: Request) => options.targets && Budget.dearest(options.targets(request), Estimate.tokens(request)))

  return (
    chain: ReadonlyArray<Principal>,
    { journal, request, scope }: Dispatch
  ): Effect.Effect<void, DispatchError> => {
    const claims = claimsOf(chain)
    if (claims.length === 0) return Effect.void
    const expected = estimate(request)
    const amount = expected !== undefined && expected > 0 && expected < Infinity ? Money.fromDollars(expected) : 0n
    const own = chain[chain.length - 1]!.id
    return Effect.uninterruptible(
      spending.reserve(claims, amount).pipe(
        Effect.mapError((error) =>
          error._tag === "StoreUnavailable"
            ? retryable({ _tag: "ServerFault", description: error.message })
            : fatal({
              _tag: "BudgetExceeded",
              description: error.principal === own
                ? `${error.message}${amount > 0n ? `, this request may cost $${Money.format(amount)}` : ""}`
                : "a budget that is shared with others is spent"
            })
        ),
        Effect.flatMap(({ settle }) =>
          Scope.addFinalizer(
            scope,
            Effect.suspend(() => {
              const { spent, unknown } = tookOf(journal, amount, options.unpriced)
              return Effect.catch(settle(spent, unknown), (error) =>
                Effect.logError(`$${Money.format(spent)} of ${own} could not be settled`, error))
            })
          )
        )
      )
    )
  }
}
