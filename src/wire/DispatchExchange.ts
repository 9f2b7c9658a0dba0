/**
 * Exchanges over undici's lowest call, which tells of an answer by callbacks.
 *
 * @since 0.1.0
 */
import { type Array as Arr, Cause, Channel, Effect, type Fiber, type Pull, Result, Scope, Stream } from "effect"
import { Headers } from "effect/http"
import type { Collected } from "./Body.ts"
import {
  briefly,
  type Exchange,
  ExchangeError,
  type Head,
  isSuccess,
  type Open,
  type Request,
  type Whole
} from "./Exchange.ts"

/** Bytes that may wait for a slow reader before the socket is paused, 64 KiB. */
const highWater = 64 * 1024

/** What undici gives to steer a request that is under way. */
interface Controller {
  readonly abort: (reason: Error) => void
  readonly pause: () => void
  readonly resume: () => void
}

type ResponseHeaders = Readonly<Record<string, string | Array<string> | undefined>>

/**
 * What undici calls as an answer comes.
 *
 * @since 0.1.0
 * @category models
 */
export interface Handler {
  onRequestStart(controller: Controller): void
  onResponseStart(controller: Controller, status: number, headers: ResponseHeaders): void
  onResponseData(controller: Controller, chunk: Uint8Array): void
  onResponseEnd(): void
  onResponseError(controller: unknown, error: unknown): void
}

/**
 * A request with its URL split as sockets want it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Outgoing extends Pick<Request, "method" | "headers"> {
  readonly origin: string
  readonly path: string
  readonly body: string | null
}

interface Place {
  readonly origin: string
  readonly path: string
}

/** URLs that are kept apart from their text; callers may make up any number of models. */
const mostPlaces = 1_024

/**
 * Sends a request, telling the handler of all that comes of it, and throws nothing.
 *
 * @since 0.1.0
 * @category models
 */
export type Dispatch = (outgoing: Outgoing, handler: Handler, fiber: Fiber.Fiber<unknown, unknown>) => void

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = (dispatch: Dispatch): Exchange => {
  /** A vendor is asked under a few paths, or one for each model. */
  const places = new Map<string, Place | undefined>()
  const placeOf = (url: string): Place | undefined => {
    const known = places.get(url)
    if (known !== undefined) return known
    const parsed = URL.parse(url)
    const place = parsed === null ? undefined : { origin: parsed.origin, path: parsed.pathname + parsed.search }
    if (places.size >= mostPlaces) places.clear()
    places.set(url, place)
    return place
  }

  /** Sends the request and, once what the transfer waits for is there, goes on with what that makes. */
  const send = <A>(
    request: Request,
    transfer: Transfer,
    then: () => Effect.Effect<A, ExchangeError>
  ): Effect.Effect<A, ExchangeError> =>
    Effect.withFiber((fiber) => {
      const place = placeOf(request.url)
      if (place === undefined) return Effect.fail(new ExchangeError({ at: "url", cause: undefined }))
      const { body, headers, method } = request
      const outgoing = { method, origin: place.origin, path: place.path, headers, body: body ?? null }
      return Effect.callback((resume) => {
        transfer.waiter = () => resume(then())
        dispatch(outgoing, transfer, fiber)
        return Effect.sync(() => transfer.abort())
      })
    })

  return {
    whole: (request, limit) =>
      Effect.suspend(() => {
        const transfer = new Transfer(limit)
        return send(request, transfer, () => transfer.whole())
      }),
    open: (request) =>
      Effect.flatMap(Effect.scope, (scope) => {
        const transfer = new Transfer(undefined)
        // The finalizer comes before the request, so that there is no moment in which nobody would abort it.
        return Effect.andThen(
          Scope.addFinalizer(scope, Effect.sync(() => transfer.abort())),
          send(request, transfer, () => transfer.open(scope))
        )
      })
  }
}

/** Seen only by who still reads after the Scope has closed. */
const aborted = Object.assign(new Error("nobody waits for the answer any more"), { code: "UND_ERR_ABORTED" })

const decoder = new TextDecoder()

/** Node wraps what `queueMicrotask` is given, which costs more than what is done in it here. */
const soon = Promise.resolve()

/**
 * One request under way.
 *
 * Who waits is woken in a microtask and the socket resumed in one: within undici's callbacks, where a reader would run
 * otherwise, no other socket may be resumed; and all chunks that one read of the socket brings come out together.
 */
class Transfer implements Handler {
  waiter: (() => void) | undefined
  private readonly limit: ((status: number) => number) | undefined
  private controller: Controller | undefined
  private head: Head | undefined
  private chunks: Array<Uint8Array> = []
  private size = 0
  /** Bytes that the waiter waits for; before the head came, none are enough. */
  private wanted = 0
  private allowed = 0
  private paused = false
  private waking = false
  /** Nothing more comes. */
  private done = false
  private failure: ExchangeError | undefined

  /** With `limit` it waits for the whole body, without for the head. */
  constructor(limit: ((status: number) => number) | undefined) {
    this.limit = limit
  }

  onRequestStart(controller: Controller): void {
    this.controller = controller
    if (this.done) controller.abort(aborted)
  }

