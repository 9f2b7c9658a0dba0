/**
 * Reads JSON and remembers the line of every value, refuses a key that stands twice, and says where the text breaks off
 * without repeating any of it: a configuration may hold secrets.
 *
 * @since 0.1.0
 */
import { Result } from "effect"
import { keyOf, type Path } from "./Fault.ts"

/**
 * Where a text is no JSON, and why; line and column count from 1.
 *
 * @since 0.1.0
 * @category errors
 */
export interface SyntaxFault {
  readonly line?: number
  readonly column?: number
  readonly description: string
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Parsed {
  readonly value: unknown
  /** The line on which a key or an item of a list begins. */
  readonly lineOf: (path: Path) => number | undefined
}

const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
// eslint-disable-next-line no-control-regex
const string = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y
const word = /true|false|null/y
const words: { readonly [word: string]: unknown } = { true: true, false: false, null: null }

/** Ends the descent at the first fault. */
class Halt {
  readonly fault: SyntaxFault
  constructor(fault: SyntaxFault) {
    this.fault = fault
  }
}

/**
 * The value and its lines, or the first fault; deeper than `depth` blocks and lists is one.
 *
 * @since 0.1.0
 * @category conversions
 */
export const parse = (source: string, depth: number): Result.Result<Parsed, SyntaxFault> => {
  const text = source.replace(/^\uFEFF/, "")
  const lines = new Map<string, number>()
  let at = 0
  let line = 1
  let lineStart = 0

  const fail = (description: string): never => {
    throw new Halt({ line, column: at - lineStart + 1, description })
  }
  const space = () => {
    for (;; at++) {
      const character = text[at]
      if (character === "\n") {
        line++
        lineStart = at + 1
      } else if (character !== " " && character !== "\t" && character !== "\r") return
    }
  }
  const token = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at
    const found = pattern.exec(text)?.[0]
    if (found !== undefined) at += found.length
    return found
  }
  const expect = (character: string, after: string) => {
    space()
    if (text[at] !== character) fail(`expected \`${character}\` ${after}`)
    at++
  }
  const quoted = (): string => {
    const found = token(string)
    return found === undefined ?
      fail("a text does not end, or holds an escape or a character that JSON does not know")
      : JSON.parse(found)
  }
  /** Reads what stands between two brackets, item by item. */
  const items = (close: string, what: string, item: (index: number) => void) => {
    at++
    space()
    if (text[at] === close) {
      at++
      return
    }
    for (let index = 0;; index++) {
      space()
      item(index)
      space()
      if (text[at] === close) {
        at++
        return
      }
      if (text[at] !== ",") fail(`expected \`,\` or \`${close}\` after ${what}`)
      at++
      space()
      if (text[at] === close) fail(`\`,\` before \`${close}\``)
    }
  }
  const value = (path: Path): unknown => {
    space()
    if (path.length > depth) fail(`is nested more than ${depth} deep`)
    const character = text[at]
    if (character === "{") {
      const entries = new Map<string, unknown>()
      items("}", "a value", () => {
        if (text[at] !== "\"") fail("expected a key in double quotes")
        const began = { at, line, lineStart }
        const key = quoted()
        if (entries.has(key)) {
          ;({ at, line, lineStart } = began)
          fail(`\`${key}\` stands here twice`)
        }
        const inner = [...path, key]
        lines.set(keyOf(inner), line)
        expect(":", "after a key")
        entries.set(key, value(inner))
      })
      return Object.fromEntries(entries)
    }
    if (character === "[") {
      const list: Array<unknown> = []
      items("]", "an item", (index) => {
        const inner = [...path, index]
        lines.set(keyOf(inner), line)
        list.push(value(inner))
      })
      return list
    }
    if (character === "\"") return quoted()
    const name = token(word)
    if (name !== undefined) return words[name]
    const digits = token(number)
    return digits === undefined ?
      fail(at >= text.length ? "ends where a value is expected" : "expected a value")
      : Number(digits)
  }

  return Result.try({
    try: () => {
      const parsed = value([])
      space()
      if (at < text.length) fail("nothing may follow the value")
      return { value: parsed, lineOf: (path: Path) => lines.get(keyOf(path)) }
    },
    catch: (cause) => cause instanceof Halt ? cause.fault : { description: "is not JSON" }
  })
}
