/**
 * What the statistics' writer tells of itself, in figures and in metrics.
 *
 * @since 0.1.0
 */
import { type Context, Metric } from "effect"

/**
 * What became of the dispatches so far.
 *
 * @since 0.1.0
 * @category models
 */
export interface Figures {
  /** Dispatches in the database. */
  readonly written: number
  /** Dispatches that had no room in the buffer, came too late, or were left when the Scope closed. */
  readonly dropped: number
  /** How often a batch was not taken; each is tried again. */
  readonly failedBatches: number
  /** Dispatches not yet written. */
  readonly buffered: number
}

const counter = (name: string, description: string) =>
  Metric.counter(`llmdispatcher.statistics.${name}`, {
    description,
    incremental: true,
    attributes: { unit: "{dispatch}" }
  })

/**
 * Makes the metrics; `update` brings them up to the figures.
 *
 * @since 0.1.0
 * @category constructors
 */
export const instruments = (context: Context.Context<never>) => {
  const written = counter("written", "Dispatches written into the database of statistics")
  const dropped = counter("dropped", "Dispatches that the statistics had no room for")
  const failedBatches = Metric.counter("llmdispatcher.statistics.failed_batches", {
    description: "Batches of dispatches that the database of statistics did not take",
    incremental: true,
    attributes: { unit: "{batch}" }
  })
  const buffered = Metric.gauge("llmdispatcher.statistics.buffered", {
    description: "Dispatches that wait to be written into the database of statistics",
    attributes: { unit: "{dispatch}" }
  })
  let told = { written: 0, dropped: 0, failedBatches: 0 }
  return {
    update: (figures: Figures): void => {
      written.updateUnsafe(figures.written - told.written, context)
      dropped.updateUnsafe(figures.dropped - told.dropped, context)
      failedBatches.updateUnsafe(figures.failedBatches - told.failedBatches, context)
      buffered.updateUnsafe(figures.buffered, context)
      told = figures
    }
  }
}
