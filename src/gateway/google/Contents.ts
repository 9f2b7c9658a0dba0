/**
 * The conversation of this API as a prompt's messages.
 *
 * @since 0.1.0
 */
import type { Prompt } from "effect/ai"
import { isObject, type Json, type Reader, rest } from "../Fields.ts"
import type { Transcript } from "../Transcript.ts"
import * as Names from "./Names.ts"
import * as Parts from "./Parts.ts"
import * as Signature from "./Signature.ts"

interface Call {
  readonly id: string
  readonly name: string
  isAnswered: boolean
}

interface Context {
  readonly transcript: Transcript
  readonly reader: Reader
  /** The calls so far: a response names its call by an id, or only by the function. */
  readonly calls: Array<Call>
}

/**
 * The system's words, each part a message.
 *
 * @since 0.1.0
 * @category decoding
 */
export const system = (value: unknown, transcript: Transcript, reader: Reader): void => {
  if (value === undefined || value === null) return
  const content = Names.camel(reader.object(value, "systemInstruction"), "systemInstruction", reader)
  for (const [index, each] of (reader.optionalList(content["parts"], "systemInstruction.parts") ?? []).entries()) {
    const at = `systemInstruction.parts.${index}`
    const text = reader.text(reader.object(each, at)["text"], `${at}.text`)
    if (text.trim() !== "") transcript.add({ role: "system", content: text }, at)
  }
}

/** What the model said, in as many contents as it came: clients keep each chunk of a stream as one. */
interface Turn {
  readonly path: string
  readonly parts: Array<Prompt.AssistantMessagePartEncoded>
  readonly places: Array<string>
}

/**
 * The contents in their order; responses of functions become messages of their own, and contents of the model that
 * follow one another one message.
 *
 * @since 0.1.0
 * @category decoding
 */
export const contents = (value: unknown, transcript: Transcript, reader: Reader): void => {
  const context: Context = { transcript, reader, calls: [] }
  const list = reader.list(value, "contents")
  if (list.length === 0) reader.wrong("contents", "must not be empty")
  let turn: Turn | undefined
  const flush = () => {
    if (turn !== undefined) transcript.add({ role: "assistant", content: turn.parts }, turn.path, turn.places)
    turn = undefined
  }
  for (const [index, each] of list.entries()) {
    const at = `contents.${index}`
    const { parts, role } = reader.object(each, at)
    const read = reader.optionalList(parts, `${at}.parts`) ?? []
    if (role === "model") model(read, at, turn ??= { path: at, parts: [], places: [] }, context)
    else if (role === undefined || role === null || role === "user" || role === "function" || role === "tool") {
      flush()
      user(read, at, context)
    } else reader.wrong(`${at}.role`, "must be \"user\" or \"model\"")
  }
  flush()
}

// -----------------------------------------------------------------------------
// User
// -----------------------------------------------------------------------------

const user = (given: ReadonlyArray<unknown>, path: string, context: Context): void => {
  const { reader, transcript } = context
  let parts: Array<Prompt.UserMessagePartEncoded> = []
  let results: Array<Prompt.ToolResultPartEncoded> = []
  let places: Array<string> = []
  const flush = () => {
    if (results.length > 0) transcript.add({ role: "tool", content: results }, path, places)
    else transcript.add({ role: "user", content: parts }, path, places)
    parts = []
    results = []
    places = []
  }
  for (const [index, each] of given.entries()) {
    const at = `${path}.parts.${index}`
    const part = Names.camel(reader.object(each, at), at, reader)
    if (isObject(part["functionResponse"])) {
      if (parts.length > 0) flush()
      results.push(functionResponse(part["functionResponse"], `${at}.functionResponse`, context))
    } else if (part["text"] === "") continue
    else {
      const read = Parts.read(part, at, reader)
      if (read === undefined) {
        reader.wrong(at, "must be a text, a file or the response of a function")
        continue
      }
      if (results.length > 0) flush()
      parts.push(read)
    }
    places.push(at)
  }
  flush()
}

