/**
 * A dispatcher as a file and the environment say, which follows the file while it runs.
 *
 * A valid change holds for every dispatch that begins from then on; vendors whose settings stay the same stay the same,
 * with their connections and all that was learned of them. An invalid one is told and changes nothing.
 *
 * @since 0.1.0
 */
import {
  Clock,
  Effect,
  Equal,
  FileSystem,
  Option,
  Path,
  Predicate,
  PubSub,
  RcMap,
  Result,
  Schema,
  Semaphore,
  Stream,
  SubscriptionRef
} from "effect"
import type { Cache } from "../cache/Cache.ts"
import * as Dispatcher from "../Dispatcher.ts"
import type { Vendor } from "../Vendor.ts"
import type * as Budget from "../policy/Budget.ts"
import * as Assembly from "./Assembly.ts"
import type { ConfigError } from "./ConfigError.ts"
import { DispatcherConfig } from "./DispatcherConfig.ts"
import * as Document from "./Document.ts"
import type { Environment } from "./Interpolation.ts"
import * as Locate from "./Locate.ts"
import * as Source from "./Source.ts"
import * as Vendors from "./Vendors.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The file; by default `LLMDISPATCHER_CONFIG`, else the nearest from `directory` upward, else none. */
  readonly file?: string | undefined
  /** Where files are looked for. Default the working directory. */
  readonly directory?: string | undefined
  readonly environment: Environment
  /** Variables that begin with `LLMDISPATCHER_` and are no settings. */
  readonly reserved?: ReadonlyArray<string> | undefined
}

/**
 * A configuration that was read: what it says, where it stands, and which vendors it comes to.
 *
 * @since 0.1.0
 * @category models
 */
export interface Loaded {
  readonly config: DispatcherConfig
  /** Absent where there is no file. */
  readonly file: string | undefined
  readonly directory: string
  readonly entries: ReadonlyArray<Vendors.Entry>
  readonly warnings: Document.Document<unknown>["warnings"]
  /** The line of a setting, where it is known. */
  readonly lineOf: (path: string) => number | undefined
}

/**
 * The file cannot be read: it is gone, or the file system refuses it.
 *
 * @since 0.1.0
 * @category errors
 */
export class FileError extends Schema.TaggedError<FileError>("llmdispatcher/FileError")("FileError", {
  file: Schema.String,
  description: Schema.String
}) {
  override get message(): string {
    return `${this.file}: ${this.description}`
  }
}

/**
 * Why a configuration cannot be used.
 *
 * @since 0.1.0
 * @category errors
 */
export type LoadError = Locate.LocateError | FileError | Document.DocumentError

/** As much of the path as stands in the document; a key may hold dots itself. */
const present = (value: unknown, path: string): ReadonlyArray<string> => {
  if (!Predicate.isObject(value) || path === "") return []
  const key = Object.keys(value).filter((key) => path === key || path.startsWith(`${key}.`)).toSorted().at(-1)
  return key === undefined ? [] : [key, ...present((value as any)[key], path.slice(key.length + 1))]
}

/**
 * Finds the file, and reads what it and the environment say; no vendor is made yet.
 *
 * @since 0.1.0
 * @category constructors
 */
export const load = Effect.fnUntraced(function*(
  options: Options
): Effect.fn.Return<Loaded, LoadError, FileSystem.FileSystem | Path.Path> {
  const files = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const directory = path.resolve(options.directory ?? ".")
  const found = yield* Locate.locate({
    directory,
    file: options.file,
    named: options.environment.get(Locate.variable)
  })
  const file = Option.getOrUndefined(found)
  const text = file === undefined ? "" : yield* Effect.mapError(
    files.readFileString(file),
    ({ reason }) => new FileError({ file, description: `could not be read (${reason._tag})` })
  )
  const source = { file: file ?? "the environment", text }
  const { value, warnings } = yield* Document.read(DispatcherConfig, source, options.environment, {
    reserved: options.reserved ?? []
  })
  const parsed = Source.parse(source.file, text)
  // The Schema has an order of its own, but who stands first is asked first.
  const written: unknown = Result.isSuccess(parsed) ? parsed.success.value : undefined
  const order = Predicate.isObject(written) && Predicate.isObject(written["vendors"])
    ? Object.keys(written["vendors"])
    : []
  const place = ({ name }: Vendors.Entry) => order.indexOf(name) < 0 ? order.length : order.indexOf(name)
  return {
    config: value,
    file,
    directory: file === undefined ? directory : path.dirname(file),
    entries: (yield* Vendors.entries(value)).toSorted((a, b) => place(a) - place(b)),
    warnings,
    lineOf: (path) => Result.isSuccess(parsed) ? parsed.success.lineOf(present(parsed.success.value, path)) : undefined
  }
})

/**
 * A setting that cannot be used, told as the file's own faults are.
 *
 * @since 0.1.0
 * @category conversions
 */
