/**
 * How hard to think, in the words of each generation of models.
 *
 * @since 0.1.0
 */
import { Predicate } from "effect"
import type { Request } from "../../Request.ts"
import type { Lose } from "../../wire/Losses.ts"
import type { Level, Model } from "./Model.ts"
import type * as Wire from "./Wire.ts"

type Effort = NonNullable<Request["reasoningEffort"]>
type Config = NonNullable<Wire.GenerationConfig["thinkingConfig"]>

/** As Google's own OpenAI-compatible API translates them: https://ai.google.dev/gemini-api/docs/openai (2025). */
const budgets: { readonly [effort in Exclude<Effort, "none">]: number } = {
  minimal: 1_024,
  low: 1_024,
  medium: 8_192,
  high: 24_576,
  xhigh: Infinity
}

/**
 * The effort that comes closest to a budget in tokens, from below.
 *
 * @since 0.1.0
 * @category conversions
 */
export const effortOf = (budget: number): "low" | "medium" | "high" =>
  budget >= budgets.high ? "high" : budget >= budgets.medium ? "medium" : "low"

/**
 * Whether raw options say themselves how much to think: they say more exactly what the effort says, and stand for it.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isTold = (request: Request, names: ReadonlyArray<string>): boolean =>
  names.some((name) => {
    const config = request.options?.[name]?.["generationConfig"]
    const thinking = Predicate.isObject(config) && "thinkingConfig" in config ? config["thinkingConfig"] : undefined
    return Predicate.isObject(thinking) && ("thinkingBudget" in thinking || "thinkingLevel" in thinking)
  })

const levels: { readonly [effort in Effort]: Level } = {
  none: "MINIMAL",
  minimal: "MINIMAL",
  low: "LOW",
  medium: "MEDIUM",
  high: "HIGH",
  xhigh: "HIGH"
}

/** The next harder level where a model has not the one that is asked for. */
const harder: { readonly [level in Level]: Level } = { MINIMAL: "LOW", LOW: "HIGH", MEDIUM: "HIGH", HIGH: "HIGH" }

/**
 * Encodes the effort; where thinking is asked for, its summary is too. What a model cannot be told is a loss.
 *
 * @since 0.1.0
 * @category encoding
 */
export const encode = (effort: Effort | undefined, { name, thinking }: Model, lose: Lose): Config | undefined => {
  if (effort === undefined) return undefined
  switch (thinking.by) {
    case "nothing":
      if (effort !== "none") lose("reasoningEffort", `${name} cannot be told how hard to think`)
      return undefined
    case "budget": {
      if (effort !== "none") {
        return { thinkingBudget: Math.min(budgets[effort], thinking.most), includeThoughts: true }
      }
      if (!thinking.off) lose("reasoningEffort", `${name} always thinks: the least is asked for`)
      return { thinkingBudget: thinking.off ? 0 : thinking.least }
    }
    case "level": {
      const wanted = levels[effort]
      const level = thinking.levels.includes(wanted) ? wanted : harder[wanted]
      if (effort === "none") lose("reasoningEffort", `${name} always thinks: the least is asked for`)
      else if (level !== wanted || effort === "xhigh") {
        lose("reasoningEffort", `${name} has no such level: ${level.toLowerCase()} is asked for`)
      }
      return { thinkingLevel: level, ...(effort === "none" ? undefined : { includeThoughts: true }) }
    }
  }
}
