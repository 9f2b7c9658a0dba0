/**
 * Events that hold each other: each has the hash of the one before, so that none can be changed, taken out or put in
 * between without all after it being changed too.
 *
 * Whoever can rewrite all of them can make a new chain. That is seen by a head which was kept elsewhere.
 *
 * @since 0.1.0
 */
import { Effect, Option, Stream } from "effect"
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
 * Looks through events as they come, the oldest first; `head`, where it is given, is the hash that the last must have,
 * and `before` what stands before the first, which by default may be anything.
 *
 * @since 0.1.0
 * @category predicates
 */
export const verifyStream = Effect.fnUntraced(function*<E, R>(
  digest: Digest.Digest["Service"],
  events: Stream.Stream<Link, E, R>,
  options: { readonly head?: string | undefined; readonly before?: Link | undefined } = {}
): Effect.fn.Return<Verified, E, R> {
  let { before } = options
  const isBroken = (event: Link) => {
    const follows = before === undefined || (event.previous === before.hash && event.sequence === before.sequence + 1)
    before = event
    return follows ? Effect.map(hashOf(digest, event), (hash) => event.hash !== hash) : Effect.succeed(true)
  }
  const broken = yield* Stream.runHead(Stream.filterEffect(events, isBroken))
  if (Option.isSome(broken)) return { isIntact: false, brokenAt: broken.value.sequence }
  if (options.head === undefined || (before?.hash ?? "") === options.head) return { isIntact: true }
  return { isIntact: false, brokenAt: (before?.sequence ?? -1) + 1 }
})

/**
 * Looks through events, the oldest first; `head`, where it is given, is the hash that the last must have.
 *
 * @since 0.1.0
 * @category predicates
 */
export const verify = (
  digest: Digest.Digest["Service"],
  events: ReadonlyArray<Link>,
  head?: string
): Effect.Effect<Verified> => verifyStream(digest, Stream.fromIterable(events), { head })
