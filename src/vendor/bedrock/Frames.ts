/**
 * AWS's binary event stream to the parts of an answer.
 *
 * https://docs.aws.amazon.com/AmazonS3/latest/API/RESTSelectObjectAppendix.html describes the frames: a length, the
 * length of the headers, a checksum of both, headers, payload, a checksum of all.
 *
 * @since 0.1.0
 */
import { EventStreamCodec } from "@smithy/eventstream-codec"
import { Result, type Stream } from "effect"
import type { HttpClientError } from "effect/http"
import type { StreamPart } from "../../Response.ts"
import type { AttemptError } from "../../VendorError.ts"
import { malformed } from "../../wire/Decoding.ts"
import * as Reading from "../../wire/Reading.ts"

/** Bytes of one frame, 1 MiB: a whole image in one frame is the largest that a model sends. */
const defaultMaxFrameSize = 1024 * 1024

/**
 * A frame: an event of the answer, or what ended it (`exception`, or `error` where the fault is the connection's).
 *
 * @since 0.1.0
 * @category models
 */
export interface Frame {
  readonly kind: "event" | "exception" | "error"
  /** The type of the event or exception, or the code of the error. */
  readonly type: string
  /** Of an `error`. */
  readonly message?: string | undefined
  readonly payload: string
}

/**
 * @since 0.1.0
 * @category models
 */
export type FrameDecoder<State> = Reading.Decoder<State, Frame>

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

const fromUtf8 = new TextDecoder()
const toUtf8 = new TextEncoder()

const codec = new EventStreamCodec(
  (bytes) => typeof bytes === "string" ? bytes : fromUtf8.decode(bytes as Uint8Array),
  (text) => toUtf8.encode(text)
)

/** A length, the length of the headers and their checksum before, a checksum behind. */
const smallestFrame = 16

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
): (bytes: Stream.Stream<Uint8Array, HttpClientError.HttpClientError>) => Stream.Stream<StreamPart, AttemptError> =>
  Reading.read(() => new FrameReader(decoder, options))

class FrameReader<State> extends Reading.Reader<State, Frame> {
  /** Bytes of a frame that is not whole yet, at the beginning of a buffer that grows. */
  private buffer = new Uint8Array(0)
  private held = 0
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
      if (length < smallestFrame) this.fail(malformed("the stream is not one of frames"))
      else if (length > this.maxFrameSize) {
        this.fail(malformed(`a frame of the stream is larger than ${this.maxFrameSize} bytes`))
      } else if (length > bytes.length - at) break
      else {
        this.onFrame(bytes.subarray(at, at + length))
        at += length
      }
    }
    return at
  }

  private onFrame(bytes: Uint8Array): void {
    const frame = readFrame(bytes)
    if (frame === undefined) this.fail(malformed("a frame of the stream is damaged"))
    else this.onItem(frame)
  }

  /** A frame that is not whole is no frame. */
  protected flush(): void {}
}

const kinds = { event: ":event-type", exception: ":exception-type", error: ":error-code" } as const

/** `undefined` where a checksum is wrong or the headers are not what they should be. */
const readFrame = (bytes: Uint8Array): Frame | undefined => {
  const message = Result.try(() => codec.decode(bytes))
  if (Result.isFailure(message)) return undefined
  const { body, headers } = message.success
  const text = (name: string): string | undefined => {
    const header = headers[name]
    return header?.type === "string" ? header.value : undefined
  }
  const kind = text(":message-type")
  if (kind !== "event" && kind !== "exception" && kind !== "error") return undefined
  return { kind, type: text(kinds[kind]) ?? "", message: text(":error-message"), payload: fromUtf8.decode(body) }
}
