// Runs every built-in scenario, and the trace where it is there, with every policy and fixed seeds, and writes the
// tables into docs/resilience.md: `npm run resilience`. Names of scenarios as arguments run only those and print them.
import { Effect } from "effect"
import { builtIn } from "../../src/simulation/policies/Contenders.ts"
import { ofRun, type PolicyReport } from "../../src/simulation/Report.ts"
import * as Scenario from "../../src/simulation/Scenario.ts"
import * as Simulation from "../../src/simulation/Simulation.ts"
import * as Trace from "../../src/simulation/Trace.ts"
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { rows, type Scores } from "./Comparison.ts"

const root = fileURLToPath(new URL("../..", import.meta.url))
const trace = `${root}/../shared/data/trace-azure-conv.csv`
const page = `${root}/docs/resilience.md`

const seeds = [7, 11, 13]

const mean = (values: ReadonlyArray<number>) => values.reduce((sum, value) => sum + value, 0) / values.length

const scoresOf = (reports: ReadonlyArray<PolicyReport>): Scores => ({
  policy: reports[0]!.policy,
  success: mean(reports.map(({ success }) => success)),
  firstToken: reports[0]!.ofAll.firstToken.p99 === null
    ? null
    : mean(reports.map(({ ofAll }) => ofAll.firstToken.p99 ?? 0)),
  total: mean(reports.map(({ ofAll }) => ofAll.total.p99 ?? 0)),
  cost: mean(reports.map(({ cost, outcomes }) => (cost ?? 0) / outcomes.answered * 1_000)),
  wasted: mean(reports.map(({ wastedTokens }) => wastedTokens)),
  amplification: mean(reports.map(({ amplification }) => amplification)),
  recovery: reports.some(({ recovered }) => !recovered)
    ? Infinity
    : mean(reports.map(({ recoveryTime }) => recoveryTime ?? 0))
})

const compare = Effect.fnUntraced(function*(file: string, lines?: ReadonlyArray<Trace.TraceLine>) {
  const scenario = yield* Scenario.parse(readFileSync(file, "utf8"))
  const prepared = yield* Effect.forEach(
    seeds,
    (seed) => Simulation.prepare(scenario, { seed, trace: lines, wholeTrace: lines !== undefined })
  )
  const started = performance.now()
  const scores = yield* Effect.forEach(Object.entries(builtIn), ([name, contender]) =>
    Effect.map(
      Effect.forEach(prepared, (prepared) => Effect.map(Simulation.run(prepared, name, contender), ofRun)),
      scoresOf
    ))
  const requests = prepared[0]!.arrivals.length
  console.error(
    `${scenario.name}: ${scores.length} policies × ${seeds.length} seeds × ${requests} requests in ${
      ((performance.now() - started) / 1_000).toFixed(1)
    } s`
  )
  return `### ${scenario.name}\n\n${scenario.description ?? ""}\n\n${rows(scores)}\n`
})

const asked = process.argv.slice(2)
const scenarios = readdirSync(`${root}/examples`).filter((name) => name.endsWith(".yaml")).map((name) =>
  name.slice(0, -5)
)
  .filter((name) => asked.length === 0 || asked.includes(name))

const program = Effect.gen(function*() {
  const tables: Array<string> = []
  for (const name of scenarios) tables.push(yield* compare(`${root}/examples/${name}.yaml`))
  if (existsSync(trace) && (asked.length === 0 || asked.includes("azure-trace"))) {
    const lines = yield* Trace.parse(readFileSync(trace, "utf8"))
    tables.push(yield* compare(`${root}/test/simulation/trace.yaml`, lines))
  }
  return tables.join("\n")
})

const tables = await Effect.runPromise(program)
if (asked.length > 0) console.log(tables)
else {
  const [begin, end] = ["<!-- comparison -->", "<!-- /comparison -->"]
  const text = readFileSync(page, "utf8")
  const [from, to] = [text.indexOf(begin), text.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`${page} has lost its markers ${begin} and ${end}`)
  writeFileSync(
    page,
    `${text.slice(0, from + begin.length)}\n\nSeeds ${seeds.join(", ")}, means of them.\n\n${tables}\n${text.slice(to)}`
  )
}
