/**
 * The tools of a Responses body: functions are the caller's to run, OpenAI's own go along to where they are known.
 *
 * @since 0.1.0
 */
import type { Request, Tool } from "../../Request.ts"
import { isObject, type Json, type Reader } from "../Fields.ts"
import { ofFunction } from "../openai-chat/Tools.ts"

type Choice = NonNullable<Request["toolChoice"]>

/**
 * The functions, and the tools that OpenAI runs itself.
 *
 * @since 0.1.0
 * @category models
 */
export interface Tools {
  readonly functions: ReadonlyArray<Tool>
  readonly hosted: ReadonlyArray<Json>
}

/**
 * Reads `tools`.
 *
 * A tool that would read what the operator keeps with OpenAI (files, stores, containers), or whose calls are items that
 * nobody here knows, is unsupported.
 *
 * @since 0.1.0
 * @category decoding
 */
export const decode = (reader: Reader, value: unknown): Tools => {
  const functions: Array<Tool> = []
  const hosted: Array<Json> = []
  for (const [index, entry] of (reader.optionalList(value, "tools") ?? []).entries()) {
    const path = `tools.${index}`
    const tool = reader.object(entry, path)
    if (tool["type"] === "function") functions.push(ofFunction(reader, tool, path))
    else {
      const fault = faultOf(tool)
      if (fault !== undefined) reader.unsupported(`${path}.${fault[0]}`, fault[1])
      hosted.push(tool)
    }
  }
  return { functions, hosted }
}

type Fault = readonly [field: string, message: string]

/** Why a tool that is no function is not taken. */
const faultOf = (tool: Json): Fault | undefined => {
  const { type } = tool
  if (typeof type !== "string") return ["type", "must be a text"]
  if (/^web_search(?:_|$)/.test(type)) return undefined
  if (type === "image_generation") {
    const mask = isObject(tool["input_image_mask"]) ? tool["input_image_mask"] : {}
    return mask["file_id"] === undefined ? undefined : ["input_image_mask.file_id", "no files are kept here"]
  }
  if (type === "code_interpreter") {
    const { container } = tool
    if (!isObject(container)) return ["container", "must be { type: \"auto\" }: no containers are kept here"]
    return container["file_ids"] === undefined ? undefined : ["container.file_ids", "no files are kept here"]
  }
  if (type === "mcp") {
    return tool["require_approval"] === "never"
      ? undefined
      : ["require_approval", "must be never: requests for approval are not known"]
  }
  return ["type", "only functions, web_search, image_generation, code_interpreter and mcp are known"]
}

/**
 * Reads `tool_choice`: a request's own word, or one for OpenAI's own tools that goes along as it is.
 *
 * @since 0.1.0
 * @category decoding
 */
export const decodeChoice = (
  reader: Reader,
  value: unknown
): { readonly toolChoice?: Choice; readonly raw?: unknown } => {
  const path = "tool_choice"
  if (value === undefined || value === null) return {}
  if (value === "auto" || value === "none" || value === "required") return { toolChoice: value }
  const choice = reader.object(value, path)
  switch (choice["type"]) {
    case "function":
      return { toolChoice: { tool: reader.text(choice["name"], `${path}.name`) } }
    case "allowed_tools": {
      const { mode } = choice
      const tools = reader.list(choice["tools"], `${path}.tools`)
      if (mode !== "auto" && mode !== "required") reader.wrong(`${path}.mode`, "must be auto or required")
      else if (tools.every((tool) => isObject(tool) && tool["type"] === "function")) {
        return {
          toolChoice: {
            mode,
            oneOf: tools.map((tool, index) => reader.text((tool as Json)["name"], `${path}.tools.${index}.name`))
          }
        }
      }
      return { raw: choice }
    }
    case "custom":
      reader.unsupported(`${path}.type`, "custom tools are not known")
      return {}
    default:
      reader.text(choice["type"], `${path}.type`)
      return { raw: choice }
  }
}
