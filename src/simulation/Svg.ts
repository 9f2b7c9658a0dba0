/**
 * A report as a picture: requests, success, latency and the targets' shares over time, the incidents shaded.
 *
 * @since 0.1.0
 */
import type { Bucket, PolicyReport, Report } from "./Report.ts"
import * as Time from "../config/Time.ts"

const width = 960
const left = 64
const right = 176
const panelHeight = 120
const gap = 44
const top = 64

/** Okabe and Ito's colours, which people who see few colours tell apart too. */
const colours = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f7f7f", "#8b6d00"]

const colour = (index: number): string => colours[index % colours.length]!

const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, (character) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", "\"": "&quot;" })[character]!)

const fixed = (value: number): string => String(Number(value.toFixed(1)))

/** A round number at or above the value: 1, 2 or 5 times a power of ten. */
const roundUp = (value: number): number => {
  if (value <= 0) return 1
  const power = 10 ** Math.floor(Math.log10(value))
  return power * ([1, 2, 5].find((step) => step * power >= value) ?? 10)
}

/** Narrower than this many pixels an incident has no room for its name; who points at it sees it. */
const narrowest = 70

interface Line {
  readonly name: string
  readonly colour: string
  readonly values: ReadonlyArray<number | null>
}

interface Axis {
  readonly least: number
  readonly most: number
  readonly format: (value: number) => string
}

const plot = width - left - right

const text = (x: number, y: number, words: string, more = ""): string =>
  `<text x="${fixed(x)}" y="${fixed(y)}"${more === "" ? "" : ` ${more}`}>${escaped(words)}</text>`

/** The frame of a panel: its title, three lines of its axis, the incidents behind it. */
const frame = (report: Report, y: number, title: string, { format, least, most }: Axis): string => {
  const x = (time: number) => left + time / report.duration * plot
  const shades = report.incidents.map(({ from, kind, to }) =>
    `<rect class="incident" x="${fixed(x(from))}" y="${y}" width="${
      fixed(Math.max(1, x(to) - x(from)))
    }" height="${panelHeight}">` +
    `<title>${escaped(`${kind}, ${Time.format(from)} to ${Time.format(to)}`)}</title></rect>`
  )
  const lines = [0, 0.5, 1].map((share) => {
    const at = y + panelHeight * (1 - share)
    return `<line class="grid" x1="${left}" y1="${fixed(at)}" x2="${left + plot}" y2="${fixed(at)}"/>` +
      text(left - 8, at + 4, format(least + (most - least) * share), "class=\"axis\" text-anchor=\"end\"")
  })
  const hours = [0, 0.25, 0.5, 0.75, 1].map((share) =>
    text(
      left + share * plot,
      y + panelHeight + 14,
      Time.format(Math.round(report.duration * share / 1_000) * 1_000),
      "class=\"axis\" text-anchor=\"middle\""
    )
  )
  return [...shades, ...lines, ...hours, text(left, y - 8, title, "class=\"title\"")].join("\n")
}

/** What the shades are, once at the top. */
const incidentNames = ({ duration, incidents }: Report, y: number): string =>
  incidents.flatMap(({ from, kind, to }) =>
    (to - from) / duration * plot < narrowest
      ? []
      : [text(left + from / duration * plot + 4, y + panelHeight - 6, kind, "class=\"axis\"")]
  ).join("\n")

const curve = ({ colour, name, values }: Line, y: number, { least, most }: Axis): string => {
  let path = ""
  let isDown = false
  values.forEach((value, index) => {
    if (value === null) {
      isDown = false
      return
    }
    const x = left + (index + 0.5) / values.length * plot
    const at = y + panelHeight * (1 - (Math.min(Math.max(value, least), most) - least) / (most - least))
    path += `${isDown ? "L" : "M"}${fixed(x)} ${fixed(at)}`
    isDown = true
  })
  return `<path class="line" d="${path}" stroke="${colour}"><title>${escaped(name)}</title></path>`
}

const legend = (names: ReadonlyArray<readonly [name: string, colour: string]>, y: number): string =>
  names.map(([name, colour], index) =>
    `<rect x="${left + plot + 16}" y="${y + 4 + index * 16}" width="10" height="10" fill="${colour}"/>` +
    text(left + plot + 32, y + 13 + index * 16, name, "class=\"axis\"")
  ).join("\n")

const panel = (report: Report, y: number, title: string, axis: Axis, lines: ReadonlyArray<Line>): string =>
  [
    frame(report, y, title, axis),
    ...lines.map((line) => curve(line, y, axis)),
    legend(lines.map(({ colour, name }) => [name, colour]), y)
  ].join("\n")

