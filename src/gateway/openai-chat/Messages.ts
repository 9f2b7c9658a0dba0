/**
 * The messages of a Chat Completions body as those of a prompt.
 *
 * What a message or part says beyond its words is kept as a raw option, so that a server of the same API gets it; a cache
 * mark, that of those APIs only Anthropic's knows, as Anthropic's option.
 *
 * @since 0.1.0
 */
import type { Prompt } from "effect/ai"
import { chat } from "../../vendor/openai/Profile.ts"
import * as Json from "../../wire/Json.ts"
import type * as Fields from "../Fields.ts"
import { isObject } from "../Fields.ts"
import * as Files from "../openai/Files.ts"
import * as Proof from "../openai/Proof.ts"
import { Transcript } from "../Transcript.ts"
import * as Reasoning from "./Reasoning.ts"

interface Context {
  readonly reader: Fields.Reader
  readonly transcript: Transcript
  /** The names of the tools that were called, by the ids of the calls. */
  readonly called: Map<string, string>
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
      return decodeAssistant(message, path, context)
    case "tool":
      return decodeResult(message, context.reader.text(message["tool_call_id"], `${path}.tool_call_id`), path, context)
    case "function":
      return decodeFunctionResult(message, path, context)
    default:
      context.reader.wrong(`${path}.role`, "must be developer, system, user, assistant, tool or function")
  }
}

// -----------------------------------------------------------------------------
// Options
// -----------------------------------------------------------------------------

type Options = { readonly options?: Prompt.ProviderOptions }

/** The options of a message or part: of its fields those that are not `known`, and a cache mark. */
const optionsOf = (fields: Fields.Json, known: ReadonlySet<string>, own?: Record<string, unknown>): Options => {
  let raw = own
  let anthropic: Record<string, unknown> | undefined
  for (const name in fields) {
    const value = fields[name]
    if (known.has(name) || value === null || value === undefined || name === "__proto__") continue
    if (name === "cache_control") anthropic = { cacheControl: value }
    else (raw ??= {})[name] = value
  }
  if (raw === undefined && anthropic === undefined) return {}
  return {
    options: {
      ...(raw === undefined ? undefined : { [chat]: raw }),
      ...(anthropic === undefined ? undefined : { anthropic })
    } as Prompt.ProviderOptions
  }
}

const knownOfMessage: ReadonlySet<string> = new Set(["role", "content"])
const knownOfText: ReadonlySet<string> = new Set(["type", "text"])

// -----------------------------------------------------------------------------
// System
// -----------------------------------------------------------------------------

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

// -----------------------------------------------------------------------------
// User
// -----------------------------------------------------------------------------

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
    const piece = decodePiece(reader, reader.object(pieces[index], at), at)
    if (piece === undefined) continue
    parts.push(piece)
    places.push(at)
  }
  transcript.add({ role: "user", content: parts, ...options }, path, places)
}

const decodePiece = (
  reader: Fields.Reader,
  piece: Fields.Json,
  at: string
): Prompt.UserMessagePartEncoded | undefined => {
  switch (piece["type"]) {
    case "text":
      return { type: "text", text: reader.text(piece["text"], `${at}.text`), ...optionsOf(piece, knownOfText) }
    case "image_url":
      return decodeImage(reader, piece, at)
    case "input_audio":
      return decodeAudio(reader, piece, at)
    case "file":
      return decodeFile(reader, piece, at)
    default:
      reader.wrong(`${at}.type`, "must be text, image_url, input_audio or file")
      return undefined
  }
}

const knownOfImage: ReadonlySet<string> = new Set(["type", "image_url"])

const decodeImage = (reader: Fields.Reader, piece: Fields.Json, at: string): Prompt.FilePartEncoded => {
  // Older clients write the address alone.
  const isPlain = typeof piece["image_url"] === "string"
  const image = isPlain ? {} : reader.object(piece["image_url"], `${at}.image_url`)
  const url = isPlain ? piece["image_url"] : image["url"]
  const { detail } = image
  return {
    type: "file",
    ...Files.ofUrl(reader, url, isPlain ? `${at}.image_url` : `${at}.image_url.url`, "image/*"),
    ...optionsOf(piece, knownOfImage, detail === undefined || detail === null ? undefined : { detail })
  }
}

const knownOfAudio: ReadonlySet<string> = new Set(["type", "input_audio"])

const decodeAudio = (reader: Fields.Reader, piece: Fields.Json, at: string): Prompt.FilePartEncoded => {
  const audio = reader.object(piece["input_audio"], `${at}.input_audio`)
  const format = reader.text(audio["format"], `${at}.input_audio.format`)
  return {
    type: "file",
    mediaType: format === "mp3" ? "audio/mpeg" : `audio/${format}`,
    data: reader.text(audio["data"], `${at}.input_audio.data`),
    ...optionsOf(piece, knownOfAudio)
  }
}

const knownOfFile: ReadonlySet<string> = new Set(["type", "file"])

const decodeFile = (reader: Fields.Reader, piece: Fields.Json, at: string): Prompt.FilePartEncoded => {
  const file = reader.object(piece["file"], `${at}.file`)
  if (file["file_id"] !== undefined && file["file_id"] !== null) {
    reader.unsupported(`${at}.file.file_id`, "no files are kept here: send file_data")
  }
  const name = reader.optionalText(file["filename"], `${at}.file.filename`)
  return {
    type: "file",
    ...Files.ofDocument(reader, file["file_data"], `${at}.file.file_data`, name),
    ...optionsOf(piece, knownOfFile)
  }
}

// -----------------------------------------------------------------------------
// Assistant
// -----------------------------------------------------------------------------

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

const decodeAssistant = (message: Fields.Json, path: string, context: Context): void => {
  const { reader, transcript } = context
  const parts: Array<Prompt.AssistantMessagePartEncoded> = []
  const places: Array<string> = []
  const push = (part: Prompt.AssistantMessagePartEncoded, at: string): void => {
    parts.push(part)
    places.push(at)
  }
  for (const part of Reasoning.decode(message)) push(part, path)
  decodeAssistantContent(message, path, reader, push)
  if (typeof message["refusal"] === "string") {
    push({ type: "text", text: message["refusal"], options: refusal }, `${path}.refusal`)
  }
  for (const [index, image] of (reader.optionalList(message["images"], `${path}.images`) ?? []).entries()) {
    const at = `${path}.images.${index}`
    push(decodeImage(reader, reader.object(image, at), at), at)
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

const decodeAssistantContent = (
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
    } else if (piece["type"] === "text") {
      const text = reader.text(piece["text"], `${at}.text`)
      push({ type: "text", text, ...optionsOf(piece, knownOfText), ...proof }, at)
    } else reader.wrong(`${at}.type`, "must be text or refusal")
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
    const text = reader.text(piece["text"], `${at}.${index}.text`)
    texts.push({ type: "text", text, ...optionsOf(piece, knownOfText) })
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
