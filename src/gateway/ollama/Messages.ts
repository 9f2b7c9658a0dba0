/**
 * Ollama's messages as a prompt's.
 *
 * @since 0.1.0
 */
import type { Prompt } from "effect/ai"
import { isObject, type Json, type Reader, rest } from "../Fields.ts"
import type { Transcript } from "../Transcript.ts"

interface Call {
  readonly id: string
  readonly name: string
  isAnswered: boolean
}

interface Context {
  readonly transcript: Transcript
  readonly reader: Reader
  /** The calls so far: older clients tell the results of tools without an id, or without a name. */
  readonly calls: Array<Call>
}

/**
 * The messages in their order; an empty one says nothing and is left out.
 *
 * @since 0.1.0
 * @category decoding
 */
export const decode = (value: unknown, transcript: Transcript, reader: Reader): void => {
  const context: Context = { transcript, reader, calls: [] }
  for (const [index, each] of reader.list(value, "messages").entries()) {
    const at = `messages.${index}`
    const message = reader.object(each, at)
    const { role } = message
    if (role === "system") {
      const content = reader.optionalText(message["content"], `${at}.content`) ?? ""
      if (content.trim() !== "") transcript.add({ role, content }, at)
    } else if (role === "user") {
      const { parts, places } = content(message, at, reader)
      transcript.add({ role, content: parts }, at, places)
    } else if (role === "assistant") assistant(message, at, context)
    else if (role === "tool") tool(message, at, context)
    else reader.wrong(`${at}.role`, "must be \"system\", \"user\", \"assistant\" or \"tool\"")
  }
}

// -----------------------------------------------------------------------------
// Texts and images
// -----------------------------------------------------------------------------

/** How the types of pictures begin in base64. */
const kinds: ReadonlyArray<readonly [beginning: string, mediaType: string]> = [
  ["iVBORw0KGgo", "image/png"],
  ["/9j/", "image/jpeg"],
  ["R0lGOD", "image/gif"],
  ["UklGR", "image/webp"]
]

/**
 * A text and its pictures, which are told without their type.
 *
 * @since 0.1.0
 * @category decoding
 */
export const content = (
  message: Json,
  path: string,
  reader: Reader,
  field = "content"
): { readonly parts: Array<Prompt.TextPartEncoded | Prompt.FilePartEncoded>; readonly places: Array<string> } => {
  const at = (name: string) => path === "" ? name : `${path}.${name}`
  const parts: Array<Prompt.TextPartEncoded | Prompt.FilePartEncoded> = []
  const places: Array<string> = []
  const text = reader.optionalText(message[field], at(field)) ?? ""
  if (text !== "") {
    parts.push({ type: "text", text })
    places.push(at(field))
  }
  for (const [index, each] of (reader.optionalList(message["images"], at("images")) ?? []).entries()) {
    const place = at(`images.${index}`)
    const data = reader.text(each, place)
    const kind = kinds.find(([beginning]) => data.startsWith(beginning))
    if (/^\w+:\/\//.test(data)) reader.wrong(place, "must be a picture in base64, not an address")
    parts.push({ type: "file", mediaType: kind?.[1] ?? "image/*", data })
    places.push(place)
  }
  return { parts, places }
}

// -----------------------------------------------------------------------------
// Assistant and tools
// -----------------------------------------------------------------------------

const assistant = (message: Json, path: string, { calls, reader, transcript }: Context): void => {
  const parts: Array<Prompt.AssistantMessagePartEncoded> = []
  const places: Array<string> = []
  const add = (part: Prompt.AssistantMessagePartEncoded, place: string) => {
    parts.push(part)
    places.push(place)
  }
  const thinking = reader.optionalText(message["thinking"], `${path}.thinking`) ?? ""
  if (thinking !== "") {
    add({ type: "reasoning", text: thinking, options: { ollama: { thinking: true } } }, `${path}.thinking`)
  }
  const said = content(message, path, reader)
  parts.push(...said.parts)
  places.push(...said.places)
  for (const [index, each] of (reader.optionalList(message["tool_calls"], `${path}.tool_calls`) ?? []).entries()) {
    const at = `${path}.tool_calls.${index}`
    const call = reader.object(each, at)
    const told = reader.object(call["function"], `${at}.function`)
    const name = reader.text(told["name"], `${at}.function.name`)
    const params = reader.optionalObject(told["arguments"], `${at}.function.arguments`) ?? {}
    const id = reader.optionalText(call["id"], `${at}.id`) || `call_${calls.length}`
    calls.push({ id, name, isAnswered: false })
    add({ type: "tool-call", id, name, params }, at)
  }
  transcript.add({ role: "assistant", content: parts }, path, places)
}

const tool = (message: Json, path: string, context: Context): void => {
  const { reader } = context
  const given = reader.optionalText(message["tool_call_id"], `${path}.tool_call_id`) || undefined
  const named = reader.optionalText(message["tool_name"] ?? message["name"], `${path}.tool_name`) || undefined
  const call = context.calls.find(({ id, isAnswered, name }) =>
    given === undefined ? !isAnswered && (named === undefined || name === named) : id === given
  )
  if (call !== undefined) call.isAnswered = true
  const { parts } = content(message, path, reader)
  const result = parts.map((part) => part.type === "text" ? part.text : "").join("")
  const part: Prompt.ToolResultPartEncoded = {
    type: "tool-result",
    id: given ?? call?.id ?? `call_${named ?? "unknown"}`,
    name: named ?? call?.name ?? "unknown",
    isFailure: false,
    result,
    ...(isObject(message) && Array.isArray(message["images"]) && message["images"].length > 0
      ? { modelOutput: parts }
      : undefined)
  }
  context.transcript.add({ role: "tool", content: [part] }, path, [path])
}

// -----------------------------------------------------------------------------
// Tools
// -----------------------------------------------------------------------------

const functionFields: ReadonlySet<string> = new Set(["name", "description", "parameters"])

/**
 * The functions that a model may call.
 *
 * @since 0.1.0
 * @category decoding
 */
export const tools = (value: unknown, reader: Reader) =>
  (reader.optionalList(value, "tools") ?? []).map((each, index) => {
    const at = `tools.${index}`
    const tool = reader.object(each, at)
    if ((tool["type"] ?? "function") !== "function") reader.wrong(`${at}.type`, "must be \"function\"")
    const told = reader.object(tool["function"], `${at}.function`)
    const description = reader.optionalText(told["description"], `${at}.function.description`)
    rest(told, functionFields, reader)
    return {
      name: reader.text(told["name"], `${at}.function.name`),
      ...(description === undefined ? undefined : { description }),
      parameters: (reader.optionalObject(told["parameters"], `${at}.function.parameters`) ??
        { type: "object", properties: {} }) as { [key: string]: any }
    }
  })