/** The shares of the calls that the targets before each had, and with it; one more entry than targets. */
const stacked = ({ calls }: Bucket): ReadonlyArray<number> => {
  const all = calls.reduce((sum, count) => sum + count, 0)
  let below = 0
  return [0, ...calls.map((count) => all === 0 ? 0 : (below += count) / all)]
}

/** The targets' shares of the calls, one above the other. */
const shares = (report: Report, y: number, { policy, timeline }: PolicyReport): string => {
  const step = plot / timeline.length
  const stacks = timeline.map(stacked)
  const areas = report.targets.flatMap((target, index) => {
    const path = stacks.map((stack, bucket) => {
      const [low, high] = [stack[index]!, stack[index + 1]!]
      if (high <= low) return ""
      const [x, from] = [left + bucket * step, y + panelHeight * (1 - low)]
      return `M${fixed(x)} ${fixed(from)}h${fixed(step)}v${fixed(panelHeight * (low - high))}h${fixed(-step)}z`
    }).join("")
    return path === ""
      ? []
      : [`<path class="area" d="${path}" fill="${colour(index)}"><title>${escaped(target)}</title></path>`]
  })
  return [
    ...areas,
    frame(report, y, `Share of calls by target, ${policy}`, {
      least: 0,
      most: 1,
      format: (share) => `${share * 100} %`
    }),
    legend(report.targets.map((target, index) => [target, colour(index)]), y)
  ].join("\n")
}

const lowest = (lines: ReadonlyArray<Line>): number => {
  const least = Math.min(1, ...lines.flatMap(({ values }) => values.flatMap((value) => value ?? [])))
  return least >= 0.9 ? 0.9 : least >= 0.5 ? 0.5 : 0
}

const style =
  `text { font: 12px system-ui, sans-serif; fill: #222 } .title { font-weight: 600 } .axis { fill: #555; font-size: 11px }
.head { font-size: 16px; font-weight: 600 } .grid { stroke: #ddd } .line { fill: none; stroke-width: 1.6 }
.area { fill-opacity: 0.75 } .incident { fill: #d62728; fill-opacity: 0.12 }`

/**
 * The picture as the text of an SVG file.
 *
 * @since 0.1.0
 * @category conversions
 */
export const make = (report: Report): string => {
  const { policies } = report
  const lines = (value: (bucket: Bucket) => number | null): ReadonlyArray<Line> =>
    policies.map(({ policy, timeline }, index) => ({
      name: policy,
      colour: colour(index),
      values: timeline.map(value)
    }))
  const bucketSeconds = report.duration / (policies[0]?.timeline.length ?? 1) / 1_000
  const scaled = (all: ReadonlyArray<Line>, format: (value: number) => string): Axis => ({
    least: 0,
    most: roundUp(Math.max(0, ...all.flatMap(({ values }) => values.flatMap((value) => value ?? [])))),
    format
  })
  const asked: ReadonlyArray<Line> = [{
    name: "all callers",
    colour: "#222",
    values: (policies[0]?.timeline ?? []).map(({ requests }) => requests / bucketSeconds)
  }]
  const success = lines((bucket) => bucket.success)
  const firstToken = lines((bucket) => bucket.firstToken.p99)
  const total = lines((bucket) => bucket.total.p99)
  const millis = (value: number) => Time.format(value)
  const panels: ReadonlyArray<(y: number) => string> = [
    (y) =>
      panel(report, y, "Requests a second", scaled(asked, (value) => String(Number(value.toPrecision(3)))), asked) +
      incidentNames(report, y),
    (y) =>
      panel(report, y, "Success", {
        least: lowest(success),
        most: 1,
        format: (share) => `${Number((share * 100).toFixed(1))} %`
      }, success),
    (y) => panel(report, y, "Time to first token, p99 of answered streams", scaled(firstToken, millis), firstToken),
    (y) => panel(report, y, "Time to whole answer, p99 of answered requests", scaled(total, millis), total),
    ...policies.map((policy) => (y: number) => shares(report, y, policy))
  ]
  const height = top + panels.length * (panelHeight + gap)
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${
      escaped(report.scenario)
    }">`,
    `<style>${style}</style>`,
    `<rect width="100%" height="100%" fill="#fff"/>`,
    text(left, 26, `${report.scenario}, seed ${report.seed}`, "class=\"head\""),
    ...panels.map((draw, index) => draw(top + index * (panelHeight + gap))),
    "</svg>\n"
  ].join("\n")
}
