/**
 * Responses to parts: a whole answer is read as a stream of done items, so both readings agree by construction.
 *
 * @since 0.1.0
 */
import { Predicate, Result } from "effect"
import type { Sse } from "effect/encoding"
import * as Response from "../../Response.ts"
import { type AttemptError, retryable } from "../../VendorError.ts"
import { issueOf, malformed } from "../../wire/Decoding.ts"
import * as IsoTime from "../../wire/IsoTime.ts"
import * as Json from "../../wire/Json.ts"
import * as Plainly from "../../wire/Plainly.ts"
import type { Step, StreamDecoder } from "../../wire/Sse.ts"
import * as Chat from "../openai/Decode.ts"
import * as Failure from "./Failure.ts"
import * as Output from "./Output.ts"
import * as Wire from "./Wire.ts"

type StreamPart = Response.StreamPart

interface State {
  readonly output: Output.State
  described: boolean
  finished: boolean
}

const initial = (vendor: string): State => ({ output: Output.initial(vendor), described: false, finished: false })

// -----------------------------------------------------------------------------
// Head and end
// -----------------------------------------------------------------------------

const text = (value: unknown): string => typeof value === "string" ? value : ""

/** Seconds since the epoch. */
const timestampOf = (created: unknown): string | undefined =>
  typeof created === "number" && created > 0
    ? IsoTime.format(created * 1000)
    : undefined

const describe = (state: State, { created_at, id, model }: Wire.Response, out: Array<StreamPart>): void => {
  if (state.described || (text(id) === "" && text(model) === "")) return
  state.described = true
  const timestamp = timestampOf(created_at)
  out.push({
    type: "response-metadata",
    ...(text(id) === "" ? undefined : { id: text(id) }),
    ...(text(model) === "" ? undefined : { modelId: text(model) }),
    ...(timestamp === undefined ? undefined : { timestamp })
  })
}

/**
 * Counts made disjoint; what was not told stays absent.
 */
const usageOf = (usage: Wire.Usage): Response.Usage =>
  Chat.usageOf({
    prompt_tokens: usage.input_tokens,
    completion_tokens: usage.output_tokens,
    prompt_tokens_details: usage.input_tokens_details,
    completion_tokens_details: usage.output_tokens_details
  })

const finishReasonOf = ({ called, refused }: Output.State, response: Wire.Response): Response.FinishReason => {
  if (refused) return "content-filter"
  if (response.status !== "incomplete") return called ? "tool-calls" : "stop"
  switch (response.incomplete_details?.reason) {
    case "max_output_tokens":
      return "length"
    case "content_filter":
      return "content-filter"
    default:
      return "other"
  }
}

const conclude = (state: State, response: Wire.Response, out: Array<StreamPart>): AttemptError | undefined => {
  describe(state, response, out)
  switch (response.status) {
    case "failed":
      return Failure.fromError(response.error)
    case "cancelled":
      return retryable({ _tag: "ServerFault", description: "the response was cancelled" })
    case "queued":
    case "in_progress":
      return malformed(`the response is still "${response.status}"`)
  }
  if (response.error !== undefined && response.error !== null) return Failure.fromError(response.error)
  const output = Array.isArray(response.output) ? response.output : []
  const failure = Output.endAll(state.output, output.filter(Predicate.isObject), out)
  if (failure !== undefined) return failure
  state.finished = true
  const tier = text(response.service_tier)
  out.push({
    type: "finish",
    reason: finishReasonOf(state.output, response),
    usage: Predicate.isObject(response.usage) ? usageOf(response.usage) : Response.unknownUsage,
    ...(tier === "" ? undefined : { metadata: { [state.output.vendor]: { serviceTier: tier } } })
  })
  return undefined
}

// -----------------------------------------------------------------------------
// Stream
// -----------------------------------------------------------------------------

const numberOf = (value: unknown): number => typeof value === "number" ? value : 0

/** By its place in the output: ids of items are not the same in all events of every server. */
const keyOf = (event: Wire.Event): string =>
  typeof event.output_index === "number" ? String(event.output_index) : text(event.item_id)

const failureOf = (event: Wire.Event): AttemptError =>
  Failure.fromError(Predicate.isObject(event.error) ? event.error : event)

