/**
 * A store for `effect/persistence`'s `RateLimiter` in memory: as effect's own, but it forgets who is idle.
 *
 * @since 0.1.0
 */
import { Clock, Duration, Effect } from "effect"
import { RateLimiter } from "effect/persistence"
import * as Keyed from "../Keyed.ts"

/** The most keys by default. */
const manyKeys = 100_000

interface Window {
  count: number
  /** Epoch milliseconds. */
  expiresAt: number
}

interface Bucket {
  /** Below zero where more was taken than there was. */
  tokens: number
  /** Epoch milliseconds. */
  refilledAt: number
  limit: number
  /** Milliseconds a token. */
  refillRate: number
}

/**
 * Keeps at most `capacity` keys, by default 100,000; beyond it the oldest is forgotten and has its whole limit again.
 *
 * It holds fixed windows and token buckets; nothing here asks for effect's adaptive limits, so none are kept.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options?: { readonly capacity?: number | undefined }): RateLimiter.RateLimiterStore["Service"] => {
  const capacity = options?.capacity ?? manyKeys
  const windows = Keyed.make<Window>({
    make: (now) => ({ count: 0, expiresAt: now }),
    isIdle: ({ expiresAt }, now) => expiresAt <= now,
    capacity
  })
  const buckets = Keyed.make<Bucket>({
    make: (now) => ({ tokens: Infinity, refilledAt: now, limit: Infinity, refillRate: 0 }),
    isIdle: ({ limit, refillRate, refilledAt, tokens }, now) => now - refilledAt >= (limit - tokens) * refillRate,
    capacity
  })
  return RateLimiter.RateLimiterStore.of({
    fixedWindow: ({ key, limit, refillRate, tokens }) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        const window = windows.of(key, now)
        if (window.expiresAt <= now) {
          window.count = 0
          window.expiresAt = now
        }
        const count = window.count + tokens
        if (limit === undefined || count <= limit) {
          window.count = count
          window.expiresAt += Duration.toMillis(refillRate) * tokens
        }
        return [count, window.expiresAt - now] as const
      }),
    tokenBucket: ({ allowOverflow, key, limit, refillRate, tokens }) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        const bucket = buckets.of(key, now)
        bucket.limit = limit
        bucket.refillRate = Duration.toMillis(refillRate)
        const refilled = Math.max(0, Math.floor((now - bucket.refilledAt) / bucket.refillRate))
        bucket.tokens = Math.min(limit, bucket.tokens + refilled)
        bucket.refilledAt = bucket.tokens >= limit ? now : bucket.refilledAt + refilled * bucket.refillRate
        const left = bucket.tokens - tokens
        if (allowOverflow || left >= 0) bucket.tokens = left
        return [left, Math.max(0, now - bucket.refilledAt)] as const
      }),
    adaptiveConsume: () => Effect.succeed({ delay: Duration.zero, epoch: 0, phase: "inactive" }),
    adaptiveFeedback: () => Effect.void
  })
}
