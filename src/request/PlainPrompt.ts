/**
 * The messages of a prompt that are plainly right, made as `effect/ai`'s own Schema makes them.
 *
 * Every value is read once, so that what was looked at is what is taken. A field that is there and `undefined` is left to
 * the Schema, to which it is not always as one that is absent.
 *
 * @since 0.1.0
 */
import { Prompt } from "effect/ai"
import * as PlainJson from "./PlainJson.ts"
import { sizeOf } from "./Size.ts"
import * as TextFault from "./TextFault.ts"

const { isPlain } = PlainJson

type Size = PlainJson.Size
type Options = Prompt.ProviderOptions
type Fields = Readonly<Record<string | symbol, unknown>>

const messageId = "~effect/ai/Prompt/Message"
const partId = "~effect/ai/Prompt/Part"

/** How deep in a request the fields of a message and those of a part stand. */
const inMessage = 3
const inPart = 5

const isBlank = (text: string): boolean => !/\S/.test(text)

/** Whether an object has nothing but the fields that were found in it. */
const hasOnly = (fields: Fields, found: number): boolean => Reflect.ownKeys(fields).length === found

const one = (value: unknown): number => value === undefined ? 0 : 1

/** The options, which count as the mark that `effect/ai` sets; `undefined` where one of them is not right. */
const optionsOf = (
  options: unknown,
  id: unknown,
  expected: string,
  depth: number,
  size: Size
): Options | undefined => {
  if (id !== undefined) {
    if (id !== expected) return undefined
    size.characters += expected.length * 2
  }
  if (options === undefined) return {}
  size.characters += "options".length
  return PlainJson.object(options, depth, size) as Options | undefined
}

// -----------------------------------------------------------------------------
// Parts
// -----------------------------------------------------------------------------

const written = (part: Fields, type: "text" | "reasoning", size: Size): Prompt.Part | undefined => {
  const { options: told, text, [partId]: id } = part
  if (typeof text !== "string" || !hasOnly(part, 2 + one(told) + one(id))) return undefined
  const options = optionsOf(told, id, partId, inPart, size)
  if (options === undefined) return undefined
  size.characters += "type".length + type.length + "text".length + text.length
  return { [partId]: partId, options, type, text } as Prompt.Part
}

const file = (part: Fields, size: Size): Prompt.Part | undefined => {
  const { data, fileName, mediaType, options: told, [partId]: id } = part
  if (typeof mediaType !== "string" || !hasOnly(part, 3 + one(fileName) + one(told) + one(id))) return undefined
  if (typeof data !== "string" && !(data instanceof Uint8Array) && !(data instanceof URL)) return undefined
  if (fileName !== undefined && typeof fileName !== "string") return undefined
  const options = optionsOf(told, id, partId, inPart, size)
  if (options === undefined) return undefined
  size.characters += "typefile".length + "mediaType".length + mediaType.length + "data".length + sizeOf(data)
  if (fileName === undefined) return { [partId]: partId, options, type: "file", mediaType, data } as Prompt.Part
  size.characters += "fileName".length + fileName.length
  return { [partId]: partId, options, type: "file", mediaType, fileName, data } as Prompt.Part
}

const toolCall = (part: Fields, size: Size): Prompt.Part | undefined => {
  const { id, name, options: told, params, providerExecuted = false, [partId]: mark } = part
  if (typeof id !== "string" || typeof name !== "string" || typeof providerExecuted !== "boolean") return undefined
  if (params === undefined) return undefined
  const executed = "providerExecuted" in part ? 1 : 0
  if (!hasOnly(part, 4 + executed + one(told) + one(mark))) return undefined
  const options = optionsOf(told, mark, partId, inPart, size)
  if (options === undefined) return undefined
  size.characters += "typetool-call".length + "id".length + id.length + "name".length + name.length +
    "params".length + sizeOf(params, inPart) + executed * "providerExecuted".length
  return { [partId]: partId, options, type: "tool-call", id, name, params, providerExecuted } as Prompt.Part
}

const toolResult = (part: Fields, size: Size): Prompt.Part | undefined => {
  const { id, isFailure, modelOutput, name, options: told, providerExecuted = false, result, [partId]: mark } = part
  if (typeof id !== "string" || typeof name !== "string") return undefined
  if (typeof isFailure !== "boolean" || typeof providerExecuted !== "boolean" || result === undefined) return undefined
  const executed = "providerExecuted" in part ? 1 : 0
  if (!hasOnly(part, 5 + one(modelOutput) + executed + one(told) + one(mark))) return undefined
  const options = optionsOf(told, mark, partId, inPart, size)
  if (options === undefined) return undefined
  size.characters += "typetool-result".length + "id".length + id.length + "name".length + name.length +
    "isFailure".length + "result".length + sizeOf(result, inPart) + executed * "providerExecuted".length
  const made = { [partId]: partId, options, type: "tool-result" as const, id, name, isFailure, result }
  if (modelOutput === undefined) return { ...made, providerExecuted } as Prompt.Part
  size.characters += "modelOutput".length
  const output = partsOf(modelOutput, saidByUser, size)
  return output === undefined ? undefined : { ...made, modelOutput: output, providerExecuted } as Prompt.Part
}

