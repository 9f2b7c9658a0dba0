/**
 * The conversation as the Gemini API takes it: contents of the user and the model in turn, the system's words apart.
 *
 * @since 0.1.0
 */
import { Predicate, Result } from "effect"
import type { Prompt } from "effect/ai"
import { type AttemptError, fatal } from "../../VendorError.ts"
import * as Json from "../../wire/Json.ts"
import type { Lose } from "../../wire/Losses.ts"
import * as Losses from "../../wire/Losses.ts"
import * as Files from "./Files.ts"
import * as FunctionResponses from "./FunctionResponses.ts"
import type { Model } from "./Model.ts"
import type * as Wire from "./Wire.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface Conversation {
  readonly system: ReadonlyArray<Wire.Part>
  readonly contents: ReadonlyArray<Wire.Content>
}

interface Context {
  readonly model: Model
  readonly names: ReadonlyArray<string>
  readonly lose: Lose
  readonly calls: FunctionResponses.Calls
}

/**
 * Encodes the messages of a prompt; `lose` is told of all that cannot be carried, by its path in the request.
 *
 * Messages of one role that follow each other become one content, and the first content is the user's.
 *
 * @since 0.1.0
 * @category encoding
 */
export const encode = (
  prompt: Prompt.Prompt,
  model: Model,
  names: ReadonlyArray<string>,
  lose: Lose
): Result.Result<Conversation, AttemptError> => {
  const context: Context = { model, names, lose, calls: FunctionResponses.make() }
  const turns = new Turns()
  const system: Array<Wire.Part> = []
  for (const [index, message] of prompt.content.entries()) {
    const path = `prompt.${index}`
    Losses.others(message.options, names, [], path, lose)
    if (message.role === "system") {
      if (!turns.isEmpty) lose(path, "system messages stand before the conversation, whatever their place was")
      system.push({ text: message.content })
      continue
    }
    // Responses of functions are put in order once all of them are known.
    if (message.role !== "tool") turns.push("user", FunctionResponses.take(context.calls))
    const parts = message.role === "user"
      ? encodeUser(message, path, context)
      : message.role === "assistant"
      ? encodeAssistant(message, path, context)
      : encodeTool(message, path, context)
    if (Result.isFailure(parts)) return Result.fail(parts.failure)
    turns.push(message.role === "assistant" ? "model" : "user", parts.success)
  }
  turns.push("user", FunctionResponses.take(context.calls))
  if (system.length > 0 && !model.systemInstruction) {
    lose("prompt", `${model.name} takes no system messages: they are sent as the user's words`)
    turns.unshift("user", system.splice(0))
  }
  // The API wants the user to begin, and an empty text is none.
  if (turns.contents[0]?.role !== "user") turns.unshift("user", [{ text: " " }])
  if (model.signedCalls) sign(turns.contents)
  return Result.succeed({ system, contents: turns.contents })
}

class Turns {
  readonly contents: Array<{ readonly role: "user" | "model"; parts: Array<Wire.Part> }> = []

  get isEmpty(): boolean {
    return this.contents.length === 0
  }

  push(role: "user" | "model", parts: ReadonlyArray<Wire.Part>): void {
    if (parts.length === 0) return
    const last = this.contents.at(-1)
    if (last?.role === role) last.parts.push(...parts)
    else this.contents.push({ role, parts: [...parts] })
  }

  unshift(role: "user" | "model", parts: ReadonlyArray<Wire.Part>): void {
    const first = this.contents[0]
    if (first?.role === role) first.parts.unshift(...parts)
    else this.contents.unshift({ role, parts: [...parts] })
  }
}

/**
 * What https://ai.google.dev/gemini-api/docs/thought-signatures names for calls that another model made: from 3 on the
 * first call of a turn is refused without a signature.
 */
const noSignature = "skip_thought_signature_validator"

const sign = (contents: ReadonlyArray<{ readonly role: string; parts: Array<Wire.Part> }>): void => {
  for (const { parts } of contents) {
    const first = parts.findIndex(({ functionCall }) => functionCall !== undefined)
    if (first >= 0 && parts[first]!.thoughtSignature === undefined) {
      parts[first] = { ...parts[first]!, thoughtSignature: noSignature }
    }
  }
}

// -----------------------------------------------------------------------------
// User
// -----------------------------------------------------------------------------

type Parts = Result.Result<ReadonlyArray<Wire.Part>, AttemptError>

const encodeUser = (message: Prompt.UserMessage, path: string, context: Context): Parts => {
  const parts: Array<Wire.Part> = []
  for (const [index, part] of message.content.entries()) {
    const at = `${path}.content.${index}`
    if (part.type === "text") {
      Losses.others(part.options, context.names, [], at, context.lose)
      if (part.text !== "") parts.push({ text: part.text })
    } else {
      const file = Files.encode(part, at, context)
      if (Result.isFailure(file)) return Result.fail(file.failure)
      parts.push(file.success)
    }
  }
  return Result.succeed(parts)
}

