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
import type { Call, Headers } from "./Call.ts"
import type { Endpoint } from "./Endpoints.ts"
import * as Failure from "./Failure.ts"
import type { Gateway } from "./Gateway.ts"
import * as HalfOpen from "./HalfOpen.ts"
import * as Json from "./Json.ts"
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

let count = 0
const seed = Math.floor(process.hrtime()[1] % 1e6).toString(36) + process.pid.toString(36)

/** A name from a vendor's list or a caller's body could hold anything: a line break, another script, a megabyte. */
const plain = (headers: Record<string, string> | undefined): Record<string, string> => {
  const fit: Record<string, string> = {}
  for (const name in headers) {
    const value = headers[name]!
    fit[name] = value.length <= 1_024 && !unfit.test(value) ? value : value.slice(0, 1_024).replaceAll(everyUnfit, "?")
  }
  return fit
}

const unfit = /[^\x20-\x7e]/
const everyUnfit = /[^\x20-\x7e]/g

/** Unique in this process and hardly ever the same in another. */
const newId = (): string => `${seed}${(count++).toString(36)}`

/** Without one a request is whole before anything says so. */
const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0

/** What all calls of a server share. */
interface Shared extends Json.Limits {
  readonly maxBodySize: number
  readonly maxBuffered: number
  readonly writeTimeout: number
  /** Of all bodies that are being read, in bytes. */
  buffered: number
  isReady: boolean
}

/** Reads the body whole, then as JSON; whoever sends too much or too slowly is cut off. */
const readJson = (request: IncomingMessage, shared: Shared): Effect.Effect<unknown, Failure.Failure> =>
  Effect.callback((resume) => {
    const { maxBodySize, maxBuffered } = shared
    const tooLarge = () => Effect.fail(Failure.make("too-large", `the body must have at most ${maxBodySize} bytes`))
    const encoding = request.headers["content-encoding"]
    if (encoding !== undefined && encoding !== "identity") {
      return resume(Effect.fail(Failure.make("invalid-request", "the body must not be compressed", { status: 415 })))
    }
    if (Number(request.headers["content-length"] ?? 0) > maxBodySize) return resume(tooLarge())
    const chunks: Array<Buffer> = []
    let size = 0
    const release = () => {
      shared.buffered -= size
      size = 0
    }
    request.on("data", (chunk: Buffer) => {
      size += chunk.length
      shared.buffered += chunk.length
      if (size > maxBodySize || shared.buffered > maxBuffered) {
        request.removeAllListeners("data").pause()
        const isLarge = size > maxBodySize
        release()
        return resume(isLarge ? tooLarge() : Effect.fail(full))
      }
      chunks.push(chunk)
    })
    request.on("end", () => {
      const body = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, size)
      release()
      resume(Json.parse(body, shared))
    })
    request.on("error", () => resume(Effect.interrupt))
    return Effect.sync(release)
  })

const full = Failure.make("overloaded", "too many bodies are being read", { reason: "Shed", retryAfter: 1_000 })

const callOf = (request: IncomingMessage, response: ServerResponse, shared: Shared): Call => {
  const url = request.url ?? "/"
  const mark = url.indexOf("?")
  const id = newId()
  // By that name Anthropic's SDKs tell it their users.
  const own = url.startsWith("/v1/messages") ? { "request-id": id } : undefined
  return {
    id,
    method: request.method ?? "GET",
    path: mark < 0 ? url : url.slice(0, mark),
    query: mark < 0 ? "" : url.slice(mark + 1),
    headers: request.headers as Headers,
    json: readJson(request, shared),
    answer: (status, contentType, body, headers) => {
      if (response.headersSent || response.destroyed) return
      response.writeHead(status, {
        "content-type": contentType,
        "content-length": Buffer.byteLength(body),
        "x-request-id": id,
        ...own,
        ...plain(headers),
        // What is left of a refused body is not read, and a server that stops takes no other call.
        ...(shared.isReady && (request.complete || !hasBody(request)) ? undefined : { connection: "close" })
      })
      response.end(body)
    },
    begin: (contentType, headers) => {
      response.writeHead(200, {
        "content-type": contentType,
        "cache-control": "no-cache",
        "x-accel-buffering": "no",
        "x-request-id": id,
        ...own,
        ...plain(headers)
      })
    },
    write: (text) => response.write(text),
    drained: Effect.callback<void>((resume) => {
      if (!response.writableNeedDrain) return resume(Effect.void)
      const done = () => resume(Effect.void)
      response.once("drain", done)
      return Effect.sync(() => response.removeListener("drain", done))
    }).pipe(
      Effect.timeoutOrElse({
        duration: shared.writeTimeout,
        // Nobody reads: the connection goes, and with it the call.
        orElse: () => Effect.andThen(Effect.sync(() => response.destroy()), Effect.interrupt)
      })
    ),
    end: () => {
      response.end()
    }
  }
}

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
    const fiber = fork(gateway.handle(callOf(request, response, shared), endpoint))
    running.add(fiber)
    const { socket } = request
    answering(socket, response)
    fiber.addObserver(() => {
      running.delete(fiber)
      // Nobody answered, for a fault that nobody caught: better an end than a wait without one.
      if (!response.writableEnded) response.destroy()
      // The call is over, but its caller does not read.
      else if (response.writableLength > 0) response.setTimeout(shared.writeTimeout, () => response.destroy())
    })
    response.on("close", () => {
      open -= 1
      answered(socket, response)
      if (!response.writableFinished) fiber.interruptUnsafe()
      if (open === 0) stopped()
    })
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
      request.on("error", () => {})
      response.on("error", () => {})
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
