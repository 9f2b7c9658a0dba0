/**
 * Deletes dispatches, with their attempts, that are older than statistics are kept.
 *
 * @since 0.1.0
 */
import { Clock, Duration, Effect, Layer, Schedule } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import * as Migrations from "./Migrations.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** How long a dispatch is kept from its start on. Default 30 days. */
  readonly keep?: Duration.Input | undefined
  /** How often those beyond are deleted; the first time at once. Default 1 hour. */
  readonly every?: Duration.Input | undefined
  /** The most dispatches that one statement deletes, so that nobody waits long. Default 200. */
  readonly chunk?: number | undefined
}

/** Between two chunks, so that who writes gets its turn. */
const pause = "20 millis"

/**
 * Deletes all that is older than `keep` now, and tells how many dispatches that were.
 *
 * @since 0.1.0
 * @category running
 */
export const sweep = Effect.fnUntraced(function*(
  { chunk = 200, keep = "30 days" }: Options = {}
): Effect.fn.Return<number, SqlError.SqlError, SqlClient.SqlClient> {
  const sql = yield* SqlClient.SqlClient
  const before = (yield* Clock.currentTimeMillis) - Duration.toMillis(keep)
  // An endless time to keep has nothing before it.
  if (!Number.isFinite(before)) return 0
  let deleted = 0
  for (;;) {
    const gone = yield* sql`DELETE FROM llmdispatcher_dispatch WHERE id IN (
      SELECT id FROM llmdispatcher_dispatch WHERE started_at < ${BigInt(Math.trunc(before))}
      ORDER BY started_at LIMIT ${BigInt(chunk)}
    ) RETURNING id`
    deleted += gone.length
    if (gone.length < chunk) return deleted
    yield* Effect.sleep(pause)
  }
})

/**
 * Deletes again and again in the background; a failure is told in the log, and the next time is another try.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options = {}): Layer.Layer<never, never, SqlClient.SqlClient> =>
  Layer.effectDiscard(
    Migrations.run.pipe(
      Effect.andThen(sweep(options)),
      Effect.flatMap((deleted) => Effect.logDebug(`${deleted} old dispatches were deleted from the statistics`)),
      Effect.catchCause((cause) => Effect.logWarning("old statistics could not be deleted", cause)),
      Effect.repeat(Schedule.spaced(options.every ?? "1 hour")),
      Effect.withTracerEnabled(false),
      Effect.forkScoped
    )
  )
