/**
 * The keys that callers were given: issued, verified, rotated and revoked, each change recorded.
 *
 * A key has no rights of its own, it speaks for a principal; one that is to do less belongs to a principal below.
 *
 * @since 0.1.0
 */
import { Clock, Context, Duration, Effect, Layer, Option, type Redacted, Schema } from "effect"
import { SecureRandom } from "effect/crypto"
import { ConfigError } from "../config/ConfigError.ts"
import {
  check,
  type Inactive,
  type Invalid,
  NotFound,
  type NotPermitted,
  Revoked,
  type StoreUnavailable
} from "./AccessError.ts"
import * as AccessKey from "./AccessKey.ts"
import * as Audit from "./Audit.ts"
import * as Changes from "./Changes.ts"
import { type Caller, CurrentPrincipal } from "./CurrentPrincipal.ts"
import { GrantExceeds } from "./Effective.ts"
import { Id, Name } from "./Principal.ts"
import { Principals } from "./Principals.ts"
import * as Refusals from "./Refusals.ts"
import * as Table from "./Table.ts"

/**
 * @since 0.1.0
 * @category schemas
 */
export const Issue = Schema.Struct({
  /** Default whoever issues it. */
  principal: Schema.optional(Id),
  name: Name,
  /** Epoch milliseconds. Default that of the key it is asked for with, else never. */
  expiresAt: Schema.optional(Schema.Int)
}).annotate({ identifier: "AccessKeyIssue" })

/**
 * @since 0.1.0
 * @category models
 */
export type Issue = typeof Issue.Type

/**
 * A key that was just made: the only moment in which it can be read.
 *
 * @since 0.1.0
 * @category models
 */
export interface Issued {
  readonly token: Redacted.Redacted
  readonly key: AccessKey.AccessKey
}

/**
 * @since 0.1.0
 * @category errors
 */
export type KeyError = Inactive | NotPermitted | Invalid | GrantExceeds | StoreUnavailable

/**
 * @since 0.1.0
 * @category services
 */
export class AccessKeys extends Context.Service<AccessKeys, {
  /** Needs `keys:write`, for oneself or a principal below. */
  readonly issue: (input: Issue) => Effect.Effect<Issued, KeyError>
  /** Who comes with this key, for `CurrentPrincipal`; whether that principal may do anything is asked of it then. */
  readonly verify: (token: Redacted.Redacted) => Effect.Effect<Caller, AccessKey.KeyRejected | StoreUnavailable>
  /** The keys of a principal, by default of whoever asks; needs `keys:read`. */
  readonly list: (
    principal?: string
  ) => Effect.Effect<ReadonlyArray<AccessKey.AccessKey>, Inactive | NotPermitted | StoreUnavailable>
  /**
   * A new key in the place of one that goes on for `grace`, by default 1 hour, 0 for no longer; needs `keys:write`. It
   * expires when the old one would have.
   */
  readonly rotate: (
    id: string,
    options?: { readonly grace?: Duration.Input | undefined }
  ) => Effect.Effect<Issued, KeyError>
  /** Ends a key from the next request on; needs `keys:write`. */
  readonly revoke: (id: string) => Effect.Effect<AccessKey.AccessKey, Inactive | NotPermitted | StoreUnavailable>
}>()("llmdispatcher/access/AccessKeys") {}

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly table: Table.Table<AccessKey.AccessKey>
  /** A secret of at least 32 characters that does not stand where the keys do; changing it ends all keys. */
  readonly pepper?: Redacted.Redacted | undefined
  /**
   * Notes that a key was used at `now`, unless it was less than `every` milliseconds before. By default a change of its
   * row; a store in which a request would wait for that has its own.
   */
  readonly touch?:
    | ((id: string, now: number, every: number) => Effect.Effect<void, StoreUnavailable>)
    | undefined
}

/** How exact `lastUsedAt` is, so that not each request writes: 1 min. */
const touchEvery = 60_000

/** Between the look and the write it may have been revoked, so the row is read anew. */
const touchRow = (table: Options["table"]): NonNullable<Options["touch"]> => (id, now) =>
  table.atomically(Effect.flatMap(
    table.get(id),
    (key) => key === undefined ? Effect.void : table.put({ ...key, lastUsedAt: now })
  ))

const usualGrace = Duration.hours(1)

const checkIssue = check(Schema.toType(Issue))

/** What is told of a key in the audit. */
const told = (key: AccessKey.AccessKey) => ({ ...key, hash: undefined, lastUsedAt: undefined })

