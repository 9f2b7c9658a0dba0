/**
 * A JSON Schema in the words that models from 2.5 on heed; older ones take a subset of OpenAPI's schema instead.
 *
 * @since 0.1.0
 */
import { Predicate, type Schema } from "effect"
import type { Lose } from "../../wire/Losses.ts"

type Json = { readonly [key: string]: Schema.Json }

const isObject = (value: unknown): value is Json => Predicate.isObject(value)

/** What the models heed, after the document of `responseJsonSchema`; names of a `$` are all taken. */
const heeded = new Set([
  "type",
  "format",
  "title",
  "description",
  "enum",
  "items",
  "prefixItems",
  "minItems",
  "maxItems",
  "minimum",
  "maximum",
  "anyOf",
  "oneOf",
  "properties",
  "additionalProperties",
  "required",
  "propertyOrdering"
])

/** They tell people something, and the model nothing that it is bound to. */
const remarks = new Set(["examples", "default", "deprecated", "readOnly", "writeOnly"])

/**
 * Writes a JSON Schema in the words that are heeded; the rest is lost.
 *
 * `const` becomes an `enum`, the older `definitions` become `$defs`; beside a `$ref` nothing may stand, so it steps down
 * where something does.
 *
 * @since 0.1.0
 * @category encoding
 */
export const encode = (schema: Json, path: string, lose: Lose): Json => {
  const written: Record<string, Schema.Json> = {}
  for (const [key, value] of Object.entries(stepDown(schema))) {
    const at = `${path}.${key}`
    if (key === "$ref" && typeof value === "string") {
      written[key] = value.replace(/^#\/definitions\//, "#/$defs/")
    } else if (key === "definitions" || key === "$defs") {
      written["$defs"] = {
        ...(isObject(written["$defs"]) ? written["$defs"] : {}),
        ...named(value, at, lose)
      }
    } else if (key === "properties") written[key] = named(value, at, lose)
    else if (key === "const" && !("enum" in schema) && (typeof value === "string" || typeof value === "number")) {
      written["enum"] = [value]
    } else if (key === "allOf" && Array.isArray(value) && isAlone(value, schema)) {
      Object.assign(written, encode(value[0] as Json, `${at}.0`, lose))
    } else if (key === "enum" && !isPlainEnum(value)) lose(at, "only texts and numbers can be enumerated")
    else if (heeded.has(key)) written[key] = nested(value, at, lose)
    else if (key.startsWith("$")) {
      if (key === "$id" || key === "$anchor") written[key] = value
    } else if (!remarks.has(key)) lose(at, "is not heeded by Gemini models")
  }
  return written
}

const stepDown = (schema: Json): Json => {
  const { $ref, ...rest } = schema
  const free = Object.keys(rest).every((key) => key.startsWith("$") || key === "definitions")
  return $ref === undefined || free || "anyOf" in rest ? schema : { ...rest, anyOf: [{ $ref }] }
}

/** Whether the schema may take the place of `allOf`: it is the only one, and says nothing that is said beside it. */
const isAlone = (schemas: ReadonlyArray<Schema.Json>, beside: Json): boolean => {
  const [only] = schemas
  return schemas.length === 1 && isObject(only) && Object.keys(only).every((key) => !(key in beside) && key !== "$ref")
}

const isPlainEnum = (value: Schema.Json): boolean =>
  Array.isArray(value) && value.every((entry) => typeof entry === "string" || typeof entry === "number")

const named = (schemas: Schema.Json, path: string, lose: Lose): Json => {
  const written: Record<string, Schema.Json> = Object.create(null)
  for (const [name, schema] of Object.entries(isObject(schemas) ? schemas : {})) {
    written[name] = nested(schema, `${path}.${name}`, lose)
  }
  return { ...written }
}

const nested = (value: Schema.Json, path: string, lose: Lose): Schema.Json => {
  if (Array.isArray(value)) {
    return value.map((entry, index) => isObject(entry) ? encode(entry, `${path}.${index}`, lose) : entry)
  }
  return isObject(value) ? encode(value, path, lose) : value
}

/**
 * Whether a schema asks for an object without any fields, as the parameters of a tool that has none.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isEmptyObject = (schema: Json): boolean => {
  const { $schema: _, additionalProperties, description: __, properties, required, title: ___, type, ...rest } = schema
  return (type === "object" || type === undefined) && Object.keys(rest).length === 0 &&
    (additionalProperties === undefined || additionalProperties === false) &&
    (properties === undefined || (isObject(properties) && Object.keys(properties).length === 0)) &&
    (required === undefined || (Array.isArray(required) && required.length === 0))
}
