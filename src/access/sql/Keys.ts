/**
 * The keys of callers in a database. When each was used is written behind, so that no request waits for that.
 *
 * @since 0.1.0
 */
import { Array, type Duration, Effect, type Scope } from "effect"
import type { AccessKey } from "../AccessKey.ts"
import type { Options as AccessKeysOptions } from "../AccessKeys.ts"
import * as Given from "./Given.ts"
import * as Rows from "./Rows.ts"
import * as Store from "./Store.ts"
import * as Table from "./Table.ts"
import * as WriteBehind from "./WriteBehind.ts"

/** How long it is known here that a key was used: as long as `lastUsedAt` is exact, and the age of a row besides. */
const remembered = 120_000

/** Keys of one statement of SQLite, which runs on the thread of the requests. */
const chunk = 100

const touched = { id: "text", at: "integer" } as const

/**
 * The table, and how to note in it that a key was used.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fnUntraced(function*(
  store: Store.Store,
  { freshness, interval }: { readonly freshness: Duration.Duration; readonly interval: Duration.Input }
): Effect.fn.Return<Required<Pick<AccessKeysOptions, "table" | "touch">>, never, Scope.Scope> {
  const { sql } = store
  const kept = "keys"
  const table = yield* Table.make<AccessKey>(store, {
    kept,
    table: "llmdispatcher_key",
    owner: "principal",
    codec: Rows.key,
    freshness
  })
  /** In the order of their times, so that the first is the oldest. */
  const usedAt = new Map<string, number>()
  let unwritten = new Map<string, bigint>()

  const write = Effect.suspend(() => {
    const writing = unwritten
    unwritten = new Map()
    const rows = Array.fromIterable(writing).map(([id, at]) => ({ id, at })).toSorted((a, b) => a.id < b.id ? -1 : 1)
    return Effect.forEach(
      Array.chunksOf(rows, chunk),
      (rows) =>
        sql`UPDATE llmdispatcher_key SET last_used_at = given.at FROM ${Given.rows(sql, touched, rows)}
          WHERE llmdispatcher_key.id = given.id
          AND (llmdispatcher_key.last_used_at IS NULL OR llmdispatcher_key.last_used_at < given.at)`.pipe(
          // The requests' turn comes between two statements.
          Effect.andThen(Effect.yieldNow)
        ),
      { discard: true }
    ).pipe(
      Store.unavailable(kept),
      Effect.onError(() =>
        Effect.sync(() => {
          unwritten = new Map([...writing, ...unwritten])
        })
      )
    )
  })
  const behind = yield* WriteBehind.make({ what: "when keys were used", interval, write })

  return {
    touch: (id, now, every) =>
      Effect.sync(() => {
        if (now - (usedAt.get(id) ?? -Infinity) < every) return
        for (const [known, at] of usedAt) {
          if (now - at < remembered) break
          usedAt.delete(known)
        }
        usedAt.delete(id)
        usedAt.set(id, now)
        unwritten.set(id, BigInt(now))
        behind.due()
      }),
    table: {
      ...table,
      list: (owner) =>
        Effect.map(table.list(owner), (keys) =>
          keys.map((key) => {
            const at = usedAt.get(key.id)
            return at === undefined || at <= (key.lastUsedAt ?? -Infinity) ? key : { ...key, lastUsedAt: at }
          }))
    }
  }
})
