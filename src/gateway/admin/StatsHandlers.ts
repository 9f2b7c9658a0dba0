/**
 * Statistics: what is counted now, and what the database has of before.
 *
 * Figures over everybody name nobody and are told as they are. What is told by caller is told only of whoever asks and
 * of those below it.
 *
 * @since 0.1.0
 */
import { Clock, Effect } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { explain } from "../../sql/Explanation.ts"
import type { Selection } from "../../stats/sql/Selection.ts"
import type { QueryError } from "../../stats/sql/Queries.ts"
import { type Administration, bounded } from "./Administration.ts"
import { Invalid, Missing, NotConfigured, overHttp, Unavailable } from "./AdminError.ts"
import { AdminApi } from "./Api.ts"
import type * as Stored from "./StoredModels.ts"

/** Figures of so many spans of time at most: more than a screen has pixels. */
const mostBuckets = 10_000

const hour = 3_600_000

const invalid = (field: string, message: string) =>
  new Invalid({ message: `${field}: ${message}`, issues: [{ field, message }] })

const asked = <A>(effect: Effect.Effect<A, QueryError>): Effect.Effect<A, Unavailable> =>
  Effect.catch(effect, (error) =>
    Effect.andThen(
      Effect.logWarning(`the statistics' database could not be asked: ${explain(error)}`),
      Effect.fail(new Unavailable({ message: "the database cannot be asked" }))
    ))

type Asked = Omit<Partial<Selection>, "since" | "until"> & {
  readonly since?: number | undefined
  readonly until?: number | undefined
}

/**
 * @since 0.1.0
 * @category layers
 */
export const layer = ({ access, queries, runtime: { dispatcher } }: Administration) => {
  const stored = queries === undefined
    ? Effect.fail(new NotConfigured({ message: "nothing is written down: statistics.database is not set" }))
    : Effect.succeed(queries)

  /** Those of the names that are the caller's own or belong to principals below it. */
  const own = Effect.fnUntraced(function*(names: ReadonlyArray<string>) {
    const caller = yield* bounded
    if (caller === undefined || access === undefined) return new Set(names)
    const lineages = yield* Effect.forEach(
      names,
      (name) => Effect.map(overHttp(access.principals.lineage(name)), (ids) => ids.includes(caller.id) ? [name] : [])
    )
    return new Set(lineages.flat())
  })

  /** The span that is meant, where it may be told about. */
  const selected = Effect.fnUntraced(function*(query: Asked) {
    const { caller } = query
    if (caller !== undefined && !(yield* own([caller])).has(caller)) {
      return yield* new Missing({ message: `there is no caller "${caller}"` })
    }
    const { until = yield* Clock.currentTimeMillis } = query
    const { since = until - hour } = query
    if (since >= until) return yield* invalid("query.since", "must be before until")
    return { ...query, since, until }
  })

  /** The figures by caller that may be told. */
  const told = <A extends { readonly name: string | null }>(by: string | undefined, named: ReadonlyArray<A>) =>
    by !== "caller"
      ? Effect.succeed(named)
      : Effect.flatMap(bounded, (caller) =>
        caller === undefined
          ? Effect.succeed(named)
          : Effect.map(
            own(Array.from(new Set(named.flatMap(({ name }) => name ?? [])))),
            (names) => named.filter(({ name }) => name !== null && names.has(name))
          ))

  const bucketOf = (span: Selection, bucket: number) =>
    (span.until - span.since) / bucket <= mostBuckets
      ? Effect.succeed(bucket)
      : Effect.fail(invalid("query.bucket", `must cut the time into at most ${mostBuckets} spans`))

  return HttpApiBuilder.group(AdminApi, "stats", (handlers) =>
    handlers
      .handle("snapshot", () =>
        Effect.gen(function*() {
          const snapshot = yield* dispatcher.stats.snapshot
          const names = yield* own(Object.keys(snapshot.callers))
          const callers = Object.fromEntries(Object.entries(snapshot.callers).filter(([name]) => names.has(name)))
          return { ...snapshot, callers }
        }))
      .handle("totals", ({ query }) =>
        Effect.gen(function*() {
          const queries = yield* stored
          return yield* asked(queries.totals(yield* selected(query)))
        }))
      .handle("series", ({ query }) =>
        Effect.gen(function*() {
          const queries = yield* stored
          const span = yield* selected(query)
          const bucket = yield* bucketOf(span, query.bucket ?? Math.max(1, Math.ceil((span.until - span.since) / 60)))
          return yield* told(query.by, yield* asked(queries.series({ ...span, by: query.by, bucket })))
        }))
      .handle("top", ({ query }) =>
        Effect.gen(function*() {
          const queries = yield* stored
          const { by, limit = 20, order = "requests" } = query
          const isCut = by === "caller" && (yield* bounded) !== undefined
          const span = yield* selected(query)
          // Those that are left out must not take the place of those that are told.
          const named = yield* asked(queries.top({ ...span, by, order, limit: isCut ? 1_000 : limit }))
          return (yield* told(by, named)).slice(0, limit)
        }))
      .handle("percentiles", ({ query }) =>
        Effect.gen(function*() {
          const queries = yield* stored
          const span = yield* selected(query)
          const bucket = query.bucket === undefined ? undefined : yield* bucketOf(span, query.bucket)
          const { by, of = "duration" } = query
          return yield* told(by, yield* asked(queries.percentiles({ ...span, of, by, bucket })))
        }))
      .handle("recent", ({ query }) =>
        Effect.gen(function*() {
          const queries = yield* stored
          const { beforeId, beforeStartedAt, limit = 20, ...rest } = query
          if ((beforeId === undefined) !== (beforeStartedAt === undefined)) {
            return yield* invalid("query.beforeId", "stands beside beforeStartedAt")
          }
          const caller = rest.caller ?? (yield* bounded)?.id
          const span = yield* selected(caller === undefined ? rest : { ...rest, caller })
          const before = beforeId === undefined || beforeStartedAt === undefined
            ? undefined
            : { id: beforeId, startedAt: beforeStartedAt }
          return (yield* asked(queries.recent({ ...span, limit, before }))) as ReadonlyArray<Stored.Dispatch>
        })))
}
