/**
 * The conversation in Converse's JSON: system blocks apart, roles in turn, the user first.
 *
 * @since 0.1.0
 */
import { Predicate, Result } from "effect"
import type { Prompt } from "effect/ai"
import { type AttemptError, fatal } from "../../VendorError.ts"
import * as Json from "../../wire/Json.ts"
import type { Lose } from "../../wire/Losses.ts"
import * as Losses from "../../wire/Losses.ts"
import type { Family } from "./Capabilities.ts"
import * as Files from "./Files.ts"
import * as Identifiers from "./Identifiers.ts"
import type * as Wire from "./Wire.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface Conversation {
  readonly system: ReadonlyArray<Wire.SystemBlock>
  readonly messages: ReadonlyArray<Wire.Message>
  /** The tools that were called in it. */
  readonly called: ReadonlySet<string>
}

interface Context {
  readonly family: Family
  /** The names under which a part's own options are ours. */
  readonly names: ReadonlyArray<string>
  readonly lose: Lose
  readonly documentName: (fileName: string | undefined) => string
  readonly called: Set<string>
  readonly toolUseIds: Identifiers.ToolUseIds
}

type Blocks = Result.Result<ReadonlyArray<Wire.ContentBlock>, AttemptError>

/**
 * Encodes the messages of a prompt; `lose` is told of all that cannot be carried, by its path in the request.
 *
 * @since 0.1.0
 * @category encoding
 */
export const encode = (
  prompt: Prompt.Prompt,
  family: Family,
  names: ReadonlyArray<string>,
  lose: Lose
): Result.Result<Conversation, AttemptError> => {
  const documentName = Identifiers.makeDocumentNames()
  const toolUseIds = Identifiers.makeToolUseIds()
  const context: Context = { family, names, lose, documentName, called: new Set(), toolUseIds }
  const system: Array<Wire.SystemBlock> = []
  const messages: Array<{ readonly role: "user" | "assistant"; readonly content: Array<Wire.ContentBlock> }> = []
  for (const [index, message] of prompt.content.entries()) {
    const path = `prompt.${index}`
    loseOptions(message.options, ["cachePoint"], path, context)
    if (message.role === "system") {
      if (messages.length > 0) lose(path, "a system message stands before the conversation here: it was moved there")
      system.push({ text: message.content }, ...cachePoint(message.options, path, context))
      continue
    }
    const content = encodeContent(message, path, context)
    if (Result.isFailure(content)) return Result.fail(content.failure)
    if (content.success.length === 0) continue
    const role = message.role === "assistant" ? "assistant" : "user"
    const blocks = [...content.success, ...cachePoint(message.options, path, context)]
    const last = messages.at(-1)
    if (last?.role === role) last.content.push(...blocks)
    else messages.push({ role, content: blocks })
  }
  if (messages.length === 0) {
    return Result.fail(fatal({ _tag: "UnsupportedFeature", description: "Converse takes no prompt without a user" }))
  }
  if (messages[0]!.role === "assistant") {
    lose("prompt", "the user speaks first here: a message was put before the assistant's")
    messages.unshift({ role: "user", content: [{ text: "…" }] })
  }
  return Result.succeed({ system, messages: messages.map(resultsFirst), called: context.called })
}

/** The results of tools come first in the user's turn, each with its cache mark. */
const resultsFirst = (message: Wire.Message): Wire.Message => {
  const { content } = message
  if (content.findLastIndex(isResult) <= content.findIndex((block) => !isResult(block))) return message
  const results: Array<Wire.ContentBlock> = []
  const rest: Array<Wire.ContentBlock> = []
  let target = rest
  for (const block of content) {
    if (!("cachePoint" in block)) target = isResult(block) ? results : rest
    target.push(block)
  }
  return { ...message, content: [...results, ...rest] }
}

const isResult = (block: Wire.ContentBlock): boolean => "toolResult" in block

