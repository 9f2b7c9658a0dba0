/**
 * One call on a socket of `node:http`: its body read within limits, its answer written by hand.
 *
 * @since 0.1.0
 */
import { Effect } from "effect"
import type { IncomingMessage, ServerResponse } from "node:http"
import type { Call, Headers } from "./Call.ts"
import * as Failure from "./Failure.ts"
import * as Json from "./Json.ts"

/**
 * What all calls of a server share.
 *
 * @since 0.1.0
 * @category models
 */
export interface Shared extends Json.Limits {
  /** Bytes of one body. */
  readonly maxBodySize: number
  /** Bytes of all bodies that are being read. */
  readonly maxBuffered: number
  /** Milliseconds that a caller may leave what was written unread. */
  readonly writeTimeout: number
  /** Of all bodies that are being read, in bytes. */
  buffered: number
  isReady: boolean
}

let count = 0
const seed = Math.floor(process.hrtime()[1] % 1e6).toString(36) + process.pid.toString(36)

/** Unique in this process and hardly ever the same in another. */
const newId = (): string => `${seed}${(count++).toString(36)}`

const unfit = /[^\x20-\x7e]/
const everyUnfit = /[^\x20-\x7e]/g

/** A name from a vendor's list or a caller's body could hold anything: a line break, another script, a megabyte. */
const plain = (value: string): string =>
  value.length <= 1_024 && !unfit.test(value) ? value : value.slice(0, 1_024).replaceAll(everyUnfit, "?")

/** Without one a request is whole before anything says so. */
const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0

const full = Failure.make("overloaded", "too many bodies are being read", { reason: "Shed", retryAfter: 1_000 })
const compressed = Failure.make("invalid-request", "the body must not be compressed", { status: 415 })

const isCompressed = ({ headers }: IncomingMessage): boolean =>
  headers["content-encoding"] !== undefined && headers["content-encoding"] !== "identity"

/** Bytes of a body that is read before it is asked who sends it: that costs less than a fiber that waits for it. */
const small = 64 * 1_024

/** Reads the body whole, then as JSON; whoever sends too much or too slowly is cut off. */
const readJson = (request: IncomingMessage, shared: Shared): Effect.Effect<unknown, Failure.Failure> =>
  Effect.callback((resume) => {
    const { maxBodySize, maxBuffered } = shared
    const tooLarge = () => Effect.fail(Failure.make("too-large", `the body must have at most ${maxBodySize} bytes`))
    if (isCompressed(request)) return resume(Effect.fail(compressed))
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

/**
 * @since 0.1.0
 * @category models
 */
export class NodeCall implements Call {
  readonly id: string = newId()
  readonly method: string
  readonly path: string
  readonly query: string
  readonly headers: Headers
  json: Effect.Effect<unknown, Failure.Failure>
  private readonly request: IncomingMessage
  private readonly response: ServerResponse
  private readonly shared: Shared
  private isFramed = false

  constructor(request: IncomingMessage, response: ServerResponse, shared: Shared) {
    const url = request.url ?? "/"
    const mark = url.indexOf("?")
    this.method = request.method ?? "GET"
    this.path = mark < 0 ? url : url.slice(0, mark)
    this.query = mark < 0 ? "" : url.slice(mark + 1)
    this.headers = request.headers as Headers
    this.json = readJson(request, shared)
    this.request = request
    this.response = response
    this.shared = shared
  }

  /**
   * Reads a small body before anything else and then calls `whole`; `false` where the body is not small, or not to be
   * read. A caller that goes meanwhile is never heard of again.
   */
  readAhead(whole: () => void): boolean {
    const { request, shared } = this
    const length = Number(request.headers["content-length"] ?? 0)
    if (!(length > 0 && length <= Math.min(small, shared.maxBodySize)) || isCompressed(request)) return false
    if (shared.buffered + length > shared.maxBuffered) return false
    let body: Buffer | undefined
    let isHeld = true
    shared.buffered += length
    const release = () => {
      if (isHeld) shared.buffered -= length
      isHeld = false
    }
    request.on("data", (chunk: Buffer) => {
      body = body === undefined ? chunk : Buffer.concat([body, chunk])
    })
    request.on("end", () => {
      release()
      this.json = Json.parse(body ?? Buffer.alloc(0), shared)
      whole()
    })
    request.on("close", release)
    return true
  }

  answer(status: number, contentType: string, body: string, headers?: Record<string, string>): void {
    const { request, response, shared } = this
    if (response.headersSent || response.destroyed) return
    const told = this.told(contentType, headers)
    told["content-length"] = Buffer.byteLength(body)
    // What is left of a refused body is not read, and a server that stops takes no other call.
    if (!shared.isReady || !(request.complete || !hasBody(request))) told["connection"] = "close"
    response.writeHead(status, told)
    response.end(body)
  }

  begin(contentType: string, headers: Record<string, string>): void {
    const { request, response } = this
    const told = this.told(contentType, headers)
    told["cache-control"] = "no-cache"
    told["x-accel-buffering"] = "no"
    // Node frames a chunk by four writes; here it is one text, and Node is told that there is nothing to frame.
    this.isFramed = request.httpVersion !== "1.0"
    if (this.isFramed) told["transfer-encoding"] = "chunked"
    response.writeHead(200, told)
    if (this.isFramed) response.chunkedEncoding = false
  }

  write(text: string): boolean {
    // A chunk without a byte would be the last one.
    if (text === "") return true
    return this.response.write(
      this.isFramed ? `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n` : text
    )
  }

  get drained(): Effect.Effect<void> {
    const { response, shared } = this
    return Effect.callback<void>((resume) => {
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
    )
  }

  end(): void {
    if (this.isFramed) this.response.end("0\r\n\r\n")
    else this.response.end()
  }

  private told(contentType: string, headers: Record<string, string> | undefined): Record<string, string | number> {
    const told: Record<string, string | number> = { "content-type": contentType, "x-request-id": this.id }
    // By that name Anthropic's SDKs tell it their users.
    if (this.path.startsWith("/v1/messages")) told["request-id"] = this.id
    for (const name in headers) told[name] = plain(headers[name]!)
    return told
  }
}
