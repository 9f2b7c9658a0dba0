/**
 * A vendor that speaks OpenAI's chat completions and does nothing else: every byte it sends is made beforehand.
 */
import { createServer, type Socket } from "node:net"
import { HttpReader } from "./HttpReader.ts"
import { mark, model, read, type Script, word } from "./Script.ts"

const usage = {
  prompt_tokens: 120,
  completion_tokens: 100,
  total_tokens: 220,
  prompt_tokens_details: { cached_tokens: 0 },
  completion_tokens_details: { reasoning_tokens: 0 }
}

const whole = (() => {
  const body = JSON.stringify({
    id: "chatcmpl-bench",
    object: "chat.completion",
    created: 1_700_000_000,
    model,
    choices: [{
      index: 0,
      message: { role: "assistant", content: mark + "Air scatters blue. ".repeat(20), refusal: null },
      logprobs: null,
      finish_reason: "stop"
    }],
    usage,
    service_tier: "default"
  })
  return Buffer.from(
    `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-request-id: req_bench\r\ncontent-length: ${
      Buffer.byteLength(body)
    }\r\n\r\n${body}`
  )
})()

const head = Buffer.from(
  "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\nx-request-id: req_bench\r\n" +
    "transfer-encoding: chunked\r\n\r\n"
)

const framed = (text: string): string => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`

const event = (choices: ReadonlyArray<unknown>, more: object = {}): string =>
  `data: ${
    JSON.stringify({
      id: "chatcmpl-bench",
      object: "chat.completion.chunk",
      created: 1_700_000_000,
      model,
      service_tier: "default",
      system_fingerprint: "fp_bench",
      choices,
      ...more
    })
  }\n\n`

const delta = (delta: object, finish: string | null = null) =>
  event([{ index: 0, delta, logprobs: null, finish_reason: finish }])

/** What is written, in its order: the first with the head, the last with all that ends the stream. */
const pieces = new Map<string, ReadonlyArray<Buffer>>()
const piecesOf = ({ events, together }: Script): ReadonlyArray<Buffer> => {
  const key = `${events} ${together}`
  const known = pieces.get(key)
  if (known !== undefined) return known
  const made: Array<Buffer> = []
  for (let at = 0; at < events; at += together) {
    let text = at === 0 ? delta({ role: "assistant", content: "", refusal: null }) : ""
    for (let index = at; index < Math.min(events, at + together); index++) text += delta({ content: word(index) })
    if (at + together >= events) text += delta({}, "stop") + event([], { usage }) + "data: [DONE]\n\n"
    const last = at + together >= events ? "0\r\n\r\n" : ""
    const bytes = Buffer.from(framed(text) + last)
    made.push(at === 0 ? Buffer.concat([head, bytes]) : bytes)
  }
  pieces.set(key, made)
  return made
}

let aborted = 0

const stream = (socket: Socket, script: Script): void => {
  const all = piecesOf(script)
  let next = 0
  const step = () => {
    if (socket.destroyed) {
      aborted += 1
      return
    }
    socket.write(all[next++]!)
    if (next === all.length) return
    if (script.gap > 0) setTimeout(step, script.gap)
    else setImmediate(step)
  }
  step()
}

const server = createServer({ noDelay: true }, (socket) => {
  let body = ""
  const reader = new HttpReader({
    head: () => {
      body = ""
    },
    data: (bytes) => {
      body += bytes.toString("latin1")
    },
    end: () => {
      const script = read(body)
      if (script.events === 0) socket.write(whole)
      else stream(socket, script)
    }
  })
  socket.on("data", (bytes) => reader.feed(bytes))
  socket.on("error", () => socket.destroy())
})

process.on("message", () => process.send!({ aborted }))
process.on("disconnect", () => process.exit())
server.listen({ port: 0, host: "127.0.0.1", backlog: 4_096 }, () => {
  const address = server.address()
  process.send!({ port: typeof address === "object" && address !== null ? address.port : 0 })
})
