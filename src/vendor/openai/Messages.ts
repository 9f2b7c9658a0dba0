/**
 * The conversation in Chat Completions JSON.
 *
 * @since 0.1.0
 */
import { Predicate, Result } from "effect"
import type { Prompt } from "effect/ai"
import { type AttemptError, fatal } from "../../VendorError.ts"
import * as Files from "../../wire/Files.ts"
import * as Json from "../../wire/Json.ts"
import type { Lose } from "../../wire/Losses.ts"
import * as Losses from "../../wire/Losses.ts"
import { chat, type Profile } from "./Profile.ts"
import * as ReasoningDetails from "./ReasoningDetails.ts"
import type * as Wire from "./Wire.ts"

interface Context {
  readonly profile: Profile
  readonly lose: Lose
}

/**
 * Encodes the messages of a prompt; `lose` is told of all that cannot be carried, by its path in the request.
 *
 * @since 0.1.0
 * @category encoding
 */
export const encode = (
  prompt: Prompt.Prompt,
  profile: Profile,
  reasons: boolean,
  lose: Lose
): Result.Result<ReadonlyArray<Wire.Message>, AttemptError> => {
  const context: Context = { profile, lose }
  const messages: Array<Wire.Message> = []
  for (const [index, message] of prompt.content.entries()) {
    const path = `prompt.${index}`
    loseOptions(message.options, [], path, context)
    switch (message.role) {
      case "system":
        messages.push({
          ...rawFields(message.options),
          role: reasons ? profile.systemRole : "system",
          content: message.content
        })
        break
      case "user": {
        const content = encodeUser(message, path, context)
        if (Result.isFailure(content)) return Result.fail(content.failure)
        messages.push({ ...rawFields(message.options), role: "user", content: content.success })
        break
      }
      case "assistant": {
        const encoded = encodeAssistant(message, path, context)
        if (Result.isFailure(encoded)) return Result.fail(encoded.failure)
        if (encoded.success !== undefined) messages.push(encoded.success)
        break
      }
      case "tool": {
        const results = encodeTool(message, path, context)
        if (Result.isFailure(results)) return Result.fail(results.failure)
        messages.push(...results.success)
        break
      }
    }
  }
  return Result.succeed(messages)
}

const ownOption = (options: Prompt.ProviderOptions, name: string, { profile }: Context): unknown =>
  Losses.option(options, [...profile.optionNames, chat], name)

/** Fields of a message or part that no common word covers; they are written first, so that they replace nothing. */
const rawFields = (options: Prompt.ProviderOptions, taken?: string): Readonly<Record<string, unknown>> | undefined => {
  const fields = options[chat]
  if (!Predicate.isObject(fields)) return undefined
  const raw: Record<string, unknown> = { ...(fields as object) }
  if (taken !== undefined) delete raw[taken]
  return raw
}

const loseOptions = (
  options: Prompt.ProviderOptions,
  known: ReadonlyArray<string>,
  path: string,
  { lose, profile }: Context
): void => {
  if (!(chat in options)) return Losses.others(options, profile.optionNames, known, path, lose)
  const { [chat]: _, ...others } = options
  Losses.others(others, profile.optionNames, known, path, lose)
}

const invalid = (field: string): AttemptError =>
  fatal({ _tag: "InvalidRequest", issues: [{ field, message: "cannot be written as JSON" }] })

// -----------------------------------------------------------------------------
// User
// -----------------------------------------------------------------------------

const encodeUser = (
  message: Prompt.UserMessage,
  path: string,
  context: Context
): Result.Result<string | ReadonlyArray<Wire.UserContent>, AttemptError> => {
  const content: Array<Wire.UserContent> = []
  for (const [index, part] of message.content.entries()) {
    const at = `${path}.content.${index}`
    if (part.type === "text") {
      loseOptions(part.options, [], at, context)
      content.push({ ...rawFields(part.options), type: "text", text: part.text })
    } else {
      const file = encodeFile(part, at, context)
      if (Result.isFailure(file)) return Result.fail(file.failure)
      content.push(file.success)
    }
  }
  // A plain text is what every compatible server understands.
  const [first] = content
  const isPlain = content.length === 1 && first?.type === "text" && Object.keys(first).length === 2
  return Result.succeed(isPlain ? first.text : content)
}

