/**
 * Messages JSON to a request.
 *
 * What the request has a word for goes there, all else to `options.anthropic`, so that it reaches a vendor of this API.
 *
 * @since 0.1.0
 */
import { Result, type Schema } from "effect"
import type { RequestInput } from "../../Request.ts"
import * as Thinking from "../../vendor/anthropic/Thinking.ts"
import type { Failure } from "../Failure.ts"
import { type Json, type Raw, Reader, type RequestFields, rest } from "../Fields.ts"
import { Transcript } from "../Transcript.ts"
import * as Wishes from "../Wishes.ts"
import * as Messages from "./Messages.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface Decoded {
  readonly request: RequestInput
  readonly isStream: boolean
  readonly model: string
  /** The body's own name of a field of the request. */
  readonly fieldOf: (field: string) => string
}

const known: ReadonlySet<string> = new Set([
  Wishes.field,
  "model",
  "messages",
  "system",
  "max_tokens",
  "stream",
  "temperature",
  "top_p",
  "top_k",
  "stop_sequences",
  "thinking",
  "output_config",
  "tools",
  "tool_choice",
  "metadata"
])

/**
 * Decodes a body; one that is only to be counted has no `max_tokens`.
 *
 * @since 0.1.0
 * @category decoding
 */
export const decode = (json: unknown, options?: { readonly isCount?: boolean }): Result.Result<Decoded, Failure> => {
  const reader = new Reader()
  const body = reader.body(json)
  const wishes = Wishes.read(body, reader)
  const model = reader.text(body["model"], "model")
  const transcript = new Transcript()
  Messages.system(body["system"], transcript, reader)
  Messages.messages(body["messages"], transcript, reader)
  const request: RequestFields = {}
  const raw: Raw = rest(body, known, reader) ?? {}
  if (options?.isCount !== true) maxTokens(body, request, reader)
  sampling(body, request, raw, reader)
  thinking(body, request, raw, reader)
  tools(body, request, raw, reader)
  metadata(body, request, raw, reader)
  if (reader.failure !== undefined) return Result.fail(reader.failure)
  if (Object.keys(raw).length > 0) request.options = { anthropic: raw }
  return Result.succeed({
    request: { ...request, ...wishes, ...Wishes.modelOf(wishes, model), messages: transcript.messages },
    isStream: body["stream"] === true,
    model,
    fieldOf: (field) =>
      transcript.fieldOf(field)?.replace(/^system(\.\d+)\.content$/, "system$1.text") ??
        Wishes.fieldOf(wishes, field) ?? named(field)
  })
}

const maxTokens = (body: Json, request: RequestFields, reader: Reader): void => {
  const given = reader.optionalNumber(body["max_tokens"], "max_tokens")
  if (given === undefined) reader.wrong("max_tokens", "is missing")
  else request.maxTokens = given
}

// -----------------------------------------------------------------------------
// Sampling
// -----------------------------------------------------------------------------

const sampling = (body: Json, request: RequestFields, raw: Raw, reader: Reader): void => {
  reader.optionalBoolean(body["stream"], "stream")
  const temperature = reader.optionalNumber(body["temperature"], "temperature")
  const topP = reader.optionalNumber(body["top_p"], "top_p")
  const topK = reader.optionalNumber(body["top_k"], "top_k")
  if (temperature !== undefined) request.temperature = temperature
  if (topP !== undefined) request.topP = topP
  // Here 0 is a value, and a request's begins with 1.
  if (topK === 0) raw["top_k"] = 0
  else if (topK !== undefined) request.topK = topK
  const stop = reader.optionalList(body["stop_sequences"], "stop_sequences")
  if (stop !== undefined && stop.length > 0) {
    request.stop = stop.map((text, index) => reader.text(text, `stop_sequences.${index}`))
  }
}

// -----------------------------------------------------------------------------
// Thinking and format
// -----------------------------------------------------------------------------

const efforts: ReadonlySet<unknown> = new Set(["low", "medium", "high", "xhigh"])

/**
 * An effort is a common word, with `adaptive` beside it, which any effort implies; a budget in tokens is one besides, for
 * who takes none. The highest effort and what stands alone are this API's own.
 */
const thinking = (body: Json, request: RequestFields, raw: Raw, reader: Reader): void => {
  const given = reader.optionalObject(body["thinking"], "thinking")
  const output = reader.optionalObject(body["output_config"], "output_config")
  const { effort, format, ...others } = output ?? {}
  const own: Record<string, unknown> = { ...others }
  if (given?.["type"] === "disabled") request.reasoningEffort = "none"
  else if (given?.["type"] === "adaptive" && efforts.has(effort)) {
    request.reasoningEffort = effort as NonNullable<RequestFields["reasoningEffort"]>
    const { type: _, ...display } = given
    if (Object.keys(display).length > 0) raw["thinking"] = display as Schema.Json
  } else if (given !== undefined) {
    raw["thinking"] = given as Schema.Json
    const budget = reader.optionalNumber(given["budget_tokens"], "thinking.budget_tokens")
    if (given["type"] === "enabled" && budget !== undefined) request.reasoningEffort = Thinking.effortOf(budget)
  }
  if (effort !== undefined && effort !== null && request.reasoningEffort !== effort) own["effort"] = effort
  const read = reader.optionalObject(format, "output_config.format")
  if (read?.["type"] === "json_schema") {
    request.responseFormat = formatOf(reader.object(read["schema"], "output_config.format.schema"))
  } else if (read !== undefined) own["format"] = read
  if (Object.keys(own).length > 0) raw["output_config"] = own as Raw
}

