/**
 * Finds the configuration file: the one named, or the nearest `llmdispatcher.yaml`, `.yml` or `.json` from a directory
 * upward.
 *
 * @since 0.1.0
 */
import { Effect, FileSystem, Option, Path, type PlatformError, Schema } from "effect"

/**
 * The environment variable that names the file where no flag does.
 *
 * @since 0.1.0
 * @category constants
 */
export const variable = "LLMDISPATCHER_CONFIG"

/** Looked for in each directory. */
const names = ["llmdispatcher.yaml", "llmdispatcher.yml", "llmdispatcher.json"] as const

/**
 * No file can be chosen: `NotFound` where the one named is not there, `Ambiguous` where one directory holds several (name
 * one, or remove the others), `Unreadable` where the file system refuses an answer.
 *
 * @since 0.1.0
 * @category errors
 */
export class LocateError extends Schema.TaggedError<LocateError>("llmdispatcher/LocateError")("LocateError", {
  reason: Schema.Literals(["NotFound", "Ambiguous", "Unreadable"]),
  files: Schema.Array(Schema.String),
  description: Schema.String
}) {
  override get message(): string {
    return this.description
  }
}

const unreadable = (file: string) => (error: PlatformError.PlatformError) =>
  new LocateError({
    reason: "Unreadable",
    files: [file],
    description: `${file}: cannot be read (${error.reason._tag})`
  })

/**
 * The file to read, `None` where none is named and none is found up to the root.
 *
 * `directory` is where the search begins and what names are relative to. `file` is what a flag names, else `named` what
 * the environment names in `LLMDISPATCHER_CONFIG`; an empty one counts as not set.
 *
 * @since 0.1.0
 * @category constructors
 */
export const locate = Effect.fnUntraced(function*(options: {
  readonly directory: string
  readonly file?: string | undefined
  readonly named?: string | undefined
}) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const isFile = (file: string) =>
    fs.stat(file).pipe(
      Effect.map(({ type }) => type !== "Directory"),
      Effect.catchIf(({ reason }) => reason._tag === "NotFound", () => Effect.succeed(false)),
      Effect.mapError(unreadable(file))
    )

  const named = options.file ?? (options.named === "" ? undefined : options.named)
  if (named !== undefined) {
    const file = path.resolve(options.directory, named)
    if (yield* isFile(file)) return Option.some(file)
    const by = options.file === undefined ? `, which ${variable} names` : ""
    return yield* new LocateError({
      reason: "NotFound",
      files: [file],
      description: `${file}: there is no such file${by}`
    })
  }

  let directory = path.resolve(options.directory)
  for (;;) {
    const files = yield* Effect.filter(names.map((name) => path.join(directory, name)), isFile)
    const [file, ...others] = files
    if (file !== undefined && others.length > 0) {
      return yield* new LocateError({
        reason: "Ambiguous",
        files,
        description: `${directory}: holds ${
          files.map((file) => path.basename(file)).join(" and ")
        }; keep one of them, or name one`
      })
    }
    if (file !== undefined) return Option.some(file)
    const parent = path.dirname(directory)
    if (parent === directory) return Option.none<string>()
    directory = parent
  }
})
