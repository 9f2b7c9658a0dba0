/**
 * Answers of `generateContent` to parts: a whole answer is read as a stream of one chunk, so both readings agree by
 * construction.
 *
 * @since 0.1.0
 */
import { Predicate, Result, type Schema } from "effect"
import type { Sse } from "effect/encoding"
import * as Response from "../../Response.ts"
import { type AttemptError, fatal, retryable } from "../../VendorError.ts"
import * as Blocks from "../../wire/Blocks.ts"
import { issueOf, malformed } from "../../wire/Decoding.ts"
import * as Json from "../../wire/Json.ts"
import * as Plainly from "../../wire/Plainly.ts"
import type { Step, StreamDecoder } from "../../wire/Sse.ts"
import * as Failure from "./Failure.ts"
import * as Parts from "./Parts.ts"
import * as Sources from "./Sources.ts"
import * as Usage from "./Usage.ts"
import * as Wire from "./Wire.ts"

type StreamPart = Response.StreamPart

/** The state of one answer being read. */
interface State {
  described: boolean
  readonly parts: Parts.State
  readonly sources: Sources.State
  answered: boolean
  finishReason: string | undefined
  readonly usage: { [name: string]: unknown } & Wire.UsageMetadata
  metadata: Record<string, Schema.Json> | undefined
  finished: boolean
}

const initial = (turn: number): State => ({
  described: false,
  parts: Parts.initial(turn),
  sources: Sources.initial(),
  answered: false,
  finishReason: undefined,
  usage: {},
  metadata: undefined,
  finished: false
})

// -----------------------------------------------------------------------------
// Head and end
// -----------------------------------------------------------------------------

const textOf = (value: unknown): string | undefined => typeof value === "string" && value !== "" ? value : undefined

const describe = (state: State, chunk: Wire.GenerateContentResponse, out: Array<StreamPart>): void => {
  const id = textOf(chunk.responseId)
  const modelId = textOf(chunk.modelVersion)
  if (id === undefined && modelId === undefined) return
  state.described = true
  state.parts.responseId = id
  out.push({
    type: "response-metadata",
    ...(id === undefined ? undefined : { id }),
    ...(modelId === undefined ? undefined : { modelId })
  })
}

/** The answer was not finished, whatever its words say: another attempt may do better. */
const broken = new Set(["MALFORMED_FUNCTION_CALL", "MALFORMED_RESPONSE"])

const finishReasons: { readonly [word: string]: Response.FinishReason } = {
  STOP: "stop",
  MAX_TOKENS: "length",
  SAFETY: "content-filter",
  RECITATION: "content-filter",
  BLOCKLIST: "content-filter",
  PROHIBITED_CONTENT: "content-filter",
  SPII: "content-filter",
  IMAGE_SAFETY: "content-filter",
  IMAGE_PROHIBITED_CONTENT: "content-filter",
  IMAGE_RECITATION: "content-filter",
  UNEXPECTED_TOOL_CALL: "error",
  TOO_MANY_TOOL_CALLS: "error",
  MISSING_THOUGHT_SIGNATURE: "error",
  CONTINUATION: "pause",
  // Not Google's own, but sent by servers that imitate it.
  FUNCTION_CALL: "tool-calls",
  TOOL_CALLS: "tool-calls"
}

const finishReasonOf = ({ finishReason, parts }: State): Response.FinishReason => {
  if (finishReason === undefined) return "unknown"
  const reason = Object.hasOwn(finishReasons, finishReason) ? finishReasons[finishReason]! : "other"
  return reason === "stop" && parts.calls > 0 ? "tool-calls" : reason
}

const finish = (state: State, out: Array<StreamPart>): void => {
  Blocks.close(state.parts.blocks, out)
  Sources.flush(state.sources, out)
  state.finished = true
  const reason = finishReasonOf(state)
  const { finishReason } = state
  const told = finishReason !== undefined && (reason === "other" || reason === "content-filter" || reason === "error")
  const metadata = { ...(told ? { finishReason } : undefined), ...state.metadata }
  out.push({
    type: "finish",
    reason,
    usage: Usage.of(state.usage),
    ...(Object.keys(metadata).length === 0 ? undefined : { metadata: { google: metadata } })
  })
}

// -----------------------------------------------------------------------------
// Chunks
// -----------------------------------------------------------------------------

const blocked = (reason: string): AttemptError =>
  fatal({ _tag: "ContentFiltered", description: "the prompt was blocked", code: reason })

