/**
 * What principals have spent of their budgets, to the picodollar.
 *
 * Accounts are always looked at and taken from in memory, so that no request waits. Accounts that outlive the process
 * are the same, told to something that writes them; see `sql/Spending`.
 *
 * @since 0.1.0
 */
import { Clock, Context, DateTime, Effect, Layer, Schema } from "effect"
import * as Money from "../catalog/Money.ts"
import type { StoreUnavailable } from "./AccessError.ts"

/**
 * Days and months of the calendar in UTC; `total` never begins anew.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Period = Schema.Literals(["day", "month", "total"])

/**
 * @since 0.1.0
 * @category models
 */
export type Period = typeof Period.Type

/**
 * One budget that something is to be spent from.
 *
 * @since 0.1.0
 * @category models
 */
export interface Claim {
  readonly principal: string
  readonly period: Period
  readonly limit: Money.Money
}

/**
 * An account as it stands in its period.
 *
 * @since 0.1.0
 * @category models
 */
export interface Spent {
  /** Known to be spent. */
  readonly spent: Money.Money
  /** Held for requests under way. */
  readonly reserved: Money.Money
  /** Answers whose cost nobody knows. */
  readonly unknown: number
  /** When the next period begins, in epoch milliseconds; `Infinity` for `total`. */
  readonly resetsAt: number
}

/**
 * Less is left of this budget than was to be reserved.
 *
 * @since 0.1.0
 * @category errors
 */
export class Exhausted extends Schema.TaggedError<Exhausted>("llmdispatcher/access/Exhausted")("Exhausted", {
  principal: Schema.String,
  period: Period,
  limit: Schema.BigInt,
  spent: Schema.BigInt,
  reserved: Schema.BigInt,
  /** Epoch milliseconds; `Infinity` for `total`. */
  resetsAt: Schema.Number
}) {
  override get message(): string {
    const per = this.period === "total" ? "in total" : `a ${this.period}`
    const held = this.reserved > 0n ? ` and $${Money.format(this.reserved)} is reserved by requests under way` : ""
    const anew = this.resetsAt === Infinity
      ? ""
      : `; it begins anew at ${DateTime.formatIso(DateTime.makeUnsafe(this.resetsAt))}`
    return `$${Money.format(this.spent)} of $${Money.format(this.limit)} ${per} is spent${held}${anew}`
  }
}

/**
 * What is held until it is known what was really spent.
 *
 * @since 0.1.0
 * @category models
 */
export interface Reservation {
  /** Takes the place of what was reserved, in the period of the reservation; to be done once. */
  readonly settle: (spent: Money.Money, unknown: number) => Effect.Effect<void, StoreUnavailable>
}

/**
 * @since 0.1.0
 * @category services
 */
export class Spending extends Context.Service<Spending, {
  /** Reserves the amount on all accounts or on none: never more than is left of any, however many ask at once. */
  readonly reserve: (
    claims: ReadonlyArray<Claim>,
    amount: Money.Money
  ) => Effect.Effect<Reservation, Exhausted | StoreUnavailable>
  readonly spent: (principal: string, period: Period) => Effect.Effect<Spent, StoreUnavailable>
}>()("llmdispatcher/access/Spending") {}

/**
 * What a principal spends in one period.
 *
 * @since 0.1.0
 * @category models
 */
export interface Account {
  readonly principal: string
  readonly period: Period
  /** Epoch milliseconds; 0 for `total`. */
  readonly startsAt: number
  readonly resetsAt: number
  spent: Money.Money
  reserved: Money.Money
  unknown: number
}

/**
 * The beginning of the period that holds this moment, in epoch milliseconds; 0 for `total`.
 *
 * @since 0.1.0
 * @category accessors
 */
export const startOf = (period: Period, now: number): number =>
  period === "total" ? 0 : DateTime.toEpochMillis(DateTime.startOf(DateTime.makeUnsafe(now), period))

const endOf = (period: Period, startsAt: number): number =>
  period === "total"
    ? Infinity
    : DateTime.toEpochMillis(DateTime.add(DateTime.makeUnsafe(startsAt), { [`${period}s`]: 1 }))

/**
 * An account on which nothing is spent yet.
 *
 * @since 0.1.0
 * @category constructors
 */
export const open = (principal: string, period: Period, now: number): Account => {
  const startsAt = startOf(period, now)
  return { principal, period, startsAt, resetsAt: endOf(period, startsAt), spent: 0n, reserved: 0n, unknown: 0 }
}

/**
 * Who is told of accounts.
 *
 * @since 0.1.0
 * @category models
 */
export interface Observer {
  /** An account was asked for; nothing needs to be left on it. */
  readonly onUse: (account: Account) => void
  /** It was added to what is spent. */
  readonly onSettle: (account: Account, spent: Money.Money, unknown: number) => void
}

/**
 * Accounts in memory, none of them forgotten before its period ends, for that would be a budget spent twice.
 *
 * @since 0.1.0
 * @category models
 */
export interface Accounts {
  readonly reserve: Spending["Service"]["reserve"]
  /** The account of this moment, a new one where none is known. */
  readonly find: (principal: string, period: Period, now: number) => Account
  readonly add: (account: Account) => void
}

/**
 * @since 0.1.0
 * @category constructors
 */
export const makeAccounts = (observer?: Observer): Accounts => {
  const accounts = new Map<string, Account>()
  const keyOf = (principal: string, period: Period) => `${period} ${principal}`
  const add = (account: Account) => accounts.set(keyOf(account.principal, account.period), account)
  const find = (principal: string, period: Period, now: number): Account => {
    const known = accounts.get(keyOf(principal, period))
    return known !== undefined && now < known.resetsAt ? known : open(principal, period, now)
  }
  return {
    add,
    find,
    reserve: (claims, amount) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => {
        const held: Array<Account> = []
        // Looked at and taken in one step, or two could take the same.
        for (const { limit, period, principal } of claims) {
          const account = find(principal, period, now)
          add(account)
          observer?.onUse(account)
          const left = limit - account.spent - account.reserved
          if (amount > left || left <= 0n) {
            const { reserved, resetsAt, spent } = account
            return Effect.fail(new Exhausted({ principal, period, limit, spent, reserved, resetsAt }))
          }
          held.push(account)
        }
        for (const account of held) account.reserved += amount
        return Effect.succeed({
          settle: (spent, unknown) =>
            Effect.sync(() => {
              for (const account of held) {
                account.reserved -= amount
                account.spent += spent
                account.unknown += unknown
                observer?.onSettle(account, spent, unknown)
              }
            })
        })
      })
  }
}

/**
 * How an account stands.
 *
 * @since 0.1.0
 * @category accessors
 */
export const standing = ({ reserved, resetsAt, spent, unknown }: Account): Spent => ({
  spent,
  reserved,
  unknown,
  resetsAt
})

/**
 * Accounts in memory: they are this process's and end with it. There are as many as budgets in use.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeMemory = (): Spending["Service"] => {
  const { find, reserve } = makeAccounts()
  return Spending.of({
    reserve,
    spent: (principal, period) => Effect.map(Clock.currentTimeMillis, (now) => standing(find(principal, period, now)))
  })
}

/**
 * @since 0.1.0
 * @category layers
 */
export const layerMemory: Layer.Layer<Spending> = Layer.sync(Spending, makeMemory)
