import * as PgClient from "@effect/sql-pg/PgClient"
import { afterAll, beforeAll, describe, expect, it } from "@effect/vitest"
import { Effect, Exit, Layer, Logger, Redacted, Scope } from "effect"
import { Persistence, Redis } from "effect/persistence"
import { SqlClient, SqlError } from "effect/sql"
import { TestClock } from "effect/testing"
import * as Dispatcher from "llmdispatcher/Dispatcher"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Cache from "../../src/cache/Cache.ts"
import * as NodeSqlite from "../../src/sql/NodeSqlite.ts"
import * as Postgres from "../support/Postgres.ts"
import * as RedisServer from "../support/Redis.ts"
import { answer, sequence } from "../support/vendors.ts"

type Opened = Layer.Layer<Cache.Cache, unknown>

/** A store of answers that outlives who uses it. */
interface Shelf {
  /** A cache over it, with a connection of its own. */
  readonly open: (options?: Cache.Options) => Opened
  /** How many answers are there, whether they have lived their time or not. */
  readonly count: Effect.Effect<number>
  /** Makes of every answer something that cannot be read. */
  readonly spoil: Effect.Effect<void>
  /** Takes away what it stands on. */
  readonly kill: Effect.Effect<void>
}

interface Case {
  readonly name: string
  /** Why it is not tested. */
  readonly skip: string | undefined
  /** Before and after all tests. */
  readonly start?: Effect.Effect<void, unknown>
  readonly stop?: Effect.Effect<void>
  readonly make: Effect.Effect<Shelf, unknown, Scope.Scope>
}

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "llmdispatcher-cache-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)

const memory: Case = {
  name: "memory",
  skip: undefined,
  make: Effect.gen(function*() {
    const persistence = yield* Effect.provide(Persistence.BackingPersistence, Persistence.layerBackingMemory, {
      local: true
    })
    const written = new Map<string, Persistence.BackingPersistenceStore>()
    let isAlive = true
    const away = Effect.fail(new Persistence.PersistenceError({ message: "away" }))
    const backing = Persistence.BackingPersistence.of({
      make: (id) =>
        Effect.map(persistence.make(id), (store): Persistence.BackingPersistenceStore => ({
          ...store,
          get: (key) => Effect.suspend(() => isAlive ? store.get(key) : away),
          set: (key, value, timeToLive) =>
            Effect.suspend(() => {
              written.set(key, store)
              return isAlive ? store.set(key, value, timeToLive) : away
            })
        }))
    })
    const held = Effect.suspend(() =>
      Effect.filter(
        Array.from(written),
        ([key, store]) => Effect.map(Effect.orDie(store.get(key)), (value) => value !== undefined)
      )
    )
    return {
      open: (options) => Layer.provide(Cache.layer(options), Layer.succeed(Persistence.BackingPersistence, backing)),
      count: Effect.map(held, ({ length }) => length),
      spoil: Effect.suspend(() =>
        Effect.forEach(written, ([key, store]) => Effect.orDie(store.set(key, { a: 1 }, undefined)), { discard: true })
      ),
      kill: Effect.sync(() => isAlive = false)
    }
  })
}

/** A table of a database that each `open` has a client of its own of. */
const table = Effect.fnUntraced(function*(client: Layer.Layer<SqlClient.SqlClient, unknown>) {
  const context = yield* Layer.build(Layer.fresh(client))
  const run = <A>(use: (sql: SqlClient.SqlClient) => Effect.Effect<A, SqlError.SqlError>) =>
    Effect.provideContext(Effect.orDie(Effect.flatMap(SqlClient.SqlClient, use)), context)
  yield* run((sql) => sql`DROP TABLE IF EXISTS effect_persistence`)
  return {
    open: (options?: Cache.Options) => Layer.provide(Cache.layerSql(options), Layer.fresh(client)),
    count: run((sql) => Effect.map(sql`SELECT * FROM effect_persistence`, (rows) => rows.length)),
    spoil: run((sql) => Effect.asVoid(sql`UPDATE effect_persistence SET value = '{'`)),
    kill: run((sql) => Effect.asVoid(sql`DROP TABLE effect_persistence`))
  }
})

const sqlite: Case = {
  name: "SQLite",
  skip: undefined,
  make: Effect.flatMap(folder, (folder) => table(NodeSqlite.layer({ filename: join(folder, "cache.db") })))
}

/** One server for all tests, since it takes seconds to start. */
const servers = Effect.runSync(Scope.make())
let address = ""

