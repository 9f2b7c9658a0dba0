/**
 * Which names of models are granted: lists of patterns, in every one of which a name has to be.
 *
 * @since 0.1.0
 */

/**
 * No list at all grants every name; an empty list grants none.
 *
 * @since 0.1.0
 * @category models
 */
export type Models = ReadonlyArray<ReadonlyArray<string>>

/**
 * Whether a name matches a pattern, `*` for any text, as `router/Pattern` has it.
 *
 * In a time that grows with the lengths only: unlike those of routes, which the operator writes, patterns of grants and
 * names in requests may both be a stranger's.
 *
 * @since 0.1.0
 * @category predicates
 */
export const matches = (pattern: string, name: string): boolean => {
  const [head = "", ...rest] = pattern.split("*")
  const tail = rest.pop()
  if (tail === undefined) return pattern === name
  const end = name.length - tail.length
  if (head.length > end || !name.startsWith(head) || !name.endsWith(tail)) return false
  let at = head.length
  // The first place is the best for each: it leaves the most to those that follow.
  for (const text of rest) {
    const found = name.indexOf(text, at)
    if (found < 0 || found + text.length > end) return false
    at = found + text.length
  }
  return true
}

/** No name holds a control character, so only a star can stand for this one. */
const anyText = "\u0000"

/**
 * Whether one of the patterns matches every name that `pattern` matches.
 *
 * A pattern's star stands for any text exactly where a text that is in no pattern can stand for it. For the same reason
 * several patterns never cover together what none of them covers alone.
 *
 * @since 0.1.0
 * @category predicates
 */
export const covers = (patterns: ReadonlyArray<string>, pattern: string): boolean => {
  const name = pattern.replaceAll("*", anyText)
  return patterns.some((wider) => matches(wider, name))
}

/** The widest patterns of a list, sorted, so that lists which grant the same are the same. */
const widest = (patterns: ReadonlyArray<string>): ReadonlyArray<string> => {
  const distinct = Array.from(new Set(patterns.map((pattern) => pattern.replace(/\*+/g, "*"))))
  return distinct
    .filter((pattern) => !distinct.some((other) => other !== pattern && covers([other], pattern)))
    .toSorted()
}

const isWithin = (narrow: ReadonlyArray<string>, wide: ReadonlyArray<string>): boolean =>
  narrow.every((pattern) => covers(wide, pattern))

/** Without those that only repeat what another says, in an order of their own. */
const narrowest = (lists: Models): Models => {
  const distinct = new Map(lists.map((list) => [JSON.stringify(list), list]))
  return Array.from(distinct)
    .filter(([key, list]) =>
      !Array.from(distinct).some(([other, narrower]) => other !== key && isWithin(narrower, list))
    )
    .toSorted(([a], [b]) => a < b ? -1 : 1)
    .map(([, list]) => list)
}

/**
 * Names that are in every one of the lists, written in the one way in which the same names always are.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (lists: Models): Models => narrowest(lists.map(widest))

/**
 * Names that both grant.
 *
 * @since 0.1.0
 * @category combinators
 */
export const intersect = (left: Models, right: Models): Models => narrowest([...left, ...right])

/**
 * Whether the name is in every list; of several names for the same thing one is enough.
 *
 * @since 0.1.0
 * @category predicates
 */
export const allows = (models: Models, names: ReadonlyArray<string>): boolean =>
  models.every((patterns) => names.some((name) => patterns.some((pattern) => matches(pattern, name))))

/**
 * The patterns that are granted as a whole: what may be told to whoever has them.
 *
 * @since 0.1.0
 * @category accessors
 */
export const granted = (models: Models): ReadonlyArray<string> =>
  models.length === 0 ? ["*"] : widest(models.flat().filter((pattern) => models.every((list) => covers(list, pattern))))
