/**
 * Ollama's answers to parts: a whole answer is read as a stream of one line, so both readings agree by construction.
 *
 * @since 0.1.0
 */
import { DateTime, Hash, Option, Predicate, Result } from "effect"
import type { Response as AiResponse } from "effect/ai"
import * as Response from "../../Response.ts"
import { type AttemptError, retryable } from "../../VendorError.ts"
import * as Blocks from "../../wire/Blocks.ts"
import { count, issueOf, malformed } from "../../wire/Decoding.ts"
import * as Json from "../../wire/Json.ts"
import * as Failure from "./Failure.ts"
import * as Plainly from "../../wire/Plainly.ts"
import type { Step } from "../../wire/Reading.ts"
import type { LineDecoder } from "./Lines.ts"
import * as Wire from "./Wire.ts"

type StreamPart = Response.StreamPart

/** The state of one answer being read. */
interface State {
  described: boolean
  readonly blocks: Blocks.Blocks
  /** When the first line was written: what tells the calls of one answer from those of another. */
  createdAt: string
  calls: number
}

const initial = (): State => ({ described: false, blocks: Blocks.make(), createdAt: "", calls: 0 })

const text = (value: unknown): string => typeof value === "string" ? value : ""

// -----------------------------------------------------------------------------
// Head and end
// -----------------------------------------------------------------------------

/** Go writes up to nine digits of a second, of which a date keeps three. */
const timestampOf = (createdAt: string): string | undefined =>
  Option.match(DateTime.make(createdAt.replace(/(\.\d{3})\d+/, "$1")), {
    onNone: () => undefined,
    onSome: DateTime.formatIso
  })

const describe = (state: State, line: Wire.ChatResponse, out: Array<StreamPart>): void => {
  state.described = true
  state.createdAt = text(line.created_at)
  const modelId = text(line.model)
  const timestamp = state.createdAt === "" ? undefined : timestampOf(state.createdAt)
  if (modelId === "" && timestamp === undefined) return
  out.push({
    type: "response-metadata",
    ...(modelId === "" ? undefined : { modelId }),
    ...(timestamp === undefined ? undefined : { timestamp })
  })
}

/**
 * A count that is absent was 0 or not made, as that of a prompt which was wholly in the cache; what of a prompt was in
 * the cache is never told.
 *
 * @since 0.1.0
 * @category conversions
 */
export const usageOf = (line: Pick<Wire.ChatResponse, "prompt_eval_count" | "eval_count">): Response.Usage => {
  const input = count(line.prompt_eval_count)
  const output = count(line.eval_count)
  return {
    inputTokens: input === undefined ? {} : { total: input },
    outputTokens: output === undefined ? {} : { total: output }
  }
}

const finishReasonOf = (state: State, reason: unknown): AiResponse.FinishReason => {
  switch (reason) {
    // Older servers give no reason.
    case undefined:
    case null:
    case "":
    case "stop":
      return state.calls > 0 ? "tool-calls" : "stop"
    case "length":
      return "length"
    // `load` and `unload`: the model was only brought into memory or out of it.
    default:
      return "other"
  }
}

// -----------------------------------------------------------------------------
// Content
// -----------------------------------------------------------------------------

/** By which the encoder knows reasoning of Ollama, which signs none. */
const own = { metadata: { ollama: { thinking: true } } }

type Call = NonNullable<NonNullable<NonNullable<Wire.ChatResponse["message"]>["tool_calls"]>[number]>

/** Older servers give calls no ids; one made of the answer's time and the call's number is not met again. */
const idOf = (state: State, call: Call): string =>
  text(call.id) || `call_${(Hash.string(state.createdAt) >>> 0).toString(36)}_${state.calls}`

const readCall = (state: State, call: Call, out: Array<StreamPart>): AttemptError | undefined => {
  const name = text(call.function?.name)
  if (name === "") return malformed("a tool call has no name")
  const told = call.function?.arguments
  const params = typeof told === "string" ? told.trim() === "" ? {} : Json.parse(told) : told
  if (params === undefined && told !== undefined) {
    return malformed(`the arguments of the call to the tool "${name}" are not JSON`)
  }
  const id = idOf(state, call)
  state.calls += 1
  Blocks.close(state.blocks, out)
  out.push({ type: "tool-params-start", id, name })
  const delta = JSON.stringify(params ?? {})
  if (delta !== "{}") out.push({ type: "tool-params-delta", id, delta })
  out.push({ type: "tool-params-end", id }, { type: "tool-call", id, name, params: params ?? {} })
  return undefined
}

const readLine = (state: State, line: Wire.ChatResponse, out: Array<StreamPart>): AttemptError | undefined => {
  if (line.error !== undefined && line.error !== null) return Failure.fromLine(line)
  if (!state.described) describe(state, line, out)
  const { message } = line
  if (Predicate.isObject(message)) {
    Blocks.append(state.blocks, "reasoning", text(message.thinking), out, own)
    Blocks.append(state.blocks, "text", text(message.content), out)
    for (const call of Array.isArray(message.tool_calls) ? message.tool_calls as ReadonlyArray<Call> : []) {
      const failure = Predicate.isObject(call) ? readCall(state, call, out) : undefined
      if (failure !== undefined) return failure
    }
  }
  if (line.done !== true) return undefined
  Blocks.close(state.blocks, out)
  out.push({ type: "finish", reason: finishReasonOf(state, line.done_reason), usage: usageOf(line) })
  return undefined
}

// -----------------------------------------------------------------------------
// Stream
// -----------------------------------------------------------------------------

const step = (state: State, json: unknown): Step => {
  if (!Predicate.isObject(json)) return Result.fail(malformed("a line of the stream is not a JSON object"))
  const out: Array<StreamPart> = []
  const failure = readLine(state, json as Wire.ChatResponse, out)
  return failure === undefined ? Result.succeed(out) : Result.fail(failure)
}

const interrupted = retryable({
  _tag: "StreamInterrupted",
  description: "the stream ended without its last line"
})

/**
 * Reads the lines of a stream, which ends with the line that says `done`; without it, it is a `StreamInterrupted`.
 *
 * @since 0.1.0
 * @category decoding
 */
export const lineDecoder: LineDecoder<State> = { initial, step, halt: () => Result.fail(interrupted) }

// -----------------------------------------------------------------------------
// Whole
// -----------------------------------------------------------------------------

const decodeResponse = Plainly.decode(Wire.ChatResponse)

/**
 * Reads a whole answer.
 *
 * @since 0.1.0
 * @category decoding
 */
export const whole = (json: unknown): Result.Result<Array<Response.Part>, AttemptError> => {
  if (!Predicate.isObject(json)) return Result.fail(malformed("the answer is not a JSON object"))
  const decoded = decodeResponse(json)
  if (Result.isFailure(decoded)) return Result.fail(malformed(issueOf(decoded.failure)))
  const out: Array<StreamPart> = []
  const failure = readLine(initial(), decoded.success, out)
  if (failure !== undefined) return Result.fail(failure)
  return out.at(-1)?.type === "finish"
    ? Result.succeed(Response.fold(out))
    : Result.fail(malformed("the answer does not say that it is done"))
}
