/**
 * A call to Ollama's chat; what it has no word for becomes a loss, and what would change the question itself (a file of
 * a kind that cannot be sent) an error.
 *
 * @since 0.1.0
 */
import { Predicate, Result } from "effect"
import type { Request } from "../../Request.ts"
import type { Loss } from "../../Response.ts"
import type { Call } from "../../Vendor.ts"
import type { AttemptError } from "../../VendorError.ts"
import type { Lose } from "../../wire/Losses.ts"
import * as Losses from "../../wire/Losses.ts"
import * as Messages from "./Messages.ts"
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
type Options = Mutable<NonNullable<Wire.ChatRequest["options"]>>

/** What raw options may not set: who is asked what and how the answer comes is the dispatcher's. */
const closed: ReadonlySet<string> = new Set(["model", "messages", "stream", "tools", "_debug_render_only"])

/**
 * Encodes a call, to be streamed or not; raw options stand under the `names`.
 *
 * A conversation longer than the model's window is an error and not silently cut, unless raw options say
 * `truncate: true`.
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
  return Result.map(Messages.encode(request.prompt, names, lose), (messages) => {
    const body: Body = { model, messages, stream: options.stream }
    encodeOptions(request, names, body, lose)
    encodeThinking(request, names, body, lose)
    encodeTools(request, body, lose)
    encodeFormat(request, body, lose)
    if (request.user !== undefined) lose("user", "Ollama knows no users")
    if (request.metadata !== undefined) lose("metadata", "Ollama takes none")
    return { body: withRawOptions(request, names, body, lose), losses }
  })
}

// -----------------------------------------------------------------------------
// Sampling and thinking
// -----------------------------------------------------------------------------

/** The model's own options, joined with the raw ones. */
const encodeOptions = (request: Request, names: ReadonlyArray<string>, body: Body, lose: Lose): void => {
  const own: Options = {}
  if (request.temperature !== undefined) own.temperature = request.temperature
  if (request.topP !== undefined) own.top_p = request.topP
  if (request.topK !== undefined) own.top_k = request.topK
  if (request.frequencyPenalty !== undefined) own.frequency_penalty = request.frequencyPenalty
  if (request.presencePenalty !== undefined) own.presence_penalty = request.presencePenalty
  if (request.seed !== undefined) own.seed = request.seed
  if (request.stop !== undefined && request.stop.length > 0) own.stop = request.stop
  if (request.maxTokens !== undefined) own.num_predict = request.maxTokens
  const all: Record<string, unknown> = { ...own }
  for (const name of names) {
    const raw = request.options?.[name]?.["options"]
    if (!Predicate.isObject(raw)) continue
    for (const [key, value] of Object.entries(raw)) {
      if (key in own) lose(`options.${name}.options.${key}`, "is set by the request itself")
      else if (key !== "__proto__") all[key] = value
    }
  }
  if (Object.keys(all).length > 0) body.options = all as Options
}

const levels = { none: false, minimal: "low", low: "low", medium: "medium", high: "high", xhigh: "max" } as const

/** A raw `think: true`, which every model that thinks takes, stands for an effort, which only some take. */
const encodeThinking = (
  { options, reasoningEffort }: Request,
  names: ReadonlyArray<string>,
  body: Body,
  lose: Lose
): void => {
  if (reasoningEffort === undefined) return
  if (reasoningEffort !== "none" && names.some((name) => options?.[name]?.["think"] === true)) return
  if (reasoningEffort === "minimal") lose("reasoningEffort", "\"minimal\" is not taken, \"low\" is sent")
  body.think = levels[reasoningEffort]
}

// -----------------------------------------------------------------------------
// Tools and format
// -----------------------------------------------------------------------------

/** There is no choice of tools: those that may not be called are left out, and none can be forced. */
const encodeTools = (request: Request, body: Body, lose: Lose): void => {
  const { parallelToolCalls, toolChoice, tools = [] } = request
  if (parallelToolCalls === false) lose("parallelToolCalls", "Ollama cannot keep a model from calling several tools")
  const isForced = toolChoice === "required" ||
    (typeof toolChoice === "object" && ("tool" in toolChoice || toolChoice.mode === "required"))
  if (isForced) lose("toolChoice", "Ollama cannot make a model call a tool")
  const offered = tools.filter(({ name }) =>
    typeof toolChoice === "object"
      ? "tool" in toolChoice ? name === toolChoice.tool : toolChoice.oneOf.includes(name)
      : toolChoice !== "none"
  )
  if (offered.length === 0) return
  body.tools = offered.map((tool) => {
    const { description, name, parameters, strict } = tool
    if (strict === true) lose(`tools.${tools.indexOf(tool)}.strict`, "Ollama does not hold a call to its schema")
    return {
      type: "function",
      function: { name, ...(description === undefined ? undefined : { description }), parameters }
    }
  })
}

const encodeFormat = ({ responseFormat }: Request, body: Body, lose: Lose): void => {
  if (responseFormat?.type === "json") body.format = "json"
  else if (responseFormat?.type === "json-schema") {
    body.format = responseFormat.schema
    if (responseFormat.description !== undefined) lose("responseFormat.description", "only the schema is taken")
  }
}

// -----------------------------------------------------------------------------
// Raw options
// -----------------------------------------------------------------------------

const withRawOptions = (request: Request, names: ReadonlyArray<string>, body: Body, lose: Lose): Wire.ChatRequest => {
  const rest: Record<string, any> = {}
  for (const name of names) {
    const raw = request.options?.[name]
    if (raw === undefined) continue
    const { options, ...others } = raw
    rest[name] = Predicate.isObject(options) ? others : raw
  }
  return { truncate: false, ...Losses.withRawOptions({ options: rest } as Request, names, closed, body, lose) }
}
