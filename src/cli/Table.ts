/**
 * A table for people: one line a row, fit to the width of the terminal.
 *
 * @since 0.1.0
 */
import { displayWidth } from "effect/cli/CliOutput"
import { printable } from "./Output.ts"

/**
 * One column of a table.
 *
 * @since 0.1.0
 * @category models
 */
export interface Column<Row> {
  readonly title: string
  readonly text: (row: Row) => string
  /** Default `left`. */
  readonly align?: "left" | "right" | undefined
  /** Where the width is too small the column with the greatest goes first; a column without stays. */
  readonly spare?: number | undefined
  /** To how few characters its texts may be cut before it goes. Default: they are never cut. */
  readonly least?: number | undefined
}

const gap = "  "

/** Most texts are plain; only the others have to be measured. */
const widthOf = (text: string): number => /^[ -~]*$/.test(text) ? text.length : displayWidth(text)

const segments = new Intl.Segmenter()

/** As much of the text as the width has room for, its end told by an ellipsis. */
const cut = (text: string, width: number): string => {
  if (widthOf(text) <= width) return text
  let kept = ""
  let room = width - 1
  for (const { segment } of segments.segment(text)) {
    room -= widthOf(segment)
    if (room < 0) break
    kept += segment
  }
  return `${kept.trimEnd()}…`
}

const padded = (text: string, width: number, align: "left" | "right" = "left"): string => {
  const space = " ".repeat(Math.max(0, width - widthOf(text)))
  return align === "left" ? `${text}${space}` : `${space}${text}`
}

interface Laid<Row> {
  readonly column: Column<Row>
  readonly cells: ReadonlyArray<string>
  readonly width: number
}

const sumOf = (laid: ReadonlyArray<Laid<any>>): number =>
  laid.reduce((sum, { width }) => sum + width, gap.length * (laid.length - 1))

/** Cuts the texts that may be cut, else leaves columns out, until all fits; the first column gives way last. */
const fit = <Row>(all: ReadonlyArray<Laid<Row>>, width: number): ReadonlyArray<Laid<Row>> => {
  const over = sumOf(all) - width
  if (over <= 0) return all
  const yielding = all.find(({ column, width }) => column.least !== undefined && width - over >= column.least)
  if (yielding !== undefined) {
    return all.map((laid) => laid === yielding ? { ...laid, width: laid.width - over } : laid)
  }
  const spare = all.reduce<Laid<Row> | undefined>(
    (most, laid) => (laid.column.spare ?? 0) > (most?.column.spare ?? 0) ? laid : most,
    undefined
  )
  if (spare !== undefined) return fit(all.filter((laid) => laid !== spare), width)
  return all.map((laid, index) => index === 0 ? { ...laid, width: Math.max(1, laid.width - over) } : laid)
}

/**
 * The lines of a table with its titles, each ended, none longer than `width` in columns of a terminal; nothing where
 * there are no rows. Columns in which no row says anything are left out.
 *
 * Control characters are taken out; a text of several lines becomes one.
 *
 * @since 0.1.0
 * @category conversions
 */
export const render = <Row>(
  columns: ReadonlyArray<Column<Row>>,
  rows: ReadonlyArray<Row>,
  width = Infinity
): string => {
  if (rows.length === 0) return ""
  const laid = columns.flatMap((column): ReadonlyArray<Laid<Row>> => {
    const texts = rows.map((row) => printable(column.text(row)).replace(/\s+/g, " ").trim())
    const cells = [column.title, ...texts]
    return texts.some((text) => text !== "")
      ? [{ column, cells, width: cells.reduce((most, cell) => Math.max(most, widthOf(cell)), 0) }]
      : []
  })
  const shown = fit(laid, width)
  const lineOf = (_: unknown, at: number) =>
    shown.map(({ cells, column, width }) => padded(cut(cells[at]!, width), width, column.align)).join(gap).trimEnd()
  return Array.from({ length: rows.length + 1 }, lineOf).map((line) => `${line}\n`).join("")
}
