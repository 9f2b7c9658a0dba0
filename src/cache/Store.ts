/**
 * The store of the answers, bounded and never in the way: it loses what was used longest ago, and where what is behind
 * it fails or is slow, it is as if nothing were kept.
 *
 * @since 0.1.0
 */
import { Cause, Clock, Duration, Effect, Option } from "effect"
import type { Persistence } from "effect/persistence"
import * as Entry from "./Entry.ts"

/**
 * `timeToLive` and `timeout` are in milliseconds; `Infinity` lives for good.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly timeToLive: number
  readonly maxEntries: number
  readonly maxBytes: number
  readonly maxEntryBytes: number
  readonly timeout: number
}

/**
 * How much this process knows to be kept, and how often the store failed it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Figures {
  readonly entries: number
  readonly bytes: number
  readonly evicted: number
  readonly failures: number
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Store {
  readonly get: (key: string) => Effect.Effect<Entry.Entry | undefined>
  /** Whether it is kept now. */
  readonly set: (key: string, entry: Entry.Entry) => Effect.Effect<boolean>
  readonly clear: Effect.Effect<void>
  readonly figures: () => Figures
}

/** How long a store that did not answer in time is left alone, in milliseconds, so that not every request waits. */
const rest = 5_000

/**
 * Bounds what stands in `backing`. The bounds count what this process wrote or read; what another process wrote is
 * bounded by its time to live.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (backing: Persistence.BackingPersistenceStore, options: Options): Store => {
  /** Sizes by key, what was used longest ago first. */
  const used = new Map<string, number>()
  let bytes = 0
  let evicted = 0
  let failures = 0
  let failing = false
  let restsUntil = -Infinity

  const forget = (key: string) => {
    bytes -= used.get(key) ?? 0
    used.delete(key)
  }
  const touch = (key: string, size: number) => {
    forget(key)
    used.set(key, size)
    bytes += size
  }

  /** Only the first failure of a row is told; never with its cause, which may hold what was to be kept. */
  const failed = (operation: string, reason: string) =>
    Effect.suspend(() => {
      failures += 1
      if (failing) return Effect.void
      failing = true
      return Effect.logWarning(`The cache's store fails and is passed by: ${operation} ${reason}`)
    })

  const trying = <A, B>(operation: string, effect: Effect.Effect<A, unknown>, otherwise: B): Effect.Effect<A | B> =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      if (now < restsUntil) return Effect.succeed<A | B>(otherwise)
      return effect.pipe(
        Effect.timeoutOption(options.timeout),
        Effect.flatMap(Option.match({
          onNone: () => {
            restsUntil = now + options.timeout + rest
            return Effect.as(failed(operation, "took too long"), otherwise as A | B)
          },
          onSome: (value) => {
            failing = false
            return Effect.succeed<A | B>(value)
          }
        })),
        Effect.catchCause((cause) =>
          Cause.hasInterruptsOnly(cause)
            ? Effect.failCause(cause as Cause.Cause<never>)
            : Effect.as(failed(operation, "failed"), otherwise as A | B)
        )
      )
    })

  const remove = (key: string) => {
    forget(key)
    return trying("remove", backing.remove(key), undefined)
  }

  const evict: Effect.Effect<void> = Effect.suspend(() => {
    if (used.size <= options.maxEntries && bytes <= options.maxBytes) return Effect.void
    const [oldest] = used.keys()
    if (oldest === undefined) return Effect.void
    evicted += 1
    return Effect.andThen(remove(oldest), evict)
  })

  const timeToLive = Duration.isFinite(Duration.millis(options.timeToLive))
    ? Duration.millis(options.timeToLive)
    : undefined

  return {
    get: (key) =>
      Effect.flatMap(trying("get", backing.get(key), undefined), (value) => {
        const entry = value === undefined ? undefined : Entry.decode(value)
        if (entry === undefined) {
          forget(key)
          return Effect.undefined
        }
        // Its own age counts too: the time to live may have been shortened since it was written.
        return Effect.flatMap(Clock.currentTimeMillis, (now) => {
          if (now - entry.recordedAt >= options.timeToLive) return Effect.as(remove(key), undefined)
          touch(key, entry.bytes)
          return Effect.as(evict, entry)
        })
      }),
    set: (key, entry) => {
      if (entry.bytes > Math.min(options.maxEntryBytes, options.maxBytes)) return Effect.succeed(false)
      const write = Effect.as(backing.set(key, entry, timeToLive), true)
      return Effect.flatMap(trying("set", write, false), (written) => {
        if (!written) return Effect.succeed(false)
        touch(key, entry.bytes)
        return Effect.as(evict, true)
      })
    },
    clear: Effect.suspend(() => {
      used.clear()
      bytes = 0
      return Effect.asVoid(trying("clear", backing.clear, undefined))
    }),
    figures: () => ({ entries: used.size, bytes, evicted, failures })
  }
}
