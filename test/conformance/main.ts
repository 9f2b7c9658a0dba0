/**
 * All vendors × all cases as a table: `npm run conformance`.
 *
 * ✓ passed, ✗ failed, a letter: the vendor has no such thing, and why. Fails when a cell does.
 */
import { Effect } from "effect"
import { cells } from "./run.ts"
import { subjects } from "./subjects/index.ts"

const perTable = 8

interface Column {
  readonly name: string
  readonly marks: ReadonlyMap<string, string>
}

const reasons: Array<string> = []
const failures: Array<string> = []

/** a, b, … z, aa, ab, … */
const letter = (reason: string): string => {
  if (!reasons.includes(reason)) reasons.push(reason)
  const number = reasons.indexOf(reason)
  const last = String.fromCharCode(97 + number % 26)
  return number < 26 ? last : String.fromCharCode(96 + Math.floor(number / 26)) + last
}

const columns = await Effect.runPromise(Effect.forEach(subjects, (subject) =>
  Effect.gen(function*() {
    const marks = new Map<string, string>()
    for (const { absent, name, run } of cells(subject)) {
      if (absent !== undefined) marks.set(name, letter(absent))
      else {
        const failure = yield* Effect.match(run, { onFailure: ({ message }) => message, onSuccess: () => undefined })
        marks.set(name, failure === undefined ? "✓" : "✗")
        if (failure !== undefined) failures.push(`${subject.name}, ${name}: ${failure}`)
      }
    }
    const column: Column = { name: subject.name, marks }
    return column
  })))

const rows = Array.from(columns[0]!.marks.keys())
const width = Math.max(...rows.map((row) => row.length))

for (let first = 0; first < columns.length; first += perTable) {
  const shown = columns.slice(first, first + perTable)
  const line = (head: string, cells: ReadonlyArray<string>) =>
    `| ${head.padEnd(width)} | ${cells.map((cell, index) => cell.padEnd(shown[index]!.name.length)).join(" | ")} |`
  console.log(line("case", shown.map(({ name }) => name)))
  console.log(line("-".repeat(width), shown.map(({ name }) => "-".repeat(name.length))))
  for (const row of rows) console.log(line(row, shown.map(({ marks }) => marks.get(row) ?? "?")))
  console.log()
}
for (const reason of reasons) console.log(`${letter(reason)}: ${reason}`)
for (const origin of new Set(subjects.map(({ origin }) => origin))) {
  const names = subjects.filter((subject) => subject.origin === origin).map(({ name }) => name)
  console.log(`\nanswers ${origin}: ${names.join(", ")}`)
}
const count = (mark: string) => columns.flatMap(({ marks }) => [...marks.values()]).filter((m) => m === mark).length
console.log(`\n${count("✓")} passed, ${failures.length} failed, ${columns.length} vendors`)
for (const failure of failures) console.error(`✗ ${failure}`)
process.exitCode = failures.length === 0 ? 0 : 1
