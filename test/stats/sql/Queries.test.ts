import { describe, expect, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import type { SqlClient } from "effect/sql"
import fc from "fast-check"
import type { DispatchRecord } from "../../../src/stats/Record.ts"
import * as Queries from "../../../src/stats/sql/Queries.ts"
import * as Writer from "../../../src/stats/sql/Writer.ts"
import { client, databases, type Fresh } from "./databases.ts"
import { counted, figures, percentile } from "./model.ts"
import { attempt, dispatch, start as since } from "./records.ts"

const hour = 3_600_000
const day = { since, until: since + 24 * hour }

/** A database that holds these dispatches, and what asks it. */
const holding = (fresh: Fresh, records: ReadonlyArray<DispatchRecord>): Layer.Layer<
  Queries.Queries | SqlClient.SqlClient
> => {
  const write = Effect.gen(function*() {
    const writer = yield* Writer.make()
    records.forEach(writer.record)
    yield* writer.flush
  })
  return Layer.mergeAll(Queries.layer, Layer.orDie(Layer.effectDiscard(write))).pipe(
    Layer.provideMerge(client(fresh))
  )
}

const vendors = ["openai", "anthropic"]

const arbitrary: fc.Arbitrary<ReadonlyArray<DispatchRecord>> = fc.array(
  fc.record({
    startedAt: fc.integer({ min: since - hour, max: since + 25 * hour }),
    duration: fc.integer({ min: 0, max: 400 }),
    timeToFirstPart: fc.option(fc.integer({ min: 0, max: 100 }), { nil: undefined }),
    route: fc.constantFrom("fast", "cheap", undefined),
    model: fc.constantFrom("gpt-5-mini", "claude", undefined),
    caller: fc.constantFrom("ann", "bob", "eve", undefined),
    outcome: fc.constantFrom("answered" as const, "answered" as const, "failed" as const, "interrupted" as const),
    isCached: fc.boolean(),
    cost: fc.option(fc.integer({ min: 0, max: 10 ** 13 }).map((nano) => nano / 1e9), { nil: undefined }),
    attempts: fc.array(
      fc.record({
        vendor: fc.constantFrom(...vendors),
        outcome: fc.constantFrom("answered" as const, "failed" as const, "skipped" as const, "interrupted" as const),
        duration: fc.integer({ min: 0, max: 300 }),
        startedAfter: fc.integer({ min: 0, max: 100 }),
        cost: fc.option(fc.constantFrom(0.001, 0.25, 123.456_789_012_345), { nil: undefined })
      }),
      { maxLength: 3 }
    )
  }),
  { minLength: 200, maxLength: 200 }
).map((all) =>
  all.map((given, at) =>
    dispatch(`id-${at}`, {
      ...given,
      reason: given.outcome === "failed" ? at % 3 === 0 ? "RateLimited" : "Overloaded" : undefined,
      usage: at % 5 === 0 ? { inputTokens: {}, outputTokens: {} } : attempt().usage!,
      attempts: given.attempts.map((it, number) =>
        attempt({
          ...it,
          number: number + 1,
          target: `${it.vendor}/m${number}`,
          reason: it.outcome === "failed" ? "ServerFault" : "none"
        })
      )
    } as Partial<DispatchRecord>)
  )
)

describe.each(databases)("$name: Queries", { timeout: 30_000 }, ({ skip, start }) => {
  const fresh = start()
  const [some = []] = fc.sample(arbitrary, { numRuns: 1, seed: 42 })
  const filled = Effect.runSync(Effect.cached(Effect.suspend(() =>
    Effect.gen(function*() {
      const database = yield* fresh
      yield* Effect.provide(Effect.void, holding(Effect.succeed(database), some))
      return database
    })
  )))
  const asking = Layer.provide(Queries.layer, client(filled))

  const dimensions = ["vendor", "target", "route", "caller", "model", "reason"] as const
  const selections: ReadonlyArray<Omit<Queries.Selection, "since" | "until">> = [
    {},
    { caller: "ann" },
    { vendor: "openai" },
    { vendor: "openai", route: "fast", model: "claude" },
    { target: "anthropic/m1", outcome: "failed" },
    { outcome: "failed", reason: "RateLimited" }
  ]

  it.live.skipIf(skip)("count as one counts by hand", () =>
    Effect.gen(function*() {
      const queries = yield* Queries.Queries
      for (const selection of selections) {
        expect(yield* queries.totals({ ...day, ...selection })).toEqual(
          figures(counted(some, { ...day, ...selection }))
        )
      }
    }).pipe(Effect.provide(asking)))

  it.live.skipIf(skip)("tell how it went over time", () =>
    Effect.gen(function*() {
      const queries = yield* Queries.Queries
      for (const selection of selections) {
        for (const by of [undefined, ...dimensions]) {
          const rows = counted(some, { ...day, ...selection }, by, 5 * hour)
          const groups = Map.groupBy(rows, ({ bucket, name }) => JSON.stringify([bucket, name]))
          const points = yield* queries.series({ ...day, ...selection, by, bucket: 5 * hour })
          expect(points.map(({ at }) => at)).toEqual(points.map(({ at }) => at).toSorted())
          expect(new Map(points.map((point) => [JSON.stringify([point.at, point.name]), point]))).toEqual(
            new Map(Array.from(groups, ([key, rows]) => [key, {
              at: rows[0]!.bucket,
              name: rows[0]!.name,
              ...figures(rows)
            }]))
          )
        }
      }
    }).pipe(Effect.provide(asking)))

  it.live.skipIf(skip)("tell who has the most", () =>
    Effect.gen(function*() {
      const queries = yield* Queries.Queries
      const measures = {
        requests: (it: ReturnType<typeof figures>) => it.requests,
        cost: (it: ReturnType<typeof figures>) => it.cost ?? -1,
        tokens: (it: ReturnType<typeof figures>) => (it.inputTokens ?? 0) + (it.outputTokens ?? 0),
        failures: (it: ReturnType<typeof figures>) => it.failures
      }
      for (const by of dimensions) {
        const groups = Map.groupBy(counted(some, day, by), ({ name }) => name)
        const all = Array.from(groups, ([name, rows]) => ({ name, ...figures(rows) }))
        for (const [order, measure] of Object.entries(measures)) {
          const top = yield* queries.top({ ...day, by, order: order as keyof typeof measures, limit: 3 })
          expect(top.map(measure)).toEqual(all.map(measure).toSorted((a, b) => b - a).slice(0, 3))
          expect(top).toEqual(top.map(({ name }) => all.find((it) => it.name === name)))
        }
      }
    }).pipe(Effect.provide(asking)))

  it.live.skipIf(skip)("tell exact percentiles", () =>
    Effect.gen(function*() {
      const queries = yield* Queries.Queries
      for (const by of [undefined, ...dimensions]) {
        for (const  of of["duration", "timeToFirstPart"] as const) {
          for (const bucket of [undefined, 7 * hour]) {
            const rows = counted(some, day, by, bucket).filter((row) =>
              row.outcome === "answered" && row[of] !== undefined
            )
            const groups = Map.groupBy(rows, ({ bucket, name }) => JSON.stringify([bucket, name]))
            const told = yield* queries.percentiles({ ...day, by, of, bucket })
            expect(new Map(told.map((it) => [JSON.stringify([it.at, it.name]), it]))).toEqual(
              new Map(Array.from(groups, ([key, rows]) => {
                const values = rows.map((row) => row[of]!)
                return [key, {
                  at: rows[0]!.bucket,
                  name: rows[0]!.name,
                  count: values.length,
                  p50: percentile(values, 50),
                  p90: percentile(values, 90),
                  p95: percentile(values, 95),
                  p99: percentile(values, 99)
                }]
              }))
            )
          }
        }
      }
    }).pipe(Effect.provide(asking)))

  it.live.skipIf(skip)(
    "give back the last dispatches as they were recorded, page by page",
    () =>
      Effect.gen(function*() {
        const queries = yield* Queries.Queries
        for (
          const selection of [{}, { caller: "bob" }, { vendor: "anthropic" }, {
            target: "openai/m2",
            outcome: "failed" as const
          }]
        ) {
          const query = { ...day, ...selection }
          const pages: Array<DispatchRecord> = []
          for (;;) {
            const last = pages.at(-1)
            const page = yield* queries.recent({
              ...query,
              limit: 37,
              before: last && { startedAt: last.startedAt, id: last.id }
            })
            pages.push(...page)
            if (page.length < 37) break
          }
          const { target, vendor, ...rest } = { target: undefined, vendor: undefined, ...selection }
          const expected = some.filter((record) =>
            record.startedAt >= day.since && record.startedAt < day.until &&
            Object.entries(rest).every(([key, value]) => record[key as "caller"] === value) &&
            (vendor === undefined && target === undefined ||
              record.attempts.some((it) =>
                it.outcome !== "skipped" && (vendor ?? it.vendor) === it.vendor && (target ?? it.target) === it.target
              ))
          ).toSorted((a, b) => b.startedAt - a.startedAt || (a.id < b.id ? 1 : -1))
          expect(pages).toEqual(expected)
        }
      }).pipe(Effect.provide(asking))
  )

  it.live.skipIf(skip)("know nothing of what did not happen", () =>
    Effect.gen(function*() {
      const queries = yield* Queries.Queries
      expect(yield* queries.totals(day)).toEqual({
        requests: 0,
        answered: 0,
        failures: 0,
        interrupted: 0,
        cached: 0,
        unpriced: 0,
        inputTokens: null,
        outputTokens: null,
        cost: null,
        duration: null,
        timeToFirstPart: null
      })
      expect(yield* queries.series({ ...day, bucket: hour })).toEqual([])
      expect(yield* queries.top({ ...day, by: "target", order: "cost", limit: 10 })).toEqual([])
      expect(yield* queries.percentiles({ ...day, of: "duration" })).toEqual([])
      expect(yield* queries.recent({ ...day, limit: 10 })).toEqual([])
    }).pipe(Effect.provide(holding(fresh, []))))

  it.live.skipIf(skip)("take a user's text for nothing but a text", () =>
    Effect.gen(function*() {
      const queries = yield* Queries.Queries
      const caller = "x' OR '1'='1"
      expect((yield* queries.totals({ ...day, caller })).requests).toBe(1)
      expect((yield* queries.top({ ...day, by: "caller", order: "requests", limit: 5 })).map(({ name }) => name))
        .toEqual(["\"; DROP TABLE llmdispatcher_dispatch; --", caller])
      expect((yield* queries.recent({ ...day, caller, limit: 5 })).map(({ id }) => id)).toEqual(["b"])
    }).pipe(Effect.provide(holding(fresh, [
      dispatch("a", { caller: "\"; DROP TABLE llmdispatcher_dispatch; --" }),
      dispatch("b", { caller: "x' OR '1'='1" })
    ]))))

  it.live.skipIf(skip)("refuse a question that makes no sense", () =>
    Effect.gen(function*() {
      const queries = yield* Queries.Queries
      const wrong: ReadonlyArray<Effect.Effect<unknown, Queries.QueryError>> = [
        queries.totals({ since: 0.5, until: 1 }),
        queries.series({ ...day, bucket: 0 }),
        queries.top({ ...day, by: "id" as any, order: "cost", limit: 1 }),
        queries.top({ ...day, by: "caller", order: "1; DROP TABLE x" as any, limit: 1 }),
        queries.recent({ ...day, limit: 1_001 })
      ]
      for (const query of wrong) expect((yield* Effect.flip(query))._tag).toBe("SchemaError")
    }).pipe(Effect.provide(asking)))

  it.live.skipIf(skip)("add up more picodollars than an integer of the database holds", () =>
    Effect.gen(function*() {
      const queries = yield* Queries.Queries
      expect((yield* queries.totals(day)).cost).toBe(10_804_499.999_94)
    }).pipe(
      Effect.provide(holding(
        fresh,
        Array.from({ length: 1_200 }, (_, at) => dispatch(`${at}`, { cost: 9_003.749_999_95, attempts: [] }))
      ))
    ))
})
