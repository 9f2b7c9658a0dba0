/**
 * The conversation as the items of `input`.
 *
 * @since 0.1.0
 */
import { Result } from "effect"
import type { Prompt } from "effect/ai"
import { type AttemptError, fatal } from "../../VendorError.ts"
import * as Json from "../../wire/Json.ts"
import * as Losses from "../../wire/Losses.ts"
import { callId } from "../openai/CallId.ts"
import * as Files from "./Files.ts"
import * as Reasoning from "./Reasoning.ts"
import type * as Wire from "./Wire.ts"

/**
 * Where the conversation goes.
 *
 * @since 0.1.0
 * @category models
 */
export interface Context extends Reasoning.Target {
  readonly systemRole: "system" | "developer"
}

type Items = Result.Result<ReadonlyArray<Wire.InputItem>, AttemptError>

/** Characters of a `call_id`, by OpenAI's published schema. */
const longestCallId = 64

/**
 * Encodes the messages of a prompt; `lose` is told of all that cannot be carried, by its path in the request.
 *
 * @since 0.1.0
 * @category encoding
 */
export const encode = (prompt: Prompt.Prompt, context: Context): Items => {
  const items: Array<Wire.InputItem> = []
  for (const [index, message] of prompt.content.entries()) {
    const path = `prompt.${index}`
    Losses.others(message.options, context.names, [], path, context.lose)
    const encoded = encodeMessage(message, path, context)
    if (Result.isFailure(encoded)) return encoded
    items.push(...encoded.success)
  }
  return Result.succeed(items)
}

const encodeMessage = (message: Prompt.Message, path: string, context: Context): Items => {
  switch (message.role) {
    case "system":
      return Result.succeed([{ type: "message", role: context.systemRole, content: message.content }])
    case "user":
      return Result.map(
        encodeContent(message.content, `${path}.content`, context),
        (content) => [{ type: "message", role: "user", content: plain(content) }]
      )
    case "assistant":
      return encodeAssistant(message, path, context)
    case "tool":
      return encodeTool(message, path, context)
  }
}

const encodeContent = (
  parts: ReadonlyArray<Prompt.TextPart | Prompt.FilePart>,
  path: string,
  { lose, names }: Context
): Result.Result<ReadonlyArray<Wire.InputContent>, AttemptError> => {
  const content: Array<Wire.InputContent> = []
  for (const [index, part] of parts.entries()) {
    const at = `${path}.${index}`
    if (part.type === "text") {
      Losses.others(part.options, names, [], at, lose)
      content.push({ type: "input_text", text: part.text })
    } else {
      const file = Files.encode(part, names, at, lose)
      if (Result.isFailure(file)) return Result.fail(file.failure)
      content.push(file.success)
    }
  }
  return Result.succeed(content)
}

const plain = (content: ReadonlyArray<Wire.InputContent>): string | ReadonlyArray<Wire.InputContent> => {
  const [first] = content
  return content.length === 1 && first?.type === "input_text" ? first.text : content
}

const invalid = (field: string): Result.Result<never, AttemptError> =>
  Result.fail(fatal({ _tag: "InvalidRequest", issues: [{ field, message: "cannot be written as JSON" }] }))

// -----------------------------------------------------------------------------
// Assistant
// -----------------------------------------------------------------------------

const phases = ["commentary", "final_answer"] as const

const encodeAssistant = (message: Prompt.AssistantMessage, path: string, context: Context): Items => {
  const { lose, names } = context
  const items: Array<Wire.InputItem> = []
  const reasoning = Reasoning.make(context)
  for (const [index, part] of message.content.entries()) {
    const at = `${path}.content.${index}`
    if (part.type === "reasoning") {
      reasoning.add(part, at)
      continue
    }
    items.push(...reasoning.take())
    switch (part.type) {
      case "text": {
        // A refusal goes back as the text it is: an item of its own kind would need the id of one that is stored.
        Losses.others(part.options, names, ["refusal", "phase"], at, lose)
        const asked = Losses.option(part.options, names, "phase")
        const phase = phases.find((phase) => phase === asked)
        items.push({
          type: "message",
          role: "assistant",
          content: part.text,
          ...(phase === undefined ? undefined : { phase })
        })
        break
      }
      case "tool-call": {
        if (part.providerExecuted) {
          lose(at, "a tool call that a vendor executed itself is not taken back")
          break
        }
        Losses.others(part.options, names, [], at, lose)
        const params = Json.stringify(part.params ?? {})
        if (params === undefined) return invalid(`${at}.params`)
        const call_id = callId(part.id, longestCallId)
        items.push({ type: "function_call", call_id, name: part.name, arguments: params })
        break
      }
      default:
        lose(at, lostOfAssistant[part.type])
    }
  }
  items.push(...reasoning.take())
  return Result.succeed(items)
}

const lostOfAssistant = {
  file: "a file that the model made is not taken back",
  "tool-result": "the result of a tool that a vendor executed itself is not taken back",
  "tool-approval-request": "a request for approval is not known"
} as const

// -----------------------------------------------------------------------------
// Tool
// -----------------------------------------------------------------------------

const encodeTool = (message: Prompt.ToolMessage, path: string, context: Context): Items => {
  const { lose, names } = context
  const items: Array<Wire.InputItem> = []
  for (const [index, part] of message.content.entries()) {
    const at = `${path}.content.${index}`
    if (part.type !== "tool-result") {
      lose(at, "an answer to a request for approval is not known")
      continue
    }
    if (part.providerExecuted) {
      lose(at, lostOfAssistant["tool-result"])
      continue
    }
    Losses.others(part.options, names, [], at, lose)
    if (part.isFailure) lose(`${at}.isFailure`, "only the result is sent, not that the tool failed")
    const output = encodeOutput(part, at, context)
    if (Result.isFailure(output)) return Result.fail(output.failure)
    items.push({ type: "function_call_output", call_id: callId(part.id, longestCallId), output: output.success })
  }
  return Result.succeed(items)
}

/** What the tool wrote for the model, else its result: a text as it is, anything else as JSON. */
const encodeOutput = (
  part: Prompt.ToolResultPart,
  path: string,
  context: Context
): Result.Result<string | ReadonlyArray<Wire.InputContent>, AttemptError> => {
  if (part.modelOutput !== undefined && part.modelOutput.length > 0) {
    return Result.map(encodeContent(part.modelOutput, `${path}.modelOutput`, context), plain)
  }
  const text = typeof part.result === "string" ? part.result : Json.stringify(part.result ?? null)
  return text === undefined ? invalid(`${path}.result`) : Result.succeed(text)
}
