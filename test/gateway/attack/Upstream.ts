/** One server in the place of all vendors: it writes down what it is sent, and does what a word in the prompt says. */
import { Effect, type Scope } from "effect"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"

export interface Received {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage["headers"]
  readonly body: string
  /** Bytes of its answer that the socket took. */
  written: number
  /** When it was given up, in milliseconds of the monotonic clock. */
  goneAt: number | undefined
  isOver: boolean
}

export interface Upstream {
  readonly url: string
  readonly received: Array<Received>
  /** Ends every answer that `!hold` keeps back. */
  readonly release: () => void
}

const json = (value: unknown) => JSON.stringify(value)
const sse = (value: unknown, event?: string) =>
  `${event === undefined ? "" : `event: ${event}\n`}data: ${json(value)}\n\n`

/** An API's way to answer: whole, and a stream's beginning, one word of it, and its end. */
interface Voice {
  readonly type: string
  readonly whole: (text: string) => unknown
  readonly begin: string
  readonly word: (text: string) => string
  readonly end: string
}

const chunk = (delta: object, finish_reason: string | null = null) =>
  sse({
    id: "c1",
    object: "chat.completion.chunk",
    created: 1,
    model: "m",
    choices: [{ index: 0, delta, finish_reason }]
  })

const chat: Voice = {
  type: "text/event-stream",
  whole: (content) => ({
    id: "c1",
    object: "chat.completion",
    created: 1,
    model: "m",
    choices: [{ index: 0, message: { role: "assistant", content }, finish_reason: "stop" }],
    usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 }
  }),
  begin: chunk({ role: "assistant", content: "Once" }),
  word: (content) => chunk({ content }),
  end: `${chunk({}, "stop")}data: [DONE]\n\n`
}

const response = (text: string, status = "completed") => ({
  id: "resp_1",
  object: "response",
  created_at: 1,
  status,
  model: "m",
  output: text === "" ? [] : [{
    type: "message",
    id: "msg_1",
    role: "assistant",
    status: "completed",
    content: [{ type: "output_text", text, annotations: [] }]
  }],
  usage: { input_tokens: 3, output_tokens: 2, total_tokens: 5 }
})
const delta = (text: string) =>
  sse({ type: "response.output_text.delta", item_id: "msg_1", output_index: 0, content_index: 0, delta: text })

const responses: Voice = {
  type: "text/event-stream",
  whole: (text) => response(text),
  begin: sse({ type: "response.created", response: response("", "in_progress") }) +
    sse({
      type: "response.output_item.added",
      output_index: 0,
      item: { type: "message", id: "msg_1", role: "assistant", content: [] }
    }) + delta("Once"),
  word: delta,
  end: sse({ type: "response.completed", response: response("Once") })
}

const message = (content: ReadonlyArray<unknown>, stop_reason: string | null) => ({
  id: "msg_1",
  type: "message",
  role: "assistant",
  model: "m",
  content,
  stop_reason,
  stop_sequence: null,
  usage: { input_tokens: 3, output_tokens: 2 }
})
const textDelta = (text: string) =>
  sse({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text } }, "content_block_delta")

const messages: Voice = {
  type: "text/event-stream",
  whole: (text) => message([{ type: "text", text }], "end_turn"),
  begin: sse({ type: "message_start", message: message([], null) }, "message_start") +
    sse({ type: "content_block_start", index: 0, content_block: { type: "text", text: "" } }, "content_block_start") +
    textDelta("Once"),
  word: textDelta,
  end: sse({ type: "content_block_stop", index: 0 }, "content_block_stop") +
    sse({ type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 2 } }, "message_delta") +
    sse({ type: "message_stop" }, "message_stop")
}

const candidate = (text: string, finishReason?: string) => ({
  candidates: [{ index: 0, content: { role: "model", parts: [{ text }] }, ...(finishReason && { finishReason }) }],
  usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 2, totalTokenCount: 5 },
  modelVersion: "m"
})

const google: Voice = {
  type: "text/event-stream",
  whole: (text) => candidate(text, "STOP"),
  begin: sse(candidate("Once")),
  word: (text) => sse(candidate(text)),
  end: sse(candidate("", "STOP"))
}

const line = (content: string, rest: object = { done: false }) =>
  `${json({ model: "m", created_at: "2026-01-01T00:00:00Z", message: { role: "assistant", content }, ...rest })}\n`
