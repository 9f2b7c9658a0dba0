/**
 * Converse's answers to parts: a whole answer is read as the stream it would have been, so both readings agree by
 * construction.
 *
 * @since 0.1.0
 */
import { Predicate, Result, Schema } from "effect"
import type { Response as AiResponse } from "effect/ai"
import * as Response from "../../Response.ts"
import { type AttemptError, retryable } from "../../VendorError.ts"
import { count, issueOf, malformed } from "../../wire/Decoding.ts"
import * as Json from "../../wire/Json.ts"
import * as Blocks from "./Blocks.ts"
import * as Failure from "./Failure.ts"
import type { Step } from "../../wire/Reading.ts"
import type { Frame } from "./Frame.ts"
import type { FrameDecoder } from "./Frames.ts"
import * as Wire from "./Wire.ts"

type StreamPart = Response.StreamPart

/** The state of one answer being read. */
interface State {
  readonly blocks: Blocks.State
  stopReason: string | undefined
  usage: Response.Usage
  readonly metadata: Record<string, any>
  finished: boolean
}

const initial = (): State => ({
  blocks: Blocks.initial(),
  stopReason: undefined,
  usage: Response.unknownUsage,
  metadata: {},
  finished: false
})

// -----------------------------------------------------------------------------
// End
// -----------------------------------------------------------------------------

/**
 * Counts made disjoint; what was not told stays absent.
 *
 * `inputTokens` leaves out what the cache gave and took, see
 * https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html.
 *
 * @since 0.1.0
 * @category conversions
 */
export const usageOf = (usage: Wire.Usage): Response.Usage => {
  const uncached = count(usage.inputTokens)
  const cacheRead = count(usage.cacheReadInputTokens)
  const cacheWrite = count(usage.cacheWriteInputTokens)
  const cacheWrite1h = Array.isArray(usage.cacheDetails)
    ? count(usage.cacheDetails.find((detail) => detail?.ttl === "1h")?.inputTokens)
    : undefined
  const output = count(usage.outputTokens)
  return {
    inputTokens: {
      ...(uncached === undefined ? undefined : { uncached, total: uncached + (cacheRead ?? 0) + (cacheWrite ?? 0) }),
      ...(cacheRead === undefined ? undefined : { cacheRead }),
      ...(cacheWrite === undefined ? undefined : { cacheWrite }),
      ...(cacheWrite1h ? { cacheWrite1h } : undefined)
    },
    outputTokens: output === undefined ? {} : { total: output }
  }
}

const remember = (state: State, event: Wire.StreamEvent): void => {
  for (const name of ["additionalModelResponseFields", "trace", "performanceConfig", "serviceTier"] as const) {
    if (event[name] !== undefined && event[name] !== null) state.metadata[name] = event[name]
  }
}

const stop = (state: State, event: Wire.StreamEvent, out: Array<StreamPart>): AttemptError | undefined => {
  state.stopReason = typeof event.stopReason === "string" && event.stopReason !== "" ? event.stopReason : "unknown"
  remember(state, event)
  Blocks.endAll(state.blocks, out)
  const { broken } = state.blocks
  if (broken === undefined) return undefined
  const why = state.stopReason === "max_tokens" ? ": the answer reached its limit of tokens" : ""
  return malformed(`the arguments of the call to the tool "${broken}" are not JSON${why}`)
}

const finishReasonOf = (state: State): AiResponse.FinishReason => {
  switch (state.stopReason) {
    case "end_turn":
    case "stop_sequence":
      return state.blocks.calls > 0 ? "tool-calls" : "stop"
    case "tool_use":
      return "tool-calls"
    case "max_tokens":
    case "model_context_window_exceeded":
      return "length"
    case "guardrail_intervened":
    case "content_filtered":
      return "content-filter"
    case "malformed_model_output":
    case "malformed_tool_use":
      return "error"
    case "unknown":
      return "unknown"
    default:
      return "other"
  }
}

const finish = (state: State, out: Array<StreamPart>): void => {
  state.finished = true
  out.push({
    type: "finish",
    reason: finishReasonOf(state),
    usage: state.usage,
    ...(Object.keys(state.metadata).length === 0 ? undefined : { metadata: { bedrock: state.metadata } })
  })
}

/** The last event: what it all took. */
const account = (state: State, event: Wire.StreamEvent, out: Array<StreamPart>): void => {
  if (Predicate.isObject(event.usage)) state.usage = usageOf(event.usage)
  remember(state, event)
  if (state.stopReason !== undefined) finish(state, out)
}

