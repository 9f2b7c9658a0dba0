import { Effect, Layer } from "effect"
import type { DispatchError } from "llmdispatcher/VendorError"
import * as Access from "../../src/access/Access.ts"
import * as AccessKeys from "../../src/access/AccessKeys.ts"
import * as Audit from "../../src/access/Audit.ts"
import { CurrentPrincipal } from "../../src/access/CurrentPrincipal.ts"
import type { Grant } from "../../src/access/Grant.ts"
import * as Principals from "../../src/access/Principals.ts"
import * as Spending from "../../src/access/Spending.ts"
import type { ConfigError } from "../../src/config/ConfigError.ts"
import { databases } from "../stats/sql/databases.ts"
import { stores } from "./sql/stores.ts"

/** Does it on behalf of this principal. */
export const as = (id: string, key?: string) => <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.provideService(effect, CurrentPrincipal, { id, ...(key !== undefined && { key }) })

/** Everything in memory. */
const memory = (options?: Access.Options) =>
  Layer.mergeAll(Access.layer(options), AccessKeys.layerMemory()).pipe(
    Layer.provideMerge(Principals.layerMemory()),
    Layer.provideMerge(Layer.mergeAll(Audit.layerMemory(), Spending.layerMemory))
  )

/** Everything over this, a new one for each time it is provided. */
export type Everything = (options?: Access.Options) => Layer.Layer<
  Access.Access | AccessKeys.AccessKeys | Principals.Principals | Audit.Audit | Spending.Spending,
  ConfigError
>

/** What each suite is run over, as for `describe.each`: memory, and every database. */
export const keptIn: ReadonlyArray<
  { readonly name: string; readonly start: () => Everything; readonly skip: boolean }
> = [
  { name: "memory", start: () => memory, skip: false },
  ...databases.map(({ name, skip, start }) => ({
    name,
    skip,
    start: (): Everything => {
      const fresh = start()
      return (options) => stores(fresh, {}, options)
    }
  }))
]

/** A principal that the root makes, its id its name. */
export const principal = (id: string, grant: Grant, parent = "root") =>
  Principals.Principals.use(({ create }) => create({ id, name: id, kind: "service", parent, grant })).pipe(as("root"))

export const reasonOf = <A, R>(effect: Effect.Effect<A, DispatchError, R>) =>
  Effect.match(effect, { onFailure: ({ reason }) => reason, onSuccess: () => undefined })
