/**
 * A call to Chat Completions JSON; what it has no word for becomes a loss, and what would change the question itself
 * (a file of a kind that cannot be sent) an error.
 *
 * @since 0.1.0
 */
import { Result } from "effect"
import type { Request } from "../../Request.ts"
import type { Loss } from "../../Response.ts"
import type { Call } from "../../Vendor.ts"
import { type AttemptError, fatal } from "../../VendorError.ts"
import type { Lose } from "../../wire/Losses.ts"
import * as Losses from "../../wire/Losses.ts"
import * as Messages from "./Messages.ts"
import { metadataOf } from "./Metadata.ts"
import { chat, type Profile } from "./Profile.ts"
import type * as Wire from "./Wire.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface Encoded {
  readonly body: Wire.ChatRequest
  readonly losses: ReadonlyArray<Loss>
}

type Mutable<A> = { -readonly [K in keyof A]: A[K] }
type Body = Mutable<Wire.ChatRequest>

/**
 * What raw options may not set: who is asked what and how the answer comes is the dispatcher's, and more than one
 * answer has no place in it.
 */
const closed: ReadonlySet<string> = new Set([
  "model",
  "messages",
  "stream",
  "stream_options",
  "n",
  "url",
  "base_url",
  "headers",
  "extra_headers"
])

/**
 * Encodes a call, to be streamed or not.
 *
 * @since 0.1.0
 * @category encoding
 */
export const encode = (
  { model, request: asked }: Call,
  profile: Profile,
  options: { readonly stream: boolean }
): Result.Result<Encoded, AttemptError> => {
  const { lose, losses } = Losses.make()
  const request = supported(asked, profile, lose)
  const reasons = profile.reasons(model)
  return Result.flatMap(Messages.encode(request.prompt, profile, reasons, lose), (messages) => {
    const body: Body = { model, messages }
    encodeSampling(request, profile, reasons, body, lose)
    const failure = encodeTools(request, profile, body, lose)
    if (failure !== undefined) return Result.fail(failure)
    encodeRest(request, profile, body, lose)
    if (options.stream) {
      body.stream = true
      if (profile.streamUsage) body.stream_options = { include_usage: true }
    }
    const whole = Losses.withRawOptions(request, [...profile.optionNames, chat], closed, body, lose)
    const defaults = profile.defaults?.(model)
    return Result.succeed({ body: defaults === undefined ? whole : { ...defaults, ...whole }, losses })
  })
}

/** The request without what the server does not take. */
const supported = (request: Request, { tools, unsupported }: Profile, lose: Lose): Request => {
  if (unsupported === undefined && tools !== false) return request
  const kept: Mutable<Request> = { ...request }
  // No tools and none to be called are the same question.
  const toolless = request.toolChoice === "none" && (tools === false || unsupported?.includes("toolChoice"))
  if (toolless) delete kept.tools
  if (toolless || (request.toolChoice === "auto" && unsupported?.includes("toolChoice"))) delete kept.toolChoice
  for (const field of unsupported ?? []) {
    if (kept[field] === undefined) continue
    lose(field, "is not taken by this API")
    delete kept[field]
  }
  return kept
}

// -----------------------------------------------------------------------------
// Sampling
// -----------------------------------------------------------------------------

const encodeSampling = (request: Request, profile: Profile, reasons: boolean, body: Body, lose: Lose): void => {
  if (request.maxTokens !== undefined) body[profile.maxTokens] = request.maxTokens
  if (request.seed !== undefined) body[profile.seed ?? "seed"] = request.seed
  if (request.topK !== undefined) {
    if (profile.topK === true) body.top_k = request.topK
    else lose("topK", "Chat Completions has no top-k")
  }
  encodeEffort(request, profile, reasons, body, lose)
  // A model that reasons takes its own samples and refuses to be told; without reasoning only the later ones listen.
  const listens = profile.fixed === undefined
    ? /gpt-5\.\d/.test(body.model)
    : profile.effort?.("none", body.model) !== undefined
  const fixed = reasons && !(request.reasoningEffort === "none" && listens)
  const refuses = (field: NonNullable<Profile["fixed"]>[number]) => fixed && (profile.fixed?.includes(field) ?? true)
  const set = <K extends "temperature" | "top_p" | "frequency_penalty" | "presence_penalty">(
    field: "temperature" | "topP" | "frequencyPenalty" | "presencePenalty",
    name: K
  ): void => {
    const value = request[field]
    if (value === undefined) return
    if (refuses(field)) lose(field, `${body.model} reasons and takes none`)
    else body[name] = value
  }
  set("temperature", "temperature")
  set("topP", "top_p")
  set("frequencyPenalty", "frequency_penalty")
  set("presencePenalty", "presence_penalty")
  const { maxTemperature = Infinity } = profile
  if (body.temperature !== undefined && body.temperature > maxTemperature) {
    lose("temperature", `at most ${maxTemperature} is taken, and sent`)
    body.temperature = maxTemperature
  }
  encodeStop(request, profile, refuses("stop"), body, lose)
}

