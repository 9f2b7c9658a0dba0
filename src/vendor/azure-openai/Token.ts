/**
 * A token that is fetched when it is needed, kept while it is good, and renewed before it ends.
 *
 * @since 0.1.0
 */
import { Clock, Deferred, Effect, type Redacted } from "effect"
import type { Fatal, Retryable } from "../../VendorError.ts"

/**
 * A token, and when it ends, in epoch milliseconds.
 *
 * @since 0.1.0
 * @category models
 */
export interface AccessToken {
  readonly token: Redacted.Redacted<string>
  readonly expiresAt: number
}

/**
 * Who asks was refused, or could not be heard.
 *
 * @since 0.1.0
 * @category models
 */
export type TokenError = Fatal<"Unauthenticated"> | Retryable<"NetworkFault">

/** A token that ends sooner is renewed, 5 minutes in milliseconds. */
const early = 5 * 60_000

/** Between two renewals of a token that is still good, of which the first failed, 30 seconds in milliseconds. */
const pause = 30_000

/**
 * The token of `fetch`, one fetch at a time however many ask for it; a token at hand is given for as long as it is good,
 * while its renewal is under way or has failed.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (fetch: Effect.Effect<AccessToken, TokenError>): Effect.Effect<AccessToken, TokenError> => {
  let kept: AccessToken | undefined
  let flight: Deferred.Deferred<AccessToken, TokenError> | undefined
  let notBefore = -Infinity

  const land = (deferred: Deferred.Deferred<AccessToken, TokenError>) =>
    Effect.flatMap(Effect.exit(fetch), (exit) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => {
        flight = undefined
        if (exit._tag === "Success") kept = exit.value
        else notBefore = now + pause
        return Deferred.done(deferred, exit)
      }))

  /** In a fiber of its own: who asked first may leave, the others still wait for it. */
  const renew = Effect.uninterruptible(Effect.suspend(() => {
    if (flight !== undefined) return Effect.succeed(flight)
    const deferred = flight = Deferred.makeUnsafe<AccessToken, TokenError>()
    return Effect.as(Effect.forkDetach(Effect.interruptible(land(deferred))), deferred)
  }))

  return Effect.flatMap(Clock.currentTimeMillis, (now) => {
    const token = kept
    if (token === undefined || now >= token.expiresAt) return Effect.flatMap(renew, Deferred.await)
    const isAging = now >= token.expiresAt - early && now >= notBefore
    return isAging ? Effect.as(renew, token) : Effect.succeed(token)
  })
}
