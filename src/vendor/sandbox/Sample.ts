/**
 * Makes a value that satisfies the simple parts of a JSON Schema.
 *
 * Kept: `type`, `const`, `enum`, `default`, `required`, `properties`, `items`, `prefixItems`, `minItems`, `maxItems`, the
 * bounds of numbers and `multipleOf`, lengths of texts and their common formats, `allOf`, the first of `anyOf` and
 * `oneOf`, and `$ref` within the schema. Not kept: `pattern`, `not`, `if`, `uniqueItems`, `dependent…`.
 *
 * @since 0.1.0
 */
import { Predicate, type Schema } from "effect"

type Json = Schema.Json
type JsonObject = { readonly [key: string]: Json }

/** Deeper than any schema a person writes; a schema that requires itself for ever ends here. */
const deepest = 12

/** An embedded vendor must not be made to fill the memory by one number in a schema. */
const mostItems = 64
const longestText = 4_096

interface Context {
  readonly root: JsonObject
  /** The text for strings that nothing says more about. */
  readonly text: string
  readonly depth: number
}

const isObject = (value: unknown): value is JsonObject => Predicate.isObject(value) && !Array.isArray(value)

const property = (object: JsonObject, key: string): Json | undefined =>
  Object.hasOwn(object, key) ? object[key] : undefined

const number = (schema: JsonObject, key: string): number | undefined => {
  const value = property(schema, key)
  return typeof value === "number" && Number.isFinite(value) ? value : undefined
}

const resolve = (root: JsonObject, ref: string): JsonObject | undefined => {
  if (!ref.startsWith("#")) return undefined
  let at: Json | undefined = root
  for (const step of ref.slice(1).split("/").slice(1)) {
    if (!isObject(at)) return undefined
    at = property(at, step.replaceAll("~1", "/").replaceAll("~0", "~"))
  }
  return isObject(at) ? at : undefined
}

const merge = (left: JsonObject, right: JsonObject): JsonObject => {
  const both = (key: string) => [property(left, key), property(right, key)] as const
  const [leftProperties, rightProperties] = both("properties")
  const [leftRequired, rightRequired] = both("required")
  return {
    ...left,
    ...right,
    properties: { ...(isObject(leftProperties) && leftProperties), ...(isObject(rightProperties) && rightProperties) },
    required: [
      ...(Array.isArray(leftRequired) ? leftRequired : []),
      ...(Array.isArray(rightRequired) ? rightRequired : [])
    ]
  }
}

/** References followed, alternatives decided: a schema that says by itself what it wants. */
const settle = (schema: JsonObject, context: Context): JsonObject => {
  let settled = schema
  for (let turn = 0; turn < deepest; turn++) {
    const { $ref, allOf, anyOf, oneOf, ...rest } = settled
    const target = typeof $ref === "string" ? resolve(context.root, $ref) : undefined
    const alternatives = Array.isArray(anyOf) ? anyOf : Array.isArray(oneOf) ? oneOf : []
    const chosen = alternatives.find((one) => isObject(one) && one["type"] !== "null") ?? alternatives[0]
    const more = [target, ...(Array.isArray(allOf) ? allOf : []), chosen].filter(isObject)
    if (more.length === 0) return rest
    settled = more.reduce(merge, rest)
  }
  return settled
}

const formats: { readonly [format: string]: string } = {
  date: "2025-01-01",
  time: "12:00:00Z",
  "date-time": "2025-01-01T12:00:00Z",
  duration: "PT1H",
  email: "sandbox@example.com",
  hostname: "example.com",
  ipv4: "192.0.2.1",
  ipv6: "2001:db8::1",
  uri: "https://example.com/",
  uuid: "00000000-0000-4000-8000-000000000000"
}

const text = (schema: JsonObject, context: Context): string => {
  const format = property(schema, "format")
  if (typeof format === "string" && Object.hasOwn(formats, format)) return formats[format]!
  const shortest = Math.min(number(schema, "minLength") ?? 0, longestText)
  const longest = number(schema, "maxLength") ?? longestText
  // JSON Schema counts code points.
  const points = Array.from(context.text)
  return (points.length < shortest ? Array.from(context.text.padEnd(shortest * 2, ".")).slice(0, shortest) : points)
    .slice(0, longest).join("")
}

const quantity = (schema: JsonObject, whole: boolean): number => {
  const above = number(schema, "exclusiveMinimum")
  const below = number(schema, "exclusiveMaximum")
  const step = number(schema, "multipleOf") ?? (whole ? 1 : undefined)
  const from = Math.max(number(schema, "minimum") ?? -Infinity, above ?? -Infinity)
  const to = Math.min(number(schema, "maximum") ?? Infinity, below ?? Infinity)
  if (step !== undefined && step > 0) {
    const lowest = from === -Infinity ? Math.min(0, Math.floor(to / step) * step) : Math.ceil(from / step) * step
    const value = lowest === above ? lowest + step : lowest
    return value === below ? value - step : value
  }
  if (from === -Infinity) return to > 0 ? 0 : below === to ? to - 1 : to
  if (from !== above) return from
  return to === Infinity ? from + 1 : (from + to) / 2
}

const list = (schema: JsonObject, context: Context): ReadonlyArray<Json> => {
  const prefix = property(schema, "prefixItems")
  const fixed: ReadonlyArray<Json> = Array.isArray(prefix) ? prefix : []
  const wanted = number(schema, "minItems") ?? Math.max(fixed.length, context.depth < 3 ? 1 : 0)
  const count = Math.min(wanted, number(schema, "maxItems") ?? mostItems, mostItems)
  const items = property(schema, "items")
  return Array.from({ length: count }, (_, index) => value(fixed[index] ?? items ?? {}, context))
}

const record = (schema: JsonObject, context: Context): JsonObject => {
  const required = property(schema, "required")
  const properties = property(schema, "properties")
  const known = isObject(properties) ? properties : {}
  const keys = (Array.isArray(required) ? required : []).filter((key) => typeof key === "string")
  // fromEntries defines own properties, so that a key `__proto__` is only a key.
  return Object.fromEntries(
    keys.map((key) => [key, value(property(known, key) ?? property(schema, "additionalProperties") ?? {}, context)])
  )
}

const typeOf = (schema: JsonObject): Json | undefined => {
  const type = property(schema, "type")
  if (Array.isArray(type)) return type.find((one) => one !== "null") ?? type[0]
  return type ?? (isObject(property(schema, "properties"))
    ? "object"
    : property(schema, "items") !== undefined
    ? "array"
    : "string")
}

const value = (input: Json, outer: Context): Json => {
  if (!isObject(input) || outer.depth >= deepest) return isObject(input) ? null : outer.text
  const context = { ...outer, depth: outer.depth + 1 }
  const schema = settle(input, context)
  const fixed = property(schema, "const") ?? property(schema, "default")
  if (fixed !== undefined) return fixed
  if ("const" in schema) return null
  const choices = property(schema, "enum")
  if (Array.isArray(choices) && choices.length > 0) return choices[0] as Json
  switch (typeOf(schema)) {
    case "object":
      return record(schema, context)
    case "array":
      return list(schema, context)
    case "integer":
      return quantity(schema, true)
    case "number":
      return quantity(schema, false)
    case "boolean":
      return true
    case "null":
      return null
    default:
      return text(schema, context)
  }
}

/**
 * A value of the schema; the same for the same schema and text, which stands where a schema asks for any string.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (schema: JsonObject, text: string): Json => value(schema, { root: schema, text, depth: 0 })
