/**
 * What principals have spent, kept in a database and counted in memory, so that no request waits for the database.
 *
 * What was spent is added to the rows at most every second, all of it as one transaction, and what other processes
 * added is read with it. So a process that dies takes along what was spent since it last wrote, at most a second's worth
 * while the database answers; and processes that share a budget may together spend more than it has, by as much as the
 * others spend and reserve in that second. What is reserved is in no row: it ends with the process.
 *
 * @since 0.1.0
 */
import { Array, Clock, type Duration, Effect, Order, Schema, type Scope } from "effect"
import { SecureRandom } from "effect/crypto"
import { SqlClient } from "effect/sql"
import type { Money } from "../../catalog/Money.ts"
import { StoreUnavailable } from "../AccessError.ts"
import * as Spending from "../Spending.ts"
import * as Given from "./Given.ts"
import * as Rows from "./Rows.ts"
import * as Store from "./Store.ts"
import * as WriteBehind from "./WriteBehind.ts"

const kept = "spending"

/** Accounts of one statement of SQLite, which runs on the thread of the requests. */
const chunk = 100

const perDollar = 1_000_000_000_000n

/** How long it is known what a process wrote last that did not say that it ends: 30 days. */
const forgotten = 30n * 86_400_000n

interface Amount {
  readonly spent: Money
  readonly unknown: number
}

/** What is added to each account at once; tried again whole until it is known to be written, and written once. */
interface Batch {
  readonly number: number
  readonly amounts: ReadonlyMap<Spending.Account, Amount>
}

const nothing: Amount = { spent: 0n, unknown: 0 }

const Row = Schema.Struct({
  principal: Schema.String,
  period: Spending.Period,
  starts_at: Rows.Whole,
  dollars: Rows.Large,
  picodollars: Rows.Large,
  unknown: Rows.Whole
})

const decode = Schema.decodeUnknownEffect(Schema.Array(Row))

const key = { principal: "text", period: "text", starts_at: "integer" } as const
const amount = { ...key, dollars: "integer", picodollars: "integer", unknown: "integer" } as const

const keyOf = ({ period, principal, startsAt }: Spending.Account) => ({
  principal,
  period,
  starts_at: BigInt(startsAt)
})

const nameOf = (row: { readonly principal: string; readonly period: string; readonly starts_at: number | bigint }) =>
  `${row.principal} ${row.period} ${row.starts_at}`

/** The same for all, so that no two wait for each other's rows. */
const byName = Order.mapInput(Order.String, (account: Spending.Account) => nameOf(keyOf(account)))

const spentOf = ({ dollars, picodollars }: typeof Row.Type): Money => dollars * perDollar + picodollars

const statements = (sql: SqlClient.SqlClient) => {
  const add = (rows: ReadonlyArray<readonly [Spending.Account, Amount]>) => {
    const given = rows.map(([account, { spent, unknown }]) => ({
      ...keyOf(account),
      dollars: spent / perDollar,
      picodollars: spent % perDollar,
      unknown: BigInt(unknown)
    }))
    const rest = sql`(llmdispatcher_spending.picodollars + excluded.picodollars)`
    const whole = sql.literal(String(perDollar))
    // Without a condition SQLite would take ON CONFLICT for one of a join.
    return sql`INSERT INTO llmdispatcher_spending (principal, period, starts_at, dollars, picodollars, unknown)
      SELECT principal, period, starts_at, dollars, picodollars, unknown FROM ${
      Given.rows(sql, amount, given)
    } WHERE true
      ON CONFLICT (principal, period, starts_at) DO UPDATE SET
        dollars = llmdispatcher_spending.dollars + excluded.dollars + ${rest} / ${whole},
        picodollars = ${rest} % ${whole},
        unknown = llmdispatcher_spending.unknown + excluded.unknown`
  }

  const read = (accounts: ReadonlyArray<Spending.Account>) =>
    sql`SELECT spending.* FROM ${Given.rows(sql, key, accounts.map(keyOf))}
      JOIN llmdispatcher_spending AS spending ON spending.principal = given.principal
      AND spending.period = given.period AND spending.starts_at = given.starts_at`.pipe(Effect.flatMap(decode))

  const current = (now: number) =>
    sql`SELECT * FROM llmdispatcher_spending WHERE ${
      sql.or(Spending.Period.literals.map((period) =>
        sql`(starts_at = ${BigInt(Spending.startOf(period, now))} AND period = ${period})`
      ))
    }`.pipe(Effect.flatMap(decode))

  return { add, read, current }
}

/**
 * The number of the last batch of each process, by which one knows whether a batch was written whose transaction ended
 * in a lost connection.
 */
