/**
 * What the stores of access have in common: one transaction at a time, and errors that say what is kept there.
 *
 * @since 0.1.0
 */
import { Context, Effect, type Fiber, Option, type Schema, Semaphore } from "effect"
import { SqlClient, SqlError } from "effect/sql"
import { StoreUnavailable } from "../AccessError.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface Store {
  readonly sql: SqlClient.SqlClient
  /**
   * All of the effect or nothing, and nothing of another process in between. What is committed is on the disk: SQLite,
   * which elsewhere leaves that to its next checkpoint, waits for it here.
   *
   * Inside a transaction of the same client it is a part of that one.
   */
  readonly atomically: (
    store: string
  ) => <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E | StoreUnavailable, R>
  /** Whether the fiber is inside a transaction, and so must see what that wrote. */
  readonly isAtomic: (fiber: Fiber.Fiber<unknown, unknown>) => boolean
}

/** A database that does not answer is not waited for: whoever asks may ask again. */
const limit = "30 seconds"

/** A connection that is lost within a transaction fails its ROLLBACK too, which effect takes for a defect. */
const onDefect = (store: string) => (defect: unknown) =>
  SqlError.isSqlError(defect) ? Effect.fail(new StoreUnavailable({ store, cause: defect })) : Effect.die(defect)

/**
 * Fails with `StoreUnavailable` for what the database fails with, and for a row that cannot be read.
 *
 * @since 0.1.0
 * @category combinators
 */
export const unavailable = (store: string) =>
<A, R>(
  effect: Effect.Effect<A, SqlError.SqlError | Schema.SchemaError | StoreUnavailable, R>
): Effect.Effect<A, StoreUnavailable, R> =>
  effect.pipe(
    Effect.mapError((cause) => cause._tag === "StoreUnavailable" ? cause : new StoreUnavailable({ store, cause })),
    Effect.catchDefect(onDefect(store))
  )

/**
 * There is to be one over a client.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: Effect.Effect<Store, never, SqlClient.SqlClient> = Effect.map(SqlClient.SqlClient, (sql) => {
  const turn = Semaphore.makeUnsafe(1)

  // Every change writes the audit, so whoever has its lock is the only one; readers go on.
  const lock: Effect.Effect<unknown, SqlError.SqlError> = sql.onDialectOrElse({
    pg: (): Effect.Effect<unknown, SqlError.SqlError> =>
      sql`LOCK TABLE llmdispatcher_audit IN SHARE ROW EXCLUSIVE MODE`,
    orElse: () => Effect.void
  })

  // SQLite sets it when the statement is compiled, so one that is kept compiled would set it once.
  const synchronous = (level: "FULL" | "NORMAL") => sql`PRAGMA synchronous = ${sql.literal(level)}`.unprepared

  const durably = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | SqlError.SqlError, R> =>
    sql.onDialectOrElse({
      pg: (): Effect.Effect<A, E | SqlError.SqlError, R> => effect,
      orElse: () =>
        // Where it cannot be set back, that costs speed and nothing else.
        synchronous("FULL").pipe(Effect.andThen(effect), Effect.ensuring(Effect.ignore(synchronous("NORMAL"))))
    })

  const isAtomic: Store["isAtomic"] = (fiber) => Option.isSome(Context.getOption(fiber.context, sql.transactionService))

  const whole = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | SqlError.SqlError, R> => {
    const transaction = sql.withTransaction(Effect.andThen(lock, effect))
    return Effect.withFiber((fiber) => isAtomic(fiber) ? transaction : turn.withPermit(durably(transaction)))
  }

  return {
    sql,
    isAtomic,
    atomically: (store) => <A, E, R>(effect: Effect.Effect<A, E, R>) =>
      whole(effect).pipe(
        Effect.catchIf(SqlError.isSqlError, (cause) => Effect.fail(new StoreUnavailable({ store, cause }))),
        Effect.timeoutOrElse({
          duration: limit,
          orElse: () => Effect.fail(new StoreUnavailable({ store, cause: `no answer within ${limit}` }))
        }),
        Effect.catchDefect(onDefect(store))
      ) as Effect.Effect<A, E | StoreUnavailable, R>
  }
})
