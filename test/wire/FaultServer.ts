/**
 * A real HTTP server on a free port that does what a script says, faults included, and remembers what it was asked.
 *
 * The nth request is answered by the nth handler, all later ones by the last.
 */
import { Deferred, Effect, Queue, type Scope } from "effect"
import * as NodeHttp from "node:http"
import type { AddressInfo } from "node:net"

export interface Received {
  readonly method: string
  readonly path: string
  readonly headers: NodeHttp.IncomingHttpHeaders
  readonly body: string
  /** When it came, in milliseconds of the process's own clock. */
  readonly at: number
  /** Succeeds when the client leaves before its answer was whole. */
  readonly aborted: Effect.Effect<void>
}

export type Handler = (response: NodeHttp.ServerResponse, request: Received) => void

export interface FaultServer {
  readonly url: string
  readonly port: number
  readonly requests: ReadonlyArray<Received>
  /** The next request whose body has come, in order; waits for it. */
  readonly arrived: Effect.Effect<Received>
  /** How many connections were opened. */
  readonly connections: () => number
}

export const make = (
  ...handlers: readonly [Handler, ...Array<Handler>]
): Effect.Effect<FaultServer, never, Scope.Scope> =>
  Effect.gen(function*() {
    const requests: Array<Received> = []
    const arrivals = yield* Queue.unbounded<Received>()
    let connections = 0
    const server = NodeHttp.createServer((request, response) => {
      const aborted = Deferred.makeUnsafe<void>()
      response.on("close", () => {
        if (!response.writableFinished) Deferred.doneUnsafe(aborted, Effect.void)
      })
      const chunks: Array<Buffer> = []
      request.on("error", () => {})
      request.on("data", (chunk: Buffer) => chunks.push(chunk))
      request.on("end", () => {
        const received: Received = {
          method: request.method ?? "",
          path: request.url ?? "",
          headers: request.headers,
          body: Buffer.concat(chunks).toString("utf8"),
          at: performance.now(),
          aborted: Deferred.await(aborted)
        }
        const handler = handlers[Math.min(requests.length, handlers.length - 1)]!
        requests.push(received)
        handler(response, received)
        Queue.offerUnsafe(arrivals, received)
      })
    })
    server.on("connection", () => {
      connections += 1
    })
    yield* Effect.acquireRelease(
      Effect.callback<void>((resume) => {
        server.listen(0, "127.0.0.1", () => resume(Effect.void))
      }),
      () =>
        Effect.callback<void>((resume) => {
          server.closeAllConnections()
          server.close(() => resume(Effect.void))
        })
    )
    const { port } = server.address() as AddressInfo
    return {
      url: `http://127.0.0.1:${port}`,
      port,
      requests,
      arrived: Queue.take(arrivals),
      connections: () => connections
    }
  })

/** A port on which nobody listens. */
export const deafPort: Effect.Effect<number> = Effect.scoped(Effect.map(make(silence), ({ port }) => port))

type HeaderValues = Readonly<Record<string, string>>

/** Answers with JSON; `headers` are added. */
export const json = (status: number, body: unknown, headers: HeaderValues = {}): Handler => (response) => {
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body))
}

/** Answers with any text. */
export const text = (status: number, body: string, headers: HeaderValues = {}): Handler => (response) => {
  response.writeHead(status, { "content-type": "text/plain", ...headers }).end(body)
}

/** Begins to answer with JSON and never ends it. */
export const endless = (status: number, headers: HeaderValues = {}): Handler => (response) => {
  response.writeHead(status, { "content-type": "application/json", "content-length": "99", ...headers }).write("{")
}

/** Never answers. */
export function silence(): void {}

/** Resets the connection before any header. */
export const reset: Handler = (response) => {
  response.socket?.resetAndDestroy()
}

/** Ends the connection before any header, as a server does that lets idle ones go. */
export const close: Handler = (response) => {
  response.socket?.end()
}

/** Gives early hints before the handler does its part. */
export const hinted = (handler: Handler): Handler => (response, request) =>
  response.writeEarlyHints({ link: "</early>; rel=preload" }, () => handler(response, request))

const eventStream = { "content-type": "text/event-stream" }

/** Streams the chunks and ends. */
export const stream = (...chunks: ReadonlyArray<string | Uint8Array>): Handler => (response) => {
  response.writeHead(200, eventStream)
  for (const chunk of chunks) response.write(chunk)
  response.end()
}

/** Streams the chunks and then says nothing more. */
export const stall = (...chunks: ReadonlyArray<string | Uint8Array>): Handler => (response) => {
  response.writeHead(200, eventStream)
  response.flushHeaders()
  for (const chunk of chunks) response.write(chunk)
}

/** Streams the chunks and cuts the connection once they are out. */
export const cut = (...chunks: ReadonlyArray<string | Uint8Array>): Handler => (response) => {
  response.writeHead(200, eventStream)
  response.write(chunks.map((chunk) => Buffer.from(chunk)).reduce((all, next) => Buffer.concat([all, next])), () => {
    response.socket?.destroy()
  })
}

/** Streams so many bytes as fast as the client takes them, and tells `onTaken` when it has taken all. */
export const flood = (size: number, onTaken: () => void): Handler => (response) => {
  response.writeHead(200, eventStream)
  const chunk = Buffer.alloc(64 * 1024, "x")
  let left = size
  const write = () => {
    while (left > 0) {
      left -= chunk.length
      if (!response.write(chunk)) {
        response.once("drain", write)
        return
      }
    }
    response.end(onTaken)
  }
  write()
}

/** Streams the chunks, the first at once and each later one so many milliseconds after the one before, and ends. */
export const paced = (gap: number, ...chunks: ReadonlyArray<string>): Handler => (response, request) => {
  const [first, ...rest] = chunks
  stall(...first === undefined ? [] : [first])(response, request)
  rest.forEach((chunk, index) => after((index + 1) * gap, response, () => response.write(chunk)))
  after(rest.length * gap, response, () => response.end())
}

/** Waits so many milliseconds before the handler does its part. */
export const late = (wait: number, handler: Handler): Handler => (response, request) =>
  after(wait, response, () => handler(response, request))

const after = (wait: number, response: NodeHttp.ServerResponse, act: () => void): void => {
  const timer = setTimeout(act, wait)
  response.on("close", () => clearTimeout(timer))
}

/** One way for requests that wish a stream, another for all others. */
export const either = (send: Handler, stream: Handler): Handler => (response, request) => {
  const wish: { readonly stream?: unknown } = JSON.parse(request.body)
  const handler = wish.stream === true ? stream : send
  handler(response, request)
}
