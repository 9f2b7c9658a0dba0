/**
 * Who changed what: an append-only record of every change of configuration, keys, principals and grants, and of every
 * such change that was refused, many of a kind as one.
 *
 * @since 0.1.0
 */
import { Clock, Context, Effect, Layer, PubSub, Schema, Semaphore, Stream } from "effect"
import { SecureRandom } from "effect/crypto"
import { ConfigError } from "../config/ConfigError.ts"
import * as Chain from "./Chain.ts"
import { Change } from "./Changes.ts"
import { CurrentPrincipal } from "./CurrentPrincipal.ts"
import * as Hashing from "./Hashing.ts"
import { StoreUnavailable } from "./AccessError.ts"

/**
 * What happened, as it is told; who did it is found in `CurrentPrincipal`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Entry {
  /** As in `principal.create`. */
  readonly action: string
  /** As in `principal:prn_…`. */
  readonly subject: string
  readonly outcome: "done" | "refused"
  /** Why it was refused. */
  readonly reason?: string | undefined
  /** Of a refusal that stands for several, how many, as `times`. */
  readonly changes?: ReadonlyArray<Change> | undefined
  /** The principals the subject belongs to, the root's id first, so that each sees what is below it and no more. */
  readonly lineage?: ReadonlyArray<string> | undefined
}

/**
 * What happened, as it is kept.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Event = Schema.Struct({
  id: Schema.String,
  /** One more with each event, from 0 on. */
  sequence: Schema.Int,
  /** Epoch milliseconds. */
  at: Schema.Int,
  /** The principal's id, absent where nobody was named. */
  actor: Schema.optionalKey(Schema.String),
  /** The id of the key the actor came with. */
  key: Schema.optionalKey(Schema.String),
  requestId: Schema.optionalKey(Schema.String),
  action: Schema.String,
  subject: Schema.String,
  outcome: Schema.Literals(["done", "refused"]),
  reason: Schema.optionalKey(Schema.String),
  changes: Schema.optionalKey(Schema.Array(Change)),
  lineage: Schema.optionalKey(Schema.Array(Schema.String)),
  /** The hash of the event before, of the first an empty text; absent where events are not chained. */
  previous: Schema.optionalKey(Schema.String),
  /** SHA-256 of all of the above in hexadecimal. */
  hash: Schema.optionalKey(Schema.String)
}).annotate({ identifier: "AuditEvent" })

/**
 * @since 0.1.0
 * @category models
 */
export type Event = typeof Event.Type

/**
 * All that is given must hold.
 *
 * @since 0.1.0
 * @category models
 */
export interface Query {
  readonly actor?: string | undefined
  readonly action?: string | undefined
  readonly subject?: string | undefined
  readonly outcome?: Entry["outcome"] | undefined
  /** Only what belongs to this principal or one below it. */
  readonly within?: string | undefined
  /** Epoch milliseconds, included. */
  readonly since?: number | undefined
  /** Epoch milliseconds, not included. */
  readonly until?: number | undefined
  /** Default 100. */
  readonly limit?: number | undefined
}

/**
 * `recorded` since it was made, `dropped` of them no longer kept.
 *
 * @since 0.1.0
 * @category models
 */
export interface Figures {
  readonly recorded: number
  readonly dropped: number
}

/**
 * @since 0.1.0
 * @category services
 */
export class Audit extends Context.Service<Audit, {
  readonly record: (entry: Entry) => Effect.Effect<Event, StoreUnavailable>
  /** Events from now on; a reader that falls far behind misses some, seen by their `sequence`. */
  readonly events: Stream.Stream<Event>
  /** The newest first. */
  readonly recent: (query?: Query) => Effect.Effect<ReadonlyArray<Event>, StoreUnavailable>
  readonly figures: Effect.Effect<Figures>
  /**
   * The hash of the newest event, empty before the first or where events are not chained. Kept elsewhere, it proves
   * later that nothing was taken from the end.
   */
  readonly head: Effect.Effect<string, StoreUnavailable>
  /** Whether what is kept is as it was recorded; `brokenAt` is the `sequence` of the first event that is not. */
  readonly verify: Effect.Effect<Chain.Verified, StoreUnavailable>
}>()("llmdispatcher/access/Audit") {}

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Events kept, the oldest leaving first; a whole number above 0. Default 10,000. */
  readonly capacity?: number | undefined
  /** Whether each event has the hash of the one before. Default true. */
  readonly chained?: boolean | undefined
}