const stepEvent = (state: State, event: Wire.Event, out: Array<StreamPart>): AttemptError | undefined => {
  const { output } = state
  const key = keyOf(event)
  switch (event.type) {
    case "response.created":
    case "response.in_progress":
    case "response.queued":
      if (Predicate.isObject(event.response)) describe(state, event.response, out)
      return undefined
    case "response.output_item.added":
      if (Predicate.isObject(event.item)) Output.added(output, key, event.item, out)
      return undefined
    case "response.output_item.done":
      return Predicate.isObject(event.item) ? Output.done(output, key, event.item, out) : undefined
    case "response.content_part.done":
      if (Predicate.isObject(event.part)) {
        Output.content(output, key, numberOf(event.content_index), event.part, out)
      }
      return undefined
    case "response.output_text.delta":
      Output.delta(output, key, "text", numberOf(event.content_index), text(event.delta), out)
      return undefined
    case "response.refusal.delta":
      Output.delta(output, key, "refusal", numberOf(event.content_index), text(event.delta), out)
      return undefined
    case "response.output_text.annotation.added":
      if (Predicate.isObject(event.annotation)) {
        Output.annotate(output, key, numberOf(event.content_index), event.annotation, out)
      }
      return undefined
    case "response.reasoning_summary_text.delta":
      Output.delta(output, key, "summary", numberOf(event.summary_index), text(event.delta), out)
      return undefined
    case "response.reasoning_text.delta":
      Output.delta(output, key, "raw", numberOf(event.content_index), text(event.delta), out)
      return undefined
    case "response.function_call_arguments.delta":
      Output.argument(output, key, text(event.delta), out)
      return undefined
    case "response.completed":
    case "response.incomplete":
    case "response.failed":
    case "response.cancelled": {
      const response: Wire.Response = Predicate.isObject(event.response) ? event.response : {}
      return conclude(state, { ...response, status: event.type.slice("response.".length) }, out)
    }
    case "error":
      return failureOf(event)
    default:
      // Servers that tell a failure as Chat Completions do.
      return event.type === undefined && Predicate.isObject(event.error) ? failureOf(event) : undefined
  }
}

const step = (state: State, event: Sse.Event): Step => {
  if (event.data === "[DONE]") return halt(state)
  const json = Json.parse(event.data)
  if (!Predicate.isObject(json)) return Result.fail(malformed("an event of the stream is not a JSON object"))
  const out: Array<StreamPart> = []
  const failure = event.event === "error" ? failureOf(json) : stepEvent(state, json, out)
  return failure === undefined ? Result.succeed(out) : Result.fail(failure)
}

const halt = (state: State): Step =>
  state.finished
    ? Result.succeed([])
    : Result.fail(retryable({
      _tag: "StreamInterrupted",
      description: "the stream ended before the response was completed"
    }))

/**
 * Reads the events of a stream, which is whole only with its `response.completed` or `response.incomplete`; metadata
 * stand under `vendor`.
 *
 * @since 0.1.0
 * @category decoding
 */
export const streamDecoder = (vendor: string): StreamDecoder<State> => ({
  initial: () => initial(vendor),
  step,
  halt
})

// -----------------------------------------------------------------------------
// Whole
// -----------------------------------------------------------------------------

const decodeResponse = Plainly.decode(Wire.Response)
const decodeItem = Plainly.decode(Wire.OutputItem)

const isRead = (item: unknown): boolean =>
  Predicate.isObject(item) && Output.types.has((item as Wire.OutputItem).type ?? "")

/**
 * Reads a whole answer; metadata stand under `vendor`.
 *
 * @since 0.1.0
 * @category decoding
 */
export const whole = (vendor: string) => (json: unknown): Result.Result<Array<Response.Part>, AttemptError> => {
  if (!Predicate.isObject(json)) return Result.fail(malformed("the answer is not a JSON object"))
  const decoded = decodeResponse(json)
  if (Result.isFailure(decoded)) return Result.fail(malformed(issueOf(decoded.failure)))
  const response = decoded.success
  const isFailed = response.status === "failed" || (response.error !== undefined && response.error !== null)
  if (!Array.isArray(response.output) && !isFailed) return Result.fail(malformed("the answer has no output"))
  for (const item of response.output?.filter(isRead) ?? []) {
    const checked = decodeItem(item)
    if (Result.isFailure(checked)) return Result.fail(malformed(issueOf(checked.failure)))
  }
  const state = initial(vendor)
  const out: Array<StreamPart> = []
  const failure = conclude(state, response, out)
  return failure === undefined ? Result.succeed(Response.fold(out)) : Result.fail(failure)
}
