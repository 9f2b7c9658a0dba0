/**
 * What a database failed with, in one line: a driver's own error stands below the one that effect makes of it.
 *
 * @since 0.1.0
 */

const chain = function*(error: unknown): Iterable<Error> {
  let next = error
  // A cause that is its own cause would have no end.
  for (let depth = 0; depth < 5 && next instanceof Error; depth++) {
    yield next
    next = next.cause
  }
}

/**
 * Every message from the outermost to the innermost that says something more.
 *
 * @since 0.1.0
 * @category conversions
 */
export const explain = (error: unknown): string => {
  const told: Array<string> = []
  for (const { message } of chain(error)) {
    if (message !== "" && !told.some((earlier) => earlier.includes(message))) told.push(message)
  }
  return told.length === 0 ? String(error) : told.join(": ")
}
