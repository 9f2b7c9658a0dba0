/**
 * Keeps the condition `source` to this package: one of those under the AI SDK has sources by that name too, and Node
 * strips no types in them. Whatever needs it has to be loaded after.
 */
import { registerHooks } from "node:module"

registerHooks({
  resolve: (specifier, context, next) =>
    next(specifier, {
      ...context,
      conditions: specifier.startsWith("llmdispatcher")
        ? context.conditions
        : context.conditions.filter((condition) => condition !== "source")
    })
})
