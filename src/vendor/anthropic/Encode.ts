/**
 * A call to Messages JSON; what it has no word for becomes a loss, and what would change the question itself (a file of
 * a kind that cannot be sent, a text to be continued) an error.
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
import * as CacheMarks from "./CacheMarks.ts"
import { capabilitiesOf, type Rules, rulesOf } from "./Capabilities.ts"
import * as JsonSchema from "./JsonSchema.ts"
import * as Messages from "./Messages.ts"
import * as Prefill from "./Prefill.ts"
import * as Thinking from "./Thinking.ts"
import * as Tools from "./Tools.ts"
import type * as Wire from "./Wire.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface Encoded {
  readonly body: Wire.MessagesRequest
  readonly losses: ReadonlyArray<Loss>
}

/**
 * A body on its way.
 *
 * @since 0.1.0
 * @category models
 */
export type Body = { -readonly [K in keyof Wire.MessagesRequest]: Wire.MessagesRequest[K] }

/**
 * Tokens of an answer where neither the request nor what is known of the model tells: what the models of every server
 * that speaks this protocol can give.
 */
const defaultMaxTokens = 8_192

/** Who is asked what, and how the answer comes, is the dispatcher's; the rest is ours and no field of the API. */
const closed: ReadonlySet<string> = new Set([
  "model",
  "messages",
  "system",
  "stream",
  "url",
  "base_url",
  "headers",
  "extra_headers",
  "betas"
])

/** Raw options that are laid under our own field of the same name instead of giving way to it. */
const merged = ["thinking", "output_config", "metadata"] as const

/**
 * How a call is encoded; `names` are those under which a request's and a part's options are ours.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly stream: boolean
  readonly names: ReadonlyArray<string>
  /** Whether the API's version has sampling at all, by default it has. */
  readonly sampling?: boolean | undefined
}

/**
 * Encodes a call, to be streamed or not.
 *
 * @since 0.1.0
 * @category encoding
 */
export const encode = (
  { model, request }: Call,
  options: Options
): Result.Result<Encoded, AttemptError> => {
  const { lose, losses } = Losses.make()
  const { names } = options
  const { jsonSchema, maxOutputTokens, prefill } = capabilitiesOf(model)
  const rules = options.sampling === false ? { ...rulesOf(model), sampling: "none" as const } : rulesOf(model)
  const format = request.responseFormat
  const structured = format?.type === "json-schema" && jsonSchema !== false
  const conversation = Messages.encode(request.prompt, { names, citations: !structured, lose })
  if (Result.isFailure(conversation)) return Result.fail(conversation.failure)
  const { messages, system } = conversation.success
  const continued = Prefill.check(messages, prefill, structured, model, lose)
  if (Result.isFailure(continued)) return Result.fail(continued.failure)
  const tools = Tools.encode(request, rules, { model, names, strict: jsonSchema !== false, lose })
  if (Result.isFailure(tools)) return Result.fail(tools.failure)
  if (format !== undefined && format.type !== "text" && !structured) {
    lose("responseFormat", `${structuredWord(format, model)}: the model is only asked for it in words`)
    system.push({ type: "text", text: inWords(format) })
  }
  const body: Body = {
    model,
    max_tokens: maxTokens(request, model, maxOutputTokens, lose),
    ...(system.length === 0 ? undefined : { system }),
    messages,
    ...tools.success
  }
  const situation: Thinking.Situation = {
    model,
    rules,
    maxTokens: body.max_tokens,
    obstacle: obstacle(body, rules, continued.success)
  }
  const isTold = Thinking.isTold(Tools.rawOptions(request, names))
  const chosen = isTold ? {} : Thinking.choose(request.reasoningEffort, situation, lose)
  if (chosen.thinking !== undefined) body.thinking = chosen.thinking
  Object.assign(body, Thinking.sampling(request, situation, chosen, lose))
  const output_config = {
    ...(chosen.effort === undefined ? undefined : { effort: chosen.effort }),
    ...(structured ? { format: formatOf(format, lose) } : undefined)
  }
  if (Object.keys(output_config).length > 0) body.output_config = output_config
  encodeRest(request, body, lose)
  if (options.stream) body.stream = true
  CacheMarks.limit(body, lose)
  return Result.succeed({ body: withRawOptions(request, names, body, lose), losses })
}

