/**
 * Keeps within a vendor's rate limits: those it is configured with, and those the vendor tells with its answers.
 *
 * @since 0.1.0
 */
import { Clock, Duration, Effect, Scope } from "effect"
import type { ConfigError } from "../config/ConfigError.ts"
import type { Call, Policy } from "../Policy.ts"
import type { Request } from "../Request.ts"
import { type AttemptError, retryable, type Skipped } from "../VendorError.ts"
import * as Allowance from "./Allowance.ts"
import * as Attempt from "./Attempt.ts"
import * as Estimate from "./Estimate.ts"
import * as Keyed from "../Keyed.ts"
import * as LearnedLimits from "./LearnedLimits.ts"

/**
 * What may be asked in a minute; at least 1, left out any number.
 *
 * @since 0.1.0
 * @category models
 */
export interface Limit {
  readonly requestsPerMinute?: number | undefined
  /** Input and output together. */
  readonly tokensPerMinute?: number | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** By a target's id, `vendor/model`. */
  readonly targets?: Readonly<Record<string, Limit>> | undefined
  /** By a vendor's name, for all of its targets together. */
  readonly vendors?: Readonly<Record<string, Limit>> | undefined
  /** Whether to hear what vendors tell of their limits. Default true. */
  readonly learn?: boolean | undefined
  /** The longest wait where no other candidate is left. Default 10 s; never past half of the time left. */
  readonly patience?: Duration.Input | undefined
  /** What a request takes. Default four characters a token, and what it allows the answer, 1,000 where nothing. */
  readonly estimate?: ((request: Request) => Estimate.Tokens) | undefined
}

/** The limits as they are asked of the store, without amounts. */
type Configured = ReadonlyArray<Omit<Allowance.Want, "amount">>

const configure = Effect.fnUntraced(function*(
  group: "targets" | "vendors",
  limits: Readonly<Record<string, Limit>> = {}
): Effect.fn.Return<ReadonlyMap<string, Configured>, ConfigError> {
  const all = new Map<string, Configured>()
  for (const [name, { requestsPerMinute, tokensPerMinute }] of Object.entries(limits)) {
    const configured: Array<Configured[number]> = []
    for (const [unit, limit] of [["requests", requestsPerMinute], ["tokens", tokensPerMinute]] as const) {
      if (limit === undefined) continue
      const rate = yield* Allowance.check(`rateLimit.${group}.${name}.${unit}PerMinute`, { limit })
      configured.push({ key: `llmdispatcher/${group}/${unit}/${name}`, unit, rate })
    }
    all.set(name, configured)
  }
  return all
})

