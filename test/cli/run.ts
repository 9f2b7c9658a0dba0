import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process"
import { once } from "node:events"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("../..", import.meta.url))

export type Env = Readonly<Record<string, string>>

/** No key of whoever runs the tests, and a sandbox that hardly waits. */
const plain: Env = {
  PATH: process.env["PATH"] ?? "",
  HOME: process.env["HOME"] ?? "",
  SANDBOX_FIRST_WORD: "1 millis",
  SANDBOX_PER_WORD: "1 millis"
}

export interface Run {
  readonly child: ChildProcessWithoutNullStreams
  readonly stdout: string
  readonly stderr: string
  /** Resolves once the text has come on stdout or stderr; fails when the process ends before. */
  readonly saw: (text: string) => Promise<void>
  readonly code: Promise<number | null>
}

/** Starts the real command line as a process. */
export const start = (args: ReadonlyArray<string>, env: Env = {}): Run => {
  const child = spawn(process.execPath, ["--conditions=source", "src/cli/bin.ts", ...args], {
    cwd: root,
    env: { ...plain, ...env }
  })
  const seen = { stdout: "", stderr: "" }
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => seen[name] += text)
  }
  const code = once(child, "close").then(([code]) => code as number | null)
  return {
    child,
    get stdout() {
      return seen.stdout
    },
    get stderr() {
      return seen.stderr
    },
    saw: (text) =>
      new Promise((resolve, reject) => {
        const look = () => seen.stdout.includes(text) || seen.stderr.includes(text) ? resolve() : undefined
        child.stdout.on("data", look)
        child.stderr.on("data", look)
        void code.then(() => reject(new Error(`never said "${text}": ${seen.stdout}${seen.stderr}`)))
        look()
      }),
    code
  }
}

/** Runs it to its end. */
export const run = async (args: ReadonlyArray<string>, env: Env = {}, stdin = "") => {
  const running = start(args, env)
  running.child.stdin.end(stdin)
  const code = await running.code
  return { code, stdout: running.stdout, stderr: running.stderr }
}

export interface Server extends AsyncDisposable {
  readonly env: Env
  readonly requests: ReadonlyArray<IncomingMessage>
}

/** A server in OpenAI's place, for a command whose environment holds its address and a key. */
export const openai = async (handle: (response: ServerResponse, request: IncomingMessage) => void): Promise<Server> => {
  const requests: Array<IncomingMessage> = []
  const server = createServer((request, response) => {
    requests.push(request)
    request.resume().on("end", () => handle(response, request))
  }).listen(0, "127.0.0.1")
  await once(server, "listening")
  const { port } = server.address() as AddressInfo
  return {
    env: { OPENAI_API_KEY: "sk-test", OPENAI_BASE_URL: `http://127.0.0.1:${port}/v1` },
    requests,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, "close")
    }
  }
}

const event = (fields: object) =>
  `data: ${
    JSON.stringify({ id: "chatcmpl-1", object: "chat.completion.chunk", created: 1, model: "gpt-test", ...fields })
  }\n\n`

export const delta = (content: string): string =>
  event({ choices: [{ index: 0, delta: { role: "assistant", content }, finish_reason: null }] })

export const end: string = event({ choices: [{ index: 0, delta: {}, finish_reason: "stop" }] }) +
  event({ choices: [], usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 } }) +
  "data: [DONE]\n\n"

export const beginStream = (response: ServerResponse): void => {
  response.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders()
}