const over = { done: true, done_reason: "stop", prompt_eval_count: 3, eval_count: 2 }

const ollama: Voice = {
  type: "application/x-ndjson",
  whole: (text) => JSON.parse(line(text, over)),
  begin: line("Once"),
  word: (text) => line(text),
  end: line("", over)
}

const voiceOf = (url: string): Voice =>
  url.endsWith("/responses")
    ? responses
    : url.endsWith("/messages")
    ? messages
    : url.includes(":generateContent") || url.includes(":streamGenerateContent")
    ? google
    : url.endsWith("/api/chat")
    ? ollama
    : chat

const isStream = ({ body, url }: Received): boolean =>
  url.includes(":stream") || (JSON.parse(body) as { readonly stream?: boolean }).stream === true

/** Ends a stream with these words told one after the other. */
const tell = (response: ServerResponse, voice: Voice, words: number, pause: number): void => {
  let told = 0
  const next = () => {
    if (response.destroyed) return
    if (told++ === words) return void response.end(voice.end)
    response.write(voice.word(` ${told}`))
    setTimeout(next, pause)
  }
  next()
}

/** Writes as fast as the socket takes it, until the caller goes. */
const flood = (response: ServerResponse, voice: Voice, received: Received): void => {
  const word = voice.word("x".repeat(4_096))
  const more = () => {
    while (!response.destroyed) {
      received.written += word.length
      if (!response.write(word)) return void response.once("drain", more)
    }
  }
  more()
}

const answer = (received: Received, response: ServerResponse, held: Set<() => void>): void => {
  if (/embed/i.test(received.url)) {
    response.writeHead(200, { "content-type": "application/json" })
    return void response.end(json({ data: [{ index: 0, embedding: [1] }], embeddings: [[1]] }))
  }
  const voice = voiceOf(received.url)
  const { body } = received
  const failure = /!fail(\d+)/.exec(body)
  if (failure !== null) {
    response.writeHead(Number(failure[1]), { "content-type": "application/json" })
    // As some do: what they were sent stands in what they complain of.
    const message = `no: ${received.headers["authorization"] ?? received.headers["x-api-key"] ?? ""}`
    return void response.end(json({ error: { message, type: "error" }, type: "error" }))
  }
  if (!isStream(received)) {
    const end = () => {
      response.writeHead(200, { "content-type": "application/json" })
      response.end(json(voice.whole(body.includes("!long") ? "x".repeat(4_000_000) : "Once")))
    }
    if (!body.includes("!hold")) return end()
    return void held.add(end)
  }
  response.writeHead(200, { "content-type": voice.type })
  response.write(voice.begin)
  if (body.includes("!flood")) return flood(response, voice, received)
  if (body.includes("!hold")) return void held.add(() => response.end(voice.end))
  const words = /!words(\d+)/.exec(body)
  tell(response, voice, words === null ? 2 : Number(words[1]), words === null ? 0 : 20)
}

/** Listens until the Scope closes. */
export const make: Effect.Effect<Upstream, never, Scope.Scope> = Effect.gen(function*() {
  const received: Array<Received> = []
  const held = new Set<() => void>()
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    const chunks: Array<Buffer> = []
    request.on("error", () => {}).on("data", (chunk: Buffer) => chunks.push(chunk))
    request.on("end", () => {
      const call: Received = {
        method: request.method ?? "",
        url: request.url ?? "",
        headers: request.headers,
        body: Buffer.concat(chunks).toString(),
        written: 0,
        goneAt: undefined,
        isOver: false
      }
      received.push(call)
      response.on("error", () => {}).on("close", () => {
        call.isOver = true
        if (!response.writableFinished) call.goneAt = performance.now()
      })
      if (call.method === "GET") {
        response.writeHead(200, { "content-type": "application/json" })
        return void response.end(json({ object: "list", data: [], models: [] }))
      }
      answer(call, response, held)
    })
  })
  yield* Effect.promise(() => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve)))
  yield* Effect.addFinalizer(() =>
    Effect.promise(() => {
      server.closeAllConnections()
      return new Promise<void>((resolve) => server.close(() => resolve()))
    })
  )
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    release: () => {
      for (const end of held) end()
      held.clear()
    }
  }
})
