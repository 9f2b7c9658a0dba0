/**
 * The principals: who is below whom, what each may do at this moment, and all changes of that, each of them recorded.
 *
 * Whoever changes something is the `CurrentPrincipal`, needs the scope for it, and reaches only itself and what is
 * below it: anybody else is not found. Its own grant nobody changes, or a grant could grow up to its parent's.
 *
 * @since 0.1.0
 */
import { Clock, Context, Effect, Layer, Schema } from "effect"
import { SecureRandom } from "effect/crypto"
import { ConfigError } from "../config/ConfigError.ts"
import {
  type AdministrationError,
  check,
  Duplicate,
  Expired,
  type Inactive,
  NotFound,
  NotPermitted,
  Revoked,
  type StoreUnavailable
} from "./AccessError.ts"
import * as Audit from "./Audit.ts"
import * as Changes from "./Changes.ts"
import { CurrentPrincipal } from "./CurrentPrincipal.ts"
import * as Effective from "./Effective.ts"
import * as Grant from "./Grant.ts"
import { Creation, Principal, rootId, Update } from "./Principal.ts"
import * as Refusals from "./Refusals.ts"
import * as Table from "./Table.ts"

/**
 * A principal and all above it, the root first, and what they leave it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Resolved {
  readonly principal: Principal
  readonly chain: ReadonlyArray<Principal>
  readonly effective: Effective.Effective
}

/**
 * What reading principals can fail with.
 *
 * @since 0.1.0
 * @category errors
 */
export type ReadError = Inactive | NotPermitted | StoreUnavailable

/**
 * @since 0.1.0
 * @category services
 */
export class Principals extends Context.Service<Principals, {
  /** Needs `principals:write`. */
  readonly create: (input: Creation) => Effect.Effect<Principal, AdministrationError>
  /** Needs `principals:read`, but for oneself. */
  readonly get: (id: string) => Effect.Effect<Principal, ReadError>
  /** Those directly below, by default of whoever asks; needs `principals:read`. */
  readonly list: (parent?: string) => Effect.Effect<ReadonlyArray<Principal>, ReadError>
  /** Needs `principals:write` and to be above it. */
  readonly update: (id: string, input: Update) => Effect.Effect<Principal, AdministrationError>
  /** Ends it and all below it from the next request on, for ever; needs `principals:write` and to be above it. */
  readonly revoke: (id: string) => Effect.Effect<Principal, ReadError>
  /** What a principal may do now; asks nobody for permission. */
  readonly resolve: (id: string) => Effect.Effect<Resolved, Inactive | StoreUnavailable>
  /** Whoever acts, if it has the scope and `subject`, where one is given, is itself or below it. */
  readonly authorise: (
    scope: Grant.Scope,
    subject?: string
  ) => Effect.Effect<Resolved, Inactive | NotPermitted | StoreUnavailable>
  /** The ids of a principal and all above it, the root's first; empty where nobody has the id. For the audit. */
  readonly lineage: (id: string) => Effect.Effect<ReadonlyArray<string>, StoreUnavailable>
}>()("llmdispatcher/access/Principals") {}

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly table: Table.Table<Principal>
  readonly audit: Audit.Audit["Service"]
  /** What everybody together may do. Default everything. */
  readonly root?: Grant.Grant | undefined
}

/** Principals above one another; each is looked up at every request. */
const deepest = 16

const encode = Schema.encodeSync(Principal)
const checkCreation = check(Schema.toType(Creation))
const checkUpdate = check(Schema.toType(Update))

const isActive = ({ from, until }: Effective.Effective, now: number): boolean => from <= now && now < until

