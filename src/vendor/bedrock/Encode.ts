/**
 * A call to Converse; what it has no word for becomes a loss, and what would change the question itself (a file of a
 * kind that cannot be sent) an error.
 *
 * @since 0.1.0
 */
import { Predicate, Result } from "effect"
import type { Request } from "../../Request.ts"
import type { Loss } from "../../Response.ts"
import type { Call } from "../../Vendor.ts"
import { type AttemptError, fatal } from "../../VendorError.ts"
import type { Lose } from "../../wire/Losses.ts"
import * as Losses from "../../wire/Losses.ts"
import * as Anthropic from "../anthropic/Capabilities.ts"
import * as JsonSchema from "../anthropic/JsonSchema.ts"
import { capabilitiesOf, type Family, familyOf } from "./Capabilities.ts"
import * as Identifiers from "./Identifiers.ts"
import * as Inference from "./Inference.ts"
import * as Messages from "./Messages.ts"
import * as Prefill from "./Prefill.ts"
import * as Wire from "./Wire.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface Encoded {
  readonly path: string
  readonly body: Wire.ConverseRequest
  readonly losses: ReadonlyArray<Loss>
}

type Mutable<A> = { -readonly [K in keyof A]: A[K] }
type Body = Mutable<Wire.ConverseRequest>

/** What raw options may not set: who is asked what and how the answer comes is the dispatcher's. */
const closed: ReadonlySet<string> = new Set(["modelId", "messages", "system", "toolConfig", "stream"])

/** Raw options that are joined, key by key, with what the request says. */
const joined = ["additionalModelRequestFields", "inferenceConfig", "outputConfig", "requestMetadata"] as const

/** As AWS writes a path's segment: all but letters, digits and `-_.~`. */
const escape = (segment: string): string =>
  encodeURIComponent(segment).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)

/**
 * Encodes a call, to be streamed or not; raw options stand under the `names`.
 *
 * @since 0.1.0
 * @category encoding
 */
export const encode = (
  { model, request }: Call,
  names: ReadonlyArray<string>,
  options: { readonly stream: boolean }
): Result.Result<Encoded, AttemptError> => {
  const { lose, losses } = Losses.make()
  const family = familyOf(model)
  return Result.flatMap(Messages.encode(request.prompt, family, names, lose), (conversation) => {
    const { called, system } = conversation
    const messages = family === "claude" ? Prefill.trim(conversation.messages, lose) : conversation.messages
    if (Prefill.isRefused(messages, model)) return Result.fail(Prefill.refusal(model))
    const body: Body = { messages }
    if (system.length > 0) body.system = system
    const { config, effort, fields } = Inference.encode(request, { model, family, messages }, lose)
    if (Object.keys(config).length > 0) body.inferenceConfig = config
    if (Object.keys(fields).length > 0) body.additionalModelRequestFields = fields as any
    if (effort !== undefined) body.outputConfig = { effort }
    const failure = encodeTools(request, { model, family, called }, body, lose)
    if (failure !== undefined) return Result.fail(failure)
    encodeFormat(request, model, family, body, lose)
    encodeMetadata(request, body, lose)
    return Result.succeed({
      path: `/model/${escape(model)}/${options.stream ? "converse-stream" : "converse"}`,
      body: withRawOptions(request, names, body, lose),
      losses
    })
  })
}

// -----------------------------------------------------------------------------
// Tools
// -----------------------------------------------------------------------------

interface Target {
  readonly model: string
  readonly family: Family
  /** The tools that were called in the conversation. */
  readonly called: ReadonlySet<string>
}

const encodeTools = (request: Request, target: Target, body: Body, lose: Lose): AttemptError | undefined => {
  const { parallelToolCalls, toolChoice } = request
  const all = request.tools ?? []
  const misnamed = all.find(({ name }) => !Identifiers.isToolName(name))
  if (misnamed !== undefined) {
    return fatal({
      _tag: "UnsupportedFeature",
      description: `the tool name "${misnamed.name}": only letters, digits, underscores and dashes, at most 64`
    })
  }
  if (parallelToolCalls === false) lose("parallelToolCalls", "Converse cannot keep a model from calling several tools")
  // Leaving the others out says the same, and only costs the vendor's cache.
  const offered = typeof toolChoice === "object" && "oneOf" in toolChoice
    ? all.filter(({ name }) => toolChoice.oneOf.includes(name))
    : toolChoice === "none"
    ? []
    : all
  const specify = (tools: typeof all) =>
    tools.map((tool) => encodeTool(tool, `tools.${all.indexOf(tool)}`, target, lose))
  if (offered.length > 0) {
    const choice = encodeToolChoice(request, target, lose)
    body.toolConfig = { tools: specify(offered), ...(choice === undefined ? undefined : { toolChoice: choice }) }
    return undefined
  }
  if (all.length === 0 && toolChoice !== undefined && toolChoice !== "none" && toolChoice !== "auto") {
    lose("toolChoice", "the request has no tools")
  }
  // A conversation in which tools were called is refused without any.
  if (target.called.size === 0) return undefined
  if (all.length > 0) lose("toolChoice", "tools were called before, so they are still offered")
  body.toolConfig = { tools: all.length > 0 ? specify(all) : [...target.called].map(remembered) }
  return undefined
}

