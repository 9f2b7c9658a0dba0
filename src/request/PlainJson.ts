/**
 * JSON that is plainly such: objects without a prototype of their own, lists, and what JSON has of leaves. What is not is
 * `undefined` here, and left to a Schema.
 *
 * @since 0.1.0
 */
import { deepest } from "./Size.ts"

/**
 * How large what was read so far is, as `sizeOf` counts it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Size {
  characters: number
}

/**
 * An object of no class.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isPlain = (value: unknown): value is Readonly<Record<string | symbol, unknown>> => {
  if (typeof value !== "object" || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** Whether it is JSON; `depth` is how deep in the request it stands. */
const isJson = (value: unknown, depth: number, size: Size): boolean => {
  switch (typeof value) {
    case "string":
      size.characters += value.length
      return true
    case "number":
      return Number.isFinite(value)
    case "boolean":
      return true
    case "object":
      return value === null || isComposed(value, depth, size)
    default:
      return false
  }
}

const isComposed = (value: object, depth: number, size: Size): boolean => {
  if (depth > deepest) return false
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) if (!isJson(value[index], depth + 1, size)) return false
    return true
  }
  if (!isPlain(value)) return false
  for (const key of Object.keys(value)) {
    if (!isJson(value[key], depth + 1, size)) return false
    size.characters += key.length
  }
  return true
}

/**
 * A record copied, each of its values as `read` gives it.
 *
 * @since 0.1.0
 * @category decoding
 */
export const record = <A>(
  value: unknown,
  size: Size,
  read: (value: unknown) => A | undefined
): Record<string, A> | undefined => {
  if (!isPlain(value) || Object.getOwnPropertySymbols(value).length > 0) return undefined
  const made: Record<string, A> = {}
  for (const key of Object.keys(value)) {
    if (key === "__proto__") return undefined
    const entry = read(value[key])
    if (entry === undefined) return undefined
    size.characters += key.length
    made[key] = entry
  }
  return made
}

/**
 * An object of JSON, copied one level deep, that stands at `depth`.
 *
 * @since 0.1.0
 * @category decoding
 */
export const object = (value: unknown, depth: number, size: Size): Record<string, unknown> | undefined =>
  record(value, size, (entry) => isJson(entry, depth + 1, size) ? entry : undefined)

/**
 * A record of texts.
 *
 * @since 0.1.0
 * @category decoding
 */
export const texts = (value: unknown, size: Size): Record<string, string> | undefined =>
  record(value, size, (entry) => {
    if (typeof entry !== "string") return undefined
    size.characters += entry.length
    return entry
  })
