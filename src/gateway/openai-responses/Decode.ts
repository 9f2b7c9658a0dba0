/**
 * A Responses body as a request.
 *
 * What a request has no word for goes along as a raw option for every server of this API. Nothing is stored here, so what
 * refers to something stored is refused.
 *
 * @since 0.1.0
 */
import { Result } from "effect"
import type { Request, RequestInput } from "../../Request.ts"
import { responses } from "../../vendor/openai/Profile.ts"
import type { Failure } from "../Failure.ts"
import { isObject, type Json, Reader, type RequestFields, rest } from "../Fields.ts"
import * as Efforts from "../openai/Efforts.ts"
import * as Wishes from "../Wishes.ts"
import * as Input from "./Input.ts"
import * as Tools from "./Tools.ts"

type Fields = { [K in keyof RequestFields]?: RequestFields[K] | undefined }
type Raw = { [key: string]: unknown }

/**
 * A body understood; the body itself is told again with its answer.
 *
 * @since 0.1.0
 * @category models
 */
export interface Decoded {
  readonly request: RequestInput
  readonly isStream: boolean
  /** The name to answer under until the model that answers is known. */
  readonly model: string
  readonly body: Json
  /** The body's name of a request's field. */
  readonly fieldOf: (field: string) => string
}

const known: ReadonlySet<string> = new Set([
  Wishes.field,
  "model",
  "input",
  "instructions",
  "stream",
  "stream_options",
  "max_output_tokens",
  "temperature",
  "top_p",
  "tools",
  "tool_choice",
  "parallel_tool_calls",
  "text",
  "reasoning",
  "safety_identifier",
  "user",
  "metadata",
  "store",
  "background",
  "previous_response_id",
  "conversation",
  "prompt"
])

/**
 * Decodes a body; one that is none of this API's, or that needs what is stored, fails.
 *
 * @since 0.1.0
 * @category decoding
 */
export const decode = (json: unknown): Result.Result<Decoded, Failure> => {
  const reader = new Reader()
  const body = reader.body(json)
  const wishes = Wishes.read(body, reader)
  const model = Wishes.isModelless(wishes)
    ? reader.optionalText(body["model"], "model")
    : reader.text(body["model"], "model")
  refuse(body, reader)
  const transcript = Input.decode(reader, body["instructions"], body["input"])
  const request: Fields = {}
  const raw: Raw = rest(body, known, reader) ?? {}
  set(request, "maxTokens", body["max_output_tokens"])
  set(request, "temperature", body["temperature"])
  set(request, "topP", body["top_p"])
  set(request, "metadata", body["metadata"])
  user(body, request, raw)
  reasoning(body, request, raw, reader)
  text(body, request, raw, reader)
  tools(body, request, raw, reader)
  const isStream = reader.optionalBoolean(body["stream"], "stream") === true
  if (reader.failure !== undefined) return Result.fail(reader.failure)
  if (Object.keys(raw).length > 0) request.options = { [responses]: raw } as NonNullable<RequestInput["options"]>
  const metadata = wishes.metadata === undefined ? undefined : { metadata: { ...request.metadata, ...wishes.metadata } }
  return Result.succeed({
    request: {
      ...request,
      ...wishes,
      ...metadata,
      ...Wishes.modelOf(wishes, model),
      messages: transcript.messages
    } as RequestInput,
    isStream,
    model: model ?? wishes.model ?? "auto",
    body,
    fieldOf: (field) => transcript.fieldOf(field) ?? Wishes.fieldOf(wishes, field) ?? named(field, body)
  })
}

/** What is not here, a request's own check refuses. */
const set = (request: Fields, field: keyof Fields, value: unknown): void => {
  if (value !== undefined && value !== null) (request as Raw)[field] = value
}

const user = (body: Json, request: Fields, raw: Raw): void => {
  const { safety_identifier, user } = body
  set(request, "user", safety_identifier ?? user)
  if (typeof safety_identifier === "string" && typeof user === "string") raw["user"] = user
}

/** The fields of an object but one, which a request has a word for. */
const without = (fields: Json, name: string): Json | undefined => {
  const { [name]: _, ...others } = fields
  const told = Object.entries(others).filter(([, value]) => value !== undefined && value !== null)
  return told.length === 0 ? undefined : Object.fromEntries(told)
}

