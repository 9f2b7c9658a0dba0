/**
 * effect's `SqlClient` over the SQLite that is built into Node.
 *
 * One connection, lent to one fiber at a time. Every statement runs on the thread that asks, so what uses it asks in
 * small pieces; the wait for another process that writes does not block.
 *
 * @since 0.1.0
 */
import { Cache, Config, Duration, Effect, Layer, Schedule, type Scope, Semaphore, Stream } from "effect"
import { Reactivity } from "effect/reactivity"
import { SqlClient, type SqlConnection, SqlError, Statement } from "effect/sql"
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite"

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The file, made where there is none; its folder has to be there. `:memory:` is kept nowhere. */
  readonly filename: string
  /** Whether it is only read: the file has to be there, and stays as it is. Default false. */
  readonly isReadOnly?: boolean | undefined
  /** How long to wait for another process that writes, before `LockTimeoutError`. Default 5 seconds. */
  readonly busyTimeout?: Duration.Input | undefined
  /** Prepared statements kept. Default 200. */
  readonly statements?: number | undefined
}

/** How long SQLite itself may block for a lock, which is the time of a small commit; the rest is waited for by fibers. */
const blocking = Duration.millis(5)

const between = Schedule.min([Schedule.exponential("2 millis"), Schedule.spaced("50 millis")]).pipe(Schedule.jittered)

const failed = (operation: string, message: string) => (cause: unknown) => {
  // SQLite's own number tells what happened; node has it under another name than other drivers.
  if (cause instanceof Error && "errcode" in cause) Object.assign(cause, { errno: cause.errcode })
  return new SqlError.SqlError({ reason: SqlError.classifySqliteError(cause, { message, operation }) })
}

const words = (cause: unknown): string => cause instanceof Error ? cause.message : String(cause)

const isLocked = ({ reason }: SqlError.SqlError) => reason._tag === "LockTimeoutError"

/** A statement that met a lock did nothing; inside a transaction SQLite may have to give up the whole of it. */
const patient = (database: DatabaseSync, busyTimeout: Duration.Input) => {
  const schedule = Schedule.upTo(between, { duration: busyTimeout })
  return <A>(effect: Effect.Effect<A, SqlError.SqlError>): Effect.Effect<A, SqlError.SqlError> =>
    Effect.retry(effect, { schedule, while: (error) => !database.isTransaction && isLocked(error) })
}

const input = (value: unknown): SQLInputValue =>
  value === undefined ? null : typeof value === "boolean" ? Number(value) : value as SQLInputValue

interface Connection extends SqlConnection.Connection {
  readonly isTransaction: () => boolean
}

