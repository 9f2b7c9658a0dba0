/**
 * On which line of a YAML text each key and each item of a list begins.
 *
 * Effect's parser gives values without places, so this walks the same text the same way and notes only the keys. Its
 * lines are those of a text that has parsed. What came in by an alias or a merge key has no line, and neither has
 * anything about which the walk is not sure.
 *
 * @since 0.1.0
 */
import { Result } from "effect"
import { Yaml } from "effect/encoding"
import { keyOf, type Path } from "./Fault.ts"

interface Line {
  readonly raw: string
  readonly indent: number
  /** Without indentation and comment. */
  readonly text: string
}

/** Brackets deeper than any that are read. */
const mostDepth = 100

/** The position of the quote that ends a quoted text, -1 where it does not end in this piece. */
const closing = (text: string, quote: string, from: number): number => {
  for (let at = from; at < text.length; at++) {
    if (quote === "\"" && text[at] === "\\") at++
    else if (text[at] === quote) {
      if (quote === "'" && text[at + 1] === "'") at++
      else return at
    }
  }
  return -1
}

/** The position of the colon after a key, or of the `#` of a comment, outside quotes and brackets; -1 where there is none. */
const indicator = (text: string, wanted: ":" | "#", open = 0): number => {
  let depth = open
  let isStart = true
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!
    if (isStart && (character === "\"" || character === "'")) {
      at = closing(text, character, at + 1)
      if (at < 0) return -1
      isStart = false
    } else if (isStart && character === "&") {
      while (at + 1 < text.length && !/[\s,[\]{}]/.test(text[at + 1]!)) at++
    } else if (character === "#" && (at === 0 || /\s/.test(text[at - 1]!))) {
      return wanted === "#" ? at : -1
    } else if (isStart && (character === "[" || character === "{")) {
      depth++
    } else if (depth > 0 && (character === "]" || character === "}")) {
      depth--
      isStart = false
    } else if (depth > 0 && character === ",") {
      isStart = true
    } else if (character === ":" && (depth > 0 || /^(?:\s|$)/.test(text.slice(at + 1, at + 2)))) {
      if (depth === 0 && wanted === ":") return at
      isStart = true
    } else if (isStart && character === "-" && /\s/.test(text[at + 1] ?? "")) {
      continue
    } else if (!/\s/.test(character)) {
      isStart = false
    }
  }
  return -1
}

const withoutComment = (text: string, open = 0): string => {
  const at = indicator(text, "#", open)
  return at < 0 ? text : text.slice(0, at).trimEnd()
}

const isItem = (text: string): boolean => text === "-" || text.startsWith("- ")

/** The key as the parser reads it: `1.0` is `1`, `"a\tb"` holds a tab. */
const nameOf = (raw: string): string | undefined => {
  if (/^[A-Za-z_$][\w$]*$/.test(raw) && !/^(?:true|false|null)$/i.test(raw)) return raw
  return Result.getOrUndefined(Result.try(() => {
    const value = Yaml.parse(raw)
    return value === null ? "" : typeof value === "object" ? undefined : String(value)
  }))
}

/** A path that leads nowhere: below an alias, a merge key, or a key that could not be read. */
type Place = Path | undefined

class Walk {
  readonly found = new Map<string, number>()
  longestFlow = 0
  private readonly lines: ReadonlyArray<Line>
  private at = 0

  constructor(lines: ReadonlyArray<Line>) {
    this.lines = lines
  }

  document(): void {
    const line = this.next()
    if (line !== undefined) this.node(line.indent, line.indent - 1, [])
  }

  /** The next line that says something. */
  private next(): Line | undefined {
    for (; this.at < this.lines.length; this.at++) {
      const line = this.lines[this.at]!
      const text = line.text.trimEnd()
      if (text === "" || text.startsWith("%") || (line.indent === 0 && (text === "---" || text === "..."))) continue
      return line
    }
    return undefined
  }

  private note(place: Place, key: string | number | undefined, number: number): Place {
    if (place === undefined || key === undefined) return undefined
    const inner = [...place, key]
    this.found.set(keyOf(inner), number)
    return inner
  }

  private node(indent: number, outer: number, place: Place): void {
    const line = this.next()
    if (line === undefined) return
    if (isItem(line.text)) return this.list(indent, place)
    if (indicator(line.text, ":") >= 0) return this.block(indent, place)
    this.at++
    this.value(line.text, outer, place, false)
  }

  private block(indent: number, place: Place): void {
    for (;;) {
      const line = this.next()
      if (line === undefined || line.indent !== indent) return
      const colon = indicator(line.text, ":")
      if (colon < 0) return
      this.at++
      this.entry(line.text, colon, indent, place)
    }
  }

  private entry(text: string, colon: number, indent: number, place: Place): void {
    const raw = text.slice(0, colon).trim()
    const inner = raw === "<<" ? undefined : this.note(place, nameOf(raw), this.at)
    this.value(text.slice(colon + 1).trimStart(), indent, inner, true)
  }

  private list(indent: number, place: Place): void {
    for (let index = 0;; index++) {
      const line = this.next()
      if (line === undefined || line.indent !== indent || !isItem(line.text)) return
      this.at++
      const inner = this.note(place, index, this.at)
      const text = line.text.slice(1).trimStart()
      const colon = indicator(text, ":")
      if (colon < 0) {
        this.value(text, indent, inner, false)
      } else {
        const column = indent + line.text.length - text.length
        this.entry(text, colon, column, inner)
        this.block(column, inner)
      }
    }
  }

