/**
 * Rows by their id in a database, those that are asked for at every request kept in memory for a moment.
 *
 * What this process changes holds at once; what another one changes, within that moment.
 *
 * @since 0.1.0
 */
import { Cache, Duration, Effect, Exit } from "effect"
import { StoreUnavailable } from "../AccessError.ts"
import type * as Table from "../Table.ts"
import type * as Rows from "./Rows.ts"
import * as Store from "./Store.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface Options<A> {
  /** What is kept there, for errors. */
  readonly kept: string
  readonly table: string
  /** The column of whom a row belongs to. */
  readonly owner: string
  readonly codec: Rows.Codec<A>
  /** How old a row may be that is answered from memory, counted from when it was asked for. */
  readonly freshness: Duration.Duration
}

/** As many rows as are kept in memory, the least used leaving first: some 10 MB. */
const capacity = 10_000

/** How long a request waits for the database to tell who asks. */
const patience = "5 seconds"

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fnUntraced(function*<A extends { readonly id: string; readonly name: string }>(
  store: Store.Store,
  { codec, freshness, kept, owner, table }: Options<A>
): Effect.fn.Return<Table.Table<A>> {
  const { sql } = store

  const load = (id: string): Effect.Effect<A | undefined, StoreUnavailable> =>
    sql`SELECT * FROM ${sql(table)} WHERE id = ${id}`.pipe(
      Effect.flatMap(codec.decode),
      Effect.map(([row]) => row),
      Store.unavailable(kept)
    )

  // Timed, for a row may have changed since it was asked for.
  const loaded = (id: string) =>
    Effect.timed(Effect.timeoutOrElse(load(id), {
      duration: patience,
      orElse: () => Effect.fail(new StoreUnavailable({ store: kept, cause: `no answer within ${patience}` }))
    }))

  const cache = yield* Cache.makeWith(loaded, {
    capacity,
    // Who is not there is asked for each time, and may be there the next.
    timeToLive: (exit) =>
      Exit.isSuccess(exit) && exit.value[1] !== undefined
        ? Duration.subtract(freshness, exit.value[0])
        : Duration.zero
  })

  return {
    get: (id) =>
      Effect.withFiber((fiber) =>
        store.isAtomic(fiber) ? load(id) : Effect.map(Cache.get(cache, id), ([, row]) => row)
      ),
    list: (of) =>
      sql`SELECT * FROM ${sql(table)} WHERE ${sql(owner)} = ${of} ORDER BY number`.pipe(
        Effect.flatMap(codec.decode),
        Store.unavailable(kept)
      ),
    find: (of, name) =>
      sql`SELECT * FROM ${sql(table)} WHERE ${sql(owner)} = ${of} AND name = ${name}
        ORDER BY CASE WHEN revoked_at IS NULL THEN 0 ELSE 1 END, number DESC LIMIT 1`.pipe(
        Effect.flatMap(codec.decode),
        Effect.map(([row]) => row),
        Store.unavailable(kept)
      ),
    put: (value) => {
      const row = codec.encode(value)
      const changes = Object.keys(row).filter((column) => column !== "id").map((column) =>
        sql`${sql(column)} = excluded.${sql(column)}`
      )
      return sql`INSERT INTO ${sql(table)} ${sql.insert(row)} ON CONFLICT (id) DO UPDATE SET ${sql.csv(changes)}`.pipe(
        Effect.andThen(sql.afterCommit(Cache.invalidate(cache, value.id))),
        Store.unavailable(kept)
      )
    },
    atomically: store.atomically(kept)
  }
})
