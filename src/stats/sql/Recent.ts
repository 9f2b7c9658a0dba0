/**
 * Dispatches as they were recorded, out of their rows.
 *
 * @since 0.1.0
 */
import { Effect, Schema } from "effect"
import { Response as AiResponse } from "effect/ai"
import { type SqlClient, SqlSchema } from "effect/sql"
import * as Money from "../../catalog/Money.ts"
import type { Usage } from "../../Response.ts"
import type { AttemptRecord, DispatchRecord } from "../Record.ts"
import { Numeric, Whole } from "./Results.ts"

const text = Schema.NullOr(Schema.String)
const numeric = Schema.NullOr(Numeric)

const spent = {
  input_tokens: numeric,
  input_uncached: numeric,
  input_cache_read: numeric,
  input_cache_write: numeric,
  output_tokens: numeric,
  output_text: numeric,
  output_reasoning: numeric,
  cost_picodollars: Schema.NullOr(Whole)
}

type Spent = Schema.Struct<typeof spent>["Type"]

/**
 * @since 0.1.0
 * @category schemas
 */
export const DispatchRow = Schema.Struct({
  id: Schema.String,
  operation: Schema.Literals(["send", "stream"]),
  started_at: Numeric,
  duration: Numeric,
  time_to_first_part: numeric,
  route: text,
  model: text,
  caller: text,
  outcome: Schema.Literals(["answered", "failed", "interrupted"]),
  reason: text,
  vendor: text,
  target: text,
  finish_reason: Schema.NullOr(AiResponse.FinishReason),
  is_cached: Numeric,
  ...spent
})

const AttemptRow = Schema.Struct({
  dispatch_id: Schema.String,
  dispatch_started_at: Numeric,
  number: Numeric,
  started_at: Numeric,
  duration: Numeric,
  time_to_first_part: numeric,
  vendor: Schema.String,
  target: Schema.String,
  model: Schema.String,
  occasion: Schema.NullOr(Schema.Literals(["first", "retry", "fallback", "hedge", "resume"])),
  outcome: Schema.Literals(["answered", "failed", "skipped", "interrupted"]),
  reason: text,
  status: numeric,
  retry_after: numeric,
  cost_source: text,
  ...spent
})

type Present<A> =
  & { [K in keyof A as null extends A[K] ? never : K]: A[K] }
  & {
    [K in keyof A as null extends A[K] ? K : never]?: NonNullable<A[K]>
  }

/** What is not known is absent. */
const present = <A extends object>(fields: A): Present<A> => {
  const kept: any = {}
  for (const key in fields) if (fields[key] !== null) kept[key] = fields[key]
  return kept
}

const usageOf = (row: Spent): Usage => ({
  inputTokens: present({
    uncached: row.input_uncached,
    total: row.input_tokens,
    cacheRead: row.input_cache_read,
    cacheWrite: row.input_cache_write
  }),
  outputTokens: present({ total: row.output_tokens, text: row.output_text, reasoning: row.output_reasoning })
})

const costOf = ({ cost_picodollars }: Spent) => cost_picodollars === null ? null : Money.toDollars(cost_picodollars)

const isTold = ({ inputTokens, outputTokens }: Usage) =>
  Object.keys(inputTokens).length > 0 || Object.keys(outputTokens).length > 0

const attemptOf = (row: typeof AttemptRow.Type): AttemptRecord => {
  const usage = usageOf(row)
  return present({
    number: row.number,
    vendor: row.vendor,
    target: row.target,
    model: row.model,
    outcome: row.outcome,
    reason: row.reason,
    status: row.status,
    retryAfter: row.retry_after,
    startedAfter: row.started_at - row.dispatch_started_at,
    timeToFirstPart: row.time_to_first_part,
    duration: row.duration,
    occasion: row.occasion,
    usage: isTold(usage) ? usage : null,
    cost: costOf(row),
    costSource: row.cost_source
  })
}

const dispatchOf = (row: typeof DispatchRow.Type, attempts: ReadonlyArray<AttemptRecord>): DispatchRecord =>
  present({
    id: row.id,
    operation: row.operation,
    startedAt: row.started_at,
    duration: row.duration,
    timeToFirstPart: row.time_to_first_part,
    route: row.route,
    model: row.model,
    caller: row.caller,
    outcome: row.outcome,
    reason: row.reason,
    vendor: row.vendor,
    target: row.target,
    finishReason: row.finish_reason,
    isCached: row.is_cached === 1,
    usage: usageOf(row),
    cost: costOf(row),
    attempts
  })

/**
 * Puts the attempts to their dispatches.
 *
 * @since 0.1.0
 * @category combinators
 */
export const withAttempts = (sql: SqlClient.SqlClient, dispatches: ReadonlyArray<typeof DispatchRow.Type>) => {
  const attempts = SqlSchema.findAll({
    Request: Schema.Array(Schema.String),
    Result: AttemptRow,
    execute: (ids) =>
      sql`SELECT attempt.*, dispatch.started_at AS dispatch_started_at
        FROM llmdispatcher_attempt AS attempt JOIN llmdispatcher_dispatch AS dispatch ON dispatch.id = attempt.dispatch_id
        WHERE ${sql.in("attempt.dispatch_id", ids)} ORDER BY attempt.number`
  })
  return Effect.map(attempts(dispatches.map(({ id }) => id)), (rows): ReadonlyArray<DispatchRecord> => {
    const byDispatch = Map.groupBy(rows, ({ dispatch_id }) => dispatch_id)
    return dispatches.map((row) => dispatchOf(row, (byDispatch.get(row.id) ?? []).map(attemptOf)))
  })
}
