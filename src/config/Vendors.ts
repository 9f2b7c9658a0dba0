/**
 * The vendors of a configuration, made of its entries: one key or several, a plugin, or what the environment gives.
 *
 * @since 0.1.0
 */
import { Effect, type FileSystem, Path, type Redacted, type Scope } from "effect"
import type { HttpClient } from "effect/http"
import * as KeyPool from "../keys/KeyPool.ts"
import * as KeySource from "../keys/KeySource.ts"
import type { Vendor } from "../Vendor.ts"
import * as VendorPlugin from "../VendorPlugin.ts"
import * as VendorRegistry from "../VendorRegistry.ts"
import { ConfigError } from "./ConfigError.ts"
import type { DispatcherConfig } from "./DispatcherConfig.ts"
import type { Kind } from "./VendorConfig.ts"
import * as VendorKinds from "./VendorKinds.ts"

/**
 * One vendor as it is configured; two that are equal are the same vendor.
 *
 * @since 0.1.0
 * @category models
 */
export interface Entry {
  readonly name: string
  readonly kind: Kind
  readonly settings: Readonly<Record<string, unknown>>
}

/** What making vendors needs of the world. */
export type Needs = HttpClient.HttpClient | FileSystem.FileSystem | Path.Path | Scope.Scope

/**
 * The vendors inside the package, a flaky one first, so that whoever has no key yet sees a fallback.
 *
 * @since 0.1.0
 * @category constants
 */
export const sandboxes: ReadonlyArray<Entry> = [
  { name: "flaky", kind: "sandbox", settings: { behaviour: "overloaded" } },
  { name: "sandbox", kind: "sandbox", settings: {} }
]

/** Those whose key or address stands in the environment. */
const ofEnvironment = Effect.filter(
  Object.entries(VendorKinds.kinds),
  ([, { gives }]) => Effect.map(Effect.forEach(gives, VendorKinds.isSet), (found) => found.includes(true))
).pipe(Effect.map((found) => found.map(([kind]): Entry => ({ name: kind, kind: kind as Kind, settings: {} }))))

/**
 * The vendors that are configured, in their order; where a file names none, those of the environment, and where that has
 * none either, the sandbox, a flaky one before it to show a fallback.
 *
 * @since 0.1.0
 * @category constructors
 */
export const entries = Effect.fnUntraced(function*(
  config: DispatcherConfig
): Effect.fn.Return<ReadonlyArray<Entry>> {
  const given = Object.entries(config.vendors ?? {})
  if (given.length === 0) {
    const found = yield* ofEnvironment
    return found.length === 0 ? sandboxes : found
  }
  return given.map(([name, { kind, ...settings }]) => ({ name, kind: kind ?? name as Kind, settings }))
})

const keysOf = (keys: any): KeySource.KeySource<FileSystem.FileSystem> =>
  Array.isArray(keys)
    ? KeySource.ofKeys(keys)
    : "file" in keys
    ? KeySource.fromFile(keys.file)
    : KeySource.fromEnv(keys.env)

const plugin = Effect.fnUntraced(function*(
  name: string,
  { config, module }: { readonly module?: string; readonly config?: unknown },
  directory: string
): Effect.fn.Return<Vendor, ConfigError, Needs> {
  const path = yield* Path.Path
  const failed = (error: { readonly message: string }) =>
    new ConfigError({ path: `vendors.${name}`, description: error.message })
  const specifier = module!.startsWith(".") || path.isAbsolute(module!)
    ? yield* Effect.mapError(path.toFileUrl(path.resolve(directory, module!)), failed)
    : module!
  // A registry of its own: here the configuration says under which name a plugin stands.
  const registry = VendorRegistry.make()
  const loaded = yield* VendorPlugin.load(specifier, config ?? {}).pipe(
    Effect.provideService(VendorRegistry.VendorRegistry, registry),
    Effect.mapError(failed)
  )
  return { ...registry.getUnsafe(loaded.name)!, name }
})

/**
 * Makes the vendor of an entry; files are looked for in `directory`.
 *
 * Fails with `ConfigError`, which names the setting.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  { kind, name, settings }: Entry,
  directory: string
): Effect.Effect<Vendor, ConfigError, Needs> => {
  if (kind === "plugin") return plugin(name, settings, directory)
  const { apiKeys, keyStrategy, ...single } = settings
  if (apiKeys === undefined) return VendorKinds.make(name, kind, single)
  if (single["apiKey"] !== undefined) {
    return Effect.fail(
      new ConfigError({
        path: `vendors.${name}.apiKeys`,
        description: "must not stand beside apiKey; leave one of them out"
      })
    )
  }
  return Effect.gen(function*() {
    const path = yield* Path.Path
    const keys = "file" in (apiKeys as object)
      ? { file: path.resolve(directory, (apiKeys as { readonly file: string }).file) }
      : apiKeys
    return yield* KeyPool.make({
      name,
      keys: keysOf(keys),
      strategy: keyStrategy as "least-busy" | "round-robin" | undefined,
      make: (apiKey: Redacted.Redacted<string>) => VendorKinds.make(name, kind, { ...single, apiKey }, true)
    }).pipe(Effect.mapError((error) =>
      error.path.startsWith("vendors.")
        ? error
        : new ConfigError({ path: `vendors.${name}.apiKeys`, description: error.message })
    ))
  })
}