const writer = (sql: SqlClient.SqlClient, id: string) => ({
  isWritten: (batch: number) =>
    Effect.map(
      sql`SELECT 1 AS found FROM llmdispatcher_spending_writer WHERE id = ${id} AND batch = ${BigInt(batch)}`,
      (rows) => rows.length > 0
    ),
  written: (batch: number, now: number) =>
    sql`INSERT INTO llmdispatcher_spending_writer ${
      sql.insert({ id, batch: BigInt(batch), written_at: BigInt(now) })
    } ON CONFLICT (id) DO UPDATE SET batch = excluded.batch, written_at = excluded.written_at`,
  end: (now: number) =>
    sql`DELETE FROM llmdispatcher_spending_writer WHERE id = ${id} OR written_at < ${BigInt(now) - forgotten}`
})

/**
 * Over a store; reads what is spent of the periods that run. When the Scope closes, the rest is written.
 *
 * `spent` writes and reads at once, and so is exact; `reserve` and `settle` never fail with `StoreUnavailable`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fnUntraced(function*(
  store: Store.Store,
  { interval }: { readonly interval: Duration.Input }
): Effect.fn.Return<Spending.Spending["Service"], StoreUnavailable, Scope.Scope> {
  const { sql } = store
  const random = yield* Effect.provide(SecureRandom.SecureRandom, SecureRandom.layerWebCrypto)
  const { add, current, read } = statements(sql)
  const { end, isWritten, written } = writer(sql, yield* random.uuidV7())
  const unwritten = new Map<Spending.Account, Amount>()
  const used = new Set<Spending.Account>()
  let batch: Batch | undefined
  let batches = 0

  const accounts = Spending.makeAccounts({
    onUse: (account) => {
      used.add(account)
      behind.due()
    },
    onSettle: (account, spent, unknown) => {
      const before = unwritten.get(account) ?? nothing
      unwritten.set(account, { spent: before.spent + spent, unknown: before.unknown + unknown })
      behind.due()
    }
  })

  const next = (): Batch => {
    const amounts = new Map(unwritten)
    unwritten.clear()
    return { number: ++batches, amounts }
  }

  const addBatch = Effect.fnUntraced(function*({ amounts, number }: Batch) {
    if (yield* isWritten(number)) return
    const rows = Array.fromIterable(amounts).toSorted(([a], [b]) => byName(a, b))
    // The requests' turn comes between two statements.
    yield* Effect.forEach(Array.chunksOf(rows, chunk), (rows) => Effect.andThen(add(rows), Effect.yieldNow), {
      discard: true
    })
    yield* written(number, yield* Clock.currentTimeMillis)
  })

  const readAll = Effect.fnUntraced(function*(accounts: ReadonlyArray<Spending.Account>) {
    for (const chunked of Array.chunksOf(accounts, chunk)) {
      const rows = new Map((yield* read(chunked)).map((row) => [nameOf(row), row]))
      for (const account of chunked) {
        const row = rows.get(nameOf(keyOf(account)))
        const { spent, unknown } = unwritten.get(account) ?? nothing
        account.spent = (row === undefined ? 0n : spentOf(row)) + spent
        account.unknown = (row?.unknown ?? 0) + unknown
        used.delete(account)
      }
      yield* Effect.yieldNow
    }
  })

  const writeBatch = Effect.gen(function*() {
    if (batch === undefined && unwritten.size === 0) return
    const { amounts } = batch ??= next()
    yield* sql.withTransaction(addBatch(batch))
    batch = undefined
    for (const account of amounts.keys()) used.add(account)
  })

  const write = Effect.gen(function*() {
    // One that is tried again is not all there is.
    if (batch !== undefined) yield* writeBatch
    yield* writeBatch
    yield* readAll(Array.fromIterable(used))
  }).pipe(
    Effect.timeoutOrElse({
      duration: "30 seconds",
      orElse: () => Effect.fail(new StoreUnavailable({ store: kept, cause: "no answer within 30 seconds" }))
    }),
    Store.unavailable(kept)
  )

  for (const row of yield* Store.unavailable(kept)(current(yield* Clock.currentTimeMillis))) {
    const account = Spending.open(row.principal, row.period, row.starts_at)
    accounts.add(Object.assign(account, { spent: spentOf(row), unknown: row.unknown }))
  }
  // Closes after the last is written.
  yield* Effect.addFinalizer(() =>
    Clock.currentTimeMillis.pipe(
      Effect.flatMap(end),
      Effect.interruptible,
      Effect.timeout("5 seconds"),
      Effect.catch((error) => Effect.logDebug("what this process wrote last stays known", error))
    )
  )
  const behind = yield* WriteBehind.make({ what: "what was spent", interval, write })

  return Spending.Spending.of({
    reserve: accounts.reserve,
    spent: Effect.fnUntraced(function*(principal, period) {
      const now = yield* Clock.currentTimeMillis
      const account = accounts.find(principal, period, now)
      used.add(account)
      yield* Effect.onError(behind.flush, () => Effect.sync(() => used.delete(account)))
      return Spending.standing(account)
    })
  })
})