const maxTokens = (request: Request, model: string, most: number | undefined, lose: Lose): number => {
  const asked = request.maxTokens ?? most ?? defaultMaxTokens
  if (most === undefined || asked <= most) return asked
  lose("maxTokens", `${model} gives at most ${most}`)
  return most
}

// -----------------------------------------------------------------------------
// Thinking
// -----------------------------------------------------------------------------

/** https://platform.claude.com/docs/en/build-with-claude/extended-thinking: what a budget of thinking excludes. */
const obstacle = (body: Body, rules: Rules, isContinued: boolean): string | undefined => {
  if (rules.thinking !== "budget") return undefined
  if (body.tool_choice?.type === "any" || body.tool_choice?.type === "tool") {
    return "the model does not think where it is forced to call a tool"
  }
  if (isContinued) return "the model does not think where it continues a text"
  const results = body.messages.at(-1)?.content[0]?.type === "tool_result"
  const first = results ? body.messages.at(-2)?.content[0]?.type : undefined
  return first === undefined || first === "thinking" || first === "redacted_thinking"
    ? undefined
    : "the model does not begin to think between a call of a tool and what it says to its result"
}

// -----------------------------------------------------------------------------
// Format
// -----------------------------------------------------------------------------

type JsonFormat = Exclude<NonNullable<Request["responseFormat"]>, { readonly type: "text" }>

const formatOf = (format: Extract<JsonFormat, { readonly type: "json-schema" }>, lose: Lose) => ({
  type: "json_schema" as const,
  schema: JsonSchema.strict(
    {
      title: format.name,
      ...(format.description === undefined ? undefined : { description: format.description }),
      ...format.schema
    },
    "responseFormat.schema",
    lose
  )
})

const structuredWord = (format: JsonFormat, model: string): string =>
  format.type === "json" ? "JSON without a schema is not known" : `${model} is held to no schema`

const inWords = (format: JsonFormat): string =>
  format.type === "json"
    ? "Answer with one JSON object and nothing else."
    : `Answer with JSON that is valid by this JSON Schema, and nothing else:\n${JSON.stringify(format.schema)}`

// -----------------------------------------------------------------------------
// The rest
// -----------------------------------------------------------------------------

const encodeRest = (request: Request, body: Body, lose: Lose): void => {
  if (request.seed !== undefined) lose("seed", "the Messages API has none")
  if (request.frequencyPenalty !== undefined) lose("frequencyPenalty", "the Messages API has none")
  if (request.presencePenalty !== undefined) lose("presencePenalty", "the Messages API has none")
  const stop: Array<string> = []
  for (const [index, text] of (request.stop ?? []).entries()) {
    if (text.trim() === "") lose(`stop.${index}`, "white space alone does not end an answer")
    else stop.push(text)
  }
  if (stop.length > 0) body.stop_sequences = stop
  if (request.user !== undefined) body.metadata = { user_id: request.user }
  for (const key of Object.keys(request.metadata ?? {})) lose(`metadata.${key}`, "only the user is taken")
}

/**
 * Raw options under the body: those of {@link merged} field by field, the others whole.
 *
 * How much of the thinking is shown has no word of its own, and newer models show nothing unless told.
 */
const withRawOptions = (request: Request, names: ReadonlyArray<string>, body: Body, lose: Lose): Body => {
  if (request.options === undefined && body.thinking?.type !== "adaptive") return body
  const raw = Tools.rawOptions(request, names)
  const full: { [key: string]: unknown } = { ...body }
  if (body.thinking?.type === "adaptive") full["thinking"] = { display: "summarized", ...body.thinking }
  const taken = new Set<string>(Tools.consumed)
  for (const key of merged) {
    const own = body[key]
    if (own === undefined || !Predicate.isObject(raw[key])) continue
    taken.add(key)
    full[key] = { ...full[key] as object, ...raw[key], ...own }
    for (const name of Object.keys(raw[key])) {
      if (name in own) lose(`options.${names[0]}.${key}.${name}`, "is set by the request itself")
    }
  }
  const left = names.map((name) => [
    name,
    Object.fromEntries(Object.entries(request.options?.[name] ?? {}).filter(([key]) => !taken.has(key)))
  ])
  const rest = { ...request, options: Object.fromEntries(left) }
  return Losses.withRawOptions(rest, names, closed, full as unknown as Body, lose)
}
