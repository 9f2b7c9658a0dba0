/**
 * The gateway under load for a long time: whole answers, streams and callers that go in the middle, while its memory is
 * looked at.
 *
 * `npm run soak:gateway -- --minutes 10`; ends with 1 where an answer was wrong or lost, or memory grew by more than a
 * fifth after it had settled.
 */
import { parseArgs } from "node:util"
import type { Result, Task } from "./Load.ts"
import { join } from "node:path"
import * as Processes from "./Processes.ts"
import * as Subjects from "./Subjects.ts"

const { values: flags } = parseArgs({ options: { minutes: { type: "string", default: "10" } } })
const minutes = Number(flags.minutes)

const here = (file: string) => join(import.meta.dirname, file)
const upstream = Processes.start(here("Upstream.ts"), [], { core: 1, ipc: true })
const load = Processes.start(here("Load.ts"), [], { core: 1, ipc: true })
for (const { child } of [upstream, load]) child.stderr!.pipe(process.stderr)

const told = <A>({ child }: Processes.Started): Promise<A> =>
  new Promise((resolve) => child.once("message", (message) => resolve(message as A)))

const { port } = await told<{ readonly port: number }>(upstream)
const subject = Subjects.ours()
const running = await subject.start(port)

const task = (script: Task["script"], connections: number, more?: Partial<Task>): Task => ({
  port: running.port,
  path: subject.path,
  headers: subject.headers,
  script,
  connections,
  duration: 5_000,
  ramp: 0,
  patience: 10_000,
  ...more
})

/** The last leaves while its streams run: patience ends long before they do. */
const tasks: ReadonlyArray<{ readonly task: Task; readonly leaves?: boolean }> = [
  { task: task({ events: 0, gap: 0, together: 1 }, 50) },
  { task: task({ events: 100, gap: 0, together: 10 }, 100) },
  { task: task({ events: 100, gap: 5, together: 1 }, 50, { ramp: 500 }) },
  { task: task({ events: 1_000, gap: 20, together: 1 }, 200, { duration: 500, patience: 500 }), leaves: true }
]

const megabytes = (bytes: number) => Math.round(bytes / 1e6)
const end = Date.now() + minutes * 60_000
const memory: Array<number> = []
let answers = 0
let bad = 0
let left = 0
while (Date.now() < end) {
  for (const { leaves = false, task } of tasks) {
    const result = told<Result>(load)
    load.child.send(task)
    const { answers: whole, complaint, lost, wrong } = await result
    answers += whole
    if (leaves) left += lost
    else bad += lost + wrong
    if (!leaves && lost + wrong > 0) console.log(complaint)
  }
  memory.push(Processes.rss(running.pid))
  console.log(
    `${answers} answers, ${left} callers left, ${bad} wrong or lost, ${megabytes(memory.at(-1) ?? 0)} MB, ${
      Math.max(0, Math.round((end - Date.now()) / 1_000))
    } s to go`
  )
}

// It grows while the compiler settles, and a short run says nothing of leaks.
const settled = memory.slice(Math.floor(memory.length / 4))
const third = Math.floor(settled.length / 3)
const mean = (numbers: ReadonlyArray<number>) => numbers.reduce((sum, number) => sum + number, 0) / numbers.length
const first = mean(settled.slice(0, third))
const last = mean(settled.slice(-third))
const grows = third >= 2 && last > first * 1.2
console.log(
  third < 2
    ? "too short to tell whether memory grows"
    : `${megabytes(first)} MB at first, ${megabytes(last)} MB at last`
)

await running.stop()
await load.stop()
await upstream.stop()
process.exit(bad > 0 || grows ? 1 : 0)
