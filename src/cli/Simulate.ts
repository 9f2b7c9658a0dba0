/**
 * `llmdispatcher simulate`: what a policy would come to under some traffic, some vendors and some incidents.
 *
 * @since 0.1.0
 */
import { Effect, FileSystem, Option, Path, type PlatformError } from "effect"
import * as Contenders from "../simulation/policies/Contenders.ts"
import * as SimulationReport from "../simulation/Report.ts"
import * as Scenario from "../simulation/Scenario.ts"
import * as Simulation from "../simulation/Simulation.ts"
import * as Svg from "../simulation/Svg.ts"
import * as Table from "../simulation/Table.ts"
import * as Trace from "../simulation/Trace.ts"
import { type ExitCode, type Failure, usage } from "./ExitCode.ts"
import type * as Flags from "./Flags.ts"
import { dim, printable, say, stderr, stdout } from "./Output.ts"
import { failures } from "./Report.ts"
import { suggestion } from "./Suggest.ts"

/** What is run where nobody says what to compare: the dispatcher, and the scenario's own policies. */
const usual = "default"

/** A day of one request a second; a file a hundred times as large is none that a person made. */
const largestFile = 256_000_000

const unreadable = (what: string, file: string, error: PlatformError.PlatformError): Failure =>
  usage(
    error.reason._tag === "NotFound"
      ? `there is no ${what} ${file}`
      : `the ${what} ${file} could not be read: ${error.message}`
  )

const read = Effect.fnUntraced(function*(what: string, file: string) {
  const files = yield* FileSystem.FileSystem
  const readable = (error: PlatformError.PlatformError) => unreadable(what, file, error)
  const { size, type } = yield* Effect.mapError(files.stat(file), readable)
  if (type === "Directory") return yield* usage(`the ${what} ${file} is a folder`)
  if (Number(size) > largestFile) return yield* usage(`the ${what} ${file} is larger than 256 MB`)
  return yield* Effect.mapError(files.readFileString(file), readable)
})

/** Every issue on a line of its own, with the file in front. */
const inFile = (file: string) => (error: Scenario.ScenarioError): Failure =>
  usage(error.message.split("\n").map((line) => `${file}: ${line}`).join("\nllmdispatcher: "))

const readTrace = (file: string) =>
  Effect.flatMap(read("trace", file), (text) => Effect.mapError(Trace.parse(text), inFile(file)))

/** The scenario with its traffic; the trace of the command line comes before its own. */
const prepare = Effect.fnUntraced(function*(flags: Flags.Simulate) {
  const path = yield* Path.Path
  const scenario = yield* Effect.flatMap(
    read("scenario", flags.scenario),
    (text) => Effect.mapError(Scenario.parse(text), inFile(flags.scenario))
  )
  const own = scenario.traffic?.trace
  const file = Option.getOrElse(
    flags.trace,
    () => own === undefined ? undefined : path.resolve(path.dirname(flags.scenario), own)
  )
  const prepared = yield* Simulation.prepare(scenario, {
    seed: Option.getOrUndefined(flags.seed),
    trace: file === undefined ? undefined : yield* readTrace(file),
    wholeTrace: Option.isSome(flags.trace)
  })
  if (prepared.arrivals.length === 0) {
    return yield* usage(`${flags.scenario}: nobody asks anything in its whole duration`)
  }
  for (const { at, kind } of prepared.scenario.incidents ?? []) {
    if (at >= prepared.scenario.duration) {
      yield* say(`the incident ${kind} begins only after all traffic, and changes nothing`)
    }
  }
  return prepared
})

const chosen = Effect.fnUntraced(function*(scenario: Scenario.Scenario, flags: Flags.Simulate) {
  const all = Contenders.all(scenario.policies)
  const names = flags.compare.length > 0
    ? Array.from(new Set(flags.compare))
    : Array.from(new Set([usual, ...Object.keys(scenario.policies ?? {})]))
  return yield* Effect.forEach(names, (name) => {
    const contender = all.get(name)
    if (contender !== undefined) return Effect.succeed([name, contender] as const)
    const known = Array.from(all.keys())
    return Effect.fail(usage(`there is no policy ${name}; there is ${known.join(", ")}${suggestion(name, known)}`))
  })
})

const barWidth = 30

/** One line that is written over again and again; nothing where nobody watches. */
const progress = (name: string, position: number, count: number) => {
  let shown = -1
  return (share: number): Effect.Effect<void> =>
    Effect.suspend(() => {
      const percent = Math.floor((position + share) / count * 100)
      if (!stderr.isTerminal || percent === shown) return Effect.void
      shown = percent
      const full = Math.round(percent / 100 * barWidth)
      const bar = `${"█".repeat(full)}${"░".repeat(barWidth - full)}`
      return Effect.ignore(
        stderr.write(`\r\u001b[2K${dim(`${bar} ${String(percent).padStart(3)} %  ${printable(name)}`)}`)
      )
    })
}

const endProgress = Effect.suspend(() => stderr.isTerminal ? Effect.ignore(stderr.write("\r\u001b[2K")) : Effect.void)

/** The report as JSON, and as a picture, each in a file of its own. */
const writeFiles = Effect.fnUntraced(function*(report: SimulationReport.Report, folder: string) {
  const files = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const refused = (error: PlatformError.PlatformError) => usage(`${folder} could not be written to: ${error.message}`)
  yield* Effect.mapError(files.makeDirectory(folder, { recursive: true }), refused)
  const written = [
    [path.join(folder, `${report.scenario}.json`), `${JSON.stringify(report, null, 2)}\n`],
    [path.join(folder, `${report.scenario}.svg`), Svg.make(report)]
  ] as const
  for (const [file, text] of written) yield* Effect.mapError(files.writeFileString(file, text), refused)
  yield* say(dim(`wrote ${written.map(([file]) => file).join(" and ")}`))
})

const program = Effect.fnUntraced(function*(flags: Flags.Simulate) {
  const prepared = yield* prepare(flags)
  const { scenario } = prepared
  const contenders = yield* chosen(scenario, flags)
  const reports = yield* Effect.forEach(
    contenders,
    ([name, contender], position) =>
      Simulation.run(prepared, name, contender, { onProgress: progress(name, position, contenders.length) }).pipe(
        Effect.map(SimulationReport.ofRun),
        Effect.mapError(({ description, path }) =>
          usage(`${flags.scenario}: the policy ${name} cannot be made: ${path} ${description}`)
        )
      )
  ).pipe(Effect.ensuring(endProgress))
  const report = SimulationReport.make(prepared, reports)
  yield* stdout.write(flags.json ? `${JSON.stringify(report)}\n` : printable(Table.make(report)))
  yield* writeFiles(report, flags.out)
})

/**
 * @since 0.1.0
 * @category commands
 */
export const simulate = (
  flags: Flags.Simulate
): Effect.Effect<void, ExitCode, FileSystem.FileSystem | Path.Path> => failures(flags.debug)(program(flags))
