/** One vendor through every case; a cell is one case of one vendor. */
import { Duration, Effect, Exit, Fiber, Schema, type Scope, Stream } from "effect"
import { FetchHttpClient } from "effect/http"
import * as Conversation from "llmdispatcher/Conversation"
import * as Request from "llmdispatcher/Request"
import * as Response from "llmdispatcher/Response"
import type { Vendor } from "llmdispatcher/Vendor"
import type { AttemptError } from "llmdispatcher/VendorError"
import { isDeepStrictEqual } from "node:util"
import * as FaultServer from "../wire/FaultServer.ts"
import { type Case, cases } from "./cases.ts"
import type { Content } from "./Content.ts"
import * as Playback from "./Playback.ts"
import type { Answer, Feature, Subject } from "./Subject.ts"

export class CellFailure extends Schema.TaggedError<CellFailure>("CellFailure")("CellFailure", {
  message: Schema.String
}) {}

export interface Cell {
  readonly name: string
  /** Why it is not there for this vendor. */
  readonly absent?: string
  readonly run: Effect.Effect<void, CellFailure>
}

const baseUrl = "http://vendor.test/base"

const fail = (message: string) => Effect.fail(new CellFailure({ message }))

const show = (value: unknown): string => JSON.stringify(value) ?? String(value)

const expectEqual = (what: string, actual: unknown, expected: unknown): Effect.Effect<void, CellFailure> =>
  isDeepStrictEqual(actual, expected) ? Effect.void : fail(`${what} is ${show(actual)}, not ${show(expected)}`)

// -----------------------------------------------------------------------------
// Calling
// -----------------------------------------------------------------------------

interface Collected {
  readonly parts: ReadonlyArray<Response.StreamPart>
  readonly error: AttemptError | undefined
  readonly losses: ReadonlyArray<Response.Loss>
}

const collect = (vendor: Vendor, call: { readonly request: Request.Request; readonly model: string }) =>
  Effect.gen(function*() {
    const parts: Array<Response.StreamPart> = []
    let losses: ReadonlyArray<Response.Loss> = []
    const exit = yield* vendor.stream(call).pipe(
      Effect.flatMap((stream) => {
        losses = stream.losses
        return Stream.runForEach(stream.parts, (part) => Effect.sync(() => void parts.push(part)))
      }),
      Effect.scoped,
      Effect.result
    )
    const collected: Collected = { parts, losses, error: exit._tag === "Failure" ? exit.failure : undefined }
    return collected
  })

const playing = <A, E>(
  subject: Subject,
  answer: (sent: Playback.Sent) => Playback.Served,
  use: (vendor: Vendor, playback: Playback.Playback) => Effect.Effect<A, E, Scope.Scope>
) => {
  const playback = Playback.make(answer)
  return subject.make(baseUrl).pipe(
    Effect.flatMap((vendor) => use(vendor, playback)),
    Effect.provide(playback.layer),
    Effect.scoped
  )
}

const streamed = (subject: Subject, bytes: Uint8Array, size = bytes.length): Playback.Served => ({
  status: 200,
  headers: { "content-type": subject.streamType },
  chunks: Playback.cut(bytes, Math.max(size, 1))
})

const decode = (input: Request.RequestInput) => Effect.orDie(Request.decode(input))

// -----------------------------------------------------------------------------
// Content
// -----------------------------------------------------------------------------

const textOf = (parts: ReadonlyArray<Response.Part>, type: "text" | "reasoning"): string =>
  parts.map((part) => part.type === type ? part.text : "").join("")

