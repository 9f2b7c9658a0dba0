/**
 * The functions that a model may call, the tools that the API runs itself, and whether a call is wanted.
 *
 * @since 0.1.0
 */
import { type Json, type Raw, type Reader, type RequestFields, rest } from "../Fields.ts"
import * as JsonSchema from "./JsonSchema.ts"
import * as Names from "./Names.ts"

type Tool = NonNullable<RequestFields["tools"]>[number]

/**
 * Fills in the request's fields and gives back what it has no word for.
 *
 * @since 0.1.0
 * @category decoding
 */
export const decode = (body: Json, request: RequestFields, reader: Reader): Raw => {
  const raw: Raw = {}
  const functions: Array<Tool> = []
  const extras: Array<Raw> = []
  const others: Array<Raw> = []
  for (const [index, each] of (reader.optionalList(body["tools"], "tools") ?? []).entries()) {
    const at = `tools.${index}`
    const { functionDeclarations, ...own } = Names.camel(reader.object(each, at), at, reader)
    const list = reader.optionalList(functionDeclarations, `${at}.functionDeclarations`) ?? []
    for (const [number, each] of list.entries()) {
      declaration(each, `${at}.functionDeclarations.${number}`, functions, extras, reader)
    }
    if (Object.keys(own).length > 0) others.push(own as Raw)
  }
  if (functions.length > 0) request.tools = functions
  if (others.length > 0) raw["tools"] = others
  if (extras.length > 0) raw["toolFields"] = extras
  const config = choice(body["toolConfig"], request, reader)
  if (config !== undefined) raw["toolConfig"] = config
  return raw
}

const known: ReadonlySet<string> = new Set(["name", "description", "parameters", "parametersJsonSchema"])

const declaration = (
  value: unknown,
  path: string,
  functions: Array<Tool>,
  extras: Array<Raw>,
  reader: Reader
): void => {
  const given = Names.camel(reader.object(value, path), path, reader)
  const name = reader.text(given["name"], `${path}.name`)
  const description = reader.optionalText(given["description"], `${path}.description`)
  const parameters = reader.optionalObject(given["parametersJsonSchema"], `${path}.parametersJsonSchema`) ??
    (given["parameters"] === undefined || given["parameters"] === null
      ? { type: "object", properties: {} }
      : JsonSchema.decode(given["parameters"], `${path}.parameters`, reader))
  functions.push({
    name,
    ...(description === undefined || description === "" ? undefined : { description }),
    parameters: parameters as Raw
  })
  const extra = rest(given, known, reader)
  if (extra !== undefined) extras.push({ ...extra, name })
}

// -----------------------------------------------------------------------------
// Choice
// -----------------------------------------------------------------------------

const choice = (value: unknown, request: RequestFields, reader: Reader): Raw | undefined => {
  const given = reader.optionalObject(value, "toolConfig")
  if (given === undefined) return undefined
  const { functionCallingConfig, ...others } = Names.camel(given, "toolConfig", reader)
  const at = "toolConfig.functionCallingConfig"
  const told = reader.optionalObject(functionCallingConfig, at)
  if (told === undefined) return Object.keys(others).length === 0 ? undefined : others as Raw
  const calling = Names.camel(told, at, reader)
  const allowed = (reader.optionalList(calling["allowedFunctionNames"], `${at}.allowedFunctionNames`) ?? [])
    .map((name, index) => reader.text(name, `${at}.allowedFunctionNames.${index}`))
  const mode = reader.optionalText(calling["mode"], `${at}.mode`)?.toUpperCase()
  const wanted = mode === "AUTO"
    ? "auto"
    : mode === "NONE"
    ? "none"
    : mode !== "ANY"
    ? undefined
    : allowed.length === 0
    ? "required"
    : allowed.length === 1
    ? { tool: allowed[0]! }
    : { mode: "required" as const, oneOf: allowed }
  if (wanted !== undefined) request.toolChoice = wanted
  // Other modes are this API's own.
  const own = { ...others, ...(wanted === undefined ? { functionCallingConfig: calling } : undefined) }
  return Object.keys(own).length === 0 ? undefined : own as Raw
}
