/**
 * Reads the rows of the snapshot and finds a model's row.
 *
 * @since 0.1.0
 */
import { DateTime, Option } from "effect"
import type { Change, Price, Rates } from "./Price.ts"

/** Input, output, cache read, cache write, reasoning, cache write for an hour; `null` and what is missing at the end are not known. */
type RatesRow = ReadonlyArray<number | null>

/** Tokens of input above which the rates count, and the rates. */
type LongContextRow = ReadonlyArray<readonly [above: number, rates: RatesRow]>

interface ChangeRow {
  readonly rates: RatesRow
  readonly longContext?: LongContextRow
  /** A date, from its midnight in UTC. */
  readonly since?: string
  /** Seconds of the day in UTC. */
  readonly hours?: readonly [from: number, to: number]
}

/**
 * `null` where the data tells no price that text alone is billed by.
 *
 * @since 0.1.0
 * @category models
 */
export type PriceRow =
  | null
  | RatesRow
  | ChangeRow & {
    readonly request?: number
    readonly changes?: ReadonlyArray<ChangeRow>
  }

/**
 * Names in small letters, patterns with `*` at their ends and `/regular expressions/`; the window in tokens or 0; the
 * price.
 *
 * @since 0.1.0
 * @category models
 */
export type Row = readonly [names: ReadonlyArray<string>, contextWindow: number, price: PriceRow]

/**
 * What is known of one model; a price or a window that is not is absent.
 *
 * @since 0.1.0
 * @category models
 */
export interface Entry {
  readonly price?: Price
  /** In tokens. */
  readonly contextWindow?: number
}

/**
 * Finds a model by its name in small letters.
 *
 * @since 0.1.0
 * @category models
 */
export type Table = (name: string) => Entry | undefined

const ratesOf = ([input, output, cacheRead, cacheWrite, reasoning, cacheWrite1h]: RatesRow): Rates => ({
  input: input!,
  output: output!,
  ...(cacheRead == null ? undefined : { cacheRead }),
  ...(cacheWrite == null ? undefined : { cacheWrite }),
  ...(cacheWrite1h == null ? undefined : { cacheWrite1h }),
  ...(reasoning == null ? undefined : { reasoning })
})

const tiered = ({ longContext, rates }: ChangeRow): Pick<Price, keyof Rates | "longContext"> => ({
  ...ratesOf(rates),
  ...(longContext && { longContext: longContext.map(([above, rates]) => ({ above, ...ratesOf(rates) })) })
})

const changeOf = (row: ChangeRow): Change => ({
  ...(row.since === undefined
    ? undefined
    : { since: DateTime.toEpochMillis(Option.getOrThrow(DateTime.make(row.since))) }),
  ...(row.hours && { hours: { from: row.hours[0], to: row.hours[1] } }),
  ...tiered(row)
})

const priceOf = (row: NonNullable<PriceRow>, source: string): Price => {
  if (!("rates" in row)) return { ...ratesOf(row), source }
  return {
    ...tiered(row),
    ...(row.request === undefined ? undefined : { request: row.request }),
    ...(row.changes && { changes: row.changes.map(changeOf) }),
    source
  }
}

/**
 * Whether a name, in small letters, is that of a pattern as rows have it.
 *
 * @since 0.1.0
 * @category predicates
 */
export const matches = (pattern: string): (name: string) => boolean => {
  if (/^\/.+\/$/.test(pattern)) {
    const expression = new RegExp(pattern.slice(1, -1))
    return (name) => expression.test(name)
  }
  const isOpenAtStart = pattern.startsWith("*")
  const isOpenAtEnd = pattern.length > 1 && pattern.endsWith("*")
  const part = pattern.slice(isOpenAtStart ? 1 : 0, isOpenAtEnd ? -1 : undefined)
  if (isOpenAtStart) return isOpenAtEnd ? (name) => name.includes(part) : (name) => name.endsWith(part)
  return isOpenAtEnd ? (name) => name.startsWith(part) : (name) => name === part
}

/**
 * Of the rows of one provider, a JSON array a line; a name that is told in full goes before any pattern, and the first
 * pattern that fits counts.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (lines: string, source: string): Table => {
  const rows: ReadonlyArray<Row> = JSON.parse(`[${lines.trim().replaceAll("\n", ",")}]`)
  const named = new Map<string, Row>()
  const patterns: Array<readonly [(name: string) => boolean, Row]> = []
  for (const row of rows) {
    for (const name of row[0]) {
      if (/^[*/]|\*$/.test(name)) patterns.push([matches(name), row])
      else named.set(name, row)
    }
  }
  return (name) => {
    const row = named.get(name) ?? patterns.find(([fits]) => fits(name))?.[1]
    return row && {
      ...(row[2] === null ? undefined : { price: priceOf(row[2], source) }),
      ...(row[1] === 0 ? undefined : { contextWindow: row[1] })
    }
  }
}