const checkUsage = (usage: Response.Usage, expected: Content["usage"], feature: Feature | undefined) =>
  Effect.gen(function*() {
    yield* expectEqual("usage.inputTokens.total", usage.inputTokens.total, expected.uncached + expected.cacheRead)
    yield* expectEqual("usage.outputTokens.total", usage.outputTokens.total, expected.text + expected.reasoning)
    if (feature === "cached usage") {
      yield* expectEqual("usage.inputTokens.cacheRead", usage.inputTokens.cacheRead, expected.cacheRead)
      yield* expectEqual("usage.inputTokens.uncached", usage.inputTokens.uncached, expected.uncached)
    }
    if (feature === "reasoning usage") {
      yield* expectEqual("usage.outputTokens.reasoning", usage.outputTokens.reasoning, expected.reasoning)
      yield* expectEqual("usage.outputTokens.text", usage.outputTokens.text, expected.text)
    }
  })

const checkContent = (parts: ReadonlyArray<Response.Part>, content: Content, feature?: Feature) =>
  Effect.gen(function*() {
    yield* expectEqual("the text", textOf(parts, "text"), content.text ?? "")
    yield* expectEqual("the reasoning", textOf(parts, "reasoning"), content.reasoning?.text ?? "")
    const calls = parts.filter((part) => part.type === "tool-call")
    yield* expectEqual(
      "the tool calls",
      calls.map(({ name, params }) => ({ name, params })),
      (content.toolCalls ?? []).map(({ name, params }) => ({ name, params }))
    )
    yield* expectEqual("the number of different ids", new Set(calls.map(({ id }) => id)).size, calls.length)
    const finishes = parts.filter((part) => part.type === "finish")
    yield* expectEqual("the number of finish parts", finishes.length, 1)
    yield* expectEqual("the last part", parts.at(-1)?.type, "finish")
    yield* expectEqual("the finish reason", finishes[0]!.reason, content.finish)
    yield* checkUsage(finishes[0]!.usage, content.usage, feature)
  })

const checkSent = (subject: Subject, playback: Playback.Playback, stream: boolean, texts: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const { body } = playback.sent[0]!
    const faults = subject.contract?.(body, { stream }) ?? []
    if (faults.length > 0) return yield* fail(`the body breaks the contract: ${faults.join("; ")}`)
    const json = JSON.stringify(body)
    const missing = texts.find((text) => !json.includes(JSON.stringify(text).slice(1, -1)))
    if (missing !== undefined) return yield* fail(`"${missing}" is not in the body that was sent`)
  })

/** Whole, then streamed with its bytes cut in every way; all must say the same. */
const contentCell = (subject: Subject, { content, feature, request, sent = [] }: Case) =>
  Effect.gen(function*() {
    const call = { request: yield* decode(request), model: subject.model }
    const answer = subject.answer(content)
    const whole = yield* playing(subject, () =>
      Playback.json(200, answer.whole), (vendor, playback) =>
      Effect.gen(function*() {
        const { losses, parts } = yield* Effect.catch(vendor.send(call), (error) =>
          fail(`whole: ${error.message}`))
        yield* checkSent(subject, playback, false, sent)
        yield* expectEqual("the list of losses", losses, [])
        yield* checkContent(parts, content, feature)
        return parts
      }))
    const bytes = Playback.bytesOf(answer.stream)
    for (const size of [bytes.length, 1, 2, 3, 7, 61]) {
      yield* playing(subject, () =>
        streamed(subject, bytes, size), (vendor, playback) =>
        Effect.gen(function*() {
          const { error, parts } = yield* collect(vendor, call)
          const where = `streamed, cut to ${size} bytes`
          if (error !== undefined) return yield* fail(`${where}: ${error.message}`)
          if (size === bytes.length) yield* checkSent(subject, playback, true, sent)
          const folded = Response.fold(parts)
          yield* Effect.mapError(checkContent(folded, content, feature), ({ message }) =>
            new CellFailure({ message: `${where}: ${message}` }))
          yield* expectEqual(`${where}: what it says, folded,`, contentOf(folded), contentOf(whole))
        }))
    }
  })

