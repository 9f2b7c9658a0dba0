/**
 * Reading a response's body as text, no further than allowed.
 *
 * @since 0.1.0
 */
import { Effect, Stream } from "effect"
import type { Headers, HttpClientError, HttpClientResponse } from "effect/http"

/**
 * What was read of a body; not `complete` when it was larger than allowed.
 *
 * @since 0.1.0
 * @category models
 */
export interface Collected {
  readonly text: string
  readonly complete: boolean
}

/**
 * Up to `size` bytes of the body.
 *
 * @since 0.1.0
 * @category reading
 */
export const text = (
  response: HttpClientResponse.HttpClientResponse,
  headers: Headers.Headers,
  size: number
): Effect.Effect<Collected, HttpClientError.HttpClientError> => {
  const length = Number(headers["content-length"] ?? Number.NaN)
  // A told length is held by the client itself, unless fetch unpacks what it measures.
  if (length <= size && headers["content-encoding"] === undefined) {
    return Effect.map(response.text, (text) => ({ text, complete: true }))
  }
  return collect(response.stream, size)
}

/** Up to `size` bytes and no more; what is left is aborted. */
const collect = <E>(bytes: Stream.Stream<Uint8Array, E>, size: number): Effect.Effect<Collected, E> =>
  Effect.suspend(() => {
    const decoder = new TextDecoder()
    let text = ""
    let read = 0
    return bytes.pipe(
      Stream.takeWhile((chunk) => {
        const left = size - read
        read += chunk.length
        text += decoder.decode(chunk.length > left ? chunk.subarray(0, left) : chunk, { stream: true })
        return read <= size
      }),
      Stream.runDrain,
      Effect.map(() => ({ text: text + decoder.decode(), complete: read <= size }))
    )
  })
