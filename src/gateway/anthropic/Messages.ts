/**
 * The conversation of Messages JSON as a prompt's messages.
 *
 * @since 0.1.0
 */
import type { Prompt } from "effect/ai"
import { serverResults } from "../../vendor/anthropic/Wire.ts"
import { isObject, type Json, type Reader } from "../Fields.ts"
import type { Transcript } from "../Transcript.ts"
import * as Content from "./Content.ts"
import * as Signature from "./Signature.ts"

/**
 * The system's words, each block a message.
 *
 * @since 0.1.0
 * @category decoding
 */
export const system = (value: unknown, transcript: Transcript, reader: Reader): void => {
  if (value === undefined || value === null || value === "") return
  if (typeof value === "string") return transcript.add({ role: "system", content: value }, "system")
  for (const [index, each] of reader.list(value, "system").entries()) {
    const at = `system.${index}`
    const block = reader.object(each, at)
    if (block["type"] !== "text") reader.wrong(`${at}.type`, "must be \"text\"")
    const content = reader.text(block["text"], `${at}.text`)
    transcript.add({ role: "system", content, ...Content.own({ cacheControl: block["cache_control"] }) }, at)
  }
}

/**
 * The messages in their order; the results of tools become messages of their own.
 *
 * @since 0.1.0
 * @category decoding
 */
export const messages = (value: unknown, transcript: Transcript, reader: Reader): void => {
  /** The names of tools by the ids of their calls: results are told without. */
  const names = new Map<string, string>()
  const list = reader.list(value, "messages")
  if (list.length === 0) reader.wrong("messages", "must not be empty")
  for (const [index, each] of list.entries()) {
    const at = `messages.${index}`
    const { content, role } = reader.object(each, at)
    if (role !== "user" && role !== "assistant") reader.wrong(`${at}.role`, "must be \"user\" or \"assistant\"")
    else if (typeof content === "string") {
      // The API allows an empty last turn of the assistant, and it says nothing.
      if (content !== "" || role === "user") transcript.add(said(role, content), at, [`${at}.content`])
      if (content === "" && role === "user") reader.wrong(`${at}.content`, "must not be empty")
    } else {
      const blocks = reader.list(content, `${at}.content`)
      if (blocks.length === 0 && (role === "user" || index < list.length - 1)) {
        reader.wrong(`${at}.content`, "must not be empty")
      }
      if (role === "user") user(blocks, at, names, transcript, reader)
      else assistant(blocks, at, names, transcript, reader)
    }
  }
}

const said = (role: "user" | "assistant", text: string): Prompt.MessageEncoded => ({
  role,
  content: [{ type: "text", text }]
})

// -----------------------------------------------------------------------------
// User
// -----------------------------------------------------------------------------

const user = (
  blocks: ReadonlyArray<unknown>,
  path: string,
  names: ReadonlyMap<string, string>,
  transcript: Transcript,
  reader: Reader
): void => {
  let parts: Array<Prompt.UserMessagePartEncoded> = []
  let results: Array<Prompt.ToolResultPartEncoded> = []
  let places: Array<string> = []
  const flush = () => {
    if (results.length > 0) transcript.add({ role: "tool", content: results }, path, places)
    else transcript.add({ role: "user", content: parts }, path, places)
    parts = []
    results = []
    places = []
  }
  for (const [index, each] of blocks.entries()) {
    const at = `${path}.content.${index}`
    const block = reader.object(each, at)
    if (block["type"] === "tool_result") {
      if (parts.length > 0) flush()
      results.push(toolResult(block, at, names, reader))
    } else {
      if (results.length > 0) flush()
      const part = Content.read(block, at, reader)
      if (part === undefined) continue
      parts.push(part)
    }
    places.push(at)
  }
  flush()
}

