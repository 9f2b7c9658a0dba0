/**
 * Vendors that are loaded while the program runs: from an npm package or a file.
 *
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { Vendor, VendorPlugin } from "llmdispatcher"
 *
 * class Echo extends Vendor.Service<Echo>()("echo") {}
 *
 * export default VendorPlugin.make({
 *   name: "echo",
 *   version: "1.0.0",
 *   config: Schema.Struct({ reply: Schema.String }),
 *   service: Echo,
 *   layer: ({ reply }) =>
 *     Echo.layerOf(Vendor.make({
 *       name: "echo",
 *       defaultModel: "echo-1",
 *       send: () => Effect.succeed({ parts: [{ type: "text", text: reply }], losses: [] })
 *     }))
 * })
 * ```
 *
 * @since 0.1.0
 */
import { Cause, Context, Duration, Effect, Exit, Latch, Layer, Predicate, Schema, SchemaIssue, Scope } from "effect"
import { HttpClient } from "effect/http"
import type { ServiceClass, Vendor } from "./Vendor.ts"
import { type AttemptError, retryable } from "./VendorError.ts"
import { VendorRegistry } from "./VendorRegistry.ts"

const TypeId = "~llmdispatcher/VendorPlugin"

/**
 * What a plugin declares; its module exports it as `default` or as `plugin`.
 *
 * @since 0.1.0
 * @category models
 */
export interface VendorPlugin<Config = any, Self = any, Name extends string = string> {
  /** The vendor's name: the same that its service has. */
  readonly name: Name
  readonly version: string
  /** Decodes what the user configured; secrets as `Schema.Redacted`. */
  readonly config: Schema.ConstraintDecoder<Config, never>
  readonly service: ServiceClass<Self, Name>
  readonly layer: (config: Config) => Layer.Layer<Self, unknown, HttpClient.HttpClient>
}

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = <Config, Self, const Name extends string>(
  plugin: VendorPlugin<Config, Self, Name>
): VendorPlugin<Config, Self, Name> => Object.assign({}, plugin, { [TypeId]: TypeId })

/**
 * Why a plugin could not be loaded, and at which step: its module (`import`), what that exports (`shape`), the user's
 * configuration (`config`), its own Layer (`layer`), or its name (`register`).
 *
 * @since 0.1.0
 * @category errors
 */
export class PluginError extends Schema.TaggedError<PluginError>("llmdispatcher/PluginError")("PluginError", {
  specifier: Schema.String,
  step: Schema.Literals(["import", "shape", "config", "layer", "register"]),
  description: Schema.String
}) {
  override get message(): string {
    return `the plugin ${this.specifier} (${this.step}): ${this.description}`
  }
}

/**
 * A plugin at work.
 *
 * @since 0.1.0
 * @category models
 */
export interface Loaded {
  readonly name: string
  /** Of the code that answers now. */
  readonly version: () => string
  /**
   * Imports the code anew, with the same configuration or another. Requests that have begun end on the old code; when
   * the new one cannot be loaded, the old one stays.
   */
  readonly reload: (config?: unknown) => Effect.Effect<void, PluginError>
}

/**
 * `drain` is how long requests that have begun may go on when the plugin is unloaded or replaced, by default 30
 * seconds.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly drain?: Duration.Input | undefined
}

// -----------------------------------------------------------------------------
// Loading
// -----------------------------------------------------------------------------

const messageOf = (cause: unknown): string => cause instanceof Error ? cause.message : String(cause)

const isPlugin = (value: unknown): value is VendorPlugin =>
  Predicate.hasProperty(value, TypeId) && Predicate.hasProperty(value, "name") && typeof value.name === "string"

/** A module is kept by its address, so that new code needs a new one. */
const importPlugin = (specifier: string, generation: number): Effect.Effect<VendorPlugin, PluginError> => {
  const failure = (step: "import" | "shape", description: string) => new PluginError({ specifier, step, description })
  return Effect.tryPromise({
    try: (): Promise<Record<string, unknown>> => {
      const url = URL.canParse(specifier) ? specifier : import.meta.resolve(specifier)
      return import(generation === 0 ? url : `${url}${url.includes("?") ? "&" : "?"}generation=${generation}`)
    },
    catch: (cause) => failure("import", messageOf(cause))
  }).pipe(Effect.flatMap((module) => {
    const plugin = module["default"] ?? module["plugin"]
    return isPlugin(plugin)
      ? Effect.succeed(plugin)
      : Effect.fail(failure("shape", "the module exports no VendorPlugin, neither as default nor as \"plugin\""))
  }))
}

const formatIssues = SchemaIssue.makeFormatterStandardSchemaV1()

/** Names the field and the fault, not the value: it may be a key. */
const configFault = ({ issue }: Schema.SchemaError): string =>
  formatIssues(issue).issues.map(({ message, path }) => {
    const keys = (path ?? []).map((key) => String(typeof key === "object" ? key.key : key)).join(".")
    return `config${keys === "" ? "" : `.${keys}`}: ${message.replace(/, got .*/s, "")}`
  }).join("; ")

/** One generation of a plugin: its vendor, and the Scope in which that lives. */
interface Generation {
  readonly version: string
  readonly vendor: Vendor
  readonly enter: Effect.Effect<void>
  readonly leave: Effect.Effect<void>
  /** Waits for the requests that have begun, then ends the vendor. */
  readonly end: Effect.Effect<void>
}

