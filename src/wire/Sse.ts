/**
 * Server-sent events to the parts of an answer.
 *
 * Bytes come in chunks that cut events, lines and characters anywhere; parts go out in one array per chunk, without an
 * effect per event.
 *
 * @since 0.1.0
 */
import { Cause, Effect, Pull, Result, Stream } from "effect"
import { Sse } from "effect/encoding"
import type { HttpClientError } from "effect/http"
import type { StreamPart } from "../Response.ts"
import { type AttemptError, retryable } from "../VendorError.ts"
import * as Transport from "./Transport.ts"

/** Characters of one event, 1 Mi: a whole image in one event is the largest that vendors send. */
const defaultMaxEventSize = 1024 * 1024

/**
 * How long the bytes may take to end after the last part: a connection left before its end cannot be used again, and a
 * vendor who never ends it must not hold the caller.
 */
const drainTime = "1 second"

/**
 * What a decoder makes of one event, or of the end.
 *
 * @since 0.1.0
 * @category models
 */
export type Step = Result.Result<ReadonlyArray<StreamPart>, AttemptError>

/**
 * One vendor's reading of its events.
 *
 * `State` may be a mutable object: each stream has its own. The stream is over once a `finish` part came out; later
 * events are not looked at. `halt` is asked when the bytes end before that, and fails unless the answer was whole.
 *
 * @since 0.1.0
 * @category models
 */
export interface StreamDecoder<State> {
  readonly initial: () => State
  readonly step: (state: State, event: Sse.Event) => Step
  readonly halt: (state: State) => Step
}

/**
 * `maxEventSize` is in characters, by default 1,048,576; `refine` completes every error.
 *
 * @since 0.1.0
 * @category models
 */
export interface DecodeOptions {
  readonly maxEventSize?: number | undefined
  readonly refine?: ((error: AttemptError) => AttemptError) | undefined
}

/**
 * Decodes bytes to parts.
 *
 * Fails with what the decoder fails with, with `MalformedResponse` for an event that is too large, and with
 * `StreamInterrupted` when the connection breaks; parts decoded before the failure come out first.
 *
 * @since 0.1.0
 * @category decoding
 */
export const decode = <State>(decoder: StreamDecoder<State>, options: DecodeOptions = {}) =>
(
  bytes: Stream.Stream<Uint8Array, HttpClientError.HttpClientError>
): Stream.Stream<StreamPart, AttemptError> =>
  Stream.transformPull(bytes, (pull) => Effect.sync(() => pullParts(pull, new Machine(decoder, options))))

type NonEmpty<A> = readonly [A, ...Array<A>]

const pullParts = <State>(
  pull: Pull.Pull<NonEmpty<Uint8Array>, HttpClientError.HttpClientError>,
  machine: Machine<State>
): Pull.Pull<NonEmpty<StreamPart>, AttemptError> => {
  const next: Pull.Pull<NonEmpty<StreamPart>, AttemptError> = Effect.suspend(() => {
    if (machine.failure !== undefined) return Effect.fail(machine.failure)
    if (machine.ended) return Cause.done()
    return machine.over ? drain : read
  })
  const emit = (): Pull.Pull<NonEmpty<StreamPart>, AttemptError> => {
    const parts = machine.take()
    return parts.length > 0 ? Effect.succeed(parts as any) : next
  }
  const read = Effect.matchCauseEffect(pull, {
    onSuccess: (chunks) => {
      for (const chunk of chunks) machine.feed(chunk)
      return emit()
    },
    onFailure: (cause) => {
      const error = Cause.findErrorOption(cause)
      if (error._tag === "None") return Effect.failCause(cause as Cause.Cause<never>)
      machine.end(Cause.isDone(error.value) ? undefined : Transport.errorOfStream(error.value))
      return emit()
    }
  })
  const drain = Effect.timeoutOrElse(read, { duration: drainTime, orElse: () => Cause.done() })
  return next
}

