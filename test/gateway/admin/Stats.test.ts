import { describe, expect, it } from "@effect/vitest"
import { Context, Effect, FileSystem, Layer } from "effect"
import * as Database from "../../../src/sql/Database.ts"
import * as Queries from "../../../src/stats/sql/Queries.ts"
import * as Writer from "../../../src/stats/sql/Writer.ts"
import { dispatch, start as since } from "../../stats/sql/records.ts"
import { adminKey, layer, serve } from "./gateway.ts"

const hour = 3_600_000
const span = { since, until: since + hour }

/** A gateway over a database in which some callers' dispatches stand. */
const opened = Effect.gen(function*() {
  const files = yield* FileSystem.FileSystem
  const directory = yield* files.makeTempDirectoryScoped()
  const sql = yield* Layer.build(Database.layer({ sqlite: `${directory}/statistics.db` }))
  const queries = Context.get(
    yield* Layer.build(Layer.provide(Queries.layer, Layer.succeedContext(sql))),
    Queries.Queries
  )
  const writer = yield* Effect.provideContext(Writer.make(), sql)
  const gateway = yield* serve({ more: { queries } })
  const own = yield* gateway.caller("own", { scopes: ["stats:read", "principals:write", "keys:write"] })
  const below = yield* gateway.caller("below", {}, own.principal.id)
  const other = yield* gateway.caller("other", {})
  const callers = [own.principal.id, below.principal.id, below.principal.id, other.principal.id, undefined]
  callers.forEach((caller, at) =>
    writer.record(dispatch(`id-${at}`, { startedAt: since + at * 60_000, duration: 100 * (at + 1), caller }))
  )
  for (const id of ["late-0", "late-1"]) {
    writer.record(dispatch(id, { startedAt: since + hour, caller: other.principal.id }))
  }
  yield* writer.flush
  return { ...gateway, own, below, other }
})

describe("stored statistics over HTTP", () => {
  it.layer(layer, { excludeTestServices: true })((it) => {
    it.effect("tell the root everything", () =>
      Effect.gen(function*() {
        const { below, client, other } = yield* opened
        const { stats } = yield* client(adminKey)
        expect(yield* stats.totals({ query: span })).toMatchObject({ requests: 5, answered: 5, failures: 0 })
        const series = yield* stats.series({ query: { ...span, bucket: 120_000 } })
        expect(series.map(({ at, requests }) => [at - since, requests])).toEqual([[0, 2], [120_000, 2], [240_000, 1]])
        const top = yield* stats.top({ query: { ...span, by: "caller", limit: 1 } })
        expect(top).toMatchObject([{ name: below.principal.id, requests: 2 }])
        const percentiles = yield* stats.percentiles({ query: span })
        expect(percentiles).toMatchObject([{ count: 5, p50: 300, p99: 500 }])
        const recent = yield* stats.recent({ query: { ...span, limit: 2 } })
        expect(recent.map(({ id }) => id)).toEqual(["id-4", "id-3"])
        const before = yield* stats.recent({
          query: { ...span, limit: 1, beforeId: "id-4", beforeStartedAt: recent[0]!.startedAt }
        })
        expect(before).toEqual([recent[1]])
        expect(before[0]).toMatchObject({ caller: other.principal.id, outcome: "answered" })
        const none = yield* stats.totals({ query: {} })
        expect(none).toMatchObject({ requests: 0, cost: null })
      }))

    it.effect("tell a caller of itself and those below it, and not that there are others", () =>
      Effect.gen(function*() {
        const { below, client, other, own } = yield* opened
        const { stats } = yield* client(own.token)
        expect((yield* stats.recent({ query: span })).map(({ id }) => id)).toEqual(["id-0"])
        const theirs = yield* stats.recent({ query: { ...span, caller: below.principal.id } })
        expect(theirs.map(({ id }) => id)).toEqual(["id-2", "id-1"])
        const top = yield* stats.top({ query: { ...span, by: "caller" } })
        expect(top.map(({ name }) => name)).toEqual([below.principal.id, own.principal.id])
        const first = yield* stats.top({ query: { since, until: since + 2 * hour, by: "caller", limit: 1 } })
        expect(first).toMatchObject([{ name: below.principal.id, requests: 2 }])
        const series = yield* stats.series({ query: { ...span, by: "caller", bucket: hour } })
        expect(series.map(({ name }) => name).toSorted()).toEqual([below.principal.id, own.principal.id].toSorted())
        for (const caller of [other.principal.id, "root", "nobody"]) {
          const query = { ...span, caller }
          const missing = yield* Effect.forEach(
            [stats.totals({ query }), stats.series({ query }), stats.recent({ query }), stats.percentiles({ query })],
            (asked) => Effect.flip(asked as Effect.Effect<unknown, { readonly _tag: string }>)
          )
          expect(missing.map(({ _tag }) => _tag)).toEqual(["Missing", "Missing", "Missing", "Missing"])
        }
      }))

    it.effect("refuse what would take too long or cannot be meant", () =>
      Effect.gen(function*() {
        const { call } = yield* opened
        const queries = [
          "totals?since=2&until=1",
          `series?since=${since}&until=${since + hour}&bucket=1`,
          "series?bucket=0",
          "top?by=prompt",
          "top",
          "top?by=target&limit=1001",
          "recent?limit=0",
          "recent?beforeId=a",
          "totals?since=yesterday",
          "totals?caler=a",
          "totals?vendor=a&vendor=b"
        ]
        const answers = yield* Effect.forEach(
          queries,
          (query) =>
            Effect.map(call("GET", `/admin/v1/stats/${query}`, { key: adminKey }), ({ json, status }) => [
              query,
              status,
              json._tag
            ])
        )
        expect(answers).toEqual(queries.map((query) => [query, 400, "Invalid"]))
      }))

    it.effect("are 503 when the database cannot be asked, without its words", () =>
      Effect.gen(function*() {
        // There are no tables in it.
        const empty = yield* Layer.build(Layer.provide(Queries.layer, Database.layer({ sqlite: ":memory:" })))
        const { call } = yield* serve({ more: { queries: Context.get(empty, Queries.Queries) } })
        const answer = yield* call("GET", "/admin/v1/stats/totals", { key: adminKey })
        expect([answer.status, answer.json]).toEqual([
          503,
          { _tag: "Unavailable", message: "the database cannot be asked" }
        ])
      }))
  })
})
