/**
 * Numbers as people read them: short, with their units.
 *
 * @since 0.1.0
 */

/**
 * What stands for something that is not known.
 *
 * @since 0.1.0
 * @category constants
 */
export const unknown = "–"

const units = ["", "k", "M", "G", "T", "P"]

/**
 * As in `999`, `9,999`, `12.3k`, `1.23M`: three digits from 10,000 on.
 *
 * @since 0.1.0
 * @category conversions
 */
export const count = (number: number): string => {
  if (number < 9_999.5) return grouped(Math.round(number).toFixed(0))
  let unit = Math.floor(Math.log10(number) / 3)
  // What rounds up to a thousand is one of the next unit.
  if (Number((number / 1_000 ** unit).toPrecision(3)) >= 1_000) unit += 1
  unit = Math.min(unit, units.length - 1)
  const scaled = number / 1_000 ** unit
  return `${scaled >= 1_000 ? grouped(scaled.toFixed(0)) : scaled.toPrecision(3)}${units[unit]}`
}

/** With a comma between thousands. */
const grouped = (digits: string): string => digits.replace(/\B(?=(\d{3})+$)/g, ",")

/**
 * Milliseconds, as in `0ms`, `843ms`, `1.24s`, `12.4s`, `2m 5s`, `3h 20m`, `2d 4h`.
 *
 * @since 0.1.0
 * @category conversions
 */
export const time = (millis: number | undefined): string => {
  if (millis === undefined) return unknown
  if (millis < 999.5) return `${millis.toFixed(0)}ms`
  if (millis < 9_995) return `${(millis / 1_000).toFixed(2)}s`
  if (millis < 59_950) return `${(millis / 1_000).toFixed(1)}s`
  const seconds = Math.round(millis / 1_000)
  if (seconds < 3_600) return pair(seconds, 60, "m", "s")
  const minutes = Math.round(millis / 60_000)
  return minutes < 1_440 ? pair(minutes, 60, "h", "m") : pair(Math.round(minutes / 60), 24, "d", "h")
}

const pair = (amount: number, size: number, unit: string, restUnit: string): string => {
  const left = amount % size
  return `${Math.floor(amount / size)}${unit}${left === 0 ? "" : ` ${left}${restUnit}`}`
}

/**
 * US dollars, as in `$0`, `$0.00042`, `$1.23`, `$12.3k`: two digits that tell something below a dollar.
 *
 * @since 0.1.0
 * @category conversions
 */
export const dollars = (amount: number): string => {
  if (amount === 0) return "$0"
  if (amount >= 9_999.5) return `$${count(amount)}`
  if (amount >= 0.995) return `$${amount >= 999.995 ? grouped(amount.toFixed(0)) : amount.toFixed(2)}`
  const decimals = Math.min(12, 1 - Math.floor(Math.log10(amount)))
  return `$${amount.toFixed(decimals)}`
}

/**
 * A share of one, as in `0%`, `98.2%`, `99.97%`, `100%`; only all of it is 100 %, only nothing 0 %.
 *
 * @since 0.1.0
 * @category conversions
 */
export const percent = (share: number): string => {
  if (share === 0 || share === 1) return `${share * 100}%`
  const decimals = share > 0.99 ? 2 : 1
  const step = 10 ** -decimals
  return `${Math.min(100 - step, Math.max(step, share * 100)).toFixed(decimals)}%`
}

/**
 * How many a second, as in `0`, `0.02`, `1.5`, `230`.
 *
 * @since 0.1.0
 * @category conversions
 */
export const rate = (perSecond: number): string => {
  if (perSecond === 0) return "0"
  if (perSecond >= 99.5) return count(perSecond)
  if (perSecond >= 9.95) return perSecond.toFixed(0)
  if (perSecond >= 0.995) return perSecond.toFixed(1)
  return perSecond < 0.01 ? "<0.01" : perSecond.toFixed(2)
}

const bars = "▁▂▃▄▅▆▇█"

/**
 * A bar for each number, as high as its share of the greatest; a blank for 0, nothing where all are.
 *
 * @since 0.1.0
 * @category conversions
 */
export const sparkline = (numbers: ReadonlyArray<number>): string => {
  const greatest = Math.max(0, ...numbers)
  if (greatest === 0) return ""
  return numbers
    .map((number) => number === 0 ? " " : bars[Math.ceil(number / greatest * bars.length) - 1]!)
    .join("")
}
