/**
 * Who may call a gateway: principals and their keys, in the database of the statistics where there is one.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as SubscriptionRef from "effect/SubscriptionRef"
import * as NodeCrypto from "@effect/platform-node/NodeCrypto"
import * as Access from "../access/Access.ts"
import * as AccessKeys from "../access/AccessKeys.ts"
import * as Audit from "../access/Audit.ts"
import * as Principals from "../access/Principals.ts"
import * as Spending from "../access/Spending.ts"
import type { DispatcherConfig } from "../config/DispatcherConfig.ts"
import type { Runtime } from "../config/Runtime.ts"
import type * as Administration from "../gateway/admin/Administration.ts"
import * as Attribution from "../gateway/Attribution.ts"
import * as Authentication from "../gateway/Authentication.ts"
import type { Equipment } from "./Equipment.ts"
import { type Failure, usage } from "./ExitCode.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface Callers {
  readonly access: Access.Access["Service"]
  /** For the dispatcher. */
  readonly attribution: ReturnType<typeof Attribution.make>
  /** For the admin API. */
  readonly administration: Administration.Access
}

const memory = AccessKeys.layerMemory().pipe(
  Layer.provideMerge(Principals.layerMemory()),
  Layer.provideMerge(Layer.merge(Audit.layerMemory(), Spending.layerMemory))
)

const storesOf = ({ database }: Pick<Equipment, "database">) =>
  database === undefined
    ? memory
    : Layer.unwrap(Effect.map(
      Effect.promise(() => import("../access/sql/Stores.ts")),
      ({ layer }) => Layer.provide(layer(), Layer.succeedContext(database))
    ))

/**
 * Until the Scope closes; fails where the stores cannot be used or the admin key could be guessed.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fnUntraced(function*(
  { budgets, gateway }: DispatcherConfig,
  equipment: Pick<Equipment, "database">,
  runtime: () => Runtime
): Effect.fn.Return<Callers, Failure, Scope.Scope> {
  const clock = yield* Clock.Clock
  const rules = () => SubscriptionRef.getUnsafe(runtime().loaded).config.rules
  const layer = Access.layer({
    // As they are when a request comes: the file may have changed.
    routing: () => ({ routes: Object.fromEntries(runtime().dispatcher.routes), rules: rules() }),
    targets: (request) => runtime().dispatcher.targets(request, clock.currentTimeMillisUnsafe()),
    unpriced: budgets?.unpriced
  }).pipe(
    Layer.provideMerge(storesOf(equipment)),
    Layer.provide(NodeCrypto.layerDigest)
  )
  const services = yield* Effect.mapError(Layer.build(layer), ({ message }) => usage(`callers' keys: ${message}`))
  const access = Context.get(services, Access.Access)
  const keys = Context.get(services, AccessKeys.AccessKeys)
  const authenticate = yield* Effect.mapError(
    Authentication.make({ keys, adminKey: gateway?.adminKey }),
    ({ description, path }) => usage(`${path} ${description}`)
  )
  return {
    access,
    attribution: Attribution.make(access),
    administration: {
      authenticate,
      keys,
      principals: Context.get(services, Principals.Principals),
      audit: Context.get(services, Audit.Audit),
      spending: Context.get(services, Spending.Spending)
    }
  }
})
