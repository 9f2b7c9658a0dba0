/**
 * The text of a configuration file as a plain value, with the line of everything in it.
 *
 * A file whose name ends in `.json` is read as JSON, any other as YAML. Bounds: 1 MiB of text, 64 blocks and lists one
 * in another, 100,000 values with those counted again that an alias repeats, 2,000 lines between two YAML brackets.
 *
 * @since 0.1.0
 */
import { Predicate, Result } from "effect"
import { Yaml } from "effect/encoding"
import * as Json from "./Json.ts"
import * as Lines from "./Lines.ts"

/** Far above any configuration that people write, far below what would hold up the event loop. */
const mostText = 1_048_576
const mostDepth = 64
const mostValues = 100_000

/** Effect's parser takes a time that grows with the square of the lines between brackets. */
const mostFlow = 2_000
/** Below this no number of lines matters. */
const smallText = 65_536

/** The parser's words, without those that repeat what the file holds: it may be a secret. */
const sentences: ReadonlyArray<readonly [RegExp, string]> = [
  [/^Unknown (?:YAML )?alias/, "an alias (`*`) that no anchor (`&`) defines; quote a text that begins with `*`"],
  [/^Invalid YAML escape/, "an escape that YAML does not know; write `\\\\` for a backslash"],
  [/^Invalid unicode escape/, "an escape that is no character"],
  [/^Duplicate key '(.*)'/s, "`$1` stands here twice"],
  [
    /^Invalid colon in plain scalar/,
    "a key where none can be: indent it like those around it, or quote a text that holds `: `"
  ],
  [/^(?:Unexpected flow collection content|Expected '[,:\]}]')/, "a list or block in brackets is not well formed"],
  [/^Unterminated/, "a quoted text does not end"],
  [/^Unexpected content after quoted/, "something follows a quoted text"],
  [/^Unexpected content/, "neither a key with its value nor an item of a list"],
  [/^Tabs cannot/, "a tab in the indentation; use spaces"],
  [/^(Unexpected indentation of \d+ spaces|Expected indentation of \d+ spaces)/, "$1"],
  [/^Expected block scalar indentation of (\d+) spaces/, "this text must be indented by $1 spaces"],
  [/^Compact nested block sequences/, "a list that begins on the line of another's item; put it on a line of its own"],
  [/^Multiple YAML documents/, "a second document begins; a configuration is one"],
  [/^Multiple anchors/, "two anchors on one value"],
  [/^Invalid anchor/, "an anchor (`&`) without a name"],
  [/^Merge key values/, "`<<` must name a block of keys"],
  [/^Invalid quoted scalar indentation/, "a quoted text goes on at the left of its key, or does not end"]
]

const sentence = (message: string): string => {
  for (const [pattern, words] of sentences) {
    const match = pattern.exec(message)
    if (match !== null) {
      const told = words.replace("$1", () => match[1] ?? "")
      return `${told[0]!.toLowerCase()}${told.slice(1)}`
    }
  }
  return "is not well formed"
}

const yamlOf = (text: string): Result.Result<unknown, string> =>
  Result.try({
    try: () => Yaml.parse(text),
    catch: (cause) => !(cause instanceof Error) ? "" : /call stack/i.test(cause.message) ? "nested" : cause.message
  })

/** The first line after which the text fails in the very same words: there the parser stopped. */
const lineOfFault = (text: string, message: string): number => {
  const lines = text.split(/\r\n?|\n/)
  let [low, high] = [1, lines.length]
  while (low < high) {
    const middle = (low + high) >> 1
    const failed = Result.match(yamlOf(lines.slice(0, middle).join("\n")), {
      onFailure: (words) => words === message,
      onSuccess: () => false
    })
    if (failed) high = middle
    else low = middle + 1
  }
  return low
}

const parseYaml = (text: string): Result.Result<Json.Parsed, Json.SyntaxFault> => {
  if (text.length > smallText && Lines.longestFlow(text) > mostFlow) {
    return Result.fail({ description: "holds a list or block in brackets that goes over more than 2,000 lines" })
  }
  return Result.mapBoth(yamlOf(text), {
    onSuccess: (value) => {
      let lineOf: Json.Parsed["lineOf"] | undefined
      return { value, lineOf: (path) => (lineOf ??= Lines.make(text))(path) }
    },
    onFailure: (message) => {
      if (message === "nested") return { description: `is nested more than ${mostDepth} deep` }
      const told = / at line (\d+)$/.exec(message)
      const line = told === null ? lineOfFault(text, message) : Number(told[1])
      const written = text.split(/\r\n?|\n/)[line - 1] ?? ""
      const hint = /flow|^Expected '/.test(message) && /[[{,:]\s*[^"'\s]*\$\{/.test(written)
        ? "; between brackets, put `${…}` in quotes"
        : ""
      return { line, description: sentence(message) + hint }
    }
  })
}

/** Whether a value stays within the bounds; what an alias repeats counts each time. */
const tooMuch = (value: unknown): string | undefined => {
  let left = mostValues
  const walk = (value: unknown, depth: number): string | undefined => {
    if (--left < 0) return "holds more than 100,000 values"
    if (!Predicate.isObjectOrArray(value)) return undefined
    if (depth >= mostDepth) return `is nested more than ${mostDepth} deep`
    for (const inner of Object.values(value)) {
      const fault = walk(inner, depth + 1)
      if (fault !== undefined) return fault
    }
    return undefined
  }
  return walk(value, 0)
}

/**
 * A YAML value in one piece of text, such as an environment variable holds.
 *
 * @since 0.1.0
 * @category conversions
 */
export const parseValue = (text: string): Result.Result<unknown, string> =>
  Result.flatMap(Result.mapError(yamlOf(text), sentence), (value) => {
    const fault = tooMuch(value)
    return fault === undefined ? Result.succeed(value) : Result.fail(fault)
  })

/**
 * The value of a file and its lines, or what is wrong with its syntax; nothing of a value is ever repeated.
 *
 * @since 0.1.0
 * @category conversions
 */
export const parse = (file: string, text: string): Result.Result<Json.Parsed, Json.SyntaxFault> => {
  if (text.length > mostText) return Result.fail({ description: "is larger than 1 MiB" })
  const parsed = /\.json$/i.test(file) ? Json.parse(text, mostDepth) : parseYaml(text)
  return Result.flatMap(parsed, (found) => {
    const description = tooMuch(found.value)
    return description === undefined ? Result.succeed(found) : Result.fail({ description })
  })
}
