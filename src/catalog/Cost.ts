/**
 * What an answer cost, of its price and its usage.
 *
 * @since 0.1.0
 */
import type { Usage } from "../Response.ts"
import * as Money from "./Money.ts"
import { type Price, ratesOf } from "./Price.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** When it was asked, in epoch milliseconds, for prices that change; by default as of the price's source. */
  readonly at?: number | undefined
  /** Whether it was asked in a batch. Default false. */
  readonly batch?: boolean | undefined
}

/**
 * An amount, and the price's source, so that it can be told later by which prices it was counted.
 *
 * @since 0.1.0
 * @category models
 */
export interface Cost {
  readonly amount: Money.Money
  readonly source: string | undefined
}

type Count = number | undefined

/** The parts of the input; what the vendor told of a total is what the cache did not serve. */
const inputOf = ({ inputTokens }: Usage) => {
  const cacheRead = inputTokens.cacheRead ?? 0
  const cacheWrite = inputTokens.cacheWrite ?? 0
  const uncached: Count = inputTokens.uncached ??
    (inputTokens.total === undefined ? undefined : inputTokens.total - cacheRead - cacheWrite)
  return { uncached, cacheRead, cacheWrite, cacheWrite1h: inputTokens.cacheWrite1h ?? 0 }
}

/** The parts of the output where reasoning has a price of its own: one that is not told leaves both unknown. */
const outputOf = ({ outputTokens: { reasoning, text, total } }: Usage, isSplit: boolean) => {
  const both = text === undefined || reasoning === undefined ? undefined : text + reasoning
  if (!isSplit) return { text: total ?? both, reasoning: 0 }
  return {
    text: text ?? (total === undefined || reasoning === undefined ? undefined : total - reasoning),
    reasoning: reasoning ?? (total === undefined || text === undefined ? undefined : total - text)
  }
}

const isCount = (count: Count): count is number => count !== undefined && Number.isSafeInteger(count) && count >= 0

/**
 * What was paid, `undefined` when a rate or a count that matters is not known or counts contradict each other.
 *
 * Nothing at an unknown rate is nothing, and any number at a rate of 0 is nothing.
 *
 * @since 0.1.0
 * @category accessors
 */
export const cost = (price: Price, usage: Usage, options: Options = {}): Cost | undefined => {
  const input = inputOf(usage)
  const rates = ratesOf(price, (input.uncached ?? 0) + input.cacheRead + input.cacheWrite, options.at)
  const output = outputOf(usage, rates.reasoning !== undefined && rates.reasoning !== rates.output)
  const share = options.batch === true ? price.batch : 1
  if (share === undefined) return undefined
  let amount = price.request === undefined ? 0n : Money.fromDollars(price.request)
  /** The same sum while it is exact in a number, as it is for anything below nine thousand dollars. */
  let small = 0
  const parts: ReadonlyArray<readonly [Count, Count]> = [
    [input.uncached, rates.input],
    [input.cacheRead, rates.cacheRead],
    [input.cacheWrite - input.cacheWrite1h, rates.cacheWrite],
    [input.cacheWrite1h, rates.cacheWrite1h],
    [output.text, rates.output],
    [output.reasoning, rates.reasoning]
  ]
  for (const [count, rate] of parts) {
    if (count === 0 || rate === 0) continue
    if (!isCount(count) || rate === undefined) return undefined
    const paid = count * Money.picodollars(rate * share)
    if (Number.isSafeInteger(paid) && Number.isSafeInteger(small + paid)) small += paid
    else amount += BigInt(count) * Money.perToken(rate * share)
  }
  return { amount: amount + BigInt(small), source: price.source }
}
