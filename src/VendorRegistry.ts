/**
 * The vendors that are known only at run time: from a configuration file, a plugin, a test.
 *
 * @since 0.1.0
 */
import { Context, Effect, Layer, Schema, type Scope } from "effect"
import type { Vendor } from "./Vendor.ts"

/**
 * A vendor of this name is there already.
 *
 * @since 0.1.0
 * @category errors
 */
export class DuplicateVendor extends Schema.TaggedError<DuplicateVendor>("llmdispatcher/DuplicateVendor")(
  "DuplicateVendor",
  { name: Schema.String }
) {
  override get message(): string {
    return `a vendor with the name "${this.name}" is registered already`
  }
}

/**
 * Adds and removes vendors while requests run; a call that has begun keeps the vendor it began with.
 *
 * @since 0.1.0
 * @category services
 */
export class VendorRegistry extends Context.Service<VendorRegistry, {
  /** Adds a vendor until the Scope closes. */
  readonly register: (vendor: Vendor) => Effect.Effect<void, DuplicateVendor, Scope.Scope>
  /** In the order of registration. */
  readonly all: Effect.Effect<ReadonlyArray<Vendor>>
  /** The same without an effect, for the request's path. */
  readonly getUnsafe: (name: string) => Vendor | undefined
  readonly allUnsafe: () => Iterable<Vendor>
  /** Another number whenever a vendor came or went. */
  readonly version: () => number
}>()("llmdispatcher/VendorRegistry") {}

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = (): VendorRegistry["Service"] => {
  const vendors = new Map<string, Vendor>()
  let version = 0
  return VendorRegistry.of({
    register: (vendor) =>
      Effect.acquireRelease(
        Effect.suspend(() => {
          if (vendors.has(vendor.name)) return Effect.fail(new DuplicateVendor({ name: vendor.name }))
          vendors.set(vendor.name, vendor)
          version += 1
          return Effect.void
        }),
        () =>
          Effect.sync(() => {
            vendors.delete(vendor.name)
            version += 1
          })
      ),
    all: Effect.sync(() => Array.from(vendors.values())),
    getUnsafe: (name) => vendors.get(name),
    allUnsafe: () => vendors.values(),
    version: () => version
  })
}

/**
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<VendorRegistry> = Layer.sync(VendorRegistry, make)
