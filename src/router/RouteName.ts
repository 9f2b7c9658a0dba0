/**
 * Under which of the configured routes a request goes, for those who count by route.
 *
 * @since 0.1.0
 */
import type { Request } from "../Request.ts"
import type { Route } from "../Route.ts"
import * as Pattern from "./Pattern.ts"
import * as Rules from "./Rules.ts"

/**
 * The route's own name, a pattern's for all names that match it; `undefined` where no route was asked for.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  routes: ReadonlyMap<string, Route>,
  rules: ReadonlyArray<Rules.Rule>
): (request: Request, now: number) => string | undefined => {
  if (routes.size === 0) return () => undefined
  const patterns = Array.from(routes.keys()).filter(Pattern.isPattern)
  return (request, now) => {
    const name = Rules.choose(rules, request, now) ?? Rules.nameOf(request)
    if (routes.has(name)) return name
    return patterns.find((pattern) => Pattern.match(pattern, name) !== undefined) ??
      (request.model === undefined && routes.has("default") ? "default" : undefined)
  }
}
