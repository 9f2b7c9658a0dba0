/**
 * Every metric the dispatcher keeps: its name, kind, unit, meaning and buckets.
 *
 * `gen_ai.*` is as OpenTelemetry's GenAI conventions say (semantic-conventions-genai v0.1.0); what is ours stands under
 * `llmdispatcher.*`. Prometheus has the same names with `_` for `.`.
 *
 * @since 0.1.0
 */
import { Metric } from "effect"

/**
 * @since 0.1.0
 * @category models
 */
export type Attributes = Metric.Metric.AttributeSet

/** 0.01·2ⁿ seconds to 81.92 are the conventions'; the last two are for answers that take minutes. */
const seconds = Array.from({ length: 16 }, (_, power) => 0.01 * 2 ** power)

/** 4ⁿ tokens to 67,108,864, as in the conventions. */
const tokens = Array.from({ length: 14 }, (_, power) => 4 ** power)

// effect's exporters take a metric's unit from the attribute of this name; Prometheus text leaves it out.
const withUnit = (unit: string, attributes: Attributes): Attributes => ({ ...attributes, unit })

const histogram =
  (name: string, unit: string, boundaries: ReadonlyArray<number>, description: string) =>
  (attributes: Attributes): Metric.Histogram<number> =>
    Metric.histogram(name, { description, boundaries, attributes: withUnit(unit, attributes) })

const counter = (name: string, unit: string, description: string) => (attributes: Attributes): Metric.Counter<number> =>
  Metric.counter(name, { description, incremental: true, attributes: withUnit(unit, attributes) })

const gauge = (name: string, unit: string, description: string) => (attributes: Attributes): Metric.Gauge<number> =>
  Metric.gauge(name, { description, attributes: withUnit(unit, attributes) })

const inference = "gen_ai.client.inference"

/**
 * Each makes the metric with the attributes it is given; a metric is what it costs to look one up, so make it once.
 *
 * @since 0.1.0
 * @category instruments
 */
export const instruments = {
  duration: histogram(`${inference}.duration`, "s", seconds, "Time from asking a vendor to the end of its answer"),
  timeToFirstChunk: histogram(
    `${inference}.time_to_first_chunk`,
    "s",
    seconds,
    "Time from asking a vendor to the first meaningful part of its stream"
  ),
  timePerOutputChunk: histogram(
    `${inference}.time_per_output_chunk`,
    "s",
    seconds,
    "Time between the parts of a vendor's stream after the first"
  ),
  inputTokens: counter(`${inference}.usage.input_tokens`, "{token}", "Input tokens, cached ones included"),
  outputTokens: counter(`${inference}.usage.output_tokens`, "{token}", "Output tokens, reasoning included"),
  cacheReadTokens: counter(
    `${inference}.usage.cache_read.input_tokens`,
    "{token}",
    "Input tokens that the vendor read from its cache"
  ),
  cacheWriteTokens: counter(
    `${inference}.usage.cache_write.input_tokens`,
    "{token}",
    "Input tokens that the vendor wrote to its cache"
  ),
  reasoningTokens: counter(`${inference}.usage.reasoning.output_tokens`, "{token}", "Output tokens spent on reasoning"),
  tokenUsage: histogram("gen_ai.client.token.usage", "{token}", tokens, "Tokens of one answer"),
  operationDuration: histogram("gen_ai.client.operation.duration", "s", seconds, "Time a vendor's answer took"),
  dispatches: counter("llmdispatcher.dispatches", "{dispatch}", "Dispatches that ended"),
  dispatchDuration: histogram("llmdispatcher.dispatch.duration", "s", seconds, "Time a dispatch took, all attempts"),
  attempts: counter("llmdispatcher.attempts", "{attempt}", "Attempts that ended, by outcome and reason"),
  inFlight: gauge("llmdispatcher.attempts.in_flight", "{attempt}", "Attempts under way"),
  retries: counter("llmdispatcher.retries", "{attempt}", "Attempts at a target that had failed in the same dispatch"),
  fallbacks: counter("llmdispatcher.fallbacks", "{attempt}", "Attempts made because another target had failed"),
  hedges: counter("llmdispatcher.hedges", "{attempt}", "Attempts made beside one that was slow"),
  resumes: counter("llmdispatcher.resumes", "{attempt}", "Attempts that went on with a stream that had broken"),
  skipped: counter("llmdispatcher.skipped", "{target}", "Targets passed over, by reason"),
  cost: counter("llmdispatcher.cost", "{USD}", "What answers cost in US dollars, as far as prices are known"),
  unpriced: counter("llmdispatcher.cost.unknown", "{attempt}", "Attempts with usage whose price is not known")
}
