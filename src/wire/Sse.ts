/**
 * Server-sent events to the parts of an answer.
 *
 * @since 0.1.0
 */
import type { Stream } from "effect"
import { Sse } from "effect/encoding"
import type { StreamPart } from "../Response.ts"
import type { AttemptError } from "../VendorError.ts"
import { malformed } from "./Decoding.ts"
import type { ExchangeError } from "./Exchange.ts"
import * as Reading from "./Reading.ts"

/** Characters of one event, 1 Mi: a whole image in one event is the largest that vendors send. */
const defaultMaxEventSize = 1024 * 1024

export type {
  /**
   * @since 0.1.0
   * @category models
   */
  Step
} from "./Reading.ts"

/**
 * One vendor's reading of its events.
 *
 * @since 0.1.0
 * @category models
 */
export type StreamDecoder<State> = Reading.Decoder<State, Sse.Event>

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
 * Decodes bytes to parts; fails with `MalformedResponse` for an event that is too large, else as {@link Reading.read}.
 *
 * @since 0.1.0
 * @category decoding
 */
export const decode = <State>(
  decoder: StreamDecoder<State>,
  options: DecodeOptions = {}
): (bytes: Stream.Stream<Uint8Array, ExchangeError>) => Stream.Stream<StreamPart, AttemptError> =>
  Reading.read(() => new EventReader(decoder, options))

class EventReader<State> extends Reading.Reader<State, Sse.Event> {
  /** The parser holds nothing: the next character begins an event. */
  private between = true
  /** A return whose line feed may still come. */
  private held = ""
  private readonly maxEventSize: number
  private readonly text = new TextDecoder()
  private readonly parser: Sse.Parser

  constructor(decoder: StreamDecoder<State>, options: DecodeOptions) {
    super(decoder, options.refine)
    this.maxEventSize = options.maxEventSize ?? defaultMaxEventSize
    this.parser = Sse.makeParser((event) => this.onEvent(event), { maxEventSize: this.maxEventSize })
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

  /** A last event without its empty line is taken if it is whole; if it is not, the stream was cut there. */
  protected flush(): void {
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
    this.onItem(event)
  }

  private failTooLarge(): void {
    this.fail(malformed(`an event of the stream is larger than ${this.maxEventSize} characters`))
  }
}
