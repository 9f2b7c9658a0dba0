/** A client that says exactly the bytes it is told, which no well-behaved client would. */
import { Effect, type Scope } from "effect"
import { connect, type Socket as NodeSocket } from "node:net"

export interface Answer {
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
}

export interface Socket {
  readonly node: NodeSocket
  readonly write: (bytes: string | Uint8Array) => void
  /** All that came until now. */
  readonly text: () => string
  /** Resolves once it holds for what came, or the connection is closed; waits at most `within` milliseconds. */
  readonly until: (holds: (text: string) => boolean, within?: number) => Effect.Effect<string>
  /** What came when the server has closed the connection; waits at most `within` milliseconds. */
  readonly closed: (within?: number) => Effect.Effect<string>
  readonly isClosed: () => boolean
}

/** Opens a connection that is torn down with the Scope. */
export const open = (port: number): Effect.Effect<Socket, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.promise(() =>
        new Promise<NodeSocket>((resolve, reject) => {
          const socket = connect({ port, host: "127.0.0.1" }, () => resolve(socket))
          socket.once("error", reject)
        })
      ),
      (socket) => Effect.sync(() => socket.destroy())
    ),
    (node) => {
      const chunks: Array<Buffer> = []
      let isClosed = false
      node.on("data", (chunk: Buffer) => chunks.push(chunk)).on("error", () => {})
      node.on("close", () => isClosed = true)
      const text = () => Buffer.concat(chunks).toString("latin1")
      const wait = (isOver: () => boolean, within: number) =>
        Effect.promise(() =>
          new Promise<string>((resolve) => {
            const done = () => {
              clearTimeout(limit)
              node.off("data", look).off("close", look)
              resolve(text())
            }
            const look = () => isOver() || isClosed ? done() : undefined
            const limit = setTimeout(done, within)
            node.on("data", look).on("close", look)
            look()
          })
        )
      return {
        node,
        write: (bytes) => void node.write(bytes),
        text,
        until: (holds, within = 5_000) => wait(() => holds(text()), within),
        closed: (within = 5_000) => wait(() => false, within),
        isClosed: () => isClosed
      }
    }
  )

/** A request's bytes. */
export const request = (
  method: string,
  path: string,
  headers: Readonly<Record<string, string>> | ReadonlyArray<readonly [string, string]>,
  body: string | undefined = undefined
): string => {
  const all = [
    ...(Array.isArray(headers) ? headers : Object.entries(headers)) as ReadonlyArray<readonly [string, string]>,
    ...(body === undefined ? [] : [["content-length", String(Buffer.byteLength(body))] as const])
  ]
  return `${method} ${path} HTTP/1.1\r\n${all.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n${
    body ?? ""
  }`
}

/** The answers in what a connection brought, those whose body came whole. */
export const answers = (text: string): ReadonlyArray<Answer> => {
  const found: Array<Answer> = []
  let at = 0
  for (;;) {
    const end = text.indexOf("\r\n\r\n", at)
    if (!text.startsWith("HTTP/1.1 ", at) || end < 0) return found
    const [first = "", ...lines] = text.slice(at, end).split("\r\n")
    const headers = new Map(lines.map((line) => {
      const colon = line.indexOf(":")
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
    }))
    const status = Number(first.slice(9, 12))
    at = end + 4
    if (status < 200) continue
    if (headers.get("transfer-encoding") === "chunked") {
      let body = ""
      for (;;) {
        const line = text.indexOf("\r\n", at)
        const size = Number.parseInt(text.slice(at, line), 16)
        if (line < 0 || text.length < line + 2 + size + 2) return found
        body += text.slice(line + 2, line + 2 + size)
        at = line + 2 + size + 2
        if (size === 0) break
      }
      found.push({ status, headers, body })
      continue
    }
    const length = Number(headers.get("content-length") ?? text.length - at)
    if (text.length < at + length) return found
    found.push({ status, headers, body: text.slice(at, at + length) })
    at += length
  }
}
