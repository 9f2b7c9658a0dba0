/** The Gemini API's published specification as a judge of bodies, closed: a field it does not know is a fault. */
import { Ajv2020 } from "ajv/dist/2020.js"
import { existsSync, readFileSync } from "node:fs"

const path = new URL("../../../../shared/specs/gemini.core.json", import.meta.url)

export const isThere = existsSync(path)

if (!isThere) console.log("skipped: the specification gemini.core.json is not there")

const read = () => {
  const specification = JSON.parse(readFileSync(path, "utf8"))
  for (const schema of Object.values<any>(specification.components.schemas)) {
    if (schema.type === "object" && schema.properties !== undefined) schema.additionalProperties = false
  }
  return new Ajv2020({ strict: false, validateFormats: false }).addSchema(specification, "specification")
}

let specification: Ajv2020 | undefined

/** What is wrong with a value, by the schema of that name. */
export const faults = (schema: string, value: unknown): ReadonlyArray<string> => {
  specification ??= read()
  const validate = specification.getSchema(`specification#/components/schemas/${schema}`)!
  validate(value)
  return (validate.errors ?? []).map(({ instancePath, message, params }) =>
    `${instancePath} ${message} ${JSON.stringify(params)}`
  )
}