const readPart = (type: unknown, part: Fields, size: Size): Prompt.Part | undefined => {
  switch (type) {
    case "text":
    case "reasoning":
      return written(part, type, size)
    case "file":
      return file(part, size)
    case "tool-call":
      return toolCall(part, size)
    case "tool-result":
      return toolResult(part, size)
    default:
      return undefined
  }
}

const saidByUser: ReadonlyArray<unknown> = ["text", "file"]
const saidByAssistant: ReadonlyArray<unknown> = ["text", "file", "reasoning", "tool-call", "tool-result"]
const saidByTool: ReadonlyArray<unknown> = ["tool-result"]

const partsOf = (content: unknown, types: ReadonlyArray<unknown>, size: Size): Array<Prompt.Part> | undefined => {
  if (!Array.isArray(content)) return undefined
  const parts: Array<Prompt.Part> = []
  for (let index = 0; index < content.length; index++) {
    const value: unknown = content[index]
    if (!isPlain(value)) return undefined
    const { type } = value
    const part = types.includes(type) ? readPart(type, value, size) : undefined
    if (part === undefined) return undefined
    parts.push(part)
  }
  return parts
}

// -----------------------------------------------------------------------------
// Messages
// -----------------------------------------------------------------------------

const textPart = (text: string): Prompt.Part =>
  ({ [partId]: partId, options: {}, type: "text", text }) as unknown as Prompt.Part

const contentOf = (content: unknown, types: ReadonlyArray<unknown>, size: Size): Array<Prompt.Part> | undefined => {
  if (typeof content !== "string") {
    const parts = partsOf(content, types, size)
    return parts === undefined || parts.length === 0 ? undefined : parts
  }
  size.characters += content.length
  return [textPart(content)]
}

/** A user says something, and nothing that no vendor takes. */
const isFit = (parts: ReadonlyArray<Prompt.Part>): boolean => {
  let isSaid = false
  for (const part of parts) {
    if (part.type !== "text") isSaid = true
    else {
      if (TextFault.ofText(part.text) !== undefined) return false
      isSaid ||= !isBlank(part.text)
    }
  }
  return isSaid
}

const readContent = (role: unknown, content: unknown, size: Size): string | Array<Prompt.Part> | undefined => {
  switch (role) {
    case "system":
      if (typeof content !== "string" || isBlank(content) || TextFault.ofText(content) !== undefined) return undefined
      size.characters += content.length
      return content
    case "user": {
      const parts = contentOf(content, saidByUser, size)
      return parts !== undefined && isFit(parts) ? parts : undefined
    }
    case "assistant":
      return contentOf(content, saidByAssistant, size)
    case "tool":
      return typeof content === "string" ? undefined : contentOf(content, saidByTool, size)
    default:
      return undefined
  }
}

const readMessage = (message: unknown, size: Size): Prompt.Message | undefined => {
  if (!isPlain(message)) return undefined
  const { content: told, options: given, role, [messageId]: mark } = message
  if (!hasOnly(message, 2 + one(given) + one(mark))) return undefined
  const content = readContent(role, told, size)
  const options = content === undefined ? undefined : optionsOf(given, mark, messageId, inMessage, size)
  if (options === undefined) return undefined
  size.characters += "role".length + (role as string).length + "content".length
  return { [messageId]: messageId, options, role, content } as Prompt.Message
}

/**
 * Whether a message is plainly right.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isRight = (message: unknown): boolean => readMessage(message, { characters: 0 }) !== undefined

/**
 * The prompt of some messages; `undefined` where one of them is not plainly right, or there is none.
 *
 * @since 0.1.0
 * @category decoding
 */
export const read = (messages: unknown, size: Size): Prompt.Prompt | undefined => {
  if (!Array.isArray(messages) || messages.length === 0) return undefined
  const read: Array<Prompt.Message> = []
  for (let index = 0; index < messages.length; index++) {
    const message = readMessage(messages[index], size)
    if (message === undefined) return undefined
    read.push(message)
  }
  return Prompt.fromMessages(read)
}
