/**
 * Reading a response's body as text, no further than allowed.
 *
 * @since 0.1.0
 */
import { Effect, Stream } from "effect"
import type { Headers, HttpClientError, HttpClientResponse } from "effect/http"

/**
 * The body, `undefined` when it is larger than `maxBodySize` bytes.
 *
 * @since 0.1.0
 * @category reading
 */
export const text = (
  response: HttpClientResponse.HttpClientResponse,
  headers: Headers.Headers,
  maxBodySize: number
): Effect.Effect<string | undefined, HttpClientError.HttpClientError> => {
  const length = Number(headers["content-length"] ?? Number.NaN)
  // A told length is held by the client itself, unless fetch unpacks what it measures.
  if (length <= maxBodySize && headers["content-encoding"] === undefined) return response.text
  return Effect.map(collect(response.stream, maxBodySize), ({ complete, text }) => complete ? text : undefined)
}

/**
 * Up to `size` bytes and no more; what is left is aborted.
 *
 * @since 0.1.0
 * @category reading
 */
export const collect = <E>(bytes: Stream.Stream<Uint8Array, E>, size: number) =>
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