// -----------------------------------------------------------------------------
// Stream
// -----------------------------------------------------------------------------

const stepEvent = (
  state: State,
  type: string,
  event: Wire.StreamEvent,
  out: Array<StreamPart>
): AttemptError | undefined => {
  switch (type) {
    case "contentBlockStart":
      return Blocks.start(state.blocks, event, out)
    case "contentBlockDelta":
      Blocks.append(state.blocks, event, out)
      return undefined
    case "contentBlockStop":
      Blocks.end(state.blocks, event, out)
      return undefined
    case "messageStop":
      return stop(state, event, out)
    case "metadata":
      account(state, event, out)
      return undefined
    default:
      return undefined
  }
}

const step = (state: State, frame: Frame): Step => {
  if (frame.kind !== "event") return Result.fail(Failure.fromFrame(frame.type, frame.payload, frame.message))
  const event = Json.parse(frame.payload)
  if (!Predicate.isObject(event)) return Result.fail(malformed("an event of the stream is not a JSON object"))
  const out: Array<StreamPart> = []
  const failure = stepEvent(state, frame.type, event, out)
  return failure === undefined ? Result.succeed(out) : Result.fail(failure)
}

const interrupted = retryable({
  _tag: "StreamInterrupted",
  description: "the stream ended without a stop reason"
})

const halt = (state: State): Step => {
  const out: Array<StreamPart> = []
  if (state.finished) return Result.succeed(out)
  if (state.stopReason === undefined) return Result.fail(interrupted)
  finish(state, out)
  return Result.succeed(out)
}

/**
 * Reads the frames of a stream.
 *
 * The `finish` part comes after the metadata that follow `messageStop`, or at the end of the bytes if they do not
 * come; without a `messageStop` the stream is a `StreamInterrupted`.
 *
 * @since 0.1.0
 * @category decoding
 */
export const frameDecoder: FrameDecoder<State> = { initial, step, halt }

// -----------------------------------------------------------------------------
// Whole
// -----------------------------------------------------------------------------

const decodeResponse = Schema.decodeUnknownResult(Wire.ConverseResponse)

/** The events that would have brought a block. */
const eventsOf = (block: Wire.AnswerBlock, contentBlockIndex: number): Array<readonly [string, Wire.StreamEvent]> => {
  const deltas: Array<NonNullable<Wire.StreamEvent["delta"]>> = []
  const { citationsContent, image, reasoningContent, toolUse } = block
  if (typeof block.text === "string") deltas.push({ text: block.text })
  if (reasoningContent?.reasoningText) deltas.push({ reasoningContent: reasoningContent.reasoningText })
  if (reasoningContent?.redactedContent) deltas.push({ reasoningContent })
  for (const piece of citationsContent?.content ?? []) deltas.push({ text: piece.text })
  for (const citation of citationsContent?.citations ?? []) deltas.push({ citation })
  if (image) deltas.push({ image })
  if (toolUse) deltas.push({ toolUse: { input: toolUse.input == null ? "" : JSON.stringify(toolUse.input) } })
  const begin = toolUse ? [["contentBlockStart", { contentBlockIndex, start: { toolUse } }] as const] : []
  return [
    ...begin,
    ...deltas.map((delta) => ["contentBlockDelta", { contentBlockIndex, delta }] as const),
    ["contentBlockStop", { contentBlockIndex }]
  ]
}

/**
 * Reads a whole answer.
 *
 * @since 0.1.0
 * @category decoding
 */
export const whole = (json: unknown): Result.Result<Array<Response.Part>, AttemptError> => {
  const decoded = decodeResponse(json)
  if (Result.isFailure(decoded)) return Result.fail(malformed(issueOf(decoded.failure)))
  const { output, ...rest } = decoded.success
  if (output.message === undefined || output.message === null) {
    return Result.fail(malformed("the answer has no message"))
  }
  const state = initial()
  const out: Array<StreamPart> = []
  const events = [
    ...(output.message.content ?? []).flatMap(eventsOf),
    ["messageStop", rest] as const,
    ["metadata", rest] as const
  ]
  for (const [type, event] of events) {
    const failure = stepEvent(state, type, event, out)
    if (failure !== undefined) return Result.fail(failure)
  }
  return Result.succeed(Response.fold(out))
}
