/**
 * Takes from several limits at once, or from none of them.
 *
 * @since 0.1.0
 */
import { Duration, Effect, Option } from "effect"
import { RateLimiter } from "effect/persistence"
import { ConfigError } from "../config/ConfigError.ts"
import * as LimiterStore from "./LimiterStore.ts"

/**
 * So much in so long.
 *
 * @since 0.1.0
 * @category models
 */
export interface Rate {
  readonly limit: number
  /** Default 1 min. */
  readonly per?: Duration.Input | undefined
}

/**
 * What is to be taken from one limit; no more than all of it, so that a request larger than the limit still goes when
 * nothing else does.
 *
 * @since 0.1.0
 * @category models
 */
export interface Want {
  readonly key: string
  /** What is counted, in the plural. */
  readonly unit: string
  readonly rate: Rate
  readonly amount: number
}

/**
 * How long to wait before what was taken may be used, 0 for not at all; `short` is the limit that asks for it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Taken {
  /** Milliseconds. */
  readonly wait: number
  readonly short?: Want | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Allowance {
  /** Takes all that is wanted, or nothing where any of it is not there. */
  readonly take: (wants: ReadonlyArray<Want>) => Effect.Effect<Taken>
  /** Takes all in any case, ahead of time where it is not there yet. */
  readonly reserve: (wants: ReadonlyArray<Want>) => Effect.Effect<Taken>
  readonly giveBack: (wants: ReadonlyArray<Want>) => Effect.Effect<void>
  /** Takes the difference to what it really was, or gives it back. */
  readonly correct: (want: Want, amount: number) => Effect.Effect<void>
}

interface Consumed {
  readonly exceeded: boolean
  readonly wait: number
}

const unlimited: Consumed = { exceeded: false, wait: 0 }

const capped = ({ amount, rate }: Want): number => Math.min(amount, rate.limit)

/**
 * Over the `RateLimiterStore` in the context, as Redis', else one in memory. A store that is away limits nothing, and
 * the log tells so.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: Effect.Effect<Allowance> = Effect.gen(function*() {
  const shared = yield* Effect.serviceOption(RateLimiter.RateLimiterStore)
  const limiter = yield* Effect.provideService(
    RateLimiter.make,
    RateLimiter.RateLimiterStore,
    Option.getOrElse(shared, () => LimiterStore.make())
  )

  const consume = (want: Want, tokens: number, onExceeded: "delay" | "fail"): Effect.Effect<Consumed> =>
    limiter.consume({
      algorithm: "token-bucket",
      key: want.key,
      limit: want.rate.limit,
      window: want.rate.per ?? "1 minute",
      tokens,
      onExceeded
    }).pipe(
      Effect.map(({ delay }) => ({ exceeded: false, wait: Duration.toMillis(delay) })),
      Effect.catchTag("RateLimiterError", ({ reason }) =>
        reason._tag === "RateLimitExceeded"
          ? Effect.succeed({ exceeded: true, wait: Duration.toMillis(reason.retryAfter) })
          : Effect.as(Effect.logWarning("the store of limits is away, nothing is limited", reason), unlimited))
    )

  const giveBack = (wants: ReadonlyArray<Want>) =>
    Effect.forEach(wants, (want) => consume(want, -capped(want), "delay"), { discard: true })

  return {
    take: Effect.fnUntraced(function*(wants) {
      for (const [index, want] of wants.entries()) {
        const { exceeded, wait } = yield* consume(want, capped(want), "fail")
        if (!exceeded) continue
        yield* giveBack(wants.slice(0, index))
        return { wait, short: want }
      }
      return { wait: 0 }
    }),
    reserve: Effect.fnUntraced(function*(wants) {
      let taken: Taken = { wait: 0 }
      for (const want of wants) {
        const { wait } = yield* consume(want, capped(want), "delay")
        if (wait > taken.wait) taken = { wait, short: want }
      }
      return taken
    }),
    giveBack,
    correct: (want, amount) => Effect.asVoid(consume(want, amount - capped(want), "delay"))
  }
})

/**
 * The rate, or what is wrong with it.
 *
 * @since 0.1.0
 * @category constructors
 */
export const check = (path: string, rate: Rate): Effect.Effect<Rate, ConfigError> => {
  const per = Duration.fromInput(rate.per ?? "1 minute")
  if (!Number.isFinite(rate.limit) || rate.limit < 1) {
    return Effect.fail(new ConfigError({ path: `${path}.limit`, description: `must be 1 or more, got ${rate.limit}` }))
  }
  return Option.isSome(per) && Duration.toMillis(per.value) > 0 && Duration.isFinite(per.value)
    ? Effect.succeed({ limit: rate.limit, per: per.value })
    : Effect.fail(new ConfigError({ path: `${path}.per`, description: "must be a time above 0" }))
}

/**
 * The limit in words: `60 requests in 1m`.
 *
 * @since 0.1.0
 * @category accessors
 */
export const describe = ({ rate, unit }: Want): string =>
  `${rate.limit} ${unit} in ${Duration.format(Duration.fromInputUnsafe(rate.per ?? "1 minute"))}`
