/**
 * The gateway on `node:http`: the sockets, and every limit that holds before a call is understood.
 *
 * Calls for answers are read and written here by hand, since a server made for everything costs more than the dispatcher
 * does; all other paths go to an effect handler.
 *
 * @since 0.1.0
 */
import { Context, Duration, Effect, Fiber, Schema, Scope } from "effect"
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import { type AddressInfo, Server as NetServer, type Socket } from "node:net"
import type { Headers } from "./Call.ts"
import type { Endpoint } from "./Endpoints.ts"
import type * as Failure from "./Failure.ts"
import type { Gateway } from "./Gateway.ts"
import * as HalfOpen from "./HalfOpen.ts"
import { NodeCall, type Shared } from "./NodeCall.ts"
import { inTurn } from "./Turn.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Default `127.0.0.1`. */
  readonly host?: string | undefined
  /** Default 8080; 0 takes any that is free. */
  readonly port?: number | undefined
  /** Bytes of a request's body. Default 32 MiB. */
  readonly maxBodySize?: number | undefined
  /** Bytes of all bodies that are being read. Default 512 MiB; beyond it a caller is asked to come again. */
  readonly maxBuffered?: number | undefined
  /** How deep a body's lists and objects may be nested. Default 128. */
  readonly maxDepth?: number | undefined
  /** How many values a body may have, in all its lists and objects. Default 300,000. */
  readonly maxValues?: number | undefined
  /** Bytes of all headers. Default 32 KiB. */
  readonly maxHeaderSize?: number | undefined
  /** Connections at once. Default 10,000. */
  readonly maxConnections?: number | undefined
  /** Until a request's headers have come. Default 10 s. */
  readonly headersTimeout?: Duration.Input | undefined
  /** Until a request has come whole. Default 60 s. */
  readonly requestTimeout?: Duration.Input | undefined
  /** How long a connection without a request is kept. Default 65 s, longer than common load balancers keep theirs. */
  readonly keepAliveTimeout?: Duration.Input | undefined
  /** How long a caller may leave what was written unread. Default 60 s. */
  readonly writeTimeout?: Duration.Input | undefined
  /** How long calls may go on when the server stops. Default 30 s. */
  readonly drain?: Duration.Input | undefined
  /** Ends that time as soon as it completes, as by a second signal. */
  readonly hurry?: Effect.Effect<void> | undefined
  /** Refuses a call before it is looked at; `undefined` lets it pass. */
  readonly guard?: ((headers: Headers, method: string) => Failure.Failure | undefined) | undefined
  /** Answers every path that is no dialect's. */
  readonly otherwise: (request: IncomingMessage, response: ServerResponse) => void
}

/**
 * The server cannot listen: the port is taken, or not allowed.
 *
 * @since 0.1.0
 * @category errors
 */
export class ListenError extends Schema.TaggedError<ListenError>("llmdispatcher/ListenError")("ListenError", {
  host: Schema.String,
  port: Schema.Int,
  code: Schema.String
}) {
  override get message(): string {
    const why = this.code === "EADDRINUSE"
      ? "another program listens there"
      : this.code === "EACCES"
      ? "this is not allowed"
      : this.code
    return `cannot listen on ${this.host}:${this.port}: ${why}`
  }
}

/**
 * A server that listens.
 *
 * @since 0.1.0
 * @category models
 */
export interface Listening {
  readonly host: string
  readonly port: number
  /** Whether it still takes calls. */
  readonly isReady: () => boolean
  /** Calls under way. */
  readonly running: () => number
}

const millis = (input: Duration.Input): number => Duration.toMillis(Duration.fromInputUnsafe(input))

const ignore = () => {}

const listen = (server: Server, host: string, port: number): Effect.Effect<AddressInfo, ListenError> =>
  Effect.callback((resume) => {
    const failed = (error: NodeJS.ErrnoException) =>
      resume(Effect.fail(new ListenError({ host, port, code: error.code ?? error.message })))
    server.once("error", failed)
    server.listen(port, host, () => {
      server.removeListener("error", failed)
      resume(Effect.succeed(server.address() as AddressInfo))
    })
  })

/**
 * Serves until the Scope closes: then no call is taken any more, those under way may end, and the rest is told and cut.
 *
 * @since 0.1.0
 * @category constructors
 */
