import { describe, expect, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import * as AccessKeys from "../../../../src/access/AccessKeys.ts"
import * as Audit from "../../../../src/access/Audit.ts"
import * as Spending from "../../../../src/access/Spending.ts"
import type * as Database from "../../../../src/sql/Database.ts"
import { databases } from "../../../stats/sql/databases.ts"
import { as, principal } from "../../support.ts"
import { live, process, run } from "../stores.ts"

const script = fileURLToPath(new URL("child.ts", import.meta.url))

const textOf = (database: Database.Database): string =>
  "sqlite" in database ? database.sqlite : Redacted.value(database.postgres)

const child = (database: Database.Database, ...args: ReadonlyArray<string>) =>
  Effect.acquireRelease(
    Effect.sync(() =>
      spawn(globalThis.process.execPath, ["--conditions=source", script, textOf(database), ...args], {
        stdio: ["ignore", "pipe", "inherit"]
      })
    ),
    (child) => Effect.sync(() => child.kill("SIGKILL"))
  )

/** Kills it in the midst of its work, once it has told so many lines; gives all that it told. */
const killed = (child: ChildProcess, lines: number) =>
  Effect.promise(async () => {
    const told: Array<string> = []
    const exit = once(child, "exit")
    const reader = createInterface(child.stdout!).on("line", (line) => {
      told.push(line)
      if (told.length === lines) child.kill("SIGKILL")
    })
    const closed = once(reader, "close")
    const [, signal] = await exit
    await closed
    expect(signal).toBe("SIGKILL")
    return told
  })

const integrity = Effect.flatMap(SqlClient.SqlClient, (sql): Effect.Effect<unknown, unknown> =>
  sql.onDialectOrElse({
    pg: () => Effect.succeed([{ integrity_check: "ok" }]),
    orElse: () => sql`PRAGMA integrity_check`
  }))

describe.each(databases)("$name: a process that dies", { timeout: 120_000 }, ({ skip, start }) => {
  const fresh = start()

  it.effect.skipIf(skip)(
    "leaves every key that it said was issued, each with its record",
    () =>
      Effect.gen(function*() {
        const database = yield* live(fresh)
        const again = process(Effect.succeed(database))
        yield* again(principal("app", {}))
        const tokens: Array<string> = []
        // Each time at another place of its work; the next process goes on with what is there.
        for (const lines of [1, 7, 30]) {
          const told = yield* Effect.scoped(
            Effect.flatMap(child(database, "issue"), (child) => killed(child, lines))
          )
          tokens.push(...told)
        }
        yield* Effect.gen(function*() {
          expect(yield* integrity).toEqual([{ integrity_check: "ok" }])
          const { list, verify } = yield* AccessKeys.AccessKeys
          const verified = yield* Effect.forEach(tokens, (token) => verify(Redacted.make(token)))
          expect(verified.map(({ id }) => id)).toEqual(tokens.map(() => "app"))
          const audit = yield* Audit.Audit
          const issued = yield* audit.recent({ action: "key.issue", limit: 10_000 })
          const keys = yield* as("root")(list("app"))
          expect(issued.map(({ subject }) => subject).toReversed()).toEqual(keys.map(({ id }) => `key:${id}`))
          expect(yield* audit.verify).toEqual({ isIntact: true })
        }).pipe(again)
      })
  )

  it.effect.skipIf(skip)(
    "leaves all spending that it knew to be written, and reserves nothing",
    () =>
      Effect.gen(function*() {
        const database = yield* live(fresh)
        const again = process(Effect.succeed(database))
        yield* again(Effect.void)
        for (const lines of [1, 5, 20]) {
          const told = yield* Effect.scoped(
            Effect.flatMap(child(database, "spend"), (child) => killed(child, lines))
          )
          const account = yield* Spending.Spending.use(({ spent }) => spent("app", "total")).pipe(again)
          expect(account.spent >= BigInt(told.at(-1)!)).toBe(true)
          expect(account.reserved).toBe(0n)
        }
        // One row a process that could not say that it ended, and none of those that could.
        const writers = again(run("SELECT COUNT(*) AS writers FROM llmdispatcher_spending_writer"))
        expect((yield* writers).map(({ writers }) => Number(writers))).toEqual([3])
      })
  )

  it.effect.skipIf(skip)("or lives ends keys of others within 5 seconds", () =>
    Effect.gen(function*() {
      const database = yield* live(fresh)
      yield* Effect.gen(function*() {
        yield* principal("app", {})
        const { issue, verify } = yield* AccessKeys.AccessKeys
        const { key, token } = yield* issue({ principal: "app", name: "a" }).pipe(as("root"))
        yield* verify(token)
        yield* Effect.scoped(Effect.gen(function*() {
          const other = yield* child(database, "revoke", key.id)
          const [code] = yield* Effect.promise(() => once(other, "exit"))
          expect(code).toBe(0)
        }))
        yield* TestClock.setTime(4_999)
        expect((yield* verify(token)).id).toBe("app")
        yield* TestClock.setTime(5_000)
        expect(yield* Effect.flip(verify(token))).toMatchObject({ because: "revoked" })
      }).pipe(process(Effect.succeed(database)))
    }))
})
