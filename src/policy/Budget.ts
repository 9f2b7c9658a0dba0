/**
 * Limits what each caller may spend in a day, a month or another period.
 *
 * Before a request goes on, its estimated cost is reserved; when it ends, what its attempts really cost takes the place
 * of that. So the law holds, however many requests run at once: what a caller has spent and reserved in a period never
 * exceeds its budget by more than what the estimates of its requests were too low.
 *
 * @since 0.1.0
 */
import { Clock, DateTime, Effect, Scope } from "effect"
import { ConfigError } from "../config/ConfigError.ts"
import type { Admission, Journal } from "../Policy.ts"
import type { Request } from "../Request.ts"
import * as Target from "../Target.ts"
import { type Fatal, fatal } from "../VendorError.ts"
import * as Estimate from "./Estimate.ts"
import * as Keyed from "../Keyed.ts"

/**
 * Of the calendar in UTC; weeks begin on Monday.
 *
 * @since 0.1.0
 * @category models
 */
export type Period = "hour" | "day" | "week" | "month"

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** US dollars that each caller may spend in a period, 0 or more; `undefined` for a caller without a limit. */
  readonly budget: number | ((caller: string) => number | undefined)
  /** Default `month`. */
  readonly period?: Period | undefined
  /** Who spends; `undefined` is not limited. Default `request.user`, all who name none together. */
  readonly key?: ((request: Request) => string | undefined) | undefined
  /** The targets that may serve a request; the dearest of them is what it is estimated to cost. */
  readonly targets?: ((request: Request) => Iterable<Target.Target>) | undefined
  /** What a request may cost in US dollars, `undefined` where unknown, in the place of the estimate by `targets`. */
  readonly estimate?: ((request: Request) => number | undefined) | undefined
  /** What an answer of a target without a price costs: nothing (default), or what was estimated. */
  readonly unpriced?: "free" | "estimate" | undefined
  /** Callers kept apart in one period; those beyond share one budget. Default 100,000. */
  readonly capacity?: number | undefined
}

/**
 * What a caller has spent in the period that is now, in US dollars.
 *
 * @since 0.1.0
 * @category models
 */
