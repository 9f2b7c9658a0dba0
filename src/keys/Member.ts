/**
 * A key at work: its vendor, the Scope in which that lives, and what runs on it.
 *
 * @since 0.1.0
 */
import { Deferred, type Duration, Effect, Exit, Latch, Scope } from "effect"
import type { Vendor } from "../Vendor.ts"
import { type AttemptError, retryable } from "../VendorError.ts"
import type { Key } from "./Key.ts"
import * as Ledger from "./Ledger.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface Member {
  readonly id: string
  readonly fingerprint: string
  weight: number
  readonly vendor: Vendor
  readonly ledger: Ledger.Ledger
  inFlight: number
  calls: number
  failures: number
  /** What it is owed by the turns it was passed over in; see `Balance`. */
  owed: number
  /** Counts a call that begins; before anything that can be interrupted. */
  readonly enter: () => void
  readonly leave: Effect.Effect<void>
  /** The Scopes of the streams under way. */
  readonly streams: Set<Scope.Closeable>
  /** The time to end is over. */
  isOver: boolean
  /** Fails once the time to end is over. */
  readonly cut: Effect.Effect<never, AttemptError>
  /** Waits for the calls that have begun, ends those that take too long, then ends the vendor. */
  readonly end: Effect.Effect<void>
}

/**
 * The failure of a call that outlived its key.
 *
 * @since 0.1.0
 * @category constants
 */
export const replaced: AttemptError = retryable({
  _tag: "StreamInterrupted",
  description: "its key was replaced, and the time to end is over"
})

/**
 * Builds the vendor of a key in a Scope of its own; where that fails, nothing of it is left.
 *
 * Runs without interruption but for what `build` itself lets be interrupted.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fnUntraced(function*<E, R>(
  { fingerprint, id, key, weight }: Key,
  build: (key: Key["key"]) => Effect.Effect<Vendor, E, R>,
  options: { readonly drain: Duration.Duration; readonly ledger: Ledger.Options }
): Effect.fn.Return<Member, E, Exclude<R, Scope.Scope>> {
  const scope = yield* Scope.make()
  const vendor = yield* Effect.suspend(() => build(key)).pipe(
    Scope.provide(scope),
    Effect.onError((cause) => Scope.close(scope, Exit.failCause(cause)))
  )
  const idle = Latch.makeUnsafe(true)
  const late = Deferred.makeUnsafe<never, AttemptError>()
  const member: Member = {
    id,
    fingerprint,
    weight,
    vendor,
    ledger: Ledger.make(options.ledger),
    inFlight: 0,
    calls: 0,
    failures: 0,
    owed: 0,
    enter: () => {
      member.inFlight += 1
      member.calls += 1
      idle.closeUnsafe()
    },
    leave: Effect.sync(() => {
      member.inFlight -= 1
      if (member.inFlight === 0) idle.openUnsafe()
    }),
    streams: new Set(),
    isOver: false,
    cut: Deferred.await(late),
    end: Effect.uninterruptible(Effect.gen(function*() {
      yield* Effect.timeoutOption(idle.await, options.drain)
      member.isOver = true
      yield* Deferred.fail(late, replaced)
      yield* Effect.forEach(Array.from(member.streams), (stream) => Scope.close(stream, Exit.fail(replaced)), {
        discard: true
      })
      yield* Scope.close(scope, Exit.void)
    }))
  }
  return member
}, Effect.uninterruptible)
