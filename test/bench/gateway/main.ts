/**
 * The gateway beside a bare proxy, an idiomatic effect proxy and Portkey's gateway, each a process of its own before the
 * same upstream; rounds alternate their order, figures are medians.
 *
 * `npm run bench:gateway`; `--quick` for one short round, `--only <words>` for the rows that have them in their name,
 * `--everything` for one more row with limits and budgets, `--without-portkey`. Subjects run on core 0, the upstream and
 * the load on core 1.
 */
import { cpus } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import type { Quantiles, Result, Task } from "./Load.ts"
import * as Processes from "./Processes.ts"
import type { Script } from "./Script.ts"
import * as Subjects from "./Subjects.ts"

const { values: flags } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    only: { type: "string", default: "" },
    everything: { type: "boolean", default: false },
    "without-portkey": { type: "boolean", default: false }
  }
})

const rounds = flags.quick ? 1 : 3
const duration = flags.quick ? 800 : 1_500

interface Row {
  readonly name: string
  readonly script: Script
  readonly connections: number
  /** Each connection asks once, in a process that has done nothing but warm up. */
  readonly once?: boolean
  readonly ramp?: number
  readonly rounds?: number
  readonly show: "requests" | "events" | "first" | "memory"
}

const whole: Script = { events: 0, gap: 0, together: 1 }
const burst: Script = { events: 100, gap: 0, together: 100 }
const single: Script = { events: 100, gap: 0, together: 1 }
const paced: Script = { events: 100, gap: 5, together: 1 }
const slow: Script = { events: flags.quick ? 3 : 8, gap: 1_000, together: 1 }

const rows: ReadonlyArray<Row> = [
  { name: "whole answers, 1 connection", script: whole, connections: 1, rounds: 1, show: "requests" },
  { name: "whole answers, 50 connections", script: whole, connections: 50, show: "requests" },
  { name: "whole answers, 500 connections", script: whole, connections: 500, rounds: 1, show: "requests" },
  { name: "100 events in one piece, 50 streams", script: burst, connections: 50, show: "events" },
  { name: "100 events in one piece, 500 streams", script: burst, connections: 500, rounds: 1, show: "events" },
  { name: "100 events one by one, 50 streams", script: single, connections: 50, show: "events" },
  { name: "100 events 5 ms apart, 50 streams", script: paced, connections: 50, ramp: 500, show: "first" },
  {
    name: "100 events in one piece, 5,000 streams",
    script: burst,
    connections: 5_000,
    once: true,
    rounds: 1,
    show: "events"
  },
  {
    name: `${slow.events} events 1 s apart, 5,000 streams`,
    script: slow,
    connections: 5_000,
    once: true,
    ramp: 1_000,
    rounds: 1,
    show: "memory"
  }
]

interface Sample extends Result {
  /** Milliseconds of its core that the subject used. */
  readonly cpu: number
  /** Bytes by which the subject grew, at most. */
  readonly grown: number
}

const here = (file: string) => join(import.meta.dirname, file)
const upstream = Processes.start(here("Upstream.ts"), [], { core: 1, ipc: true })
const upstreamPort = await new Promise<number>((resolve) =>
  upstream.child.once("message", (message) => resolve((message as { readonly port: number }).port))
)
const load = Processes.start(here("Load.ts"), [], { core: 1, ipc: true })
for (const { child } of [upstream, load]) child.stderr!.pipe(process.stderr)

const drive = (task: Task): Promise<Result> =>
  new Promise((resolve) => {
    load.child.once("message", (result) => resolve(result as Result))
    load.child.send(task)
  })

const taskOf = (subject: Pick<Subjects.Subject, "headers" | "path">, port: number, row: Row): Task => ({
  port,
  path: subject.path,
  headers: subject.headers,
  script: row.script,
  connections: row.connections,
  duration: row.once === true ? undefined : duration,
  ramp: row.ramp ?? 0,
  patience: row.once === true ? 40_000 : 5_000
})

const measured = async (subject: Subjects.Subject, running: Subjects.Running, row: Row): Promise<Sample> => {
  const before = Processes.rss(running.pid)
  const used = Processes.cpu(running.pid)
  let most = before
  const watch = setInterval(() => {
    most = Math.max(most, Processes.rss(running.pid))
  }, 100)
  const result = await drive(taskOf(subject, running.port, row))
  clearInterval(watch)
  return { ...result, cpu: Processes.cpu(running.pid) - used, grown: most - before }
}

/** The compiler settles during these, for what is written in many layers later than for what is written in few. */
const warm = async (subject: Subjects.Subject, port: number, seconds: number): Promise<void> => {
  for (const [script, share] of [[whole, 0.5], [burst, 0.25], [single, 0.25]] as const) {
    const task = taskOf(subject, port, { name: "", script, connections: 50, show: "requests" })
    await drive({ ...task, duration: seconds * share * 1_000 })
  }
}

const sampled = async (subject: Subjects.Subject, running: Subjects.Running, row: Row): Promise<Sample> => {
  if (row.once !== true) return measured(subject, running, row)
  const fresh = await subject.start(upstreamPort)
  await warm(subject, fresh.port, flags.quick ? 1 : 12)
  const sample = await measured(subject, fresh, row)
  await fresh.stop()
  return sample
}

const median = (numbers: ReadonlyArray<number>): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? NaN

const figure = (value: number, digits = 0): string =>
  Number.isFinite(value)
    ? value.toLocaleString("en-US", { maximumFractionDigits: digits, minimumFractionDigits: digits })
    : "–"

const pair = ({ p50, p99 }: Quantiles, digits = 1): string => `${figure(p50, digits)} / ${figure(p99, digits)}`