// -----------------------------------------------------------------------------
// Model
// -----------------------------------------------------------------------------

const model = (given: ReadonlyArray<unknown>, path: string, turn: Turn, context: Context): void => {
  let isFirst = true
  for (const [index, each] of given.entries()) {
    const at = `${path}.parts.${index}`
    const part = Names.camel(context.reader.object(each, at), at, context.reader)
    const read = spoken(part, at, context)
    if (read === undefined) continue
    const joined = join(turn.parts.at(-1), read, isFirst)
    isFirst = false
    if (joined !== undefined) turn.parts[turn.parts.length - 1] = joined
    else {
      turn.parts.push(read)
      turn.places.push(at)
    }
  }
}

const isUnsigned = ({ options }: Prompt.ReasoningPartEncoded): boolean =>
  isObject(options?.["google"]) && options["google"]["thoughtSignature"] === undefined

/**
 * Pieces of one text made one: those of two chunks of a stream, and thoughts of another vendor with what that wants back
 * with them, which a stream tells with the last of them. What Google signed stays as it is.
 */
const join = (
  last: Prompt.AssistantMessagePartEncoded | undefined,
  next: Prompt.AssistantMessagePartEncoded,
  isChunk: boolean
): Prompt.AssistantMessagePartEncoded | undefined => {
  if (last?.type === "text" && next.type === "text") {
    return isChunk && last.options === undefined && next.options === undefined
      ? { ...last, text: last.text + next.text }
      : undefined
  }
  if (last?.type !== "reasoning" || next.type !== "reasoning" || !isUnsigned(last)) return undefined
  const isForeign = next.options?.["google"] === undefined
  return isForeign || (isChunk && isUnsigned(next)) ? { ...next, text: last.text + next.text } : undefined
}

const spoken = (part: Json, path: string, context: Context): Prompt.AssistantMessagePartEncoded | undefined => {
  const { reader } = context
  const { codeExecutionResult, executableCode, functionCall, text, thought, toolCall, toolResponse } = part
  const thoughtSignature = reader.optionalText(part["thoughtSignature"], `${path}.thoughtSignature`)
  const signed = thoughtSignature === undefined ? {} : { thoughtSignature }
  if (isObject(functionCall)) return call(functionCall, signed, `${path}.functionCall`, context)
  if (isObject(executableCode)) {
    return executed("code_execution", executableCode, { part: "executableCode", ...signed }, context)
  }
  if (isObject(toolCall)) return served(toolCall, signed, `${path}.toolCall`, context)
  if (isObject(codeExecutionResult)) {
    const own = { part: "codeExecutionResult", ...signed }
    const isFailure = codeExecutionResult["outcome"] !== "OUTCOME_OK"
    return gave("code_execution", undefined, codeExecutionResult, isFailure, own, context)
  }
  if (isObject(toolResponse)) {
    const { id, response, toolType } = Names.camel(toolResponse, path, reader)
    const own = { part: "toolResponse", ...(typeof id === "string" ? { functionCallId: id } : undefined), ...signed }
    return gave(reader.text(toolType, `${path}.toolResponse.toolType`), id, response ?? {}, false, own, context)
  }
  if (thought === true && (typeof text === "string" || (text ?? undefined) === undefined) && !Parts.hasFile(part)) {
    return {
      type: "reasoning",
      text: typeof text === "string" ? text : "",
      options: Signature.options(thoughtSignature)
    }
  }
  if (text === "" && thoughtSignature === undefined) return undefined
  const read = Parts.read(part, path, reader)
  if (read !== undefined) return read
  if (thoughtSignature !== undefined) return { type: "text", text: "", ...Parts.options(signed) }
  reader.wrong(path, "must be a text, a file or the call of a function")
  return undefined
}

/** Older models give their calls no ids: one is made up, by the call's place. */
const remember = (given: unknown, name: string, { calls }: Context): string => {
  const id = typeof given === "string" && given !== "" ? given : `call_${calls.length}`
  calls.push({ id, name, isAnswered: false })
  return id
}

