/**
 * What principals have spent of their budgets, to the picodollar.
 *
 * This is the seam for accounts that outlive the process or are shared by several: one more Layer of {@link Spending}.
 * In SQL an account is a row of principal, period and its beginning; `reserve` is one transaction over the rows of all
 * claims, and what was reserved by a process that died is given back by its age.
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

interface Account {
  spent: Money.Money
  reserved: Money.Money
  unknown: number
  readonly resetsAt: number
}

const endOf = (period: Period, now: number): number =>
  period === "total"
    ? Infinity
    : DateTime.toEpochMillis(DateTime.add(DateTime.startOf(DateTime.makeUnsafe(now), period), { [`${period}s`]: 1 }))

const opened = (period: Period, now: number): Account => ({
  spent: 0n,
  reserved: 0n,
  unknown: 0,
  resetsAt: endOf(period, now)
})

/**
 * Accounts in memory: they are this process's and end with it. There are as many as budgets in use, and none is
 * forgotten, for that would be a budget spent twice.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeMemory = (): Spending["Service"] => {
  const accounts = new Map<string, Account>()
  const keyOf = (principal: string, period: Period) => `${period} ${principal}`
  const find = (principal: string, period: Period, now: number): Account => {
    const known = accounts.get(keyOf(principal, period))
    return known !== undefined && now < known.resetsAt ? known : opened(period, now)
  }
  return Spending.of({
    reserve: (claims, amount) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => {
        const held: Array<Account> = []
        // Looked at and taken in one step, or two could take the same.
        for (const { limit, period, principal } of claims) {
          const account = find(principal, period, now)
          const left = limit - account.spent - account.reserved
          if (amount > left || left <= 0n) {
            const { reserved, resetsAt, spent } = account
            return Effect.fail(new Exhausted({ principal, period, limit, spent, reserved, resetsAt }))
          }
          held.push(account)
        }
        for (const [index, account] of held.entries()) {
          const { period, principal } = claims[index]!
          accounts.set(keyOf(principal, period), account)
          account.reserved += amount
        }
        return Effect.succeed({
          settle: (spent, unknown) =>
            Effect.sync(() => {
              for (const account of held) {
                account.reserved -= amount
                account.spent += spent
                account.unknown += unknown
              }
            })
        })
      }),
    spent: (principal, period) => Effect.map(Clock.currentTimeMillis, (now) => ({ ...find(principal, period, now) }))
  })
}

/**
 * @since 0.1.0
 * @category layers
 */
export const layerMemory: Layer.Layer<Spending> = Layer.sync(Spending, makeMemory)
