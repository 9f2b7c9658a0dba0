/**
 * The `input` of a Responses body as the messages of a prompt: items of an assistant that follow each other are one
 * message, as are the outputs of tools.
 *
 * @since 0.1.0
 */
import type { Prompt } from "effect/ai"
import { responses } from "../../vendor/openai/Profile.ts"
import * as Json from "../../wire/Json.ts"
import type * as Fields from "../Fields.ts"
import * as Files from "../openai/Files.ts"
import * as Proof from "../Proof.ts"
import { Transcript } from "../Transcript.ts"
import * as Reasoning from "./Reasoning.ts"

interface Open {
  readonly role: "assistant" | "tool"
  readonly content: Array<any>
  readonly places: Array<string>
}

interface Context {
  readonly reader: Fields.Reader
  readonly transcript: Transcript
  /** The names of the tools that were called, by the ids of the calls. */
  readonly called: Map<string, string>
  /** The message that the next item may join. */
  open: Open | undefined
}

/**
 * Reads the instructions and the input; the first that is wrong is told to the reader.
 *
 * @since 0.1.0
 * @category decoding
 */
export const decode = (reader: Fields.Reader, instructions: unknown, input: unknown): Transcript => {
  const transcript = new Transcript()
  const told = reader.optionalText(instructions, "instructions")
  if (told !== undefined) transcript.add({ role: "system", content: told }, "instructions")
  if (typeof input === "string") {
    transcript.add({ role: "user", content: input }, "input")
    return transcript
  }
  const context: Context = { reader, transcript, called: new Map(), open: undefined }
  const items = reader.list(input, "input")
  if (items.length === 0) reader.wrong("input", "must not be empty")
  for (let index = 0; index < items.length; index++) {
    const path = `input.${index}`
    decodeItem(reader.object(items[index], path), path, context)
  }
  return transcript
}

const push = (context: Context, role: Open["role"], part: unknown, place: string): void => {
  if (context.open?.role === role) {
    context.open.content.push(part)
    context.open.places.push(place)
  } else {
    const open: Open = context.open = { role, content: [part], places: [place] }
    context.transcript.add({ role, content: open.content }, place, open.places)
  }
}

const decodeItem = (item: Fields.Json, path: string, context: Context): void => {
  const { reader } = context
  switch (item["type"]) {
    case undefined:
    case "message":
      return decodeMessage(item, path, context)
    case "reasoning": {
      for (const part of Reasoning.decode(reader, item, path)) push(context, "assistant", part, path)
      return
    }
    case "function_call":
      return decodeCall(item, path, context)
    case "function_call_output":
      return decodeOutput(item, path, context)
    case "image_generation_call": {
      const data = reader.optionalText(item["result"], `${path}.result`)
      const format = reader.optionalText(item["output_format"], `${path}.output_format`) ?? "png"
      if (data !== undefined) push(context, "assistant", { type: "file", mediaType: `image/${format}`, data }, path)
      return
    }
    case "item_reference":
      return reader.unsupported(path, "no items are kept here: send the item itself")
    default:
      reader.unsupported(`${path}.type`, "only messages, reasoning, function calls and their outputs are taken")
  }
}

// -----------------------------------------------------------------------------
// Messages
// -----------------------------------------------------------------------------

const decodeMessage = (item: Fields.Json, path: string, context: Context): void => {
  const { reader, transcript } = context
  const { content, role } = item
  if (role === "assistant") return decodeAssistant(item, path, context)
  context.open = undefined
  if (role === "user") {
    if (typeof content === "string") return transcript.add({ role, content }, path)
    const at = `${path}.content`
    const pieces = reader.list(content, at)
    const parts = pieces.map((piece, index) =>
      decodePiece(reader, reader.object(piece, `${at}.${index}`), `${at}.${index}`)
    )
    transcript.add({ role, content: parts }, path, pieces.map((_, index) => `${at}.${index}`))
  } else if (role === "system" || role === "developer") {
    if (typeof content === "string") return transcript.add({ role: "system", content }, path)
    for (const [index, value] of reader.list(content, `${path}.content`).entries()) {
      const at = `${path}.content.${index}`
      const piece = reader.object(value, at)
      if (piece["type"] !== "input_text") reader.wrong(`${at}.type`, "must be input_text")
      transcript.add({ role: "system", content: reader.text(piece["text"], `${at}.text`) }, at)
    }
  } else reader.wrong(`${path}.role`, "must be user, assistant, system or developer")
}

