/**
 * Chat Completions to parts: a whole answer is read as a stream of one piece, so both readings agree by construction.
 *
 * @since 0.1.0
 */
import { Predicate, Result } from "effect"
import type { Sse } from "effect/encoding"
import * as Response from "../../Response.ts"
import { type AttemptError, retryable } from "../../VendorError.ts"
import * as Blocks from "../../wire/Blocks.ts"
import { count, issueOf, malformed } from "../../wire/Decoding.ts"
import * as IsoTime from "../../wire/IsoTime.ts"
import * as Json from "../../wire/Json.ts"
import * as Plainly from "../../wire/Plainly.ts"
import type { Step, StreamDecoder } from "../../wire/Sse.ts"
import * as ContentFilters from "./ContentFilters.ts"
import * as Failure from "./Failure.ts"
import * as ReasoningDetails from "./ReasoningDetails.ts"
import * as Sources from "./Sources.ts"
import * as ToolCalls from "./ToolCalls.ts"
import * as Wire from "./Wire.ts"

type StreamPart = Response.StreamPart

/** The state of one answer being read. */
interface State {
  described: boolean
  readonly blocks: Blocks.Blocks
  readonly sources: Sources.State
  refused: boolean
  details: Array<{ readonly [field: string]: unknown }>
  readonly tools: ToolCalls.State
  finishReason: string | undefined
  usage: Response.Usage
  metadata: Record<string, string> | undefined
  readonly filters: Set<string>
  finished: boolean
}

const initial = (): State => ({
  described: false,
  blocks: Blocks.make(),
  sources: Sources.initial(),
  refused: false,
  details: [],
  tools: ToolCalls.initial(),
  finishReason: undefined,
  usage: Response.unknownUsage,
  metadata: undefined,
  filters: new Set(),
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
  return IsoTime.format(created > 1e11 ? created : created * 1000)
}

/** Azure's first chunk has an empty id and model and only tells of its filters: the next one is waited for. */
const describe = (state: State, head: Wire.Head, out: Array<StreamPart>): void => {
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
    // Together says "eos" where the model ended by itself.
    case "eos":
    case "stop":
      // Some servers say "stop" where they call tools.
      return ToolCalls.isEmpty(state.tools) ? "stop" : "tool-calls"
    case "length":
    // Mistral: the model's own window is full.
    case "model_length":
      return "length"
    case "tool_calls":
    case "function_call":
      return "tool-calls"
    case "content_filter":
      return "content-filter"
    case "unknown":
      return "unknown"
    default:
      return "other"
  }
}

/** They may end after the reasoning's text and come between others: a part of their own carries them back. */
const endDetails = (state: State, out: Array<StreamPart>): void => {
  if (ReasoningDetails.isProof(state.details)) {
    const id = String(state.blocks.count++)
    const metadata = { openrouter: { reasoningDetails: state.details as Array<any> } }
    out.push({ type: "reasoning-start", id }, { type: "reasoning-end", id, metadata })
  }
  state.details = []
}

/** OpenRouter's and DeepSeek's words. */
const gaveUpWords: { readonly [word: string]: AttemptError | undefined } = {
  error: retryable({ _tag: "ServerFault", description: "the answer ended with an error" }),
  insufficient_system_resource: retryable({ _tag: "Overloaded", code: "insufficient_system_resource" })
}

/** Ends what is open: at the finish reason, and again for what a server sends after it. */
const endContent = (state: State, out: Array<StreamPart>): AttemptError | undefined => {
  // A server that gave up says so in the place of a reason; what it said until then is not an answer.
  const gaveUp = gaveUpWords[state.finishReason ?? ""]
  if (gaveUp !== undefined) return gaveUp
  Blocks.close(state.blocks, out)
  endDetails(state, out)
  return ToolCalls.end(state.tools, state.finishReason === "length", out)
}

const metadataOf = ({ filters, metadata }: State) =>
  metadata === undefined && filters.size === 0
    ? undefined
    : { metadata: { openai: { ...metadata, ...(filters.size === 0 ? undefined : { filters: [...filters] }) } } }

