/**
 * A Chat Completions body as a request.
 *
 * What a request has no word for goes along as a raw option for every server of this API.
 *
 * @since 0.1.0
 */
import { Result } from "effect"
import type { Request, RequestInput } from "../../Request.ts"
import { chat } from "../../vendor/openai/Profile.ts"
import type { Failure } from "../Failure.ts"
import { isObject, type Json, Reader, type RequestFields, rest } from "../Fields.ts"
import * as Efforts from "../openai/Efforts.ts"
import * as Wishes from "../Wishes.ts"
import * as Messages from "./Messages.ts"
import * as Tools from "./Tools.ts"

type Fields = { [K in keyof RequestFields]?: RequestFields[K] | undefined }

/**
 * A body understood, and what its answer must look like.
 *
 * @since 0.1.0
 * @category models
 */
export interface Decoded {
  readonly request: RequestInput
  readonly isStream: boolean
  /** The name to answer under until the model that answers is known. */
  readonly model: string
  /** Whether a stream tells its usage. */
  readonly tellsUsage: boolean
  /** Whether tools were told as `functions`, and their calls are wanted as `function_call`. */
  readonly isLegacy: boolean
  /** The body's name of a request's field. */
  readonly fieldOf: (field: string) => string
}

const known: ReadonlySet<string> = new Set([
  Wishes.field,
  "model",
  "messages",
  "stream",
  "stream_options",
  "n",
  "max_tokens",
  "max_completion_tokens",
  "temperature",
  "top_p",
  "top_k",
  "frequency_penalty",
  "presence_penalty",
  "seed",
  "stop",
  "reasoning_effort",
  "tools",
  "tool_choice",
  "functions",
  "function_call",
  "parallel_tool_calls",
  "response_format",
  "user",
  "metadata"
])

/**
 * Decodes a body; one that is none of this API's, or that asks for more than one answer, fails.
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
  const transcript = Messages.decode(reader, body["messages"])
  const request: Fields = {}
  const raw: { [key: string]: unknown } = rest(body, known, reader) ?? {}
  sampling(body, request)
  effort(body, request, raw)
  const isLegacy = tools(body, request, reader)
  format(body, request, reader)
  refuse(body, reader)
  const isStream = reader.optionalBoolean(body["stream"], "stream") === true
  const streaming = reader.optionalObject(body["stream_options"], "stream_options")
  if (reader.failure !== undefined) return Result.fail(reader.failure)
  if (Object.keys(raw).length > 0) request.options = { [chat]: raw } as NonNullable<RequestInput["options"]>
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
    tellsUsage: streaming?.["include_usage"] === true,
    isLegacy,
    fieldOf: (field) => transcript.fieldOf(field) ?? Wishes.fieldOf(wishes, field) ?? named(field, body, isLegacy)
  })
}

/** What is not here, a request's own check refuses. */
const set = (request: Fields, field: keyof Fields, value: unknown): void => {
  if (value !== undefined && value !== null) (request as { [key: string]: unknown })[field] = value
}

const sampling = (body: Json, request: Fields): void => {
  set(request, "maxTokens", body["max_completion_tokens"] ?? body["max_tokens"])
  set(request, "temperature", body["temperature"])
  set(request, "topP", body["top_p"])
  set(request, "topK", body["top_k"])
  set(request, "frequencyPenalty", body["frequency_penalty"])
  set(request, "presencePenalty", body["presence_penalty"])
  set(request, "seed", body["seed"])
  const { stop } = body
  if (typeof stop === "string") request.stop = [stop]
  else if (!Array.isArray(stop) || stop.length > 0) set(request, "stop", stop)
  set(request, "user", body["user"])
  set(request, "metadata", body["metadata"])
}

