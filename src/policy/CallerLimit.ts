/**
 * Limits how often, and with how many tokens, each caller may ask.
 *
 * @since 0.1.0
 */
import { Duration, Effect, Scope } from "effect"
import type { ConfigError } from "../config/ConfigError.ts"
import type { Admission, Journal } from "../Policy.ts"
import type { Request } from "../Request.ts"
import { retryable } from "../VendorError.ts"
import * as Allowance from "./Allowance.ts"
import * as Estimate from "./Estimate.ts"

/**
 * What one caller may do; left out any number.
 *
 * @since 0.1.0
 * @category models
 */
export interface Limits {
  readonly requests?: Allowance.Rate | undefined
  /** Input and output together. */
  readonly tokens?: Allowance.Rate | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Options extends Limits {
  /** Limits of single callers in the place of all others'. */
  readonly callers?: Readonly<Record<string, Limits>> | undefined
  /** Who asks; `undefined` is not limited. Default `request.user`, all who name none together. */
  readonly key?: ((request: Request) => string | undefined) | undefined
  /** What a request takes. Default four characters a token, and what it allows the answer, 1,000 where nothing. */
  readonly estimate?: ((request: Request) => Estimate.Tokens) | undefined
}

const units = ["requests", "tokens"] as const

type Checked = { readonly [Unit in typeof units[number]]?: Allowance.Rate }

const check = Effect.fnUntraced(function*(path: string, limits: Limits): Effect.fn.Return<Checked, ConfigError> {
  const checked: { -readonly [Unit in keyof Checked]: Checked[Unit] } = {}
  for (const unit of units) {
    const rate = limits[unit]
    if (rate !== undefined) checked[unit] = yield* Allowance.check(`${path}.${unit}`, rate)
  }
  return checked
})

/** All that the attempts of a dispatch took, `undefined` where none told. */
const tookOf = ({ usages }: Journal): number | undefined => {
  let sum: number | undefined
  for (const { usage: { inputTokens, outputTokens } } of usages) {
    const took = (inputTokens.total ?? 0) + (outputTokens.total ?? 0)
    if (took > 0) sum = (sum ?? 0) + took
  }
  return sum
}

/**
 * Refuses with `CallerLimited`, and the time after which there is room, who asks for more than it may. A limit fills up
 * evenly: of 60 in a minute one comes back each second, and all 60 may be asked at once.
 *
 * Tokens are taken as estimated, and corrected when the dispatch ends by what all its attempts took; where no vendor
 * told, the estimate stands.
 *
 * The limits stand in the `RateLimiterStore` of the context, where there is one (`RateLimiter.layerStoreRedis`), else in
 * memory, where at most 100,000 callers are kept. While the store is away nobody is limited.
 *
 * Fails with `ConfigError` for a limit below 1 or a time that is none.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fnUntraced(function*(options: Options): Effect.fn.Return<Admission, ConfigError> {
  const { estimate = Estimate.tokens, key = (request) => request.user ?? "" } = options
  const usual = yield* check("callerLimit", options)
  const single = new Map<string, Checked>()
  for (const [caller, limits] of Object.entries(options.callers ?? {})) {
    single.set(caller, yield* check(`callerLimit.callers.${caller}`, limits))
  }
  const allowance = yield* Allowance.make

  const wantsOf = (caller: string, request: Request): ReadonlyArray<Allowance.Want> => {
    const limits = single.get(caller) ?? usual
    const wants: Array<Allowance.Want> = []
    for (const unit of units) {
      const rate = limits[unit]
      if (rate === undefined) continue
      const amount = unit === "requests" ? 1 : total(estimate(request))
      wants.push({ key: `llmdispatcher/callers/${unit}/${caller}`, unit, rate, amount })
    }
    return wants
  }

  return Effect.fnUntraced(function*({ journal, request, scope }) {
    const caller = key(request)
    const wants = caller === undefined ? [] : wantsOf(caller, request)
    if (wants.length === 0) return
    const { short, wait } = yield* allowance.take(wants)
    if (short !== undefined) {
      const description = `at most ${Allowance.describe(short)}`
      return yield* Effect.fail(
        retryable({ _tag: "CallerLimited", description }, { retryAfter: Duration.millis(wait) })
      )
    }
    const tokens = wants.find(({ unit }) => unit === "tokens")
    if (tokens === undefined) return
    yield* Scope.addFinalizer(
      scope,
      Effect.suspend(() => {
        const took = tookOf(journal)
        // A dispatch that called nobody took nothing.
        if (journal.calls === 0) return allowance.correct(tokens, 0)
        return took === undefined ? Effect.void : allowance.correct(tokens, took)
      })
    )
  })
})

const total = ({ input, output }: Estimate.Tokens): number => input + output
