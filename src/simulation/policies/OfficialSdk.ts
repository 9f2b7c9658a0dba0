/**
 * Targets in their order, each through a client that retries as the official SDKs of OpenAI and Anthropic do.
 *
 * @since 0.1.0
 */
import { Duration, Effect, Random, Schedule } from "effect"
import type { AttemptError } from "../../VendorError.ts"
import { type Contender, isRetried, overCalls } from "./Contender.ts"

/** `DEFAULT_MAX_RETRIES`, `INITIAL_RETRY_DELAY` and `MAX_RETRY_DELAY` of those SDKs. */
const maxRetries = 2
const initialDelay = "500 millis"
const maxDelay = Duration.seconds(8)

/** A longer retry-after is not believed. */
const longestRetryAfter = Duration.minutes(1)

/** The server's own delay, or an exponential one less up to a quarter. */
const schedule = Schedule.exponential(initialDelay).pipe(
  Schedule.setInputType<AttemptError>(),
  Schedule.modifyDelay(({ duration, input }) => {
    const asked = input._tag === "RetryableError" ? input.retryAfter : undefined
    return asked !== undefined && Duration.isLessThanOrEqualTo(asked, longestRetryAfter)
      ? Effect.succeed(asked)
      : Effect.map(Random.next, (random) => Duration.times(Duration.min(duration, maxDelay), 1 - random / 4))
  })
)

/**
 * @since 0.1.0
 * @category contenders
 */
export const officialSdk: Contender = {
  description: "targets in order, each with the official SDKs' 2 retries, 0.5 to 8 s apart",
  make: ({ candidates: [first, ...others] }) =>
    Effect.succeed(overCalls((call) => {
      const client = (candidate: typeof first & object) =>
        Effect.retry(call(candidate), { times: maxRetries, schedule, while: isRetried })
      return others.reduce((before, candidate) => Effect.catch(before, () => client(candidate)), client(first!))
    }))
}
