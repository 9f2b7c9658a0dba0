/**
 * What the pure work around one call costs, in each API that is both spoken with callers and with vendors: a body of some
 * 700 bytes read, checked and written for the vendor, the vendor's answer read and told, events on their way, a log line.
 *
 * `npm run bench:codec`; rounds alternate the order of all stages, figures are medians.
 */
import { Effect, Result } from "effect"
import type { Sse } from "effect/encoding"
import * as Request from "llmdispatcher/Request"
import * as Response from "llmdispatcher/Response"
import { cpus } from "node:os"
import * as AccessLog from "../../src/gateway/AccessLog.ts"
import * as AnthropicDialect from "../../src/gateway/anthropic/Anthropic.ts"
import type { Asked, Dialect, Incoming } from "../../src/gateway/Dialect.ts"
import * as GoogleDialect from "../../src/gateway/google/Google.ts"
import * as Json from "../../src/gateway/Json.ts"
import * as ChatDialect from "../../src/gateway/openai-chat/OpenAiChat.ts"
import * as ResponsesDialect from "../../src/gateway/openai-responses/OpenAiResponses.ts"
import * as AnthropicDecode from "../../src/vendor/anthropic/Decode.ts"
import * as AnthropicEncode from "../../src/vendor/anthropic/Encode.ts"
import * as GoogleDecode from "../../src/vendor/google/Decode.ts"
import * as GoogleEncode from "../../src/vendor/google/Encode.ts"
import * as ResponsesDecode from "../../src/vendor/openai-responses/Decode.ts"
import * as ResponsesEncode from "../../src/vendor/openai-responses/Encode.ts"
import * as ChatDecode from "../../src/vendor/openai/Decode.ts"
import * as ChatEncode from "../../src/vendor/openai/Encode.ts"
import { openai } from "../../src/vendor/openai/Profile.ts"
import type { StreamDecoder } from "../../src/wire/Sse.ts"
import type { Content } from "../conformance/Content.ts"
import type { Subject } from "../conformance/Subject.ts"
import { subjects } from "../conformance/subjects/index.ts"
import * as Script from "./gateway/Script.ts"
import { type Contender, measure } from "./Measure.ts"

const content: Content = {
  text: "Air scatters blue. ".repeat(20),
  finish: "stop",
  usage: { uncached: 120, cacheRead: 0, text: 100, reasoning: 0 }
}

const chatBody = Script.body({ events: 0, gap: 0, together: 0 })
const question = (JSON.parse(chatBody) as { readonly messages: ReadonlyArray<{ readonly content: string }> })
  .messages[1]!.content
const system = "You answer in short sentences."

interface Api {
  readonly name: string
  readonly dialect: Dialect
  readonly body: string
  readonly streamed: string
  readonly place?: Pick<Incoming, "path" | "query">
  readonly encode: (request: Request.Request, stream: boolean) => Result.Result<{ readonly body: unknown }, unknown>
  readonly whole: (json: unknown) => Result.Result<ReadonlyArray<Response.Part>, unknown>
  readonly decoder: StreamDecoder<any>
}

const anthropicBody = {
  model: "claude-haiku-5-5",
  system,
  messages: [{ role: "user", content: question }],
  max_tokens: 1_000
}
const responsesBody = { model: Script.model, instructions: system, input: question, max_output_tokens: 1_000 }
const googleBody = JSON.stringify({
  systemInstruction: { parts: [{ text: system }] },
  contents: [{ role: "user", parts: [{ text: question }] }],
  generationConfig: { maxOutputTokens: 1_000 }
})

const apis: ReadonlyArray<Api> = [
  {
    name: "openai",
    dialect: ChatDialect.dialect,
    body: chatBody,
    streamed: Script.body({ events: 1, gap: 0, together: 1 }),
    encode: (request, stream) => ChatEncode.encode({ request, model: Script.model }, openai, { stream }),
    whole: ChatDecode.whole,
    decoder: ChatDecode.streamDecoder
  },
  {
    name: "anthropic",
    dialect: AnthropicDialect.dialect,
    body: JSON.stringify(anthropicBody),
    streamed: JSON.stringify({ ...anthropicBody, stream: true }),
    encode: (request, stream) =>
      AnthropicEncode.encode({ request, model: "claude-haiku-5-5" }, { stream, names: ["anthropic"] }),
    whole: AnthropicDecode.whole,
    decoder: AnthropicDecode.streamDecoder
  },
  {
    name: "google",
    dialect: GoogleDialect.dialect,
    body: googleBody,
    streamed: googleBody,
    place: { path: { model: "gemini-2.5-flash", method: "generateContent" }, query: {} },
    encode: (request) => GoogleEncode.encode({ request, model: "gemini-2.5-flash" }, ["google"]),
    whole: GoogleDecode.whole(0),
    decoder: GoogleDecode.streamDecoder(0)
  },
  {
    name: "openai-responses",
    dialect: ResponsesDialect.dialect,
    body: JSON.stringify(responsesBody),
    streamed: JSON.stringify({ ...responsesBody, stream: true }),
    encode: (request, stream) => ResponsesEncode.encode({ request, model: Script.model }, openai, { stream }),
    whole: ResponsesDecode.whole("openai"),
    decoder: ResponsesDecode.streamDecoder("openai")
  }
]

