/**
 * Which known name a mistyped one may have been.
 *
 * @since 0.1.0
 */

/** The number of letters to insert, remove or replace to make one word of the other. */
const distance = (a: string, b: string): number => {
  let above = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let row = 1; row <= a.length; row++) {
    const line = [row]
    for (let column = 1; column <= b.length; column++) {
      const replaced = above[column - 1]! + (a[row - 1] === b[column - 1] ? 0 : 1)
      line.push(Math.min(replaced, above[column]! + 1, line[column - 1]! + 1))
    }
    above = line
  }
  return above[b.length]!
}

/** A model may be typed without its vendor: `gpt-5-mini` for `openai/gpt-5-mini`. */
const wordsOf = (name: string): ReadonlyArray<string> => {
  const slash = name.indexOf("/")
  return slash < 0 ? [name] : [name, name.slice(slash + 1)]
}

/**
 * The known names nearest to the one typed, if any is near: at most two letters differ, or a third of those on the
 * shorter side of its slash. At most three names, capitals count for nothing.
 *
 * @since 0.1.0
 * @category accessors
 */
export const nearest = (typed: string, known: Iterable<string>): ReadonlyArray<string> => {
  const word = typed.toLowerCase().slice(0, 256)
  const shorter = Math.min(...word.split("/").map((part) => part.length))
  let least = shorter < 4 ? 1 : Math.max(2, Math.floor(shorter / 3))
  let names: Array<string> = []
  for (const name of new Set(known)) {
    const far = Math.min(...wordsOf(name.toLowerCase()).map((part) => distance(word, part)))
    if (far > least) continue
    if (far < least) names = []
    least = far
    names.push(name)
  }
  return names.slice(0, 3)
}
