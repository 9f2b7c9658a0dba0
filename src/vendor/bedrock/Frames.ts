/**
 * AWS's binary event stream to the parts of an answer.
 *
 * @since 0.1.0
 */
import type { Stream } from "effect"
import type { StreamPart } from "../../Response.ts"
import type { AttemptError } from "../../VendorError.ts"
import { malformed } from "../../wire/Decoding.ts"
import type { ExchangeError } from "../../wire/Exchange.ts"
import * as Reading from "../../wire/Reading.ts"
import * as Frame from "./Frame.ts"

/** Bytes of one frame, 1 MiB: a whole image in one frame is the largest that a model sends. */
const defaultMaxFrameSize = 1024 * 1024

/**
 * @since 0.1.0
 * @category models
 */
export type FrameDecoder<State> = Reading.Decoder<State, Frame.Frame>

/**
 * `maxFrameSize` is in bytes, by default 1,048,576; `refine` completes every error.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly maxFrameSize?: number | undefined
  readonly refine?: ((error: AttemptError) => AttemptError) | undefined
}

/**
 * Decodes bytes to parts; fails with `MalformedResponse` for a frame that is too large or whose checksum is wrong, else
 * as {@link Reading.read}.
 *
 * @since 0.1.0
 * @category decoding
 */
export const decode = <State>(
  decoder: FrameDecoder<State>,
  options: Options = {}
): (bytes: Stream.Stream<Uint8Array, ExchangeError>) => Stream.Stream<StreamPart, AttemptError> =>
  Reading.read(() => new FrameReader(decoder, options))

const damaged = malformed("a frame of the stream is damaged")

class FrameReader<State> extends Reading.Reader<State, Frame.Frame> {
  /** Bytes of a frame that is not whole yet, at the beginning of a buffer that grows. */
  private buffer = new Uint8Array(0)
  private held = 0
  private readonly parser = new Frame.Parser()
  private readonly maxFrameSize: number

  constructor(decoder: FrameDecoder<State>, options: Options) {
    super(decoder, options.refine)
    this.maxFrameSize = options.maxFrameSize ?? defaultMaxFrameSize
  }

  feed(chunk: Uint8Array): void {
    if (this.over) return
    const bytes = this.held === 0 ? chunk : this.hold(chunk)
    const used = this.takeFrames(bytes)
    if (this.over || used === bytes.length) this.held = 0
    else if (this.held === 0) this.hold(bytes.subarray(used))
    else {
      this.buffer.copyWithin(0, used, bytes.length)
      this.held = bytes.length - used
    }
  }

  /** Appends to what is held, and gives all of it. */
  private hold(chunk: Uint8Array): Uint8Array {
    const needed = this.held + chunk.length
    if (needed > this.buffer.length) {
      const larger = new Uint8Array(Math.max(needed, 2 * this.buffer.length))
      larger.set(this.buffer.subarray(0, this.held))
      this.buffer = larger
    }
    this.buffer.set(chunk, this.held)
    this.held = needed
    return this.buffer.subarray(0, needed)
  }

  /** Takes the whole frames at the beginning, and tells how many bytes they had. */
  private takeFrames(bytes: Uint8Array): number {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    let at = 0
    while (!this.over && bytes.length - at >= 4) {
      const length = view.getUint32(at)
      if (length < Frame.smallest) this.fail(malformed("the stream is not one of frames"))
      else if (length > this.maxFrameSize) {
        this.fail(malformed(`a frame of the stream is larger than ${this.maxFrameSize} bytes`))
      } else if (length > bytes.length - at) {
        // A damaged length would have the reader wait for bytes that do not come.
        if (!this.parser.isIntact(bytes.subarray(at))) this.fail(damaged)
        break
      } else {
        this.onFrame(bytes.subarray(at, at + length))
        at += length
      }
    }
    return at
  }

  private onFrame(bytes: Uint8Array): void {
    const frame = this.parser.parse(bytes)
    if (frame === undefined) this.fail(damaged)
    else this.onItem(frame)
  }

  /** A frame that is not whole is no frame. */
  protected flush(): void {}
}
