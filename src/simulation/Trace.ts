/**
 * A trace of real traffic: a CSV file of arrival second, input tokens, output tokens.
 *
 * @since 0.1.0
 */
import { Effect, Stream } from "effect"
import { Csv } from "effect/encoding"
import { type ScenarioError, wrong } from "./Scenario.ts"

/**
 * One line of it.
 *
 * @since 0.1.0
 * @category models
 */
export interface TraceLine {
  /** From the first line on. */
  readonly second: number
  readonly input: number
  readonly output: number
}

const toLine = (row: ReadonlyArray<string>, number: number): TraceLine | ScenarioError => {
  const [second, input, output] = row.slice(0, 3).map((cell) => cell.trim() === "" ? NaN : Number(cell))
  const place = `line ${number}`
  if (row.length < 3) return wrong(place, "must have three columns: arrival second, input tokens, output tokens")
  if (!(second! >= 0 && Number.isFinite(second))) return wrong(place, `"${row[0]}" is not an arrival second`)
  if (!(input! >= 0 && Number.isFinite(input))) return wrong(place, `"${row[1]}" is not a number of input tokens`)
  if (!(output! >= 0 && Number.isFinite(output))) return wrong(place, `"${row[2]}" is not a number of output tokens`)
  return { second: second!, input: Math.max(1, Math.round(input!)), output: Math.max(1, Math.round(output!)) }
}

/**
 * Reads a trace; a first line of names is passed over, further columns are too, lines may stand in any order.
 *
 * @since 0.1.0
 * @category conversions
 */
export const parse = Effect.fnUntraced(function*(
  text: string
): Effect.fn.Return<ReadonlyArray<TraceLine>, ScenarioError> {
  const rows = yield* Stream.make(text.replace(/^\uFEFF/, "")).pipe(
    Stream.pipeThroughChannel(Csv.decodeString()),
    Stream.runCollect,
    Effect.mapError((error) => wrong("", error.message))
  )
  const lines: Array<TraceLine> = []
  for (const [index, row] of rows.entries()) {
    if (row.length === 1 && row[0]!.trim() === "") continue
    if (index === 0 && row.every((cell) => Number.isNaN(Number(cell)))) continue
    const line = toLine(row, index + 1)
    if (!("second" in line)) return yield* line
    lines.push(line)
  }
  if (lines.length === 0) return yield* wrong("", "holds no line of arrival second, input tokens, output tokens")
  const sorted = lines.toSorted((a, b) => a.second - b.second)
  const first = sorted[0]!.second
  return sorted.map((line) => ({ ...line, second: line.second - first }))
})
