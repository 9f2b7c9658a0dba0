import * as NodeRedis from "@effect/platform-node/NodeRedis"
import { Effect } from "effect"
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { accessSync, constants, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { delimiter, join } from "node:path"

const isExecutable = (file: string): boolean => {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** The server's program; `undefined` where there is none on this machine. */
export const program: string | undefined = (process.env["PATH"] ?? "").split(delimiter)
  .map((folder) => join(folder, "redis-server"))
  .find(isExecutable)

/** In memory only, on a unix socket in the folder. */
const spawned = (folder: string): ChildProcess =>
  spawn(program!, ["--port", "0", "--unixsocket", join(folder, "socket"), "--save", "", "--dir", folder], {
    stdio: ["ignore", "pipe", "ignore"]
  })

const ready = (child: ChildProcess): Promise<void> =>
  new Promise((resolve, reject) => {
    let said = ""
    child.stdout!.setEncoding("utf8").on("data", (text: string) => {
      said += text
      if (said.includes("ready to accept connections")) resolve()
    })
    child.once("close", () => reject(new Error(`redis-server did not start: ${said}`)))
  })

const kill = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill("SIGKILL")
  await once(child, "exit")
}

/** Starts a Redis of its own and stops it when the Scope closes; only where `program` is there. */
export const start = Effect.gen(function*() {
  const folder = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "llmdispatcher-redis-"))),
    (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
  )
  let child: ChildProcess | undefined
  const stop = Effect.promise(async () => {
    if (child !== undefined) await kill(child)
  })
  yield* Effect.addFinalizer(() => stop)
  const begin = Effect.promise(() => ready(child = spawned(folder)))
  yield* begin
  return {
    /** A client; `Layer.fresh` makes another. */
    layer: NodeRedis.layer({ socket: { path: join(folder, "socket"), tls: false }, disableOfflineQueue: true }),
    /** Ends the server; what it held is gone. */
    stop,
    restart: Effect.andThen(stop, begin)
  }
})
