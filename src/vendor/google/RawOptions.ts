/**
 * Raw options under the body: `safetySettings`, `cachedContent`, tools of the API's own and what else no common word
 * covers.
 *
 * @since 0.1.0
 */
import { Predicate } from "effect"
import type { Request } from "../../Request.ts"
import type { Lose } from "../../wire/Losses.ts"
import type * as Wire from "./Wire.ts"

/** Who is asked what, and how many answers come, is the dispatcher's. */
const closed: ReadonlySet<string> = new Set([
  "model",
  "contents",
  "systemInstruction",
  "generationConfig.candidateCount",
  "url",
  "baseUrl",
  "base_url",
  "headers",
  "httpOptions",
  "key"
])

type Json = Record<string, unknown>

/**
 * What else the API is to be told of a function of the request: the entry of `toolFields` with its `name`.
 *
 * @since 0.1.0
 * @category accessors
 */
export const toolFields = (request: Request, names: ReadonlyArray<string>, tool: string): Json | undefined => {
  for (const name of names) {
    const fields = request.options?.[name]?.["toolFields"]
    const found = Array.isArray(fields)
      ? fields.find((each) => Predicate.isObject(each) && "name" in each && each["name"] === tool)
      : undefined
    if (found !== undefined) return found as Json
  }
  return undefined
}

/**
 * Lays the raw options of every name under the body: fields within `generationConfig` and the like stand beside those
 * of the request and replace none, and entries of `tools` are added to the request's own.
 *
 * @since 0.1.0
 * @category combinators
 */
export const merge = (
  request: Request,
  names: ReadonlyArray<string>,
  body: Wire.GenerateContentRequest,
  lose: Lose
): Wire.GenerateContentRequest => {
  let merged: Json = body
  for (const name of new Set(names)) {
    const raw = request.options?.[name]
    if (Predicate.isObject(raw)) merged = under(merged, raw, "", `options.${name}`, lose)
  }
  return merged as Wire.GenerateContentRequest
}

const under = (own: Json, raw: Json, within: string, path: string, lose: Lose): Json => {
  const merged: Json = { ...own }
  for (const [key, value] of Object.entries(raw)) {
    const field = `${path}.${key}`
    const place = within + key
    if (place === "toolFields") continue
    if (closed.has(place)) lose(field, "is not to be set by raw options")
    else if (place === "tools" && Array.isArray(value)) {
      merged[key] = [...(Array.isArray(own[key]) ? own[key] : []), ...foreign(value, field, lose)]
    } else if (!(key in own)) {
      if (key !== "__proto__") {
        merged[key] = Predicate.isObject(value)
          ? under({}, value, `${place}.`, field, lose)
          : value
      }
    } else if (Predicate.isObject(own[key]) && Predicate.isObject(value)) {
      merged[key] = under(own[key], value, `${place}.`, field, lose)
    } else lose(field, "is set by the request itself")
  }
  return merged
}

/** Functions are the request's `tools`, so that their calls come back to who knows them. */
const foreign = (tools: ReadonlyArray<unknown>, path: string, lose: Lose): ReadonlyArray<unknown> =>
  tools.filter((tool, index) => {
    const isOwn = Predicate.isObject(tool) && "functionDeclarations" in tool
    if (isOwn) lose(`${path}.${index}`, "functions are told in the request's tools")
    return !isOwn
  })
