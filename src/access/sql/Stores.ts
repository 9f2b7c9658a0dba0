/**
 * Everything that access keeps, in one database: principals, keys, what is spent, and the audit.
 *
 * @since 0.1.0
 */
import { Context, Duration, Effect, Layer, Option, type Redacted } from "effect"
import type { SqlClient } from "effect/sql"
import { ConfigError } from "../../config/ConfigError.ts"
import { StoreUnavailable } from "../AccessError.ts"
import * as AccessKeys from "../AccessKeys.ts"
import { Audit } from "../Audit.ts"
import type { Grant } from "../Grant.ts"
import type { Principal } from "../Principal.ts"
import * as Principals from "../Principals.ts"
import { Spending } from "../Spending.ts"
import * as SqlAudit from "./Audit.ts"
import * as Keys from "./Keys.ts"
import * as Migrations from "./Migrations.ts"
import * as Rows from "./Rows.ts"
import * as SqlSpending from "./Spending.ts"
import * as Store from "./Store.ts"
import * as Table from "./Table.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** A secret of at least 32 characters that does not stand in the database; changing it ends all keys. */
  readonly pepper?: Redacted.Redacted | undefined
  /** What everybody together may do. Default everything. */
  readonly root?: Grant | undefined
  /**
   * How long a key or a principal that was read goes on being what it was, so that not each request asks the database:
   * by then a revocation by another process holds here; one by this process holds at once. Up to 1 minute, 0 to ask each
   * time. Default 5 seconds.
   */
  readonly freshness?: Duration.Input | undefined
  /** How long what was spent, and when keys were used, waits to be written. Up to 1 minute. Default 1 second. */
  readonly interval?: Duration.Input | undefined
}

const within = (path: string, input: Duration.Input): Effect.Effect<Duration.Duration, ConfigError> => {
  const duration = Option.getOrUndefined(Duration.fromInput(input))
  return duration !== undefined && Duration.between(duration, { minimum: Duration.zero, maximum: Duration.minutes(1) })
    ? Effect.succeed(duration)
    : Effect.fail(new ConfigError({ path: `access.${path}`, description: "must be from 0 to 1 minute" }))
}

/**
 * All four over one database, whose tables are made where they are not there. There is to be one of it over a client.
 *
 * Fails with `StoreUnavailable` where the database cannot be reached, and with `ConfigError` for a pepper that is too
 * short or a time out of range.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options: Options = {}
): Layer.Layer<
  Principals.Principals | AccessKeys.AccessKeys | Spending | Audit,
  ConfigError | StoreUnavailable,
  SqlClient.SqlClient
> =>
  Layer.effectContext(Effect.gen(function*() {
    const freshness = yield* within("freshness", options.freshness ?? "5 seconds")
    const interval = yield* within("interval", options.interval ?? "1 second")
    yield* Effect.mapError(Migrations.run, (cause) => new StoreUnavailable({ store: "access", cause }))
    const store = yield* Store.make
    const audit = yield* SqlAudit.make(store)
    const table = yield* Table.make<Principal>(store, {
      kept: "principals",
      table: "llmdispatcher_principal",
      owner: "parent",
      codec: Rows.principal,
      freshness
    })
    const principals = yield* Principals.make({ table, audit, root: options.root })
    const keys = yield* AccessKeys.make({ ...yield* Keys.make(store, { freshness, interval }), pepper: options.pepper })
      .pipe(
        Effect.provideService(Principals.Principals, principals),
        Effect.provideService(Audit, audit)
      )
    const spending = yield* SqlSpending.make(store, { interval })
    return Context.make(Principals.Principals, principals).pipe(
      Context.add(AccessKeys.AccessKeys, keys),
      Context.add(Audit, audit),
      Context.add(Spending, spending)
    )
  }))