/** Without what differs between two answers of a real API: ids and times. */
const contentOf = (parts: ReadonlyArray<Response.Part>): ReadonlyArray<unknown> =>
  parts.filter(({ type }) => type !== "response-metadata" && type !== "finish")

// -----------------------------------------------------------------------------
// Faults of a stream
// -----------------------------------------------------------------------------

const spoken: Content = {
  text: "Hello! How can I help you today?",
  toolCalls: [{ id: "call_a1", name: "now", params: {} }],
  finish: "tool-calls",
  usage: { uncached: 25, cacheRead: 0, text: 12, reasoning: 0 }
}

const hello = (subject: Subject) =>
  decode({
    prompt: "Hello",
    ...(subject.without.tools === undefined
      ? { tools: [{ name: "now", parameters: { type: "object", properties: {} } }] }
      : undefined)
  })

/** However a stream is cut before its end, it is never a success. */
const cutCell = (subject: Subject) =>
  Effect.gen(function*() {
    const call = { request: yield* hello(subject), model: subject.model }
    const entries =
      subject.answer({ ...spoken, toolCalls: subject.without.tools === undefined ? spoken.toolCalls : [] })
        .stream
    const needed = entries.length - subject.epilogue
    for (let kept = 0; kept <= entries.length; kept++) {
      const bytes = Playback.bytesOf(entries.slice(0, kept))
      const { error, parts } = yield* playing(
        subject,
        () => streamed(subject, bytes),
        (vendor) => collect(vendor, call)
      )
      const where = `with ${kept} of ${entries.length} entries`
      if (kept < needed) {
        if (error === undefined) return yield* fail(`${where} it ended well`)
        yield* expectEqual(`${where} the reason`, error.reason._tag, "StreamInterrupted")
        if (parts.some(({ type }) => type === "finish")) return yield* fail(`${where} it has a finish part`)
      } else if (error !== undefined) return yield* fail(`${where} it failed: ${error.message}`)
    }
    const needles = Playback.bytesOf(entries.slice(0, needed)).length
    const all = Playback.bytesOf(entries)
    // Inside the last needed entry a few bytes of its line end may be missing.
    for (let size = 1; size < needles - 4; size += 13) {
      const { error } = yield* playing(
        subject,
        () => streamed(subject, all.subarray(0, size)),
        (vendor) => collect(vendor, call)
      )
      if (error === undefined) return yield* fail(`cut after ${size} of ${all.length} bytes it ended well`)
    }
  })

const streamFailureCell = (subject: Subject) =>
  Effect.gen(function*() {
    const call = { request: yield* hello(subject), model: subject.model }
    if (subject.streamFailures.length === 0) return yield* fail("there is no failure in a stream to try")
    const begun = begin(subject)
    for (const { entries, name, reason } of subject.streamFailures) {
      const bytes = Playback.bytesOf([...begun, ...entries])
      const { error, parts } = yield* playing(
        subject,
        () => streamed(subject, bytes),
        (vendor) => collect(vendor, call)
      )
      yield* expectEqual(`${name}: the reason`, error?.reason._tag, reason)
      if (parts.some(({ type }) => type === "finish")) return yield* fail(`${name}: it has a finish part`)
    }
    const garbage = subject.streamType === "text/event-stream" ? "data: <html>\n\n" : "<html>\n"
    const { error } = yield* playing(
      subject,
      () => streamed(subject, Playback.bytesOf([...begun, garbage])),
      (vendor) => collect(vendor, call)
    )
    if (error === undefined) return yield* fail("garbage in the stream: it ended well")
  })

/** The first entries of an answer, up to some text. */
const begin = (subject: Subject): Answer["stream"] => {
  const { stream } = subject.answer({ text: "Hello", finish: "stop", usage: spoken.usage })
  return stream.slice(0, stream.length - subject.epilogue - 1)
}

// -----------------------------------------------------------------------------
// Ends and failures
// -----------------------------------------------------------------------------