// -----------------------------------------------------------------------------
// Assistant
// -----------------------------------------------------------------------------

const encodeAssistant = (message: Prompt.AssistantMessage, path: string, context: Context): Parts => {
  const parts: Array<Wire.Part> = []
  for (const [index, part] of message.content.entries()) {
    const at = `${path}.content.${index}`
    const own = (name: string) => Losses.option(part.options, context.names, name)
    const signature = own("thoughtSignature")
    const signed = typeof signature === "string" ? { thoughtSignature: signature } : undefined
    const loseOptions = (...known: ReadonlyArray<string>) =>
      Losses.others(part.options, context.names, ["thoughtSignature", ...known], at, context.lose)
    switch (part.type) {
      case "text":
        loseOptions()
        if (part.text !== "" || signed !== undefined) parts.push({ text: part.text, ...signed })
        break
      case "reasoning":
        if (signed === undefined && own("thought") !== true) {
          context.lose(at, "reasoning that no Gemini model did is not taken")
          break
        }
        loseOptions("thought")
        parts.push({ text: part.text, thought: true, ...signed })
        break
      case "file": {
        const file = Files.encode(part, at, context)
        if (Result.isFailure(file)) return Result.fail(file.failure)
        parts.push({ ...file.success, ...(own("thought") === true ? { thought: true } : undefined), ...signed })
        break
      }
      case "tool-call": {
        const call = part.providerExecuted
          ? Result.succeed(executed(part, own))
          : encodeCall(part, idOf(own), at, context)
        if (Result.isFailure(call)) return Result.fail(call.failure)
        if (call.success === undefined) context.lose(at, "a tool call that another vendor executed is not taken")
        else {
          loseOptions("functionCallId", "part")
          parts.push({ ...call.success, ...signed })
        }
        break
      }
      case "tool-result": {
        const result = executedResult(part, own)
        if (result === undefined) context.lose(at, "the result of a tool that another vendor executed is not taken")
        else {
          loseOptions("functionCallId", "part")
          parts.push({ ...result, ...signed })
        }
        break
      }
      case "tool-approval-request":
        context.lose(at, "a request for approval is not known")
    }
  }
  return Result.succeed(parts)
}

const invalid = (field: string): AttemptError =>
  fatal({ _tag: "InvalidRequest", issues: [{ field, message: "cannot be written as JSON" }] })

const encodeCall = (
  part: Prompt.ToolCallPart,
  id: { readonly id: string } | undefined,
  path: string,
  { calls }: Context
): Result.Result<Wire.Part, AttemptError> => {
  if (Json.stringify(part.params ?? {}) === undefined) return Result.fail(invalid(`${path}.params`))
  FunctionResponses.called(calls, part.id, id?.id)
  // Arguments are an object; what is none still goes.
  const args = Predicate.isObject(part.params) ? part.params : part.params === undefined || part.params === null
    ? {}
    : { input: part.params }
  return Result.succeed({ functionCall: { ...id, name: part.name, args } })
}

/** Calls that the API itself executed go back in the words they came in. */
const executed = (part: Prompt.ToolCallPart, own: (name: string) => unknown): Wire.Part | undefined => {
  switch (own("part")) {
    case "executableCode":
      return { executableCode: part.params }
    case "toolCall":
      return { toolCall: { ...idOf(own), toolType: part.name, args: part.params } }
  }
  return undefined
}

const executedResult = (part: Prompt.ToolResultPart, own: (name: string) => unknown): Wire.Part | undefined => {
  switch (own("part")) {
    case "codeExecutionResult":
      return { codeExecutionResult: part.result }
    case "toolResponse":
      return { toolResponse: { ...idOf(own), toolType: part.name, response: part.result } }
  }
  return undefined
}

const idOf = (own: (name: string) => unknown): { readonly id: string } | undefined => {
  const id = own("functionCallId")
  return typeof id === "string" ? { id } : undefined
}

// -----------------------------------------------------------------------------
// Tool
// -----------------------------------------------------------------------------

const encodeTool = (message: Prompt.ToolMessage, path: string, context: Context): Parts => {
  for (const [index, part] of message.content.entries()) {
    const at = `${path}.content.${index}`
    if (part.type !== "tool-result") context.lose(at, "an answer to a request for approval is not known")
    else if (part.providerExecuted) {
      context.lose(at, "the result of a tool that a vendor executed itself is not taken here")
    } else {
      Losses.others(part.options, context.names, [], at, context.lose)
      const failure = FunctionResponses.add(context.calls, part, at, context)
      if (failure !== undefined) return Result.fail(failure)
    }
  }
  return Result.succeed([])
}
