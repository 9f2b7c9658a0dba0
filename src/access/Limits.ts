/**
 * How much at once and how often a principal may ask, and all above it together with those below them.
 *
 * @since 0.1.0
 */
import { Duration, Effect, Scope } from "effect"
import * as Allowance from "../policy/Allowance.ts"
import * as Estimate from "../policy/Estimate.ts"
import type { Dispatch, Journal } from "../Policy.ts"
import { type Retryable, retryable } from "../VendorError.ts"
import type { Principal } from "./Principal.ts"

const shared = "a limit that is shared with others is reached"

const keyOf = (unit: string, id: string): string => `llmdispatcher/principals/${unit}/${id}`

/** Of all attempts, `undefined` where no vendor told. */
const tookOf = ({ calls, usages }: Journal): number | undefined => {
  if (calls === 0) return 0
  let sum = 0
  for (const { usage: { inputTokens, outputTokens } } of usages) {
    sum += (inputTokens.total ?? 0) + (outputTokens.total ?? 0)
  }
  return sum > 0 ? sum : undefined
}

const limited = (description: string, wait?: number): Retryable<"CallerLimited"> =>
  retryable({ _tag: "CallerLimited", description }, {
    retryAfter: wait === undefined ? undefined : Duration.millis(wait)
  })

/**
 * Takes from all limits of the chain or from none, or fails with `CallerLimited`; what is held is given back when the
 * dispatch ends, and tokens that were taken as estimated become what all attempts took.
 *
 * Rates stand in the `RateLimiterStore` of the context where there is one, else in memory, as `policy/CallerLimit` has
 * them; dispatches under way are counted in this process. Of a limit above the principal it is told that it is reached,
 * not what it is.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.gen(function*() {
  const allowance = yield* Allowance.make
  const underWay = new Map<string, number>()

  const enter = (chain: ReadonlyArray<Principal>, own: string, scope: Scope.Scope) =>
    Effect.uninterruptible(Effect.suspend(() => {
      const counted = chain.filter(({ grant }) => grant.limits?.concurrency !== undefined)
      const full = counted.findLast(({ grant, id }) => (underWay.get(id) ?? 0) >= grant.limits!.concurrency!)
      if (full !== undefined) {
        const most = full.grant.limits!.concurrency
        return Effect.fail(limited(full.id === own ? `at most ${most} requests at once` : shared))
      }
      for (const { id } of counted) underWay.set(id, (underWay.get(id) ?? 0) + 1)
      return counted.length === 0 ? Effect.void : Scope.addFinalizer(
        scope,
        Effect.sync(() => {
          for (const { id } of counted) {
            const left = underWay.get(id)! - 1
            if (left === 0) underWay.delete(id)
            else underWay.set(id, left)
          }
        })
      )
    }))

  const wantsOf = (chain: ReadonlyArray<Principal>, { request }: Dispatch): ReadonlyArray<Allowance.Want> => {
    let tokens: number | undefined
    const wants: Array<Allowance.Want> = []
    for (const { grant: { limits }, id } of chain.toReversed()) {
      if (limits?.requestsPerMinute !== undefined) {
        wants.push({
          key: keyOf("requests", id),
          unit: "requests",
          rate: { limit: limits.requestsPerMinute },
          amount: 1
        })
      }
      if (limits?.tokensPerMinute !== undefined) {
        if (tokens === undefined) {
          const { input, output } = Estimate.tokens(request)
          tokens = input + output
        }
        wants.push({
          key: keyOf("tokens", id),
          unit: "tokens",
          rate: { limit: limits.tokensPerMinute },
          amount: tokens
        })
      }
    }
    return wants
  }

  return Effect.fnUntraced(function*(
    chain: ReadonlyArray<Principal>,
    dispatch: Dispatch
  ): Effect.fn.Return<void, Retryable<"CallerLimited">> {
    const { journal, scope } = dispatch
    const own = chain[chain.length - 1]!.id
    yield* enter(chain, own, scope)
    const wants = wantsOf(chain, dispatch)
    if (wants.length === 0) return
    const { short, wait } = yield* allowance.take(wants)
    if (short !== undefined) {
      const isOwn = short.key === keyOf(short.unit, own)
      return yield* Effect.fail(limited(isOwn ? `at most ${Allowance.describe(short)}` : shared, wait))
    }
    const tokens = wants.filter(({ unit }) => unit === "tokens")
    if (tokens.length === 0) return
    yield* Scope.addFinalizer(
      scope,
      Effect.suspend(() => {
        const took = tookOf(journal)
        return took === undefined
          ? Effect.void
          : Effect.forEach(tokens, (want) => allowance.correct(want, took), { discard: true })
      })
    )
  })
})
