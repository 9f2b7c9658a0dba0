/**
 * From a request to the targets that may serve it: rules, routes, `vendor/model`, or whoever serves the model's name.
 *
 * @since 0.1.0
 */
import { Result } from "effect"
import type { Catalog } from "../catalog/Catalog.ts"
import type { Candidate } from "../Policy.ts"
import type { Request } from "../Request.ts"
import type { Route, StrategyName } from "../Route.ts"
import type { Stats } from "../stats/Stats.ts"
import type { Draw, Strategy } from "../Strategy.ts"
import * as Target from "../Target.ts"
import type { Vendor } from "../Vendor.ts"
import { type Fatal, fatal } from "../VendorError.ts"
import * as Pattern from "./Pattern.ts"
import * as Rules from "./Rules.ts"
import * as Selection from "./Selection.ts"
import { strategies } from "./Strategies.ts"

/**
 * Where vendors and routes are looked up.
 *
 * @since 0.1.0
 * @category models
 */
export interface Directory {
  readonly routes: ReadonlyMap<string, Route>
  readonly rules: ReadonlyArray<Rules.Rule>
  readonly vendor: (name: string) => Vendor | undefined
  readonly vendors: () => Iterable<Vendor>
  /** Changes whenever a vendor comes or goes. */
  readonly version: () => number
  readonly stats: Stats
  /** Prices and windows of targets that tell none. */
  readonly catalog: Catalog
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Router {
  /** What the request's route does with a stream that breaks; without a route it is `fail`. */
  readonly onInterrupted: (request: Request, now: number) => Route["onInterrupted"]
  /** Who may be asked, with prices and windows as they are known; none where nobody serves it. */
  readonly targets: (request: Request, now: number) => ReadonlyArray<Target.Target>
  /** Fails with `NoCandidate`, which tells what could be asked; `keep` leaves candidates out. */
  readonly select: (
    draw: Draw,
    keep: (candidate: Candidate) => boolean
  ) => Result.Result<Selection.Selection, Fatal<"NoCandidate">>
}

/** Names of which the candidates are kept at hand; callers may make up any number. */
const most = 1_024

/** A mode is a way to choose where it is not a route of its own; `auto` leaves it to the route. */
const modes: { readonly [mode: string]: StrategyName } = {
  fast: "fastest",
  sophisticated: "dearest",
  cost_saving: "cheapest"
}

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = (directory: Directory): Router => {
  const patterns = Array.from(directory.routes.values()).filter(({ name }) => Pattern.isPattern(name))
  let version = -1
  const prepared = new Map<string, ReadonlyArray<Selection.Group>>()

  const groupsOf = (name: string, request: Request): ReadonlyArray<Selection.Group> => {
    if (version !== directory.version() || prepared.size > most) {
      prepared.clear()
      version = directory.version()
    }
    const mode = request.model === undefined ? request.mode : undefined
    const key = mode === undefined ? name : `${mode} ${name}`
    let groups = prepared.get(key)
    if (groups === undefined) {
      const { strategy, targets } = found(directory, patterns, name, request.model === undefined)
      groups = grouped(directory, targets, directory.routes.has(mode ?? "") ? strategy : modes[mode ?? ""] ?? strategy)
      prepared.set(key, groups)
    }
    return groups
  }

  const nameOf = (request: Request, now: number) => Rules.choose(directory.rules, request, now) ?? Rules.nameOf(request)

  const allowedBy = (request: Request) => (candidate: Candidate) =>
    request.vendors === undefined || request.vendors.includes(candidate.vendor.name)

  /** The groups of those the request allows, else of the vendors that it names. */
  const servingGroups = (request: Request, now: number): ReadonlyArray<Selection.Group> => {
    const name = nameOf(request, now)
    const groups = groupsOf(name, request)
    if (groups.some(({ candidates }) => candidates.some(allowedBy(request)))) return groups
    return request.vendors !== undefined && name === request.model && !directory.routes.has(name)
      ? grouped(directory, insisted(name, request.vendors), "ordered")
      : []
  }

  return {
    targets: (request, now) =>
      servingGroups(request, now).flatMap(({ candidates }) =>
        candidates.filter(allowedBy(request)).map(({ target }) => target)
      ),
    onInterrupted: (request, now) => {
      // Without a route there is nothing to look up, and most vendors are asked by their models' names.
      if (directory.routes.size === 0) return "fail"
      return found(directory, patterns, nameOf(request, now), request.model === undefined).onInterrupted
    },
    select: (draw, keep) => {
      const { request } = draw
      const allowed = allowedBy(request)
      const groups = servingGroups(request, draw.now)
      return groups.some(({ candidates }) => candidates.some(allowed))
        ? Result.succeed(Selection.make(groups, draw, (candidate) => allowed(candidate) && keep(candidate)))
        : Result.fail(noCandidate(directory, request))
    }
  }
}

type Found = Omit<Route, "name">

/** The route of the name or of a pattern, `vendor/model`, or every vendor that says it serves the name. */
const found = (directory: Directory, patterns: ReadonlyArray<Route>, name: string, isUnnamed: boolean): Found => {
  const route = directory.routes.get(name)
  if (route !== undefined) return route
  for (const route of patterns) {
    const part = Pattern.match(route.name, name)
    if (part !== undefined) return { ...route, targets: route.targets.map(filled(part)) }
  }
  const fallback = isUnnamed ? directory.routes.get("default") : undefined
  if (fallback !== undefined) return fallback
  const slash = name.indexOf("/")
  const targets = slash > 0 && directory.vendor(name.slice(0, slash)) !== undefined
    ? [Target.make(name)]
    : Array.from(serving(directory.vendors(), isUnnamed ? undefined : name))
  return { targets, strategy: "ordered", onInterrupted: "fail" }
}

/** The model of whoever names both it and the vendors, known to them or not: a list of models is never complete. */
const insisted = (name: string, vendors: ReadonlyArray<string>): ReadonlyArray<Target.Target> =>
  vendors.map((vendor) => Target.make({ vendor, model: name }))

const filled = (part: string) => (target: Target.Target): Target.Target => ({
  ...target,
  id: target.id.replace("*", () => part),
  model: target.model.replace("*", () => part)
})

function* serving(vendors: Iterable<Vendor>, model: string | undefined): Iterable<Target.Target> {
  for (const vendor of vendors) {
    const own = model === undefined ? vendor.defaultModel : vendor.serves(model) ? model : undefined
    if (own !== undefined) yield { id: `${vendor.name}/${own}`, vendor: vendor.name, model: own }
  }
}

/** What the target itself does not tell, its vendor or the catalogue may. */
const known = (target: Target.Target, vendor: Vendor, catalog: Catalog): Target.Target => {
  const entry = catalog.find(vendor.provider, target.model)
  const contextWindow = target.contextWindow ?? vendor.capabilities(target.model).contextWindow ?? entry.contextWindow
  const price = target.price ?? entry.price
  return contextWindow === target.contextWindow && price === target.price ? target : {
    ...target,
    ...(contextWindow === undefined ? undefined : { contextWindow }),
    ...(price === undefined ? undefined : { price })
  }
}

/** The candidates whose vendors are there, by their priority, each group with its pick. */
const grouped = (
  directory: Directory,
  targets: Iterable<Target.Target>,
  strategy: StrategyName | Strategy
): ReadonlyArray<Selection.Group> => {
  const byPriority = new Map<number, Array<Candidate>>()
  for (const target of targets) {
    const vendor = directory.vendor(target.vendor)
    if (vendor === undefined) continue
    const priority = target.priority ?? 0
    const group = byPriority.get(priority) ?? []
    group.push({ target: known(target, vendor, directory.catalog), vendor })
    byPriority.set(priority, group)
  }
  const made = typeof strategy === "function" ? strategy : strategies[strategy]
  return Array.from(byPriority.entries())
    .toSorted(([a], [b]) => a - b)
    .map(([, candidates]) => ({ candidates, pick: made(candidates, directory.stats) }))
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
