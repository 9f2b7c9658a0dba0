/**
 * The JSON Schema of a configuration, for editors: completion, descriptions, and a red line under what is wrong.
 *
 * It is draft-07, which the language servers of VS Code and of YAML know in full (of 2020-12 they know parts). It accepts
 * whatever `Document.read` accepts: a text that holds `${` wherever a single value stands, and `$schema` at the top. It
 * is looser than the schema where that checks by code.
 *
 * @since 0.1.0
 */
import { JsonSchema, Predicate, Schema, SchemaAST } from "effect"

type Json = JsonSchema.JsonSchema
type Definitions = Readonly<Record<string, Json>>

/** The name under which a text with `${…}` is defined. */
const interpolated = "Interpolated"
const definition = "#/definitions/"

/** What tells people of a value and does not restrict it. */
const telling = ["title", "description", "default", "examples"]

const isScalar = (json: Json): boolean =>
  ["number", "integer", "boolean", "string"].includes(String(json["type"])) || "enum" in json || "const" in json

const isAnyText = (json: Json): boolean =>
  json["type"] === "string" && Object.keys(json).every((key) => key === "type" || telling.includes(key))

const isSchema = (value: unknown): value is Json => Predicate.isObject(value)

const parted = (json: Json): readonly [told: Json, rest: Json] => {
  const entries = Object.entries(json)
  return [
    Object.fromEntries(entries.filter(([key]) => telling.includes(key))),
    Object.fromEntries(entries.filter(([key]) => !telling.includes(key)))
  ]
}

const reference = { $ref: definition + interpolated }

/** Lets `${…}` stand for every single value that is not any text at all. */
const open = (json: Json): Json => {
  if (isScalar(json)) {
    if (isAnyText(json)) return json
    const [told, rest] = parted(json)
    return { ...told, anyOf: [rest, reference] }
  }
  const inner = Object.fromEntries(
    Object.entries(json).map(([key, value]): readonly [string, unknown] => {
      if (key === "properties" || key === "patternProperties") {
        return [key, isSchema(value) ? mapValues(value, (value) => isSchema(value) ? open(value) : value) : value]
      }
      if (key === "additionalProperties" || key === "items" || key === "additionalItems") {
        return [key, Array.isArray(value) ? value.map(open) : isSchema(value) ? open(value) : value]
      }
      if (key === "anyOf" && Array.isArray(value)) {
        const members = value.map((member) => isScalar(member) ? member : open(member))
        const isOpen = !value.some(isScalar) || value.some(isAnyText)
        return [key, isOpen ? members : [...members, reference]]
      }
      return [key, value]
    })
  )
  if (!Array.isArray(json["oneOf"]) || !json["oneOf"].some(isScalar)) return inner
  const [told, rest] = parted(inner)
  return { ...told, anyOf: [rest, reference] }
}

const mapValues = <A, B>(record: Readonly<Record<string, A>>, f: (value: A) => B): Record<string, B> =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, f(value)]))

/** What an author says of a value, on the setting itself before its type. */
const descriptionOf = (ast: SchemaAST.AST): string | undefined => {
  const own: unknown = ast.context?.annotations?.["description"] ?? SchemaAST.resolveDescription(ast)
  return typeof own === "string" ? own : undefined
}

/** Effect puts what tells of a reference beside it in `allOf`, where editors do not look. */
const lifted = (json: Json): Json => {
  const { allOf, ...rest } = json
  if (!Array.isArray(allOf)) return json
  const isTelling = (member: unknown) => isSchema(member) && Object.keys(member).every((key) => telling.includes(key))
  const others = allOf.filter((member) => !isTelling(member))
  return Object.assign({}, ...allOf.filter(isTelling), rest, others.length === 0 ? {} : { allOf: others })
}

/** One schema for all items where the first is described apart only because there must be one. */
const joined = (json: Json): Json => {
  const { additionalItems, items, ...rest } = json
  return Array.isArray(items) && additionalItems !== undefined &&
      items.every((item) => JSON.stringify(item) === JSON.stringify(additionalItems))
    ? { ...rest, items: additionalItems }
    : json
}

