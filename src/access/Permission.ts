/**
 * What a request asks to be permitted, and what of that is not granted.
 *
 * @since 0.1.0
 */
import * as Pattern from "../router/Pattern.ts"
import * as Rules from "../router/Rules.ts"
import type { Dispatch } from "../Policy.ts"
import * as Request from "../Request.ts"
import type { Effective } from "./Effective.ts"
import * as Feature from "./Feature.ts"
import * as Models from "./Models.ts"

/**
 * The routes and rules of the dispatcher, so that what is granted is the route that a request takes.
 *
 * @since 0.1.0
 * @category models
 */
export interface Routing {
  readonly routes?: Readonly<Record<string, unknown>> | undefined
  readonly rules?: ReadonlyArray<Rules.Rule> | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Asked {
  /** Names under which it goes; to be granted one of them is enough. */
  readonly names: ReadonlyArray<string>
  /** What the caller itself named. */
  readonly model?: string | undefined
  /** Whether a rule chose the name. */
  readonly isLed: boolean
  readonly vendors?: ReadonlyArray<string> | undefined
  readonly features: ReadonlySet<Feature.Feature>
  /** Tokens the answer may have. */
  readonly maxTokens?: number | undefined
  /** Characters. */
  readonly size: () => number
}

/** Whether a request without a model that goes by this name ends at the route for all such requests. */
const isDefault = ({ routes }: Routing, name: string): boolean =>
  routes !== undefined && Object.hasOwn(routes, "default") && !Object.hasOwn(routes, name) &&
  !Object.keys(routes).some((route) => Pattern.isPattern(route) && Pattern.matches(route, name))

/**
 * What the request asks for; `now` in epoch milliseconds, for rules by the hour.
 *
 * @since 0.1.0
 * @category constructors
 */
export const of = (
  request: Request.Request,
  operation: Dispatch["operation"],
  routing: Routing,
  now: number
): Asked => {
  const led = Rules.choose(routing.rules ?? [], request, now)
  const name = led ?? Rules.nameOf(request)
  return {
    names: request.model === undefined && isDefault(routing, name) ? [name, "default"] : [name],
    model: request.model,
    isLed: led !== undefined && led !== request.model,
    vendors: request.vendors,
    features: Feature.of(request, operation),
    maxTokens: request.maxTokens,
    size: () => Request.sizeOf(request)
  }
}

/** Names told in one error. */
const mostTold = 20

const list = (names: ReadonlyArray<string>): string =>
  names.length === 0
    ? "none"
    : names.slice(0, mostTold).join(", ") + (names.length > mostTold ? ` and ${names.length - mostTold} more` : "")

const modelRefusal = ({ models }: Effective, { isLed, model, names }: Asked): string | undefined => {
  if (Models.allows(models, names)) return undefined
  // The caller may not know of the route, so it is not named.
  if (isLed) return "a rule leads this request to a route that is not granted"
  const asked = model === undefined ? `a request without a model ("${names[0]}")` : `the model "${model}"`
  return `${asked} is not granted, granted are: ${list(Models.granted(models))}`
}

const vendorRefusal = (granted: ReadonlySet<string>, asked: ReadonlyArray<string> | undefined): string | undefined => {
  if (granted.size === 0) return "no vendor is granted"
  const refused = (asked ?? []).filter((name) => !granted.has(name))
  return refused.length === 0
    ? undefined
    : `the vendors ${list(refused)} are not granted, granted are: ${list(Array.from(granted))}`
}

/**
 * Why the request is refused, one sentence for each thing that is not granted; none where it is permitted.
 *
 * It tells what the caller itself asked for and what it has, and nothing else of what there is.
 *
 * @since 0.1.0
 * @category predicates
 */
export const refusals = (effective: Effective, asked: Asked): ReadonlyArray<string> => {
  const { features, limits: { maxOutputTokens, maxRequestSize }, vendors } = effective
  const refused: Array<string | undefined> = [
    modelRefusal(effective, asked),
    vendors && vendorRefusal(vendors, asked.vendors)
  ]
  for (const feature of asked.features) {
    if (!features.has(feature)) refused.push(`the feature "${feature}" is not granted`)
  }
  if (maxOutputTokens !== undefined && asked.maxTokens !== undefined && asked.maxTokens > maxOutputTokens) {
    refused.push(`answers of at most ${maxOutputTokens} tokens are granted, ${asked.maxTokens} are asked for`)
  }
  if (maxRequestSize !== undefined) {
    const size = asked.size()
    if (size > maxRequestSize) refused.push(`requests of at most ${maxRequestSize} characters are granted, not ${size}`)
  }
  return refused.filter((sentence) => sentence !== undefined)
}

/**
 * @since 0.1.0
 * @category predicates
 */
export const isPermitted = (effective: Effective, asked: Asked): boolean => refusals(effective, asked).length === 0