export const located = ({ file, lineOf }: Loaded) => ({ description, path }: ConfigError): Document.DocumentError => {
  const line = lineOf(path)
  const where = file ?? "the environment"
  if (/^[A-Z][A-Z0-9_]*$/.test(path)) {
    return new Document.DocumentError({
      file: where,
      faults: [{ file: where, variable: path, path: "", description }]
    })
  }
  return new Document.DocumentError({
    file: where,
    faults: [{ file: where, path, description, ...(line === undefined ? undefined : { line }) }]
  })
}

/**
 * What came of a change: `applied`, `rejected` with the reason, or `unchanged`. `restart` names what only holds when the
 * program begins anew.
 *
 * @since 0.1.0
 * @category models
 */
export type Reload =
  | { readonly _tag: "Applied"; readonly restart: ReadonlyArray<string> }
  | { readonly _tag: "Rejected"; readonly message: string }
  | { readonly _tag: "Unchanged" }

/**
 * @since 0.1.0
 * @category models
 */
export interface Runtime {
  readonly dispatcher: Dispatcher.Dispatcher["Service"]
  /** The configuration that holds now, and whenever it changes. */
  readonly loaded: SubscriptionRef.SubscriptionRef<Loaded>
  /** Reads the file anew. */
  readonly reload: Effect.Effect<Reload>
  /** Every reload that was not `Unchanged`. */
  readonly reloads: Stream.Stream<Reload>
  /** What a caller has spent, where there are budgets. */
  readonly spending: (caller: string) => Effect.Effect<Budget.Spending | undefined>
}

/** What of a configuration is only read when the program begins. */
const fixed = ({ cache, gateway, statistics, telemetry }: DispatcherConfig): Readonly<Record<string, unknown>> => ({
  cache,
  statistics,
  "telemetry.otlp": telemetry?.otlp,
  "telemetry.logLevel": telemetry?.logLevel,
  gateway
})

/**
 * Makes the dispatcher of a configuration that was loaded; `more` stands beside what the configuration says, its
 * admission before the configured.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fnUntraced(function*(
  options: Options,
  first: Loaded,
  more?: {
    readonly cache?: Cache["Service"] | undefined
  } & Pick<Dispatcher.Reconfiguration, "admission" | "prepare" | "recorders" | "caller" | "permit">
): Effect.fn.Return<Runtime, Document.DocumentError, Vendors.Needs> {
  const clock = yield* Clock.Clock
  const context = yield* Effect.context<FileSystem.FileSystem | Path.Path>()
  const vendors = yield* RcMap.make({
    lookup: ({ directory, entry }: { readonly directory: string; readonly entry: Vendors.Entry }) =>
      Vendors.make(entry, directory)
  })
  const dispatcher = yield* Effect.mapError(
    Dispatcher.make({ vendors: [], cache: more?.cache }),
    located(first)
  )
  const assembly = Assembly.make((request) => dispatcher.targets(request, clock.currentTimeMillisUnsafe()))

  const apply = (loaded: Loaded) =>
    dispatcher.reconfigure(Effect.gen(function*() {
      const { config, directory, entries } = loaded
      const made: Array<Vendor> = []
      for (const entry of entries) made.push(yield* RcMap.get(vendors, { directory, entry }))
      const assembled = yield* assembly.assemble(config, made)
      return {
        ...assembled,
        admission: [...more?.admission ?? [], ...assembled.admission ?? []],
        // What the command wants stands last: what it has looked at is what goes on.
        prepare: [...assembled.prepare ?? [], ...more?.prepare ?? []],
        permit: more?.permit,
        recorders: more?.recorders,
        caller: more?.caller
      }
    })).pipe(Effect.mapError(located(loaded)))

  yield* apply(first)
  const loaded = yield* SubscriptionRef.make(first)
  const events = yield* PubSub.sliding<Reload>(64)
  const turn = yield* Semaphore.make(1)

  const reload = Effect.gen(function*(): Effect.fn.Return<Reload, LoadError, FileSystem.FileSystem | Path.Path> {
    const before = yield* SubscriptionRef.get(loaded)
    // Where it was found once it is looked for, not upward from there.
    const next = yield* load({ ...options, file: before.file ?? options.file })
    if (Equal.equals(before.config, next.config) && Equal.equals(before.entries, next.entries)) {
      return { _tag: "Unchanged" }
    }
    yield* apply(next)
    yield* SubscriptionRef.set(loaded, next)
    const [was, is] = [fixed(before.config), fixed(next.config)]
    return { _tag: "Applied", restart: Object.keys(is).filter((key) => !Equal.equals(was[key], is[key])) }
  }).pipe(
    Effect.catch(({ message }) => Effect.succeed<Reload>({ _tag: "Rejected", message })),
    Effect.tap((event) => event._tag === "Unchanged" ? Effect.void : PubSub.publish(events, event)),
    turn.withPermit,
    Effect.provideContext(context)
  )

  return { dispatcher, loaded, reload, reloads: Stream.fromPubSub(events), spending: assembly.spending }
})
