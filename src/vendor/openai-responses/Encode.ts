/**
 * A call to Responses JSON; what it has no word for becomes a loss, and what would change the question itself (a file of
 * a kind that cannot be sent) an error.
 *
 * Nothing is stored with OpenAI unless raw options say so: reasoning travels encrypted with the conversation.
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
import { metadataOf } from "../openai/Metadata.ts"
import { type Profile, responses } from "../openai/Profile.ts"
import * as Input from "./Input.ts"
import * as RawOptions from "./RawOptions.ts"
import type * as Wire from "./Wire.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface Encoded {
  readonly body: Wire.CreateResponse
  readonly losses: ReadonlyArray<Loss>
}

type Mutable<A> = { -readonly [K in keyof A]: A[K] }
type Body = Mutable<Wire.CreateResponse>

/** What raw options may not set: who is asked what, and how the answer comes, is the dispatcher's. */
const closed: ReadonlySet<string> = new Set([
  "model",
  "input",
  "stream",
  "stream_options",
  "background",
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
  { model, request }: Call,
  profile: Profile,
  options: { readonly stream: boolean }
): Result.Result<Encoded, AttemptError> => {
  const { lose, losses } = Losses.make()
  const reasons = profile.reasons(model)
  const names = [...profile.optionNames, responses]
  const raw = RawOptions.take(request, names, lose)
  const systemRole = reasons ? profile.systemRole : "system"
  return Result.flatMap(
    Input.encode(request.prompt, { names, systemRole, reasons, stores: raw.store, lose }),
    (input) => {
      const body: Body = { model, input, store: raw.store }
      encodeSampling(request, reasons, body, lose)
      encodeReasoning(request, reasons, raw, body, lose)
      encodeText(request, raw, body)
      const failure = encodeTools(request, profile, raw, body, lose)
      if (failure !== undefined) return Result.fail(failure)
      encodeRest(request, profile, body, lose)
      if (options.stream) body.stream = true
      return Result.succeed({ body: Losses.withRawOptions(raw.rest, names, closed, body, lose), losses })
    }
  )
}

// -----------------------------------------------------------------------------
// Sampling and reasoning
// -----------------------------------------------------------------------------

/** The fewest tokens that may be allowed, by OpenAI's published schema. */
const fewestTokens = 16

const encodeSampling = (request: Request, reasons: boolean, body: Body, lose: Lose): void => {
  const { maxTokens } = request
  if (maxTokens !== undefined) {
    body.max_output_tokens = Math.max(maxTokens, fewestTokens)
    if (maxTokens < fewestTokens) lose("maxTokens", `at least ${fewestTokens} are taken, and sent`)
  }
  // A model that reasons takes its own samples and refuses to be told; without reasoning only the later ones listen.
  const fixed = reasons && !(request.reasoningEffort === "none" && /gpt-5\.\d/.test(body.model))
  const set = (field: "temperature" | "topP", name: "temperature" | "top_p"): void => {
    const value = request[field]
    if (value === undefined) return
    if (fixed) lose(field, `${body.model} reasons and takes none`)
    else body[name] = value
  }
  set("temperature", "temperature")
  set("topP", "top_p")
  for (const field of ["topK", "frequencyPenalty", "presencePenalty", "seed"] as const) {
    if (request[field] !== undefined) lose(field, "Responses has no word for it")
  }
  if (request.stop !== undefined && request.stop.length > 0) lose("stop", "Responses takes no texts to stop at")
}

const encodeReasoning = (
  request: Request,
  reasons: boolean,
  raw: RawOptions.RawOptions,
  body: Body,
  lose: Lose
): void => {
  const { reasoningEffort } = request
  if (reasoningEffort !== undefined && reasoningEffort !== "none" && !reasons) {
    lose("reasoningEffort", `${body.model} does not reason`)
  }
  const own = reasoningEffort !== undefined && reasons ? { effort: reasoningEffort } : {}
  const reasoning = raw.join("reasoning", own)
  if (reasoning !== undefined) body.reasoning = reasoning
  // A model that does not reason refuses to be asked for it.
  const include = reasons ? [...raw.include, "reasoning.encrypted_content"] : raw.include
  if (include.length > 0) body.include = [...new Set(include)]
}

// -----------------------------------------------------------------------------
// Text
// -----------------------------------------------------------------------------

const encodeText = ({ responseFormat }: Request, raw: RawOptions.RawOptions, body: Body): void => {
  const text = raw.join("text", formatOf(responseFormat))
  if (text !== undefined) body.text = text
}

const formatOf = (format: Request["responseFormat"]): NonNullable<Wire.CreateResponse["text"]> => {
  if (format?.type === "json") return { format: { type: "json_object" } }
  if (format?.type !== "json-schema") return {}
  const { description, name, schema, strict = true } = format
  return {
    format: { type: "json_schema", name, ...(description === undefined ? undefined : { description }), schema, strict }
  }
}

// -----------------------------------------------------------------------------
// Tools
// -----------------------------------------------------------------------------

const toolName = /^[a-zA-Z0-9_-]{1,128}$/

const encodeTools = (
  request: Request,
  profile: Profile,
  raw: RawOptions.RawOptions,
  body: Body,
  lose: Lose
): AttemptError | undefined => {
  const tools = request.tools ?? []
  if (tools.length + raw.tools.length === 0) {
    if (request.toolChoice !== undefined && request.toolChoice !== "none" && request.toolChoice !== "auto") {
      lose("toolChoice", "the request has no tools")
    }
    if (request.parallelToolCalls !== undefined) lose("parallelToolCalls", "the request has no tools")
    return undefined
  }
  const misnamed = tools.find((tool) => !toolName.test(tool.name))
  if (misnamed !== undefined) {
    return fatal({
      _tag: "UnsupportedFeature",
      description: `the tool name "${misnamed.name}": only letters, digits, underscores and dashes, at most 128`
    })
  }
  const functions = tools.map(({ description, name, parameters, strict = false }) => ({
    type: "function" as const,
    name,
    ...(description === undefined ? undefined : { description }),
    parameters,
    // Left out, it would be tried.
    strict
  }))
  body.tools = [...functions, ...raw.tools as typeof functions]
  if (request.parallelToolCalls !== undefined) body.parallel_tool_calls = request.parallelToolCalls
  encodeToolChoice(request, profile, functions, body)
  return undefined
}

const named = (name: string) => ({ type: "function" as const, name })

const encodeToolChoice = (
  { toolChoice }: Request,
  profile: Profile,
  functions: NonNullable<Wire.CreateResponse["tools"]>,
  body: Body
): void => {
  if (toolChoice === undefined) return
  if (typeof toolChoice === "string") body.tool_choice = toolChoice
  else if ("tool" in toolChoice) body.tool_choice = named(toolChoice.tool)
  else {
    const mode = toolChoice.mode ?? "auto"
    if (profile.allowedTools) {
      body.tool_choice = { type: "allowed_tools", mode, tools: toolChoice.oneOf.map(named) }
      return
    }
    // Leaving the others out says the same, and only costs the vendor's cache.
    const kept = functions.filter(({ name }) => toolChoice.oneOf.includes(name))
    if (kept.length === 0) {
      delete body.tools
      delete body.parallel_tool_calls
    } else {
      body.tools = kept
      body.tool_choice = mode
    }
  }
}

// -----------------------------------------------------------------------------
// The rest
// -----------------------------------------------------------------------------

/** Characters of a `safety_identifier`, by OpenAI's published schema. */
const longestUser = 64

const encodeRest = (request: Request, profile: Profile, body: Body, lose: Lose): void => {
  const { metadata, user } = request
  if (user !== undefined && user.length <= longestUser) body[profile.user ?? "safety_identifier"] = user
  else if (user !== undefined) lose("user", `at most ${longestUser} characters are taken`)
  if (metadata !== undefined) body.metadata = metadataOf(metadata, lose)
}
