import { Effect, Schedule, Schema } from "effect"
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { accessSync, chownSync, constants, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { delimiter, join } from "node:path"

const needed = ["initdb", "postgres"]

const isExecutable = (file: string): boolean => {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

const debian = (): ReadonlyArray<string> =>
  existsSync("/usr/lib/postgresql")
    ? readdirSync("/usr/lib/postgresql").toSorted((a, b) => Number(b) - Number(a)).map((version) =>
      join("/usr/lib/postgresql", version, "bin")
    )
    : []

/** The folder of PostgreSQL's programs; `undefined` where there is none on this machine. */
export const bin: string | undefined = [
  process.env["LLMDISPATCHER_POSTGRES_BIN"] ?? "",
  ...(process.env["PATH"] ?? "").split(delimiter),
  ...debian()
].find((folder) => folder !== "" && needed.every((name) => isExecutable(join(folder, name))))

/** PostgreSQL refuses to run as root, so root lends it another user. */
const user = (): { readonly uid?: number; readonly gid?: number } => {
  if (process.getuid?.() !== 0) return {}
  const idOf = (flag: string, name: string) => Number(spawnSync("id", [flag, name], { encoding: "utf8" }).stdout)
  const name = ["postgres", "nobody"].find((name) => idOf("-u", name) > 0)
  return name === undefined ? {} : { uid: idOf("-u", name), gid: idOf("-g", name) }
}

const settings = {
  listen_addresses: "",
  fsync: "off",
  synchronous_commit: "off",
  full_page_writes: "off",
  autovacuum: "off",
  max_connections: "60"
}

class Postgres extends Schema.TaggedError<Postgres>()("Postgres", { message: Schema.String }) {}

const run = (folder: string, name: string, args: ReadonlyArray<string>): ChildProcess =>
  // In its own folder, since who it runs as may not read ours.
  spawn(join(bin!, name), args, {
    ...user(),
    cwd: folder,
    stdio: ["ignore", "ignore", "pipe"],
    env: { PATH: process.env["PATH"], LC_ALL: "C" }
  })

const ended = (child: ChildProcess) =>
  Effect.promise(async () => {
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit")
  })

const addressOf = (folder: string, name: string): string =>
  `postgres://test@localhost/${name}?host=${encodeURIComponent(folder)}`

/** The address of another database of the same server. */
export const withName = (address: string, name: string): string => address.replace("/postgres?", `/${name}?`)

/**
 * Starts a PostgreSQL of its own in a temporary folder, on a unix socket there, and stops it when the Scope closes.
 * Gives the address of a database that is there; it has to be read with `bin` defined.
 */
export const start = Effect.gen(function*() {
  const folder = yield* Effect.acquireRelease(
    Effect.sync(() => {
      const folder = mkdtempSync(join(tmpdir(), "llmdispatcher-postgres-"))
      const { gid, uid } = user()
      if (uid !== undefined && gid !== undefined) chownSync(folder, uid, gid)
      return folder
    }),
    (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
  )
  const data = join(folder, "data")
  const init = run(folder, "initdb", ["-D", data, "-U", "test", "-A", "trust", "-E", "UTF8", "--no-sync"])
  let words = ""
  init.stderr!.on("data", (text) => words += text)
  yield* ended(init)
  if (init.exitCode !== 0) return yield* new Postgres({ message: `initdb failed: ${words}` })

  const server = yield* Effect.acquireRelease(
    Effect.sync(() => {
      const given = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`])
      const server = run(folder, "postgres", ["-D", data, "-k", folder, ...given])
      server.stderr!.on("data", (text) => words += text)
      return server
    }),
    // SIGINT is its fast way to end: it does not wait for clients.
    (server) => Effect.andThen(Effect.sync(() => server.kill("SIGINT")), ended(server))
  )
  yield* Effect.suspend(() =>
    server.exitCode === null && words.includes("ready to accept connections")
      ? Effect.void
      : Effect.fail(new Postgres({ message: `postgres does not start: ${words}` }))
  ).pipe(
    Effect.retry({ schedule: Schedule.spaced("20 millis"), times: 1_500, while: () => server.exitCode === null })
  )
  return addressOf(folder, "postgres")
})