const unsupported = (path: string, what: string): Result.Result<never, AttemptError> =>
  Result.fail(fatal({ _tag: "UnsupportedFeature", description: `${path}: Chat Completions takes no ${what}` }))

const details = ["auto", "low", "high"] as const

const audioFormats: Readonly<Record<string, "wav" | "mp3">> = {
  "audio/wav": "wav",
  "audio/x-wav": "wav",
  "audio/wave": "wav",
  "audio/mp3": "mp3",
  "audio/mpeg": "mp3"
}

const encodeFile = (
  part: Prompt.FilePart,
  path: string,
  context: Context
): Result.Result<Wire.UserContent, AttemptError> => {
  const mediaType = part.mediaType.toLowerCase()
  const { files = ["image", "audio", "pdf"] } = context.profile
  const kind = mediaType.startsWith("image/") ? "image" : mediaType.startsWith("audio/") ? "audio" : "pdf"
  if (!files.includes(kind)) {
    const taken = files.length === 0 ? "text" : `text and ${files.join(", ")}`
    return unsupported(path, `file of the type ${part.mediaType} here, only ${taken}`)
  }
  if (mediaType.startsWith("image/")) {
    loseOptions(part.options, ["detail"], path, context)
    const asked = ownOption(part.options, "detail", context)
    const detail = details.find((detail) => detail === asked)
    if (asked !== undefined && detail === undefined) context.lose(`${path}.options`, "detail is auto, low or high")
    const url = Files.address(part) ?? Files.dataUrl(part, "image/jpeg")
    return Result.succeed({
      ...rawFields(part.options, "detail"),
      type: "image_url",
      image_url: { url, ...(detail === undefined ? undefined : { detail }) }
    })
  }
  loseOptions(part.options, [], path, context)
  const format = audioFormats[mediaType]
  if (format !== undefined) {
    if (Files.address(part) !== undefined) return unsupported(path, "audio by its address, only its data")
    return Result.succeed({
      ...rawFields(part.options),
      type: "input_audio",
      input_audio: { data: Files.base64(part), format }
    })
  }
  if (mediaType === "application/pdf" && context.profile.pdf === "document_url") {
    return Result.succeed({ type: "document_url", document_url: Files.address(part) ?? Files.dataUrl(part, mediaType) })
  }
  if (mediaType === "application/pdf") {
    if (Files.address(part) !== undefined) return unsupported(path, "document by its address, only its data")
    const filename = part.fileName ?? "document.pdf"
    return Result.succeed({
      ...rawFields(part.options),
      type: "file",
      file: { filename, file_data: Files.dataUrl(part, mediaType) }
    })
  }
  return unsupported(path, `file of the type ${part.mediaType}, only images, PDF, wav and mp3`)
}

// -----------------------------------------------------------------------------
// Assistant
// -----------------------------------------------------------------------------

type ToolCall = NonNullable<Extract<Wire.Message, { role: "assistant" }>["tool_calls"]>[number]

/** `undefined` when nothing of the message can be carried: its losses are told, and an empty one is refused. */
const encodeAssistant = (
  message: Prompt.AssistantMessage,
  path: string,
  context: Context
): Result.Result<Wire.Message | undefined, AttemptError> => {
  let text: string | undefined
  let refusal: string | undefined
  const calls: Array<ToolCall> = []
  const reasoning: Reasoning = { text: "", details: [] }
  for (const [index, part] of message.content.entries()) {
    const at = `${path}.content.${index}`
    switch (part.type) {
      case "text":
        loseOptions(part.options, ["refusal"], at, context)
        if (ownOption(part.options, "refusal", context) === true) refusal = (refusal ?? "") + part.text
        else text = (text ?? "") + part.text
        break
      case "tool-call": {
        if (part.providerExecuted) {
          context.lose(at, "a tool call that a vendor executed itself is not taken back")
          break
        }
        loseOptions(part.options, [], at, context)
        const params = Json.stringify(part.params ?? {})
        if (params === undefined) return Result.fail(invalid(`${at}.params`))
        calls.push({ id: callId(part.id, context), type: "function", function: { name: part.name, arguments: params } })
        break
      }
      case "reasoning":
        if (!takeReasoning(part, reasoning, context)) context.lose(at, lostOfAssistant.reasoning)
        break
      default:
        context.lose(at, lostOfAssistant[part.type])
    }
  }
  if (text === undefined && refusal === undefined && calls.length === 0) {
    if (reasoning.text !== "" || reasoning.details.length > 0) context.lose(path, lostOfAssistant.reasoning)
    return Result.succeed(undefined)
  }
  return Result.succeed({
    ...rawFields(message.options),
    role: "assistant",
    content: text ?? null,
    ...(refusal === undefined ? undefined : { refusal }),
    ...reasoningOf(reasoning, calls.length > 0, context),
    ...(calls.length === 0 ? undefined : { tool_calls: calls })
  })
}

