/**
 * The messages of a Chat Completions body as those of a prompt.
 *
 * @since 0.1.0
 */
import type { Prompt } from "effect/ai"
import type * as Fields from "../Fields.ts"
import { Transcript } from "../Transcript.ts"
import * as Assistant from "./Assistant.ts"
import * as Content from "./Content.ts"
import { optionsOf } from "./Options.ts"

interface Context extends Assistant.Context {
  /** The tool results that still may join. */
  results: { readonly content: Array<Prompt.ToolMessagePartEncoded>; readonly parts: Array<string> } | undefined
}

/**
 * Reads the messages; the first that is wrong is told to the reader.
 *
 * @since 0.1.0
 * @category decoding
 */
export const decode = (reader: Fields.Reader, value: unknown): Transcript => {
  const context: Context = { reader, transcript: new Transcript(), called: new Map(), results: undefined }
  const messages = reader.list(value, "messages")
  for (let index = 0; index < messages.length; index++) {
    const path = `messages.${index}`
    decodeMessage(reader.object(messages[index], path), path, context)
  }
  if (messages.length === 0) reader.wrong("messages", "must not be empty")
  return context.transcript
}

const decodeMessage = (message: Fields.Json, path: string, context: Context): void => {
  if (message["role"] !== "tool" && message["role"] !== "function") context.results = undefined
  switch (message["role"]) {
    case "system":
    case "developer":
      return decodeSystem(message, path, context)
    case "user":
      return decodeUser(message, path, context)
    case "assistant":
      return Assistant.decode(message, path, context)
    case "tool":
      return decodeResult(message, context.reader.text(message["tool_call_id"], `${path}.tool_call_id`), path, context)
    case "function":
      return decodeFunctionResult(message, path, context)
    default:
      context.reader.wrong(`${path}.role`, "must be developer, system, user, assistant, tool or function")
  }
}

// -----------------------------------------------------------------------------
// System and user
// -----------------------------------------------------------------------------

const knownOfMessage: ReadonlySet<string> = new Set(["role", "content"])

/** A list of texts becomes a message each, so that each keeps its mark. */
const decodeSystem = (message: Fields.Json, path: string, { reader, transcript }: Context): void => {
  const { content } = message
  const options = optionsOf(message, knownOfMessage)
  if (typeof content === "string") return transcript.add({ role: "system", content, ...options }, path)
  const pieces = reader.list(content, `${path}.content`)
  for (let index = 0; index < pieces.length; index++) {
    const at = `${path}.content.${index}`
    const piece = reader.object(pieces[index], at)
    if (piece["type"] !== "text") reader.wrong(`${at}.type`, "must be text")
    const marked = piece["cache_control"] === undefined ? options : optionsOf(
      { ...message, cache_control: piece["cache_control"] },
      knownOfMessage
    )
    transcript.add({ role: "system", content: reader.text(piece["text"], `${at}.text`), ...marked }, at)
  }
}

const decodeUser = (message: Fields.Json, path: string, context: Context): void => {
  const { reader, transcript } = context
  const { content } = message
  const options = optionsOf(message, knownOfMessage)
  if (typeof content === "string") return transcript.add({ role: "user", content, ...options }, path)
  const pieces = reader.list(content, `${path}.content`)
  const parts: Array<Prompt.UserMessagePartEncoded> = []
  const places: Array<string> = []
  for (let index = 0; index < pieces.length; index++) {
    const at = `${path}.content.${index}`
    const piece = Content.decode(reader, reader.object(pieces[index], at), at)
    if (piece === undefined) continue
    parts.push(piece)
    places.push(at)
  }
  transcript.add({ role: "user", content: parts, ...options }, path, places)
}

// -----------------------------------------------------------------------------
// Results of tools
// -----------------------------------------------------------------------------

const knownOfResult: ReadonlySet<string> = new Set(["role", "content", "tool_call_id"])
const knownOfFunctionResult: ReadonlySet<string> = new Set(["role", "content", "name"])

const decodeResult = (message: Fields.Json, id: string, path: string, context: Context): void => {
  const { called, reader } = context
  const { content, name } = message
  const legacy = message["role"] === "function"
  join(context, path, {
    type: "tool-result",
    id,
    name: called.get(id) ?? (typeof name === "string" && name !== "" ? name : "tool"),
    isFailure: false,
    ...resultOf(reader, content, `${path}.content`),
    ...optionsOf(message, legacy ? knownOfFunctionResult : knownOfResult)
  })
}

const resultOf = (reader: Fields.Reader, content: unknown, at: string) => {
  if (typeof content === "string" || content === null) return { result: content ?? "" }
  const texts: Array<Prompt.TextPartEncoded> = []
  for (const [index, value] of reader.list(content, at).entries()) {
    const piece = reader.object(value, `${at}.${index}`)
    if (piece["type"] !== "text") reader.wrong(`${at}.${index}.type`, "must be text")
    texts.push(Content.decodeText(reader, piece, `${at}.${index}`))
  }
  const [first] = texts
  return texts.length === 1 && first?.options === undefined
    ? { result: first?.text ?? "" }
    : { result: texts.map(({ text }) => text).join("\n"), modelOutput: texts }
}

/** The result of a function as there was before tools: it has no id, and belongs to the last call of that name. */
const decodeFunctionResult = (message: Fields.Json, path: string, context: Context): void => {
  const name = context.reader.text(message["name"], `${path}.name`)
  const id = [...context.called].findLast(([, called]) => called === name)?.[0]
  if (id === undefined) context.reader.wrong(`${path}.name`, "is no function that was called before")
  decodeResult(message, id ?? "", path, context)
}

const join = (context: Context, path: string, result: Prompt.ToolResultPartEncoded): void => {
  if (context.results === undefined) {
    context.results = { content: [result], parts: [path] }
    context.transcript.add({ role: "tool", content: context.results.content }, path, context.results.parts)
  } else {
    context.results.content.push(result)
    context.results.parts.push(path)
  }
}
