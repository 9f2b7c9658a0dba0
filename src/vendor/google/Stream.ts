/**
 * The bytes of `streamGenerateContent` to parts.
 *
 * An error in the middle of a stream comes as plain JSON between the events, as Google's own client knows; a parser of
 * events overlooks it and would tell of a broken stream.
 *
 * @since 0.1.0
 */
import { Predicate, Stream } from "effect"
import * as Json from "../../wire/Json.ts"
import type { Protocol } from "../../wire/Protocol.ts"
import * as Sse from "../../wire/Sse.ts"
import * as Decode from "./Decode.ts"
import * as Failure from "./Failure.ts"

/** Characters of one event, 32 Mi: a picture comes whole in one event. */
const defaultMaxEventSize = 32 * 1024 * 1024

/** Bytes at the end of a stream that are looked at, 64 KiB as of any failure. */
const maxTail = 64 * 1024

/**
 * `maxEventSize` is in characters, by default 33,554,432; `turn` as in {@link Decode.streamDecoder}.
 *
 * @since 0.1.0
 * @category decoding
 */
export const decode = (turn: number, maxEventSize = defaultMaxEventSize): Protocol["streamed"] => (bytes, refine) =>
  Stream.suspend(() => {
    const tail = new Tail()
    return bytes.pipe(
      Stream.map((chunk) => {
        tail.push(chunk)
        return chunk
      }),
      Sse.decode(Decode.streamDecoder(turn), { refine, maxEventSize }),
      Stream.mapError((error) => {
        if (error.reason._tag !== "StreamInterrupted") return error
        const json = tail.json()
        return json === undefined ? error : refine(Failure.fromEvent(json))
      })
    )
  })

class Tail {
  private chunks: Array<Uint8Array> = []
  private size = 0

  push(chunk: Uint8Array): void {
    this.chunks.push(chunk)
    this.size += chunk.length
    while (this.chunks.length > 1 && this.size - this.chunks[0]!.length >= maxTail) {
      this.size -= this.chunks.shift()!.length
    }
  }

  /** The error after the last event, if there is one. */
  json(): unknown {
    const decoder = new TextDecoder()
    const text = this.chunks.map((chunk) => decoder.decode(chunk, { stream: true })).join("").trimEnd()
    const json = Json.parse(text.slice(Math.max(text.lastIndexOf("\n\n"), text.lastIndexOf("\r\n\r\n"), 0)))
    const body: unknown = Array.isArray(json) ? json[0] : json
    return Predicate.isObject(body) && "error" in body ? body : undefined
  }
}
