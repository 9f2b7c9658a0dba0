/** A vendor's published specification as the judge of what is sent to it, where it is there. */
import { Ajv2020 } from "ajv/dist/2020.js"
import { existsSync, readFileSync } from "node:fs"
import type { Subject } from "./Subject.ts"

/**
 * `schema` is the name under `components/schemas` (or `definitions`) of a file in `../shared/specs`; nothing where the
 * file is not.
 */
export const contract = (file: string, schema: string): Pick<Subject, "contract"> => {
  const path = new URL(`../../../shared/specs/${file}`, import.meta.url)
  if (!existsSync(path)) {
    console.log(`skipped: the specification ${file} is not there`)
    return {}
  }
  // "nullable" is OpenAPI's own word and stands here without a type, which ajv refuses; we never send null.
  const specification = JSON.parse(readFileSync(path, "utf8"), (key, value) => key === "nullable" ? undefined : value)
  const folder = specification.components === undefined ? "definitions" : "components/schemas"
  const ajv = new Ajv2020({ strict: false, validateFormats: false }).addSchema(specification, "specification")
  const validate = ajv.getSchema(`specification#/${folder}/${schema}`)
  if (validate === undefined) throw new Error(`${file} has no schema ${schema}`)
  return {
    contract: (body) => {
      validate(body)
      return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`)
    }
  }
}
