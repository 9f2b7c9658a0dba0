/**
 * Messages to parts: a whole answer is read as a stream of whole blocks, so both readings agree by construction.
 *
 * @since 0.1.0
 */
import { Predicate, Result } from "effect"
import type { Sse } from "effect/encoding"
import * as Response from "../../Response.ts"
import { type AttemptError, retryable } from "../../VendorError.ts"
import { count, issueOf, malformed } from "../../wire/Decoding.ts"
import * as Json from "../../wire/Json.ts"
import * as Plainly from "../../wire/Plainly.ts"
import type { Step, StreamDecoder } from "../../wire/Sse.ts"
import * as Blocks from "./Blocks.ts"
import * as Events from "./Events.ts"
import * as Failure from "./Failure.ts"

type StreamPart = Response.StreamPart

/** The state of one answer being read. */
interface State {
  described: boolean
  readonly blocks: Blocks.State
  usage: Events.Usage
  stopReason: string | undefined
  /** What the vendor says of the end, in its own words. */
  readonly ending: Record<string, any>
  finished: boolean
}

const initial = (): State => ({
  described: false,
  blocks: Blocks.initial(),
  usage: {},
  stopReason: undefined,
  ending: {},
  finished: false
})

// -----------------------------------------------------------------------------
// Head and end
// -----------------------------------------------------------------------------

const describe = (state: State, message: Partial<Events.Message>, out: Array<StreamPart>): void => {
  const { id, model } = message
  if (!state.described && (Predicate.isString(id) || Predicate.isString(model))) {
    state.described = true
    out.push({
      type: "response-metadata",
      ...(Predicate.isString(id) ? { id } : undefined),
      ...(Predicate.isString(model) ? { modelId: model } : undefined)
    })
  }
  account(state, message.usage)
}

/** Later counts are cumulative and replace the earlier ones; a count that is left out stays. */
const account = (state: State, usage: unknown): void => {
  if (!Predicate.isObject(usage)) return
  const told: Record<string, unknown> = { ...state.usage }
  for (const [name, value] of Object.entries(usage)) if (value !== null && value !== undefined) told[name] = value
  state.usage = told as Events.Usage
}

/**
 * Counts made disjoint; what was not told stays absent.
 *
 * Anthropic's `input_tokens` are only those that the cache had no part in: the total is the sum of all three.
 */
const usageOf = (usage: Events.Usage): Response.Usage => {
  const uncached = count(usage.input_tokens)
  const cacheRead = count(usage.cache_read_input_tokens)
  const cacheWrite = count(usage.cache_creation_input_tokens)
  const cacheWrite1h = count(usage.cache_creation?.ephemeral_1h_input_tokens)
  const output = count(usage.output_tokens)
  const reasoning = count(usage.output_tokens_details?.thinking_tokens)
  return {
    inputTokens: {
      ...(uncached === undefined
        ? undefined
        : { uncached, total: uncached + (cacheRead ?? 0) + (cacheWrite ?? 0) }),
      ...(cacheRead === undefined ? undefined : { cacheRead }),
      ...(cacheWrite === undefined ? undefined : { cacheWrite }),
      ...(cacheWrite1h ? { cacheWrite1h } : undefined)
    },
    outputTokens: {
      ...(output === undefined ? undefined : { total: output }),
      ...(output === undefined || reasoning === undefined ? undefined : { text: Math.max(0, output - reasoning) }),
      ...(reasoning === undefined ? undefined : { reasoning })
    }
  }
}

/** The names under which the vendor's own words about the end are kept. */
const endings = [
  ["stop_reason", "stopReason"],
  ["stop_sequence", "stopSequence"],
  ["stop_details", "stopDetails"],
  ["container", "container"]
] as const

const end = (state: State, ending: Events.Ending): void => {
  for (const [name, ours] of endings) {
    const value = ending[name]
    if (value !== null && value !== undefined) state.ending[ours] = value
  }
  if (Predicate.isString(ending.stop_reason)) state.stopReason = ending.stop_reason
}

