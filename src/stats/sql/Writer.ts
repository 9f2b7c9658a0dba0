/**
 * Writes every dispatch and its attempts into a database, beside the way of the requests.
 *
 * `record` only puts the record into a buffer. A fiber of its own takes batches out of it, each one transaction. What
 * the database does not take now is tried again, while the buffer stays bounded: so a database that fails costs
 * statistics, never a request.
 *
 * @since 0.1.0
 */
import { Context, type Duration, Effect, Fiber, Latch, Layer, Queue, Schedule, type Scope, Semaphore } from "effect"
import { SqlClient } from "effect/sql"
import { ConfigError } from "../../config/ConfigError.ts"
import { explain } from "../../sql/Explanation.ts"
import type { DispatchRecord, Recorder } from "../Record.ts"
import * as Figures from "./Figures.ts"
import * as Insert from "./Insert.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The most dispatches that wait to be written, above 0. Default 10,000. */
  readonly capacity?: number | undefined
  /** Which dispatch is dropped where no more have room. Default `oldest`. */
  readonly drop?: "oldest" | "newest" | undefined
  /** The most dispatches of one transaction, above 0. Default 500. */
  readonly batchSize?: number | undefined
  /** How long a dispatch waits for others to be written with. Default 1 second. */
  readonly interval?: Duration.Input | undefined
  /** How long writing the rest may take when the Scope closes. Default 5 seconds. */
  readonly closeTimeout?: Duration.Input | undefined
}

export type {
  /**
   * What became of the dispatches so far.
   *
   * @since 0.1.0
   * @category models
   */
  Figures
} from "./Figures.ts"

/**
 * @since 0.1.0
 * @category services
 */
export class Writer extends Context.Service<
  Writer,
  Recorder & {
    readonly figures: Effect.Effect<Figures.Figures>
    /** Writes all that was recorded, and waits for it; for as long as the database fails. */
    readonly flush: Effect.Effect<void>
  }
>()("llmdispatcher/stats/sql/Writer") {}

const backoff = Schedule.min([Schedule.exponential("200 millis"), Schedule.spaced("30 seconds")]).pipe(
  Schedule.jittered
)

const dispatches = (count: number): string => count === 1 ? "1 dispatch is" : `${count} dispatches are`

const aboveZero = (path: string, value: number) =>
  Number.isInteger(value) && value > 0
    ? Effect.succeed(value)
    : Effect.fail(new ConfigError({ path, description: `must be a whole number above 0, not ${value}` }))

/**
 * Starts the writer. The tables are made in the background, so a database that is down does not keep it from starting.
 *
 * When the Scope closes, the rest is written for as long as `closeTimeout`; what is then left is told in the log.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fnUntraced(function*(
  options: Options = {}
): Effect.fn.Return<Writer["Service"], ConfigError, SqlClient.SqlClient | Scope.Scope> {
  const capacity = yield* aboveZero("capacity", options.capacity ?? 10_000)
  const batchSize = Math.min(capacity, yield* aboveZero("batchSize", options.batchSize ?? 500))
  const { closeTimeout = "5 seconds", drop = "oldest", interval = "1 second" } = options
  const buffer = drop === "oldest"
    ? yield* Queue.sliding<DispatchRecord>(capacity)
    : yield* Queue.dropping<DispatchRecord>(capacity)
  const insert = yield* Insert.make
  const instruments = Figures.instruments(yield* Effect.context())
  const isBatch = Latch.makeUnsafe()
  const turn = yield* Semaphore.make(1)
  // What was taken out of the buffer and is not known to be written; a batch that was broken off is tried again whole.
  let batch: ReadonlyArray<DispatchRecord> = []
  let written = 0
  let dropped = 0
  let failedBatches = 0
  let outage: { readonly dropped: number } | undefined
  let isClosed = false

  const buffered = () => batch.length + Queue.sizeUnsafe(buffer)

  const figures = (): Figures.Figures => ({ written, dropped, failedBatches, buffered: buffered() })

  const record = (record: DispatchRecord): void => {
    if (isClosed) {
      dropped += 1
      return
    }
    if (Queue.isFullUnsafe(buffer)) dropped += 1
    Queue.offerUnsafe(buffer, record)
    if (Queue.sizeUnsafe(buffer) >= batchSize) isBatch.openUnsafe()
  }

  const take = Effect.sync(() => {
    if (batch.length > 0) return
    const taken: Array<DispatchRecord> = []
    while (taken.length < batchSize) {
      const next = Queue.takeUnsafe(buffer)
      if (next === undefined || next._tag === "Failure") break
      taken.push(next.value)
    }
    batch = taken
    if (Queue.sizeUnsafe(buffer) < batchSize) isBatch.closeUnsafe()
  })

  const onFailure = (error: Insert.InsertError) =>
    Effect.suspend(() => {
      failedBatches += 1
      instruments.update(figures())
      if (outage !== undefined) return Effect.void
      outage = { dropped }
      return Effect.logWarning(`statistics cannot be written, and are kept for now: ${explain(error)}`)
    })

  const onSuccess = Effect.suspend(() => {
    written += batch.length
    batch = []
    instruments.update(figures())
    if (outage === undefined) return Effect.void
    const lost = dropped - outage.dropped
    outage = undefined
    return Effect.logInfo(`statistics are written again; ${dispatches(lost)} missing of the time between`)
  })

  const writeBatch = Effect.andThen(
    take,
    Effect.suspend(() => insert(batch)).pipe(
      Effect.andThen(onSuccess),
      Effect.tapError(onFailure),
      Effect.retryOrElse(backoff, () => Effect.void)
    )
  )

  const writeAll = Effect.whileLoop({ while: () => buffered() > 0, body: () => writeBatch, step: () => {} })

  const run = Queue.peek(buffer).pipe(
    Effect.andThen(Effect.raceFirst(Effect.sleep(interval), isBatch.await)),
    Effect.andThen(turn.withPermit(writeBatch)),
    Effect.forever,
    // The tables are there before anyone asks them.
    (forever) => Effect.andThen(turn.withPermit(writeBatch), forever)
  )

  const fiber = yield* Effect.forkScoped(Effect.withTracerEnabled(run, false))
  yield* Effect.addFinalizer(() =>
    Effect.gen(function*() {
      isClosed = true
      yield* Fiber.interrupt(fiber)
      yield* writeAll.pipe(Effect.withTracerEnabled(false), Effect.interruptible, Effect.timeoutOption(closeTimeout))
      const left = buffered()
      if (left === 0) return
      dropped += left
      batch = []
      yield* Queue.shutdown(buffer)
      instruments.update(figures())
      yield* Effect.logWarning(
        `${dispatches(left)} missing in the statistics: the database did not take them in time`
      )
    })
  )
  return Writer.of({
    record,
    figures: Effect.sync(figures),
    flush: turn.withPermit(Effect.andThen(writeBatch, writeAll))
  })
})

/**
 * The writer as a service, to be given to a dispatcher as one of its recorders.
 *
 * Fails with `ConfigError` where a number is out of range.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options?: Options): Layer.Layer<Writer, ConfigError, SqlClient.SqlClient> =>
  Layer.effect(Writer, make(options))