/** The medians of the rounds. */
const summed = (samples: ReadonlyArray<Sample>, script: Script) => {
  const of = (pick: (sample: Sample) => number) => median(samples.map(pick))
  const inTime = (sample: Sample) => script.events === 0 ? sample.answers : sample.events
  return {
    rate: of((sample) => inTime(sample) / sample.elapsed * 1_000),
    cost: of((sample) => sample.cpu * 1_000 / sample.units),
    latency: { p50: of(({ latency }) => latency.p50), p99: of(({ latency }) => latency.p99) },
    first: { p50: of(({ first }) => first.p50), p99: of(({ first }) => first.p99) },
    grown: of(({ grown }) => grown),
    bad: samples.reduce((sum, { lost, wrong }) => sum + lost + wrong, 0),
    complaint: samples.find(({ complaint }) => complaint !== undefined)?.complaint
  }
}

type Sum = ReturnType<typeof summed>

const titles: { readonly [S in Row["show"]]: ReadonlyArray<string> } = {
  requests: ["requests/s", "ratio", "CPU µs a request", "ratio by CPU", "p50 / p99 ms", "lost"],
  events: ["events/s", "ratio", "CPU µs an event", "ratio by CPU", "first word p50 / p99 ms", "lost"],
  first: ["events/s", "CPU µs an event", "first word p50 / p99 ms", "added p50 / p99 ms", "lost"],
  memory: ["KB a stream", "CPU µs an event", "first word p50 / p99 ms", "lost"]
}

const cells = (row: Row, sum: Sum, reference: Sum, direct: Sum | undefined): ReadonlyArray<string> => {
  const { bad, cost, first, grown, latency, rate } = sum
  const ratio = figure(rate / reference.rate, 2)
  // Others on the machine take time, but hardly change how much of it a subject needs.
  const byCpu = figure(reference.cost / cost, 2)
  switch (row.show) {
    case "requests":
      return [figure(rate), ratio, figure(cost, 1), byCpu, pair(latency), figure(bad)]
    case "events":
      return [figure(rate), ratio, figure(cost, 1), byCpu, pair(first), figure(bad)]
    case "first": {
      const added = direct && { p50: first.p50 - direct.first.p50, p99: first.p99 - direct.first.p99 }
      return [figure(rate), figure(cost, 1), pair(first), added === undefined ? "–" : pair(added), figure(bad)]
    }
    case "memory":
      return [figure(grown / row.connections / 1_000), figure(cost, 1), pair(first), figure(bad)]
  }
}

const table = (row: Row, sums: ReadonlyMap<string, Sum>, reference: string): string => {
  const width = Math.max(...Array.from(sums.keys(), ({ length }) => length), row.name.length)
  const direct = sums.get(directly.name)
  const lines = Array.from(sums, ([name, sum]) => [
    name.padEnd(width),
    ...cells(row, sum, sums.get(reference) ?? sum, direct).map((cell, index) =>
      cell.padStart(titles[row.show][index]!.length)
    )
  ])
  const head = [row.name.padEnd(width), ...titles[row.show]]
  const rule = head.map((cell, index) => index === 0 ? "-".repeat(cell.length) : "-".repeat(cell.length - 1) + ":")
  return [head, rule, ...lines].map((cells) => `| ${cells.join(" | ")} |`).join("\n")
}

/** The load at the upstream itself: what the bench costs without any subject. */
const directly: Subjects.Subject = {
  name: "the upstream itself",
  path: "/v1/chat/completions",
  headers: {},
  start: (port) => Promise.resolve({ port, pid: upstream.pid, stop: () => Promise.resolve() })
}

const portkey = flags["without-portkey"] ? undefined : Subjects.portkey()
if (portkey === undefined) {
  console.log("Portkey's gateway is left out: it is not wanted, or npm cannot install it here.\n")
}
const full = flags.everything ? [Subjects.ours({ everything: true })] : []
const subjects = [Subjects.bare, Subjects.effect, Subjects.ours(), ...full, ...portkey === undefined ? [] : [portkey]]

const running = new Map<Subjects.Subject, Subjects.Running>()
for (const subject of subjects) {
  const started = await subject.start(upstreamPort)
  running.set(subject, started)
  await warm(subject, started.port, flags.quick ? 4 : 24)
}
running.set(directly, await directly.start(upstreamPort))

const model = cpus()[0]?.model ?? "unknown"
console.log(
  `${new Date().toISOString().slice(0, 10)}, Node ${process.version}, ${model} × ${cpus().length}, ` +
    `${Processes.canPin ? "subjects on core 0, upstream and load on core 1" : "not pinned"}, ` +
    `median of ${rounds} round${rounds === 1 ? "" : "s"} of ${duration / 1_000} s (1 for 1, 500 and 5,000)\n`
)
for (const row of rows.filter(({ name }) => name.includes(flags.only))) {
  const samples = new Map<Subjects.Subject, Array<Sample>>()
  const contenders = row.show === "first" ? [directly, ...subjects] : subjects
  for (const subject of contenders) samples.set(subject, [])
  for (let round = 0; round < Math.min(rounds, row.rounds ?? rounds); round++) {
    for (const subject of round % 2 === 0 ? contenders : contenders.toReversed()) {
      samples.get(subject)!.push(await sampled(subject, running.get(subject)!, row))
    }
  }
  const sums = new Map(Array.from(samples, ([{ name }, samples]) => [name, summed(samples, row.script)]))
  console.log(`${table(row, sums, Subjects.bare.name)}\n`)
  for (const [name, { bad, complaint }] of sums) if (bad > 0) console.log(`${name}: ${complaint ?? "no reason"}\n`)
}

for (const { stop } of running.values()) await stop()
await load.stop()
await upstream.stop()
process.exit(0)
