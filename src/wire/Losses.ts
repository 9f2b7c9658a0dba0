/**
 * What of a request could not be carried to a vendor: gathered while it is encoded, then settled as the caller chose.
 *
 * @since 0.1.0
 */
import { Predicate, Result } from "effect"
import type { Prompt } from "effect/ai"
import type { Request } from "../Request.ts"
import type { Loss } from "../Response.ts"
import { type Fatal, fatal } from "../VendorError.ts"

/**
 * Tells that a field of the request, named by its path in it, could not be carried, and why.
 *
 * @since 0.1.0
 * @category models
 */
export type Lose = (field: string, message: string) => void

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = (): { readonly losses: ReadonlyArray<Loss>; readonly lose: Lose } => {
  const losses: Array<Loss> = []
  return { losses, lose: (field, message) => void losses.push({ field, message }) }
}

/**
 * The losses as the request wants them: told, ignored, or refused with `UnsupportedFeature` before anything is sent.
 *
 * @since 0.1.0
 * @category combinators
 */
export const settle = (
  request: Request,
  losses: ReadonlyArray<Loss>
): Result.Result<ReadonlyArray<Loss>, Fatal<"UnsupportedFeature">> => {
  if (losses.length === 0 || request.losses === undefined || request.losses === "warn") return Result.succeed(losses)
  if (request.losses === "ignore") return Result.succeed([])
  return Result.fail(fatal({
    _tag: "UnsupportedFeature",
    description: losses.map(({ field, message }) => `${field}: ${message}`).join("; ")
  }))
}

/**
 * The option of a part or message that stands under one of a vendor's names.
 *
 * @since 0.1.0
 * @category accessors
 */
export const option = (options: Prompt.ProviderOptions, names: ReadonlyArray<string>, name: string): unknown => {
  for (const vendor of names) {
    const own = options[vendor]
    if (Predicate.isObject(own) && name in own) return (own as Record<string, unknown>)[name]
  }
  return undefined
}

/**
 * Loses all options of a part or message but the `known` ones under a vendor's own `names`.
 *
 * @since 0.1.0
 * @category combinators
 */
export const others = (
  options: Prompt.ProviderOptions,
  names: ReadonlyArray<string>,
  known: ReadonlyArray<string>,
  path: string,
  lose: Lose
): void => {
  for (const vendor in options) {
    const own = options[vendor]
    if (!names.includes(vendor)) lose(`${path}.options.${vendor}`, "is another vendor's option")
    else if (Predicate.isObject(own)) {
      for (const name of Object.keys(own)) {
        if (!known.includes(name)) lose(`${path}.options.${vendor}.${name}`, `is not known to ${names[0]}`)
      }
    }
  }
}

/**
 * The body with the request's raw options under it: they say what no common word covers, and replace nothing.
 *
 * `closed` are the keys that raw options may never set.
 *
 * @since 0.1.0
 * @category combinators
 */
export const withRawOptions = <Body extends object>(
  request: Request,
  names: ReadonlyArray<string>,
  closed: ReadonlySet<string>,
  body: Body,
  lose: Lose
): Body => {
  if (request.options === undefined) return body
  const extra: Record<string, unknown> = {}
  for (const name of new Set(names)) {
    const raw = request.options[name]
    if (!Predicate.isObject(raw)) continue
    for (const [key, value] of Object.entries(raw)) {
      const field = `options.${name}.${key}`
      if (closed.has(key)) lose(field, "is not to be set by raw options")
      else if (key in body) lose(field, "is set by the request itself")
      else if (key !== "__proto__") extra[key] = value
    }
  }
  return { ...extra, ...body }
}
