/**
 * Writes a log line for each attempt, inside the dispatch's span, so that effect's loggers give it the trace's id.
 *
 * @since 0.1.0
 */
import { Effect, Layer } from "effect"
import { CurrentListener } from "../policy/Attempt.ts"
import type { Attempt } from "../Response.ts"

const log = (attempt: Attempt): Effect.Effect<void> => {
  const { duration, number, outcome, reason, status, target, timeToFirstPart } = attempt
  const line = outcome === "answered"
    ? Effect.logDebug("attempt answered")
    : outcome === "failed"
    ? Effect.logWarning("attempt failed")
    : Effect.logInfo(`attempt ${outcome}`)
  const annotations: Record<string, unknown> = {
    "llmdispatcher.attempt": number,
    "llmdispatcher.target": target,
    "llmdispatcher.duration": duration / 1000
  }
  if (reason !== undefined) annotations["error.type"] = reason
  if (status !== undefined) annotations["http.response.status_code"] = status
  if (timeToFirstPart !== undefined) annotations["gen_ai.response.time_to_first_chunk"] = timeToFirstPart / 1000
  return Effect.annotateLogs(line, annotations)
}

/**
 * Logs the attempts of every dispatch that runs under it: a failed one as a warning, one passed over or given up as an
 * information, an answer for debugging.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<never> = Layer.succeed(CurrentListener, log)