const subjectOf = (name: string): Subject => subjects.find((subject) => subject.name === name)!

/** The events of a stream; the decoders look at no more of one than its name and data. */
const eventsOf = (entries: ReadonlyArray<string | Uint8Array>): ReadonlyArray<Sse.Event> =>
  entries.map((entry) => typeof entry === "string" ? entry : Buffer.from(entry).toString()).join("").split("\n\n")
    .filter((text) => text.includes("data: ")).map((text) => ({
      _tag: "Event",
      id: undefined,
      event: /^event: (.*)$/m.exec(text)?.[1] ?? "message",
      data: /^data: (.*)$/m.exec(text)![1]!
    }))

const limits: Json.Limits = { maxDepth: 100, maxValues: 1_000_000 }
const surroundings = { id: "abcdefghijklmnop", now: 1_700_000_000_000 }

const stagesOf = (api: Api): ReadonlyArray<Contender> => {
  const { dialect, encode, name } = api
  const bytes = Buffer.from(api.body)
  const read = (): unknown => Effect.runSync(Json.parse(bytes, limits))
  const understand = (body: unknown): Asked =>
    Result.getOrThrow(dialect.decode({ body, path: {}, query: {}, ...api.place }))
  const accept = (asked: Asked): Request.Request => Effect.runSync(Request.decode(asked.request))
  const write = (request: Request.Request): string => JSON.stringify(Result.getOrThrow(encode(request, false)).body)
  const answer = subjectOf(name).answer(content)
  const answerText = JSON.stringify(answer.whole)
  const parts = (): ReadonlyArray<Response.Part> => Result.getOrThrow(api.whole(JSON.parse(answerText)))
  const told = (asked: Asked, parts: ReadonlyArray<Response.Part>): string => {
    const finish = parts.findLast((part) => part.type === "finish")!
    const response = Response.make({
      id: "abcdefghijklmnop",
      vendor: name,
      target: `${name}/${Script.model}`,
      model: Script.model,
      finishReason: finish.reason,
      usage: finish.usage,
      timings: { startedAt: 1_700_000_000_000, total: 12 },
      attempts: [],
      losses: []
    }, parts)
    return JSON.stringify(asked.whole(response, surroundings))
  }
  const body = read()
  const asked = understand(body)
  const request = accept(asked)
  const whole = parts()
  const streamed = understand(JSON.parse(api.streamed))
  const events = eventsOf(answer.stream)
  const stream = (): number => {
    const state = api.decoder.initial()
    const writer = streamed.events(surroundings)
    let written = 0
    for (const event of events) {
      for (const part of Result.getOrThrow(api.decoder.step(state, event))) written += writer.part(part).length
    }
    return written
  }
  const stage = (title: string, run: () => unknown, units = 1): Contender => ({
    name: `${name}: ${title}`,
    units,
    run: (times) => {
      for (let time = 0; time < times; time++) run()
      return Promise.resolve()
    }
  })
  return [
    stage("read JSON", read),
    stage("understand", () => understand(body)),
    stage("accept", () => accept(asked)),
    stage("encode", () => write(request)),
    stage("all: body to vendor", () => write(accept(understand(read())))),
    stage("decode answer", parts),
    stage("tell answer", () => told(asked, whole)),
    stage("all: answer to caller", () => told(asked, parts())),
    stage("event", stream, events.length)
  ]
}

const accessLines: Contender = {
  name: "access line",
  units: 100,
  run: (times) =>
    Effect.runPromise(Effect.scoped(Effect.gen(function*() {
      const { log } = yield* AccessLog.make({ write: () => Effect.void })
      for (let time = 0; time < times; time++) {
        for (let line = 0; line < 100; line++) {
          log({
            id: "abcdefghijklmnop",
            method: "POST",
            path: "/v1/chat/completions",
            status: 200,
            startedAt: 1_700_000_000_000 + time * 100 + line,
            duration: 12.345678,
            principal: "team",
            target: "openai/gpt-5-mini"
          })
        }
        yield* Effect.yieldNow
      }
    })))
}

const rounds = Number(process.argv[2] ?? 15)
const times = Number(process.argv[3] ?? 1_000)
const fast = await measure(apis.flatMap(stagesOf), { rounds, times })
const [line] = await measure([accessLines], { rounds, times: Math.ceil(times / 10) })
const figures = [...fast, line!]

const width = Math.max(...figures.map(({ name }) => name.length))
console.log(`Node ${process.version}, ${cpus()[0]?.model ?? "unknown processor"} × ${cpus().length}\n`)
console.log(`| ${"stage".padEnd(width)} | ${"µs".padStart(7)} | ${"bytes".padStart(7)} |`)
console.log(`| ${"-".repeat(width)} | ${"-".repeat(6)}: | ${"-".repeat(6)}: |`)
for (const { bytes, microseconds, name } of figures) {
  const cells = [microseconds.toFixed(2), Math.round(bytes).toLocaleString("en-US")]
  console.log(`| ${name.padEnd(width)} | ${cells.map((cell) => cell.padStart(7)).join(" | ")} |`)
}
