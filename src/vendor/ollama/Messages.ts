/**
 * The conversation in Ollama's JSON.
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
import type * as Wire from "./Wire.ts"

interface Context {
  /** The names under which a part's own options are ours. */
  readonly names: ReadonlyArray<string>
  readonly lose: Lose
}

type Encoded = Result.Result<ReadonlyArray<Wire.Message>, AttemptError>

/**
 * Encodes the messages of a prompt; `lose` is told of all that cannot be carried, by its path in the request.
 *
 * @since 0.1.0
 * @category encoding
 */
export const encode = (prompt: Prompt.Prompt, names: ReadonlyArray<string>, lose: Lose): Encoded => {
  const context: Context = { names, lose }
  const messages: Array<Wire.Message> = []
  for (const [index, message] of prompt.content.entries()) {
    const path = `prompt.${index}`
    loseOptions(message.options, [], path, context)
    const encoded = encodeMessage(message, path, context)
    if (Result.isFailure(encoded)) return encoded
    messages.push(...encoded.success)
  }
  return Result.succeed(messages)
}

const encodeMessage = (message: Prompt.Message, path: string, context: Context): Encoded => {
  switch (message.role) {
    case "system":
      return Result.succeed([{ role: "system", content: message.content }])
    case "user":
      return Result.map(encodeContent(message.content, path, context), (content) => [{ role: "user", ...content }])
    case "assistant":
      return encodeAssistant(message, path, context)
    case "tool":
      return encodeTool(message, path, context)
  }
}

const loseOptions = (
  options: Prompt.ProviderOptions,
  known: ReadonlyArray<string>,
  path: string,
  { lose, names }: Context
): void => Losses.others(options, names, known, path, lose)

const invalid = (field: string, message: string): Result.Result<never, AttemptError> =>
  Result.fail(fatal({ _tag: "InvalidRequest", issues: [{ field, message }] }))

const unsupported = (path: string, what: string): Result.Result<never, AttemptError> =>
  Result.fail(fatal({ _tag: "UnsupportedFeature", description: `${path}: Ollama takes no ${what}` }))

// -----------------------------------------------------------------------------
// Texts and images
// -----------------------------------------------------------------------------

interface Content {
  readonly content: string
  readonly images?: ReadonlyArray<string>
}

/** One text, and the images apart: where in the text they stood cannot be told. */
const encodeContent = (
  parts: ReadonlyArray<Prompt.TextPart | Prompt.FilePart>,
  path: string,
  context: Context,
  field = "content"
): Result.Result<Content, AttemptError> => {
  const texts: Array<string> = []
  const images: Array<string> = []
  for (const [index, part] of parts.entries()) {
    const at = `${path}.${field}.${index}`
    loseOptions(part.options, [], at, context)
    if (part.type === "text") {
      texts.push(part.text)
      continue
    }
    const mediaType = Files.mediaType(part, "image/jpeg")
    if (!mediaType.startsWith("image/")) return unsupported(at, `file of the type ${mediaType}, only images`)
    if (Files.address(part) !== undefined) return unsupported(at, "image by its address, only its data")
    images.push(Files.base64(part))
  }
  return Result.succeed({ content: texts.join("\n"), ...(images.length === 0 ? undefined : { images }) })
}

// -----------------------------------------------------------------------------
// Assistant
// -----------------------------------------------------------------------------

const lostOfAssistant = {
  file: "a file that the model made is not taken back",
  "tool-result": "the result of a tool that a vendor executed itself is not taken back",
  "tool-approval-request": "a request for approval is not known"
} as const

/** Nothing when nothing of the message can be carried: its losses are told, and an empty one says nothing. */
const encodeAssistant = (message: Prompt.AssistantMessage, path: string, context: Context): Encoded => {
  let content = ""
  let thinking = ""
  const calls: Array<Wire.ToolCall> = []
  for (const [index, part] of message.content.entries()) {
    const at = `${path}.content.${index}`
    switch (part.type) {
      case "text":
        loseOptions(part.options, [], at, context)
        content += part.text
        break
      case "reasoning":
        if (Losses.option(part.options, context.names, "thinking") === true) {
          loseOptions(part.options, ["thinking"], at, context)
          thinking += part.text
        } else context.lose(at, "reasoning of another vendor is not taken back")
        break
      case "tool-call": {
        if (part.providerExecuted) {
          context.lose(at, "a tool call that a vendor executed itself is not taken back")
          break
        }
        loseOptions(part.options, [], at, context)
        const params = plain(part.params ?? {})
        if (params === undefined) return invalid(`${at}.params`, "cannot be written as a JSON object")
        calls.push({ id: part.id, function: { index: calls.length, name: part.name, arguments: params } })
        break
      }
      default:
        context.lose(at, lostOfAssistant[part.type])
    }
  }
  if (content === "" && thinking === "" && calls.length === 0) return Result.succeed([])
  return Result.succeed([{
    role: "assistant",
    content,
    ...(thinking === "" ? undefined : { thinking }),
    ...(calls.length === 0 ? undefined : { tool_calls: calls })
  }])
}

/** Ollama takes the arguments of a call as an object and as nothing else. */
const plain = (params: unknown): Wire.ToolCall["function"]["arguments"] | undefined => {
  const text = Json.stringify(params)
  const json = text === undefined ? undefined : Json.parse(text)
  return Predicate.isObject(json) && !Array.isArray(json) ? json as any : undefined
}

// -----------------------------------------------------------------------------
// Tool
// -----------------------------------------------------------------------------

const encodeTool = (message: Prompt.ToolMessage, path: string, context: Context): Encoded => {
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
    if (Result.isFailure(content)) return Result.fail(content.failure)
    messages.push({ role: "tool", ...content.success, tool_name: part.name, tool_call_id: part.id })
  }
  return Result.succeed(messages)
}

/** What the tool wrote for the model, else its result: a text as it is, anything else as JSON. */
const resultOf = (
  part: Prompt.ToolResultPart,
  path: string,
  context: Context
): Result.Result<Content, AttemptError> => {
  if (part.modelOutput !== undefined && part.modelOutput.length > 0) {
    return encodeContent(part.modelOutput, path, context, "modelOutput")
  }
  const content = typeof part.result === "string" ? part.result : Json.stringify(part.result ?? null)
  return content === undefined ? invalid(`${path}.result`, "cannot be written as JSON") : Result.succeed({ content })
}
