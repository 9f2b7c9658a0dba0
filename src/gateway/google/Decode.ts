/**
 * `generateContent` to a request.
 *
 * What the request has a word for goes there, all else to `options.google`, so that it reaches a vendor of this API.
 *
 * @since 0.1.0
 */
import { Result, type Schema } from "effect"
import type { RequestInput } from "../../Request.ts"
import type { Failure } from "../Failure.ts"
import { isObject, type Json, Reader, type RequestFields, rest } from "../Fields.ts"
import { Transcript } from "../Transcript.ts"
import * as Wishes from "../Wishes.ts"
import * as Config from "./Config.ts"
import * as Contents from "./Contents.ts"
import * as Names from "./Names.ts"
import * as Tools from "./Tools.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface Decoded {
  readonly request: RequestInput
  /** The body's own name of a field of the request. */
  readonly fieldOf: (field: string) => string
}

const known: ReadonlySet<string> = new Set([
  Wishes.field,
  "model",
  "contents",
  "systemInstruction",
  "generationConfig",
  "tools",
  "toolConfig"
])

/**
 * Decodes a body; `model` is the one that the path names, and a body's own is not looked at.
 *
 * @since 0.1.0
 * @category decoding
 */
export const decode = (json: unknown, model: string): Result.Result<Decoded, Failure> => {
  const reader = new Reader()
  const body = Names.camel(reader.body(json), "", reader)
  const wishes = Wishes.read(body, reader)
  const transcript = new Transcript()
  Contents.system(body["systemInstruction"], transcript, reader)
  Contents.contents(body["contents"], transcript, reader)
  const request: RequestFields = {}
  const raw: { [key: string]: Schema.Json } = rest(body, known, reader) ?? {}
  const config = Config.decode(body["generationConfig"], request, reader)
  if (config !== undefined) raw["generationConfig"] = config
  Object.assign(raw, Tools.decode(body, request, reader))
  if (reader.failure !== undefined) return Result.fail(reader.failure)
  if (Object.keys(raw).length > 0) request.options = { google: raw }
  return Result.succeed({
    request: { ...request, ...wishes, ...Wishes.modelOf(wishes, model), messages: transcript.messages },
    fieldOf: (field) =>
      transcript.fieldOf(field)?.replace(/\.content$/, ".parts") ?? Wishes.fieldOf(wishes, field) ?? named(field)
  })
}

/**
 * The body that is counted: `countTokens` takes the contents alone, or all of a request.
 *
 * @since 0.1.0
 * @category accessors
 */
export const counted = (json: unknown): unknown => {
  if (!isObject(json)) return json
  const whole: Json | unknown = json["generateContentRequest"] ?? json["generate_content_request"]
  return whole ?? json
}

const fields: { readonly [field: string]: string } = {
  maxTokens: "generationConfig.maxOutputTokens",
  temperature: "generationConfig.temperature",
  topP: "generationConfig.topP",
  topK: "generationConfig.topK",
  seed: "generationConfig.seed",
  stop: "generationConfig.stopSequences",
  frequencyPenalty: "generationConfig.frequencyPenalty",
  presencePenalty: "generationConfig.presencePenalty",
  reasoningEffort: "generationConfig.thinkingConfig",
  responseFormat: "generationConfig.responseJsonSchema",
  toolChoice: "toolConfig.functionCallingConfig",
  "options.google": ""
}

const named = (field: string): string => {
  if (field === "messages" || field === "prompt") return "contents"
  for (const name of Object.keys(fields)) {
    if (field !== name && !field.startsWith(`${name}.`)) continue
    return `${fields[name]}${field.slice(name.length)}`.replace(/^\./, "")
  }
  return field.replace(/^tools\.(\d+)/, "tools.functionDeclarations.$1")
}
