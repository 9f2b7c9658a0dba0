/**
 * LiteLLM's default router, `simple-shuffle` with its cooldown, after `litellm/router.py`,
 * `router_strategy/simple_shuffle.py` and `router_utils/cooldown_handlers.py`.
 *
 * A target is picked at random by its weight among those that do not cool down. A target cools down for 5 s
 * (`DEFAULT_COOLDOWN_TIME_SECONDS`), or for the retry-after that it told, after a 429, after an error that is not worth
 * a retry, and when more than half of its calls in the current minute failed (`DEFAULT_FAILURE_THRESHOLD_PERCENT`); the
 * only target of a group does not for the first and the last. Two retries, at once while a target is left, else after
 * the vendor's delay or 0.5 to 8 s. A broken connection never cools down.
 *
 * @since 0.1.0
 */
import { Clock, Duration, Effect, Random } from "effect"
import type { Candidate } from "../../Policy.ts"
import { type AttemptError, retryable } from "../../VendorError.ts"
import { type Contender, isRetried, overCalls } from "./Contender.ts"

const cooldown = 5_000
const threshold = 0.5
const retries = 2
const minute = 60_000

interface State {
  coolUntil: number
  minute: number
  failures: number
  successes: number
}

const countsOf = (state: State, now: number): State => {
  const current = Math.floor(now / minute)
  if (state.minute !== current) Object.assign(state, { minute: current, failures: 0, successes: 0 })
  return state
}

const pick = (candidates: ReadonlyArray<Candidate>, random: number): Candidate => {
  const weights = candidates.map(({ target }) => target.weight ?? 1)
  let left = random * weights.reduce((sum, weight) => sum + weight, 0)
  return candidates.find((_, index) => (left -= weights[index]!) < 0) ?? candidates[candidates.length - 1]!
}

const retryAfter = (error: AttemptError): number | undefined =>
  error._tag === "RetryableError" && error.retryAfter !== undefined ? Duration.toMillis(error.retryAfter) : undefined

/** Whether the failure takes the target out, given what its minute was like. */
const coolsDown = (error: AttemptError, { failures, successes }: State, isOnly: boolean): boolean => {
  if (error.reason._tag === "NetworkFault") return false
  if (error.reason._tag === "RateLimited") return !isOnly
  return !isRetried(error) || !isOnly && failures / (failures + successes) > threshold
}

const make = (candidates: ReadonlyArray<Candidate>) => {
  const states = new Map(
    candidates.map(({ target }): [string, State] => [target.id, { coolUntil: 0, minute: 0, failures: 0, successes: 0 }])
  )
  const stateOf = ({ target }: Candidate) => states.get(target.id)!
  const left = (now: number) => candidates.filter((candidate) => stateOf(candidate).coolUntil <= now)

  const fail = (candidate: Candidate, error: AttemptError) =>
    Effect.map(Clock.currentTimeMillis, (now) => {
      const state = countsOf(stateOf(candidate), now)
      state.failures += 1
      if (coolsDown(error, state, candidates.length === 1)) state.coolUntil = now + (retryAfter(error) ?? cooldown)
    })
  const succeed = (candidate: Candidate) =>
    Effect.map(Clock.currentTimeMillis, (now) => {
      countsOf(stateOf(candidate), now).successes += 1
    })

  const wait = (error: AttemptError, failed: number) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      if (left(now).length > 0 && candidates.length > 1) return Effect.void
      const asked = retryAfter(error)
      if (asked !== undefined && asked > 0 && asked <= minute) return Effect.sleep(asked)
      return Effect.flatMap(Random.next, (random) =>
        Effect.sleep(Math.round(Math.min(8_000, 500 * 2 ** failed) * (1 - random / 4))))
    })

  return overCalls(<A, R>(call: (candidate: Candidate) => Effect.Effect<A, AttemptError, R>) =>
    Effect.gen(function*(): Effect.fn.Return<A, AttemptError, R> {
      let last: AttemptError | undefined
      for (let tried = 0; tried <= retries; tried++) {
        const healthy = left(yield* Clock.currentTimeMillis)
        if (healthy.length === 0) {
          return yield* Effect.fail(
            last ?? retryable({ _tag: "RateLimited", description: "no deployments available" }, { status: 429 })
          )
        }
        const candidate = pick(healthy, yield* Random.next)
        const result = yield* Effect.result(call(candidate))
        if (result._tag === "Success") {
          yield* succeed(candidate)
          return result.success
        }
        last = result.failure
        yield* fail(candidate, last)
        if (!isRetried(last)) break
        // A rate limit with nobody left is not retried.
        if (last.reason._tag === "RateLimited" && left(yield* Clock.currentTimeMillis).length === 0) break
        if (tried < retries) yield* wait(last, tried)
      }
      return yield* Effect.fail(last!)
    })
  )
}

/**
 * @since 0.1.0
 * @category contenders
 */
export const simpleShuffle: Contender = {
  description: "LiteLLM's simple-shuffle: at random by weight, 5 s of cooldown, 2 retries",
  make: ({ candidates }) => Effect.sync(() => make(candidates))
}