const encodeEffort = (request: Request, profile: Profile, reasons: boolean, body: Body, lose: Lose): void => {
  const { reasoningEffort } = request
  if (reasoningEffort === undefined) return
  if (profile.effort !== undefined) {
    const fields = profile.effort(reasoningEffort, body.model)
    if (fields !== undefined) Object.assign(body, fields)
    else lose("reasoningEffort", `${body.model} knows no effort "${reasoningEffort}"`)
  } else if (profile.reasoningEffort === "always" || reasons) body.reasoning_effort = reasoningEffort
  else if (reasoningEffort !== "none") lose("reasoningEffort", `${body.model} does not reason`)
}

const encodeStop = (request: Request, profile: Profile, fixed: boolean, body: Body, lose: Lose): void => {
  const { stop } = request
  if (stop === undefined || stop.length === 0) return
  if (fixed) return lose("stop", `${body.model} reasons and takes none`)
  const most = profile.maxStops ?? stop.length
  if (stop.length > most) lose("stop", `only the first ${most} of ${stop.length} are sent`)
  body.stop = stop.slice(0, most)
}

// -----------------------------------------------------------------------------
// Tools
// -----------------------------------------------------------------------------

const encodeTools = (request: Request, profile: Profile, body: Body, lose: Lose): AttemptError | undefined => {
  const tools = request.tools ?? []
  if (tools.length === 0) {
    if (request.toolChoice !== undefined && request.toolChoice !== "none" && request.toolChoice !== "auto") {
      lose("toolChoice", "the request has no tools")
    }
    if (request.parallelToolCalls !== undefined) lose("parallelToolCalls", "the request has no tools")
    return undefined
  }
  if (profile.tools === false) return fatal({ _tag: "UnsupportedFeature", description: "this API takes no tools" })
  const misnamed = tools.findIndex((tool) => profile.toolName !== undefined && !profile.toolName.test(tool.name))
  if (misnamed >= 0) {
    return fatal({
      _tag: "UnsupportedFeature",
      description: `the tool name "${tools[misnamed]!.name}": only letters, digits, underscores and dashes, at most 64`
    })
  }
  body.tools = tools.map(({ description, name, parameters, strict }) => ({
    type: "function",
    function: {
      name,
      ...(description === undefined ? undefined : { description }),
      parameters,
      ...(strict === undefined ? undefined : { strict })
    }
  }))
  if (request.parallelToolCalls !== undefined) body.parallel_tool_calls = request.parallelToolCalls
  encodeToolChoice(request, profile, body)
  return undefined
}

const named = (name: string) => ({ type: "function" as const, function: { name } })

const encodeToolChoice = ({ toolChoice }: Request, profile: Profile, body: Body): void => {
  if (toolChoice === undefined) return
  const word = (mode: "auto" | "none" | "required") => mode === "required" ? profile.anyTool ?? mode : mode
  if (typeof toolChoice === "string") body.tool_choice = word(toolChoice)
  else if ("tool" in toolChoice && profile.namedTool !== false) body.tool_choice = named(toolChoice.tool)
  else {
    const { mode = "auto", oneOf } = "tool" in toolChoice
      ? { mode: "required" as const, oneOf: [toolChoice.tool] }
      : toolChoice
    if (profile.allowedTools) {
      body.tool_choice = { type: "allowed_tools", allowed_tools: { mode, tools: oneOf.map(named) } }
      return
    }
    // Leaving the others out says the same, and only costs the vendor's cache.
    const kept = body.tools!.filter((tool) => oneOf.includes(tool.function.name))
    if (kept.length === 0) {
      delete body.tools
      delete body.parallel_tool_calls
    } else {
      body.tools = kept
      body.tool_choice = word(mode)
    }
  }
}

// -----------------------------------------------------------------------------
// The rest
// -----------------------------------------------------------------------------

const encodeRest = (request: Request, profile: Profile, body: Body, lose: Lose): void => {
  const format = request.responseFormat
  const takes = (form: "json" | "json-schema") => profile.formats?.includes(form) ?? true
  if (format?.type === "json" && takes("json")) body.response_format = { type: "json_object" }
  else if (format?.type === "json") {
    const schema = { type: "object" }
    body.response_format = { type: "json_schema", json_schema: { name: "answer", schema } }
  } else if (format?.type === "json-schema" && !takes("json-schema")) {
    lose("responseFormat.schema", "is not taken by this API: the answer is any JSON object")
    body.response_format = { type: "json_object" }
  } else if (format?.type === "json-schema") {
    body.response_format = {
      type: "json_schema",
      json_schema: {
        name: format.name,
        ...(format.description === undefined ? undefined : { description: format.description }),
        schema: format.schema,
        strict: format.strict ?? true
      }
    }
  }
  if (request.user !== undefined) body.user = request.user
  if (request.metadata === undefined) return
  const isStored = [...profile.optionNames, chat].some((name) => request.options?.[name]?.["store"] === true)
  if (profile.storedMetadata !== true || isStored) body.metadata = metadataOf(request.metadata, lose)
  else lose("metadata", "is taken only with what is stored, as by the raw option \"store\"")
}