// -----------------------------------------------------------------------------
// Options
// -----------------------------------------------------------------------------

const ownOption = (options: Prompt.ProviderOptions, name: string, { names }: Context): unknown =>
  Losses.option(options, names, name)

const loseOptions = (
  options: Prompt.ProviderOptions,
  known: ReadonlyArray<string>,
  path: string,
  { lose, names }: Context
): void => Losses.others(options, names, known, path, lose)

/** `true`, or `{ ttl: "5m" | "1h" }`. */
const cachePoint = (
  options: Prompt.ProviderOptions,
  path: string,
  context: Context
): ReadonlyArray<Wire.CachePoint> => {
  const asked = ownOption(options, "cachePoint", context)
  if (asked === undefined || asked === null || asked === false) return []
  const ttl = Predicate.isObject(asked) ? (asked as { readonly ttl?: unknown }).ttl : undefined
  if (ttl !== undefined && ttl !== "5m" && ttl !== "1h") {
    context.lose(`${path}.options.${context.names[0]}.cachePoint.ttl`, "is 5m or 1h")
    return [{ cachePoint: { type: "default" } }]
  }
  return [{ cachePoint: { type: "default", ...(ttl === undefined ? undefined : { ttl }) } }]
}

// -----------------------------------------------------------------------------
// Content
// -----------------------------------------------------------------------------

const encodeContent = (
  message: Exclude<Prompt.Message, Prompt.SystemMessage>,
  path: string,
  context: Context
): Blocks => {
  const blocks: Array<Wire.ContentBlock> = []
  for (const [index, part] of message.content.entries()) {
    const at = `${path}.content.${index}`
    const encoded = message.role === "assistant"
      ? encodeAssistantPart(part as Prompt.AssistantMessagePart, at, context)
      : message.role === "tool"
      ? encodeToolPart(part as Prompt.ToolMessagePart, at, context)
      : encodeUserPart(part as Prompt.UserMessagePart, at, context)
    if (Result.isFailure(encoded)) return encoded
    if (encoded.success.length > 0) blocks.push(...encoded.success, ...cachePoint(part.options, at, context))
  }
  if (message.role === "user" && blocks.some(Files.isDocument) && !blocks.some((block) => "text" in block)) {
    context.lose(path, "a document is only taken beside a text: \"Document:\" was put before it")
    blocks.unshift({ text: "Document:" })
  }
  return Result.succeed(blocks)
}

/** A text of blanks alone is refused, and says nothing. */
const encodeText = (text: string): Blocks => Result.succeed(text.trim() === "" ? [] : [{ text }])

const encodeUserPart = (part: Prompt.UserMessagePart, path: string, context: Context): Blocks => {
  loseOptions(part.options, ["cachePoint"], path, context)
  return part.type === "text"
    ? encodeText(part.text)
    : Result.map(Files.encode(part, path, context.documentName), (file) => [file])
}

const lost = (path: string, why: string, { lose }: Context): Blocks => {
  lose(path, why)
  return Result.succeed([])
}

const lostOfAssistant = {
  file: "a file that the model made is not taken back",
  "tool-result": "the result of a tool that a vendor executed itself is not taken back",
  "tool-approval-request": "a request for approval is not known"
} as const

const encodeAssistantPart = (part: Prompt.AssistantMessagePart, path: string, context: Context): Blocks => {
  switch (part.type) {
    case "text":
      loseOptions(part.options, ["cachePoint"], path, context)
      return encodeText(part.text)
    case "reasoning":
      return encodeReasoning(part, path, context)
    case "tool-call": {
      if (part.providerExecuted) {
        return lost(path, "a tool call that a vendor executed itself is not taken back", context)
      }
      loseOptions(part.options, ["cachePoint"], path, context)
      const input = Json.stringify(part.params ?? {})
      if (input === undefined) return Result.fail(invalid(`${path}.params`))
      const name = Identifiers.toolName(part.name)
      context.called.add(name)
      return Result.succeed([{
        toolUse: { toolUseId: context.toolUseIds.ofCall(part.id), name, input: JSON.parse(input) }
      }])
    }
    default:
      return lost(path, lostOfAssistant[part.type], context)
  }
}

