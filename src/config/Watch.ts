/**
 * Follows the configuration's file: what is written there holds a moment later.
 *
 * @since 0.1.0
 */
import { Duration, Effect, FileSystem, Path, Schedule, type Scope, Stream, SubscriptionRef } from "effect"
import type { Reload, Runtime } from "./Runtime.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** How often the file is looked at where the file system tells of no change, as with mounted secrets. Default 5 s. */
  readonly every?: Duration.Input | undefined
  /** How long a change must have settled, for editors write in steps. Default 100 ms. */
  readonly settle?: Duration.Input | undefined
  /** Asks to read the file now, as SIGHUP does. */
  readonly triggers?: Stream.Stream<unknown> | undefined
}

const tell = (reload: Reload): Effect.Effect<void> => {
  switch (reload._tag) {
    case "Unchanged":
      return Effect.void
    case "Rejected":
      return Effect.logWarning(`the new configuration is not used:\n${reload.message}`)
    case "Applied":
      return reload.restart.length === 0
        ? Effect.logInfo("the new configuration is used")
        : Effect.logWarning(`the new configuration is used, but ${reload.restart.join(", ")} only at the next start`)
  }
}

/**
 * Reloads whenever the file or what it refers to changes, until the Scope closes, and logs what came of it.
 *
 * @since 0.1.0
 * @category constructors
 */
export const follow = Effect.fnUntraced(function*(
  runtime: Runtime,
  options: Options = {}
): Effect.fn.Return<void, never, FileSystem.FileSystem | Path.Path | Scope.Scope> {
  const files = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const { file } = yield* SubscriptionRef.get(runtime.loaded)
  const settle = options.settle ?? "100 millis"
  // The directory, since many editors put another file in the place of the old one.
  const watched = file === undefined ? Stream.empty : files.watch(path.dirname(file)).pipe(
    // Without a watch the file is looked at all the same.
    Stream.catchCause((cause) => Stream.fromEffectDrain(Effect.logDebug("the file cannot be watched", cause)))
  )
  const looks = Stream.fromSchedule(Schedule.spaced(options.every ?? "5 seconds"))
  let last = ""
  const reload = Effect.flatMap(runtime.reload, (reload) => {
    // A file that stays wrong is told of once.
    const told = reload._tag === "Rejected" ? reload.message : ""
    if (reload._tag === "Rejected" && told === last) return Effect.void
    last = told
    return tell(reload)
  })
  yield* Stream.mergeAll([watched, looks, options.triggers ?? Stream.empty], { concurrency: "unbounded" }).pipe(
    Stream.debounce(settle),
    Stream.runForEach(() => reload),
    Effect.forkScoped
  )
})
