/** An HTTP client that answers what it is told, its bytes cut as it is told. */
import { Effect, Layer } from "effect"
import { HttpClient, HttpClientResponse } from "effect/http"

export interface Served {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly chunks: ReadonlyArray<Uint8Array>
}

export interface Sent {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: unknown
}

export interface Playback {
  readonly sent: ReadonlyArray<Sent>
  readonly layer: Layer.Layer<HttpClient.HttpClient>
}

const encoder = new TextEncoder()

export const bytesOf = (entries: ReadonlyArray<string | Uint8Array>): Uint8Array =>
  Buffer.concat(entries.map((entry) => typeof entry === "string" ? encoder.encode(entry) : entry))

/** The same bytes in pieces of `size`. */
export const cut = (bytes: Uint8Array, size: number): ReadonlyArray<Uint8Array> => {
  const chunks: Array<Uint8Array> = []
  for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size))
  return chunks
}

export const json = (status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Served => ({
  status,
  headers: { "content-type": "application/json", ...headers },
  chunks: [encoder.encode(typeof body === "string" ? body : JSON.stringify(body))]
})

const streamOf = (chunks: ReadonlyArray<Uint8Array>) => {
  let next = 0
  return new ReadableStream<Uint8Array>({
    pull: (controller) => {
      const chunk = chunks[next++]
      if (chunk === undefined) controller.close()
      else controller.enqueue(chunk)
    }
  })
}

export const make = (answer: (sent: Sent) => Served): Playback => {
  const sent: Array<Sent> = []
  const client = HttpClient.make((request, url) =>
    Effect.sync(() => {
      const text = request.body._tag === "Uint8Array" ? new TextDecoder().decode(request.body.body) : undefined
      const received: Sent = {
        method: request.method,
        url: url.href,
        headers: { ...request.headers },
        body: text === undefined ? undefined : JSON.parse(text)
      }
      sent.push(received)
      const { chunks, headers, status } = answer(received)
      return HttpClientResponse.fromWeb(request, new Response(streamOf(chunks), { status, headers }))
    })
  )
  return { sent, layer: Layer.succeed(HttpClient.HttpClient, client) }
}
