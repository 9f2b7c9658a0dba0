/**
 * Plays an answer as a model would write it: word by word, each in its time.
 *
 * @since 0.1.0
 */
import { Duration, Effect, Stream } from "effect"
import * as Response from "../../Response.ts"

/**
 * A streamed part, after a wait.
 *
 * @since 0.1.0
 * @category models
 */
export interface Frame {
  readonly wait: Duration.Duration
  readonly part: Response.StreamPart
}

/** The words of a text, each with the space before it; joined they are the text again. */
const words = (text: string): ReadonlyArray<string> => text.match(/\s*\S+(?:\s+$)?|\s+$/g) ?? []

/**
 * The parts a stream would send for a whole answer, its text and reasoning a delta for each word.
 *
 * @since 0.1.0
 * @category conversions
 */
export const unfold = (parts: Iterable<Response.Part>): ReadonlyArray<Response.StreamPart> =>
  Response.unfold(parts).flatMap((part): ReadonlyArray<Response.StreamPart> =>
    isWord(part) ? words(part.delta).map((delta) => ({ ...part, delta })) : [part]
  )

/**
 * @since 0.1.0
 * @category guards
 */
export const isWord = (part: Response.StreamPart): part is Extract<Response.StreamPart, { readonly delta: string }> =>
  part.type === "text-delta" || part.type === "reasoning-delta"

/**
 * Parts that wait for nothing.
 *
 * @since 0.1.0
 * @category constructors
 */
export const atOnce = (parts: ReadonlyArray<Response.StreamPart>): ReadonlyArray<Frame> =>
  parts.map((part) => ({ wait: Duration.zero, part }))

/**
 * Each part in its time and in a chunk of its own, so that nobody sees one before.
 *
 * @since 0.1.0
 * @category constructors
 */
export const play = (frames: ReadonlyArray<Frame>): Stream.Stream<Response.StreamPart> =>
  Stream.fromIterable(frames, { chunkSize: 1 }).pipe(
    Stream.mapEffect(({ part, wait }) =>
      Duration.isZero(wait) ? Effect.succeed(part) : Effect.as(Effect.sleep(wait), part)
    )
  )