const connect = Effect.fnUntraced(function*(
  database: DatabaseSync,
  options: Options
): Effect.fn.Return<Connection, SqlError.SqlError> {
  const waiting = patient(database, options.busyTimeout ?? "5 seconds")

  const attempt = <A>(operation: string, evaluate: () => A): Effect.Effect<A, SqlError.SqlError> =>
    Effect.try({ try: evaluate, catch: (cause) => failed(operation, `SQLite: ${words(cause)}`)(cause) })

  const prepare = (sql: string) => attempt("prepare", () => database.prepare(sql))

  const prepared = yield* Cache.makeWith(prepare, {
    capacity: options.statements ?? 200,
    timeToLive: (exit) => exit._tag === "Success" ? Duration.infinity : Duration.zero
  })

  const run = <A>(
    statement: Effect.Effect<StatementSync, SqlError.SqlError>,
    evaluate: (statement: StatementSync) => A
  ): Effect.Effect<A, SqlError.SqlError> =>
    waiting(
      Effect.withFiber((fiber) =>
        Effect.flatMap(statement, (statement) =>
          attempt("execute", () => {
            statement.setReadBigInts(fiber.getRef(SqlClient.SafeIntegers))
            return evaluate(statement)
          }))
      )
    )

  const rows = (params: ReadonlyArray<unknown>) => (statement: StatementSync): ReadonlyArray<any> => {
    statement.setReturnArrays(false)
    return statement.all(...params.map(input))
  }

  const values = (params: ReadonlyArray<unknown>) => (statement: StatementSync): ReadonlyArray<any> => {
    statement.setReturnArrays(true)
    return statement.all(...params.map(input))
  }

  const execute: Connection["execute"] = (sql, params, transform) =>
    Effect.map(run(Cache.get(prepared, sql), rows(params)), (rows) => transform === undefined ? rows : transform(rows))

  return {
    isTransaction: () => database.isTransaction,
    execute,
    executeUnprepared: (sql, params, transform) =>
      Effect.map(run(prepare(sql), rows(params)), (rows) => transform === undefined ? rows : transform(rows)),
    executeRaw: (sql, params) =>
      run(
        Cache.get(prepared, sql),
        (statement) => statement.columns().length > 0 ? rows(params)(statement) : statement.run(...params.map(input))
      ),
    executeValues: (sql, params) => run(Cache.get(prepared, sql), values(params)),
    executeValuesUnprepared: (sql, params) => run(prepare(sql), values(params)),
    // All rows at once: a cursor left open would keep every other fiber from the one connection.
    executeStream: (sql, params, transform) => Stream.fromIterableEffect(execute(sql, params, transform))
  }
})

const open = ({ filename, isReadOnly = false }: Options) =>
  Effect.acquireRelease(
    Effect.try({
      try: () =>
        new DatabaseSync(filename, {
          readOnly: isReadOnly,
          enableForeignKeyConstraints: true,
          timeout: Duration.toMillis(blocking)
        }),
      catch: (cause) => failed("open", `SQLite: ${filename}: ${words(cause)}`)(cause)
    }),
    (database) => Effect.sync(() => database.close())
  )

/**
 * Opens the file: WAL, `synchronous = NORMAL` (what is committed survives the process; of a power cut the file comes
 * back whole, without the last commits), foreign keys checked.
 *
 * A transaction takes the lock for writing when it begins, so it is never refused in its middle.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fnUntraced(function*(
  options: Options
): Effect.fn.Return<SqlClient.SqlClient, SqlError.SqlError, Scope.Scope | Reactivity.Reactivity> {
  const database = yield* open(options)
  const connection = yield* connect(database, options)
  const isReadOnly = options.isReadOnly === true
  for (const pragma of isReadOnly ? [] : ["journal_mode = WAL", "synchronous = NORMAL"]) {
    yield* connection.executeUnprepared(`PRAGMA ${pragma}`, [], undefined)
  }
  const acquirers = SqlClient.makeSqliteAcquirers({
    connection: Effect.succeed(connection),
    semaphore: yield* Semaphore.make(1),
    isTransaction: (connection) => connection.isTransaction()
  })
  return yield* SqlClient.make({
    ...acquirers,
    compiler: Statement.makeCompilerSqlite(),
    driver: "node-sqlite",
    beginTransaction: isReadOnly ? "BEGIN" : "BEGIN IMMEDIATE",
    releaseSavepoint: (name) => `RELEASE SAVEPOINT ${name}`,
    spanAttributes: [["db.system.name", "sqlite"], ["db.namespace", options.filename]]
  })
})

/**
 * The client as a service; fails with `SqlError` where the file cannot be opened.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options): Layer.Layer<SqlClient.SqlClient, SqlError.SqlError> =>
  Layer.provide(Layer.effect(SqlClient.SqlClient, make(options)), Reactivity.layer)

/**
 * The same with options from the configuration.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: Config.Wrap<Options>
): Layer.Layer<SqlClient.SqlClient, SqlError.SqlError | Config.ConfigError> =>
  Layer.provide(
    Layer.effect(SqlClient.SqlClient, Effect.flatMap(Config.unwrap(options), make)),
    Reactivity.layer
  )