/**
 * Gives settings the descriptions of what they decode to: JSON Schema is made of the encoded side and loses them.
 * `defined` takes up the definitions on the way.
 */
const describe = (ast: SchemaAST.AST, bare: Json, definitions: Definitions, defined: Map<string, Json>): Json => {
  const json = lifted(bare)
  const last = ast.encoding?.[ast.encoding.length - 1]?.to
  if (last !== undefined) return describe(last, json, definitions, defined)
  if (SchemaAST.isSuspend(ast)) return describe(ast.thunk(), json, definitions, defined)
  const inside = (ast: SchemaAST.AST, json: unknown) =>
    isSchema(json) ? describe(ast, json, definitions, defined) : json
  if (typeof json["$ref"] === "string") {
    const name = json["$ref"].slice(definition.length)
    const found = definitions[name]
    if (found !== undefined && !defined.has(name)) {
      defined.set(name, found)
      defined.set(name, describe(ast, found, definitions, defined))
    }
    return json
  }
  if (Array.isArray(json["allOf"]) && !("type" in json)) {
    return { ...json, allOf: json["allOf"].map((member) => inside(ast, member)) }
  }
  if (SchemaAST.isUnion(ast) && Array.isArray(json["anyOf"]) && json["anyOf"].length === ast.types.length) {
    return { ...json, anyOf: json["anyOf"].map((member, index) => inside(ast.types[index]!, member)) }
  }
  if (SchemaAST.isArrays(ast)) {
    const item = ast.rest[0] ?? ast.elements[0]
    const whole = joined(json)
    return item === undefined || Array.isArray(whole["items"])
      ? whole
      : { ...whole, items: inside(item, whole["items"]) }
  }
  if (!SchemaAST.isObjects(ast)) return json
  const { additionalProperties, properties } = json
  const types = new Map(ast.propertySignatures.map(({ name, type }) => [String(name), type]))
  const [entry] = ast.indexSignatures
  const setting = (name: string, value: unknown): unknown => {
    const type = types.get(name)
    if (type === undefined || !isSchema(value)) return value
    const described = describe(type, value, definitions, defined)
    const description = descriptionOf(type)
    if (description === undefined || "description" in described) return described
    return "$ref" in described ? { description, allOf: [described] } : { description, ...described }
  }
  return {
    ...json,
    ...isSchema(properties)
      ? {
        properties: Object.fromEntries(Object.entries(properties).map(([name, value]) => [name, setting(name, value)]))
      }
      : {},
    ...entry === undefined ? {} : { additionalProperties: inside(entry.type, additionalProperties) }
  }
}

/**
 * The JSON Schema of a document that `schema` decodes; `title` names it in editors.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (schema: Schema.Constraint, options?: { readonly title?: string }): Json => {
  const document = JsonSchema.toDocumentDraft07(Schema.toJsonSchemaDocument(schema, { onExcessProperty: "error" }))
  const { definitions } = document
  const own = document.schema["$ref"]
  const root = typeof own === "string" ? definitions[own.slice(definition.length)]! : document.schema
  const defined = new Map<string, Json>()
  const opened = open(describe(schema.ast, root, definitions, defined))
  return {
    $schema: JsonSchema.META_SCHEMA_URI_DRAFT_07,
    ...options?.title === undefined ? {} : { title: options.title },
    ...opened,
    properties: {
      $schema: { type: "string", description: "Where this schema is, for editors." },
      ...isSchema(opened["properties"]) ? opened["properties"] : {}
    },
    definitions: {
      ...mapValues({ ...definitions, ...Object.fromEntries(defined) }, open),
      [interpolated]: {
        type: "string",
        pattern: "\\$\\{",
        description: "A value from the environment or from a file: ${NAME}, ${NAME:-default} or ${file:path}."
      }
    }
  }
}
