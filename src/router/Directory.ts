/**
 * Where vendors and routes are looked up: the vendors that are always there first, then those that came since.
 *
 * @since 0.1.0
 */
import { Effect } from "effect"
import * as Catalog from "../catalog/Catalog.ts"
import { ConfigError } from "../config/ConfigError.ts"
import * as Route from "../Route.ts"
import type * as Stats from "../stats/Stats.ts"
import type { Vendor } from "../Vendor.ts"
import type * as VendorRegistry from "../VendorRegistry.ts"
import type { Directory } from "./Router.ts"
import type { Rule } from "./Rules.ts"

/**
 * What a dispatcher is told of routes and prices.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly vendors: ReadonlyArray<Vendor>
  readonly routes?: Readonly<Record<string, Route.RouteInput>> | undefined
  readonly rules?: ReadonlyArray<Rule> | undefined
  readonly prices?: Catalog.Overlay | undefined
}

/**
 * Fails with `ConfigError` when two vendors have one name, or a route no target.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fnUntraced(function*(
  options: Options,
  registry: VendorRegistry.VendorRegistry["Service"],
  stats: Stats.Stats
): Effect.fn.Return<Directory, ConfigError> {
  const vendors = new Map<string, Vendor>()
  for (const [index, vendor] of options.vendors.entries()) {
    if (vendors.has(vendor.name)) {
      return yield* new ConfigError({ path: `vendors.${index}`, description: `"${vendor.name}" is there already` })
    }
    vendors.set(vendor.name, vendor)
  }
  const routes = new Map(Object.entries(options.routes ?? {}).map(([name, route]) => [name, Route.make(name, route)]))
  for (const route of routes.values()) {
    if (route.targets.length === 0) {
      return yield* new ConfigError({ path: `routes.${route.name}`, description: "must have at least one target" })
    }
  }
  return {
    routes,
    rules: options.rules ?? [],
    catalog: options.prices === undefined ? Catalog.standard : Catalog.make(options.prices),
    stats,
    version: registry.version,
    vendor: (name) => vendors.get(name) ?? registry.getUnsafe(name),
    vendors: function*() {
      yield* vendors.values()
      for (const vendor of registry.allUnsafe()) if (!vendors.has(vendor.name)) yield vendor
    }
  }
})
