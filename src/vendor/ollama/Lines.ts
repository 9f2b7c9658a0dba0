/**
 * Lines of JSON to the parts of an answer.
 *
 * @since 0.1.0
 */
import type { Stream } from "effect"
import type { StreamPart } from "../../Response.ts"
import type { AttemptError } from "../../VendorError.ts"
import { malformed } from "../../wire/Decoding.ts"
import type { ExchangeError } from "../../wire/Exchange.ts"
import * as Json from "../../wire/Json.ts"
import * as Reading from "../../wire/Reading.ts"

/** Characters of one line, 1 Mi, as of a server-sent event. */
const defaultMaxLineSize = 1024 * 1024

/**
 * The reading of lines, each parsed.
 *
 * @since 0.1.0
 * @category models
 */
export type LineDecoder<State> = Reading.Decoder<State, unknown>

/**
 * `maxLineSize` is in characters, by default 1,048,576; `refine` completes every error.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly maxLineSize?: number | undefined
  readonly refine?: ((error: AttemptError) => AttemptError) | undefined
}

/**
 * Decodes bytes to parts; fails with `MalformedResponse` for a line that is too large or not JSON, else as
 * {@link Reading.read}.
 *
 * @since 0.1.0
 * @category decoding
 */
export const decode = <State>(
  decoder: LineDecoder<State>,
  options: Options = {}
): (bytes: Stream.Stream<Uint8Array, ExchangeError>) => Stream.Stream<StreamPart, AttemptError> =>
  Reading.read(() => new LineReader(decoder, options))

class LineReader<State> extends Reading.Reader<State, unknown> {
  /** The beginning of a line, in the pieces in which it came. */
  private pieces: Array<string> = []
  private held = 0
  private readonly text = new TextDecoder()
  private readonly maxLineSize: number

  constructor(decoder: LineDecoder<State>, options: Options) {
    super(decoder, options.refine)
    this.maxLineSize = options.maxLineSize ?? defaultMaxLineSize
  }

  feed(chunk: Uint8Array): void {
    if (this.over) return
    const text = this.text.decode(chunk, { stream: true })
    let at = 0
    for (let end = text.indexOf("\n"); end >= 0 && !this.over; end = text.indexOf("\n", at)) {
      this.onLine(this.whole(text.slice(at, end)))
      at = end + 1
    }
    if (this.over) return
    this.pieces.push(text.slice(at))
    this.held += text.length - at
    if (this.held > this.maxLineSize) this.failTooLarge()
  }

  /** What is held and what ends it. */
  private whole(rest: string): string {
    if (this.held === 0) return rest
    this.pieces.push(rest)
    const line = this.pieces.join("")
    this.pieces = []
    this.held = 0
    return line
  }

  private onLine(line: string): void {
    if (line.length > this.maxLineSize) return this.failTooLarge()
    if (line.trim() === "") return
    const json = Json.parse(line)
    if (json === undefined) this.fail(malformed("a line of the stream is not JSON"))
    else this.onItem(json)
  }

  /** A last line without its end is taken if it is whole; if it is not, the stream was cut there. */
  protected flush(): void {
    const last = Json.parse(this.whole(this.text.decode()))
    if (last !== undefined) this.onItem(last)
  }

  private failTooLarge(): void {
    this.fail(malformed(`a line of the stream is larger than ${this.maxLineSize} characters`))
  }
}
