/**
 * Where the commands look after keys: at a gateway that runs, or in the database itself.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import type * as Redacted from "effect/Redacted"
import type * as Schema from "effect/Schema"
import { FetchHttpClient, type HttpClientError } from "effect/http"
import type { AdministrationError } from "../access/AccessError.ts"
import { AccessKeys, type Issue } from "../access/AccessKeys.ts"
import { CurrentPrincipal } from "../access/CurrentPrincipal.ts"
import { type Creation, type Principal, rootId, type Update } from "../access/Principal.ts"
import { Principals } from "../access/Principals.ts"
import * as Runtime from "../config/Runtime.ts"
import type { Changing, Unauthenticated } from "../gateway/admin/AdminError.ts"
import * as Client from "../gateway/admin/Client.ts"
import { type Issued, type Key, keyOf } from "../gateway/admin/Models.ts"
import * as Open from "../gateway/Open.ts"
import * as Database from "../sql/Database.ts"
import { badInput, Failure, usage } from "./ExitCode.ts"
import { say } from "./Output.ts"
import * as Vendors from "./Vendors.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface Keyring {
  readonly issue: (input: Issue) => Effect.Effect<Issued, Failure>
  readonly list: (principal?: string) => Effect.Effect<ReadonlyArray<Key>, Failure>
  readonly rotate: (id: string, grace?: Duration.Duration) => Effect.Effect<Issued, Failure>
  readonly revoke: (id: string) => Effect.Effect<Key, Failure>
  readonly createPrincipal: (input: Creation) => Effect.Effect<Principal, Failure>
  readonly principal: (id: string) => Effect.Effect<Principal, Failure>
  readonly principals: (parent?: string) => Effect.Effect<ReadonlyArray<Principal>, Failure>
  readonly updatePrincipal: (id: string, input: Update) => Effect.Effect<Principal, Failure>
  readonly revokePrincipal: (id: string) => Effect.Effect<Principal, Failure>
}

/**
 * Which of them: the gateway that is named, else the configuration's database.
 *
 * @since 0.1.0
 * @category models
 */
export interface Place {
  readonly url: Option.Option<string>
  readonly key: Option.Option<Redacted.Redacted>
  readonly config: Option.Option<string>
}

/** What the user can do about it: give something else, ask again, or neither. */
const codes: Readonly<Record<string, number>> = {
  Invalid: badInput,
  Missing: badInput,
  NotFound: badInput,
  Conflict: badInput,
  Duplicate: badInput,
  Revoked: badInput,
  Expired: badInput,
  Exceeds: badInput,
  GrantExceeds: badInput,
  Unavailable: 3,
  StoreUnavailable: 3
}

const refused = (error: { readonly _tag: string; readonly message: string }): Failure =>
  new Failure({ code: codes[error._tag] ?? 4, message: error.message, cause: error })

type RemoteError = Changing | Unauthenticated | HttpClientError.HttpClientError | Schema.SchemaError

const failed = (url: string) => (error: RemoteError): Failure => {
  if (error._tag === "HttpClientError" && error.reason._tag === "TransportError") {
    return new Failure({ code: 3, message: `the gateway at ${url} cannot be reached`, cause: error })
  }
  return error._tag === "HttpClientError" || error._tag === "SchemaError"
    ? new Failure({ code: 4, message: `what answers at ${url} is no gateway of this version`, cause: error })
    : refused(error)
}

