/**
 * One frame of AWS's binary event stream.
 *
 * https://docs.aws.amazon.com/AmazonS3/latest/API/RESTSelectObjectAppendix.html describes it: its length, the length of
 * its headers, a checksum of both, headers, payload, a checksum of all.
 *
 * @since 0.1.0
 */
import { Crc32 } from "@smithy/core/checksum"
import { HeaderMarshaller } from "@smithy/core/event-streams"
import { Result } from "effect"

/**
 * An event of the answer, or what ended it (`exception`, or `error` where the fault is the connection's).
 *
 * @since 0.1.0
 * @category models
 */
export interface Frame extends Head {
  readonly payload: string
}

/** What the headers say. */
interface Head {
  readonly kind: "event" | "exception" | "error"
  /** The type of the event or exception, or the code of the error. */
  readonly type: string
  /** Of an `error`. */
  readonly message: string | undefined
}

const fromUtf8 = new TextDecoder()
const toUtf8 = new TextEncoder()

const marshaller = new HeaderMarshaller(
  (bytes) => typeof bytes === "string" ? bytes : fromUtf8.decode(bytes as Uint8Array),
  (text) => toUtf8.encode(text)
)

const preludeSize = 12
const checksumSize = 4

/**
 * Bytes of a frame without headers and payload.
 *
 * @since 0.1.0
 * @category constants
 */
export const smallest = preludeSize + checksumSize

/**
 * Reads the frames of one stream, each whole.
 *
 * The headers of one piece of text are those of the next, so what they say is remembered until a frame has others.
 *
 * @since 0.1.0
 * @category parsing
 */
export class Parser {
  private readonly crc32 = new Crc32()
  private headers = new Uint8Array(0)
  private head: Head | undefined = undefined

  /**
   * Whether the lengths at the beginning of a frame are as they were sent; `true` where they are not whole yet.
   *
   * Only who waits for the rest of a frame has to ask: what {@link parse} verifies covers them too.
   */
  isIntact(beginning: Uint8Array): boolean {
    return beginning.length < preludeSize || this.checksumOf(beginning.subarray(0, 8)) === uint32(beginning, 8)
  }

  /** `undefined` where the checksum is wrong or the headers are not what they should be. */
  parse(bytes: Uint8Array): Frame | undefined {
    const end = bytes.length - checksumSize
    // It covers the lengths and their checksum too, so that theirs need not be computed: a frame cut by a wrong length
    // ends with four bytes that are no checksum of what stands before them.
    if (this.checksumOf(bytes.subarray(0, end)) !== uint32(bytes, end)) return undefined
    const begin = preludeSize + uint32(bytes, 4)
    if (begin > end) return undefined
    const headers = bytes.subarray(preludeSize, begin)
    if (!equal(headers, this.headers)) {
      // A copy, which a Buffer's slice is not: the next frame may be written to the same bytes, and nothing behind the
      // headers is to be read as theirs.
      this.headers = new Uint8Array(headers)
      this.head = headOf(this.headers)
    }
    if (this.head === undefined) return undefined
    const { kind, message, type } = this.head
    return { kind, type, message, payload: fromUtf8.decode(bytes.subarray(begin, end)) }
  }

  private checksumOf(bytes: Uint8Array): number {
    this.crc32.reset()
    this.crc32.update(bytes)
    return this.crc32.digestSync()
  }
}

const uint32 = (bytes: Uint8Array, at: number): number =>
  (bytes[at]! << 24 | bytes[at + 1]! << 16 | bytes[at + 2]! << 8 | bytes[at + 3]!) >>> 0

const equal = (a: Uint8Array, b: Uint8Array): boolean => {
  if (a.length !== b.length) return false
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false
  return true
}

const kinds = { event: ":event-type", exception: ":exception-type", error: ":error-code" } as const

const headOf = (bytes: Uint8Array): Head | undefined => {
  const headers = Result.try(() => marshaller.parse(new DataView(bytes.buffer)))
  if (Result.isFailure(headers)) return undefined
  const text = (name: string): string | undefined => {
    const header = headers.success[name]
    return header?.type === "string" ? header.value : undefined
  }
  const kind = text(":message-type")
  if (kind !== "event" && kind !== "exception" && kind !== "error") return undefined
  return { kind, type: text(kinds[kind]) ?? "", message: text(":error-message") }
}
