/**
 * Events that hold each other: each has the hash of the one before, so that none can be changed, taken out or put in
 * between without all after it being changed too.
 *
 * Whoever can rewrite all of them can make a new chain. That is seen by a head which was kept elsewhere.
 *
 * @since 0.1.0
 */
import { Effect } from "effect"
import { Digest } from "effect/crypto"
import * as Key from "../cache/Key.ts"

/**
 * What a chain has of each event.
 *
 * @since 0.1.0
 * @category models
 */
export interface Link {
  readonly sequence: number
  readonly previous?: string
  readonly hash?: string
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Verified {
  readonly isIntact: boolean
  /** The sequence of the first event that is not as it was recorded. */
  readonly brokenAt?: number | undefined
}

const encoder = new TextEncoder()

const hashOf = (digest: Digest.Digest["Service"], link: Link): Effect.Effect<string> =>
  digest.digestHex(Digest.sha256, encoder.encode(Key.canonical({ ...link, hash: undefined })))

/**
 * The event with the hash of the one before and its own.
 *
 * @since 0.1.0
 * @category constructors
 */
export const link = <A extends Link>(
  digest: Digest.Digest["Service"],
  previous: string,
  event: A
): Effect.Effect<A & { readonly previous: string; readonly hash: string }> => {
  const linked = { ...event, previous }
  return Effect.map(hashOf(digest, linked), (hash) => ({ ...linked, hash }))
}

/**
 * Looks through events, the oldest first; `head`, where it is given, is the hash that the last must have.
 *
 * @since 0.1.0
 * @category predicates
 */
export const verify = Effect.fnUntraced(function*(
  digest: Digest.Digest["Service"],
  events: ReadonlyArray<Link>,
  head?: string
): Effect.fn.Return<Verified> {
  let before: Link | undefined
  for (const event of events) {
    const follows = before === undefined || (event.previous === before.hash && event.sequence === before.sequence + 1)
    if (!follows || event.hash !== (yield* hashOf(digest, event))) {
      return { isIntact: false, brokenAt: event.sequence }
    }
    before = event
  }
  if (head === undefined || (before?.hash ?? "") === head) return { isIntact: true }
  return { isIntact: false, brokenAt: (before?.sequence ?? -1) + 1 }
})