/** At a gateway that runs, as whoever the key speaks for. */
const remote = Effect.fnUntraced(function*(
  text: string,
  key: Redacted.Redacted | undefined
): Effect.fn.Return<Keyring, Failure> {
  const url = URL.parse(text)
  if (url === null || !/^https?:$/.test(url.protocol)) {
    return yield* usage(`--url must be the address of a gateway, as in http://127.0.0.1:8080: ${text}`)
  }
  if (url.username !== "" || url.password !== "") return yield* usage("--url must not hold a password: give --key")
  if (key === undefined) {
    return yield* usage("the gateway wants a key: give the admin key by LLMDISPATCHER_ADMIN_KEY or --key")
  }
  if (url.protocol === "http:" && !Open.isLoopback(url.hostname)) {
    yield* say(`the key goes to ${url.host} unencrypted: use https, or a tunnel`)
  }
  const { keys, principals } = yield* Effect.provide(Client.make({ url, key }), FetchHttpClient.layer)
  const told = <A>(effect: Effect.Effect<A, RemoteError>): Effect.Effect<A, Failure> =>
    Effect.mapError(effect, failed(url.origin))
  return {
    issue: (payload) => told(keys.issue({ payload })),
    list: (principal) => told(keys.list({ query: principal === undefined ? {} : { principal } })),
    rotate: (id, grace) =>
      told(keys.rotate({
        params: { id },
        payload: grace === undefined ? {} : { graceSeconds: Duration.toSeconds(grace) }
      })),
    revoke: (id) => told(keys.revoke({ params: { id } })),
    createPrincipal: (payload) => told(principals.create({ payload })),
    principal: (id) => told(principals.get({ params: { id } })),
    principals: (parent) => told(principals.list({ query: parent === undefined ? {} : { parent } })),
    updatePrincipal: (id, payload) => told(principals.update({ params: { id }, payload })),
    revokePrincipal: (id) => told(principals.revoke({ params: { id } }))
  }
})

/** Over the library's services, as the operator who may do everything. */
const ofServices = (services: Context.Context<Principals | AccessKeys>): Keyring => {
  const keys = Context.get(services, AccessKeys)
  const principals = Context.get(services, Principals)
  const told = <A>(effect: Effect.Effect<A, AdministrationError>): Effect.Effect<A, Failure> =>
    effect.pipe(Effect.provideService(CurrentPrincipal, { id: rootId }), Effect.mapError(refused))
  return {
    issue: (input) => Effect.map(told(keys.issue(input)), ({ key, token }) => ({ token, key: keyOf(key) })),
    list: (principal) => Effect.map(told(keys.list(principal)), (keys) => keys.map(keyOf)),
    rotate: (id, grace) =>
      Effect.map(told(keys.rotate(id, { grace })), ({ key, token }) => ({ token, key: keyOf(key) })),
    revoke: (id) => Effect.map(told(keys.revoke(id)), keyOf),
    createPrincipal: (input) => told(principals.create(input)),
    principal: (id) => told(principals.get(id)),
    principals: (parent) => told(principals.list(parent)),
    updatePrincipal: (id, input) => told(principals.update(id, input)),
    revokePrincipal: (id) => told(principals.revoke(id))
  }
}

/**
 * The keyring of that place, until the Scope closes.
 *
 * @since 0.1.0
 * @category constructors
 */
export const open = Effect.fnUntraced(function*({ config, key, url }: Place) {
  if (Option.isSome(url)) return yield* remote(url.value, Option.getOrUndefined(key))
  const path = yield* Path.Path
  const loaded = yield* Effect.mapError(
    Effect.flatMap(Vendors.options(config), Runtime.load),
    Vendors.badConfiguration
  )
  const { database = false } = loaded.config.statistics ?? {}
  if (database === false) {
    return yield* usage(
      "keys are kept in a database: set statistics.database in the configuration, or name a gateway that runs by --url"
    )
  }
  const placed = "sqlite" in database ? { sqlite: path.resolve(loaded.directory, database.sqlite) } : database
  const { layer } = yield* Effect.promise(() => import("../access/sql/Stores.ts"))
  const services = yield* Layer.build(Layer.provide(layer(), Database.layer(placed))).pipe(
    Effect.mapError((error) =>
      error._tag === "DriverMissing" || error._tag === "ConfigError"
        ? usage(error.message)
        : new Failure({
          code: 3,
          message: `the database ${Database.describe(placed)} cannot be used: ${error.message}`,
          cause: error
        })
    )
  )
  return ofServices(services)
})
