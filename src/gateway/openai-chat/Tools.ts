/**
 * The tools of a Chat Completions body, as they are and as there were before as `functions`.
 *
 * @since 0.1.0
 */
import type { Request, Tool } from "../../Request.ts"
import type { Json, Reader } from "../Fields.ts"

type Choice = NonNullable<Request["toolChoice"]>

/**
 * A function as a tool; no parameters are an object without properties.
 *
 * @since 0.1.0
 * @category decoding
 */
export const ofFunction = (reader: Reader, named: Json, path: string): Tool => {
  const description = reader.optionalText(named["description"], `${path}.description`)
  const parameters = reader.optionalObject(named["parameters"], `${path}.parameters`)
  const strict = reader.optionalBoolean(named["strict"], `${path}.strict`)
  return {
    name: reader.text(named["name"], `${path}.name`),
    ...(description === undefined ? undefined : { description }),
    parameters: (parameters ?? { type: "object", properties: {} }) as Tool["parameters"],
    ...(strict === undefined ? undefined : { strict })
  }
}

/**
 * Reads `tools`, `undefined` where there are none.
 *
 * @since 0.1.0
 * @category decoding
 */
export const decode = (reader: Reader, value: unknown): ReadonlyArray<Tool> | undefined => {
  const tools = reader.optionalList(value, "tools")
  if (tools === undefined || tools.length === 0) return undefined
  return tools.map((entry, index) => {
    const path = `tools.${index}`
    const tool = reader.object(entry, path)
    if (tool["type"] !== undefined && tool["type"] !== "function") {
      reader.unsupported(`${path}.type`, "only functions are known")
    }
    return ofFunction(reader, reader.object(tool["function"], `${path}.function`), `${path}.function`)
  })
}

/**
 * Reads `functions`, `undefined` where there are none.
 *
 * @since 0.1.0
 * @category decoding
 */
export const decodeFunctions = (reader: Reader, value: unknown): ReadonlyArray<Tool> | undefined => {
  const functions = reader.optionalList(value, "functions")
  if (functions === undefined || functions.length === 0) return undefined
  return functions.map((named, index) =>
    ofFunction(reader, reader.object(named, `functions.${index}`), `functions.${index}`)
  )
}

const wrong = "must be none, auto, required, a function or allowed_tools"

/**
 * Reads `tool_choice`; "any" is Mistral's word for "required".
 *
 * @since 0.1.0
 * @category decoding
 */
export const decodeChoice = (reader: Reader, value: unknown): Choice | undefined => {
  const path = "tool_choice"
  if (value === undefined || value === null) return undefined
  if (value === "auto" || value === "none" || value === "required") return value
  if (value === "any") return "required"
  const choice = reader.object(value, path)
  const nameOf = (entry: Json, at: string): string =>
    reader.text(reader.object(entry["function"], `${at}.function`)["name"], `${at}.function.name`)
  switch (choice["type"]) {
    case "function":
      return { tool: nameOf(choice, path) }
    case "allowed_tools": {
      const allowed = reader.object(choice["allowed_tools"], `${path}.allowed_tools`)
      const { mode } = allowed
      if (mode !== "auto" && mode !== "required") {
        reader.wrong(`${path}.allowed_tools.mode`, "must be auto or required")
        return undefined
      }
      const tools = reader.list(allowed["tools"], `${path}.allowed_tools.tools`)
      return {
        mode,
        oneOf: tools.map((tool, index) => {
          const at = `${path}.allowed_tools.tools.${index}`
          return nameOf(reader.object(tool, at), at)
        })
      }
    }
    default:
      reader.wrong(path, wrong)
      return undefined
  }
}

/**
 * Reads `function_call`, the older word for `tool_choice`.
 *
 * @since 0.1.0
 * @category decoding
 */
export const decodeFunctionCall = (reader: Reader, value: unknown): Choice | undefined => {
  if (value === undefined || value === null) return undefined
  if (value === "auto" || value === "none") return value
  return { tool: reader.text(reader.object(value, "function_call")["name"], "function_call.name") }
}