/** An effort that a request has no word for, as "max", goes along; so does OpenRouter's `reasoning` but for its effort. */
const effort = (body: Json, request: Fields, raw: { [key: string]: unknown }): void => {
  const told = body["reasoning_effort"]
  if (Efforts.isKnown(told)) request.reasoningEffort = told
  else if (told !== undefined && told !== null) raw["reasoning_effort"] = told
  const { reasoning } = raw
  if (told !== undefined || !isObject(reasoning)) return
  if (Object.keys(reasoning).length === 1 && Efforts.isKnown(reasoning["effort"])) {
    request.reasoningEffort = reasoning["effort"]
    delete raw["reasoning"]
  }
}

const tools = (body: Json, request: Fields, reader: Reader): boolean => {
  const tools = Tools.decode(reader, body["tools"])
  const functions = Tools.decodeFunctions(reader, body["functions"])
  if (functions !== undefined && tools !== undefined) reader.wrong("functions", "must not stand beside tools")
  const isLegacy = functions !== undefined
  set(request, "tools", tools ?? functions)
  set(
    request,
    "toolChoice",
    isLegacy
      ? Tools.decodeFunctionCall(reader, body["function_call"])
      : Tools.decodeChoice(reader, body["tool_choice"])
  )
  // An answer has room for one `function_call`; without tools there is nothing to call.
  if (isLegacy) request.parallelToolCalls = false
  else if (tools !== undefined) set(request, "parallelToolCalls", body["parallel_tool_calls"])
  return isLegacy
}

const format = (body: Json, request: Fields, reader: Reader): void => {
  const value = reader.optionalObject(body["response_format"], "response_format")
  if (value === undefined) return
  switch (value["type"]) {
    case "text":
      return
    case "json_object":
      request.responseFormat = { type: "json" }
      return
    case "json_schema": {
      const path = "response_format.json_schema"
      const told = reader.object(value["json_schema"], path)
      const description = reader.optionalText(told["description"], `${path}.description`)
      request.responseFormat = {
        type: "json-schema",
        name: reader.text(told["name"], `${path}.name`),
        ...(description === undefined ? undefined : { description }),
        schema: (reader.optionalObject(told["schema"], `${path}.schema`) ?? {}) as Extract<
          NonNullable<Request["responseFormat"]>,
          { readonly type: "json-schema" }
        >["schema"],
        strict: reader.optionalBoolean(told["strict"], `${path}.strict`) ?? false
      }
      return
    }
    default:
      reader.wrong("response_format.type", "must be text, json_object or json_schema")
  }
}

const refuse = (body: Json, reader: Reader): void => {
  const { modalities, n } = body
  if (n !== undefined && n !== null && n !== 1) reader.unsupported("n", "only one answer is given")
  if (Array.isArray(modalities) && modalities.includes("audio")) {
    reader.unsupported("modalities", "answers are not spoken")
  }
}

// -----------------------------------------------------------------------------
// Names
// -----------------------------------------------------------------------------

const names: { readonly [field: string]: string } = {
  topP: "top_p",
  topK: "top_k",
  frequencyPenalty: "frequency_penalty",
  presencePenalty: "presence_penalty",
  reasoningEffort: "reasoning_effort",
  toolChoice: "tool_choice",
  parallelToolCalls: "parallel_tool_calls",
  "responseFormat.name": "response_format.json_schema.name",
  "responseFormat.schema": "response_format.json_schema.schema",
  responseFormat: "response_format"
}

/** The body's own name of a field of the request that is no message and no wish. */
const named = (field: string, body: Json, isLegacy: boolean): string => {
  const [root = "", ...rest] = field.split(".")
  const name = names[field] ?? names[root]
  if (name !== undefined) return names[field] ?? [name, ...rest].join(".")
  switch (root) {
    case "maxTokens":
      return body["max_completion_tokens"] === undefined ? "max_tokens" : "max_completion_tokens"
    case "tools": {
      const [index, ...inner] = rest
      if (index === undefined) return isLegacy ? "functions" : "tools"
      return isLegacy ? ["functions", ...rest].join(".") : ["tools", index, "function", ...inner].join(".")
    }
    case "stop":
      return typeof body["stop"] === "string" ? "stop" : field
    case "options":
      return rest[0] === chat ? rest.slice(1).join(".") : field
    default:
      return field
  }
}