const postgres: Case = {
  name: "PostgreSQL",
  skip: Postgres.bin === undefined ? "there is no PostgreSQL on this machine" : undefined,
  start: Effect.map(Scope.provide(Postgres.start, servers), (started) => {
    address = started
  }),
  stop: Scope.close(servers, Exit.void),
  make: Effect.suspend(() => table(PgClient.layer({ url: Redacted.make(address), maxConnections: 2 })))
}

const redis: Case = {
  name: "Redis",
  skip: RedisServer.program === undefined ? "there is no redis-server on the PATH" : undefined,
  make: Effect.gen(function*() {
    const server = yield* RedisServer.start
    const context = yield* Layer.build(Layer.fresh(server.layer))
    const run = <A>(use: (redis: Redis.Redis["Service"]) => Effect.Effect<A, Redis.RedisError>) =>
      Effect.provideContext(Effect.orDie(Effect.flatMap(Redis.Redis, use)), context)
    return {
      open: (options) => Layer.provide(Cache.layerRedis(options), Layer.fresh(server.layer)),
      count: run((redis) => redis.send<number>("DBSIZE")),
      spoil: run((redis) =>
        Effect.flatMap(
          redis.send<ReadonlyArray<string>>("KEYS", "*"),
          (keys) => Effect.forEach(keys, (key) => redis.send("SET", key, "{"), { discard: true })
        )
      ),
      kill: server.stop
    }
  })
}

/**
 * A dispatcher behind its own cache over the store, of a vendor whose nth answer is `n`; `close` ends it.
 *
 * An answer is given before it is kept: `ask` waits for both, `hurry` does not.
 */
const dispatch = Effect.fnUntraced(function*(shelf: Shelf, options?: Cache.Options) {
  const scope = yield* Scope.fork(yield* Effect.scope)
  const context = yield* Layer.buildWithScope(shelf.open(options), scope)
  const cache = yield* Effect.provideContext(Cache.Cache, context)
  const { calls, vendor } = sequence("a", ["1", "2", "3", "4"].map(answer))
  const dispatcher = yield* Scope.provide(Dispatcher.make({ vendors: [vendor], cache }), scope)
  const hurry = (prompt: string) => Effect.map(dispatcher.send({ prompt }), ({ text }) => text)
  const isKept = Effect.map(cache.figures, ({ misses, stored }) => misses === stored)
  const kept = Effect.repeat(Effect.andThen(Effect.yieldNow, isKept), { until: (isKept) => isKept })
  const ask = (prompt: string) => Effect.tap(hurry(prompt), kept)
  return { ask, hurry, calls, cache, close: Scope.close(scope, Exit.void) }
})

/** That a store is away is told again and again; here it is meant. */
const silent = Logger.layer([])

for (const { make, name, skip, start, stop } of [memory, sqlite, postgres, redis]) {
  describe.skipIf(skip !== undefined)(
    `answers kept in ${name}${skip === undefined ? "" : `, not tested: ${skip}`}`,
    { timeout: 10_000 },
    () => {
      if (start !== undefined) beforeAll(() => Effect.runPromise(start), 60_000)
      if (stop !== undefined) afterAll(() => Effect.runPromise(stop), 60_000)

      it.effect("are given again to who asks the same, and to nobody else", () =>
        Effect.gen(function*() {
          const { ask, cache, calls } = yield* dispatch(yield* make)
          expect([yield* ask("a"), yield* ask("a"), yield* ask("b"), yield* ask("a")]).toEqual(["1", "1", "2", "1"])
          expect(calls.length).toBe(2)
          expect(yield* cache.figures).toMatchObject({ hits: 2, misses: 2, stored: 2, failures: 0 })
        }))

      it.effect("are not given when they have lived their time", () =>
        Effect.gen(function*() {
          const { ask } = yield* dispatch(yield* make, { timeToLive: "10 minutes" })
          yield* ask("a")
          yield* TestClock.adjust("599 seconds")
          expect(yield* ask("a")).toBe("1")
          yield* TestClock.adjust("1 second")
          expect(yield* ask("a")).toBe("2")
        }))

      it.effect("are never more than the bound, the one used longest ago gone first", () =>
        Effect.gen(function*() {
          const shelf = yield* make
          const { ask, cache } = yield* dispatch(shelf, { maxEntries: 2 })
          for (const prompt of ["a", "b", "a", "c"]) yield* ask(prompt)
          expect(yield* shelf.count).toBe(2)
          expect([yield* ask("a"), yield* ask("c"), yield* ask("b")]).toEqual(["1", "3", "4"])
          expect(yield* cache.figures).toMatchObject({ entries: 2, evicted: 2 })
        }))

      it.effect("are there after a restart", () =>
        Effect.gen(function*() {
          const shelf = yield* make
          const before = yield* dispatch(shelf)
          yield* before.ask("a")
          yield* before.close
          const after = yield* dispatch(shelf)
          expect(yield* after.ask("a")).toBe("1")
          expect(after.calls.length).toBe(0)
        }))

      it.effect("are shared by two dispatchers", () =>
        Effect.gen(function*() {
          const shelf = yield* make
          const [one, two] = [yield* dispatch(shelf), yield* dispatch(shelf)]
          expect([yield* one.ask("a"), yield* two.ask("a"), yield* two.ask("b"), yield* one.ask("b")])
            .toEqual(["1", "1", "1", "1"])
          expect([one.calls.length, two.calls.length]).toEqual([1, 1])
          yield* one.cache.clear
          expect(yield* two.ask("a")).toBe("2")
        }))

      it.effect("are asked for anew where what is kept cannot be read, and kept again", () =>
        Effect.gen(function*() {
          const shelf = yield* make
          const { ask } = yield* dispatch(shelf)
          yield* ask("a")
          yield* shelf.spoil
          expect([yield* ask("a"), yield* ask("a")]).toEqual(["2", "2"])
        }))

      it.live("are missed, and nothing else, when the store dies", () =>
        Effect.gen(function*() {
          const shelf = yield* make
          const { ask, cache, hurry } = yield* dispatch(shelf)
          yield* ask("a")
          yield* shelf.kill
          const first = yield* hurry("a")
          // Who asks while an answer is still being kept shares it: neither the reading nor the keeping may be under way.
          yield* Effect.repeat(Effect.delay(cache.figures, "5 millis"), { until: ({ failures }) => failures >= 2 })
            .pipe(
              Effect.timeoutOption("500 millis")
            )
          expect([first, yield* hurry("a"), yield* hurry("b")]).toEqual(["2", "3", "4"])
          expect((yield* cache.figures).failures).toBeGreaterThan(0)
        }).pipe(Effect.provide(silent)))
    }
  )
}

