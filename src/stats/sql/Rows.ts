/**
 * A record as rows of the two tables, and back.
 *
 * A record is made fit for any database: a row that one of them refuses would be tried again for ever, and all that
 * came with it. So texts are cut and well-formed, and a number that cannot be counted is unknown.
 *
 * @since 0.1.0
 */
import * as Money from "../../catalog/Money.ts"
import type { Usage } from "../../Response.ts"
import type { AttemptRecord, DispatchRecord } from "../Record.ts"

type Value = string | number | bigint | null

/**
 * A row by the names of its columns.
 *
 * @since 0.1.0
 * @category models
 */
export type Row = Readonly<Record<string, Value>>

/** In UTF-16 units: in an index of PostgreSQL a row has room for 2,704 bytes, and no honest name is as long. */
const longest = 256

const text = (text: string): string => text.slice(0, longest).replaceAll("\0", "").toWellFormed()

const textOrNull = (given: string | undefined): string | null => given === undefined ? null : text(given)

const time = (time: number | undefined): number | null =>
  time === undefined || !Number.isFinite(time) ? null : Math.max(0, time)

const count = (count: number | undefined): bigint | null =>
  count !== undefined && Number.isSafeInteger(count) ? BigInt(count) : null

/** In US dollars; the column holds nine times as much. */
const dearest = 1_000_000

const money = (cost: number | undefined): bigint | null =>
  cost !== undefined && Math.abs(cost) <= dearest ? Money.fromDollars(cost) : null

/** What a vendor told in parts only is their sum. */
const total = (told: number | undefined, ...parts: ReadonlyArray<number | undefined>): number | undefined => {
  const known = parts.filter((part) => part !== undefined)
  return told ?? (known.length === 0 ? undefined : known.reduce((sum, part) => sum + part))
}

const spent = (usage: Usage | undefined, cost: number | undefined) => {
  const { cacheRead, cacheWrite, total: input, uncached } = usage?.inputTokens ?? {}
  const { reasoning, text, total: output } = usage?.outputTokens ?? {}
  return {
    input_tokens: count(total(input, uncached, cacheRead, cacheWrite)),
    input_uncached: count(uncached),
    input_cache_read: count(cacheRead),
    input_cache_write: count(cacheWrite),
    output_tokens: count(total(output, text, reasoning)),
    output_text: count(text),
    output_reasoning: count(reasoning),
    cost_picodollars: money(cost)
  }
}

const epoch = (at: number): bigint => {
  const whole = Math.trunc(at)
  return Number.isSafeInteger(whole) ? BigInt(whole) : 0n
}

/**
 * @since 0.1.0
 * @category conversions
 */
export const ofDispatch = (record: DispatchRecord): Row => ({
  id: text(record.id),
  operation: record.operation,
  started_at: epoch(record.startedAt),
  duration: time(record.duration) ?? 0,
  time_to_first_part: time(record.timeToFirstPart),
  route: textOrNull(record.route),
  model: textOrNull(record.model),
  caller: textOrNull(record.caller),
  outcome: record.outcome,
  reason: textOrNull(record.reason),
  vendor: textOrNull(record.vendor),
  target: textOrNull(record.target),
  finish_reason: textOrNull(record.finishReason),
  is_cached: record.isCached ? 1n : 0n,
  attempts: BigInt(record.attempts.length),
  ...spent(record.usage, record.cost)
})

const ofAttempt = (record: DispatchRecord, attempt: AttemptRecord): Row => ({
  dispatch_id: text(record.id),
  number: BigInt(attempt.number),
  started_at: epoch(record.startedAt + attempt.startedAfter),
  duration: time(attempt.duration) ?? 0,
  time_to_first_part: time(attempt.timeToFirstPart),
  vendor: text(attempt.vendor),
  target: text(attempt.target),
  model: text(attempt.model),
  occasion: textOrNull(attempt.occasion),
  outcome: attempt.outcome,
  reason: textOrNull(attempt.reason),
  status: count(attempt.status),
  retry_after: time(attempt.retryAfter),
  cost_source: textOrNull(attempt.costSource),
  ...spent(attempt.usage, attempt.cost)
})

/**
 * One row for each attempt and each target that was skipped.
 *
 * @since 0.1.0
 * @category conversions
 */
export const ofAttempts = (record: DispatchRecord): ReadonlyArray<Row> =>
  record.attempts.map((attempt) => ofAttempt(record, attempt))
