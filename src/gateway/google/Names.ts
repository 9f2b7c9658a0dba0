/**
 * The two names that each field of this API has: `maxOutputTokens` and `max_output_tokens`.
 *
 * @since 0.1.0
 */
import type { Json, Reader } from "../Fields.ts"

/**
 * The object with the first form of every name; one that is there in both is wrong, for only one could be meant.
 *
 * What stands within is left as it is.
 *
 * @since 0.1.0
 * @category conversions
 */
export const camel = (object: Json, path: string, reader: Reader): Json => {
  let renamed: { [key: string]: unknown } | undefined
  for (const key of Object.keys(object)) {
    if (key === "__proto__" || key.indexOf("_", 1) < 0) continue
    const name = key.replaceAll(/(?<=.)_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
    if (name === key) continue
    renamed ??= { ...object }
    if (name in renamed) reader.wrong(path === "" ? key : `${path}.${key}`, `is there twice, also as ${name}`)
    renamed[name] = renamed[key]
    delete renamed[key]
  }
  return renamed ?? object
}