const finishCell = (subject: Subject) =>
  Effect.gen(function*() {
    const call = { request: yield* hello(subject), model: subject.model }
    for (const [word, { answer, reason }] of Object.entries(subject.finishes)) {
      const whole = yield* playing(subject, () => Playback.json(200, answer.whole), (vendor) => vendor.send(call)).pipe(
        Effect.catch((error) => fail(`${word}: ${error.message}`))
      )
      const { error, parts } = yield* playing(
        subject,
        () => streamed(subject, Playback.bytesOf(answer.stream)),
        (vendor) => collect(vendor, call)
      )
      if (error !== undefined) return yield* fail(`${word}, streamed: ${error.message}`)
      const reasonOf = (parts: ReadonlyArray<Response.Part | Response.StreamPart>) =>
        parts.map((part) => part.type === "finish" ? part.reason : "").join("")
      yield* expectEqual(`${word}: the finish reason`, reasonOf(whole.parts), reason)
      yield* expectEqual(`${word}, streamed: the finish reason`, reasonOf(parts), reason)
    }
  })

const canary = "sk-canary-0123456789abcdef"

const failureCell = (subject: Subject, tag: keyof Subject["failures"]) =>
  Effect.gen(function*() {
    const call = { request: yield* hello(subject), model: subject.model }
    const answers = subject.failures[tag]
    if ("absent" in answers) return
    for (const { body, headers = {}, retryAfter, status } of answers) {
      const serve = () => Playback.json(status, body, headers)
      for (const streams of [false, true]) {
        const error = yield* playing(
          subject,
          serve,
          (vendor) =>
            streams ? Effect.map(collect(vendor, call), ({ error }) => error) : Effect.match(vendor.send(call), {
              onFailure: (error): AttemptError | undefined => error,
              onSuccess: () => undefined
            })
        )
        const where = `${status} ${show(body).slice(0, 80)}${streams ? ", streamed" : ""}`
        yield* expectEqual(`${where}: the reason`, error?.reason._tag, tag)
        yield* expectEqual(`${where}: the status`, error?.status, status)
        if (retryAfter !== undefined) {
          const wait = error?._tag === "RetryableError" && error.retryAfter !== undefined
            ? Duration.toMillis(error.retryAfter)
            : undefined
          yield* expectEqual(`${where}: the wait`, wait, retryAfter)
        }
        if (show(error).includes(canary)) return yield* fail(`${where}: the error tells the key`)
      }
    }
  })

// -----------------------------------------------------------------------------
// The rest
// -----------------------------------------------------------------------------

/** The answer goes back in the next turn, with the proof of its reasoning as it came. */
const roundTripCell = (subject: Subject) =>
  Effect.gen(function*() {
    const { request: first } = cases.find(({ name }) => name === "reasoning")!
    const request = yield* decode({
      ...first,
      tools: [{ name: "now", parameters: { type: "object", properties: {} } }]
    })
    const content: Content = {
      reasoning: { text: "I need the time.", proof: "UHJvb2ZPZlJlYXNvbmluZw==" },
      text: "One moment.",
      toolCalls: [{ id: "call_a1", name: "now", params: {} }],
      finish: "tool-calls",
      usage: spoken.usage
    }
    const answer = subject.answer(content)
    for (const bytes of [undefined, Playback.bytesOf(answer.stream)]) {
      const serve = (): Playback.Served =>
        bytes === undefined ? Playback.json(200, answer.whole) : streamed(subject, bytes)
      const call = { request, model: subject.model }
      const parts = yield* playing(
        subject,
        serve,
        (vendor) =>
          bytes === undefined
            ? Effect.map(vendor.send(call), ({ parts }) => parts)
            : Effect.map(collect(vendor, call), ({ parts }) => Response.fold(parts))
      ).pipe(Effect.catch((error) => fail(error.message)))
      const messages = Conversation.toMessages(parts)
      const calls = parts.filter((part) => part.type === "tool-call")
      const next = yield* decode({
        tools: [{ name: "now", parameters: { type: "object", properties: {} } }],
        reasoningEffort: "low",
        messages: [
          { role: "user", content: "What time is it?" },
          ...messages,
          {
            role: "tool",
            content: calls.map(({ id, name }) => ({
              type: "tool-result",
              id,
              name,
              isFailure: false,
              result: "noon",
              providerExecuted: false
            }))
          }
        ]
      })
      yield* playing(subject, () =>
        Playback.json(200, subject.answer(spoken).whole), (vendor, playback) =>
        Effect.gen(function*() {
          const { losses } = yield* Effect.catch(
            vendor.send({ request: next, model: subject.model }),
            (error) =>
              fail(error.message)
          )
          yield* expectEqual("the list of losses", losses, [])
          yield* checkSent(subject, playback, false, ["UHJvb2ZPZlJlYXNvbmluZw==", "One moment.", "noon"])
        }))
    }
  })

