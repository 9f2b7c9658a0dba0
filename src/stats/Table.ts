/**
 * A snapshot as a table for people: who is asked how often, how well and how fast it is answered, and what that costs.
 *
 * @since 0.1.0
 */
import type { Figures, Group, Snapshot, Target, WindowFigures } from "./Snapshot.ts"
import { other } from "./Change.ts"
import * as Quantity from "./Quantity.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly group: "targets" | "vendors" | "routes" | "callers"
  /** Which time it tells of: a window, or all since the start. Default `5m`. */
  readonly window?: "1m" | "5m" | "1h" | "start" | undefined
  /** The most characters of a line; columns that have no room are left out. Default 120. */
  readonly width?: number | undefined
}

/** A line of the table. */
interface Row {
  readonly name: string
  readonly figures: Figures | WindowFigures
  readonly state: Omit<Target, keyof Group>
}

interface Column {
  readonly title: string
  readonly cell: (row: Row, at: number) => string
  readonly align?: "left" | undefined
  /** Which is left out first where there is no room: the greatest. */
  readonly rank: number
}

const gap = "  "

/** A name is shortened to so many characters before a column is left out for it. */
const longName = 32

/** C0 and C1 controls: a caller's name must not steer the terminal it is shown on. */
// oxlint-disable-next-line no-control-regex
const controls = /[\u0000-\u001f\u007f-\u009f]/g

const share = ({ failures, successes }: Figures): string => {
  const ended = Object.values(failures).reduce((sum, times) => sum + times, successes)
  return ended === 0 ? Quantity.unknown : Quantity.percent(successes / ended)
}

const rate = (figures: Figures | WindowFigures): string => "rate" in figures ? Quantity.rate(figures.rate) : ""