/** Which the request wants and this API does not; where a schema has a title, that is its name. */
const formatOf = (schema: Json): NonNullable<RequestFields["responseFormat"]> => {
  const title = schema["title"]
  const name = typeof title === "string" && /^[a-zA-Z0-9_-]{1,64}$/.test(title) ? title : "answer"
  return { type: "json-schema", name, schema: schema as Raw }
}

// -----------------------------------------------------------------------------
// Tools
// -----------------------------------------------------------------------------

type Tool = NonNullable<RequestFields["tools"]>[number]

const plainTool: ReadonlySet<string> = new Set(["type", "name", "description", "input_schema", "strict"])

const tools = (body: Json, request: RequestFields, raw: Raw, reader: Reader): void => {
  const own: Array<Tool> = []
  const served: Array<Schema.Json> = []
  const extras: Array<Schema.Json> = []
  const list = reader.optionalList(body["tools"], "tools") ?? []
  for (const [index, each] of list.entries()) {
    const at = `tools.${index}`
    const tool = reader.object(each, at)
    const { type } = tool
    if (type !== undefined && type !== null && type !== "custom") {
      served.push(tool as Raw)
      continue
    }
    const description = reader.optionalText(tool["description"], `${at}.description`)
    const strict = reader.optionalBoolean(tool["strict"], `${at}.strict`)
    const name = reader.text(tool["name"], `${at}.name`)
    own.push({
      name,
      ...(description === undefined ? undefined : { description }),
      parameters: reader.object(tool["input_schema"], `${at}.input_schema`) as Raw,
      ...(strict === undefined ? undefined : { strict })
    })
    const extra = rest(tool, plainTool, reader)
    if (extra !== undefined) extras.push({ ...extra, name })
  }
  if (own.length > 0) request.tools = own
  if (served.length > 0) raw["tools"] = served
  if (extras.length > 0) raw["toolFields"] = extras
  choice(body, request, reader)
}

const choice = (body: Json, request: RequestFields, reader: Reader): void => {
  const given = reader.optionalObject(body["tool_choice"], "tool_choice")
  if (given === undefined) return
  switch (given["type"]) {
    case "auto":
    case "none":
      request.toolChoice = given["type"]
      break
    case "any":
      request.toolChoice = "required"
      break
    case "tool":
      request.toolChoice = { tool: reader.text(given["name"], "tool_choice.name") }
      break
    default:
      reader.wrong("tool_choice.type", "must be \"auto\", \"any\", \"tool\" or \"none\"")
  }
  const single = reader.optionalBoolean(given["disable_parallel_tool_use"], "tool_choice.disable_parallel_tool_use")
  if (single !== undefined) request.parallelToolCalls = !single
}

// -----------------------------------------------------------------------------
// Metadata
// -----------------------------------------------------------------------------

/** The most characters of a request's `user`; here it may have 512. */
const longestUser = 256

const metadata = (body: Json, request: RequestFields, raw: Raw, reader: Reader): void => {
  const given = reader.optionalObject(body["metadata"], "metadata")
  if (given === undefined) return
  const { user_id, ...others } = given
  const user = reader.optionalText(user_id, "metadata.user_id")
  const isUser = user !== undefined && user.trim() !== "" && user.length <= longestUser
  if (isUser) request.user = user
  const own = isUser || user === undefined ? others : given
  if (Object.keys(own).length > 0) raw["metadata"] = own as Raw
}

// -----------------------------------------------------------------------------
// Names
// -----------------------------------------------------------------------------

const fields: { readonly [field: string]: string } = {
  maxTokens: "max_tokens",
  topP: "top_p",
  topK: "top_k",
  stop: "stop_sequences",
  reasoningEffort: "output_config.effort",
  toolChoice: "tool_choice",
  parallelToolCalls: "tool_choice.disable_parallel_tool_use",
  "responseFormat.schema": "output_config.format.schema",
  responseFormat: "output_config.format",
  user: "metadata.user_id",
  "options.anthropic": ""
}

const named = (field: string): string => {
  for (const name of Object.keys(fields)) {
    if (field !== name && !field.startsWith(`${name}.`)) continue
    return `${fields[name]}${field.slice(name.length)}`.replace(/^\./, "")
  }
  return field.replace(/^(tools\.\d+)\.parameters/, "$1.input_schema")
}