/**
 * Over a table of principals, to which the root is added where it is not there.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fnUntraced(function*(
  options: Options
): Effect.fn.Return<Principals["Service"], StoreUnavailable> {
  const { audit, root: rootGrant = Grant.everything, table } = options
  const random = yield* Effect.provide(SecureRandom.SecureRandom, SecureRandom.layerWebCrypto)
  /** By the last of a chain, good as long as the chain is the same. */
  const resolved = new WeakMap<Principal, Resolved>()

  const chainOf = Effect.fnUntraced(function*(
    id: string
  ): Effect.fn.Return<ReadonlyArray<Principal>, NotFound | StoreUnavailable> {
    const chain: Array<Principal> = []
    for (let next: string | undefined = id; next !== undefined; next = chain[0]?.parent) {
      const principal: Principal | undefined = yield* table.get(next)
      // A chain that does not begin at the root is no chain.
      if (principal === undefined || chain.length >= deepest) return yield* new NotFound({ kind: "principal", id })
      chain.unshift(principal)
    }
    return chain[0]?.id === rootId ? chain : yield* new NotFound({ kind: "principal", id })
  })

  const join = (chain: ReadonlyArray<Principal>): Resolved => {
    const principal = chain[chain.length - 1]!
    const before = resolved.get(principal)
    if (before !== undefined && before.chain.every((above, index) => above === chain[index])) return before
    const made = { principal, chain, effective: Effective.effective(chain.map(({ grant }) => grant)) }
    resolved.set(principal, made)
    return made
  }

  const resolve = Effect.fnUntraced(function*(
    id: string
  ): Effect.fn.Return<Resolved, Inactive | StoreUnavailable> {
    const joined = join(yield* chainOf(id))
    if (joined.chain.some(({ revokedAt }) => revokedAt !== undefined)) {
      return yield* new Revoked({ kind: "principal", id })
    }
    const { effective } = joined
    if (isActive(effective, yield* Clock.currentTimeMillis)) return joined
    return yield* new Expired({
      kind: "principal",
      id,
      ...(effective.from > -Infinity && { from: effective.from }),
      ...(effective.until < Infinity && { until: effective.until })
    })
  })

  const actor = Effect.fnUntraced(function*(scope: Grant.Scope) {
    const caller = yield* CurrentPrincipal
    if (caller === undefined) return yield* new NotPermitted({ scope, description: "nobody is named who asks for it" })
    return yield* resolve(caller.id)
  })

  /** The subject's chain, where it is the actor's own or goes through it. */
  const reach = Effect.fnUntraced(function*(
    { principal }: Resolved,
    id: string
  ): Effect.fn.Return<ReadonlyArray<Principal>, NotFound | StoreUnavailable> {
    const chain = yield* chainOf(id)
    return chain.some((above) => above.id === principal.id) ? chain : yield* new NotFound({ kind: "principal", id })
  })

  const authorise = Effect.fnUntraced(function*(
    scope: Grant.Scope,
    subject?: string
  ): Effect.fn.Return<Resolved, Inactive | NotPermitted | StoreUnavailable> {
    const acting = yield* actor(scope)
    if (!acting.effective.scopes.has(scope)) {
      return yield* new NotPermitted({ scope, description: "the scope is not granted" })
    }
    if (subject !== undefined) yield* reach(acting, subject)
    return acting
  })

  /** The subject's chain, where the actor has the scope and stands above it. */
  const above = Effect.fnUntraced(function*(scope: Grant.Scope, id: string) {
    const acting = yield* authorise(scope)
    const chain = yield* reach(acting, id)
    if (id !== acting.principal.id) return chain
    return yield* new NotPermitted({ scope, description: "nobody changes its own grant or revokes itself" })
  })

  const free = Effect.fnUntraced(function*(parent: string, name: string) {
    const other = yield* table.find(parent, name)
    if (other !== undefined && other.revokedAt === undefined) return yield* new Duplicate({ name })
  })

  /** Recorded, then put: both or neither. */
  const change = Effect.fnUntraced(function*(
    action: string,
    chain: ReadonlyArray<Principal>,
    before: Principal | undefined,
    after: Principal
  ): Effect.fn.Return<Principal, StoreUnavailable> {
    yield* audit.record({
      action,
      subject: `principal:${after.id}`,
      outcome: "done",
      changes: Changes.between(before && encode(before), encode(after)),
      lineage: [...chain.map(({ id }) => id), ...(before === undefined ? [after.id] : [])]
    })
    yield* table.put(after)
    return after
  })

  // The operator's word at each start is what holds.
  yield* table.atomically(Effect.gen(function*() {
    const known = yield* table.get(rootId)
    const createdAt = known?.createdAt ?? (yield* Clock.currentTimeMillis)
    const root: Principal = { id: rootId, name: rootId, kind: "root", grant: rootGrant, createdAt }
    if (known === undefined) yield* table.put(root)
    else if (Changes.between(encode(known), encode(root)).length > 0) {
      yield* change("principal.update", [root], known, root)
    }
  }))

  const create = Effect.fnUntraced(function*(asked: Creation): Effect.fn.Return<Principal, AdministrationError> {
    const input = yield* checkCreation(asked)
    const acting = yield* authorise("principals:write", input.parent)
    const parentId = input.parent ?? acting.principal.id
    const parent = yield* resolve(parentId)
    if (input.id !== undefined && acting.principal.id !== rootId) {
      return yield* new NotPermitted({ scope: "principals:write", description: "only the root chooses ids" })
    }
    if (parent.chain.length >= deepest) {
      return yield* new Effective.GrantExceeds({
        violations: [{ path: "parent", asked: `level ${deepest + 1}`, allowed: `${deepest} levels` }]
      })
    }
    yield* free(parentId, input.name)
    yield* Effect.fromResult(Effective.attenuate(parent.effective, input.grant))
    const id = input.id ?? `prn_${(yield* random.uuidV4()).replaceAll("-", "")}`
    if ((yield* table.get(id)) !== undefined) return yield* new Duplicate({ name: id })
    const createdAt = yield* Clock.currentTimeMillis
    const { grant, kind, name } = input
    return yield* change("principal.create", parent.chain, undefined, {
      id,
      name,
      kind,
      parent: parentId,
      grant,
      createdAt
    })
  })

  const update = Effect.fnUntraced(function*(
    id: string,
    asked: Update
  ): Effect.fn.Return<Principal, AdministrationError> {
    const input = yield* checkUpdate(asked)
    const chain = yield* above("principals:write", id)
    const before = chain[chain.length - 1]!
    if (chain.some(({ revokedAt }) => revokedAt !== undefined)) return yield* new Revoked({ kind: "principal", id })
    const { grant = before.grant, name = before.name } = input
    if (name !== before.name) yield* free(before.parent!, name)
    const parent = Effective.effective(chain.slice(0, -1).map(({ grant }) => grant))
    if (input.grant !== undefined) yield* Effect.fromResult(Effective.attenuate(parent, grant))
    return yield* change("principal.update", chain, before, { ...before, name, grant })
  })

  const revoke = Effect.fnUntraced(function*(id: string) {
    const chain = yield* above("principals:write", id)
    const before = chain[chain.length - 1]!
    if (before.revokedAt !== undefined) return before
    return yield* change("principal.revoke", chain, before, { ...before, revokedAt: yield* Clock.currentTimeMillis })
  })

  const get = Effect.fnUntraced(function*(id: string) {
    const acting = (yield* CurrentPrincipal)?.id === id
      ? yield* actor("principals:read")
      : yield* authorise("principals:read", id)
    return (yield* reach(acting, id)).at(-1)!
  })

  const list = Effect.fnUntraced(function*(parent?: string) {
    const acting = yield* authorise("principals:read", parent)
    return yield* table.list(parent ?? acting.principal.id)
  })

  const lineage = (id: string): Effect.Effect<ReadonlyArray<string>, StoreUnavailable> =>
    chainOf(id).pipe(
      Effect.map((chain) => chain.map(({ id }) => id)),
      Effect.catchTag("NotFound", () => Effect.succeed<ReadonlyArray<string>>([]))
    )

  const refusals = Refusals.make(audit, lineage)

  const mutating = (action: string, subject: string) => {
    const refused = refusals({ action, subject })
    return <A, E extends { readonly _tag: string }>(effect: Effect.Effect<A, E>) => refused(table.atomically(effect))
  }

  return Principals.of({
    create: (input) => mutating("principal.create", `principal:${input.id ?? input.name}`)(create(input)),
    get,
    list,
    update: (id, input) => mutating("principal.update", `principal:${id}`)(update(id, input)),
    revoke: (id) => mutating("principal.revoke", `principal:${id}`)(revoke(id)),
    resolve,
    authorise,
    lineage
  })
})

/**
 * Principals in memory: they end with the process.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerMemory = (
  options?: Omit<Options, "table" | "audit">
): Layer.Layer<Principals, ConfigError, Audit.Audit> =>
  Layer.effect(
    Principals,
    Effect.gen(function*() {
      const audit = yield* Audit.Audit
      const table = Table.memory<Principal>(({ parent }) => parent ?? "")
      return yield* Effect.mapError(
        make({ ...options, table, audit }),
        ({ message }) => new ConfigError({ path: "access", description: message })
      )
    })
  )
