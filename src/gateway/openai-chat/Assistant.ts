/**
 * The assistant's messages of a Chat Completions body.
 *
 * @since 0.1.0
 */
import type { Prompt } from "effect/ai"
import { chat } from "../../vendor/openai/Profile.ts"
import * as Json from "../../wire/Json.ts"
import type * as Fields from "../Fields.ts"
import { isObject } from "../Fields.ts"
import * as Proof from "../Proof.ts"
import type { Transcript } from "../Transcript.ts"
import * as Content from "./Content.ts"
import { optionsOf } from "./Options.ts"
import * as Reasoning from "./Reasoning.ts"

const knownOfAssistant: ReadonlySet<string> = new Set([
  "role",
  "content",
  "refusal",
  "tool_calls",
  "function_call",
  "audio",
  "images",
  "extra_content",
  // What stands in an answer and nobody reads in a request.
  "annotations",
  ...Reasoning.fields
])

const refusal = { [chat]: { refusal: true } }

/**
 * Where the conversation goes, and the names of the tools that were called, by the ids of the calls.
 *
 * @since 0.1.0
 * @category models
 */
export interface Context {
  readonly reader: Fields.Reader
  readonly transcript: Transcript
  readonly called: Map<string, string>
}

/**
 * Reads a message of the assistant's.
 *
 * @since 0.1.0
 * @category decoding
 */
export const decode = (message: Fields.Json, path: string, context: Context): void => {
  const { reader, transcript } = context
  const parts: Array<Prompt.AssistantMessagePartEncoded> = []
  const places: Array<string> = []
  const push = (part: Prompt.AssistantMessagePartEncoded, at: string): void => {
    parts.push(part)
    places.push(at)
  }
  for (const part of Reasoning.decode(message)) push(part, path)
  decodeContent(message, path, reader, push)
  if (typeof message["refusal"] === "string") {
    push({ type: "text", text: message["refusal"], options: refusal }, `${path}.refusal`)
  }
  for (const [index, image] of (reader.optionalList(message["images"], `${path}.images`) ?? []).entries()) {
    const at = `${path}.images.${index}`
    push(Content.decodeImage(reader, reader.object(image, at), at), at)
  }
  if (isObject(message["audio"])) reader.unsupported(`${path}.audio`, "no answers are kept here")
  for (const [index, value] of (reader.optionalList(message["tool_calls"], `${path}.tool_calls`) ?? []).entries()) {
    const at = `${path}.tool_calls.${index}`
    push(decodeCall(reader.object(value, at), at, context), at)
  }
  const legacy = reader.optionalObject(message["function_call"], `${path}.function_call`)
  if (legacy !== undefined) {
    const at = `${path}.function_call`
    const name = reader.text(legacy["name"], `${at}.name`)
    const id = `call_${context.called.size}`
    context.called.set(id, name)
    push({ type: "tool-call", id, name, params: paramsOf(reader, legacy["arguments"], `${at}.arguments`) }, at)
  }
  transcript.add({ role: "assistant", content: parts, ...optionsOf(message, knownOfAssistant) }, path, places)
}

const decodeContent = (
  message: Fields.Json,
  path: string,
  reader: Fields.Reader,
  push: (part: Prompt.AssistantMessagePartEncoded, at: string) => void
): void => {
  const { content } = message
  const options = Proof.ofExtraContent(message["extra_content"])
  const proof = options === undefined ? undefined : { options }
  if (content === undefined || content === null) return
  if (typeof content === "string") {
    if (content !== "" || proof !== undefined) push({ type: "text", text: content, ...proof }, `${path}.content`)
    return
  }
  for (const [index, value] of reader.list(content, `${path}.content`).entries()) {
    const at = `${path}.content.${index}`
    const piece = reader.object(value, at)
    if (piece["type"] === "refusal") {
      push({ type: "text", text: reader.text(piece["refusal"], `${at}.refusal`), options: refusal }, at)
    } else if (piece["type"] === "text") push({ ...Content.decodeText(reader, piece, at), ...proof }, at)
    else reader.wrong(`${at}.type`, "must be text or refusal")
  }
}

const decodeCall = (call: Fields.Json, at: string, context: Context): Prompt.ToolCallPartEncoded => {
  const { called, reader } = context
  const { type } = call
  if (type !== undefined && type !== null && type !== "function") {
    reader.unsupported(`${at}.type`, "only calls of functions are known")
  }
  const named = reader.object(call["function"], `${at}.function`)
  const id = reader.text(call["id"], `${at}.id`)
  const name = reader.text(named["name"], `${at}.function.name`)
  called.set(id, name)
  const options = Proof.ofExtraContent(call["extra_content"])
  return {
    type: "tool-call",
    id,
    name,
    params: paramsOf(reader, named["arguments"], `${at}.function.arguments`),
    ...(options === undefined ? undefined : { options })
  }
}

/** An empty text, as some servers leave it of a call without arguments, means none. */
const paramsOf = (reader: Fields.Reader, value: unknown, at: string): unknown => {
  const text = reader.text(value, at)
  if (text.trim() === "") return {}
  const params = Json.parse(text)
  if (params === undefined) reader.wrong(at, "must be JSON")
  return params
}
