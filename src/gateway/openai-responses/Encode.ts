/**
 * An answer as Responses JSON; what was asked is told again with it, as the API does.
 *
 * @since 0.1.0
 */
import type { Response as AiResponse } from "effect/ai"
import type { FinishReason, Part, Response, Summary, Usage } from "../../Response.ts"
import type { Surroundings } from "../Dialect.ts"
import { isObject, type Json } from "../Fields.ts"
import * as Counts from "../openai/Counts.ts"
import * as Marks from "../openai/Marks.ts"
import type { Decoded } from "./Decode.ts"
import * as Output from "./Output.ts"
import { silent } from "./Writer.ts"

const idOf = ({ id }: Surroundings): string => `resp_${id}`

/** A tool as the API tells it again, what was left out as `null`. */
const tool = (told: unknown): unknown =>
  isObject(told) && told["type"] === "function" ? { description: null, parameters: null, strict: null, ...told } : told

const list = (value: unknown): ReadonlyArray<unknown> => Array.isArray(value) ? value : []

const text = (value: unknown): Json => ({
  ...(isObject(value) ? value : undefined),
  format: isObject(value) && isObject(value["format"]) ? value["format"] : { type: "text" }
})

/**
 * The response before there is anything of it but what was asked.
 *
 * @since 0.1.0
 * @category encoding
 */
export const begun = ({ body, model }: Decoded, surroundings: Surroundings, answering?: string): Json => ({
  id: idOf(surroundings),
  object: "response",
  created_at: Math.floor(surroundings.now / 1000),
  status: "in_progress",
  background: false,
  error: null,
  incomplete_details: null,
  instructions: body["instructions"] ?? null,
  max_output_tokens: body["max_output_tokens"] ?? null,
  model: answering ?? model,
  output: [],
  parallel_tool_calls: body["parallel_tool_calls"] ?? true,
  previous_response_id: null,
  reasoning: body["reasoning"] ?? null,
  store: false,
  temperature: body["temperature"] ?? null,
  text: text(body["text"]),
  tool_choice: body["tool_choice"] ?? "auto",
  tools: list(body["tools"]).map(tool),
  top_p: body["top_p"] ?? null,
  truncation: body["truncation"] ?? "disabled",
  metadata: body["metadata"] ?? {}
})

/** The API wants all counts: what is not told of the parts of a known whole stands as 0. */
const usage = (usage: Usage): Json | undefined => {
  const counts = Counts.of(usage)
  if (counts === undefined) return undefined
  const { cacheRead = 0, cacheWrite = 0, input, output, reasoning = 0 } = counts
  return {
    input_tokens: input,
    input_tokens_details: { cached_tokens: cacheRead, cache_write_tokens: cacheWrite },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: reasoning },
    total_tokens: input + output
  }
}

const tiers: ReadonlySet<unknown> = new Set(["auto", "default", "flex", "scale", "priority", "fast", "ultrafast"])

const isRefused = (items: ReadonlyArray<object>): boolean =>
  items.some((item) =>
    list((item as Json)["content"]).some((content) => isObject(content) && content["type"] === "refusal")
  )

/** Why an answer is not whole; a refusal that the model spoke is. */
const incomplete = (reason: FinishReason, items: ReadonlyArray<object>): Json | null => {
  if (reason === "length") return { reason: "max_output_tokens" }
  return reason === "content-filter" && !isRefused(items) ? { reason: "content_filter" } : null
}

/**
 * How an answer ended.
 *
 * @since 0.1.0
 * @category models
 */
export interface End {
  readonly reason: FinishReason
  readonly usage: Usage
  readonly metadata: AiResponse.ProviderMetadata | undefined
  readonly timings: Summary["timings"] | undefined
}

/**
 * The whole response, out of how it began and its items.
 *
 * @since 0.1.0
 * @category encoding
 */
export const ended = (begun: Json, items: ReadonlyArray<object>, end: End): Json => {
  const details = incomplete(end.reason, items)
  const counts = usage(end.usage)
  const tier = Marks.find(end.metadata, "serviceTier")
  const { timings } = end
  return {
    ...begun,
    status: details === null ? "completed" : "incomplete",
    ...(details === null && timings !== undefined
      ? { completed_at: Math.floor((timings.startedAt + timings.total) / 1000) }
      : undefined),
    incomplete_details: details,
    output: items,
    ...(tiers.has(tier) ? { service_tier: tier } : undefined),
    ...(counts === undefined ? undefined : { usage: counts })
  }
}

// -----------------------------------------------------------------------------
// Whole
// -----------------------------------------------------------------------------

/** What a part's marks are is wanted at its beginning and at its end. */
const tell = (output: Output.Output, part: Part, index: number): void => {
  const id = String(index)
  switch (part.type) {
    case "text":
    case "reasoning": {
      const metadata = part.metadata === undefined ? undefined : { metadata: part.metadata }
      output.part({ type: `${part.type}-start`, id, ...metadata })
      output.part({ type: `${part.type}-delta`, id, delta: part.text })
      output.part({ type: `${part.type}-end`, id, ...metadata })
      return
    }
    case "reasoning-delta":
    case "reasoning-end":
      return
    default:
      output.part(part)
  }
}

/**
 * Encodes a whole answer.
 *
 * @since 0.1.0
 * @category encoding
 */
export const whole = (response: Response, decoded: Decoded, surroundings: Surroundings): Json => {
  const output = Output.make(surroundings.id, silent)
  for (const [index, part] of response.parts.entries()) tell(output, part, index)
  output.close()
  return ended(begun(decoded, surroundings, response.model), output.items, {
    reason: response.finishReason,
    usage: response.usage,
    metadata: response.parts.findLast((part) => part.type === "finish")?.metadata,
    timings: response.timings
  })
}
