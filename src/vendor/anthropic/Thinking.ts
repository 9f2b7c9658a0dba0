/**
 * How hard to think, and the sampling that goes with it: each generation of models takes other fields for it.
 *
 * @since 0.1.0
 */
import type { Request } from "../../Request.ts"
import type { Lose } from "../../wire/Losses.ts"
import type { Rules } from "./Capabilities.ts"
import type * as Wire from "./Wire.ts"

type Asked = NonNullable<Request["reasoningEffort"]>

/**
 * Tokens of thinking for models that take a budget; the API's least is 1,024.
 *
 * The steps are our own: the documents only advise to begin low and that beyond 32,000 a batch is better.
 */
const budgets: { readonly [Effort in Exclude<Asked, "none">]: number } = {
  minimal: 1_024,
  low: 4_096,
  medium: 10_240,
  high: 20_480,
  xhigh: 32_000
}

const leastBudget = 1_024

/**
 * The effort that comes closest to a budget in tokens, from below.
 *
 * @since 0.1.0
 * @category conversions
 */
export const effortOf = (budget: number): Exclude<Asked, "none"> => {
  const efforts = ["xhigh", "high", "medium", "low"] as const
  return efforts.find((effort) => budget >= budgets[effort]) ?? "minimal"
}

/**
 * Whether raw options say in tokens how much to think: they say more exactly what the effort says, and stand for it.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isTold = (raw: { readonly [key: string]: any }): boolean =>
  raw["thinking"]?.type === "enabled" && typeof raw["thinking"].budget_tokens === "number"

/**
 * What the rest of the request says that bears on thinking.
 *
 * @since 0.1.0
 * @category models
 */
export interface Situation {
  readonly model: string
  readonly rules: Rules
  readonly maxTokens: number
  /** Why no budget of thinking can be given, `undefined` when it can. */
  readonly obstacle: string | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Chosen {
  readonly thinking?: Wire.Thinking
  readonly effort?: Wire.Effort
}

/**
 * The fields that come closest to the effort asked for.
 *
 * @since 0.1.0
 * @category encoding
 */
export const choose = (effort: Request["reasoningEffort"], situation: Situation, lose: Lose): Chosen => {
  if (effort === undefined) return {}
  const { model, rules } = situation
  if (effort === "none") return off(situation, lose)
  if (rules.thinking === "none") {
    lose("reasoningEffort", `${model} does not reason`)
    return {}
  }
  const level = levelOf(effort, rules.efforts)
  // A budget says it exactly; without one a level that is only near is told.
  if (level !== undefined && level !== effort && rules.thinking === "adaptive") {
    lose("reasoningEffort", `${model} takes no "${effort}", "${level}" is sent`)
  }
  const said = level === undefined ? {} : { effort: level }
  if (rules.thinking === "adaptive") return { ...said, thinking: { type: "adaptive" } }
  const budget = budgetOf(effort, situation, lose)
  return budget === undefined ? said : { ...said, thinking: { type: "enabled", budget_tokens: budget } }
}

const off = ({ model, rules }: Situation, lose: Lose): Chosen => {
  if (rules.thinking !== "adaptive") return {}
  if (rules.thinkingOff) return { thinking: { type: "disabled" } }
  lose("reasoningEffort", `${model} always thinks, "low" is sent`)
  return { effort: "low" }
}

/** The same word, else the highest below it, else the lowest. */
const levelOf = (effort: Exclude<Asked, "none">, efforts: Rules["efforts"]): Wire.Effort | undefined => {
  if (effort === "minimal" || effort === "low") return efforts[0]
  return efforts.find((each) => each === effort) ?? efforts.findLast((each) => each === "high")
}

/** At most half of what the answer may have, so that something is left to say. */
const budgetOf = (effort: Exclude<Asked, "none">, situation: Situation, lose: Lose): number | undefined => {
  const { maxTokens, obstacle } = situation
  const reason = obstacle ??
    (maxTokens <= leastBudget
      ? `thinking takes ${leastBudget} tokens, and maxTokens leaves nothing beside them`
      : undefined)
  if (reason !== undefined) {
    lose("reasoningEffort", reason)
    return undefined
  }
  return Math.max(leastBudget, Math.min(budgets[effort], Math.floor(maxTokens / 2)))
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Sampling {
  readonly temperature?: number
  readonly top_p?: number
  readonly top_k?: number
}

/**
 * The sampling parameters that the model takes beside what was chosen of thinking.
 *
 * @since 0.1.0
 * @category encoding
 */
export const sampling = (
  { temperature, topK, topP }: Request,
  { model, rules }: Situation,
  { thinking }: Chosen,
  lose: Lose
): Sampling => {
  const thinks = thinking !== undefined && thinking.type !== "disabled"
  const refusal = rules.sampling === "none"
    ? `${model} takes its own samples`
    : thinks
    ? "thinking takes its own samples"
    : undefined
  const taken: { -readonly [K in keyof Sampling]: Sampling[K] } = {}
  if (temperature !== undefined) {
    if (temperature > 1) lose("temperature", "at most 1 is taken, which is sent by leaving it out")
    else if (refusal === undefined) taken.temperature = temperature
    // The default of every model: leaving it out says the same.
    else if (temperature !== 1) lose("temperature", refusal)
  }
  if (topP !== undefined) {
    // Beside thinking, https://platform.claude.com/docs/en/build-with-claude/extended-thinking allows 0.95 to 1.
    if (refusal !== undefined && !(rules.sampling !== "none" && topP >= 0.95)) lose("topP", refusal)
    else if (rules.sampling === "one" && taken.temperature !== undefined) {
      lose("topP", `${model} takes a temperature or a top-p, not both`)
    } else taken.top_p = topP
  }
  if (topK !== undefined) {
    if (refusal === undefined) taken.top_k = topK
    else lose("topK", refusal)
  }
  return taken
}