/**
 * Over a table of keys.
 *
 * Fails with `ConfigError` for a pepper that is too short.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fnUntraced(function*(
  { pepper, table, touch = touchRow(table) }: Options
): Effect.fn.Return<AccessKeys["Service"], ConfigError, Principals | Audit.Audit> {
  const principals = yield* Principals
  const audit = yield* Audit.Audit
  const hasher = yield* AccessKey.hasher(pepper)
  const random = yield* Effect.provide(SecureRandom.SecureRandom, SecureRandom.layerWebCrypto)
  /** Compared where there is no key of the id, so that it takes as long. */
  const nobody = { hash: "0".repeat(64) }

  const record = (action: string, before: AccessKey.AccessKey | undefined, after: AccessKey.AccessKey) =>
    Effect.flatMap(principals.lineage(after.principal), (lineage) =>
      audit.record({
        action,
        subject: `key:${after.id}`,
        outcome: "done",
        changes: Changes.between(before && told(before), told(after)),
        lineage
      }))

  const make = Effect.fnUntraced(function*(
    fields: Pick<AccessKey.AccessKey, "principal" | "name" | "createdAt"> & { readonly expiresAt?: number | undefined }
  ) {
    const { expiresAt, ...rest } = fields
    const { id, secret, token } = yield* AccessKey.generate(random)
    const hash = yield* hasher.hash(secret)
    const key: AccessKey.AccessKey = { id, ...rest, hash, ...(expiresAt !== undefined && { expiresAt }) }
    return { token, key }
  })

  /** When the key with which it is asked expires: a key that ends makes none that goes on. */
  const ownEnd = Effect.gen(function*() {
    const caller = yield* CurrentPrincipal
    const key = caller?.key === undefined ? undefined : yield* table.get(caller.key)
    return key?.expiresAt
  })

  const issue = Effect.fnUntraced(function*(asked: Issue): Effect.fn.Return<Issued, KeyError> {
    const input = yield* checkIssue(asked)
    const acting = yield* principals.authorise("keys:write", input.principal)
    const principal = input.principal ?? acting.principal.id
    yield* principals.resolve(principal)
    const end = yield* ownEnd
    if (end !== undefined && input.expiresAt !== undefined && input.expiresAt > end) {
      return yield* new GrantExceeds({
        violations: [{ path: "expiresAt", asked: String(input.expiresAt), allowed: String(end) }]
      })
    }
    const createdAt = yield* Clock.currentTimeMillis
    const issued = yield* make({ principal, name: input.name, createdAt, expiresAt: input.expiresAt ?? end })
    yield* record("key.issue", undefined, issued.key)
    yield* table.put(issued.key)
    return issued
  })

  /** A key of a principal within reach of whoever acts; any other is not found. */
  const reach = Effect.fnUntraced(function*(id: string) {
    yield* principals.authorise("keys:write")
    const missing = new NotFound({ kind: "key", id })
    const key = yield* table.get(id)
    if (key === undefined) return yield* missing
    yield* Effect.mapError(
      principals.authorise("keys:write", key.principal),
      (error) => error._tag === "NotFound" ? missing : error
    )
    return key
  })

  const rotate = Effect.fnUntraced(function*(id: string, grace: number): Effect.fn.Return<Issued, KeyError> {
    const before = yield* reach(id)
    const now = yield* Clock.currentTimeMillis
    if (before.revokedAt !== undefined || before.replacedBy !== undefined || now >= (before.expiresAt ?? Infinity)) {
      return yield* new Revoked({ kind: "key", id })
    }
    yield* principals.resolve(before.principal)
    const { expiresAt, name, principal } = before
    const issued = yield* make({ principal, name, createdAt: now, expiresAt })
    const after = { ...before, replacedBy: issued.key.id, expiresAt: Math.min(expiresAt ?? Infinity, now + grace) }
    yield* record("key.rotate", before, after)
    yield* table.put(issued.key)
    yield* table.put(after)
    return issued
  })

  const revoke = Effect.fnUntraced(function*(id: string) {
    const before = yield* reach(id)
    if (before.revokedAt !== undefined) return before
    const after = { ...before, revokedAt: yield* Clock.currentTimeMillis }
    yield* record("key.revoke", before, after)
    yield* table.put(after)
    return after
  })

  const verify = Effect.fnUntraced(function*(
    token: Redacted.Redacted
  ): Effect.fn.Return<Caller, AccessKey.KeyRejected | StoreUnavailable> {
    const parsed = AccessKey.parse(token)
    if (parsed === undefined) return yield* new AccessKey.KeyRejected({ because: "unknown" })
    const key = yield* table.get(parsed.id)
    const isRight = yield* hasher.isOf(key ?? nobody, parsed.secret)
    if (key === undefined || !isRight) return yield* new AccessKey.KeyRejected({ because: "unknown" })
    // Told only to who has the whole key.
    if (key.revokedAt !== undefined) return yield* new AccessKey.KeyRejected({ because: "revoked" })
    const now = yield* Clock.currentTimeMillis
    if (now >= (key.expiresAt ?? Infinity)) return yield* new AccessKey.KeyRejected({ because: "expired" })
    if (now - (key.lastUsedAt ?? -Infinity) >= touchEvery) {
      yield* Effect.catch(
        touch(key.id, now, touchEvery),
        (error) => Effect.logWarning("when a key was used could not be noted", error)
      )
    }
    return { id: key.principal, key: key.id }
  })

  const refusals = Refusals.make(audit, principals.lineage)

  const mutating = (action: string, subject: string) => {
    const refused = refusals({ action, subject })
    return <A, E extends { readonly _tag: string }>(effect: Effect.Effect<A, E>) => refused(table.atomically(effect))
  }

  return AccessKeys.of({
    issue: (input) => mutating("key.issue", `principal:${input.principal ?? ""}`)(issue(input)),
    verify,
    list: Effect.fnUntraced(function*(principal) {
      const acting = yield* principals.authorise("keys:read", principal)
      return yield* table.list(principal ?? acting.principal.id)
    }),
    rotate: (id, options) => {
      const grace = Option.getOrElse(Duration.fromInput(options?.grace ?? usualGrace), () => Duration.zero)
      return mutating("key.rotate", `key:${id}`)(rotate(id, Math.max(0, Duration.toMillis(grace))))
    },
    revoke: (id) => mutating("key.revoke", `key:${id}`)(revoke(id))
  })
})

/**
 * Keys in memory: they end with the process.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerMemory = (
  options?: Omit<Options, "table">
): Layer.Layer<AccessKeys, ConfigError, Principals | Audit.Audit> =>
  Layer.effect(AccessKeys, make({ ...options, table: Table.memory<AccessKey.AccessKey>(({ principal }) => principal) }))
