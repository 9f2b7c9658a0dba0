/**
 * JSON from and to texts without exceptions.
 *
 * @since 0.1.0
 */

/**
 * The value of a JSON text, `undefined` when it is none (no JSON text means `undefined`).
 *
 * @since 0.1.0
 * @category parsing
 */
export const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/**
 * The JSON text of a value, `undefined` when it has none: functions, big integers, circles.
 *
 * @since 0.1.0
 * @category printing
 */
export const stringify = (value: unknown): string | undefined => {
  try {
    return JSON.stringify(value)
  } catch {
    return undefined
  }
}