const reasoning = (body: Json, request: Fields, raw: Raw, reader: Reader): void => {
  const told = reader.optionalObject(body["reasoning"], "reasoning")
  if (told === undefined) return
  const { effort } = told
  const isKnown = Efforts.isKnown(effort)
  if (isKnown) request.reasoningEffort = effort
  const others = isKnown ? without(told, "effort") : without(told, "")
  if (others !== undefined) raw["reasoning"] = others
}

const text = (body: Json, request: Fields, raw: Raw, reader: Reader): void => {
  const told = reader.optionalObject(body["text"], "text")
  if (told === undefined) return
  const others = without(told, "format")
  if (others !== undefined) raw["text"] = others
  const format = reader.optionalObject(told["format"], "text.format")
  switch (format?.["type"]) {
    case undefined:
      if (format !== undefined) reader.wrong("text.format.type", "is missing")
      return
    case "text":
      return
    case "json_object":
      request.responseFormat = { type: "json" }
      return
    case "json_schema": {
      const description = reader.optionalText(format["description"], "text.format.description")
      request.responseFormat = {
        type: "json-schema",
        name: reader.text(format["name"], "text.format.name"),
        ...(description === undefined ? undefined : { description }),
        schema: reader.object(format["schema"], "text.format.schema") as Extract<
          NonNullable<Request["responseFormat"]>,
          { readonly type: "json-schema" }
        >["schema"],
        strict: reader.optionalBoolean(format["strict"], "text.format.strict") ?? false
      }
      return
    }
    default:
      reader.wrong("text.format.type", "must be text, json_object or json_schema")
  }
}

const tools = (body: Json, request: Fields, raw: Raw, reader: Reader): void => {
  const { functions, hosted } = Tools.decode(reader, body["tools"])
  if (functions.length > 0) request.tools = functions
  if (hosted.length > 0) raw["tools"] = hosted
  const choice = Tools.decodeChoice(reader, body["tool_choice"])
  set(request, "toolChoice", choice.toolChoice)
  if (choice.raw !== undefined) raw["tool_choice"] = choice.raw
  // Without tools there is nothing to call.
  if (functions.length + hosted.length > 0) set(request, "parallelToolCalls", body["parallel_tool_calls"])
}

const refuse = (body: Json, reader: Reader): void => {
  const { background, conversation, previous_response_id, prompt, store } = body
  const isTold = (value: unknown): boolean => value !== undefined && value !== null
  if (store === true) reader.unsupported("store", "must be false: no responses are kept here")
  if (background === true) reader.unsupported("background", "must be false: no responses are kept here")
  if (isTold(previous_response_id)) {
    reader.unsupported("previous_response_id", "no responses are kept here: send the whole conversation as input")
  }
  if (isTold(conversation)) {
    reader.unsupported("conversation", "no conversations are kept here: send the whole of it as input")
  }
  if (isTold(prompt)) reader.unsupported("prompt", "no prompts are kept here: send instructions and input")
}

// -----------------------------------------------------------------------------
// Names
// -----------------------------------------------------------------------------

const names: { readonly [field: string]: string } = {
  maxTokens: "max_output_tokens",
  topP: "top_p",
  reasoningEffort: "reasoning.effort",
  toolChoice: "tool_choice",
  parallelToolCalls: "parallel_tool_calls",
  responseFormat: "text.format"
}

/** The body's own name of a field of the request that is no message and no wish. */
const named = (field: string, body: Json): string => {
  const [root = "", ...rest] = field.split(".")
  switch (root) {
    case "user":
      return body["safety_identifier"] === undefined ? "user" : "safety_identifier"
    case "tools": {
      // Tools that OpenAI runs itself stand between the functions.
      const [index, ...inner] = rest
      const all = Array.isArray(body["tools"]) ? body["tools"] : []
      const places = all.flatMap((tool, place) => isObject(tool) && tool["type"] === "function" ? [place] : [])
      return index === undefined ? root : [root, places[Number(index)] ?? index, ...inner].join(".")
    }
    case "options":
      return rest[0] === responses ? rest.slice(1).join(".") : field
    default:
      return [names[root] ?? root, ...rest].join(".")
  }
}
