/**
 * OpenAI's published schema of what Responses takes, as a judge of bodies.
 *
 * The schema says `oneOf` and tells the choices apart by a discriminator that does not decide: a user's message is both
 * an "easy" and a plain one. So any choice will do.
 */
import { Ajv2020 } from "ajv/dist/2020.js"
import { existsSync, readFileSync } from "node:fs"

const path = new URL("../../../../shared/specs/openai.core.json", import.meta.url)

const anyOf = (_: string, value: unknown): unknown => {
  if (typeof value !== "object" || value === null || !("oneOf" in value) || "anyOf" in value) return value
  const { oneOf, ...rest } = value
  return { ...rest, anyOf: oneOf }
}

type Judge = (body: unknown) => ReadonlyArray<string>

/** The names of all fields that the schema, or what it is composed of, knows. */
const fieldsOf = (schemas: any, schema: any): ReadonlyArray<string> => {
  const parts: ReadonlyArray<any> = schema.allOf ?? []
  const target = schema.$ref === undefined ? undefined : schemas[schema.$ref.split("/").at(-1)]
  return [
    ...Object.keys(schema.properties ?? {}),
    ...parts.flatMap((part) => fieldsOf(schemas, part)),
    ...(target === undefined ? [] : fieldsOf(schemas, target))
  ]
}

const make = (): Judge | undefined => {
  if (!existsSync(path)) {
    console.log("skipped: the specification openai.core.json is not there")
    return undefined
  }
  const specification = JSON.parse(readFileSync(path, "utf8"), anyOf)
  const ajv = new Ajv2020({ strict: false, validateFormats: false }).addSchema(specification, "specification")
  const validate = ajv.getSchema("specification#/components/schemas/CreateResponse")!
  const { schemas } = specification.components
  const known = new Set(fieldsOf(schemas, schemas.CreateResponse))
  return (body) => {
    validate(body)
    return [
      ...(validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`),
      ...Object.keys(body as object).filter((field) => !known.has(field)).map((field) => `${field} is not known`)
    ]
  }
}

/** What is wrong with a body; `undefined` where the schema is not there. */
export const judge = make()
