/**
 * How an answer is told to who did not pay for it: as it was, but at no cost, in its own time, with no attempts.
 *
 * @since 0.1.0
 */
import { Clock, Effect, Stream } from "effect"
import type { Request } from "../Request.ts"
import * as Response from "../Response.ts"
import * as Entry from "./Entry.ts"

/**
 * One request on its way to the cache; `startedAt` is in epoch milliseconds, `allowed` all its time in milliseconds.
 *
 * @since 0.1.0
 * @category models
 */
export interface Asked {
  readonly id: string
  readonly request: Request
  readonly operation: "send" | "stream"
  readonly startedAt: number
  readonly allowed: number
  readonly key: string
  /** How often all had been forgotten before. */
  readonly epoch: number
}

/** What of an answer's summary stays true for whoever receives it. */
type Answered = Pick<Response.Summary, "vendor" | "target" | "model" | "finishReason" | "usage" | "losses">

/**
 * @since 0.1.0
 * @category constructors
 */
export const summary = (
  asked: Asked,
  { finishReason, losses, model, target, usage, vendor }: Answered,
  cached: NonNullable<Response.Summary["cached"]>,
  now: number,
  firstPartAt?: number
): Response.Summary => ({
  id: asked.id,
  vendor,
  target,
  model,
  finishReason,
  usage,
  cost: 0,
  timings: {
    startedAt: asked.startedAt,
    ...(firstPartAt === undefined ? undefined : { timeToFirstPart: firstPartAt - asked.startedAt }),
    total: now - asked.startedAt
  },
  attempts: [],
  losses,
  cached
})

/**
 * The finish part with another summary.
 *
 * @since 0.1.0
 * @category combinators
 */
export const withSummary = (part: Response.StreamPart, summary: Response.Summary): Response.StreamPart =>
  part.type === "finish" ? { ...part, metadata: { ...part.metadata, llmdispatcher: summary as any } } : part

const cachedBy = ({ id, recordedAt }: Entry.Entry, now: number): NonNullable<Response.Summary["cached"]> => ({
  id,
  age: now - recordedAt
})

/**
 * The whole answer of what was kept.
 *
 * @since 0.1.0
 * @category constructors
 */
export const response = (asked: Asked, entry: Entry.Entry): Effect.Effect<Response.Response> =>
  Effect.map(
    Clock.currentTimeMillis,
    (now) => Response.make(summary(asked, entry, cachedBy(entry, now), now), Entry.wholeParts(entry))
  )

/**
 * The stream of what was kept, its parts in their order; `pace` is the time between two of them in milliseconds, 0 for
 * all at once.
 *
 * @since 0.1.0
 * @category constructors
 */
export const stream = (asked: Asked, entry: Entry.Entry, pace: number): Stream.Stream<Response.StreamPart> =>
  Stream.unwrap(Effect.map(Clock.currentTimeMillis, (firstPartAt) => {
    const parts = Entry.streamParts(entry)
    const finish = Effect.map(
      Clock.currentTimeMillis,
      (now) => summary(asked, entry, cachedBy(entry, firstPartAt), now, firstPartAt)
    )
    const withFinish = (part: Response.StreamPart) =>
      part.type === "finish" ? Effect.map(finish, (summary) => withSummary(part, summary)) : Effect.succeed(part)
    if (pace === 0) return Stream.fromArrayEffect(Effect.forEach(parts, withFinish))
    return Stream.fromIterable(parts.entries(), { chunkSize: 1 }).pipe(
      Stream.mapEffect(([index, part]) => Effect.delay(Effect.suspend(() => withFinish(part)), index === 0 ? 0 : pace))
    )
  }))