const finishReasonOf = (state: State): Response.FinishReason => {
  switch (state.stopReason) {
    case "end_turn":
    case "stop_sequence":
      return "stop"
    case "tool_use":
      return "tool-calls"
    case "max_tokens":
    case "model_context_window_exceeded":
      return "length"
    case "refusal":
      return "content-filter"
    case "pause_turn":
      return "pause"
    case undefined:
      return "unknown"
    default:
      return "other"
  }
}

const finish = (state: State, out: Array<StreamPart>): AttemptError | undefined => {
  const failure = Blocks.endAll(state.blocks, out) ?? Blocks.broken(state.blocks, state.stopReason)
  if (failure !== undefined) return failure
  state.finished = true
  out.push({
    type: "finish",
    reason: finishReasonOf(state),
    usage: usageOf(state.usage),
    ...(Object.keys(state.ending).length === 0 ? undefined : { metadata: { anthropic: state.ending } })
  })
  return undefined
}

// -----------------------------------------------------------------------------
// Stream
// -----------------------------------------------------------------------------

const read = (state: State, event: Events.Event, out: Array<StreamPart>): AttemptError | undefined => {
  switch (event.type) {
    case "message_start":
      describe(state, event.message ?? {}, out)
      return undefined
    case "content_block_start":
      return Blocks.begin(state.blocks, event.index, event.content_block, out)
    case "content_block_delta":
      return Blocks.append(state.blocks, event.index, event.delta, out)
    case "content_block_stop":
      return Blocks.end(state.blocks, event.index, out)
    case "message_delta":
      if (Predicate.isObject(event.delta)) end(state, event.delta)
      account(state, event.usage)
      return undefined
    case "message_stop":
      return finish(state, out)
    case "error":
      return Failure.fromEvent(event)
    default:
      // Pings, and what a later version of the API adds.
      return undefined
  }
}

const interrupted = retryable({
  _tag: "StreamInterrupted",
  description: "the stream ended without message_stop"
})

const halt = (state: State): Step => state.finished ? Result.succeed([]) : Result.fail(interrupted)

const step = (state: State, { data, event }: Sse.Event): Step => {
  const json = Json.parse(data)
  if (!Predicate.isObject(json)) return Result.fail(malformed("an event of the stream is not a JSON object"))
  // Between the vendor and here a proxy may put its own words after the event's name.
  const failure = event === "error" && json["type"] !== "error" ? Failure.fromEvent(json) : undefined
  const out: Array<StreamPart> = []
  const stopped = failure ?? read(state, json as Events.Event, out)
  return stopped === undefined ? Result.succeed(out) : Result.fail(stopped)
}

/**
 * Reads the events of a stream, which is whole with `message_stop` and only then.
 *
 * @since 0.1.0
 * @category decoding
 */
export const streamDecoder: StreamDecoder<State> = { initial, step, halt }

// -----------------------------------------------------------------------------
// Whole
// -----------------------------------------------------------------------------

const decodeMessage = Plainly.decode(Events.Message)

/**
 * Reads a whole answer.
 *
 * @since 0.1.0
 * @category decoding
 */
export const whole = (json: unknown): Result.Result<Array<Response.Part>, AttemptError> => {
  if (!Predicate.isObject(json)) return Result.fail(malformed("the answer is not a JSON object"))
  if (json["type"] === "error") return Result.fail(Failure.fromEvent(json))
  const decoded = decodeMessage(json)
  if (Result.isFailure(decoded)) return Result.fail(malformed(issueOf(decoded.failure)))
  const message = decoded.success
  const state = initial()
  const out: Array<StreamPart> = []
  describe(state, message, out)
  end(state, message)
  for (const [index, block] of message.content.entries()) {
    const failure = Blocks.begin(state.blocks, index, block, out) ?? Blocks.end(state.blocks, index, out)
    if (failure !== undefined) return Result.fail(failure)
  }
  const failure = finish(state, out)
  return failure === undefined ? Result.succeed(Response.fold(out)) : Result.fail(failure)
}
