/**
 * Microsoft's published schema of what the API of deployments takes in its version 2024-10-21, as a judge of bodies.
 *
 * It requires a `type` in `json_schema` that it does not describe, and that neither Azure nor its clients know: a slip.
 */
import { Ajv2020 } from "ajv/dist/2020.js"
import { existsSync, readFileSync } from "node:fs"

const path = new URL("../../../../shared/specs/azure-openai-2024-10-21.json", import.meta.url)

/** OpenAPI's own word for a type that null joins. */
const withNull = (_: string, value: any): unknown => {
  if (typeof value !== "object" || value?.nullable !== true) return value
  const { nullable: _nullable, ...rest } = value
  return { anyOf: [rest, { type: "null" }] }
}

type Judge = (body: unknown) => ReadonlyArray<string>

const make = (): Judge | undefined => {
  if (!existsSync(path)) {
    console.log("skipped: the specification azure-openai-2024-10-21.json is not there")
    return undefined
  }
  const specification = JSON.parse(readFileSync(path, "utf8"), withNull)
  specification.components.schemas.ResponseFormatJsonSchema.properties.json_schema.required = ["name"]
  const ajv = new Ajv2020({ strict: false, validateFormats: false }).addSchema(specification, "specification")
  const validate = ajv.getSchema("specification#/components/schemas/createChatCompletionRequest")!
  return (body) => {
    validate(body)
    return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`)
  }
}

/** What is wrong with a body; `undefined` where the schema is not there. */
export const judge = make()