/** What a piece says beyond what a prompt has a word for, under the name of this API. */
const optionsOf = (own: { readonly [name: string]: unknown }): { readonly options?: Prompt.ProviderOptions } => {
  const told = Object.entries(own).filter(([, value]) => value !== undefined && value !== null)
  return told.length === 0
    ? {}
    : { options: { [responses]: Object.fromEntries(told) } as unknown as Prompt.ProviderOptions }
}

const decodePiece = (reader: Fields.Reader, piece: Fields.Json, at: string): Prompt.UserMessagePartEncoded => {
  const { detail, file_id, prompt_cache_breakpoint } = piece
  if (file_id !== undefined && file_id !== null) {
    reader.unsupported(`${at}.file_id`, "no files are kept here: send the data, or an address")
  }
  switch (piece["type"]) {
    case "input_text":
      return {
        type: "text",
        text: reader.text(piece["text"], `${at}.text`),
        ...optionsOf({ prompt_cache_breakpoint })
      }
    case "input_image":
      return {
        type: "file",
        ...Files.ofUrl(reader, piece["image_url"], `${at}.image_url`, "image/*"),
        ...optionsOf({ detail, prompt_cache_breakpoint })
      }
    case "input_file": {
      const name = reader.optionalText(piece["filename"], `${at}.filename`)
      const isAddress = piece["file_url"] !== undefined && piece["file_url"] !== null
      return {
        type: "file",
        ...(isAddress
          ? Files.ofAddress(reader, piece["file_url"], `${at}.file_url`, name)
          : Files.ofDocument(reader, piece["file_data"], `${at}.file_data`, name)),
        ...optionsOf({ detail, prompt_cache_breakpoint })
      }
    }
    default:
      reader.wrong(`${at}.type`, "must be input_text, input_image or input_file")
      return { type: "text", text: "" }
  }
}

// -----------------------------------------------------------------------------
// Assistant
// -----------------------------------------------------------------------------

const decodeAssistant = (item: Fields.Json, path: string, context: Context): void => {
  const { reader } = context
  const { content, phase } = item
  if (typeof content === "string") {
    if (content !== "") push(context, "assistant", { type: "text", text: content, ...optionsOf({ phase }) }, path)
    return
  }
  for (const [index, value] of reader.list(content, `${path}.content`).entries()) {
    const at = `${path}.content.${index}`
    const piece = reader.object(value, at)
    if (piece["type"] === "refusal") {
      const text = reader.text(piece["refusal"], `${at}.refusal`)
      push(context, "assistant", { type: "text", text, ...optionsOf({ refusal: true, phase }) }, at)
    } else if (piece["type"] === "output_text" || piece["type"] === "input_text") {
      const { options } = optionsOf({ phase })
      const all = { ...options, ...Proof.ofExtraContent(piece["extra_content"]) }
      const text = reader.text(piece["text"], `${at}.text`)
      push(
        context,
        "assistant",
        { type: "text", text, ...(Object.keys(all).length === 0 ? undefined : { options: all }) },
        at
      )
    } else reader.wrong(`${at}.type`, "must be output_text or refusal")
  }
}

const decodeCall = (item: Fields.Json, path: string, context: Context): void => {
  const { called, reader } = context
  const id = reader.text(item["call_id"], `${path}.call_id`)
  const name = reader.text(item["name"], `${path}.name`)
  const text = reader.text(item["arguments"], `${path}.arguments`)
  const params = text.trim() === "" ? {} : Json.parse(text)
  if (params === undefined) reader.wrong(`${path}.arguments`, "must be JSON")
  const options = Proof.ofExtraContent(item["extra_content"])
  called.set(id, name)
  push(
    context,
    "assistant",
    { type: "tool-call", id, name, params, ...(options === undefined ? undefined : { options }) },
    path
  )
}

// -----------------------------------------------------------------------------
// Outputs of tools
// -----------------------------------------------------------------------------

const decodeOutput = (item: Fields.Json, path: string, context: Context): void => {
  const { called, reader } = context
  const id = reader.text(item["call_id"], `${path}.call_id`)
  push(context, "tool", {
    type: "tool-result",
    id,
    name: called.get(id) ?? reader.optionalText(item["name"], `${path}.name`) ?? "tool",
    isFailure: false,
    ...resultOf(reader, item["output"], `${path}.output`)
  }, path)
}

const resultOf = (reader: Fields.Reader, output: unknown, at: string) => {
  if (typeof output === "string") return { result: output }
  const parts = reader.list(output, at).map((piece, index) =>
    decodePiece(reader, reader.object(piece, `${at}.${index}`), `${at}.${index}`)
  )
  const texts = parts.flatMap((part) => part.type === "text" ? [part.text] : [])
  return { result: texts.join("\n"), modelOutput: parts }
}
