/**
 * Finds answers to questions that mean the same: the same request but for the words of its last message, whose vectors
 * are near one another.
 *
 * @since 0.1.0
 */
import { Effect, Option } from "effect"
import type { Request } from "../Request.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The vector of a text, such as an embedding model gives; a failure is a miss. */
  readonly embed: (text: string) => Effect.Effect<ReadonlyArray<number>, unknown>
  /** How near two questions must be, by the cosine of their vectors, above 0 up to 1. Default 0.95. */
  readonly threshold?: number | undefined
  /** Vectors kept, in this process; a whole number above 0. Default 1,000. */
  readonly maxEntries?: number | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Index {
  /** The key of the nearest question of this bucket, where one is near enough. */
  readonly find: (bucket: string, vector: ReadonlyArray<number>) => string | undefined
  readonly add: (bucket: string, key: string, vector: ReadonlyArray<number>) => void
  readonly remove: (key: string) => void
  readonly embed: (text: string) => Effect.Effect<ReadonlyArray<number> | undefined>
}

/**
 * The words of the last message, and the conversation without them; `undefined` where that message is not a user's plain
 * text.
 *
 * @since 0.1.0
 * @category accessors
 */
export const question = (
  request: Request
): { readonly text: string; readonly rest: ReadonlyArray<unknown> } | undefined => {
  const messages = request.prompt.content
  const last = messages[messages.length - 1]
  if (last?.role !== "user" || last.content.some(({ type }) => type !== "text")) return undefined
  const text = last.content.map((part) => part.type === "text" ? part.text : "").join("\n")
  const blank = last.content.map((part) => ({ ...part, text: "" }))
  return { text, rest: [...messages.slice(0, -1), { ...last, content: blank }] }
}

/** `undefined` for what has no direction or holds what is no number. */
const normalised = (vector: ReadonlyArray<number>): ReadonlyArray<number> | undefined => {
  const length = Math.hypot(...vector)
  return length > 0 && Number.isFinite(length) ? vector.map((number) => number / length) : undefined
}

/**
 * An index in memory, which loses its oldest vectors beyond its bound; `timeout`, in milliseconds, is the most that
 * making a vector may take.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options, timeout: number): Index => {
  const { maxEntries = 1_000, threshold = 0.95 } = options
  const buckets = new Map<string, Map<string, ReadonlyArray<number>>>()
  const bucketOf = new Map<string, string>()

  const remove = (key: string) => {
    const name = bucketOf.get(key)
    if (name === undefined) return
    bucketOf.delete(key)
    const bucket = buckets.get(name)
    bucket?.delete(key)
    if (bucket?.size === 0) buckets.delete(name)
  }

  return {
    find: (bucket, vector) => {
      let nearest: string | undefined
      let best = threshold
      for (const [key, other] of buckets.get(bucket) ?? []) {
        if (other.length !== vector.length) continue
        let cosine = 0
        for (let index = 0; index < vector.length; index++) cosine += vector[index]! * other[index]!
        // A little less than the threshold is the threshold: 1 must find itself.
        if (cosine >= best - 1e-9) {
          best = cosine
          nearest = key
        }
      }
      return nearest
    },
    add: (name, key, vector) => {
      remove(key)
      const bucket = buckets.get(name) ?? new Map<string, ReadonlyArray<number>>()
      buckets.set(name, bucket.set(key, vector))
      bucketOf.set(key, name)
      if (bucketOf.size > maxEntries) {
        const [oldest] = bucketOf.keys()
        if (oldest !== undefined) remove(oldest)
      }
    },
    remove,
    embed: (text) =>
      Effect.suspend(() => options.embed(text)).pipe(
        Effect.timeoutOption(timeout),
        Effect.map((vector) => normalised(Option.getOrElse(vector, (): ReadonlyArray<number> => []))),
        Effect.catch(() => Effect.undefined)
      )
  }
}
