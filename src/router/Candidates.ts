/**
 * From a request to the targets that may serve it, in the order in which they are to be tried.
 *
 * @since 0.1.0
 */
import { Result } from "effect"
import type { Candidate } from "../Policy.ts"
import type { Request } from "../Request.ts"
import type { Route } from "../Route.ts"
import * as Target from "../Target.ts"
import type { Vendor } from "../Vendor.ts"
import { type Fatal, fatal } from "../VendorError.ts"

/**
 * Where vendors and routes are looked up.
 *
 * @since 0.1.0
 * @category models
 */
export interface Directory {
  readonly routes: ReadonlyMap<string, Route>
  readonly vendor: (name: string) => Vendor | undefined
  readonly vendors: () => Iterable<Vendor>
}

const withWindow = (target: Target.Target, vendor: Vendor): Target.Target => {
  const contextWindow = target.contextWindow ?? vendor.capabilities(target.model).contextWindow
  return contextWindow === undefined || contextWindow === target.contextWindow ? target : { ...target, contextWindow }
}

/** The route of the model's name, `vendor/model`, or every vendor that says it serves the name. */
const targets = (directory: Directory, request: Request): Iterable<Target.Target> => {
  const name = request.model ?? request.mode ?? "default"
  const route = directory.routes.get(name) ??
    (request.model === undefined ? directory.routes.get("default") : undefined)
  if (route !== undefined) return route.targets
  const slash = name.indexOf("/")
  if (slash > 0 && directory.vendor(name.slice(0, slash)) !== undefined) return [Target.make(name)]
  return serving(directory.vendors(), request.model)
}

function* serving(vendors: Iterable<Vendor>, model: string | undefined): Iterable<Target.Target> {
  for (const vendor of vendors) {
    const own = model === undefined ? vendor.defaultModel : vendor.serves(model) ? model : undefined
    if (own !== undefined) yield { id: `${vendor.name}/${own}`, vendor: vendor.name, model: own }
  }
}

const noCandidate = (directory: Directory, request: Request): Fatal<"NoCandidate"> => {
  const vendors = Array.from(directory.vendors())
  const names = vendors.map((vendor) => vendor.name)
  const asked = request.model === undefined ? "a request without a model" : `the model "${request.model}"`
  const unknown = request.vendors?.filter((name) => !names.includes(name)) ?? []
  const description = names.length === 0
    ? "there is no vendor"
    : unknown.length > 0
    ? `there is no vendor ${unknown.map((name) => `"${name}"`).join(", ")}; there is ${names.join(", ")}`
    : `${asked} is served by none of ${(request.vendors ?? names).join(", ")}`
  const known = [
    ...directory.routes.keys(),
    ...vendors.flatMap(({ defaultModel, name }) => defaultModel === undefined ? [] : [`${name}/${defaultModel}`])
  ]
  return fatal({ _tag: "NoCandidate", description, known })
}

/**
 * The candidates in the order of the route, or of the vendors where no route is named; fails with `NoCandidate`, which
 * tells what could be asked.
 *
 * @since 0.1.0
 * @category routing
 */
export const ordered = (
  directory: Directory,
  request: Request
): Result.Result<ReadonlyArray<Candidate>, Fatal<"NoCandidate">> => {
  const candidates: Array<Candidate> = []
  for (const target of targets(directory, request)) {
    const vendor = request.vendors !== undefined && !request.vendors.includes(target.vendor)
      ? undefined
      : directory.vendor(target.vendor)
    if (vendor !== undefined) candidates.push({ target: withWindow(target, vendor), vendor })
  }
  return candidates.length > 0 ? Result.succeed(candidates) : Result.fail(noCandidate(directory, request))
}
