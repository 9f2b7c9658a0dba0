/**
 * Ollama's `chat` and `generate` to a request.
 *
 * What the request has a word for goes there, all else to `options.ollama`, so that it reaches a vendor of this API.
 *
 * @since 0.1.0
 */
import { Result } from "effect"
import type { RequestInput } from "../../Request.ts"
import type { Failure } from "../Failure.ts"
import { isObject, type Json, type Raw, Reader, type RequestFields, rest } from "../Fields.ts"
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

const common = [Wishes.field, "model", "stream", "format", "options", "think"]
const ofChat: ReadonlySet<string> = new Set([...common, "messages", "tools"])
const ofGenerate: ReadonlySet<string> = new Set([
  ...common,
  "prompt",
  "images",
  "system",
  "suffix",
  "template",
  "raw",
  "context"
])

/**
 * Decodes a body of `chat`.
 *
 * @since 0.1.0
 * @category decoding
 */
export const chat = (json: unknown): Result.Result<Decoded, Failure> =>
  decode(json, ofChat, (body, request, transcript, reader) => {
    Messages.decode(body["messages"], transcript, reader)
    const tools = Messages.tools(body["tools"], reader)
    if (tools.length > 0) request.tools = tools
  })

/** They write the model's input by hand, which only Ollama itself can be given. */
const byHand = ["suffix", "template", "raw", "context"] as const

const isSaid = (value: unknown): boolean =>
  value !== undefined && value !== null && value !== "" && value !== false &&
  !(Array.isArray(value) && value.length === 0)

/**
 * Decodes a body of `generate`.
 *
 * @since 0.1.0
 * @category decoding
 */
export const generate = (json: unknown): Result.Result<Decoded, Failure> =>
  decode(json, ofGenerate, (body, _request, transcript, reader) => {
    const system = reader.optionalText(body["system"], "system") ?? ""
    if (system.trim() !== "") transcript.add({ role: "system", content: system }, "system")
    const { parts, places } = Messages.content(body, "", reader, "prompt")
    transcript.add({ role: "user", content: parts }, "prompt", places)
    if (parts.length === 0) reader.wrong("prompt", "must not be empty")
    for (const name of byHand) if (isSaid(body[name])) reader.unsupported(name, "is only for a model that runs here")
  })

const decode = (
  json: unknown,
  known: ReadonlySet<string>,
  converse: (body: Json, request: RequestFields, transcript: Transcript, reader: Reader) => void
): Result.Result<Decoded, Failure> => {
  const reader = new Reader()
  const body = reader.body(json)
  const wishes = Wishes.read(body, reader)
  const model = reader.text(body["model"], "model")
  const transcript = new Transcript()
  const request: RequestFields = {}
  const raw: Raw = rest(body, known, reader) ?? {}
  // Without it the vendor asks for no conversation to be cut, and the API's own default is that it is.
  raw["truncate"] ??= true
  converse(body, request, transcript, reader)
  options(body["options"], request, raw, reader)
  thinking(body["think"], request, raw, reader)
  format(body["format"], request, reader)
  const isStream = reader.optionalBoolean(body["stream"], "stream") ?? true
  if (reader.failure !== undefined) return Result.fail(reader.failure)
  request.options = { ollama: raw }
  return Result.succeed({
    request: { ...request, ...wishes, ...Wishes.modelOf(wishes, model), messages: transcript.messages },
    isStream,
    model,
    fieldOf: (field) => transcript.fieldOf(field) ?? Wishes.fieldOf(wishes, field) ?? named(field)
  })
}

// -----------------------------------------------------------------------------
// Options
// -----------------------------------------------------------------------------

/** The numbers that a request has a word for, within the bounds that it has for them; outside they are Ollama's own. */
const numbers = [
  ["num_predict", "maxTokens", 1, 10_000_000, true],
  ["temperature", "temperature", 0, 2, false],
  ["top_p", "topP", 0, 1, false],
  ["top_k", "topK", 1, 1_000, true],
  ["frequency_penalty", "frequencyPenalty", -2, 2, false],
  ["presence_penalty", "presencePenalty", -2, 2, false],
  ["seed", "seed", Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, true]
] as const

const options = (value: unknown, request: RequestFields, raw: Raw, reader: Reader): void => {
  const given = reader.optionalObject(value, "options")
  if (given === undefined) return
  const own: { [key: string]: unknown } = {}
  for (const key of Object.keys(given)) {
    if (key !== "__proto__" && given[key] !== null && given[key] !== undefined) own[key] = given[key]
  }
  for (const [name, field, from, to, isWhole] of numbers) {
    const number = reader.optionalNumber(own[name], `options.${name}`)
    if (number === undefined || number < from || number > to || (isWhole && !Number.isInteger(number))) continue
    request[field] = number
    delete own[name]
  }
  const stop = reader.optionalList(own["stop"], "options.stop") ?? []
  delete own["stop"]
  if (stop.length > 0) request.stop = stop.map((text, index) => reader.text(text, `options.stop.${index}`))
  if (Object.keys(own).length > 0) raw["options"] = own as Raw
}

// -----------------------------------------------------------------------------
// Thinking and format
// -----------------------------------------------------------------------------

const efforts: { readonly [level: string]: NonNullable<RequestFields["reasoningEffort"]> } = {
  low: "low",
  medium: "medium",
  high: "high",
  max: "xhigh"
}

/** That a model is to think says not how hard, which Ollama gets as it is and everybody else as a middle effort. */
const thinking = (value: unknown, request: RequestFields, raw: Raw, reader: Reader): void => {
  if (value === undefined || value === null || value === "") return
  if (value === false) request.reasoningEffort = "none"
  else if (value === true) {
    raw["think"] = true
    request.reasoningEffort = "medium"
  } else if (typeof value === "string" && Object.hasOwn(efforts, value)) request.reasoningEffort = efforts[value]!
  else reader.wrong("think", "must be true, false, \"low\", \"medium\", \"high\" or \"max\"")
}

const format = (value: unknown, request: RequestFields, reader: Reader): void => {
  if (value === undefined || value === null || value === "") return
  if (value === "json") request.responseFormat = { type: "json" }
  else if (isObject(value)) {
    const { title } = value
    const name = typeof title === "string" && /^[a-zA-Z0-9_-]{1,64}$/.test(title) ? title : "answer"
    request.responseFormat = { type: "json-schema", name, schema: value as Raw }
  } else reader.wrong("format", "must be \"json\" or a schema")
}

// -----------------------------------------------------------------------------
// Names
// -----------------------------------------------------------------------------

const fields: { readonly [field: string]: string } = {
  ...Object.fromEntries(numbers.map(([name, field]) => [field, `options.${name}`])),
  stop: "options.stop",
  reasoningEffort: "think",
  "responseFormat.schema": "format",
  responseFormat: "format",
  "options.ollama": ""
}

const named = (field: string): string => {
  for (const name of Object.keys(fields)) {
    if (field !== name && !field.startsWith(`${name}.`)) continue
    return `${fields[name]}${field.slice(name.length)}`.replace(/^\./, "")
  }
  return field.replace(/^(tools\.\d+)/, "$1.function")
}
