import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Scope } from "effect"
import * as Vendor from "llmdispatcher/Vendor"
import * as VendorRegistry from "llmdispatcher/VendorRegistry"

const vendor = (name: string) => Vendor.make({ name, send: () => Effect.never })

const names = Effect.flatMap(
  VendorRegistry.VendorRegistry,
  (registry) => Effect.map(registry.all, (all) => all.map(({ name }) => name))
)

describe("VendorRegistry", () => {
  it.effect("holds vendors in the order of registration until their Scope closes", () =>
    Effect.gen(function*() {
      const registry = yield* VendorRegistry.VendorRegistry
      const first = vendor("a")
      const scopes = { a: yield* Scope.make(), b: yield* Scope.make() }
      yield* Scope.provide(registry.register(first), scopes.a)
      yield* Scope.provide(registry.register(vendor("b")), scopes.b)
      assert.deepStrictEqual(yield* names, ["a", "b"])
      assert.deepStrictEqual(Array.from(registry.allUnsafe(), ({ name }) => name), ["a", "b"])
      assert.strictEqual(registry.getUnsafe("a"), first)
      yield* Scope.close(scopes.a, Exit.void)
      assert.deepStrictEqual(yield* names, ["b"])
      assert.isUndefined(registry.getUnsafe("a"))
      yield* Scope.close(scopes.b, Exit.void)
      assert.deepStrictEqual(yield* names, [])
    }).pipe(Effect.provide(VendorRegistry.layer)))

  it.effect("refuses a second vendor of the name, and keeps the first when the refused one's Scope closes", () =>
    Effect.gen(function*() {
      const registry = yield* VendorRegistry.VendorRegistry
      const first = vendor("a")
      yield* registry.register(first)
      const error = yield* Effect.flip(Effect.scoped(registry.register(vendor("a"))))
      assert.instanceOf(error, VendorRegistry.DuplicateVendor)
      assert.strictEqual(error.message, "a vendor with the name \"a\" is registered already")
      assert.strictEqual(registry.getUnsafe("a"), first)
    }).pipe(Effect.scoped, Effect.provide(VendorRegistry.layer)))

  it.effect("a name is free again after its vendor is gone", () =>
    Effect.gen(function*() {
      const registry = yield* VendorRegistry.VendorRegistry
      yield* Effect.scoped(registry.register(vendor("a")))
      const second = vendor("a")
      yield* registry.register(second)
      assert.strictEqual(registry.getUnsafe("a"), second)
    }).pipe(Effect.scoped, Effect.provide(VendorRegistry.layer)))

  it.effect("each Layer that is built is a registry of its own", () =>
    Effect.gen(function*() {
      const registry = VendorRegistry.make()
      yield* registry.register(vendor("a"))
      assert.deepStrictEqual(yield* Effect.provide(names, VendorRegistry.layer, { local: true }), [])
    }).pipe(Effect.scoped))
})
