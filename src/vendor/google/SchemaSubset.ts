/**
 * A JSON Schema reduced to the subset of OpenAPI's schema that models before 2.5 take.
 *
 * @since 0.1.0
 */
import { Predicate, type Schema } from "effect"
import type { Lose } from "../../wire/Losses.ts"
import type * as Wire from "./Wire.ts"

type Json = { readonly [key: string]: Schema.Json }

const isObject = (value: unknown): value is Json => Predicate.isObject(value)
type Mutable<A> = { -readonly [K in keyof A]: A[K] }
type Written = Mutable<Wire.SchemaSubset>

const types: { readonly [type: string]: Wire.SchemaSubset["type"] } = {
  string: "STRING",
  number: "NUMBER",
  integer: "INTEGER",
  boolean: "BOOLEAN",
  array: "ARRAY",
  object: "OBJECT",
  null: "NULL"
}

/** Other formats of a text are refused. */
const formats = new Set(["enum", "date-time", "float", "double", "int32", "int64"])

interface Context {
  readonly root: Json
  readonly lose: Lose
  /** The references that are being followed, so that one that leads to itself ends. */
  readonly followed: ReadonlyArray<string>
  /** How many schemas within references were written out. */
  readonly expanded: { count: number }
}

/**
 * Schemas within references that are written out. Ten that lead twice to the next one are a thousand, and thirty would
 * never end.
 */
const mostExpanded = 10_000

/**
 * Writes a JSON Schema in the subset; what it cannot say is lost. References are written out where they stand.
 *
 * @since 0.1.0
 * @category encoding
 */
export const encode = (schema: Json, path: string, lose: Lose): Wire.SchemaSubset =>
  reduce(schema, path, { root: schema, lose, followed: [], expanded: { count: 0 } })

const reduce = (schema: Schema.Json | undefined, path: string, context: Context): Wire.SchemaSubset => {
  if (!isObject(schema)) {
    context.lose(path, "a value of any kind cannot be told: a text is asked for")
    return { type: "STRING" }
  }
  if (context.followed.length > 0 && ++context.expanded.count > mostExpanded) {
    if (context.expanded.count === mostExpanded + 1) context.lose(path, "too much is referred to, the rest is left out")
    return { type: "OBJECT" }
  }
  if (typeof schema["$ref"] === "string") return follow(schema, schema["$ref"], path, context)
  const merged = merge(schema, path, context)
  const alternatives = merged["anyOf"] ?? merged["oneOf"]
  const written: Written = { type: "TYPE_UNSPECIFIED" }
  if (Array.isArray(alternatives)) choose(alternatives, "anyOf" in merged ? "anyOf" : "oneOf", written, path, context)
  else setType(merged, written, path, context)
  for (const [key, value] of Object.entries(merged)) set(key, value, written, `${path}.${key}`, context)
  complete(written, path, context)
  return written
}

// -----------------------------------------------------------------------------
// References and combinations
// -----------------------------------------------------------------------------

const follow = (schema: Json, ref: string, path: string, context: Context): Wire.SchemaSubset => {
  let target: Schema.Json | undefined = ref.startsWith("#") ? context.root : undefined
  for (const step of ref.split("/").slice(1)) {
    const key = step.replaceAll("~1", "/").replaceAll("~0", "~")
    target = isObject(target) && Object.hasOwn(target, key) ? target[key] : undefined
  }
  if (!isObject(target) || context.followed.includes(ref)) {
    context.lose(
      path,
      isObject(target) ? "a schema within itself ends here" : `the reference ${ref} leads nowhere`
    )
    return { type: "OBJECT" }
  }
  const { $ref: _, ...rest } = schema
  return reduce({ ...target, ...rest }, path, { ...context, followed: [...context.followed, ref] })
}

/** `allOf` written into the schema itself, as far as objects can be laid over each other. */
const merge = (schema: Json, path: string, context: Context): Json => {
  const { allOf, ...rest } = schema
  if (!Array.isArray(allOf)) return schema
  let merged: Json = rest
  for (const [index, entry] of allOf.entries()) {
    if (!isObject(entry) || "$ref" in entry) {
      context.lose(`${path}.allOf.${index}`, "only plain schemas can be laid over each other")
      continue
    }
    const both = (key: string) =>
      isObject(merged[key]) && isObject(entry[key]) && { [key]: { ...merged[key], ...entry[key] } }
    const lists = [merged["required"], entry["required"]].filter(Array.isArray)
    merged = {
      ...entry,
      ...merged,
      ...both("properties"),
      ...(lists.length > 0 ? { required: [...new Set(lists.flat())] } : undefined)
    }
  }
  return merged
}

