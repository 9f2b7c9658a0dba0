/**
 * What the command line says of a mistyped name.
 *
 * @since 0.1.0
 */
import { nearest } from "../Suggestion.ts"

/**
 * A line that says what a mistyped name may have been, empty where nothing is near.
 *
 * @since 0.1.0
 * @category accessors
 */
export const suggestion = (typed: string, known: ReadonlyArray<string>): string => {
  const near = known.includes(typed) ? [] : nearest(typed, known)
  return near.length > 0 ? `\nDid you mean ${near.join(" or ")}?` : ""
}