const start = Effect.fnUntraced(function*(
  specifier: string,
  plugin: VendorPlugin,
  input: unknown,
  drain: Duration.Duration
): Effect.fn.Return<Generation, PluginError, HttpClient.HttpClient> {
  const config = yield* Effect.mapError(
    Schema.decodeUnknownEffect(plugin.config, { errors: "all" })(input),
    (error) => new PluginError({ specifier, step: "config", description: configFault(error) })
  )
  const client = yield* HttpClient.HttpClient
  const scope = yield* Scope.make()
  const context = yield* Effect.suspend(() => Layer.build(plugin.layer(config))).pipe(
    Scope.provide(scope),
    Effect.provideService(HttpClient.HttpClient, client),
    Effect.onError(() => Scope.close(scope, Exit.void)),
    // A plugin is somebody else's code: whatever it does wrong is a failure to load it.
    Effect.catchCause((cause) => {
      const description = messageOf(Cause.squash(cause))
      return Effect.fail(new PluginError({ specifier, step: "layer", description }))
    })
  )
  let running = 0
  const idle = yield* Latch.make(true)
  const generation: Generation = {
    version: plugin.version,
    vendor: Context.getUnsafe(context, plugin.service),
    enter: Effect.suspend(() => {
      running += 1
      return idle.close
    }),
    leave: Effect.suspend(() => {
      running -= 1
      return running === 0 ? idle.open : Effect.void
    }),
    end: Effect.uninterruptible(
      Effect.andThen(Effect.timeoutOption(idle.await, drain), Scope.close(scope, Exit.void))
    )
  }
  return generation
})

// -----------------------------------------------------------------------------
// The vendor that stands in the registry
// -----------------------------------------------------------------------------

/** A defect of the plugin fails the attempt and nothing else. */
const contained = <A, R>(effect: Effect.Effect<A, AttemptError, R>): Effect.Effect<A, AttemptError, R> =>
  Effect.catchDefect(
    effect,
    (defect) => Effect.fail(retryable({ _tag: "ServerFault", description: `the plugin failed: ${messageOf(defect)}` }))
  )

const orElse = <A>(read: () => A, fallback: A): A => {
  try {
    return read()
  } catch {
    return fallback
  }
}

/** Always the current generation; each call keeps the one it began with. */
const proxy = (name: string, current: () => Generation): Vendor => ({
  name,
  get provider() {
    return current().vendor.provider
  },
  get address() {
    return current().vendor.address
  },
  get defaultModel() {
    return current().vendor.defaultModel
  },
  capabilities: (model) => orElse(() => current().vendor.capabilities(model), {}),
  serves: (model) => orElse(() => current().vendor.serves(model), false),
  send: (call) => using(current, (vendor) => vendor.send(call)),
  stream: (call) =>
    Effect.suspend(() => {
      const { enter, leave, vendor } = current()
      return Effect.andThen(
        Effect.acquireRelease(enter, () => leave),
        contained(Effect.suspend(() => vendor.stream(call)))
      )
    }),
  embed: (call) => using(current, (vendor) => vendor.embed(call)),
  isAvailable: Effect.suspend(() => Effect.catchDefect(current().vendor.isAvailable, () => Effect.succeed(false))),
  models: using(current, (vendor) => vendor.models)
})

const using = <A>(
  current: () => Generation,
  use: (vendor: Vendor) => Effect.Effect<A, AttemptError>
): Effect.Effect<A, AttemptError> =>
  Effect.suspend(() => {
    const { enter, leave, vendor } = current()
    return Effect.acquireUseRelease(enter, () => contained(Effect.suspend(() => use(vendor))), () => leave)
  })

/**
 * Loads a plugin into the registry until the Scope closes; the dispatcher may ask it from then on.
 *
 * `specifier` is a package's name or a module's URL. When the Scope closes, no new request reaches the plugin, and those
 * that have begun get the time to end.
 *
 * @since 0.1.0
 * @category constructors
 */
export const load = Effect.fnUntraced(function*(
  specifier: string | URL,
  config: unknown,
  options?: Options
): Effect.fn.Return<Loaded, PluginError, VendorRegistry | HttpClient.HttpClient | Scope.Scope> {
  const address = String(specifier)
  const drain = Duration.fromInputUnsafe(options?.drain ?? "30 seconds")
  const client = yield* HttpClient.HttpClient
  const registry = yield* VendorRegistry
  const first = yield* importPlugin(address, 0)
  const started = (plugin: VendorPlugin, input: unknown) =>
    Effect.provideService(start(address, plugin, input, drain), HttpClient.HttpClient, client)
  let current: Generation = yield* started(first, config)
  yield* Effect.addFinalizer(() => current.end)
  let configured = config
  let generations = 0
  yield* Effect.mapError(
    registry.register(proxy(first.name, () => current)),
    ({ message }) => new PluginError({ specifier: address, step: "register", description: message })
  )
  const scope = yield* Effect.scope
  const next = Effect.fnUntraced(function*(input: unknown): Effect.fn.Return<Generation, PluginError> {
    generations += 1
    const plugin = yield* importPlugin(address, generations)
    if (plugin.name === first.name) return yield* started(plugin, input)
    const description = `it was "${first.name}" and is now "${plugin.name}"; load it as a plugin of its own`
    return yield* new PluginError({ specifier: address, step: "register", description })
  })
  const reload = (input: unknown): Effect.Effect<void, PluginError> =>
    // What is replaced and what replaces it must not be parted by an interruption.
    Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(restore(next(input)), (generation) => {
        const before = current
        current = generation
        configured = input
        return Effect.forkIn(before.end, scope)
      })
    )
  return {
    name: first.name,
    version: () => current.version,
    reload: (input) => Effect.suspend(() => reload(input === undefined ? configured : input))
  }
})
