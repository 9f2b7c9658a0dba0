/** What the vendors published of their answers, as the judge of ours. */
import { Ajv2020 } from "ajv/dist/2020.js"
import { existsSync, readFileSync } from "node:fs"

const read = (path: URL, isClosed: boolean): Ajv2020 => {
  // "nullable" is OpenAPI's own word and stands here without a type, which ajv refuses.
  const document = JSON.parse(readFileSync(path, "utf8"), (key, value) => key === "nullable" ? undefined : value)
  for (const schema of Object.values<any>(document.components.schemas)) {
    if (isClosed && schema.type === "object" && schema.properties !== undefined) schema.additionalProperties = false
  }
  return new Ajv2020({ strict: false, validateFormats: false }).addSchema(document, "specification")
}

/**
 * The faults of a value by a schema of a file in `../shared/specs`; `undefined` where the file is not there. A closed
 * specification refuses fields that it does not name.
 */
export const judge = (
  file: string,
  isClosed = false
): ((schema: string, value: unknown) => ReadonlyArray<string>) | undefined => {
  const path = new URL(`../../../shared/specs/${file}`, import.meta.url)
  if (!existsSync(path)) {
    console.log(`skipped: the specification ${file} is not there`)
    return undefined
  }
  let ajv: Ajv2020 | undefined
  return (schema, value) => {
    ajv ??= read(path, isClosed)
    const validate = ajv.getSchema(`specification#/components/schemas/${schema}`)
    if (validate === undefined) throw new Error(`${file} has no schema ${schema}`)
    validate(value)
    return (validate.errors ?? []).map(({ instancePath, message, params }) =>
      `${instancePath} ${message} ${JSON.stringify(params)}`
    )
  }
}
