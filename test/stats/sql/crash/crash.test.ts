import { describe, expect, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import type * as Database from "../../../../src/sql/Database.ts"
import { client, databases } from "../databases.ts"

const script = fileURLToPath(new URL("child.ts", import.meta.url))

const textOf = (database: Database.Database): string =>
  "sqlite" in database ? database.sqlite : Redacted.value(database.postgres)

const child = (database: Database.Database, ...args: ReadonlyArray<string>) =>
  Effect.acquireRelease(
    Effect.sync(() =>
      spawn(process.execPath, ["--conditions=source", script, textOf(database), ...args], {
        stdio: ["ignore", "pipe", "inherit"]
      })
    ),
    (child) => Effect.sync(() => child.kill("SIGKILL"))
  )

/** Kills it in the midst of its work, once it has told so often what is committed; gives the last that it told. */
const killed = (child: ChildProcess, times: number) =>
  Effect.promise(async () => {
    const told: Array<number> = []
    const exit = once(child, "exit")
    const lines = createInterface(child.stdout!).on("line", (line) => {
      told.push(Number(line))
      if (told.length === times) child.kill("SIGKILL")
    })
    const closed = once(lines, "close")
    const [, signal] = await exit
    await closed
    expect(signal).toBe("SIGKILL")
    return told.at(-1)!
  })

/** The numbers of the dispatches that a process has written, and how many of them lack an attempt. */
const written = (prefix: string) =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const rows = yield* sql<{ readonly id: string; readonly attempts: number; readonly found: number }>`
      SELECT dispatch.id, dispatch.attempts, COUNT(attempt.number) AS found
      FROM llmdispatcher_dispatch AS dispatch
      LEFT JOIN llmdispatcher_attempt AS attempt ON attempt.dispatch_id = dispatch.id
      WHERE dispatch.id LIKE ${`${prefix}-%`} GROUP BY dispatch.id, dispatch.attempts`
    return {
      numbers: rows.map(({ id }) => Number(id.slice(prefix.length + 1))).toSorted((a, b) => a - b),
      torn: rows.filter(({ attempts, found }) => attempts !== found).length
    }
  })

const orphans = Effect.flatMap(
  SqlClient.SqlClient,
  (sql) =>
    sql`SELECT dispatch_id FROM llmdispatcher_attempt WHERE dispatch_id NOT IN (SELECT id FROM llmdispatcher_dispatch)`
)

const integrity = Effect.flatMap(SqlClient.SqlClient, (sql): Effect.Effect<unknown, unknown> =>
  sql.onDialectOrElse({
    pg: () => Effect.succeed([{ integrity_check: "ok" }]),
    orElse: () => sql`PRAGMA integrity_check`
  }))

describe.each(databases)("$name: a process that dies", { timeout: 120_000 }, ({ skip, start }) => {
  const fresh = start()

  it.live.skipIf(skip)(
    "leaves every batch that it was told of, none of which is torn, and the next goes on",
    () =>
      Effect.gen(function*() {
        const database = yield* fresh
        // Each time at another place of its work; the first dies soon after it made the tables.
        for (const [round, times] of [1, 4, 9, 23].entries()) {
          const told = yield* Effect.scoped(
            Effect.flatMap(child(database, `round${round}`), (child) => killed(child, times))
          )
          const { numbers, torn } = yield* Effect.gen(function*() {
            expect(yield* integrity).toEqual([{ integrity_check: "ok" }])
            expect(yield* orphans).toEqual([])
            return yield* written(`round${round}`)
          }).pipe(Effect.provide(client(Effect.succeed(database))))
          expect(torn).toBe(0)
          expect(numbers.length).toBeGreaterThanOrEqual(told)
          expect(numbers).toEqual(numbers.map((_, at) => at))
          // Whole batches only.
          expect(numbers.length % 100).toBe(0)
        }
      })
  )

  it.live.skipIf(skip)("shares its database with others that start at the same time", () =>
    Effect.gen(function*() {
      const database = yield* fresh
      const prefixes = ["a", "b", "c"]
      yield* Effect.forEach(prefixes, (prefix) =>
        Effect.scoped(Effect.gen(function*() {
          const process = yield* child(database, prefix, "2000")
          const [code] = yield* Effect.promise(() => once(process.stdout.resume() && process, "exit"))
          expect(code).toBe(0)
        })), { concurrency: "unbounded" })
      yield* Effect.gen(function*() {
        for (const prefix of prefixes) {
          const { numbers, torn } = yield* written(prefix)
          expect(torn).toBe(0)
          expect(numbers).toEqual(Array.from({ length: 2_000 }, (_, at) => at))
        }
        expect(yield* integrity).toEqual([{ integrity_check: "ok" }])
      }).pipe(Effect.provide(client(Effect.succeed(database))))
    }))
})
