/**
 * The dispatcher of a command: as the configuration file and the environment say, or else over the embedded sandbox.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"

import { FetchHttpClient } from "effect/http"
import * as Runtime from "../config/Runtime.ts"
import { type Entry, sandboxes } from "../config/Vendors.ts"
import { kinds } from "../config/VendorKinds.ts"

import * as Equipment from "./Equipment.ts"
import { Failure, usage } from "./ExitCode.ts"
import { say } from "./Output.ts"
import { suggestion } from "./Suggest.ts"

/**
 * The variables of the environment that give vendors.
 *
 * @since 0.1.0
 * @category constants
 */
export const variables: ReadonlyArray<string> = Object.values(kinds).flatMap(({ gives }) => gives)

/** Variables of ours that are no settings. */
const reserved = ["LLMDISPATCHER_NODE_LLAMA_CPP", "LLMDISPATCHER_POSTGRES_BIN", "LLMDISPATCHER_ADMIN_KEY"]

const sandboxNames = sandboxes.map(({ name }) => name)

/**
 * Where a command looks for its configuration.
 *
 * @since 0.1.0
 * @category accessors
 */
export const options = (config: Option.Option<string>): Effect.Effect<Runtime.Options, never, FileSystem.FileSystem> =>
  Effect.map(FileSystem.FileSystem, (files) => ({
    file: Option.getOrUndefined(config),
    reserved,
    environment: {
      get: (name) => process.env[name],
      names: () => Object.keys(process.env),
      readFile: (path) => files.readFileString(path)
    }
  }))

/**
 * The client of those who need one; it is loaded only for them, since it is large.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerHttp = (entries: ReadonlyArray<Entry>) =>
  entries.every(({ kind }) => kind === "sandbox" || kind === "llama-cpp")
    ? FetchHttpClient.layer
    : Layer.unwrap(Effect.map(Effect.promise(() => import("../wire/NodeHttp.ts")), (http) => http.layer()))

/** A vendor that is not there is said even where the others could answer. */
const unknownVendor = (names: ReadonlyArray<string>, asked: ReadonlyArray<string>): Failure | undefined => {
  const unknown = asked.find((name) => !names.includes(name))
  return unknown === undefined
    ? undefined
    : usage(`there is no vendor ${unknown}; there is ${names.join(", ")}${suggestion(unknown, names)}`)
}

/**
 * What cannot be used of a configuration is bad input, told line by line.
 *
 * @since 0.1.0
 * @category conversions
 */
export const badConfiguration = ({ message }: Runtime.LoadError): Failure =>
  usage(message.split("\n").join("\nllmdispatcher: "))

/** What a command wants of each dispatch beside what the configuration says. */
type More = NonNullable<Parameters<typeof Runtime.make>[2]>

/**
 * The dispatcher of a configuration that was loaded, with the cache and the database it asks for.
 *
 * `more` is what the command itself wants of each dispatch; it may ask the dispatcher, once that is there.
 *
 * @since 0.1.0
 * @category constructors
 */
export const start = Effect.fnUntraced(function*(
  from: Runtime.Options,
  loaded: Runtime.Loaded,
  more: (
    equipment: Equipment.Equipment,
    runtime: () => Runtime.Runtime
  ) => Effect.Effect<More, Failure, Scope.Scope> = () => Effect.succeed({})
) {
  const http = yield* Layer.build(layerHttp(loaded.entries))
  const telemetry = yield* Effect.provideContext(
    Layer.build(Equipment.layerTelemetry(loaded.config.telemetry)),
    http
  )
  // It can only be asked once it is there.
  let runtime: Runtime.Runtime | undefined
  const equipment = yield* Equipment.make(
    loaded,
    (model, text) =>
      Effect.suspend(() =>
        Effect.map(runtime!.dispatcher.embed({ model, inputs: [text] }), ({ vectors }) => vectors[0] ?? [])
      )
  )
  const wanted = yield* more(equipment, () => runtime!)
  const made = yield* Runtime.make(from, loaded, {
    ...wanted,
    cache: equipment.cache,
    recorders: [...equipment.recorders, ...wanted.recorders ?? []]
  }).pipe(
    Effect.provideContext(Context.merge(http, telemetry)),
    Effect.mapError(badConfiguration)
  )
  runtime = made
  return { runtime: made, equipment, telemetry }
})

/**
 * The dispatcher, given the names that the user wrote.
 *
 * The sandbox stands beside real vendors only when it is named: it must never answer in a real vendor's place.
 *
 * @since 0.1.0
 * @category constructors
 */
export const open = Effect.fnUntraced(function*(named: {
  readonly vendors: ReadonlyArray<string>
  readonly model?: string | undefined
  readonly config?: Option.Option<string> | undefined
}) {
  const empty = variables.filter((variable) => process.env[variable]?.trim() === "")
  if (empty.length > 0) return yield* usage(`${empty.join(" and ")} must not be empty; set or unset it`)
  const from = yield* options(named.config ?? Option.none())
  const loaded = yield* Effect.mapError(Runtime.load(from), badConfiguration)
  for (const { description, variable } of loaded.warnings) yield* say(`${variable ?? ""}: ${description}`)
  const isSandboxNamed = sandboxNames.some((name) =>
    named.vendors.includes(name) || named.model?.startsWith(`${name}/`) === true
  )
  const known = loaded.entries.map(({ name }) => name)
  const entries = isSandboxNamed
    ? [...loaded.entries, ...sandboxes.filter(({ name }) => !known.includes(name))]
    : loaded.entries
  const unknown = unknownVendor(entries.map(({ name }) => name), named.vendors)
  if (unknown !== undefined) return yield* unknown
  if (loaded.config.vendors === undefined && known.join() === sandboxNames.join() && !isSandboxNamed) {
    yield* say(
      `No key found, so the sandbox inside llmdispatcher answers. For a real model set ${variables[0]}, or another \
variable of llmdispatcher --help, or write a file with llmdispatcher init.`
    )
  }
  const { runtime: { dispatcher }, telemetry } = yield* start(from, { ...loaded, entries })
  return { dispatcher, telemetry, vendors: yield* dispatcher.vendors }
})

/**
 * The vendors alone.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromEnvironment = (named: Parameters<typeof open>[0]) => Effect.map(open(named), ({ vendors }) => vendors)