const isNull = (schema: Schema.Json): boolean => isObject(schema) && schema["type"] === "null"

/** One alternative beside null is that one, nullable. */
const choose = (
  alternatives: ReadonlyArray<Schema.Json>,
  key: string,
  written: Written,
  path: string,
  context: Context
): void => {
  const real = alternatives.map((entry, index) => [entry, index] as const).filter(([entry]) => !isNull(entry))
  if (real.length < alternatives.length) written.nullable = true
  const reduced = real.map(([entry, index]) => reduce(entry, `${path}.${key}.${index}`, context))
  if (reduced.length === 1) Object.assign(written, reduced[0])
  else if (reduced.length > 1) written.anyOf = reduced
  else written.type = "NULL"
}

const setType = (schema: Json, written: Written, path: string, context: Context): void => {
  const { type } = schema
  const told = (Array.isArray(type) ? type : [type]).filter((name) => typeof name === "string" && name in types)
  const real = told.filter((name) => name !== "null") as ReadonlyArray<string>
  if (real.length > 0 && real.length < told.length) written.nullable = true
  if (real.length > 1) written.anyOf = real.map((name) => reduce({ type: name }, path, context))
  else if (real.length === 1) written.type = types[real[0]!]!
  else if (told.length > 0) written.type = "NULL"
  else if ("properties" in schema) written.type = "OBJECT"
  else if ("items" in schema) written.type = "ARRAY"
  else {
    const [first] = Array.isArray(schema["enum"]) ? schema["enum"] : [schema["const"]]
    const known = types[typeof first]
    if (known === undefined) context.lose(path, "a value of any kind cannot be told: a text is asked for")
    written.type = known ?? "STRING"
  }
}

// -----------------------------------------------------------------------------
// Keywords
// -----------------------------------------------------------------------------

const counts = new Set(["minItems", "maxItems", "minProperties", "maxProperties", "minLength", "maxLength"])
const asTheyAre = new Set([
  "title",
  "description",
  "minimum",
  "maximum",
  "pattern",
  "default",
  "required",
  "propertyOrdering"
])
/** Read elsewhere, or told to people only. */
const silent = new Set([
  "type",
  "anyOf",
  "oneOf",
  "definitions",
  "examples",
  "deprecated",
  "readOnly",
  "writeOnly"
])

const set = (
  key: string,
  value: Schema.Json,
  written: Written & Record<string, any>,
  path: string,
  context: Context
): void => {
  if (silent.has(key) || key.startsWith("$")) return
  if (asTheyAre.has(key)) written[key] = value
  else if (counts.has(key)) written[key] = String(value)
  else if (key === "nullable") written[key] = value === true
  else if (key === "properties" && isObject(value)) {
    const properties: Record<string, Wire.SchemaSubset> = Object.create(null)
    for (const [name, schema] of Object.entries(value)) properties[name] = reduce(schema, `${path}.${name}`, context)
    written[key] = { ...properties }
  } else if (key === "items" && isObject(value)) written[key] = reduce(value, path, context)
  else if (key === "format" && typeof value === "string" && formats.has(value)) written[key] = value
  else if (key === "enum" && Array.isArray(value)) enumerate(value, written, path, context)
  else if (key === "const") enumerate([value], written, path, context)
  // An object has the fields that are told and no others in any case.
  else if (key === "additionalProperties" && typeof value === "boolean") return
  else context.lose(path, "cannot be told to this model")
}

const enumerate = (values: ReadonlyArray<Schema.Json>, written: Written, path: string, context: Context): void => {
  const real = values.filter((value) => value !== null)
  if (real.length < values.length) written.nullable = true
  if (written.type === "STRING" && real.every((value) => typeof value === "string")) {
    written.enum = real
    written.format = "enum"
  } else context.lose(path, "only texts can be enumerated")
}

/** A list must tell its items; an object may not tell that it has no fields. */
const complete = (written: Written, path: string, { lose }: Context): void => {
  if (written.type === "ARRAY" && written.items === undefined) {
    lose(path, "a list of any kind of value cannot be told: texts are asked for")
    written.items = { type: "STRING" }
  }
  if (written.properties !== undefined && Object.keys(written.properties).length === 0) delete written.properties
}
