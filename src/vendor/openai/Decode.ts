/**
 * Chat Completions to parts: a whole answer is read as a stream of one piece, so both readings agree by construction.
 *
 * @since 0.1.0
 */
import { DateTime, Option, Predicate, Result, Schema } from "effect"
import type { Sse } from "effect/encoding"
import * as Response from "../../Response.ts"
import { type AttemptError, retryable } from "../../VendorError.ts"
import * as Blocks from "../../wire/Blocks.ts"
import { count, issueOf, malformed } from "../../wire/Decoding.ts"
import * as Json from "../../wire/Json.ts"
import type { Step, StreamDecoder } from "../../wire/Sse.ts"
import * as Failure from "./Failure.ts"
import * as ToolCalls from "./ToolCalls.ts"
import * as Wire from "./Wire.ts"

type StreamPart = Response.StreamPart

/** The state of one answer being read. */
interface State {
  described: boolean
  readonly blocks: Blocks.Blocks
  sources: number
  refused: boolean
  readonly tools: ToolCalls.State
  finishReason: string | undefined
  usage: Response.Usage
  metadata: Record<string, string> | undefined
  finished: boolean
}

const initial = (): State => ({
  described: false,
  blocks: Blocks.make(),
  sources: 0,
  refused: false,
  tools: ToolCalls.initial(),
  finishReason: undefined,
  usage: Response.unknownUsage,
  metadata: undefined,
  finished: false
})

// -----------------------------------------------------------------------------
// Head and end
// -----------------------------------------------------------------------------

const idOf = (id: unknown): string | undefined =>
  typeof id === "string" && id !== "" ? id : typeof id === "number" ? String(id) : undefined

/** Seconds since the epoch; a few servers send milliseconds, which as seconds would be past the year 5000. */
const timestampOf = (created: unknown): string | undefined => {
  if (typeof created !== "number" || !(created > 0)) return undefined
  return Option.match(DateTime.make(created > 1e11 ? created : created * 1000), {
    onNone: () => undefined,
    onSome: DateTime.formatIso
  })
}

/** Azure's first chunk has an empty id and model and only tells of its filters: the next one is waited for. */
const describe = (state: State, head: Wire.Chunk, out: Array<StreamPart>): void => {
  const id = idOf(head.id)
  const modelId = idOf(head.model)
  if (id === undefined && modelId === undefined) return
  state.described = true
  const timestamp = timestampOf(head.created)
  out.push({
    type: "response-metadata",
    ...(id === undefined ? undefined : { id }),
    ...(modelId === undefined ? undefined : { modelId }),
    ...(timestamp === undefined ? undefined : { timestamp })
  })
}

/**
 * Counts made disjoint; what was not told stays absent.
 *
 * xAI tells reasoning tokens beside the completion tokens and not among them, which shows in the total.
 *
 * @since 0.1.0
 * @category conversions
 */
export const usageOf = (usage: Wire.Usage): Response.Usage => {
  const input = count(usage.prompt_tokens)
  const cacheRead = count(usage.prompt_tokens_details?.cached_tokens) ?? count(usage.prompt_cache_hit_tokens)
  const cacheWrite = count(usage.prompt_tokens_details?.cache_write_tokens)
  const reasoning = count(usage.completion_tokens_details?.reasoning_tokens)
  const completion = count(usage.completion_tokens)
  const beside = reasoning !== undefined && reasoning > 0 && input !== undefined && completion !== undefined &&
    count(usage.total_tokens) === input + completion + reasoning
  const output = beside ? completion + reasoning : completion
  return {
    inputTokens: {
      ...(input === undefined ? undefined : { total: input }),
      ...(input === undefined || cacheRead === undefined
        ? undefined
        : { uncached: Math.max(0, input - cacheRead - (cacheWrite ?? 0)) }),
      ...(cacheRead === undefined ? undefined : { cacheRead }),
      ...(cacheWrite === undefined ? undefined : { cacheWrite })
    },
    outputTokens: {
      ...(output === undefined ? undefined : { total: output }),
      ...(output === undefined || reasoning === undefined ? undefined : { text: Math.max(0, output - reasoning) }),
      ...(reasoning === undefined ? undefined : { reasoning })
    }
  }
}

