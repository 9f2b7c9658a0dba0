/**
 * The tools that a model may call, and whether it must.
 *
 * @since 0.1.0
 */
import { Predicate, Result } from "effect"
import type { Request } from "../../Request.ts"
import { type AttemptError, fatal } from "../../VendorError.ts"
import type { Lose } from "../../wire/Losses.ts"
import * as CacheMarks from "./CacheMarks.ts"
import type { Rules } from "./Capabilities.ts"
import * as JsonSchema from "./JsonSchema.ts"
import type * as Wire from "./Wire.ts"

interface Options {
  readonly model: string
  readonly names: ReadonlyArray<string>
  /** Whether calls can be held to a schema. */
  readonly strict: boolean
  readonly lose: Lose
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Encoded {
  readonly tools?: ReadonlyArray<Wire.Tool>
  readonly tool_choice?: Wire.ToolChoice
}

const toolName = /^[a-zA-Z0-9_-]{1,128}$/

/**
 * The raw options that are read here: `tools`, which Anthropic runs itself and which come after the request's own,
 * `toolFields`, which say by their `name` what else the API is to be told of one of the request's own, and
 * `toolsCacheControl`, which marks the last tool.
 *
 * @since 0.1.0
 * @category constants
 */
export const consumed = ["tools", "toolFields", "toolsCacheControl"] as const

/**
 * The request's raw options under all of our names.
 *
 * @since 0.1.0
 * @category accessors
 */
export const rawOptions = (request: Request, names: ReadonlyArray<string>): { readonly [key: string]: any } =>
  Object.assign({}, ...names.toReversed().map((name) => request.options?.[name]))

/**
 * @since 0.1.0
 * @category encoding
 */
export const encode = (request: Request, rules: Rules, options: Options): Result.Result<Encoded, AttemptError> => {
  const { lose, names } = options
  const misnamed = request.tools?.find((tool) => !toolName.test(tool.name))
  if (misnamed !== undefined) {
    return Result.fail(fatal({
      _tag: "UnsupportedFeature",
      description: `the tool name "${misnamed.name}": only letters, digits, underscores and dashes, at most 128`
    }))
  }
  const raw = rawOptions(request, names)
  const fields: ReadonlyArray<unknown> = Array.isArray(raw["toolFields"]) ? raw["toolFields"] : []
  const own = (request.tools ?? []).map((tool, index) => ({
    ...fields.find((each) => Predicate.isObject(each) && "name" in each && each["name"] === tool.name) as object,
    ...encodeTool(tool, `tools.${index}`, options)
  }))
  const others = (Array.isArray(raw["tools"]) ? raw["tools"].filter(Predicate.isObject) : []) as ReadonlyArray<any>
  const { choice, only } = choose(request, rules, options)
  // Leaving the others out says the same, and only costs what was cached.
  const tools = [...only === undefined ? own : own.filter(({ name }) => only.includes(name)), ...others]
  const last = tools.at(-1)
  if (last === undefined) {
    if (own.length > 0) return Result.succeed({})
    if (request.toolChoice !== undefined && request.toolChoice !== "none" && request.toolChoice !== "auto") {
      lose("toolChoice", "the request has no tools")
    }
    if (request.parallelToolCalls !== undefined) lose("parallelToolCalls", "the request has no tools")
    if (raw["toolsCacheControl"] !== undefined) {
      lose(`options.${names[0]}.toolsCacheControl`, "the request has no tools")
    }
    return Result.succeed({})
  }
  tools[tools.length - 1] = {
    ...last,
    ...CacheMarks.from(raw["toolsCacheControl"], `options.${names[0]}.toolsCacheControl`, lose)
  }
  return Result.succeed({ tools, ...(choice === undefined ? undefined : { tool_choice: choice }) })
}

const encodeTool = (
  { description, name, parameters, strict }: NonNullable<Request["tools"]>[number],
  path: string,
  { lose, model, strict: canBeStrict }: Options
): Wire.Tool => {
  const isHeld = strict === true && canBeStrict
  if (strict === true && !canBeStrict) lose(`${path}.strict`, `${model} is held to no schema`)
  const schema = { ...parameters, type: "object" }
  return {
    name,
    ...(description === undefined ? undefined : { description }),
    input_schema: isHeld ? JsonSchema.strict(schema, `${path}.parameters`, lose) : schema,
    ...(isHeld ? { strict: true } : undefined)
  }
}

interface Choice {
  readonly choice: Wire.ToolChoice | undefined
  /** The tools that may be called where it is not all. */
  readonly only?: ReadonlyArray<string>
}

const choose = (request: Request, rules: Rules, { lose, model }: Options): Choice => {
  const { parallelToolCalls, toolChoice } = request
  const single = parallelToolCalls === false ? { disable_parallel_tool_use: true } : {}
  const auto = parallelToolCalls === false ? { type: "auto" as const, ...single } : undefined
  if (toolChoice === "none") return { choice: { type: "none" } }
  if (toolChoice === undefined) return { choice: auto }
  if (toolChoice === "auto") return { choice: { type: "auto", ...single } }
  const only = typeof toolChoice === "object" && "oneOf" in toolChoice ? { only: toolChoice.oneOf } : {}
  if (typeof toolChoice === "object" && "oneOf" in toolChoice && toolChoice.mode !== "required") {
    return { choice: { type: "auto", ...single }, ...only }
  }
  if (!rules.forcedTools) {
    lose("toolChoice", `${model} decides itself whether it calls a tool`)
    const wanted = typeof toolChoice === "object" && "tool" in toolChoice ? { only: [toolChoice.tool] } : only
    return { choice: { type: "auto", ...single }, ...wanted }
  }
  return typeof toolChoice === "object" && "tool" in toolChoice
    ? { choice: { type: "tool", name: toolChoice.tool, ...single } }
    : { choice: { type: "any", ...single }, ...only }
}