const call = (given: Json, signed: Json, path: string, context: Context): Prompt.ToolCallPartEncoded => {
  const { reader } = context
  const { args, id, name: told } = Names.camel(given, path, reader)
  const name = reader.text(told, `${path}.name`)
  const functionCallId = reader.optionalText(id, `${path}.id`)
  const own = { ...(functionCallId === undefined ? undefined : { functionCallId }), ...signed }
  return {
    type: "tool-call",
    id: remember(functionCallId, name, context),
    name,
    params: reader.optionalObject(args, `${path}.args`) ?? {},
    ...Parts.options(Object.keys(own).length === 0 ? undefined : own)
  }
}

// -----------------------------------------------------------------------------
// Executed by the API
// -----------------------------------------------------------------------------

const executed = (name: string, params: unknown, own: Json, context: Context, id?: unknown) => ({
  type: "tool-call" as const,
  id: remember(id, name, context),
  name,
  params,
  providerExecuted: true,
  ...Parts.options(own)
})

const served = (given: Json, signed: Json, path: string, context: Context) => {
  const { args, id, toolType } = Names.camel(given, path, context.reader)
  const own = { part: "toolCall", ...(typeof id === "string" ? { functionCallId: id } : undefined), ...signed }
  return executed(context.reader.text(toolType, `${path}.toolType`), args ?? {}, own, context, id)
}

const gave = (
  name: string,
  id: unknown,
  result: unknown,
  isFailure: boolean,
  own: Json,
  context: Context
): Prompt.ToolResultPartEncoded => ({
  type: "tool-result",
  id: answered(id, name, context),
  name,
  result,
  isFailure,
  providerExecuted: true,
  ...Parts.options(own)
})

// -----------------------------------------------------------------------------
// Responses of functions
// -----------------------------------------------------------------------------

/** The call that a response belongs to: the one with its id, else the first of that function that waits. */
const answered = (id: unknown, name: string, { calls }: Context): string => {
  const found = typeof id === "string" && id !== ""
    ? calls.find((call) => call.id === id)
    : calls.find((call) => call.name === name && !call.isAnswered)
  if (found === undefined) return typeof id === "string" && id !== "" ? id : `call_${name}`
  found.isAnswered = true
  return found.id
}

const responseFields: ReadonlySet<string> = new Set(["id", "name", "response", "parts"])

const functionResponse = (given: Json, path: string, context: Context): Prompt.ToolResultPartEncoded => {
  const { reader } = context
  const told = Names.camel(given, path, reader)
  const name = reader.text(told["name"], `${path}.name`)
  const response = reader.optionalObject(told["response"], `${path}.response`) ?? {}
  const { isFailure, result } = resultOf(response)
  const files: Array<Prompt.FilePartEncoded> = []
  for (const [index, each] of (reader.optionalList(told["parts"], `${path}.parts`) ?? []).entries()) {
    const at = `${path}.parts.${index}`
    const part = Parts.read(Names.camel(reader.object(each, at), at, reader), at, reader)
    if (part?.type === "file") files.push(part)
    else reader.wrong(at, "must be a file")
  }
  const text = typeof result === "string" ? result : JSON.stringify(result)
  return {
    type: "tool-result",
    id: answered(told["id"], name, context),
    name,
    result,
    isFailure,
    ...(files.length === 0 ? undefined : { modelOutput: [{ type: "text", text }, ...files] }),
    ...Parts.options(rest(told, responseFields, reader))
  }
}

/** `output` and `error` are the API's own words for what a function gave and why it failed. */
const resultOf = (response: Json): { readonly result: unknown; readonly isFailure: boolean } => {
  const keys = Object.keys(response)
  if (keys.length === 1 && keys[0] === "error") return { result: response["error"], isFailure: true }
  if (keys.length === 1 && keys[0] === "output") return { result: response["output"], isFailure: false }
  return { result: response, isFailure: false }
}