const failure = ({ failures }: Figures): string => {
  const reasons = Object.entries(failures).toSorted(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
  const [first] = reasons
  if (first === undefined) return ""
  return `${first[0]} ×${Quantity.count(first[1])}${reasons.length > 1 ? ` +${reasons.length - 1}` : ""}`
}

const cost = ({ cost, unpriced }: Figures): string => {
  if (unpriced === 0) return Quantity.dollars(cost)
  return cost === 0 ? "?" : `≥${Quantity.dollars(cost)}`
}

const tokens = ({ known, unknown }: Figures["tokens"]["input"]): string => {
  if (unknown === 0) return Quantity.count(known)
  return known === 0 ? "?" : `≥${Quantity.count(known)}`
}

/** Only what is not as it should be. */
const state = ({ circuit, coolingDownUntil }: Row["state"], at: number): string => {
  if (coolingDownUntil !== undefined) return `cools ${Quantity.time(coolingDownUntil - at)}`
  return circuit === "Open" ? "open" : circuit === "HalfOpen" ? "half-open" : ""
}

const columns: ReadonlyArray<Column> = [
  { title: "requests", cell: ({ figures }) => Quantity.count(figures.requests), rank: 0 },
  { title: "/s", cell: ({ figures }) => rate(figures), rank: 5 },
  { title: "ok", cell: ({ figures }) => share(figures), rank: 1 },
  { title: "p50", cell: ({ figures }) => Quantity.time(figures.latency?.p50), rank: 4 },
  { title: "p95", cell: ({ figures }) => Quantity.time(figures.latency?.p95), rank: 2 },
  { title: "first p50", cell: ({ figures }) => Quantity.time(figures.timeToFirstPart?.p50), rank: 9 },
  { title: "first p95", cell: ({ figures }) => Quantity.time(figures.timeToFirstPart?.p95), rank: 7 },
  { title: "in", cell: ({ figures }) => tokens(figures.tokens.input), rank: 10 },
  { title: "out", cell: ({ figures }) => tokens(figures.tokens.output), rank: 11 },
  { title: "cost", cell: ({ figures }) => cost(figures), rank: 3 },
  { title: "busy", cell: ({ state }) => state.inFlight ? Quantity.count(state.inFlight) : "", rank: 12 },
  { title: "state", cell: ({ state: it }, at) => state(it, at), align: "left", rank: 6 },
  { title: "failures", cell: ({ figures }) => failure(figures), align: "left", rank: 8 },
  {
    title: "trend",
    cell: ({ figures }) => "trend" in figures ? Quantity.sparkline(figures.trend) : "",
    align: "left",
    rank: 13
  }
]

const shortened = (name: string, width: number): string =>
  name.length <= width ? name : `${name.slice(0, Math.max(0, width - 1))}…`

const rowsOf = (snapshot: Snapshot, { group, window = "5m" }: Options): ReadonlyArray<Row> =>
  Object.entries<Group & Partial<Target>>(snapshot[group])
    .map(([name, { sinceStart, windows, ...state }]): Row => ({
      name: name.replace(controls, "�"),
      figures: windows[window] ?? sinceStart,
      state
    }))
    .toSorted((a, b) =>
      Number(a.name === other) - Number(b.name === other) ||
      b.figures.requests - a.figures.requests ||
      (a.name < b.name ? -1 : 1)
    )

/** The columns that say something and have room beside the names, in their order. */
const fit = (cells: ReadonlyMap<Column, ReadonlyArray<string>>, room: number): ReadonlyArray<Column> => {
  let left = room
  const kept = new Set<Column>()
  for (const column of columns.toSorted((a, b) => a.rank - b.rank)) {
    const all = cells.get(column)!
    if (all.every((cell) => cell === "")) continue
    left -= gap.length + widthOf(column, all)
    if (left < 0) break
    kept.add(column)
  }
  return columns.filter((column) => kept.has(column))
}

const widthOf = ({ title }: Column, cells: ReadonlyArray<string>): number =>
  Math.max(title.length, ...cells.map((cell) => cell.length))

const counted = (number: number, one: string, many: string): string =>
  `${Quantity.count(number)} ${number === 1 ? one : many}`

const heading = ({ at, startedAt, total, windows }: Snapshot, window: string): string => {
  const span = windows.find(({ name }) => name === window)
  const figures = total.windows[window] ?? total.sinceStart
  const parts = [
    span === undefined
      ? `since the start ${Quantity.time(at - startedAt)} ago`
      : `last ${Quantity.time(span.duration)}`,
    counted(figures.requests, "request", "requests"),
    ...(rate(figures) === "" ? [] : [`${rate(figures)}/s`]),
    ...(figures.requests === 0 ? [] : [`${share(figures)} ok`]),
    `${Quantity.count(total.inFlight)} under way`,
    ...(figures.cached === 0 ? [] : [`${Quantity.count(figures.cached)} cached`]),
    ...(figures.retries === 0 ? [] : [counted(figures.retries, "retry", "retries")]),
    ...(figures.fallbacks === 0 ? [] : [counted(figures.fallbacks, "fallback", "fallbacks")]),
    cost(figures)
  ]
  return parts.join(" · ")
}

/**
 * A heading and a line for each name, the busiest first and `_OTHER` last; ends with a newline.
 *
 * `ok` is the share of answers in what was not interrupted, `first` the time to the first part, `in` and `out` are
 * tokens; `≥` stands where some are not known, `?` where none are. A name that is too long is shortened.
 *
 * @since 0.1.0
 * @category conversions
 */
export const render = (snapshot: Snapshot, options: Options): string => {
  const { width = 120, window = "5m" } = options
  const rows = rowsOf(snapshot, options)
  const head = shortened(heading(snapshot, window), width)
  if (rows.length === 0) return `${head}\n`
  const title = options.group.slice(0, -1)
  const names = Math.min(Math.max(title.length, ...rows.map(({ name }) => name.length)), Math.min(longName, width))
  const cells = new Map(columns.map((column) => [column, rows.map((row) => column.cell(row, snapshot.at))]))
  const kept = fit(cells, width - names)
  const line = (name: string, cellOf: (column: Column) => string) => {
    const padded = kept.map((column) => {
      const size = widthOf(column, cells.get(column)!)
      return column.align === "left" ? cellOf(column).padEnd(size) : cellOf(column).padStart(size)
    })
    return [shortened(name, names).padEnd(names), ...padded].join(gap).trimEnd()
  }
  const lines = rows.map(({ name }, index) => line(name, (column) => cells.get(column)![index]!))
  return [head, "", line(title, ({ title }) => title), ...lines, ""].join("\n")
}
