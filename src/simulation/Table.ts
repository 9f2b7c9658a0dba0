/**
 * A report as a table that a person can read.
 *
 * @since 0.1.0
 */
import type { PolicyReport, Quantiles, Report } from "./Report.ts"
import * as Time from "../config/Time.ts"

/** A column: its name, and what a policy has in it. */
type Column = readonly [name: string, cell: (report: PolicyReport) => string]

const percent = (share: number | null): string => share === null ? "-" : `${(share * 100).toFixed(2)} %`

const seconds = (millis: number | null): string => millis === null ? "-" : `${(millis / 1_000).toFixed(2)} s`

const pair = ({ p50, p99 }: Quantiles): string => `${seconds(p50)} / ${seconds(p99)}`

/** Thousands and millions in short. */
const short = (count: number): string =>
  count >= 1e6 ? `${(count / 1e6).toFixed(2)} M` : count >= 1e4 ? `${(count / 1e3).toFixed(1)} k` : String(count)

/** US dollars, `unknown` where a price is. */
const dollars = (cost: number | null): string => cost === null ? "unknown" : `$${cost.toFixed(cost < 1 ? 4 : 2)}`

/** The longest recovery: `never` where success did not come back, `-` where there was no incident. */
const recoveryOf = ({ recovered, recoveries, recoveryTime }: PolicyReport): string =>
  recoveries.length === 0 ? "-" : !recovered ? "never" : Time.format(recoveryTime ?? 0)

const columns: ReadonlyArray<Column> = [
  ["policy", ({ policy }) => policy],
  ["success", ({ success }) => percent(success)],
  ["of streams", ({ successOf }) => percent(successOf.stream)],
  ["of whole", ({ successOf }) => percent(successOf.whole)],
  ["first token p50 / p99", ({ firstToken }) => pair(firstToken)],
  ["total p50 / p99", ({ total }) => pair(total)],
  ["cost", ({ cost }) => dollars(cost)],
  ["wasted tokens", ({ wastedTokens }) => short(wastedTokens)],
  ["calls a request", ({ amplification }) => amplification.toFixed(3)],
  ["recovery", recoveryOf]
]

/** Lays rows out in columns of equal width, the first to the left, the others to the right. */
const layOut = (rows: ReadonlyArray<ReadonlyArray<string>>): string => {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  return rows.map((row) =>
    `${row.map((cell, at) => at === 0 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!)).join("  ").trimEnd()}\n`
  ).join("")
}

const failuresOf = ({ failures }: PolicyReport): string => {
  const entries = Object.entries(failures)
  return entries.length === 0 ? "none" : entries.map(([reason, count]) => `${reason} ${count}`).join(", ")
}

/**
 * The whole report: what was run, a line for each policy, the shares of the targets, and what failed how.
 *
 * @since 0.1.0
 * @category conversions
 */
export const make = (report: Report): string => {
  const { description, duration, incidents, policies, scenario, seed, targets } = report
  const head = `${scenario}: ${policies[0]?.requests ?? 0} requests in ${Time.format(duration)}, seed ${seed}`
  const kinds = new Map<string, number>()
  for (const { kind } of incidents) kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
  const incidentWords = Array.from(kinds, ([kind, count]) => count === 1 ? kind : `${count} × ${kind}`).join(", ")
  return [
    `${head}${incidentWords === "" ? "" : `; ${incidentWords}`}\n${
      description === "" ? "" : `${description.trim()}\n`
    }`,
    layOut([columns.map(([name]) => name), ...policies.map((policy) => columns.map(([, cell]) => cell(policy)))]),
    layOut([
      ["share of answers", ...targets],
      ...policies.map(({ policy, shares }) => [policy, ...targets.map((target) => percent(shares[target] ?? 0))])
    ]),
    layOut(
      [["failures", ""], ...policies.map((policy) => [policy.policy, failuresOf(policy)])].map(([a, b]) => [a!, b!])
    )
  ].join("\n")
}
