/**
 * What is known of one key: whether it may be used, for which models, and when it may be tried again.
 *
 * @since 0.1.0
 */
import { Duration } from "effect"
import type { AttemptError } from "../VendorError.ts"

/**
 * `coolingDown` after a rate limit, `rejected` by the vendor, `exhausted` where its quota or credit is.
 *
 * @since 0.1.0
 * @category models
 */
export type State = "usable" | "coolingDown" | "rejected" | "exhausted"

/**
 * @since 0.1.0
 * @category models
 */
export interface Block {
  readonly state: Exclude<State, "usable">
  /** Epoch milliseconds: of a key that cools down the end, of any other when it is tried once more. */
  readonly until: number
  readonly error: AttemptError
  /** Epoch milliseconds. */
  readonly since: number
}

/**
 * How long keys are left alone.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** For a rate limit that tells no time. Default 5 s (LiteLLM's). */
  readonly rateLimit?: Duration.Input | undefined
  /** For a key that was rejected or has no quota left, unless it is told. Default 5 min. */
  readonly recheck?: Duration.Input | undefined
  /** The longest that a vendor's own time is believed. Default 1 day. */
  readonly most?: Duration.Input | undefined
}

/**
 * Whether a key may be used: freely, once to see whether it is good again, or not.
 *
 * @since 0.1.0
 * @category models
 */
export type Access = "open" | "due" | "shut"

/**
 * One key's ledger. A wrong key and an exhausted quota concern every model, a rate limit and a missing permission the
 * model that was asked for: one model that a key may not use leaves it good for the others.
 *
 * @since 0.1.0
 * @category models
 */
export interface Ledger {
  readonly access: (model: string, now: number) => Access
  /** Whether a failure concerns the key, and not the request or the vendor; if so it is kept. */
  readonly note: (model: string, error: AttemptError, now: number) => boolean
  /** Keeps others away while one call sees whether the key is good again. */
  readonly probe: (model: string) => void
  /** The probe is over; `isGood` where the vendor took the key. Tells whether that changed anything. */
  readonly probed: (model: string, isGood: boolean) => boolean
  /** As if nothing had ever failed. Tells whether that changed anything. */
  readonly reset: () => boolean
  /** What stands against the key for this model. */
  readonly blocks: (model: string) => ReadonlyArray<Block>
  /** What stands against the key at all, with the model it concerns. */
  readonly all: (now: number) => ReadonlyArray<Block & { readonly model?: string | undefined }>
}

/** The place of what concerns every model; no model has an empty name. */
const whole = ""

/** Callers choose the names of models, so those that are kept have to be bounded. */
const mostModels = 256

const isOver = (block: Block, now: number) => block.state === "coolingDown" && block.until <= now

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = (options?: Options): Ledger => {
  const rateLimit = Duration.toMillis(Duration.fromInputUnsafe(options?.rateLimit ?? "5 seconds"))
  const recheck = Duration.toMillis(Duration.fromInputUnsafe(options?.recheck ?? "5 minutes"))
  const most = Duration.toMillis(Duration.fromInputUnsafe(options?.most ?? "1 day"))
  const blocked = new Map<string, Block>()
  const probing = new Set<string>()

  /** Whatever is due anyway, else what stands there longest. */
  const forget = (now: number) => {
    for (const [place, { until }] of blocked) if (place !== whole && until <= now) blocked.delete(place)
    for (const place of blocked.keys()) {
      if (blocked.size < mostModels) return
      if (place !== whole) blocked.delete(place)
    }
  }

  const keep = (place: string, state: Block["state"], error: AttemptError, now: number, wait: number) => {
    const told = error._tag === "RetryableError" && error.retryAfter !== undefined
      ? Math.min(Duration.toMillis(error.retryAfter), most)
      : wait
    const until = Math.max(now + told, blocked.get(place)?.until ?? 0)
    blocked.delete(place)
    if (blocked.size >= mostModels) forget(now)
    blocked.set(place, { state, until, error, since: now })
    return true
  }

  const places = (model: string) => model === whole ? [whole] : [whole, model]

  return {
    access: (model, now) => {
      if (blocked.size === 0) return "open"
      let access: Access = "open"
      for (const place of places(model)) {
        const block = blocked.get(place)
        if (block === undefined) continue
        if (isOver(block, now)) blocked.delete(place)
        else if (block.until > now || probing.has(place)) return "shut"
        else access = "due"
      }
      return access
    },
    note: (model, error, now) => {
      switch (error.reason._tag) {
        case "RateLimited":
          return keep(model, "coolingDown", error, now, rateLimit)
        case "PermissionDenied":
          return keep(model, "rejected", error, now, recheck)
        case "Unauthenticated":
          return keep(whole, "rejected", error, now, recheck)
        case "QuotaExhausted":
          return keep(whole, "exhausted", error, now, recheck)
        default:
          return false
      }
    },
    probe: (model) => {
      for (const place of places(model)) if (blocked.has(place)) probing.add(place)
    },
    probed: (model, isGood) => {
      let changed = false
      for (const place of places(model)) {
        if (probing.delete(place) && isGood) changed = blocked.delete(place) || changed
      }
      return changed
    },
    reset: () => {
      const changed = blocked.size > 0
      blocked.clear()
      probing.clear()
      return changed
    },
    blocks: (model) => places(model).flatMap((place) => blocked.get(place) ?? []),
    all: (now) =>
      Array.from(blocked).flatMap(([place, block]) =>
        isOver(block, now) ? [] : [{ ...block, ...(place === whole ? undefined : { model: place }) }]
      )
  }
}
