/**
 * What was refused, put into the audit, and no more often than it is worth: who asks in a loop for what it may not have
 * must not fill a disk with it.
 *
 * @since 0.1.0
 */
import { Clock, Effect } from "effect"
import type { StoreUnavailable } from "./AccessError.ts"
import type { Audit, Entry } from "./Audit.ts"
import { CurrentPrincipal } from "./CurrentPrincipal.ts"

/** Of one kind, by one principal: so many are told one by one, then when there are twice as many again and again. */
const each = 20

/** In milliseconds; then they are told one by one again. */
const span = 10 * 60_000

/** Kinds that are counted; each principal has a few dozen at most. */
const most = 10_000

interface Count {
  readonly since: number
  count: number
  /** How many the audit knows of. */
  told: number
}

const isTold = (count: number): boolean => count <= each || Number.isInteger(Math.log2(count / each))

const counter = () => {
  /** The oldest first. */
  const counts = new Map<string, Count>()
  const begin = (key: string, now: number): void => {
    counts.delete(key)
    for (const [old, { since }] of counts) {
      if (counts.size < most && now - since < span) break
      counts.delete(old)
    }
    counts.set(key, { since: now, count: 1, told: 1 })
  }
  /** How many are to be told, since the last time; 0 for none yet. */
  return (key: string, now: number): number => {
    const known = counts.get(key)
    if (known === undefined || now - known.since >= span) {
      begin(key, now)
      return 1 + (known === undefined ? 0 : known.count - known.told)
    }
    known.count += 1
    if (!isTold(known.count)) return 0
    const times = known.count - known.told
    known.told = known.count
    return times
  }
}

/**
 * Records what an effect was refused for, and fails with that; what stands above whoever acts sees it.
 *
 * Of the same refusal of the same principal the first 20 in ten minutes are recorded one by one, then the 40th, the
 * 80th and so on: an event that stands for several has their number as its change `times`. A store that is away refused
 * nothing: such a failure passes unrecorded.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  audit: Pick<Audit["Service"], "record">,
  lineageOf: (id: string) => Effect.Effect<ReadonlyArray<string>, StoreUnavailable>
) => {
  const count = counter()
  return (entry: Pick<Entry, "action" | "subject">) =>
  <A, E extends { readonly _tag: string }, R>(
    effect: Effect.Effect<A, E, R>
  ): Effect.Effect<A, E | StoreUnavailable, R> =>
    Effect.catch(effect, (error) => {
      if (error._tag === "StoreUnavailable") return Effect.fail(error)
      return Effect.gen(function*() {
        const caller = yield* CurrentPrincipal
        const { _tag: reason } = error
        const times = count(`${caller?.id ?? ""} ${entry.action} ${reason}`, yield* Clock.currentTimeMillis)
        if (times > 0) {
          const lineage = caller === undefined ? [] : yield* lineageOf(caller.id)
          const changes = times === 1 ? undefined : [{ path: "times", after: times }]
          yield* audit.record({ ...entry, outcome: "refused", reason, lineage, changes })
        }
        return yield* Effect.fail(error)
      })
    })
}