/**
 * Passes over a target whose limit is reached: `Busy` for a limit of the configuration, `CoolingDown` for one of the
 * vendor's own, each with the time after which there is room. Where it is the last candidate and the wait is short, it
 * waits, and whoever waited first goes first.
 *
 * After a `RateLimited` that names a time nothing is asked before it. Configured limits stand in the `RateLimiterStore`
 * of the context, where there is one, so that several processes share them; tokens are taken as estimated and corrected
 * when the answer tells what it took.
 *
 * Fails with `ConfigError` for a limit below 1.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fnUntraced(function*(
  options: Options = {}
): Effect.fn.Return<Policy<AttemptError | Skipped, AttemptError | Skipped>, ConfigError> {
  const { estimate = Estimate.tokens, learn = true } = options
  const patience = Duration.toMillis(Duration.fromInputUnsafe(options.patience ?? "10 seconds"))
  const targets = yield* configure("targets", options.targets)
  const vendors = yield* configure("vendors", options.vendors)
  const allowance = yield* Allowance.make
  const learned = Keyed.make({ make: LearnedLimits.make, isIdle: LearnedLimits.isIdle })

  const configuredOf = ({ target, vendor }: Call["candidate"]): Configured => {
    const own = targets.get(target.id) ?? none
    const shared = vendors.get(vendor.name) ?? none
    return shared.length === 0 ? own : [...own, ...shared]
  }

  /** The longest that may be waited: nobody waits who can go elsewhere. */
  const longestOf = (call: Call, now: number) => call.untried > 0 ? 0 : Math.min(patience, (call.deadline - now) / 2)

  const coolingDown = (wait: number) =>
    retryable({ _tag: "CoolingDown", description: "its own rate limit is reached" }, {
      retryAfter: Duration.millis(wait)
    })

  const busy = ({ short, wait }: Allowance.Taken) =>
    retryable({ _tag: "Busy", description: `at most ${Allowance.describe(short!)}` }, {
      retryAfter: Duration.millis(wait)
    })

  /** Takes what is wanted of the configured limits, and tells how long to wait before it may be used. */
  const take = (call: Call, wants: ReadonlyArray<Allowance.Want>, longest: number): Effect.Effect<number, Skipped> =>
    wants.length === 0
      ? Effect.succeed(0)
      : Effect.flatMap(longest > 0 ? allowance.reserve(wants) : allowance.take(wants), (taken) =>
        taken.wait <= longest
          ? Effect.succeed(taken.wait)
          : Effect.andThen(
            longest > 0 ? allowance.giveBack(wants) : Effect.void,
            Attempt.skip(call, busy(taken))
          ))

  return (next) =>
    Effect.fnUntraced(function*(call) {
      const { candidate, journal, observed, request, scope } = call
      const now = yield* Clock.currentTimeMillis
      const tokens = estimate(request)
      const amounts = LearnedLimits.amounts(tokens)
      const limits = learn ? learned.of(candidate.target.id, now) : LearnedLimits.make()
      const longest = longestOf(call, now)
      const told = LearnedLimits.wait(limits, amounts, now)
      if (told > longest) return yield* Attempt.skip(call, coolingDown(told))
      const wants = configuredOf(candidate).map((want) => ({ ...want, amount: amountOf(want, tokens) }))
      // In the same step as the look at what is left, or two could take the same.
      LearnedLimits.ask(limits, amounts, now)
      const mark = { ...limits.asked }
      const takeBack = Effect.map(Clock.currentTimeMillis, (now) => LearnedLimits.ask(limits, amounts, now, -1))
      const wait = Math.max(told, yield* Effect.onError(take(call, wants, longest), () => takeBack))
      const giveBack = Effect.andThen(takeBack, allowance.giveBack(wants))

      if (wait > 0) yield* Effect.onInterrupt(Effect.sleep(wait), () => giveBack)
      const later = yield* Clock.currentTimeMillis
      if (limits.blockedUntil > later) {
        // Refused to another while this one waited.
        yield* giveBack
        return yield* Attempt.skip(call, coolingDown(limits.blockedUntil - later))
      }

      const usages = journal.usages.length
      let answered = false
      const tokenWants = wants.filter(({ unit }) => unit === "tokens")
      if (tokenWants.length > 0) {
        // Before the call, so that it runs after the attempt has told what it took.
        yield* Scope.addFinalizer(
          scope,
          Effect.suspend(() => {
            const usage = journal.usages.slice(usages).find(({ target }) => target === candidate.target)?.usage
            const took = usage && totalOf(usage)
            return answered && took !== undefined
              ? Effect.forEach(tokenWants, (want) => allowance.correct(want, took), { discard: true })
              : Effect.void
          })
        )
      }

      return yield* next(call).pipe(
        Effect.tap(() =>
          Effect.map(Clock.currentTimeMillis, (now) => {
            answered = true
            const { limits: told } = observed
            if (told !== undefined) LearnedLimits.hear(limits, told, mark, now)
          })
        ),
        Effect.tapError((error) =>
          Effect.map(Clock.currentTimeMillis, (now) => {
            if (error.reason._tag !== "RateLimited" || error._tag !== "RetryableError") return
            const until = now + (error.retryAfter === undefined ? 0 : Duration.toMillis(error.retryAfter))
            limits.blockedUntil = Math.max(limits.blockedUntil, until)
          })
        )
      )
    })
})

const none: Configured = []

const amountOf = ({ unit }: { readonly unit: string }, { input, output }: Estimate.Tokens): number =>
  unit === "requests" ? 1 : input + output

const totalOf = (
  { inputTokens, outputTokens }: Call["journal"]["usages"][number]["usage"]
): number | undefined =>
  inputTokens.total === undefined || outputTokens.total === undefined
    ? undefined
    : inputTokens.total + outputTokens.total