const modelsCell = (subject: Subject) =>
  subject.models === undefined ? fail("it has no list of models") : playing(
    subject,
    () => Playback.json(200, subject.models!.body),
    (vendor) =>
      Effect.flatMap(
        Effect.catch(vendor.models, (error) => fail(error.message)),
        (models) => expectEqual("the list of models", models.map(({ id }) => id), subject.models!.ids)
      )
  )

/** Over a real socket: the upstream sees that the caller has gone. */
const cancellationCell = (subject: Subject) =>
  Effect.gen(function*() {
    const request = yield* hello(subject)
    const server = yield* FaultServer.make((response) => {
      response.writeHead(200, { "content-type": subject.streamType })
      for (const entry of begin(subject)) response.write(entry)
    })
    const vendor = yield* subject.make(server.url)
    const fiber = yield* Effect.forkChild(collect(vendor, { request, model: subject.model }), {
      startImmediately: true
    })
    const { aborted } = yield* server.arrived
    yield* Fiber.interrupt(fiber)
    yield* aborted
    const exit = yield* Fiber.await(fiber)
    if (!Exit.hasInterrupts(exit)) return yield* fail("it ended instead of being interrupted")
  }).pipe(
    Effect.scoped,
    Effect.provide(FetchHttpClient.layer),
    Effect.timeoutOrElse({ duration: "10 seconds", orElse: () => fail("the upstream was not told in 10 seconds") })
  )

const failureTags: ReadonlyArray<keyof Subject["failures"]> = [
  "RateLimited",
  "Overloaded",
  "ServerFault",
  "TimedOut",
  "QuotaExhausted",
  "Unauthenticated",
  "PermissionDenied",
  "InvalidRequest",
  "ContextLengthExceeded",
  "ContentFiltered",
  "ModelNotFound"
]

/** All cells of a vendor, in the order of the table's rows. */
export const cells = (subject: Subject): ReadonlyArray<Cell> => {
  const cell = (name: string, run: Effect.Effect<void, CellFailure>, absent?: string): Cell => ({
    name,
    run,
    ...(absent === undefined ? undefined : { absent })
  })
  return [
    ...cases.map((item) =>
      cell(
        item.name,
        contentCell(subject, item),
        item.feature === undefined ? undefined : subject.without[item.feature]
      )
    ),
    cell(
      "reasoning round trip",
      roundTripCell(subject),
      subject.without["reasoning round trip"] ?? subject.without.reasoning
    ),
    cell("finish words", finishCell(subject)),
    ...failureTags.map((tag) => {
      const answers = subject.failures[tag]
      return cell(`failure: ${tag}`, failureCell(subject, tag), "absent" in answers ? answers.absent : undefined)
    }),
    cell("failures in the stream", streamFailureCell(subject)),
    cell("cut streams", cutCell(subject)),
    cell("cancellation", cancellationCell(subject)),
    cell("models", modelsCell(subject), subject.without.models)
  ]
}
