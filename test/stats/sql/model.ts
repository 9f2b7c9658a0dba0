import type { DispatchRecord } from "../../../src/stats/Record.ts"
import type { Dimension, Selection } from "../../../src/stats/sql/Selection.ts"

/** One thing that is counted, as the rows of the database are, but from the records themselves. */
export interface Counted {
  readonly bucket: number
  readonly name: string | null
  readonly outcome: string
  readonly duration: number
  readonly timeToFirstPart: number | undefined
  readonly isCached: boolean
  readonly inputTokens: number | undefined
  readonly outputTokens: number | undefined
  readonly cost: number | undefined
}

/** What a selection selects out of these dispatches. */
export const counted = (
  records: ReadonlyArray<DispatchRecord>,
  selection: Selection,
  by?: Dimension,
  bucket = Infinity
): ReadonlyArray<Counted> => {
  const { since, until, ...filters } = selection
  const isOfCalls = by === "vendor" || by === "target" || "vendor" in filters || "target" in filters
  return records.flatMap((record) => {
    const own = { route: record.route, caller: record.caller, model: record.model }
    const things = isOfCalls
      ? record.attempts.filter(({ outcome }) => outcome !== "skipped").map((attempt) => ({
        ...attempt,
        ...own,
        startedAt: record.startedAt + attempt.startedAfter,
        isCached: false
      }))
      : [record]
    return things.flatMap((thing) => {
      const { startedAt } = thing
      const holds = startedAt >= since && startedAt < until &&
        Object.entries(filters).every(([key, value]) => thing[key as Dimension] === value) &&
        (by !== "reason" || thing.reason !== undefined)
      return holds
        ? [{
          bucket: bucket === Infinity ? since : since + Math.floor((startedAt - since) / bucket) * bucket,
          name: by === undefined ? null : thing[by] ?? null,
          outcome: thing.outcome,
          duration: thing.duration,
          timeToFirstPart: thing.timeToFirstPart,
          isCached: thing.isCached,
          inputTokens: thing.usage?.inputTokens.total,
          outputTokens: thing.usage?.outputTokens.total,
          cost: thing.cost
        }]
        : []
    })
  })
}

const sum = (values: ReadonlyArray<number | undefined>): number | null => {
  const known = values.filter((value) => value !== undefined)
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value)
}

const mean = (values: ReadonlyArray<number | undefined>): number | null => {
  const known = values.filter((value) => value !== undefined)
  return known.length === 0 ? null : near(known.reduce((sum, value) => sum + value) / known.length)
}

/** The databases do not agree on the last digit of a mean. */
const near = (value: number): any => ({
  $$typeof: Symbol.for("jest.asymmetricMatcher"),
  asymmetricMatch: (other: unknown) => typeof other === "number" && Math.abs(other - value) < 1e-9 * (1 + value),
  toString: () => `near ${value}`,
  toAsymmetricMatcher: () => `near ${value}`
})

export const figures = (rows: ReadonlyArray<Counted>) => {
  const answered = rows.filter(({ outcome }) => outcome === "answered")
  const picodollars = sum(rows.map(({ cost }) => cost === undefined ? undefined : 1))
  return {
    requests: rows.length,
    answered: answered.length,
    failures: rows.filter(({ outcome }) => outcome === "failed").length,
    interrupted: rows.filter(({ outcome }) => outcome === "interrupted").length,
    cached: rows.filter(({ isCached }) => isCached).length,
    unpriced: answered.filter(({ cost }) => cost === undefined).length,
    inputTokens: sum(rows.map(({ inputTokens }) => inputTokens)),
    outputTokens: sum(rows.map(({ outputTokens }) => outputTokens)),
    cost: picodollars === null ? null : exact(rows),
    duration: mean(answered.map(({ duration }) => duration)),
    timeToFirstPart: mean(answered.map(({ timeToFirstPart }) => timeToFirstPart))
  }
}

/** In whole picodollars, so without drift. */
const exact = (rows: ReadonlyArray<Counted>): number => {
  let total = 0n
  for (const { cost } of rows) if (cost !== undefined) total += BigInt(Math.round(cost * 1e12))
  return Number(`${total}e-12`)
}

/** The value of the nearest rank. */
export const percentile = (values: ReadonlyArray<number>, percent: number): number =>
  values.toSorted((a, b) => a - b)[Math.ceil(values.length * percent / 100) - 1]!