const invalid = (field: string): AttemptError =>
  fatal({ _tag: "InvalidRequest", issues: [{ field, message: "cannot be written as JSON" }] })

const encodeReasoning = (part: Prompt.ReasoningPart, path: string, context: Context): Blocks => {
  const redactedContent = ownOption(part.options, "redactedContent", context)
  const signature = ownOption(part.options, "signature", context)
  if (typeof redactedContent !== "string" && typeof signature !== "string") {
    return lost(path, "reasoning without this vendor's signature is not taken back", context)
  }
  loseOptions(part.options, ["redactedContent", "signature", "cachePoint"], path, context)
  return Result.succeed([{
    reasoningContent: typeof signature === "string"
      ? { reasoningText: { text: part.text, signature } }
      : { redactedContent: redactedContent as string }
  }])
}

// -----------------------------------------------------------------------------
// Results of tools
// -----------------------------------------------------------------------------

/**
 * Families that are not told of a failed tool, see
 * https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ToolResultBlock.html.
 */
const withoutStatus: ReadonlySet<Family> = new Set(["gpt", "gpt-oss", "llama", "mistral"])

const encodeToolPart = (part: Prompt.ToolMessagePart, path: string, context: Context): Blocks => {
  if (part.type !== "tool-result") return lost(path, "an answer to a request for approval is not known", context)
  if (part.providerExecuted) return lost(path, lostOfAssistant["tool-result"], context)
  loseOptions(part.options, ["cachePoint"], path, context)
  const failed = part.isFailure && !withoutStatus.has(context.family)
  if (part.isFailure && !failed) context.lose(`${path}.isFailure`, "only the result is sent, not that the tool failed")
  return Result.map(encodeResult(part, path, context), (content) => [{
    toolResult: {
      toolUseId: context.toolUseIds.ofResult(part.id),
      content,
      ...(failed ? { status: "error" as const } : undefined)
    }
  }])
}

type ResultContent = Result.Result<ReadonlyArray<Wire.ToolResultContent>, AttemptError>

/** What the tool wrote for the model, else its result: an object as it is, a text as a text, anything else as JSON. */
const encodeResult = (part: Prompt.ToolResultPart, path: string, context: Context): ResultContent => {
  if (part.modelOutput !== undefined && part.modelOutput.length > 0) {
    return encodeOutput(part.modelOutput, path, context)
  }
  if (typeof part.result === "string") return Result.succeed(textContent(part.result))
  const json = Json.stringify(part.result ?? null)
  if (json === undefined) return Result.fail(invalid(`${path}.result`))
  const plain = JSON.parse(json)
  // Lists and single values are refused as JSON.
  return Result.succeed(
    Predicate.isObject(plain) && !Array.isArray(plain) ? [{ json: plain as any }] : textContent(json)
  )
}

const textContent = (text: string): ReadonlyArray<Wire.ToolResultContent> => text.trim() === "" ? [] : [{ text }]

const encodeOutput = (
  output: NonNullable<Prompt.ToolResultPart["modelOutput"]>,
  path: string,
  context: Context
): ResultContent => {
  const content: Array<Wire.ToolResultContent> = []
  for (const [index, piece] of output.entries()) {
    const at = `${path}.modelOutput.${index}`
    if (piece.type === "text") {
      content.push(...textContent(piece.text))
      continue
    }
    const file = Files.encode(piece, at, context.documentName)
    if (Result.isFailure(file)) return Result.fail(file.failure)
    if ("audio" in file.success) context.lose(at, "a tool's result holds no sound here")
    else content.push(file.success)
  }
  return Result.succeed(content)
}
