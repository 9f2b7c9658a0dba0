/**
 * Stop texts, looked for in what the model says: the library looks at tokens, and misses a stop text that begins within
 * one.
 *
 * @since 0.1.0
 */

/**
 * @since 0.1.0
 * @category models
 */
export interface Stops {
  readonly texts: ReadonlyArray<string>
  /** What may be the beginning of a stop text, and is not told yet. */
  held: string
  found: boolean
}

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = (texts: ReadonlyArray<string>): Stops => ({ texts, held: "", found: false })

/**
 * Takes in a piece of text and gives what may be told: all before the first stop text, but for what may begin one.
 *
 * @since 0.1.0
 * @category combinators
 */
export const push = (stops: Stops, piece: string): string => {
  if (stops.found || stops.texts.length === 0) return stops.found ? "" : piece
  const text = stops.held + piece
  const places = stops.texts.map((stop) => text.indexOf(stop)).filter((place) => place >= 0)
  if (places.length > 0) {
    stops.found = true
    stops.held = ""
    return text.slice(0, Math.min(...places))
  }
  const held = Math.max(...stops.texts.map((stop) => beginning(text, stop)))
  stops.held = text.slice(text.length - held)
  return text.slice(0, text.length - held)
}

/** How many of the last characters of a text are the first of a stop text. */
const beginning = (text: string, stop: string): number => {
  for (let size = Math.min(stop.length - 1, text.length); size > 0; size--) {
    if (text.endsWith(stop.slice(0, size))) return size
  }
  return 0
}

/**
 * Gives what was held back, once no more comes.
 *
 * @since 0.1.0
 * @category combinators
 */
export const flush = (stops: Stops): string => {
  const { held } = stops
  stops.held = ""
  return held
}
