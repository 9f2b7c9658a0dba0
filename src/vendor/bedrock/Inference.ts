/**
 * How to sample and how hard to think: what Converse has words for, and beside it what only a family of models takes.
 *
 * @since 0.1.0
 */
import type { Request } from "../../Request.ts"
import type { Lose } from "../../wire/Losses.ts"
import * as Anthropic from "../anthropic/Capabilities.ts"
import * as Thinking from "../anthropic/Thinking.ts"
import { capabilitiesOf, type Family } from "./Capabilities.ts"
import type * as Wire from "./Wire.ts"

type Mutable<A> = { -readonly [K in keyof A]: A[K] }
type Fields = Record<string, unknown>

/**
 * @since 0.1.0
 * @category models
 */
export interface Inference {
  readonly config: NonNullable<Wire.ConverseRequest["inferenceConfig"]>
  /** For `additionalModelRequestFields`. */
  readonly fields: Fields
  readonly effort: string | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Subject {
  readonly model: string
  readonly family: Family
  readonly messages: ReadonlyArray<Wire.Message>
}

/**
 * @since 0.1.0
 * @category encoding
 */
export const encode = (request: Request, subject: Subject, lose: Lose): Inference => {
  const config: Mutable<Inference["config"]> = {}
  if (request.maxTokens !== undefined) config.maxTokens = request.maxTokens
  if (request.stop !== undefined && request.stop.length > 0) config.stopSequences = request.stop
  for (const field of ["seed", "frequencyPenalty", "presencePenalty"] as const) {
    if (request[field] !== undefined) lose(field, "Converse has no word for it")
  }
  return subject.family === "claude" ? claude(request, subject, config, lose) : others(request, subject, config, lose)
}

// -----------------------------------------------------------------------------
// Claude
// -----------------------------------------------------------------------------

/** Most tokens of an answer of a Claude whose own limit is not known; Converse takes that limit where none is given. */
const assumedMaxTokens = 4_096

const claude = (
  request: Request,
  { messages, model }: Subject,
  config: Mutable<Inference["config"]>,
  lose: Lose
): Inference => {
  const situation: Thinking.Situation = {
    model,
    rules: Anthropic.rulesOf(model),
    maxTokens: request.maxTokens ?? capabilitiesOf(model).maxOutputTokens ?? assumedMaxTokens,
    obstacle: obstacleOf(request, messages)
  }
  const chosen = Thinking.choose(request.reasoningEffort, situation, lose)
  const { temperature, top_k, top_p } = Thinking.sampling(request, situation, chosen, lose)
  if (temperature !== undefined) config.temperature = temperature
  if (top_p !== undefined) config.topP = top_p
  return {
    config,
    fields: {
      ...(chosen.thinking === undefined ? undefined : { thinking: chosen.thinking }),
      ...(top_k === undefined ? undefined : { top_k })
    },
    effort: chosen.effort
  }
}

const obstacleOf = ({ toolChoice }: Request, messages: ReadonlyArray<Wire.Message>): string | undefined => {
  const isForced = toolChoice === "required" ||
    (typeof toolChoice === "object" && ("tool" in toolChoice || toolChoice.mode === "required"))
  if (isForced) return "thinking and a forced tool do not go together"
  if (messages.at(-1)?.role === "assistant") return "thinking cannot go on from a text"
  const [answer, results] = messages.slice(-2)
  const isGoingOn = results?.role === "user" && results.content.some((block) => "toolResult" in block)
  return isGoingOn && !("reasoningContent" in (answer?.content[0] ?? {}))
    ? "the answer that called the tools has no thinking to go on from"
    : undefined
}

// -----------------------------------------------------------------------------
// The others
// -----------------------------------------------------------------------------

const others = (
  request: Request,
  { family, model }: Subject,
  config: Mutable<Inference["config"]>,
  lose: Lose
): Inference => {
  const { temperature, topK, topP } = request
  if (temperature !== undefined) {
    if (temperature > 1) lose("temperature", "at most 1 is taken, 1 is sent")
    config.temperature = Math.min(temperature, 1)
  }
  if (topP !== undefined) config.topP = topP
  const fields: Fields = {}
  if (topK !== undefined) {
    if (family === "mistral") fields["top_k"] = topK
    else if (family === "nova" || family === "nova-2") fields["inferenceConfig"] = { topK: Math.min(topK, 128) }
    else lose("topK", `${model} is not known to take one`)
    if (topK > 128 && "inferenceConfig" in fields) lose("topK", "at most 128 is taken, 128 is sent")
  }
  Object.assign(fields, reasoning(request.reasoningEffort, family, model, lose))
  // https://docs.aws.amazon.com/nova/latest/nova2-userguide/extended-thinking.html: the highest effort takes no others.
  if (family === "nova-2" && request.reasoningEffort !== undefined && highest.has(request.reasoningEffort)) {
    for (const field of ["maxTokens", "temperature", "topP"] as const) {
      if (config[field] === undefined) continue
      delete config[field]
      lose(field, "is not taken beside the highest effort of reasoning")
    }
  }
  return { config, fields, effort: undefined }
}

type Effort = NonNullable<Request["reasoningEffort"]>

const highest: ReadonlySet<Effort> = new Set(["high", "xhigh"])

/** The word itself, or the nearest that is taken, which is told. */
const nearest = (effort: Effort, taken: ReadonlyArray<Effort>, lose: Lose): Effort => {
  if (taken.includes(effort)) return effort
  const word = effort === "xhigh" ? "high" : "low"
  lose("reasoningEffort", `"${effort}" is not taken, "${word}" is sent`)
  return word
}

const reasoning = (effort: Request["reasoningEffort"], family: Family, model: string, lose: Lose): Fields => {
  if (effort === undefined) return {}
  switch (family) {
    case "nova-2":
      return effort === "none"
        ? {}
        : {
          reasoningConfig: { type: "enabled", maxReasoningEffort: nearest(effort, ["low", "medium", "high"], lose) }
        }
    case "gpt-oss":
      return { reasoning_effort: nearest(effort, ["low", "medium", "high"], lose) }
    case "gpt":
      return { reasoning: { effort: nearest(effort, ["none", "low", "medium", "high", "xhigh"], lose) } }
    default:
      if (effort !== "none") lose("reasoningEffort", `${model} is not known to take one`)
      return {}
  }
}
