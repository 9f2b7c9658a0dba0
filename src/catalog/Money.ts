/**
 * US dollars without drift: whole picodollars. A dollar per million tokens is a million of them per token, so rates of
 * up to six decimals, finer than any published one, are exact.
 *
 * @since 0.1.0
 */

/**
 * Picodollars, millionths of a millionth of a dollar. They add up and compare as bigints do.
 *
 * @since 0.1.0
 * @category models
 */
export type Money = bigint

const perDollar = 12

/**
 * The price of one token at so many dollars per million; what is finer than a picodollar is rounded.
 *
 * @since 0.1.0
 * @category constructors
 */
export const perToken = (dollarsPerMillion: number): Money => BigInt(picodollars(dollarsPerMillion))

/**
 * The same as a number.
 *
 * @since 0.1.0
 * @category constructors
 */
export const picodollars = (dollarsPerMillion: number): number => Math.round(dollarsPerMillion * 1e6)

/**
 * @since 0.1.0
 * @category constructors
 */
export const fromDollars = (dollars: number): Money => BigInt(Math.round(dollars * 1e12))

/**
 * The number nearest to the dollars; exact decimals are in `format`.
 *
 * @since 0.1.0
 * @category conversions
 */
export const toDollars = (money: Money): number => {
  const amount = Number(money)
  // Two whole numbers that are exact: their quotient is the nearest there is.
  return Number.isSafeInteger(amount) ? amount / 1e12 : Number(`${money}e-${perDollar}`)
}

/**
 * All decimals, as in `0.000123`; without trailing zeros.
 *
 * @since 0.1.0
 * @category conversions
 */
export const format = (money: Money): string => {
  const digits = `${money < 0n ? -money : money}`.padStart(perDollar + 1, "0")
  const decimals = digits.slice(-perDollar).replace(/0+$/, "")
  return `${money < 0n ? "-" : ""}${digits.slice(0, -perDollar)}${decimals === "" ? "" : `.${decimals}`}`
}

/**
 * The sum, unknown where one of them is.
 *
 * @since 0.1.0
 * @category combinators
 */
export const sum = (all: Iterable<Money | undefined>): Money | undefined => {
  let total = 0n
  for (const money of all) {
    if (money === undefined) return undefined
    total += money
  }
  return total
}