export const serve = Effect.fnUntraced(function*(
  gateway: Gateway,
  options: Options
): Effect.fn.Return<Listening, ListenError, Scope.Scope> {
  const { guard, host = "127.0.0.1", otherwise, port = 8080 } = options
  const shared: Shared = {
    maxBodySize: options.maxBodySize ?? 32 * 1024 * 1024,
    maxBuffered: options.maxBuffered ?? 512 * 1024 * 1024,
    maxDepth: options.maxDepth ?? 128,
    maxValues: options.maxValues ?? 300_000,
    writeTimeout: millis(options.writeTimeout ?? "60 seconds"),
    buffered: 0,
    isReady: true
  }
  const context = Context.omit(Scope.Scope)(yield* Effect.context<never>()) as Context.Context<never>
  const fork = Effect.runForkWith(context)
  const running = new Set<Fiber.Fiber<void>>()
  /** Answers whose last byte has not left. */
  let open = 0
  let stopped = () => {}

  /** What is being answered on a connection, and what of it is no dialect's. */
  const answers = new WeakMap<Socket, ServerResponse>()
  const others = new WeakSet<ServerResponse>()
  const halfClosed = (response: ServerResponse): void => void fork(HalfOpen.watch(response, !others.has(response)))
  const answering = (socket: Socket, response: ServerResponse): void => {
    answers.set(socket, response)
    if (socket.readableEnded) halfClosed(response)
  }
  const answered = (socket: Socket, response: ServerResponse): void => {
    // One that waited behind it may be there already.
    if (answers.get(socket) === response) answers.delete(socket)
  }

  const take = (request: IncomingMessage, response: ServerResponse, endpoint: Endpoint) => {
    open += 1
    const { socket } = request
    answering(socket, response)
    const call = new NodeCall(request, response, shared)
    let fiber: Fiber.Fiber<void> | undefined
    const handle = () => {
      if (response.destroyed) return
      const begun = fiber = fork(gateway.handle(call, endpoint))
      running.add(begun)
      begun.addObserver(() => {
        running.delete(begun)
        // Nobody answered, for a fault that nobody caught: better an end than a wait without one.
        if (!response.writableEnded) response.destroy()
        // The call is over, but its caller does not read.
        else if (response.writableLength > 0) response.setTimeout(shared.writeTimeout, () => response.destroy())
      })
    }
    response.on("close", () => {
      open -= 1
      answered(socket, response)
      if (!response.writableFinished) fiber?.interruptUnsafe()
      if (open === 0) stopped()
    })
    if (!call.readAhead(handle)) handle()
  }

  const server = createServer(
    {
      maxHeaderSize: options.maxHeaderSize ?? 32 * 1024,
      headersTimeout: millis(options.headersTimeout ?? "10 seconds"),
      requestTimeout: millis(options.requestTimeout ?? "60 seconds"),
      keepAliveTimeout: millis(options.keepAliveTimeout ?? "65 seconds"),
      // How often the timeouts above are looked at.
      connectionsCheckingInterval: 1_000,
      noDelay: true
    },
    inTurn((request: IncomingMessage, response: ServerResponse) => {
      const url = request.url ?? "/"
      const mark = url.indexOf("?")
      const headers = request.headers as Headers
      const endpoint = gateway.match(request.method ?? "GET", mark < 0 ? url : url.slice(0, mark), headers)
      // A caller that goes in the middle is told of by "close"; without a listener the error would end the process.
      request.on("error", ignore)
      response.on("error", ignore)
      const refused = guard?.(headers, request.method ?? "GET")
      if (refused !== undefined) {
        const { body, status } = gateway.refusal(endpoint, refused)
        response.writeHead(status, { "content-type": "application/json", connection: "close" })
        return response.end(JSON.stringify(body))
      }
      if (!shared.isReady) response.setHeader("connection", "close")
      if (endpoint === undefined) {
        others.add(response)
        answering(request.socket, response)
        response.on("close", () => answered(request.socket, response))
        return otherwise(request, response)
      }
      take(request, response, endpoint)
    })
  )
  // Node ends such a connection otherwise, whatever is still to be said on it.
  Object.assign(server, { httpAllowHalfOpen: true })
  server.on("connection", (socket) => {
    socket.on("end", () => {
      const response = answers.get(socket)
      if (response === undefined) socket.end()
      else halfClosed(response)
    })
  })
  server.maxConnections = options.maxConnections ?? 10_000

  const address = yield* listen(server, host, port)
  yield* Effect.addFinalizer(() =>
    Effect.gen(function*() {
      shared.isReady = false
      // Node's own `close` would cut every answer that is written but not yet read, for it takes them for over.
      NetServer.prototype.close.call(server)
      const idle = Effect.callback<void>((resume) => {
        stopped = () => resume(Effect.void)
        if (open === 0) stopped()
      })
      yield* Effect.timeoutOption(Effect.raceFirst(idle, options.hurry ?? Effect.never), options.drain ?? "30 seconds")
      yield* Fiber.interruptAll(Array.from(running))
      // The last words of those that were cut have to leave first, as far as anybody reads them.
      yield* Effect.timeoutOption(idle, "1 second")
      server.closeAllConnections()
      server.close()
    })
  )
  return { host, port: address.port, isReady: () => shared.isReady, running: () => open }
})
