/**
 * The processes of the bench: each on its own core, and what the system says of their time and memory.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { readFileSync } from "node:fs"

/** Without `taskset` the system spreads the processes as it likes. */
export const canPin = spawnSync("taskset", ["-V"]).status === 0

export interface Started {
  readonly child: ChildProcess
  readonly pid: number
  readonly stop: () => Promise<void>
}

const running = new Set<ChildProcess>()
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL")
})
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(130))

export interface Options {
  readonly core: number
  readonly ipc?: boolean
  readonly env?: Readonly<Record<string, string>>
  readonly flags?: ReadonlyArray<string>
}

export const start = (script: string, args: ReadonlyArray<string>, options: Options): Started => {
  const node = [process.execPath, ...options.flags ?? [], script, ...args]
  const [command = "", ...rest] = canPin ? ["taskset", "-c", String(options.core), ...node] : node
  const child = spawn(command, rest, {
    stdio: ["ignore", "ignore", "pipe", ...options.ipc === true ? ["ipc" as const] : []],
    env: { ...process.env, NODE_ENV: "production", ...options.env }
  })
  running.add(child)
  child.on("exit", () => running.delete(child))
  return {
    child,
    pid: child.pid!,
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill("SIGKILL")
      await once(child, "exit")
    }
  }
}

/** Waits until the process says where it listens. */
export const address = (started: Started, what: string): Promise<number> =>
  new Promise((resolve, reject) => {
    let said = ""
    started.child.stderr!.on("data", (bytes: Buffer) => {
      said = (said + bytes.toString()).slice(-2_000)
      const found = /listens on http:\/\/[^\s]*:(\d+)/.exec(said)
      if (found !== null) resolve(Number(found[1]))
    })
    started.child.on("exit", () => reject(new Error(`${what} ended before it listened: ${said}`)))
  })

/** The system counts a process's time in hundredths of a second. */
const tick = 10

/** Milliseconds of a core that the process has used. */
export const cpu = (pid: number): number => {
  const fields = readFileSync(`/proc/${pid}/stat`, "latin1").split(") ")[1]!.split(" ")
  return (Number(fields[11]) + Number(fields[12])) * tick
}

/** Bytes of memory that the process holds. */
export const rss = (pid: number): number => {
  const found = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "latin1"))
  return Number(found?.[1] ?? 0) * 1_024
}
