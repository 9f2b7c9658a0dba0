/**
 * Every client × every vendor family × every case as a table.
 *
 * ✓ passed, ✗ failed, a letter: the pair has no such thing, and why. Fails when a cell does.
 */
import { Effect } from "effect"
import { isDeepStrictEqual } from "node:util"
import { type Cell, cells, runSide } from "./cells.ts"
import { clients } from "./clients.ts"
import * as Memory from "./Memory.ts"
import { sides } from "./sides.ts"
import { families } from "./vendors.ts"

const reasons: Array<string> = []
const letter = (reason: string): string => {
  if (!reasons.includes(reason)) reasons.push(reason)
  return String.fromCharCode(97 + reasons.indexOf(reason))
}

const failures: Array<string> = []

/** Where they first part. */
const difference = (actual: unknown, expected: unknown, path: string): string => {
  const isBranch = [actual, expected].every((value) => typeof value === "object" && value !== null)
  if (!isBranch) return `${path} is ${JSON.stringify(actual)}, not ${JSON.stringify(expected)}`
  const [left, right] = [actual, expected] as [Record<string, unknown>, Record<string, unknown>]
  const key = [...Object.keys(left), ...Object.keys(right)].find((key) => !isDeepStrictEqual(left[key], right[key]))
  return key === undefined ? `${path} differs` : difference(left[key], right[key], path === "" ? key : `${path}.${key}`)
}

const check = (run: Cell["run"]): Effect.Effect<string | undefined> =>
  Effect.match(run, {
    onFailure: ({ message }) => message,
    onSuccess: ({ actual, expected }) =>
      isDeepStrictEqual(actual, expected)
        ? undefined
        : difference(actual, expected, "")
  })

const mark = ({ absent, client, family, name, run }: Cell): Effect.Effect<string> =>
  absent !== undefined ? Effect.succeed(letter(absent)) : Effect.map(check(run), (failure) => {
    if (failure === undefined) return "✓"
    failures.push(`${client.name} → ${family.name}, ${name}: ${failure}`)
    return "✗"
  })

const [wanted] = process.argv.slice(2)
const pairs = clients.flatMap((client) => families.map((family) => ({ client, family })))
  .filter(({ client, family }) => wanted === undefined || `${client.name} ${family.name}`.includes(wanted))

const begun = performance.now()
const rows = await Effect.runPromise(Effect.forEach(pairs, ({ client, family }) =>
  Effect.map(
    Effect.forEach(cells(client, family), (cell) => Effect.map(mark(cell), (mark) => [cell.name, mark] as const)),
    (marks) => ({ client, family, marks })
  ), { concurrency: 8 }))

for (const side of wanted === undefined ? sides : []) {
  const failure = await Effect.runPromise(check(runSide(side)))
  console.log(`${failure === undefined ? "✓" : "✗"} ${side.name}`)
  if (failure !== undefined) failures.push(`${side.name}: ${failure}`)
}

const held = await Effect.runPromise(Memory.held)
failures.push(...held.map((name) => `${name}: a call that is over is still in memory`))

const names = rows[0]?.marks.map(([name]) => name) ?? []
const heads = ["client", "vendor", ...names]
const lines = rows.map(({ client, family, marks }) => [client.name, family.name, ...marks.map(([, mark]) => mark)])
const widths = heads.map((head, index) => Math.max(head.length, ...lines.map((line) => line[index]!.length)))
const show = (line: ReadonlyArray<string>) =>
  `| ${line.map((cell, index) => cell.padEnd(widths[index]!)).join(" | ")} |`
console.log(show(heads))
console.log(show(widths.map((width) => "-".repeat(width))))
for (const line of lines) console.log(show(line))
console.log()
for (const reason of reasons) console.log(`${letter(reason)}: ${reason}`)
for (const behind of new Set(families.map((family) => family.behind))) {
  const names = families.filter((family) => family.behind === behind).map(({ name }) => name)
  console.log(`behind ${names.join(", ")}: ${behind}`)
}
for (const { name, noProofs } of clients) {
  if (noProofs !== undefined) console.log(`${name} brings back no signature of reasoning: ${noProofs}`)
}
const marks = lines.flatMap((line) => line.slice(2))
const passed = marks.filter((mark) => mark === "✓").length
console.log(
  `\n${passed} of ${marks.length} passed, ${failures.length} failed, ${pairs.length} pairs, ${
    ((performance.now() - begun) / 1_000).toFixed(0)
  } s`
)
for (const failure of failures) console.error(`✗ ${failure}`)
// The SDKs keep connections for a while that nobody needs any more.
process.exit(failures.length === 0 ? 0 : 1)
