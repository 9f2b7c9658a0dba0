/**
 * The events of a stream as text, numbered in their order.
 *
 * @since 0.1.0
 */

/**
 * @since 0.1.0
 * @category models
 */
export interface Writer {
  /** An event with its fields. */
  readonly write: (type: string, fields: object) => string
  /** An event of which all but the last text is known before; see {@link prefix}. */
  readonly delta: (prefix: string, text: string, suffix: string) => string
}

/**
 * Where in the output an item is put once there is something to tell of it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Place {
  readonly next: () => number
  readonly idOf: (index: number) => string
}

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = (): Writer => {
  let next = 0
  return {
    write: (type, fields) =>
      `event: ${type}\ndata: ${JSON.stringify({ type, ...fields, sequence_number: next++ })}\n\n`,
    delta: (prefix, text, suffix) => `${prefix}${JSON.stringify(text)}${suffix}${next++}}\n\n`
  }
}

/**
 * Writes nothing, where only the items that the events would tell of are wanted.
 *
 * @since 0.1.0
 * @category constants
 */
export const silent: Writer = { write: () => "", delta: () => "" }

/**
 * The beginning of all events of a type in one place of the answer.
 *
 * @since 0.1.0
 * @category constructors
 */
export const prefix = (type: string, place: object): string =>
  `event: ${type}\ndata: ${JSON.stringify({ type, ...place }).slice(0, -1)},"delta":`

/**
 * What follows a delta.
 *
 * @since 0.1.0
 * @category constants
 */
export const suffix = ",\"sequence_number\":"
