/**
 * A JSON Schema as far as Anthropic's structured outputs hold an answer to it.
 *
 * https://platform.claude.com/docs/en/build-with-claude/structured-outputs: objects are closed, and bounds of numbers,
 * texts and lists are refused. What is refused is told to the model in the description instead.
 *
 * @since 0.1.0
 */
import { Predicate } from "effect"
import type { Lose } from "../../wire/Losses.ts"

type JsonSchema = { readonly [key: string]: any }

/** Taken as they are. */
const plain = new Set(["type", "enum", "const", "$ref", "title", "required", "default"])

/** They say nothing about what is valid. */
const comments = new Set(["$schema", "$id", "$comment", "examples", "deprecated", "readOnly", "writeOnly"])

const formats = new Set(["date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"])

const mapValues = (schemas: unknown, path: string, lose: Lose): JsonSchema =>
  Object.fromEntries(
    Object.entries(Predicate.isObject(schemas) ? schemas as JsonSchema : {}).map(([key, schema]) => [
      key,
      strict(schema, `${path}.${key}`, lose)
    ])
  )

/**
 * The schema that is sent; each keyword that only reaches the model in words is a loss.
 *
 * @since 0.1.0
 * @category conversions
 */
export const strict = (schema: JsonSchema, path: string, lose: Lose): { [key: string]: any } => {
  // A schema may also be true or false.
  if (typeof schema !== "object" || schema === null) return schema
  const kept: { [key: string]: any } = {}
  const words: Array<string> = []
  for (const key of Object.keys(schema)) {
    const value = schema[key]
    const at = `${path}.${key}`
    if (plain.has(key)) kept[key] = value
    else if (key === "properties" || key === "$defs" || key === "definitions") kept[key] = mapValues(value, at, lose)
    else if (key === "items" && !Array.isArray(value)) kept[key] = strict(value, at, lose)
    // Exactly one of some is any of them, as far as can be held.
    else if ((key === "anyOf" || key === "oneOf" || key === "allOf") && Array.isArray(value)) {
      kept[key === "oneOf" ? "anyOf" : key] = value.map((each: JsonSchema, index) =>
        strict(each, `${at}.${index}`, lose)
      )
    } else if (
      (key === "format" && formats.has(value)) || (key === "minItems" && (value === 0 || value === 1))
    ) kept[key] = value
    else if (key === "additionalProperties" && value === false) continue
    else if (key !== "description" && !comments.has(key)) {
      words.push(`${key}: ${JSON.stringify(value)}`)
      lose(at, "is only told to the model in words")
    }
  }
  if ("properties" in kept || "additionalProperties" in schema || isObjectType(schema["type"])) {
    kept["additionalProperties"] = false
  }
  const description = [schema["description"], words.join(", ")].filter((text) =>
    Predicate.isString(text) && text !== ""
  )
  if (description.length > 0) kept["description"] = description.join("\n")
  return kept
}

const isObjectType = (type: unknown): boolean => type === "object" || (Array.isArray(type) && type.includes("object"))