describe("a cache in SQLite", () => {
  it.effect("deletes rows that have lived their time, asked for or not", () =>
    Effect.gen(function*() {
      const shelf = yield* sqlite.make
      const { ask } = yield* dispatch(shelf, { timeToLive: "2 minutes" })
      yield* ask("a")
      yield* ask("b")
      yield* TestClock.adjust("4 minutes")
      yield* ask("c")
      expect(yield* shelf.count).toBe(3)
      yield* TestClock.adjust("1 minute")
      expect(yield* shelf.count).toBe(1)
    }))

  it.effect("fails with the database's own error where its table cannot be made", () =>
    Effect.gen(function*() {
      const filename = join(yield* folder, "cache.db")
      yield* Effect.scoped(Layer.build(NodeSqlite.layer({ filename })))
      const readOnly = Layer.provide(Cache.layerSql(), NodeSqlite.layer({ filename, isReadOnly: true }))
      const error = yield* Effect.flip(Effect.scoped(Layer.build(readOnly)))
      expect(SqlError.isSqlError(error)).toBe(true)
    }))
})

describe.skipIf(RedisServer.program === undefined)("a cache in Redis", () => {
  it.live("tells Redis how long each answer lives, and is used again when Redis is back", () =>
    Effect.gen(function*() {
      const server = yield* RedisServer.start
      const redis = Effect.provideContext(Redis.Redis, yield* Layer.build(Layer.fresh(server.layer)))
      const cache = (options: Cache.Options) => Layer.provide(Cache.layerRedis(options), Layer.fresh(server.layer))
      const shelf = { open: () => cache({ timeToLive: "1 hour" }) } as unknown as Shelf
      const { ask, calls, hurry } = yield* dispatch(shelf)
      yield* ask("a")
      const { send } = yield* redis
      const [key] = yield* send<ReadonlyArray<string>>("KEYS", "*")
      const left = yield* send<number>("PTTL", key!)
      expect(key).toMatch(/^llmdispatcher_cache:[0-9a-f]{64}$/)
      expect(left > 3_000_000 && left <= 3_600_000).toBe(true)
      yield* server.restart
      // Until the client has connected again each answer is asked for anew; then one is kept.
      const again = Effect.delay(Effect.map(Effect.tap(hurry("a"), Effect.yieldNow), () => calls.length), "20 millis")
      let before = 0
      yield* Effect.repeat(again, {
        until: (count) => {
          const isSame = count === before
          before = count
          return isSame
        }
      })
      const fresh = Effect.provideContext(Redis.Redis, yield* Layer.build(Layer.fresh(server.layer)))
      expect(yield* (yield* fresh).send<number>("DBSIZE")).toBe(1)
    }).pipe(Effect.provide(silent)))
})
