/**
 * How large a value is that a caller gave.
 *
 * @since 0.1.0
 */

/**
 * The most levels of nesting: deeper than any JSON Schema in use, and far from the stack's end; what holds itself is
 * deeper still.
 *
 * @since 0.1.0
 * @category constants
 */
export const deepest = 100

/**
 * The characters of all names, texts and encoded files in a value; `Infinity` when it is nested deeper than 100 levels or
 * holds itself.
 *
 * @since 0.1.0
 * @category accessors
 */
export const sizeOf = (value: unknown, depth = 0): number => {
  if (typeof value === "string") return value.length
  if (typeof value !== "object" || value === null) return 0
  if (value instanceof Uint8Array) return Math.ceil(value.length / 3) * 4
  if (value instanceof URL) return value.href.length
  if (depth > deepest) return Infinity
  let size = 0
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) size += sizeOf(value[index], depth + 1)
    return size
  }
  for (const key in value) size += key.length + sizeOf((value as Record<string, unknown>)[key], depth + 1)
  return size
}

/**
 * How many values a value holds, itself among them, counted no further than `most`.
 *
 * @since 0.1.0
 * @category accessors
 */
export const valuesOf = (value: unknown, most: number): number => {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return 1
  const entries = Array.isArray(value) ? value : Object.values(value)
  let values = 1
  for (let index = 0; index < entries.length && values < most; index++) {
    values += valuesOf(entries[index], most - values)
  }
  return values
}