const remember = (state: State, name: string, value: unknown): void => {
  if (typeof value === "string" && value !== "") (state.metadata ??= {})[name] = value
}

const finishReasonOf = (state: State): Response.FinishReason => {
  if (state.refused) return "content-filter"
  switch (state.finishReason) {
    case "stop":
      // Some servers say "stop" where they call tools.
      return ToolCalls.isEmpty(state.tools) ? "stop" : "tool-calls"
    case "length":
      return "length"
    case "tool_calls":
    case "function_call":
      return "tool-calls"
    case "content_filter":
      return "content-filter"
    case "error":
      return "error"
    case "unknown":
      return "unknown"
    default:
      return "other"
  }
}

/** Ends what is open: at the finish reason, and again for what a server sends after it. */
const endContent = (state: State, out: Array<StreamPart>): AttemptError | undefined => {
  Blocks.close(state.blocks, out)
  return ToolCalls.end(state.tools, state.finishReason === "length", out)
}

const finish = (state: State, out: Array<StreamPart>): AttemptError | undefined => {
  const failure = endContent(state, out)
  if (failure !== undefined) return failure
  state.finished = true
  out.push({
    type: "finish",
    reason: finishReasonOf(state),
    usage: state.usage,
    ...(state.metadata === undefined ? undefined : { metadata: { openai: state.metadata } })
  })
  return undefined
}

// -----------------------------------------------------------------------------
// Content
// -----------------------------------------------------------------------------

type Kind = "text" | "reasoning" | "refusal"

const refusal = { openai: { refusal: true } }

const append = (state: State, kind: Kind, delta: string, out: Array<StreamPart>): void => {
  if (delta === "" || kind !== "refusal") return Blocks.append(state.blocks, kind as Blocks.Kind, delta, out)
  state.refused = true
  Blocks.append(state.blocks, "text", delta, out, { label: kind, metadata: refusal })
}

/** Mistral's typed pieces: `{ type: "text", text }` and `{ type: "thinking", thinking: [{ text }] }`. */
const appendPieces = (state: State, kind: Kind, pieces: ReadonlyArray<unknown>, out: Array<StreamPart>): void => {
  for (const piece of pieces) {
    if (!Predicate.isObject(piece)) continue
    const { text, thinking } = piece as { readonly text?: unknown; readonly thinking?: unknown }
    if (typeof text === "string") append(state, kind, text, out)
    else if (Array.isArray(thinking)) appendPieces(state, "reasoning", thinking, out)
    else if (typeof thinking === "string") append(state, "reasoning", thinking, out)
  }
}

const cite = (state: State, annotations: NonNullable<Wire.Delta["annotations"]>, out: Array<StreamPart>): void => {
  for (const annotation of annotations) {
    const citation = annotation?.url_citation
    if (typeof citation?.url !== "string") continue
    const title = typeof citation.title === "string" ? citation.title : citation.url
    out.push({ type: "source", sourceType: "url", id: `source_${state.sources++}`, url: citation.url, title })
  }
}

const read = (state: State, delta: Wire.Delta, out: Array<StreamPart>): AttemptError | undefined => {
  // Servers that send both words for reasoning send the same text twice.
  const reasoning = typeof delta.reasoning_content === "string" ? delta.reasoning_content : delta.reasoning
  if (typeof reasoning === "string") append(state, "reasoning", reasoning, out)
  if (typeof delta.content === "string") append(state, "text", delta.content, out)
  else if (Array.isArray(delta.content)) appendPieces(state, "text", delta.content, out)
  if (typeof delta.refusal === "string") append(state, "refusal", delta.refusal, out)
  if (Array.isArray(delta.annotations)) cite(state, delta.annotations, out)
  if (Array.isArray(delta.tool_calls) && delta.tool_calls.length > 0) {
    Blocks.close(state.blocks, out)
    return ToolCalls.read(state.tools, delta.tool_calls, out)
  }
  return undefined
}

