/**
 * Vendors, routes and circuits, told and reset.
 *
 * @since 0.1.0
 */
import { Clock, Effect, SubscriptionRef } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import * as KeyPool from "../../keys/KeyPool.ts"
import * as Request from "../../Request.ts"
import type { Snapshot } from "../../stats/Snapshot.ts"
import type * as Vendor from "../../Vendor.ts"
import { accessOf, type Administration } from "./Administration.ts"
import { Invalid, Missing, overHttp } from "./AdminError.ts"
import { AdminApi } from "./Api.ts"
import type * as Models from "./Models.ts"

const states = ({ targets }: Snapshot): ReadonlyArray<Models.TargetState> =>
  Object.entries(targets).filter(([name]) => name.includes("/")).map((
    [target, { circuit, coolingDownUntil, inFlight, limits }]
  ) => ({
    target,
    ...(inFlight === undefined ? undefined : { inFlight }),
    ...(circuit === undefined ? undefined : { circuit }),
    ...(coolingDownUntil === undefined ? undefined : { coolingDownUntil }),
    ...(limits === undefined ? undefined : { limits })
  }))

const told = Effect.fnUntraced(function*(
  vendor: Vendor.Vendor,
  kinds: ReadonlyMap<string, string>,
  targets: ReadonlyArray<Models.TargetState>
): Effect.fn.Return<Models.Vendor> {
  const { address, defaultModel, name, provider } = vendor
  const kind = kinds.get(name)
  const keys = KeyPool.isKeyPool(vendor)
    ? { keys: yield* vendor.states, fault: yield* vendor.fault }
    : undefined
  return {
    name,
    provider,
    ...(kind === undefined ? undefined : { kind }),
    ...(address === undefined ? undefined : { address: { host: address.host, port: address.port } }),
    ...(defaultModel === undefined ? undefined : { defaultModel }),
    ...(keys === undefined ? undefined : { keys: keys.keys }),
    ...(keys?.fault === undefined ? undefined : { keysFault: keys.fault }),
    targets: targets.filter(({ target }) => target.startsWith(`${name}/`))
  }
})

const missing = (name: string) => new Missing({ message: `there is no vendor "${name}"` })

/**
 * @since 0.1.0
 * @category layers
 */
export const layerVendors = (administration: Administration) => {
  const { runtime: { dispatcher, loaded } } = administration
  const kinds = Effect.map(
    SubscriptionRef.get(loaded),
    ({ entries }) => new Map<string, string>(entries.map(({ kind, name }) => [name, kind]))
  )
  const circuits = Effect.map(dispatcher.stats.snapshot, states)
  const find = (name: string) =>
    Effect.flatMap(dispatcher.vendors, (vendors) => {
      const vendor = vendors.find((vendor) => vendor.name === name)
      return vendor === undefined ? Effect.fail(missing(name)) : Effect.succeed(vendor)
    })
  return HttpApiBuilder.group(AdminApi, "vendors", (handlers) =>
    handlers
      .handle("list", () =>
        Effect.gen(function*() {
          const targets = yield* circuits
          const known = yield* kinds
          return yield* Effect.forEach(yield* dispatcher.vendors, (vendor) => told(vendor, known, targets))
        }))
      .handle("get", ({ params: { name } }) =>
        Effect.gen(function*() {
          return yield* told(yield* find(name), yield* kinds, yield* circuits)
        }))
      .handle("resetKey", ({ params: { fingerprint, name } }) =>
        Effect.gen(function*() {
          const vendor = yield* find(name)
          const keyOf = Effect.gen(function*() {
            const keys = KeyPool.isKeyPool(vendor) ? yield* vendor.states : []
            const key = keys.find((key) => key.fingerprint === fingerprint)
            return key ?? (yield* new Missing({ message: `${name} has no key "${fingerprint}" among several` }))
          })
          yield* keyOf
          const { audit } = yield* accessOf(administration)
          yield* overHttp(audit.record({
            action: "vendor-key.reset",
            subject: `vendor-key:${name}/${fingerprint}`,
            outcome: "done",
            lineage: ["root"]
          }))
          if (KeyPool.isKeyPool(vendor)) yield* vendor.reset(fingerprint)
          return yield* keyOf
        }))
      .handle("circuits", () => circuits))
}

/**
 * @since 0.1.0
 * @category layers
 */
export const layerRoutes = ({ runtime: { dispatcher } }: Administration) =>
  HttpApiBuilder.group(AdminApi, "routes", (handlers) =>
    handlers
      .handle("list", () =>
        Effect.sync(() =>
          Array.from(dispatcher.routes.values(), ({ name, onInterrupted, strategy, targets }) => ({
            name,
            strategy: typeof strategy === "string" ? strategy : "custom",
            onInterrupted,
            targets
          }))
        ))
      .handle("targets", ({ query }) =>
        Effect.gen(function*() {
          const request = yield* Effect.mapError(
            Request.decode({ ...query, prompt: "?" }),
            ({ message, reason }) =>
              new Invalid({ message, issues: reason._tag === "InvalidRequest" ? reason.issues ?? [] : [] })
          )
          return dispatcher.targets(request, yield* Clock.currentTimeMillis)
        })))
