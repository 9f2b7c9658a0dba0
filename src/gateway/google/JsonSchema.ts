/**
 * The API's own schemas, after OpenAPI's, as JSON Schema.
 *
 * @since 0.1.0
 */
import type { Schema } from "effect"
import { isObject, type Json, type Reader } from "../Fields.ts"
import * as Names from "./Names.ts"

/** Whole numbers that are written as texts. */
const counts: ReadonlySet<string> = new Set([
  "minItems",
  "maxItems",
  "minProperties",
  "maxProperties",
  "minLength",
  "maxLength"
])

type Written = { [key: string]: Schema.Json }

/** Deeper than any schema in use, and far from the stack's end. */
const deepest = 100

/**
 * Types in small letters, `nullable` among them, and counts as numbers; all else stays.
 *
 * @since 0.1.0
 * @category conversions
 */
export const decode = (value: unknown, path: string, reader: Reader, depth = 0): Written => {
  if (depth > deepest) {
    reader.wrong(path.replace(/(?:\.items)+$/, ""), `must not be nested deeper than ${deepest} levels`)
    return {}
  }
  const schema = Names.camel(reader.object(value, path), path, reader)
  const written: Written = {}
  for (const key of Object.keys(schema)) {
    if (key !== "__proto__" && key !== "nullable") set(written, key, schema[key], `${path}.${key}`, reader, depth + 1)
  }
  return schema["nullable"] === true ? orNull(written) : written
}

const set = (written: Written, key: string, value: unknown, path: string, reader: Reader, depth: number): void => {
  if (value === null || value === undefined) return
  if (key === "type" && typeof value === "string") {
    if (value !== "TYPE_UNSPECIFIED") written["type"] = value.toLowerCase()
  } else if (key === "properties" && isObject(value)) written[key] = properties(value, path, reader, depth)
  else if (key === "items") written[key] = decode(value, path, reader, depth)
  else if (key === "anyOf" && Array.isArray(value)) {
    written[key] = value.map((each, index) => decode(each, `${path}.${index}`, reader, depth))
  } else if (key === "example") written["examples"] = [value as Schema.Json]
  else written[key] = counts.has(key) && typeof value === "string" ? Number(value) : value as Schema.Json
}

const properties = (given: Json, path: string, reader: Reader, depth: number): Written =>
  Object.fromEntries(
    Object.entries(given).map(([name, each]) => [name, decode(each, `${path}.${name}`, reader, depth)])
  )

const orNull = (schema: Written): Written => {
  const { anyOf, type } = schema
  if (Array.isArray(anyOf)) return { ...schema, anyOf: [...anyOf, { type: "null" }] }
  return typeof type === "string" && type !== "null" ? { ...schema, type: [type, "null"] } : schema
}
