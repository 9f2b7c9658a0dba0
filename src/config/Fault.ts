/**
 * One thing that is wrong in a configuration, as a line that a person can act on:
 * `llmdispatcher.yaml:12: routes.default.strategy: must be one of ordered or fastest, got "fastet"`.
 *
 * @since 0.1.0
 */
import { Schema } from "effect"
import { nearest } from "../Suggestion.ts"

/**
 * The way to a place in a document: keys of blocks, positions in lists counted from 0.
 *
 * @since 0.1.0
 * @category models
 */
export type Path = ReadonlyArray<string | number>

/**
 * Where it is and what is wrong there.
 *
 * `line` and `column` count from 1 and are absent where they are not known for sure. `variable` names the environment
 * variable that set the value. `path` is empty for the document as a whole. No value that came from the environment,
 * from a file, or that is a secret by its schema stands in any of it.
 *
 * @since 0.1.0
 * @category models
 */
export const Fault = Schema.Struct({
  file: Schema.String,
  line: Schema.optionalKey(Schema.Int),
  column: Schema.optionalKey(Schema.Int),
  variable: Schema.optionalKey(Schema.String),
  path: Schema.String,
  description: Schema.String
})

/**
 * @since 0.1.0
 * @category models
 */
export type Fault = typeof Fault.Type

/** A document must not move the cursor of who reads what is wrong with it. */
const control = /[\p{Cc}\u2028\u2029]+/gu

/**
 * The fault as one line: where, the path, what is wrong.
 *
 * @since 0.1.0
 * @category conversions
 */
export const format = (fault: Fault): string => {
  const where = fault.variable ??
    [fault.file, fault.line, fault.column].filter((piece) => piece !== undefined).join(":")
  return [where, fault.path, fault.description].filter((piece) => piece !== "").join(": ").replace(control, " ")
}

/**
 * A path as it is written in messages: `routes.default.targets.0`, keys that hold a dot or a space in quotes.
 *
 * @since 0.1.0
 * @category conversions
 */
export const formatPath = (path: Path): string =>
  path.map((key) => /^[\w$/:@+-]+$/.test(String(key)) ? String(key) : JSON.stringify(key)).join(".")

/**
 * A path as a key of a `Map`.
 *
 * @since 0.1.0
 * @category conversions
 */
export const keyOf = (path: Path): string => JSON.stringify(path.map(String))

/**
 * Names or words in a row: `a, b or c`.
 *
 * @since 0.1.0
 * @category conversions
 */
export const either = (words: ReadonlyArray<string>): string =>
  words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} or ${words[words.length - 1]}`

/**
 * The end of a sentence that says which known name was meant, empty where none is near; `prefix` is what all of them
 * begin with and what therefore tells nothing.
 *
 * @since 0.1.0
 * @category conversions
 */
export const didYouMean = (typed: string, known: Iterable<string>, prefix = ""): string => {
  const near = nearest(typed, known)
  return near.length === 0 ? "" : `; did you mean ${either(near.map((name) => `\`${prefix}${name}\``))}?`
}