/** The state of one stream: bytes in, parts out; once over it only waits for the bytes to end. */
class Machine<State> {
  failure: AttemptError | undefined = undefined
  /** No more bytes come. */
  ended = false
  /** No more parts come. */
  over = false
  /** The parser holds nothing: the next character begins an event. */
  private between = true
  /** A return whose line feed may still come. */
  private held = ""
  private parts: Array<StreamPart> = []
  private readonly decoder: StreamDecoder<State>
  private readonly options: DecodeOptions
  private readonly maxEventSize: number
  private readonly state: State
  private readonly text = new TextDecoder()
  private readonly parser: Sse.Parser

  constructor(decoder: StreamDecoder<State>, options: DecodeOptions) {
    this.decoder = decoder
    this.options = options
    this.maxEventSize = options.maxEventSize ?? defaultMaxEventSize
    this.state = decoder.initial()
    this.parser = Sse.makeParser((event) => this.onEvent(event), { maxEventSize: this.maxEventSize })
  }

  take(): Array<StreamPart> {
    const parts = this.parts
    this.parts = []
    return parts
  }

  feed(chunk: Uint8Array): void {
    if (this.over) return
    const text = this.withoutReturns(this.text.decode(chunk, { stream: true }))
    const rest = this.between && !text.includes("\r") ? this.takePlainEvents(text) : text
    if (rest === "") return
    const tooLarge = this.parser.feed(rest)
    this.between = rest.endsWith("\n\n") && !rest.includes("\r")
    if (tooLarge !== undefined && !this.over) this.failTooLarge()
  }

  /** Line ends as one character; a return at the end of a chunk waits for what follows it. */
  private withoutReturns(text: string): string {
    if (this.held === "" && !text.includes("\r")) return text
    const whole = this.held + text
    this.held = whole.endsWith("\r") ? "\r" : ""
    return whole.slice(0, whole.length - this.held.length).replaceAll("\r\n", "\n")
  }

  /**
   * Takes the leading events that are one optional `event:` and one `data:` line, and returns what follows them.
   *
   * Nearly all events are such, and reading them here instead of character by character halves the cost of a part; the
   * parser reads all others, and keeps alone the id, which no decoder needs.
   */
  private takePlainEvents(text: string): string {
    let at = 0
    while (at < text.length) {
      let line = at
      let event = "message"
      if (text.startsWith("event: ", line)) {
        const end = text.indexOf("\n", line)
        if (end < 0) break
        event = text.slice(line + 7, end)
        line = end + 1
      }
      if (!text.startsWith("data: ", line)) break
      const end = text.indexOf("\n", line)
      if (end < 0 || text.charCodeAt(end + 1) !== 10) break
      this.onEvent({ _tag: "Event", event: event || "message", id: undefined, data: text.slice(line + 6, end) })
      at = end + 2
    }
    return text.slice(at)
  }

  /** The bytes ended: of themselves, or with an error, which counts only if the answer was not whole. */
  end(error: AttemptError | undefined): void {
    if (this.failure !== undefined) return
    this.ended = true
    if (this.over) return
    if (error === undefined) this.flush()
    if (this.over) return
    const step = this.decoder.halt(this.state)
    if (Result.isSuccess(step)) this.push(step.success)
    else this.fail(error ?? step.failure)
  }

  /** A last event without its empty line is taken if it is whole; if it is not, the stream was cut there. */
  private flush(): void {
    const before = this.parts.length
    this.parser.feed(`${this.held}${this.text.decode()}\n\n`)
    if (this.failure?.reason._tag !== "MalformedResponse") return
    this.failure = undefined
    this.over = false
    this.parts.length = before
  }

  private onEvent(event: Sse.AnyEvent): void {
    // Servers keep connections awake with empty events.
    if (this.over || event._tag !== "Event" || event.data === "") return
    if (event.data.length > this.maxEventSize) return this.failTooLarge()
    const step = this.decoder.step(this.state, event)
    if (Result.isSuccess(step)) this.push(step.success)
    else this.fail(step.failure)
  }

  private push(parts: ReadonlyArray<StreamPart>): void {
    for (const part of parts) {
      this.parts.push(part)
      if (part.type === "finish") this.over = true
    }
  }

  private failTooLarge(): void {
    this.fail(retryable({
      _tag: "MalformedResponse",
      description: `an event of the stream is larger than ${this.maxEventSize} characters`
    }))
  }

  private fail(error: AttemptError): void {
    this.over = true
    this.failure = this.options.refine?.(error) ?? error
  }
}