// -----------------------------------------------------------------------------
// Stream
// -----------------------------------------------------------------------------

const stepChunk = (state: State, chunk: Wire.Chunk, out: Array<StreamPart>): AttemptError | undefined => {
  if (chunk.error !== undefined && chunk.error !== null) return Failure.fromEvent(chunk)
  if (!state.described) describe(state, chunk, out)
  if (Predicate.isObject(chunk.usage)) state.usage = usageOf(chunk.usage)
  if (chunk.system_fingerprint) remember(state, "systemFingerprint", chunk.system_fingerprint)
  if (chunk.service_tier) remember(state, "serviceTier", chunk.service_tier)
  const choices = Array.isArray(chunk.choices) ? chunk.choices : []
  for (const choice of choices) {
    // Only one answer is asked for.
    if (!Predicate.isObject(choice) || (typeof choice.index === "number" && choice.index !== 0)) continue
    const failure = Predicate.isObject(choice.delta) ? read(state, choice.delta, out) : undefined
    if (failure !== undefined) return failure
    if (typeof choice.finish_reason === "string" && choice.finish_reason !== "" && state.finishReason === undefined) {
      state.finishReason = choice.finish_reason
      const failure = endContent(state, out)
      if (failure !== undefined) return failure
    }
  }
  // The usage comes after the reason, in a chunk of its own; nothing follows it.
  return choices.length === 0 && state.finishReason !== undefined && Predicate.isObject(chunk.usage)
    ? finish(state, out)
    : undefined
}

const interrupted = retryable({
  _tag: "StreamInterrupted",
  description: "the stream ended without a finish reason"
})

const halt = (state: State): Step => {
  const out: Array<StreamPart> = []
  if (state.finished) return Result.succeed(out)
  if (state.finishReason === undefined) return Result.fail(interrupted)
  const failure = finish(state, out)
  return failure === undefined ? Result.succeed(out) : Result.fail(failure)
}

const step = (state: State, event: Sse.Event): Step => {
  if (event.data === "[DONE]") return halt(state)
  const chunk = Json.parse(event.data)
  if (!Predicate.isObject(chunk)) return Result.fail(malformed("an event of the stream is not a JSON object"))
  if (event.event === "error") return Result.fail(Failure.fromEvent(chunk))
  const out: Array<StreamPart> = []
  const failure = stepChunk(state, chunk as Wire.Chunk, out)
  return failure === undefined ? Result.succeed(out) : Result.fail(failure)
}

/**
 * Reads the events of a stream.
 *
 * The `finish` part comes after the usage chunk, after `[DONE]`, or at the end of the bytes, whatever is first once a
 * finish reason was seen; without one the stream is a `StreamInterrupted`.
 *
 * @since 0.1.0
 * @category decoding
 */
export const streamDecoder: StreamDecoder<State> = { initial, step, halt }

// -----------------------------------------------------------------------------
// Whole
// -----------------------------------------------------------------------------

const decodeCompletion = Schema.decodeUnknownResult(Wire.ChatCompletion)

/**
 * Reads a whole answer.
 *
 * @since 0.1.0
 * @category decoding
 */
export const whole = (json: unknown): Result.Result<Array<Response.Part>, AttemptError> => {
  if (!Predicate.isObject(json)) return Result.fail(malformed("the answer is not a JSON object"))
  const decoded = decodeCompletion(json)
  if (Result.isFailure(decoded)) return Result.fail(malformed(issueOf(decoded.failure)))
  const { choices, ...head } = decoded.success
  if (head.error !== undefined && head.error !== null) return Result.fail(Failure.fromEvent(json))
  const choice = choices?.find((choice) => choice.index === undefined || choice.index === null || choice.index === 0)
  if (choice === undefined) return Result.fail(malformed("the answer has no choices"))
  const state = initial()
  const out: Array<StreamPart> = []
  const failure = stepChunk(state, {
    ...head,
    choices: [{ delta: choice.message, finish_reason: choice.finish_reason ?? "unknown" }]
  }, out) ?? finish(state, out)
  return failure === undefined ? Result.succeed(Response.fold(out)) : Result.fail(failure)
}
