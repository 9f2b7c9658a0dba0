/**
 * The parts of a candidate's content: text and thoughts, calls of functions, files, and what the API itself executed.
 *
 * @since 0.1.0
 */
import { Predicate } from "effect"
import type { Response as AiResponse } from "effect/ai"
import type { StreamPart } from "../../Response.ts"
import type { AttemptError } from "../../VendorError.ts"
import * as Blocks from "../../wire/Blocks.ts"
import { malformed } from "../../wire/Decoding.ts"
import type * as Wire from "./Wire.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface State {
  readonly blocks: Blocks.Blocks
  readonly turn: number
  responseId: string | undefined
  /** How many calls the caller has to answer. */
  calls: number
  /** How many calls there were at all. */
  numbered: number
  /** The id of the code that was executed last. */
  code: string
}

/**
 * @since 0.1.0
 * @category constructors
 */
export const initial = (turn: number): State => ({
  blocks: Blocks.make(),
  turn,
  responseId: undefined,
  calls: 0,
  numbered: 0,
  code: ""
})

type Metadata = { [name: string]: string | boolean }

const metadataOf = (google: Metadata): { readonly metadata?: AiResponse.ProviderMetadata } =>
  Object.keys(google).length === 0 ? {} : { metadata: { google } }

const textOf = (value: unknown): string | undefined => typeof value === "string" && value !== "" ? value : undefined

const signatureOf = (part: Wire.AnswerPart): Metadata => {
  const thoughtSignature = textOf(part.thoughtSignature)
  return thoughtSignature === undefined ? {} : { thoughtSignature }
}

/** Unique in the conversation: by the answer's id, or where there is none by how many calls came before it. */
const makeUpId = (state: State): string => `call_${state.responseId ?? `t${state.turn}`}_${state.numbered++}`

/**
 * Reads one part.
 *
 * @since 0.1.0
 * @category decoding
 */
export const read = (state: State, part: Wire.AnswerPart, out: Array<StreamPart>): AttemptError | undefined => {
  if (Predicate.isObject(part.functionCall)) return call(state, part, part.functionCall, out)
  if (typeof part.text === "string") say(state, part, part.text, out)
  else if (Predicate.isObject(part.inlineData)) show(state, part, part.inlineData, out)
  else if (Predicate.isObject(part.executableCode) || Predicate.isObject(part.codeExecutionResult)) {
    execute(state, part, out)
  } else if (Predicate.isObject(part.toolCall) || Predicate.isObject(part.toolResponse)) serve(state, part, out)
  else if (textOf(part.thoughtSignature) !== undefined) say(state, part, "", out)
  return undefined
}

/** A thought that carries no signature is known again by this. */
const thought = { google: { thought: true } }

/** A signature ends the text it stands with; in streams it comes last, beside an empty text. */
const say = (state: State, part: Wire.AnswerPart, text: string, out: Array<StreamPart>): void => {
  const { blocks } = state
  const kind = part.thought === true ? "reasoning" : "text"
  Blocks.append(blocks, kind, text, out, kind === "reasoning" ? { metadata: thought } : undefined)
  const thoughtSignature = textOf(part.thoughtSignature)
  if (thoughtSignature === undefined) return
  if (blocks.open?.kind !== kind) {
    Blocks.close(blocks, out)
    const id = String(blocks.count++)
    out.push({ type: `${kind}-start`, id })
    blocks.open = { kind, id, label: kind }
  }
  Blocks.close(blocks, out, { google: { thoughtSignature } })
}

const show = (
  state: State,
  part: Wire.AnswerPart,
  { data, mimeType }: NonNullable<Wire.AnswerPart["inlineData"]>,
  out: Array<StreamPart>
): void => {
  if (typeof data !== "string") return
  Blocks.close(state.blocks, out)
  out.push({
    type: "file",
    mediaType: textOf(mimeType) ?? "application/octet-stream",
    data,
    ...metadataOf({ ...(part.thought === true ? { thought: true } : undefined), ...signatureOf(part) })
  })
}

const call = (
  state: State,
  part: Wire.AnswerPart,
  { args, id: own, name }: NonNullable<Wire.AnswerPart["functionCall"]>,
  out: Array<StreamPart>
): AttemptError | undefined => {
  if (textOf(name) === undefined) return malformed("a tool call has no name")
  const params = args === undefined || args === null ? {} : args
  if (!Predicate.isObject(params) || Array.isArray(params)) {
    return malformed(`the arguments of the call to the tool "${name}" are not an object`)
  }
  Blocks.close(state.blocks, out)
  state.calls += 1
  const functionCallId = textOf(own)
  const id = functionCallId ?? makeUpId(state)
  const metadata = metadataOf({
    ...(functionCallId === undefined ? undefined : { functionCallId }),
    ...signatureOf(part)
  })
  out.push(
    { type: "tool-params-start", id, name: name! },
    { type: "tool-params-delta", id, delta: JSON.stringify(params) },
    { type: "tool-params-end", id },
    { type: "tool-call", id, name: name!, params, ...metadata }
  )
  return undefined
}

// -----------------------------------------------------------------------------
// Executed by the API
// -----------------------------------------------------------------------------

type Json = { readonly [key: string]: unknown }

/** The code and what came of it, each in the API's own words. */
const execute = (state: State, part: Wire.AnswerPart, out: Array<StreamPart>): void => {
  Blocks.close(state.blocks, out)
  const name = "code_execution"
  if (Predicate.isObject(part.executableCode)) {
    state.code = makeUpId(state)
    out.push({
      type: "tool-call",
      id: state.code,
      name,
      params: part.executableCode,
      providerExecuted: true,
      ...metadataOf({ part: "executableCode", ...signatureOf(part) })
    })
    return
  }
  const result = part.codeExecutionResult as Json
  out.push({
    type: "tool-result",
    id: state.code === "" ? makeUpId(state) : state.code,
    name,
    result,
    isFailure: result["outcome"] !== "OUTCOME_OK",
    providerExecuted: true,
    ...metadataOf({ part: "codeExecutionResult", ...signatureOf(part) })
  })
}

/** Other tools of the API's own, as its search, which tell a type, arguments and a response. */
const serve = (state: State, part: Wire.AnswerPart, out: Array<StreamPart>): void => {
  Blocks.close(state.blocks, out)
  const isCall = Predicate.isObject(part.toolCall)
  const told = (isCall ? part.toolCall : part.toolResponse) as Json
  const functionCallId = textOf(told["id"])
  const id = functionCallId ?? makeUpId(state)
  const name = textOf(told["toolType"]) ?? "TOOL_TYPE_UNSPECIFIED"
  const metadata = metadataOf({
    part: isCall ? "toolCall" : "toolResponse",
    ...(functionCallId === undefined ? undefined : { functionCallId }),
    ...signatureOf(part)
  })
  out.push(
    isCall
      ? { type: "tool-call", id, name, params: told["args"] ?? {}, providerExecuted: true, ...metadata }
      : {
        type: "tool-result",
        id,
        name,
        result: told["response"] ?? {},
        isFailure: false,
        providerExecuted: true,
        ...metadata
      }
  )
}
