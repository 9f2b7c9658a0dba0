/** OpenAI's published schemas as the judge of what the gateway answers. */
import { Ajv2020 } from "ajv/dist/2020.js"
import { existsSync, readFileSync } from "node:fs"

const path = new URL("../../../../shared/specs/openai.core.json", import.meta.url)

export const isThere = existsSync(path)
if (!isThere) console.log("skipped: the specification openai.core.json is not there")

/**
 * "nullable" is OpenAPI's older word for a type or null. "oneOf" tells its choices apart by a discriminator that does not
 * decide: any choice will do.
 */
const understood = (_: string, value: unknown): unknown => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value
  const { nullable, oneOf, ...rest } = value as { readonly [key: string]: unknown }
  const plain = oneOf === undefined || "anyOf" in rest ? value : { ...rest, anyOf: oneOf }
  if (nullable !== true) return plain
  const { nullable: _nullable, ...typed } = plain as { readonly [key: string]: unknown }
  return { anyOf: [typed, { type: "null" }] }
}

const ajv = isThere
  ? new Ajv2020({ strict: false, validateFormats: false, allErrors: true })
    .addSchema(JSON.parse(readFileSync(path, "utf8"), understood), "specification")
  : undefined

/** What is wrong with a value of the schema. */
export const judge = (schema: string, value: unknown): ReadonlyArray<string> => {
  const validate = ajv!.getSchema(`specification#/components/schemas/${schema}`)!
  validate(value)
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`)
}

const eventSchemas: { readonly [type: string]: string } = Object.fromEntries(
  Object.entries((ajv?.getSchema("specification")?.schema as any)?.components?.schemas ?? {}).flatMap(
    ([name, schema]: [string, any]) => {
      const type = schema.properties?.type?.enum?.[0]
      return name.endsWith("Event") && typeof type === "string" ? [[type, name]] : []
    }
  )
)

/** What is wrong with an event of Responses, of whatever type it is. */
export const judgeEvent = (event: { readonly type: string }): ReadonlyArray<string> => {
  const schema = eventSchemas[event.type]
  return schema === undefined
    ? [`${event.type} is no event`]
    : judge(schema, event).map((fault) => `${event.type}: ${fault}`)
}
