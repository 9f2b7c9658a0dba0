/**
 * Who is measured, and how each is started.
 */
import { execFileSync } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { connect, createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Processes from "./Processes.ts"

export interface Subject {
  readonly name: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly start: (upstream: number) => Promise<Running>
}

export interface Running {
  readonly port: number
  readonly pid: number
  readonly stop: () => Promise<void>
}

const path = "/v1/chat/completions"
const core = 0
const beside = (file: string) => join(import.meta.dirname, file)

/** What is made on the way and goes with the bench. */
const directory = mkdtempSync(join(tmpdir(), "llmdispatcher-bench-"))
process.on("exit", () => rmSync(directory, { recursive: true, force: true }))

const scripted = (name: string, file: string): Subject => ({
  name,
  path,
  headers: {},
  start: async (upstream) => {
    const started = Processes.start(beside(file), [`http://127.0.0.1:${upstream}`], { core })
    return { port: await Processes.address(started, name), pid: started.pid, stop: started.stop }
  }
})

export const bare = scripted("node:http + undici", "BareProxy.ts")
export const effect = scripted("effect proxy", "EffectProxy.ts")

const vendors = (upstream: number): object => ({
  vendors: { openai: { apiKey: "bench", baseUrl: `http://127.0.0.1:${upstream}/v1` } }
})

/** What a file can turn on that concerns every request. */
const limits = {
  limits: {
    callers: { requestsPerMinute: 1_000_000_000, tokensPerMinute: 1_000_000_000_000 },
    concurrency: { limit: 100_000 },
    queue: { concurrency: 100_000 }
  },
  budgets: { perCaller: 1_000_000_000 },
  statistics: { database: { sqlite: join(directory, "statistics.db") } }
}

export interface OursOptions {
  /** For node, as in `--cpu-prof`. */
  readonly flags?: ReadonlyArray<string>
  readonly everything?: boolean
}

export const ours = ({ everything = false, flags = [] }: OursOptions = {}): Subject => {
  const name = everything ? "llmdispatcher, everything" : "llmdispatcher"
  return {
    name,
    path,
    headers: {},
    start: async (upstream) => {
      const config = join(directory, `${name}-${upstream}.json`)
      writeFileSync(config, JSON.stringify({ ...vendors(upstream), ...(everything ? limits : undefined) }))
      const cli = process.env["LLMDISPATCHER_BENCH_CLI"] ?? join(import.meta.dirname, "../../../dist/cli/bin.js")
      const started = Processes.start(cli, ["serve", "--open", "--port", "0", "--config", config], { core, flags })
      const stop = async () => {
        // A profile is written only by a process that ends by itself.
        if (flags.length > 0) {
          started.child.kill("SIGTERM")
          await once(started.child, "exit")
        }
        return started.stop()
      }
      return { port: await Processes.address(started, name), pid: started.pid, stop }
    }
  }
}

// -----------------------------------------------------------------------------
// Portkey
// -----------------------------------------------------------------------------

const portkeyVersion = "1.15.2"

/** Where Portkey's gateway is, installed for this run only: it is too large for everybody's `npm ci`. */
const installPortkey = (): string | undefined => {
  const given = process.env["LLMDISPATCHER_PORTKEY"]
  const script = (prefix: string) => join(prefix, "node_modules/@portkey-ai/gateway/build/start-server.js")
  if (given !== undefined) return script(given)
  const prefix = join(directory, "portkey")
  try {
    execFileSync("npm", [
      "install",
      "--prefix",
      prefix,
      "--ignore-scripts",
      "--no-audit",
      "--no-fund",
      "--silent",
      `@portkey-ai/gateway@${portkeyVersion}`
    ], { stdio: "ignore", timeout: 120_000 })
    return script(prefix)
  } catch {
    return undefined
  }
}

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  server.close()
  await once(server, "close")
  return typeof address === "object" && address !== null ? address.port : 0
}

const accepts = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1")
    socket.once("connect", () => {
      socket.destroy()
      resolve(true)
    })
    socket.once("error", () => resolve(false))
  })

/** `undefined` where it cannot be installed. */
export const portkey = (): Subject | undefined => {
  const script = installPortkey()
  if (script === undefined) return undefined
  const headers: Record<string, string> = { authorization: "Bearer bench", "x-portkey-provider": "openai" }
  return {
    name: `Portkey ${portkeyVersion}`,
    path,
    headers,
    start: async (upstream) => {
      headers["x-portkey-custom-host"] = `http://127.0.0.1:${upstream}/v1`
      const port = await freePort()
      const started = Processes.start(script, ["--headless", `--port=${port}`], {
        core,
        flags: ["--import", beside("PortkeyStart.ts")]
      })
      started.child.stderr!.resume()
      for (let attempt = 0; attempt < 100 && !await accepts(port); attempt++) {
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
      return { port, pid: started.pid, stop: started.stop }
    }
  }
}
