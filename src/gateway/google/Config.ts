/**
 * `generationConfig`: sampling, thinking and the answer's form.
 *
 * @since 0.1.0
 */
import * as Thinking from "../../vendor/google/Thinking.ts"
import { isObject, type Json, type Raw, type Reader, type RequestFields, rest } from "../Fields.ts"
import * as JsonSchema from "./JsonSchema.ts"
import * as Names from "./Names.ts"

const path = "generationConfig"

const known: ReadonlySet<string> = new Set([
  "candidateCount",
  "stopSequences",
  "maxOutputTokens",
  "temperature",
  "topP",
  "topK",
  "seed",
  "presencePenalty",
  "frequencyPenalty",
  "responseMimeType",
  "responseSchema",
  "responseJsonSchema",
  "thinkingConfig"
])

/** Numbers of the same meaning there and here. */
const numbers = [
  ["maxOutputTokens", "maxTokens"],
  ["temperature", "temperature"],
  ["topP", "topP"],
  ["seed", "seed"],
  ["presencePenalty", "presencePenalty"],
  ["frequencyPenalty", "frequencyPenalty"]
] as const

/**
 * Fills in the request's fields and gives back what it has no word for.
 *
 * @since 0.1.0
 * @category decoding
 */
export const decode = (value: unknown, request: RequestFields, reader: Reader): Raw | undefined => {
  const given = reader.optionalObject(value, path)
  if (given === undefined) return undefined
  const config = Names.camel(given, path, reader)
  const raw: Raw = rest(config, known, reader) ?? {}
  for (const [name, field] of numbers) {
    const number = reader.optionalNumber(config[name], `${path}.${name}`)
    if (number !== undefined) request[field] = number
  }
  const topK = reader.optionalNumber(config["topK"], `${path}.topK`)
  // Here 0 is a value, and a request's begins with 1.
  if (topK === 0) raw["topK"] = 0
  else if (topK !== undefined) request.topK = topK
  const stop = reader.optionalList(config["stopSequences"], `${path}.stopSequences`)
  if (stop !== undefined && stop.length > 0) {
    request.stop = stop.map((text, index) => reader.text(text, `${path}.stopSequences.${index}`))
  }
  const candidates = reader.optionalNumber(config["candidateCount"], `${path}.candidateCount`)
  if (candidates !== undefined && candidates > 1) {
    reader.unsupported(`${path}.candidateCount`, "only one answer is given to a request")
  }
  thinking(config["thinkingConfig"], request, raw, reader)
  format(config, request, raw, reader)
  return Object.keys(raw).length === 0 ? undefined : raw
}

// -----------------------------------------------------------------------------
// Thinking
// -----------------------------------------------------------------------------

const levels: { readonly [level: string]: NonNullable<RequestFields["reasoningEffort"]> } = {
  MINIMAL: "minimal",
  LOW: "low",
  MEDIUM: "medium",
  HIGH: "high"
}

/**
 * A level whose thoughts are shown is a common word, and so is no thinking; all else is this API's own, with an effort
 * besides for who does not speak it.
 */
const thinking = (value: unknown, request: RequestFields, raw: Raw, reader: Reader): void => {
  const at = `${path}.thinkingConfig`
  const given = reader.optionalObject(value, at)
  if (given === undefined) return
  const config = Names.camel(given, at, reader)
  const { includeThoughts, thinkingBudget, thinkingLevel, ...others } = config
  const budget = reader.optionalNumber(thinkingBudget, `${at}.thinkingBudget`)
  const level = reader.optionalText(thinkingLevel, `${at}.thinkingLevel`)?.toUpperCase() ?? ""
  const isAlone = Object.keys(others).length === 0
  if (isAlone && budget === 0 && level === "" && includeThoughts !== true) request.reasoningEffort = "none"
  else if (isAlone && budget === undefined && includeThoughts === true && Object.hasOwn(levels, level)) {
    request.reasoningEffort = levels[level]!
  } else if (Object.keys(config).length > 0) {
    raw["thinkingConfig"] = config as Raw
    if (Object.hasOwn(levels, level)) request.reasoningEffort = levels[level]!
    else if (budget !== undefined && budget > 0) request.reasoningEffort = Thinking.effortOf(budget)
  }
}

// -----------------------------------------------------------------------------
// Format
// -----------------------------------------------------------------------------

const json = "application/json"

const format = (config: Json, request: RequestFields, raw: Raw, reader: Reader): void => {
  const mimeType = reader.optionalText(config["responseMimeType"], `${path}.responseMimeType`)
  const { responseJsonSchema, responseSchema } = config
  const isTold = isObject(responseSchema)
  if (isTold && isObject(responseJsonSchema)) {
    reader.wrong(`${path}.responseJsonSchema`, "cannot stand beside responseSchema")
  }
  if (mimeType === undefined || mimeType === json) {
    const schema = isTold
      ? JsonSchema.decode(responseSchema, `${path}.responseSchema`, reader)
      : reader.optionalObject(responseJsonSchema, `${path}.responseJsonSchema`)
    if (schema !== undefined) request.responseFormat = formatOf(schema)
    else if (mimeType === json) request.responseFormat = { type: "json" }
  } else if (mimeType !== "text/plain" || isTold || isObject(responseJsonSchema)) {
    raw["responseMimeType"] = mimeType
    if (isTold) raw["responseSchema"] = responseSchema as Raw
    if (isObject(responseJsonSchema)) raw["responseJsonSchema"] = responseJsonSchema as Raw
  }
}

/** The request wants a name and this API has none; where a schema has a title, that is it. */
const formatOf = (schema: Json): NonNullable<RequestFields["responseFormat"]> => {
  const { title } = schema
  const name = typeof title === "string" && /^[a-zA-Z0-9_-]{1,64}$/.test(title) ? title : "answer"
  return { type: "json-schema", name, schema: schema as Raw }
}