const callId = (id: string, { profile }: Context): string => profile.toolCallId?.(id) ?? id

interface Reasoning {
  text: string
  readonly details: Array<unknown>
}

/** Of reasoning only a bare text, and OpenRouter's own details, can go back: whatever else it carries is another's. */
const takeReasoning = (part: Prompt.ReasoningPart, reasoning: Reasoning, { profile }: Context): boolean => {
  if (profile.reasoning === undefined) return false
  const owners = Object.keys(part.options)
  if (owners.length === 0) reasoning.text += part.text
  else {
    const details = profile.reasoning === "reasoning_details" ? ReasoningDetails.ofOptions(part.options) : undefined
    if (details === undefined || owners.length > 1) return false
    reasoning.details.push(...details)
  }
  return true
}

const reasoningOf = ({ details, text }: Reasoning, called: boolean, { profile }: Context) => {
  switch (profile.reasoning) {
    case "reasoning_content":
      // DeepSeek refuses a call that comes without any, as one that another vendor made.
      return text !== "" || called ? { reasoning_content: text } : undefined
    case "reasoning_details":
      return details.length > 0 ? { reasoning_details: details } : text !== "" ? { reasoning: text } : undefined
    default:
      return undefined
  }
}

const lostOfAssistant = {
  reasoning: "reasoning is not taken back",
  file: "a file that the model made is not taken back",
  "tool-result": "the result of a tool that a vendor executed itself is not taken back",
  "tool-approval-request": "a request for approval is not known"
} as const

// -----------------------------------------------------------------------------
// Tool
// -----------------------------------------------------------------------------

const encodeTool = (
  message: Prompt.ToolMessage,
  path: string,
  context: Context
): Result.Result<ReadonlyArray<Wire.Message>, AttemptError> => {
  const messages: Array<Wire.Message> = []
  for (const [index, part] of message.content.entries()) {
    const at = `${path}.content.${index}`
    if (part.type !== "tool-result") {
      context.lose(at, "an answer to a request for approval is not known")
      continue
    }
    if (part.providerExecuted) {
      context.lose(at, lostOfAssistant["tool-result"])
      continue
    }
    loseOptions(part.options, [], at, context)
    if (part.isFailure) context.lose(`${at}.isFailure`, "only the result is sent, not that the tool failed")
    const content = resultOf(part, at, context)
    if (content === undefined) return Result.fail(invalid(`${at}.result`))
    messages.push({ ...rawFields(part.options), role: "tool", tool_call_id: callId(part.id, context), content })
  }
  return Result.succeed(messages)
}

/** What the tool wrote for the model, else its result: a text as it is, anything else as JSON. */
const resultOf = (part: Prompt.ToolResultPart, path: string, { lose }: Context): string | undefined => {
  const texts: Array<string> = []
  for (const [index, output] of (part.modelOutput ?? []).entries()) {
    if (output.type === "text") texts.push(output.text)
    else lose(`${path}.modelOutput.${index}`, "files in the result of a tool are not taken")
  }
  if (texts.length > 0) return texts.join("\n")
  return typeof part.result === "string" ? part.result : Json.stringify(part.result ?? null)
}