  private value(raw: string, outer: number, place: Place, mayStartInLine: boolean): void {
    const anchored = raw.replace(/^&[^\s,[\]{}]+(?:\s+|$)/, "")
    const text = anchored.trimEnd()
    if (text === "") {
      const line = this.next()
      if (line === undefined) return
      if (line.indent > outer) this.node(line.indent, outer, place)
      else if (mayStartInLine && line.indent === outer && isItem(line.text)) this.list(outer, place)
    } else if (/^[|>](?:[1-9]?[+-]?|[+-]?[1-9]?)$/.test(text)) this.literal(text, outer)
    else if (text.startsWith("\"") || text.startsWith("'")) this.quoted(anchored)
    else if (text.startsWith("[") || text.startsWith("{")) this.flow(text, place)
    else if (!text.startsWith("*")) this.plain(outer)
  }

  private literal(header: string, outer: number): void {
    const told = Number.parseInt(header.replace(/[^1-9]/g, ""), 10)
    const least = Number.isNaN(told) ? outer + 1 : outer + told
    while (this.at < this.lines.length) {
      const line = this.lines[this.at]!
      if (/[^ ]/.test(line.raw) && line.indent < least) return
      this.at++
    }
  }

  private quoted(text: string): void {
    const quote = text[0]!
    for (let piece = text.slice(1); closing(piece, quote, 0) < 0;) {
      const line = this.lines[this.at++]
      if (line === undefined) return
      piece = line.raw.trimStart()
    }
  }

  private plain(outer: number): void {
    let hasComment = indicator(this.lines[this.at - 1]!.raw, "#") >= 0
    while (!hasComment) {
      let next = this.at
      while (next < this.lines.length && this.lines[next]!.raw.trim() === "") next++
      const line = this.lines[next]
      if (line === undefined || line.indent <= outer) return
      const content = line.raw.slice(line.indent)
      const comment = content.search(/(?:^|[ \t])#/)
      if ((comment < 0 ? content : content.slice(0, comment)).trimEnd() === "") return
      hasComment = comment >= 0
      this.at = next + 1
    }
  }

  /** Between brackets, which may go over several lines. */
  private flow(first: string, place: Place): void {
    const began = this.at
    let text = first
    let position = 0
    let depth = 0
    /** Goes to the next character, on a later line where it has to. */
    const peek = (): string | undefined => {
      while (position >= text.length) {
        const line = depth > 0 ? this.lines[this.at] : undefined
        if (line === undefined) return undefined
        this.at++
        text = withoutComment(line.raw.slice(line.indent), depth)
        position = 0
      }
      return text[position]
    }
    const skip = () => {
      while (/\s/.test(peek() ?? "")) position++
    }
    /** A quoted text ends on its line; a plain one may go on, its pieces parted by a space. */
    const scalar = (stop: RegExp): string => {
      const character = peek()
      if (character === "\"" || character === "'") {
        const end = closing(text, character, position + 1)
        const piece = text.slice(position, end + 1)
        position = end < 0 ? text.length : end + 1
        return piece
      }
      let piece = ""
      let line = this.at
      for (let next = peek(); next !== undefined && !stop.test(next); next = peek()) {
        if (line !== this.at) piece = `${piece.trimEnd()} `
        line = this.at
        piece += next
        position++
      }
      return piece.trim()
    }
    const value = (place: Place): void => {
      skip()
      const character = peek()
      if (character === "&") {
        while (!/[\s,[\]{}]/.test(peek() ?? " ")) position++
        return value(place)
      }
      if (character !== "[" && character !== "{") {
        scalar(/[,\]}]/)
        return
      }
      if (depth === mostDepth) return
      const close = character === "[" ? "]" : "}"
      depth++
      position++
      for (let index = 0;; index++) {
        skip()
        const next = peek()
        if (next === undefined || next === close) break
        const number = this.at
        const before = position
        if (close === "]") value(this.note(place, index, number))
        else {
          const raw = scalar(/:/)
          const isQuoted = raw.startsWith("\"") || raw.startsWith("'")
          skip()
          position++
          value(raw === "<<" ? undefined : this.note(place, isQuoted ? nameOf(raw) : raw, number))
        }
        skip()
        if (peek() === ",") position++
        else if (position === before && this.at === number) break
      }
      depth--
      position++
    }
    value(place)
    this.longestFlow = Math.max(this.longestFlow, this.at - began)
  }
}

const walkOf = (lines: ReadonlyArray<Line>): Walk => {
  const walk = new Walk(lines)
  walk.document()
  return walk
}

const linesOf = (source: string): ReadonlyArray<Line> =>
  source.replace(/^\uFEFF/, "").split(/\r\n?|\n/).map((raw): Line => {
    const indent = raw.length - raw.replace(/^ +/, "").length
    return { raw, indent, text: withoutComment(raw.slice(indent)) }
  })

/**
 * How many more lines than one the longest list or block in brackets goes over, in any text.
 *
 * @since 0.1.0
 * @category accessors
 */
export const longestFlow = (source: string): number => walkOf(linesOf(source)).longestFlow

/**
 * The line of a path, counted from 1.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (source: string): (path: Path) => number | undefined => {
  const lines = linesOf(source)
  const walk = walkOf(lines)
  return (path) => {
    const line = walk.found.get(keyOf(path))
    const key = path[path.length - 1]
    if (line === undefined || typeof key !== "string") return line
    return /^[\w$]+$/.test(key) && !/^\d/.test(key) && !lines[line - 1]!.raw.includes(key) ? undefined : line
  }
}