  onResponseStart(_: Controller, status: number, headers: ResponseHeaders): void {
    // Informational answers come before the one that is meant.
    if (this.done || status < 200) return
    this.head = { status, headers: Headers.fromInput(headers) }
    if (this.limit !== undefined) {
      this.allowed = this.limit(status)
      this.wanted = isSuccess(status) ? this.allowed + 1 : 0
    }
    this.wake()
  }

  onResponseData(controller: Controller, chunk: Uint8Array): void {
    if (this.done || chunk.length === 0) return
    this.chunks.push(chunk)
    this.size += chunk.length
    this.wake()
    if (this.size <= highWater || this.size < this.wanted || this.paused) return
    this.paused = true
    controller.pause()
  }

  onResponseEnd(): void {
    this.end(undefined)
  }

  onResponseError(_: unknown, cause: unknown): void {
    // An error without a cause is still no end.
    this.end(cause ?? aborted)
  }

  abort(): void {
    if (this.done) return
    this.chunks = []
    this.size = 0
    this.end(aborted)
    this.controller?.abort(aborted)
  }

  whole(): Effect.Effect<Whole, ExchangeError> {
    const { failure, head } = this
    if (head === undefined) return this.fail()
    if (!this.done && !isSuccess(head.status)) return this.failed(head)
    const body = failure === undefined ? Result.succeed(this.collect()) : Result.fail(failure)
    return Effect.succeed({ status: head.status, headers: head.headers, body })
  }

  private failed({ headers, status }: Head): Effect.Effect<Whole, ExchangeError> {
    return Effect.onExitPrimitive(
      Effect.map(Effect.result(briefly(this.text(this.allowed))), (body) => ({ status, headers, body })),
      () => {
        this.abort()
        return undefined
      }
    )
  }

  /** `owner` aborts the request when it closes. */
  open(owner: Scope.Scope): Effect.Effect<Open, ExchangeError> {
    if (this.head === undefined) return this.fail()
    const { headers, status } = this.head
    return Effect.succeed({
      status,
      headers,
      bytes: this.bytes(owner),
      text: (size) => this.text(size),
      cut: () => this.abort()
    })
  }

  /** Who stops reading before the end aborts the request. */
  private bytes(owner: Scope.Scope): Stream.Stream<Uint8Array, ExchangeError> {
    const abort = Effect.sync(() => this.abort())
    return Stream.fromChannel(
      Channel.fromTransform((_, scope) =>
        scope === owner ? Effect.succeed(this.pull()) : Effect.as(Scope.addFinalizer(scope, abort), this.pull())
      )
    )
  }

  private pull(): Pull.Pull<Arr.NonEmptyReadonlyArray<Uint8Array>, ExchangeError> {
    const next: ReturnType<typeof this.pull> = Effect.suspend(() => {
      if (this.size > 0) return Effect.succeed(this.take() as any)
      if (this.done) return this.failure === undefined ? Cause.done() : this.fail()
      return more
    })
    const more = this.await(1, () => next)
    return next
  }

  private text(size: number): Effect.Effect<Collected, ExchangeError> {
    return Effect.suspend(() => {
      if (!this.ready(size + 1)) return this.await(size + 1, () => this.text(size))
      if (this.failure !== undefined) return this.fail()
      this.allowed = size
      return Effect.succeed(this.collect())
    })
  }

  private await<A, E>(wanted: number, then: () => Effect.Effect<A, E>): Effect.Effect<A, E> {
    const forget = Effect.sync(() => {
      this.waiter = undefined
    })
    return Effect.callback((resume) => {
      this.wanted = wanted
      this.waiter = () => resume(then())
      this.flow()
      return forget
    })
  }

  private ready(wanted: number): boolean {
    return this.done || (this.head !== undefined && this.size >= wanted)
  }

  private wake(): void {
    if (this.waking || this.waiter === undefined || !this.ready(this.wanted)) return
    this.waking = true
    void soon.then(() => {
      const { waiter } = this
      this.waking = false
      this.waiter = undefined
      waiter?.()
    })
  }

  private end(cause: unknown): void {
    if (this.done) return
    this.done = true
    if (cause !== undefined) {
      this.failure = new ExchangeError({ at: this.head === undefined ? "head" : "body", cause })
    }
    this.wake()
  }

  private fail(): Effect.Effect<never, ExchangeError> {
    return Effect.fail(this.failure ?? new ExchangeError({ at: "head", cause: undefined }))
  }

  private take(): Array<Uint8Array> {
    const { chunks } = this
    this.chunks = []
    this.size = 0
    this.flow()
    return chunks
  }

  private flow(): void {
    if (!this.paused) return
    this.paused = false
    void soon.then(() => {
      // The connection may carry another request by now.
      if (!this.done && !this.paused) this.controller?.resume()
    })
  }

  /** The body as far as it is allowed; what is more is aborted. */
  private collect(): Collected {
    const { allowed, size } = this
    const chunks = this.take()
    if (size <= allowed) return { text: decoder.decode(join(chunks, size)), complete: true }
    this.abort()
    return { text: decoder.decode(join(chunks, size).subarray(0, allowed)), complete: false }
  }
}

const join = (chunks: ReadonlyArray<Uint8Array>, size: number): Uint8Array => {
  if (chunks.length === 1) return chunks[0]!
  const joined = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    joined.set(chunk, at)
    at += chunk.length
  }
  return joined
}