const encodeTool = (
  { description, name, parameters, strict }: NonNullable<Request["tools"]>[number],
  path: string,
  { family, model }: Target,
  lose: Lose
): Wire.Tool => {
  const isHeld = strict === true && capabilitiesOf(model).jsonSchema !== false
  if (strict === true && !isHeld) lose(`${path}.strict`, `${model} holds to no schema`)
  const json = isHeld && family === "claude" ? JsonSchema.strict(parameters, `${path}.parameters`, lose) : parameters
  return {
    toolSpec: {
      name,
      ...(description === undefined || description === "" ? undefined : { description }),
      inputSchema: { json },
      ...(isHeld ? { strict } : undefined)
    }
  }
}

/** A tool of which the request only tells that it was called. */
const remembered = (name: string): Wire.Tool => ({ toolSpec: { name, inputSchema: { json: { type: "object" } } } })

const encodeToolChoice = (
  { toolChoice }: Request,
  { family, model }: Target,
  lose: Lose
): NonNullable<Wire.ConverseRequest["toolConfig"]>["toolChoice"] => {
  if (toolChoice === undefined) return undefined
  if (toolChoice === "auto") return { auto: {} }
  const isForced = toolChoice === "required" || (typeof toolChoice === "object" && "tool" in toolChoice) ||
    (typeof toolChoice === "object" && "mode" in toolChoice && toolChoice.mode === "required")
  if (!isForced) return { auto: {} }
  if (family === "llama" || (family === "claude" && !Anthropic.rulesOf(model).forcedTools)) {
    lose("toolChoice", `${model} decides itself whether it calls a tool`)
    return undefined
  }
  return typeof toolChoice === "object" && "tool" in toolChoice ? { tool: { name: toolChoice.tool } } : { any: {} }
}

// -----------------------------------------------------------------------------
// The rest
// -----------------------------------------------------------------------------

const encodeFormat = (request: Request, model: string, family: Family, body: Body, lose: Lose): void => {
  const format = request.responseFormat
  if (format === undefined || format.type === "text") return
  if (format.type === "json") return lose("responseFormat", "Converse holds an answer to a schema, not to any JSON")
  if (capabilitiesOf(model).jsonSchema === false) return lose("responseFormat", `${model} holds to no schema`)
  const schema = family === "claude" ? JsonSchema.strict(format.schema, "responseFormat.schema", lose) : format.schema
  body.outputConfig = {
    ...body.outputConfig,
    textFormat: {
      type: "json_schema",
      structure: {
        jsonSchema: {
          schema: JSON.stringify(schema),
          name: format.name,
          ...(format.description === undefined ? undefined : { description: format.description })
        }
      }
    }
  }
}

const encodeMetadata = ({ metadata, user }: Request, body: Body, lose: Lose): void => {
  if (user !== undefined) lose("user", "Converse has no word for the caller's own user")
  const { key: keys, most, value: values } = Wire.metadataEntries
  const kept: Record<string, string> = {}
  for (const [key, value] of Object.entries(metadata ?? {})) {
    if (Object.keys(kept).length < most && keys.test(key) && values.test(value)) kept[key] = value
    else lose(`metadata.${key}`, `at most ${most} entries of 256 letters, digits, blanks and :_@$#=/+,.- are taken`)
  }
  if (Object.keys(kept).length > 0) body.requestMetadata = kept
}

const withRawOptions = (
  request: Request,
  names: ReadonlyArray<string>,
  body: Body,
  lose: Lose
): Wire.ConverseRequest => {
  const own: Record<string, any> = { ...body }
  const rest: Record<string, any> = {}
  for (const name of new Set(names)) {
    const raw = request.options?.[name]
    if (!Predicate.isObject(raw)) continue
    rest[name] = { ...raw }
    for (const field of joined) {
      const fields = (raw as Record<string, unknown>)[field]
      if (!Predicate.isObject(fields)) continue
      delete rest[name][field]
      const taken = own[field] ?? {}
      for (const key of Object.keys(fields)) {
        if (key in taken) lose(`options.${name}.${field}.${key}`, "is set by the request itself")
      }
      own[field] = { ...fields, ...taken }
    }
  }
  return Losses.withRawOptions({ options: rest } as Request, names, closed, own as Wire.ConverseRequest, lose)
}