const toolResult = (
  block: Json,
  path: string,
  names: ReadonlyMap<string, string>,
  reader: Reader
): Prompt.ToolResultPartEncoded => {
  const id = reader.text(block["tool_use_id"], `${path}.tool_use_id`)
  const head = {
    type: "tool-result" as const,
    id,
    name: names.get(id) ?? "unknown",
    isFailure: reader.optionalBoolean(block["is_error"], `${path}.is_error`) ?? false,
    ...Content.own({ cacheControl: block["cache_control"] })
  }
  const { content: given } = block
  if (given === undefined || given === null || typeof given === "string") return { ...head, result: given ?? "" }
  const modelOutput: Array<Prompt.TextPartEncoded | Prompt.FilePartEncoded> = []
  for (const [index, each] of reader.list(given, `${path}.content`).entries()) {
    const at = `${path}.content.${index}`
    const part = Content.read(reader.object(each, at), at, reader)
    if (part !== undefined) modelOutput.push(part)
  }
  const result = modelOutput.map((part) => part.type === "text" ? part.text : "").filter((text) => text !== "")
  return { ...head, result: result.join("\n"), modelOutput }
}

// -----------------------------------------------------------------------------
// Assistant
// -----------------------------------------------------------------------------

const assistant = (
  blocks: ReadonlyArray<unknown>,
  path: string,
  names: Map<string, string>,
  transcript: Transcript,
  reader: Reader
): void => {
  const parts: Array<Prompt.AssistantMessagePartEncoded> = []
  const places: Array<string> = []
  for (const [index, each] of blocks.entries()) {
    const at = `${path}.content.${index}`
    const block = reader.object(each, at)
    const part = block["type"] === "redacted_thinking"
      ? redacted(reader.text(block["data"], `${at}.data`), parts)
      : spoken(block, at, names, reader)
    if (part === undefined) continue
    parts.push(part)
    places.push(at)
  }
  transcript.add({ role: "assistant", content: parts }, path, places)
}

/** Hidden reasoning, or what belongs to a call before it, which then gets it. */
const redacted = (
  data: string,
  parts: Array<Prompt.AssistantMessagePartEncoded>
): Prompt.AssistantMessagePartEncoded | undefined => {
  const { call, options } = Signature.redacted(data)
  if (call === undefined) return { type: "reasoning", text: "", options }
  const index = parts.findLastIndex((part) => part.type === "tool-call" && part.id === call)
  const part = parts[index]
  if (part !== undefined) parts[index] = { ...part, options: { ...part.options, ...options } } as typeof part
  return undefined
}

const resultTypes: ReadonlySet<unknown> = new Set(serverResults)

const spoken = (
  block: Json,
  path: string,
  names: Map<string, string>,
  reader: Reader
): Prompt.AssistantMessagePartEncoded | undefined => {
  const { cache_control: cacheControl, type } = block
  switch (type) {
    case "text": {
      const text = reader.text(block["text"], `${path}.text`)
      const given = reader.optionalList(block["citations"], `${path}.citations`)
      const citations = given?.length === 0 ? undefined : given
      return { type: "text", text, ...Content.own({ cacheControl, citations }) }
    }
    case "thinking": {
      const text = reader.text(block["thinking"], `${path}.thinking`)
      const options = Signature.options(reader.text(block["signature"], `${path}.signature`))
      return { type: "reasoning", text, ...(options === undefined ? undefined : { options }) }
    }
    case "tool_use":
    case "server_tool_use": {
      const id = reader.text(block["id"], `${path}.id`)
      const name = reader.text(block["name"], `${path}.name`)
      const params = reader.object(block["input"], `${path}.input`)
      names.set(id, name)
      return {
        type: "tool-call",
        id,
        name,
        params,
        ...(type === "tool_use" ? undefined : { providerExecuted: true }),
        ...Content.own({ cacheControl, caller: callerOf(block) })
      }
    }
  }
  if (!resultTypes.has(type)) return Content.foreign(block, path, reader)
  const id = reader.text(block["tool_use_id"], `${path}.tool_use_id`)
  const result = block["content"] ?? null
  return {
    type: "tool-result",
    id,
    name: names.get(id) ?? String(type).slice(0, -"_tool_result".length),
    result,
    isFailure: isObject(result) && String(result["type"]).endsWith("_error"),
    providerExecuted: true,
    ...Content.own({ cacheControl, caller: callerOf(block), type })
  }
}

/** `direct`, the model itself, is what any call is. */
const callerOf = ({ caller }: Json): unknown => isObject(caller) && caller["type"] === "direct" ? undefined : caller