/**
 * How many events a slow reader of the stream may be behind.
 *
 * @since 0.1.0
 * @category constants
 */
export const backlog = 1_024

/**
 * The most that `recent` gives where nothing is said.
 *
 * @since 0.1.0
 * @category constants
 */
export const usualLimit = 100

/** A name or an id of ours is no longer; what was refused may be of any length. */
const longestText = 256

/** As every database keeps it, or the hash would be of something else than what is kept. */
const text = (text: string): string => text.slice(0, longestText).replaceAll("\0", "\ufffd").toWellFormed()

/**
 * What becomes of an entry, before it is linked: who did it is taken from `CurrentPrincipal`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const eventOf = Effect.fnUntraced(function*(
  random: SecureRandom.SecureRandom["Service"],
  entry: Entry,
  sequence: number
): Effect.fn.Return<Event> {
  const caller = yield* CurrentPrincipal
  return {
    id: `evt_${yield* random.uuidV7()}`,
    sequence,
    at: yield* Clock.currentTimeMillis,
    ...(caller && { actor: text(caller.id) }),
    ...(caller?.key !== undefined && { key: text(caller.key) }),
    ...(caller?.requestId !== undefined && { requestId: text(caller.requestId) }),
    action: text(entry.action),
    subject: text(entry.subject),
    outcome: entry.outcome,
    ...(entry.reason !== undefined && { reason: text(entry.reason) }),
    ...(entry.changes !== undefined && { changes: entry.changes }),
    ...(entry.lineage !== undefined && { lineage: entry.lineage })
  }
})

const isWanted = (query: Query) => (event: Event): boolean =>
  (query.actor === undefined || event.actor === query.actor) &&
  (query.action === undefined || event.action === query.action) &&
  (query.subject === undefined || event.subject === query.subject) &&
  (query.outcome === undefined || event.outcome === query.outcome) &&
  (query.within === undefined || (event.lineage?.includes(query.within) ?? false)) &&
  event.at >= (query.since ?? -Infinity) && event.at < (query.until ?? Infinity)

/**
 * An audit in memory: it ends with the process.
 *
 * Fails with `ConfigError` for a capacity out of range.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeMemory = Effect.fnUntraced(function*(
  options: Options = {}
): Effect.fn.Return<Audit["Service"], ConfigError> {
  const { capacity = 10_000, chained = true } = options
  if (!Number.isInteger(capacity) || capacity < 1) {
    return yield* new ConfigError({ path: "audit.capacity", description: "must be a whole number above 0" })
  }
  const digest = yield* Hashing.digest
  const random = yield* Effect.provide(SecureRandom.SecureRandom, SecureRandom.layerWebCrypto)
  const subscribers = yield* PubSub.sliding<Event>(backlog)
  const turn = Semaphore.makeUnsafe(1)
  /** The event of a sequence stands at its remainder. */
  const ring: Array<Event> = []
  let next = 0
  let head = ""

  const kept = () => Array.from({ length: Math.min(next, capacity) }, (_, age) => ring[(next - 1 - age) % capacity]!)

  const append = Effect.fnUntraced(function*(entry: Entry) {
    const event = yield* eventOf(random, entry, next)
    const link = chained ? yield* Chain.link(digest, head, event) : event
    ring[next % capacity] = link
    next += 1
    head = link.hash ?? ""
    yield* PubSub.publish(subscribers, link)
    return link
  })

  return Audit.of({
    // One after the other, for each has the hash of the one before; and whole, or a sequence would be missing.
    record: (entry) => turn.withPermit(Effect.uninterruptible(append(entry))),
    events: Stream.fromPubSub(subscribers),
    recent: (query = {}) =>
      Effect.sync(() => kept().filter(isWanted(query)).slice(0, Math.max(0, query.limit ?? usualLimit))),
    figures: Effect.sync(() => ({ recorded: next, dropped: Math.max(0, next - capacity) })),
    head: Effect.sync(() => head),
    verify: Effect.suspend(() =>
      chained ? Chain.verify(digest, kept().toReversed(), head) : Effect.succeed({ isIntact: true })
    )
  })
})

/**
 * @since 0.1.0
 * @category layers
 */
export const layerMemory = (options?: Options): Layer.Layer<Audit, ConfigError> =>
  Layer.effect(Audit, makeMemory(options))
