/**
 * The audit in a database: nothing is ever taken out, and its chain goes on over restarts and processes.
 *
 * What is recorded while a change is made is part of the change's transaction, so there is both or neither.
 *
 * @since 0.1.0
 */
import { Array, Effect, Option, PubSub, Stream } from "effect"
import { SecureRandom } from "effect/crypto"
import type { Statement } from "effect/sql"
import type { StoreUnavailable } from "../AccessError.ts"
import * as Audit from "../Audit.ts"
import * as Chain from "../Chain.ts"
import * as Hashing from "../Hashing.ts"
import * as Rows from "./Rows.ts"
import * as Store from "./Store.ts"

const kept = "audit"

/** The most that `recent` gives. */
const largestLimit = 10_000

/** Events that `verify` looks at between two turns of the requests. */
const page = 200

const rowsOf = (limit: number): bigint => limit > 0 ? BigInt(Math.min(largestLimit, Math.floor(limit))) : 0n

/** What is no number is met by no time. */
const epoch = (millis: number, none: number): bigint =>
  BigInt(Math.ceil(Math.max(Number.MIN_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, isNaN(millis) ? none : millis))))

/**
 * Over a store. `recent` gives up to 10,000 events; `events` are those of this process; none is ever dropped.
 *
 * `verify` also sees what was taken from the beginning, and what this process recorded and is gone from the end.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fnUntraced(function*(store: Store.Store): Effect.fn.Return<Audit.Audit["Service"]> {
  const { sql } = store
  const digest = yield* Hashing.digest
  const random = yield* Effect.provide(SecureRandom.SecureRandom, SecureRandom.layerWebCrypto)
  const subscribers = yield* PubSub.sliding<Audit.Event>(Audit.backlog)
  let recorded = 0
  /** The last that was recorded here. */
  let own: Audit.Event | undefined

  const newest: Effect.Effect<Audit.Event | undefined, StoreUnavailable> =
    sql`SELECT * FROM llmdispatcher_audit ORDER BY sequence DESC LIMIT 1`.pipe(
      Effect.flatMap(Rows.event.decode),
      Effect.map(([event]) => event),
      Store.unavailable(kept)
    )

  const told = (event: Audit.Event) =>
    Effect.suspend(() => {
      recorded += 1
      if (own === undefined || event.sequence > own.sequence) own = event
      return Effect.asVoid(PubSub.publish(subscribers, event))
    })

  const append = Effect.fnUntraced(function*(entry: Audit.Entry): Effect.fn.Return<Audit.Event, StoreUnavailable> {
    const before = yield* newest
    const event = yield* Audit.eventOf(random, entry, before === undefined ? 0 : before.sequence + 1)
    const link: Audit.Event = yield* Chain.link(digest, before?.hash ?? "", event)
    yield* Store.unavailable(kept)(sql`INSERT INTO llmdispatcher_audit ${sql.insert(Rows.event.encode(link))}`)
    const lineage: ReadonlyArray<Rows.Row> = Array.dedupe(entry.lineage ?? []).map((principal) => ({
      principal,
      sequence: BigInt(link.sequence)
    }))
    if (Array.isReadonlyArrayNonEmpty(lineage)) {
      yield* Store.unavailable(kept)(sql`INSERT INTO llmdispatcher_audit_lineage ${sql.insert(lineage)}`)
    }
    yield* sql.afterCommit(told(link))
    return link
  })

  /** From what belongs to a principal there is a way to its events in their order, however few or many they are. */
  const source = ({ within }: Audit.Query): Statement.Fragment =>
    within === undefined
      ? sql`llmdispatcher_audit AS audit WHERE true`
      : sql`llmdispatcher_audit_lineage AS lineage CROSS JOIN llmdispatcher_audit AS audit
        WHERE lineage.principal = ${within} AND audit.sequence = lineage.sequence`

  const conditions = (
    { action, actor, outcome, since, subject, until }: Audit.Query
  ): ReadonlyArray<Statement.Fragment> => [
    ...actor === undefined ? [] : [sql`AND actor = ${actor}`],
    ...action === undefined ? [] : [sql`AND action = ${action}`],
    ...subject === undefined ? [] : [sql`AND subject = ${subject}`],
    ...outcome === undefined ? [] : [sql`AND outcome = ${outcome}`],
    ...since === undefined ? [] : [sql`AND at >= ${epoch(since, Infinity)}`],
    ...until === undefined ? [] : [sql`AND at < ${epoch(until, -Infinity)}`]
  ]

  const after = (sequence: number): Effect.Effect<ReadonlyArray<Audit.Event>, StoreUnavailable> =>
    sql`SELECT * FROM llmdispatcher_audit WHERE sequence > ${BigInt(sequence)}
      ORDER BY sequence LIMIT ${BigInt(page)}`.pipe(
      Effect.flatMap(Rows.event.decode),
      Effect.tap(Effect.yieldNow),
      Store.unavailable(kept)
    )

  const all = Stream.paginate(-1, (sequence: number) =>
    Effect.map(after(sequence), (events) =>
      [
        events,
        Option.map(Option.fromUndefinedOr(events.at(-1)), (last) => last.sequence)
      ] as const))

  const verify = Effect.gen(function*(): Effect.fn.Return<Chain.Verified, StoreUnavailable> {
    const last = own
    let length = 0
    let isThere = false
    const looked = Stream.tap(all, (event) =>
      Effect.sync(() => {
        length = event.sequence + 1
        isThere ||= event.sequence === last?.sequence && event.hash === last.hash
      }))
    const verified = yield* Chain.verifyStream(digest, looked, { before: { sequence: -1, hash: "" } })
    if (!verified.isIntact || last === undefined || isThere) return verified
    return { isIntact: false, brokenAt: Math.min(length, last.sequence) }
  })

  return Audit.Audit.of({
    record: (entry) =>
      Effect.withFiber((fiber) => store.isAtomic(fiber) ? append(entry) : store.atomically(kept)(append(entry))),
    events: Stream.fromPubSub(subscribers),
    recent: (query = {}) => {
      const order = query.within === undefined ? sql`audit.sequence` : sql`lineage.sequence`
      const statement = sql.join(" ", false)([
        sql`SELECT audit.* FROM ${source(query)}`,
        ...conditions(query),
        sql`ORDER BY ${order} DESC LIMIT ${rowsOf(query.limit ?? Audit.usualLimit)}`
      ])
      return sql`${statement}`.pipe(Effect.flatMap(Rows.event.decode), Store.unavailable(kept))
    },
    figures: Effect.sync(() => ({ recorded, dropped: 0 })),
    head: Effect.map(Store.unavailable(kept)(newest), (event) => event?.hash ?? ""),
    verify
  })
})
