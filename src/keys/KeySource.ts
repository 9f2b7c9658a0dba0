/**
 * Where the keys of a vendor come from: the program, the environment, a file, or any effect.
 *
 * @since 0.1.0
 */
import { Config, Duration, Effect, FileSystem, Option, Predicate, Redacted, Stream } from "effect"
import { ConfigError } from "../config/ConfigError.ts"
import type { KeyInput } from "./Key.ts"

/**
 * Keys to be read, and when to read them again.
 *
 * A reading that fails later changes nothing; it is told and tried again.
 *
 * @since 0.1.0
 * @category models
 */
export interface KeySource<R = never> {
  /** What messages call it. */
  readonly name: string
  readonly read: Effect.Effect<ReadonlyArray<KeyInput>, ConfigError, R>
  /** An element whenever the keys may be others; ends where they never are. */
  readonly changes: Stream.Stream<void, never, R>
}

/**
 * These keys, for good; `rotate` can still replace them.
 *
 * @since 0.1.0
 * @category constructors
 */
export const ofKeys = (keys: ReadonlyArray<KeyInput>): KeySource => ({
  name: "keys",
  read: Effect.succeed(keys),
  changes: Stream.empty
})

// -----------------------------------------------------------------------------
// Environment
// -----------------------------------------------------------------------------

const split = (text: Redacted.Redacted<string>): ReadonlyArray<Redacted.Redacted<string>> =>
  Redacted.value(text).split(/[\s,]+/).filter((key) => key !== "").map((key) => Redacted.make(key))

/** An empty value is no value, as `NAME=` in a file of settings means. */
const variable = (name: string): Effect.Effect<Option.Option<Redacted.Redacted<string>>, ConfigError> =>
  Config.option(Config.Redacted(name)).pipe(
    Effect.mapError(() => new ConfigError({ path: name, description: "could not be read" }))
  )

/**
 * The keys in the variable `name`, parted by commas, spaces or line breaks, and those in `name_1`, `name_2` and so on up
 * to the first that is not set.
 *
 * Read once, through the `ConfigProvider`: the environment of a process does not change.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromEnv = (name: string): KeySource => ({
  name,
  read: Effect.gen(function*() {
    const keys = Option.match(yield* variable(name), { onNone: () => [], onSome: split }).slice()
    for (let number = 1;; number++) {
      const more = yield* variable(`${name}_${number}`)
      if (Option.isNone(more)) return keys
      keys.push(...split(more.value))
    }
  }),
  changes: Stream.empty
})

// -----------------------------------------------------------------------------
// File
// -----------------------------------------------------------------------------

const ofLine = (line: string): string => line.replace(/(^|\s)#.*$/, "").trim()

const ofText = (text: string): ReadonlyArray<Redacted.Redacted<string>> =>
  text.replace(/^\ufeff/, "").split(/\r\n|\n|\r/).map(ofLine).filter((key) => key !== "").map((key) =>
    Redacted.make(key)
  )

/** A file is written in more than one step; what it holds right after the first is not to be read yet. */
const settling = Duration.millis(100)

/**
 * The keys in a file, one a line; what follows a `#` at a line's beginning or after a space is a comment.
 *
 * It is read again `every` 30 seconds by default, and at once where the file system tells of a change. Replace the file
 * by renaming another over it, so that it is never seen half written.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromFile = (
  path: string,
  options?: { readonly every?: Duration.Input | undefined }
): KeySource<FileSystem.FileSystem> => {
  const every = Duration.fromInputUnsafe(options?.every ?? "30 seconds")
  return {
    name: path,
    read: Effect.flatMap(FileSystem.FileSystem, (files) => files.readFileString(path)).pipe(
      Effect.map(ofText),
      Effect.mapError(({ reason }) => new ConfigError({ path, description: `could not be read (${reason._tag})` }))
    ),
    changes: Stream.unwrap(Effect.map(FileSystem.FileSystem, (files) => {
      // One event is enough: after it the path may be another file, which the old watch would not see.
      const changed = files.watch(path).pipe(
        Stream.runHead,
        // Where watching does not work, as on a file that is away or a network's, the time alone has to do.
        Effect.orElseSucceed(Option.none),
        Effect.flatMap((event) => Option.isSome(event) ? Effect.sleep(settling) : Effect.never)
      )
      return Stream.fromEffectRepeat(Effect.raceFirst(changed, Effect.sleep(every)))
    }))
  }
}

// -----------------------------------------------------------------------------
// Effect
// -----------------------------------------------------------------------------

/**
 * An error of somebody else's may quote the key, so only its name is passed on.
 *
 * @since 0.1.0
 * @category accessors
 */
export const nameOf = (error: unknown): string =>
  Predicate.hasProperty(error, "_tag") && typeof error._tag === "string"
    ? error._tag
    : error instanceof Error
    ? error.name
    : "an unknown error"

/**
 * The keys that an effect gets, as from a manager of secrets; it is run again `every` so often, by default never.
 *
 * Of its errors only their names are told.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromEffect = <E, R>(
  effect: Effect.Effect<ReadonlyArray<KeyInput> | Redacted.Redacted<string>, E, R>,
  options?: { readonly name?: string | undefined; readonly every?: Duration.Input | undefined }
): KeySource<R> => {
  const name = options?.name ?? "keys"
  return {
    name,
    read: Effect.mapBoth(effect, {
      onFailure: (error) => new ConfigError({ path: name, description: `could not be read (${nameOf(error)})` }),
      onSuccess: (keys) => Redacted.isRedacted(keys) ? [keys] : keys
    }),
    changes: options?.every === undefined
      ? Stream.empty
      : Stream.fromEffectRepeat(Effect.sleep(options.every))
  }
}