export interface Spending {
  /** Known to be spent. */
  readonly spent: number
  /** Held for requests under way. */
  readonly reserved: number
  /** Answers whose cost nobody knows. */
  readonly unknown: number
  /** When the next period begins. */
  readonly resetsAt: DateTime.Utc
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Budget {
  readonly admit: Admission
  readonly spending: (caller: string) => Effect.Effect<Spending>
}

interface Account {
  spent: number
  reserved: number
  unknown: number
  underWay: number
  /** Epoch milliseconds. */
  readonly endsAt: number
}

/** Targets without a price that the log tells of, once each. */
const mostTold = 1_000

const endOf = (period: Period, now: number): number =>
  DateTime.toEpochMillis(
    DateTime.add(DateTime.startOf(DateTime.makeUnsafe(now), period, { weekStartsOn: 1 }), { [`${period}s`]: 1 })
  )

/**
 * The dearest of the targets for so many tokens in US dollars, `undefined` where no price is known.
 *
 * @since 0.1.0
 * @category estimates
 */
export const dearest = (targets: Iterable<Target.Target>, { input, output }: Estimate.Tokens): number | undefined => {
  let most: number | undefined
  for (const { price } of targets) {
    if (price === undefined) continue
    // Nobody knows what will be read from a cache; writing to it may cost more than input does.
    const cost = (input * Math.max(price.input, price.cacheWrite ?? 0) + output * price.output) / 1_000_000
    most = Math.max(most ?? 0, cost)
  }
  return most
}

const dollars = (amount: number): string => `$${amount.toFixed(amount > 0 && amount < 0.1 ? 4 : 2)}`

/**
 * Refuses with `BudgetExceeded`, telling when the next period begins, a request whose estimated cost is no longer left
 * of its caller's budget.
 *
 * All attempts of a dispatch count, each by its target's price. One that began to answer, or was broken off, without
 * telling what it took counts as estimated, for vendors bill it; one that failed before counts nothing. A request that
 * ends in a later period counts to the one in which it came.
 *
 * Where no price is known, nothing is reserved; such answers are counted in {@link Spending}, and the log tells
 * of each target once.
 * The accounts stand in memory: they are this process's, and end with it.
 *
 * Fails with `ConfigError` for a budget below 0.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fnUntraced(function*(options: Options): Effect.fn.Return<Budget, ConfigError> {
  const { budget, key = (request) => request.user ?? "", period = "month" } = options
  if (typeof budget === "number" && !(budget >= 0)) {
    return yield* new ConfigError({ path: "budget.budget", description: `must be 0 or more, got ${budget}` })
  }
  const estimate = options.estimate ??
    ((request) => options.targets && dearest(options.targets(request), Estimate.tokens(request)))
  const accounts = Keyed.make<Account>({
    make: (now) => ({ spent: 0, reserved: 0, unknown: 0, underWay: 0, endsAt: endOf(period, now) }),
    isIdle: ({ spent, underWay, unknown }) => spent === 0 && unknown === 0 && underWay === 0,
    isOver: ({ endsAt }, now) => now >= endsAt,
    capacity: options.capacity ?? 100_000,
    beyond: "share"
  })

  const told = new Set<string>()
  const tell = (missing: ReadonlyArray<string>) =>
    Effect.forEach(missing.filter((id) => told.size < mostTold && !told.has(id)), (id) => {
      told.add(id)
      return Effect.logWarning(`nobody knows what answers of ${id} cost`)
    }, { discard: true })

  const exceeded = (limit: number, { endsAt, reserved, spent }: Account, cost: number): Fatal<"BudgetExceeded"> => {
    const held = reserved > 0 ? ` and ${dollars(reserved)} is reserved by requests under way` : ""
    const asked = cost > 0 ? `, this request may cost ${dollars(cost)}` : ""
    const next = DateTime.formatIso(DateTime.makeUnsafe(endsAt))
    return fatal({
      _tag: "BudgetExceeded",
      description: `${dollars(spent)} of ${
        dollars(limit)
      } a ${period} is spent${held}${asked}; it begins anew at ${next}`
    })
  }

  return {
    admit: ({ journal, request, scope }) => {
      const caller = key(request)
      const limit = caller === undefined ? undefined : typeof budget === "number" ? budget : budget(caller)
      if (caller === undefined || limit === undefined) return Effect.void
      const expected = estimate(request)
      const cost = expected === undefined || !(expected > 0) ? 0 : expected
      return Effect.uninterruptible(Effect.flatMap(Clock.currentTimeMillis, (now) => {
        const account = accounts.of(caller, now)
        const left = limit - account.spent - account.reserved
        if (cost > left || left <= 0) return Effect.fail(exceeded(limit, account, cost))
        // In the same step as the look at what is left, or two could take the same.
        account.reserved += cost
        account.underWay += 1
        return Scope.addFinalizer(
          scope,
          Effect.suspend(() => tell(settle(account, journal, cost, options.unpriced)))
        )
      }))
    },
    spending: (caller) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        const { endsAt, reserved, spent, unknown } = accounts.find(caller, now) ??
          { spent: 0, reserved: 0, unknown: 0, endsAt: endOf(period, now) }
        return { spent, reserved, unknown, resetsAt: DateTime.makeUnsafe(endsAt) }
      })
  }
})

/** What the attempts cost takes the place of what was reserved; gives the targets of answers whose cost is not known. */
const settle = (
  account: Account,
  journal: Journal,
  reserved: number,
  unpriced: Options["unpriced"]
): ReadonlyArray<string> => {
  const missing: Array<string> = []
  let spent = 0
  for (const { target, usage } of journal.usages) {
    const cost = Target.cost(target, usage)
    spent += cost ?? (unpriced === "estimate" || target.price !== undefined ? reserved : 0)
    if (cost === undefined) missing.push(target.id)
  }
  const billed = journal.attempts.filter(({ outcome, timeToFirstPart }) =>
    outcome === "answered" || outcome === "interrupted" || timeToFirstPart !== undefined
  )
  const untold = Math.max(0, billed.length - journal.usages.length)
  account.underWay -= 1
  // Nothing is left of it but what floating point adds up to.
  account.reserved = account.underWay === 0 ? 0 : account.reserved - reserved
  account.spent += spent + untold * reserved
  account.unknown += missing.length + untold
  return missing
}