const readCandidate = (state: State, candidate: Wire.Candidate, out: Array<StreamPart>): AttemptError | undefined => {
  state.answered = true
  const parts = Predicate.isObject(candidate.content) ? candidate.content.parts : undefined
  for (const part of Array.isArray(parts) ? parts : []) {
    const failure = Predicate.isObject(part) ? Parts.read(state.parts, part, out) : undefined
    if (failure !== undefined) return failure
  }
  const { finishMessage, groundingMetadata } = candidate
  Sources.read(state.sources, candidate)
  if (Predicate.isObject(groundingMetadata)) {
    state.metadata = { ...state.metadata, groundingMetadata: groundingMetadata as Schema.Json }
  }
  if (typeof finishMessage === "string") state.metadata = { ...state.metadata, finishMessage }
  const finishReason = textOf(candidate.finishReason)
  if (finishReason === undefined || finishReason === "FINISH_REASON_UNSPECIFIED") return undefined
  if (broken.has(finishReason)) {
    return retryable({
      _tag: "MalformedResponse",
      description: textOf(finishMessage) ?? "the model's call of a tool is not valid",
      code: finishReason
    })
  }
  state.finishReason = finishReason
  return undefined
}

const readChunk = (
  state: State,
  chunk: Wire.GenerateContentResponse,
  out: Array<StreamPart>
): AttemptError | undefined => {
  if (chunk.error !== undefined && chunk.error !== null) return Failure.fromEvent(chunk)
  if (!state.described) describe(state, chunk, out)
  // Each chunk tells the counts so far, but not always all of them.
  if (Predicate.isObject(chunk.usageMetadata)) Usage.merge(state.usage, chunk.usageMetadata)
  const candidates = Array.isArray(chunk.candidates) ? chunk.candidates : []
  const blockReason = textOf(chunk.promptFeedback?.blockReason)
  if (blockReason !== undefined && candidates.length === 0) return blocked(blockReason)
  for (const candidate of candidates) {
    // Only one answer is asked for.
    if (!Predicate.isObject(candidate) || (typeof candidate.index === "number" && candidate.index !== 0)) continue
    const failure = readCandidate(state, candidate, out)
    if (failure !== undefined) return failure
  }
  return undefined
}

const interrupted = retryable({
  _tag: "StreamInterrupted",
  description: "the stream ended without a finish reason"
})

const halt = (state: State): Step => {
  const out: Array<StreamPart> = []
  if (state.finished) return Result.succeed(out)
  if (state.finishReason === undefined) return Result.fail(interrupted)
  finish(state, out)
  return Result.succeed(out)
}

const step = (state: State, event: Sse.Event): Step => {
  if (event.data === "[DONE]") return halt(state)
  const json = Json.parse(event.data)
  const chunks: ReadonlyArray<unknown> = Array.isArray(json) ? json : [json]
  const out: Array<StreamPart> = []
  for (const chunk of chunks) {
    if (!Predicate.isObject(chunk)) return Result.fail(malformed("an event of the stream is not a JSON object"))
    const failure = event.event === "error" ? Failure.fromEvent(chunk) : readChunk(state, chunk, out)
    if (failure !== undefined) return Result.fail(failure)
  }
  return Result.succeed(out)
}

/**
 * Reads the events of a stream; `turn` is the number of tool calls so far in the conversation, which tells apart the ids
 * that have to be made up.
 *
 * The `finish` part comes at the end of the bytes: some models name a finish reason in every chunk. Without one the
 * stream is a `StreamInterrupted`.
 *
 * @since 0.1.0
 * @category decoding
 */
export const streamDecoder = (turn: number): StreamDecoder<State> => ({ initial: () => initial(turn), step, halt })

// -----------------------------------------------------------------------------
// Whole
// -----------------------------------------------------------------------------

const decodeAnswer = Plainly.decode(Wire.GenerateContentResponse)

/**
 * Reads a whole answer, or the array of chunks that is sent where a stream was not asked for as events.
 *
 * @since 0.1.0
 * @category decoding
 */
export const whole = (turn: number) => (json: unknown): Result.Result<Array<Response.Part>, AttemptError> => {
  const chunks: ReadonlyArray<unknown> = Array.isArray(json) ? json : [json]
  const state = initial(turn)
  const out: Array<StreamPart> = []
  for (const chunk of chunks) {
    if (!Predicate.isObject(chunk)) return Result.fail(malformed("the answer is not a JSON object"))
    const decoded = decodeAnswer(chunk)
    if (Result.isFailure(decoded)) return Result.fail(malformed(issueOf(decoded.failure)))
    const failure = readChunk(state, decoded.success, out)
    if (failure !== undefined) return Result.fail(failure)
  }
  if (!state.answered) return Result.fail(malformed("the answer has no candidates"))
  if (Array.isArray(json) && state.finishReason === undefined) return Result.fail(interrupted)
  finish(state, out)
  return Result.succeed(Response.fold(out))
}
