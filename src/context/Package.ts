/**
 * Packages that are loaded only where they are used, and need not be there otherwise.
 *
 * @since 0.1.0
 */
import { Effect, Predicate } from "effect"
import { ConfigError } from "../config/ConfigError.ts"

/**
 * Loads a package's module and looks whether it has the functions that are used of it.
 *
 * @since 0.1.0
 * @category constructors
 */
export const load = <Module>(
  name: string,
  functions: ReadonlyArray<keyof Module & string>,
  module: Effect.Effect<unknown, unknown>
): Effect.Effect<Module, ConfigError> => {
  const missing = new ConfigError({
    path: name,
    description: `could not be loaded: install it beside llmdispatcher (npm i ${name})`
  })
  const isModule = (module: unknown): module is Module =>
    Predicate.isObject(module) &&
    functions.every((name) => typeof (module as Record<string, unknown>)[name] === "function")
  return module.pipe(
    Effect.mapError(() => missing),
    Effect.filterOrFail(isModule, () => missing)
  )
}