const finish = (state: State, out: Array<StreamPart>): AttemptError | undefined => {
  const failure = endContent(state, out)
  if (failure !== undefined) return failure
  Sources.end(state.sources, out)
  state.finished = true
  out.push({
    type: "finish",
    reason: finishReasonOf(state),
    usage: state.usage,
    ...metadataOf(state)
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

const read = (state: State, delta: Wire.Delta, out: Array<StreamPart>): AttemptError | undefined => {
  // Servers that send both words for reasoning send the same text twice.
  const reasoning = typeof delta.reasoning_content === "string" ? delta.reasoning_content : delta.reasoning
  if (typeof reasoning === "string") append(state, "reasoning", reasoning, out)
  if (typeof delta.content === "string") append(state, "text", delta.content, out)
  else if (Array.isArray(delta.content)) appendPieces(state, "text", delta.content, out)
  if (typeof delta.refusal === "string") append(state, "refusal", delta.refusal, out)
  if (Array.isArray(delta.reasoning_details)) ReasoningDetails.read(state.details, delta.reasoning_details)
  if (Array.isArray(delta.annotations)) Sources.annotations(state.sources, delta.annotations, out)
  if (Array.isArray(delta.tool_calls) && delta.tool_calls.length > 0) {
    Blocks.close(state.blocks, out)
    return ToolCalls.read(state.tools, delta.tool_calls, out)
  }
  return undefined
}

// -----------------------------------------------------------------------------
// Stream
// -----------------------------------------------------------------------------

/** Reads what stands beside the choices. */
const readHead = (state: State, chunk: Wire.Head): AttemptError | undefined => {
  if (Predicate.isObject(chunk.usage)) state.usage = usageOf(chunk.usage)
  Sources.search(state.sources, chunk)
  const { x_groq } = chunk
  if (!Predicate.isObject(x_groq)) return undefined
  const { error, usage } = x_groq as { readonly error?: unknown; readonly usage?: unknown }
  if (!Predicate.isObject(chunk.usage) && Predicate.isObject(usage)) state.usage = usageOf(usage)
  return typeof error === "string" && error !== "" ? Failure.fromEvent({ message: error }) : undefined
}

const stepChunk = (
  state: State,
  chunk: Wire.Head,
  told: Wire.Chunk["choices"],
  out: Array<StreamPart>
): AttemptError | undefined => {
  if ((chunk.error !== undefined && chunk.error !== null) || chunk.object === "error") return Failure.fromEvent(chunk)
  if (!state.described) describe(state, chunk, out)
  const stopped = readHead(state, chunk)
  if (stopped !== undefined) return stopped
  if (chunk.system_fingerprint) remember(state, "systemFingerprint", chunk.system_fingerprint)
  if (chunk.service_tier) remember(state, "serviceTier", chunk.service_tier)
  ContentFilters.read(state.filters, chunk.prompt_filter_results)
  const choices = Array.isArray(told) ? told : []
  for (const choice of choices) {
    // Only one answer is asked for.
    if (!Predicate.isObject(choice) || (typeof choice.index === "number" && choice.index !== 0)) continue
    ContentFilters.read(state.filters, choice.content_filter_results)
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
  const failure = stepChunk(state, chunk, (chunk as Wire.Chunk).choices, out)
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

const decodeCompletion = Plainly.decode(Wire.ChatCompletion)

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
  const head = decoded.success
  if (head.error !== undefined && head.error !== null) return Result.fail(Failure.fromEvent(json))
  const choice = head.choices?.find((choice) =>
    choice.index === undefined || choice.index === null || choice.index === 0
  )
  if (choice === undefined) return Result.fail(malformed("the answer has no choices"))
  const state = initial()
  const out: Array<StreamPart> = []
  const whole = {
    delta: choice.message,
    finish_reason: choice.finish_reason ?? "unknown",
    content_filter_results: choice.content_filter_results
  }
  const failure = stepChunk(state, head, [whole], out) ?? finish(state, out)
  return failure === undefined ? Result.succeed(Response.fold(out)) : Result.fail(failure)
}
