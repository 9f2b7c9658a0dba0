/**
 * Leaves a target alone until it said it would have capacity again, and a vendor whose key is no good until it may be.
 *
 * @since 0.1.0
 */
import { Clock, Duration, Effect } from "effect"
import type { AttemptObserver, Call, Candidate, Handler } from "../Policy.ts"
import {
  type AttemptError,
  disposition,
  ofExit,
  type Retryable,
  retryable,
  type Skipped,
  type VendorError
} from "../VendorError.ts"
import type { Vendor } from "../Vendor.ts"
import * as Attempt from "./Attempt.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** For a rate limit that tells no time. Default 5 s (LiteLLM's). */
  readonly rateLimit?: Duration.Input | undefined
  /** For a quota that tells no time, and a key that is not accepted. Default 5 min. */
  readonly disabled?: Duration.Input | undefined
  /** The longest that a vendor's own time is believed. Default 1 day. */
  readonly most?: Duration.Input | undefined
  /** The longest that the last candidate is waited for. Default 10 s; never past the deadline. */
  readonly patience?: Duration.Input | undefined
}

/**
 * `check` stands around a target's retries and passes over one that cools down; `recheck` stands around each attempt, and
 * hears before a retry whether others were refused meanwhile; `observer` hears what came of each attempt.
 *
 * @since 0.1.0
 * @category models
 */
export interface Cooldown {
  readonly check: <A>(next: Handler<A, AttemptError | Skipped>) => Handler<A, AttemptError | Skipped>
  readonly recheck: <A>(next: Handler<A, AttemptError | Skipped>) => Handler<A, AttemptError | Skipped>
  readonly observer: AttemptObserver
  /** The epoch milliseconds until which the candidate's vendor or target is left alone. */
  readonly until: (candidate: Candidate) => number | undefined
  /** Forgets that the vendor's key or quota was no good. */
  readonly readmit: (vendor: Vendor) => void
}

/** The key of what holds for all of a vendor's targets; no target has it. */
const whole = ""

/** Until when, and for which dispatch's refusal: that one has waits of its own. */
interface Entry {
  readonly until: number
  readonly by: string
}

/**
 * Two ledgers: capacity is a target's, so that a rate limit on one model leaves the vendor's others alone; a key and its
 * quota are the whole vendor's. Both are of the vendor's instance: another under its name may have another key.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options?: Options): Cooldown => {
  const rateLimit = Duration.toMillis(Duration.fromInputUnsafe(options?.rateLimit ?? "5 seconds"))
  const disabled = Duration.toMillis(Duration.fromInputUnsafe(options?.disabled ?? "5 minutes"))
  const most = Duration.toMillis(Duration.fromInputUnsafe(options?.most ?? "1 day"))
  const patience = Duration.toMillis(Duration.fromInputUnsafe(options?.patience ?? "10 seconds"))
  const ledgers = new WeakMap<Vendor, Map<string, Entry>>()

  const hear = ({ candidate: { target, vendor }, id: by }: Call, error: VendorError, now: number) => {
    const keep = (key: string, until: number) => {
      const ledger = ledgers.get(vendor) ?? new Map<string, Entry>()
      ledgers.set(vendor, ledger)
      if (until > (ledger.get(key)?.until ?? 0)) ledger.set(key, { until, by })
    }
    const told = error._tag === "RetryableError" && error.retryAfter !== undefined
      ? Math.min(Duration.toMillis(error.retryAfter), most)
      : undefined
    if (disposition(error).action === "disable") return keep(whole, now + (told ?? disabled))
    if (error.reason._tag === "RateLimited") return keep(target.id, now + (told ?? rateLimit))
    // Any other failure that names a time means it.
    if (told !== undefined) keep(target.id, now + told)
  }

  const leftOf = (ledger: Map<string, Entry>, { candidate }: Call, now: number, except?: string): number => {
    let left = 0
    for (const key of [whole, candidate.target.id]) {
      const entry = ledger.get(key)
      if (entry === undefined) continue
      if (entry.until <= now) ledger.delete(key)
      else if (entry.by !== except) left = Math.max(left, entry.until - now)
    }
    return left
  }

  const coolingDown = (left: number): Retryable<"CoolingDown"> =>
    retryable({ _tag: "CoolingDown" }, { retryAfter: Duration.millis(left) })

  /** Whoever comes last has nowhere else to go, and waits where that is short; then looks again. */
  const guarded = <A>(
    next: Handler<A, AttemptError | Skipped>,
    except: (call: Call) => string | undefined
  ): Handler<A, AttemptError | Skipped> => {
    const guard: Handler<A, AttemptError | Skipped> = (call) =>
      Effect.suspend(() => {
        const ledger = ledgers.get(call.candidate.vendor)
        if (ledger === undefined || ledger.size === 0) return next(call)
        return Effect.flatMap(Clock.currentTimeMillis, (now) => {
          const left = leftOf(ledger, call, now, except(call))
          if (left === 0) return next(call)
          return call.untried === 0 && left <= patience && now + left < call.deadline
            ? Effect.flatMap(Effect.sleep(left), () => guard(call))
            : Attempt.skip(call, coolingDown(left))
        })
      })
    return guard
  }

  return {
    readmit: (vendor) => {
      ledgers.get(vendor)?.delete(whole)
    },
    until: ({ target, vendor }) => {
      const ledger = ledgers.get(vendor)
      const until = Math.max(ledger?.get(whole)?.until ?? 0, ledger?.get(target.id)?.until ?? 0)
      return until === 0 ? undefined : until
    },
    check: (next) => guarded(next, () => undefined),
    recheck: (next) => guarded(next, ({ id }) => id),
    observer: {
      ended: ({ call, isAnswered }, exit, now) => {
        // What breaks later says nothing of who may ask.
        const error = isAnswered ? undefined : ofExit(exit)
        if (error !== undefined) hear(call, error, now)
      }
    }
  }
}
